//! One of four threads panics before it arrives at the barrier, and the others wait there for it.
//!
//! With the argument `healed`: every input is a number.
//!
//! After <https://github.com/jonhoo/bustle/pull/11>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use instrumented::sync::{Arc, Barrier};
use instrumented::thread;

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let start = Arc::new(Barrier::new(4));
    let inputs = ["10", "20", if healed { "30" } else { "x" }, "40"];
    let workers: Vec<_> = inputs
        .into_iter()
        .map(|input| {
            let start = start.clone();
            thread::spawn(move || {
                let number: u32 = input.parse().unwrap(); // HERE
                start.wait(); // HERE
                number
            })
        })
        .collect();
    let sum: u32 = workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum();
    println!("{sum}");
}
