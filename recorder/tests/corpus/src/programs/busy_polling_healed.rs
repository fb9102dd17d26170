//! A thread waits for a message until there is one.

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("ticks").channel();
    let clock = spawn("clock", move || {
        for tick in 0..5 {
            // Time passes.
            thread::sleep(Duration::from_millis(20));
            jitter();
            tx.send(tick).expect("main lives");
        }
    });
    for tick in rx {
        println!("{tick}");
    }
    clock.join().expect("it does not panic");
}
