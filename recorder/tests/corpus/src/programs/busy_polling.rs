//! A thread asks for a message again and again, and keeps a core busy with it.
//!
//! Heals it: `recv`.

use std::hint;
use std::time::Duration;

use instrumented::sync::mpsc::{self, TryRecvError};
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("ticks").channel();
    let clock = spawn("clock", move || {
        for tick in 0..5 {
            // Time passes.
            thread::sleep(Duration::from_millis(20));
            jitter();
            tx.send(tick).expect("main lives");
        }
    });
    loop {
        // HERE
        match rx.try_recv() {
            Ok(tick) => println!("{tick}"),
            Err(TryRecvError::Empty) => hint::spin_loop(),
            Err(TryRecvError::Disconnected) => break,
        }
    }
    clock.join().expect("it does not panic");
}
