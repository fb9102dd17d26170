//! Sends a message, sleeps, and receives it: a healthy program of which it is known what takes its
//! time.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();
    sender.send(1).unwrap();
    thread::sleep(Duration::from_millis(100));
    assert_eq!(receiver.recv(), Ok(1));
}
