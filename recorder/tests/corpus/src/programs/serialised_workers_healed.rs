//! Workers share a receiver behind a lock, and let the lock go before they work.

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
                loop {
                    let job = rx.lock().expect("nobody has panicked").recv();
                    let Ok(_job) = job else { break };
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
