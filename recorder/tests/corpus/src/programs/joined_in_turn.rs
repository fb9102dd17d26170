//! A lazy iterator spawns threads, and each is joined before the next is spawned.
//!
//! With the argument `healed`: the handles are collected first.
//!
//! After <https://github.com/rust-lang/rust/pull/23202>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::time::{Duration, Instant};

use instrumented::thread;

fn square(number: u64) -> u64 {
    let until = Instant::now() + Duration::from_millis(60);
    while Instant::now() < until {
        std::hint::spin_loop();
    }
    number * number
}

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let started = (0..8).map(|number| thread::spawn(move || square(number))); // HERE
    let sum: u64 = if healed {
        let all: Vec<_> = started.collect();
        all.into_iter().map(|thread| thread.join().unwrap()).sum()
    } else {
        started.map(|thread| thread.join().unwrap()).sum() // HERE
    };
    println!("{sum}");
}
