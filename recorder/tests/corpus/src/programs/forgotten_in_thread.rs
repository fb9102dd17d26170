//! A thread that is never over has been given a sender, which it has used once.
//!
//! As it runs it might use it again, so the finding is likely and not certain. Heals it: the
//! thread drops the sender when it has reported.

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("reports").channel();
    let for_heart = tx.clone();
    spawn("heart", move || {
        for_heart.send("it beats").expect("main lives");
        loop {
            // The beat; whoever looks at the program from outside ends it.
            thread::sleep(Duration::from_millis(20));
        }
    });
    spawn("worker", move || {
        jitter();
        tx.send("done").expect("main lives");
    });
    // HERE
    for report in rx {
        println!("{report}");
    }
}
