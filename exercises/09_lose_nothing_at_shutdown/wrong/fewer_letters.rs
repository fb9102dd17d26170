//! Unmet: sent. Hint: 2. Main stops sending when Ben stops.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    let (letters, inbox) = mpsc::channel();
    let (stopped, stop) = mpsc::channel();

    let ben = thread::Builder::new().name("Ben".into()).spawn(move || {
        let mut stamped = 0;
        while let Ok(letter) = inbox.recv() {
            stamp(letter);
            stamped += 1;
            stopped.send(()).unwrap();
        }
        println!("{stamped} letters");
    });

    for letter in 1..=5 {
        letters.send(letter).unwrap();
    }
    drop(letters);
    stop.recv().unwrap();

    ben.unwrap().join().unwrap();
}

/// Stamping a letter takes 2 ms.
fn stamp(_letter: u32) {
    thread::sleep(Duration::from_millis(2));
}
