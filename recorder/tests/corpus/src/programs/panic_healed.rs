//! A worker leaves out what it cannot do.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (jobs, to_do) = mpsc::named("jobs").channel();
    for job in ["1", "2", "three", "4"] {
        jobs.send(job).expect("its receiver lives");
    }
    drop(jobs);
    let worker = spawn("worker", move || {
        let mut sum = 0;
        for job in to_do {
            jitter();
            sum += job.parse::<i32>().unwrap_or_default();
        }
        sum
    });
    println!("{:?}", worker.join().ok());
}
