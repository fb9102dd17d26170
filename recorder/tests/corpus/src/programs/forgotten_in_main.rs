//! `main` gives clones of its sender away, and receives until there is no sender. It has one.
//!
//! Heals it: drop it before the loop.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("results").channel();
    for number in 0..3 {
        let tx = tx.clone();
        spawn(&format!("worker {number}"), move || {
            jitter();
            tx.send(number).expect("main lives");
        });
    }
    // HERE
    for result in rx {
        println!("{result}");
    }
}
