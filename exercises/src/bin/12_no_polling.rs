//! Exercise 12: are we there yet?
//!
//! Anna writes a letter every 5 ms. Main looks whether one has come, thousands of times in a second,
//! and keeps a processor busy with that.
//!
//! Your task: main sleeps until a letter comes. It never looks in vain, and it wakes up for nothing
//! but a letter or the end of the belt.

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
            Err(TryRecvError::Empty) => thread::yield_now(),
            Err(TryRecvError::Disconnected) => break,
        }
    }
    println!("{letters} letters");

    anna.unwrap().join().unwrap();
}
