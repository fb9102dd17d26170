//! `main` waits for its worker to end, and the worker for `main` to say that there is no more.
//!
//! Heals it: drop the sender before the join.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (jobs, to_do) = mpsc::named("jobs").channel();
    let worker = spawn("worker", move || {
        let mut sum = 0;
        // HERE
        for job in to_do {
            jitter();
            sum += job;
        }
        sum
    });
    for job in 0..3 {
        jobs.send(job).expect("the worker lives");
    }
    jitter();
    let sum = worker.join().expect("it does not panic"); // HERE
    println!("{sum}");
    drop(jobs);
}
