//! A worker locks the shared receiver and iterates with the lock held: it does all jobs alone.
//!
//! With the argument `healed`: each job is received in a statement of its own.
//!
//! After <https://github.com/rust-lang/book/issues/3651>, <https://github.com/rust-lang/book/issues/972>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::time::Duration;

use instrumented::sync::{Arc, Mutex, mpsc};
use instrumented::thread;

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let (jobs, queue) = mpsc::channel::<u32>();
    let queue = Arc::new(Mutex::new(queue));
    let workers: Vec<_> = (0..4)
        .map(|number| {
            let queue = queue.clone();
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || {
                    if healed {
                        loop {
                            let job = queue.lock().unwrap().recv();
                            let Ok(_job) = job else { break };
                            thread::sleep(Duration::from_millis(5));
                        }
                    } else {
                        let queue = queue.lock().unwrap(); // HERE
                        for _job in queue.iter() {
                            thread::sleep(Duration::from_millis(5));
                        }
                    }
                })
                .unwrap()
        })
        .collect();
    for job in 0..100 {
        jobs.send(job).unwrap();
    }
    drop(jobs);
    for worker in workers {
        worker.join().unwrap();
    }
}
