//! A thread that is never over drops its sender when it has reported.

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("reports").channel();
    let for_heart = tx.clone();
    spawn("heart", move || {
        for_heart.send("it beats").expect("main lives");
        drop(for_heart);
        loop {
            // The beat; it ends with the process.
            thread::sleep(Duration::from_millis(20));
        }
    });
    spawn("worker", move || {
        jitter();
        tx.send("done").expect("main lives");
    });
    for report in rx {
        println!("{report}");
    }
}
