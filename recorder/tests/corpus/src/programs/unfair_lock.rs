//! A thread takes a lock again at once after each release, so that another hardly ever gets it.
//!
//! With the argument `healed`: it works without the lock.

use std::time::Duration;

use instrumented::sync::{Arc, Mutex};
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

/// Waits for a disk, say.
fn work() {
    thread::sleep(Duration::from_millis(8));
}

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let total = Arc::new(Mutex::new(0_u64));
    let counted = total.clone();
    let counter = spawn("counter", move || {
        for number in 0..60 {
            if healed {
                work();
            }
            let mut total = counted.lock().expect("no thread has panicked"); // HERE
            *total += number;
            if !healed {
                work();
            }
        }
    });
    let printer = spawn("printer", move || {
        jitter();
        for _ in 0..if healed { 2 } else { 30 } {
            thread::sleep(Duration::from_millis(1));
            println!("{}", total.lock().expect("no thread has panicked"));
        }
    });
    counter.join().expect("it does not panic");
    printer.join().expect("it does not panic");
}
