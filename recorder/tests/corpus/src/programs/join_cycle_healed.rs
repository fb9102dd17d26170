//! `main` says that there is no more, and then waits for its worker to end.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (jobs, to_do) = mpsc::named("jobs").channel();
    let worker = spawn("worker", move || {
        let mut sum = 0;
        for job in to_do {
            jitter();
            sum += job;
        }
        sum
    });
    for job in 0..3 {
        jobs.send(job).expect("the worker lives");
    }
    drop(jobs);
    jitter();
    let sum = worker.join().expect("it does not panic");
    println!("{sum}");
}
