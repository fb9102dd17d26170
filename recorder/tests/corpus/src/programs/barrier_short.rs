//! A barrier counts on the thread that makes it, which never comes.
//!
//! Heals it: as many as there are who wait.

use std::sync::Arc;

use instrumented::sync::Barrier;
use recorder_corpus::{jitter, spawn};

const WORKERS: usize = 2;

pub(crate) fn main() {
    let begin = Arc::new(Barrier::new(WORKERS + 1));
    let workers: Vec<_> = (0..WORKERS)
        .map(|number| {
            let begin = begin.clone();
            spawn(&format!("worker {number}"), move || {
                jitter();
                begin.wait(); // HERE
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("it does not panic");
    }
}
