//! Unmet: status. Hint: 1. Main receives, but Anna has dropped her sender.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel::<i32>();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        drop(sender);
    });

    let number = receiver.recv().unwrap();
    println!("received {number}");

    anna.unwrap().join().unwrap();
}
