//! A thread waits for a message with a limit that it never reaches.

use std::time::Duration;

use instrumented::sync::mpsc;
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
    while let Ok(answer) = rx.recv_timeout(Duration::from_secs(100)) {
        println!("{answer}");
    }
    oracle.join().expect("it does not panic");
}
