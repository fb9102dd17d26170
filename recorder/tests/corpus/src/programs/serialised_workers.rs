//! Workers share a receiver behind a lock, and each holds the lock while it works: in a
//! `while let` what the condition has locked stays locked in the body.
//!
//! Heals it: `let` the job first.

use std::sync::Arc;
use std::time::Duration;

use instrumented::sync::{Mutex, mpsc};
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("jobs").channel();
    let rx = Arc::new(Mutex::new(rx));
    let workers: Vec<_> = (0..4)
        .map(|number| {
            let rx = rx.clone();
            spawn(&format!("worker {number}"), move || {
                // HERE
                while let Ok(_job) = rx.lock().expect("nobody has panicked").recv() {
                    jitter();
                    // Does it.
                    thread::sleep(Duration::from_millis(5));
                }
            })
        })
        .collect();
    for job in 0..60 {
        tx.send(job).expect("the workers live");
    }
    drop(tx);
    for worker in workers {
        worker.join().expect("it does not panic");
    }
}
