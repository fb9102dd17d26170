//! `main` gives clones of its sender away, drops it, and receives until there is no sender.

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
    drop(tx);
    for result in rx {
        println!("{result}");
    }
}
