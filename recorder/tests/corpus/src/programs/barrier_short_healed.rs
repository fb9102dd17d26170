//! A barrier counts on those who wait at it.

use std::sync::Arc;

use instrumented::sync::Barrier;
use recorder_corpus::{jitter, spawn};

const WORKERS: usize = 2;

pub(crate) fn main() {
    let begin = Arc::new(Barrier::new(WORKERS));
    let workers: Vec<_> = (0..WORKERS)
        .map(|number| {
            let begin = begin.clone();
            spawn(&format!("worker {number}"), move || {
                jitter();
                begin.wait();
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("it does not panic");
    }
}
