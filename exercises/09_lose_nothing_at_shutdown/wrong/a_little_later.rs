//! Unmet: received. Hint: 3. Main waits a little before it tells Ben to stop, but not long enough.

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
    thread::sleep(Duration::from_millis(5));
    stop.send(()).unwrap();

    ben.unwrap().join().unwrap();
}

/// Stamping a letter takes 2 ms.
fn stamp(_letter: u32) {
    thread::sleep(Duration::from_millis(2));
}
