//! A thread keeps a lock over a timed wait for something else, and then joins a thread that
//! needs that lock.
//!
//! Fix: drop the guard before the join.

use std::sync::Arc;
use std::time::Duration;

use instrumented::sync::{Condvar, Mutex};
use recorder_corpus::{jitter, spawn};

/// As many nanoseconds as 2⁴⁰ and more, and far longer than the program waits.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

pub(crate) fn main() {
    // It is the first primitive to be used.
    let ledger = Arc::new(Mutex::new(0));
    let started = Arc::new((Mutex::new(false), Condvar::new()));
    let entries = ledger.lock().expect("nobody has panicked");
    let clerk = spawn("clerk", {
        let (ledger, started) = (ledger.clone(), started.clone());
        move || {
            let (flag, changed) = &*started;
            jitter();
            *flag.lock().expect("nobody has panicked") = true;
            changed.notify_one();
            *ledger.lock().expect("nobody has panicked") += 1; // HERE
        }
    });
    let (flag, changed) = &*started;
    let is_started = flag.lock().expect("nobody has panicked");
    drop(changed.wait_timeout_while(is_started, PATIENCE, |started| !*started));
    clerk.join().expect("it does not panic"); // HERE
    drop(entries);
}
