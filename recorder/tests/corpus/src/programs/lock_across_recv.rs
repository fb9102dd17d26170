//! A thread holds a lock while it waits for a message, and the sender needs that lock first.
//!
//! Heals it: receive, then lock.

use std::sync::Arc;

use instrumented::sync::{Mutex, mpsc};
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let total = Arc::new(Mutex::new(0));
    let (numbers, to_add) = mpsc::named("numbers").channel();
    let (begin, begun) = mpsc::named("begin").channel();
    let source = spawn("source", {
        let total = total.clone();
        move || {
            begun.recv().expect("main lives");
            jitter();
            let so_far = *total.lock().expect("nobody has panicked"); // HERE
            numbers.send(so_far + 1).expect("main lives");
        }
    });
    let mut sum = total.lock().expect("nobody has panicked");
    begin.send(()).expect("the source lives");
    jitter();
    *sum += to_add.recv().expect("the source sends"); // HERE
    drop(sum);
    source.join().expect("it does not panic");
}
