//! Exercise 9: closing time.
//!
//! Main gives Ben ten letters to stamp, and then tells him to stop. Ben stops at once, and the letters
//! that still lie on the belt are lost.
//!
//! Your task: Ben stamps all ten letters, and then the program ends. It must not depend on a clock.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    let (letters, inbox) = mpsc::channel();
    let (stop, stopped) = mpsc::channel();

    let ben = thread::Builder::new().name("Ben".into()).spawn(move || {
        let mut stamped = 0;
        while let Ok(letter) = inbox.recv() {
            stamp(letter);
            stamped += 1;
            if stopped.try_recv().is_ok() {
                break;
            }
        }
        println!("{stamped} letters");
    });

    for letter in 1..=10 {
        letters.send(letter).unwrap();
    }
    stop.send(()).unwrap();

    ben.unwrap().join().unwrap();
}

/// Stamping a letter takes 2 ms.
fn stamp(_letter: u32) {
    thread::sleep(Duration::from_millis(2));
}
