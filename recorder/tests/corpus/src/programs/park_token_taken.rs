//! A thread parks until its work is ready, and a library that it calls before that parks, too: it
//! takes the token.
//!
//! With the argument `healed`: the thread looks at a flag before it parks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

/// Something that waits inside, as a lock or an executor does.
fn library() {
    thread::park(); // The token is for another.
}

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let is_ready = Arc::new(AtomicBool::new(false));
    let seen = is_ready.clone();
    let (started, has_started) = mpsc::channel();
    let worker = spawn("worker", move || {
        started.send(()).expect("main lives");
        library();
        jitter();
        while !(healed && seen.load(Ordering::Acquire)) {
            thread::park(); // HERE
        }
    });
    has_started.recv().expect("the worker lives");
    is_ready.store(true, Ordering::Release);
    worker.thread().unpark();
    worker.join().expect("it does not panic");
}
