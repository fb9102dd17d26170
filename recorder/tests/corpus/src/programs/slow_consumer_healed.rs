//! A producer that is as slow as its consumer.

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("pages").sync_channel(4);
    let scanner = spawn("scanner", move || {
        for page in 0..100 {
            // Scans it.
            thread::sleep(Duration::from_millis(3));
            jitter();
            tx.send(page).expect("main lives");
        }
    });
    let mut words = 0;
    for page in rx {
        words += page;
    }
    println!("{words}");
    scanner.join().expect("it does not panic");
}
