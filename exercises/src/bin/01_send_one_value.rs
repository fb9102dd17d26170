//! Exercise 1: send one value.
//!
//! A channel is a belt between two workers. Anna has one end of this belt, and main has the other.
//! But nobody puts anything on it.
//!
//! Your task: Anna sends the number 7. Main receives it, and prints `received 7`.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel::<i32>();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        // Instead of throwing her end away, Anna sends 7.
        drop(sender);
    });

    // Instead of throwing this end away, main receives a number and prints it.
    drop(receiver);

    anna.unwrap().join().unwrap();
}
