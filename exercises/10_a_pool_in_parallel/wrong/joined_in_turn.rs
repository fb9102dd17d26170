//! Unmet: received_by. Hint: 5. Each worker is joined before the next is spawned.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

fn main() {
    let (jobs, queue) = mpsc::channel();
    let queue = Arc::new(Mutex::new(queue));

    for job in 1..=12 {
        jobs.send(job).unwrap();
    }
    drop(jobs);

    for name in ["Anna", "Ben", "Carla"] {
        let queue = Arc::clone(&queue);
        let worker = thread::Builder::new().name(name.into()).spawn(move || {
            loop {
                let job = queue.lock().unwrap().recv();
                let Ok(job) = job else { break };
                work(job);
            }
        });
        worker.unwrap().join().unwrap();
    }

    println!("all jobs are done");
}

/// A job takes 10 ms.
fn work(_job: u32) {
    thread::sleep(Duration::from_millis(10));
}
