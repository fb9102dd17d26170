//! The end of the belt tells Ben to stop.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    let (letters, inbox) = mpsc::channel();

    let ben = thread::Builder::new().name("Ben".into()).spawn(move || {
        let mut stamped = 0;
        while let Ok(letter) = inbox.recv() {
            stamp(letter);
            stamped += 1;
        }
        println!("{stamped} letters");
    });

    for letter in 1..=10 {
        letters.send(letter).unwrap();
    }
    drop(letters);

    ben.unwrap().join().unwrap();
}

/// Stamping a letter takes 2 ms.
fn stamp(_letter: u32) {
    thread::sleep(Duration::from_millis(2));
}
