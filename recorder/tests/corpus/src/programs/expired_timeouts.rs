//! A thread waits for a message with a limit that is always too short.
//!
//! Heals it: no limit where there is nothing else to do.

use std::time::Duration;

use instrumented::sync::mpsc::{self, RecvTimeoutError};
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("answers").channel();
    let oracle = spawn("oracle", move || {
        // Thinks.
        thread::sleep(Duration::from_millis(600));
        jitter();
        tx.send(42).expect("main lives");
    });
    loop {
        // HERE
        match rx.recv_timeout(Duration::from_millis(3)) {
            Ok(answer) => println!("{answer}"),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    oracle.join().expect("it does not panic");
}
