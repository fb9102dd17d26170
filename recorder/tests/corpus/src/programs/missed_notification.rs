//! A thread waits for a notification that has come before, without a look at what it is about.
//!
//! Heals it: `wait_while`, which looks first.

use std::sync::Arc;

use instrumented::sync::{Condvar, Mutex};
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let state = Arc::new((Mutex::new(false), Condvar::new()));
    let setter = spawn("setter", {
        let state = state.clone();
        move || {
            let (ready, changed) = &*state;
            *ready.lock().expect("nobody has panicked") = true;
            changed.notify_one();
        }
    });
    // Only makes sure that it goes wrong.
    setter.join().expect("it does not panic");
    let (ready, changed) = &*state;
    let ready = ready.lock().expect("nobody has panicked");
    jitter();
    let ready = changed.wait(ready).expect("nobody has panicked"); // HERE
    println!("{ready}");
}
