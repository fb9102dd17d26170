//! Unmet: work. Hint: 1. A job takes less time.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

fn main() {
    let (jobs, queue) = mpsc::channel();
    let queue = Arc::new(Mutex::new(queue));

    let mut workers = Vec::new();
    for name in ["Anna", "Ben", "Carla"] {
        let queue = Arc::clone(&queue);
        let worker = thread::Builder::new().name(name.into()).spawn(move || {
            while let Ok(job) = queue.lock().unwrap().recv() {
                work(job);
            }
        });
        workers.push(worker.unwrap());
    }

    for job in 1..=12 {
        jobs.send(job).unwrap();
    }
    drop(jobs);

    for worker in workers {
        worker.join().unwrap();
    }
    println!("all jobs are done");
}

/// A job takes 3 ms.
fn work(_job: u32) {
    thread::sleep(Duration::from_millis(3));
}
