//! Unmet: timeouts. Hint: 1. Both stop waiting after a while.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

fn main() {
    let (to_ben, from_anna) = mpsc::channel();
    let (to_anna, from_ben) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || exchange(to_ben, from_ben));
    let ben = thread::Builder::new().name("Ben".into()).spawn(move || exchange(to_anna, from_anna));

    anna.unwrap().join().unwrap();
    ben.unwrap().join().unwrap();
}

fn exchange(out: Sender<String>, inbox: Receiver<String>) {
    let letter = inbox.recv_timeout(Duration::from_millis(100));
    let _ = out.send(String::from("hello"));
    let letter = letter.unwrap_or(String::from("hello"));
    println!("received {letter}");
}
