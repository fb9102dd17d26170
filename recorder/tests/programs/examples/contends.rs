//! `contends THREADS TURNS`: threads take turns at a mutex, and at a lock that they hold for
//! writing and then for reading.
//!
//! Prints the thread of each turn in the order in which they were: a line for the mutex, one for
//! the other lock. Thread `0` is the first that was made.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use instrumented::Name;
use instrumented::sync::{Mutex, RwLock};
use instrumented::thread;
use recorder_test_programs::argument;

fn main() {
    let threads: usize = argument(1, "THREADS");
    let turns: usize = argument(2, "TURNS");
    let mutex = Mutex::new(Vec::new());
    mutex.set_name("mutex");
    let lock = RwLock::new(Vec::new());
    lock.set_name("rwlock");
    thread::scope(|scope| {
        for thread in 0..threads {
            let (mutex, lock) = (&mutex, &lock);
            thread::Builder::new()
                .name(thread.to_string())
                .spawn_scoped(scope, move || {
                    for _ in 0..turns {
                        mutex.lock().unwrap().push(thread);
                        lock.write().unwrap().push(thread);
                        assert!(lock.read().unwrap().contains(&thread));
                    }
                })
                .expect("a thread can be started");
        }
    });
    for order in [mutex.into_inner().unwrap(), lock.into_inner().unwrap()] {
        println!("{}", order.iter().map(usize::to_string).collect::<Vec<_>>().join(" "));
    }
}
