//! Unmet: received. Hint: 4. Nobody reads the letters.

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
    out.send(String::from("hello")).unwrap();
    let letter = "hello";
    thread::sleep(Duration::from_millis(20));
    drop(inbox);
    println!("received {letter}");
}
