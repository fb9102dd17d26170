//! Unmet: ends. Hint: 2. Both send first, on belts without room: each waits for the other to receive.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

fn main() {
    let (to_ben, from_anna) = mpsc::sync_channel(0);
    let (to_anna, from_ben) = mpsc::sync_channel(0);

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || exchange(to_ben, from_ben));
    let ben = thread::Builder::new().name("Ben".into()).spawn(move || exchange(to_anna, from_anna));

    anna.unwrap().join().unwrap();
    ben.unwrap().join().unwrap();
}

fn exchange(out: SyncSender<String>, inbox: Receiver<String>) {
    out.send(String::from("hello")).unwrap();
    let letter = inbox.recv().unwrap();
    println!("received {letter}");
}
