//! A worker panics at a job, and what was queued for it is never done.
//!
//! Heals it: a job that cannot be done is a result like others.

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
            sum += job.parse::<i32>().expect("a job is a number"); // HERE
        }
        sum
    });
    println!("{:?}", worker.join().ok());
}
