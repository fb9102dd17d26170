//! A producer waits for room nearly all the time, as its one consumer is slow.
//!
//! Heals it: a consumer that is as fast.

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("pages").sync_channel(16);
    let scanner = spawn("scanner", move || {
        for page in 0..100 {
            jitter();
            tx.send(page).expect("main lives"); // HERE
        }
    });
    for _ in rx {
        // Reads the text.
        thread::sleep(Duration::from_millis(6));
    }
    scanner.join().expect("it does not panic");
}
