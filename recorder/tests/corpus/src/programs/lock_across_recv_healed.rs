//! A thread waits for a message, and locks when it has it.

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
            let so_far = *total.lock().expect("nobody has panicked");
            numbers.send(so_far + 1).expect("main lives");
        }
    });
    begin.send(()).expect("the source lives");
    jitter();
    let number: i32 = to_add.recv().expect("the source sends");
    *total.lock().expect("nobody has panicked") += number;
    source.join().expect("it does not panic");
}
