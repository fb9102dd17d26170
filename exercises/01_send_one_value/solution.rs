//! Anna sends, and main receives what she sends.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel::<i32>();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        sender.send(7).unwrap();
    });

    let number = receiver.recv().unwrap();
    println!("received {number}");

    anna.unwrap().join().unwrap();
}
