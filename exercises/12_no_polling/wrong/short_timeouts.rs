//! Unmet: timeouts. Hint: 3. A timeout wakes main up every millisecond.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

fn main() {
    let (sender, receiver) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        for letter in 1..=5 {
            thread::sleep(Duration::from_millis(5));
            sender.send(letter).unwrap();
        }
    });

    let mut letters = 0;
    loop {
        match receiver.recv_timeout(Duration::from_millis(1)) {
            Ok(_letter) => letters += 1,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    println!("{letters} letters");

    anna.unwrap().join().unwrap();
}
