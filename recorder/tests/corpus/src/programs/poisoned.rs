//! A thread panics while it holds a lock, and all others panic at the poisoned lock.
//!
//! With the argument `healed`: the index is in range.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use instrumented::sync::{Arc, Mutex};
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let scores = Arc::new(Mutex::new(vec![0; 4]));
    let first = spawn("first", {
        let scores = scores.clone();
        move || {
            let mut scores = scores.lock().unwrap();
            let index = if healed { 3 } else { 4 };
            scores[index] += 1; // HERE
        }
    });
    let failed = first.join().is_err();
    let others: Vec<_> = (0..3)
        .map(|number| {
            let scores = scores.clone();
            spawn(&format!("other {number}"), move || {
                jitter();
                scores.lock().unwrap()[number] += 1;
            })
        })
        .collect();
    let failed =
        others.into_iter().filter(|_| failed).filter_map(|other| other.join().err()).count();
    println!("{failed} failed");
}
