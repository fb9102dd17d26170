//! Both send before they wait.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

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
    let letter = inbox.recv().unwrap();
    println!("received {letter}");
}
