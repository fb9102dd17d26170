//! A worker reports before it looks into its inbox, and `main` fills that inbox before it looks for
//! reports. There is room for the message of `main`, but not for that of a clerk, too, which comes
//! later: because of a pause, which keeps nothing in order.

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (inbox, received) = mpsc::named("inbox").sync_channel(1);
    let (reports, next_report) = mpsc::named("reports").sync_channel(1);
    let worker = spawn("worker", move || {
        for report in 0..3 {
            jitter();
            reports.send(report).expect("main receives"); // HERE
        }
        received.iter().sum::<u32>()
    });
    let clerk = spawn("clerk", {
        let inbox = inbox.clone();
        move || {
            thread::sleep(Duration::from_millis(400));
            inbox.send(1).expect("the worker receives");
        }
    });
    jitter();
    inbox.send(2).expect("the worker receives"); // HERE
    drop(inbox);
    let reports: u32 = next_report.iter().sum();
    println!("{reports}");
    clerk.join().expect("it does not panic");
    println!("{}", worker.join().expect("it does not panic"));
}
