//! Unmet: sent_by. Hint: 2. Main sends the number to itself.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel::<i32>();

    let anna = thread::Builder::new().name("Anna".into()).spawn(|| {});

    sender.send(7).unwrap();
    let number = receiver.recv().unwrap();
    println!("received {number}");

    anna.unwrap().join().unwrap();
}
