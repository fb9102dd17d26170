//! Unmet: polls. Hint: 2. Main sleeps between two looks.

use std::sync::mpsc::{self, TryRecvError};
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
        match receiver.try_recv() {
            Ok(_letter) => letters += 1,
            Err(TryRecvError::Empty) => thread::sleep(Duration::from_millis(1)),
            Err(TryRecvError::Disconnected) => break,
        }
    }
    println!("{letters} letters");

    anna.unwrap().join().unwrap();
}
