//! A thread waits until something is so, which it may be already.

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
    jitter();
    let (ready, changed) = &*state;
    let guard = ready.lock().expect("nobody has panicked");
    let ready = changed.wait_while(guard, |ready| !*ready).expect("nobody has panicked");
    println!("{ready}");
    drop(ready);
    setter.join().expect("it does not panic");
}
