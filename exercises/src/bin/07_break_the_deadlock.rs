//! Exercise 7: after you.
//!
//! Anna and Ben exchange a letter each. Both are polite, and wait for the letter of the other before
//! they send their own. So they wait for ever.
//!
//! Your task: mend the program so that both send a letter, both receive one, and the program ends. It
//! must not depend on a clock.

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
    let letter = inbox.recv().unwrap();
    out.send(String::from("hello")).unwrap();
    println!("received {letter}");
}
