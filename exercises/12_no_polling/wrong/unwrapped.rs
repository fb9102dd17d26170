//! Unmet: status. Hint: 5. Main panics at the end of the belt.

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
    loop {
        let _letter: u32 = receiver.recv().unwrap();
        letters += 1;
    }
    println!("{letters} letters");

    anna.unwrap().join().unwrap();
}
