//! Unmet: received. Hint: 1. Main takes an empty belt for its end.

use std::sync::mpsc;
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
    while receiver.try_recv().is_ok() {
        letters += 1;
    }
    println!("{letters} letters");

    anna.unwrap().join().unwrap();
}
