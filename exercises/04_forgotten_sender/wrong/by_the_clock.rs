//! Unmet: timeouts. Hint: 1. Main stops when no result has come for a while.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    let (sender, receiver) = mpsc::channel();

    let mut workers = Vec::new();
    for (name, result) in [("Anna", 10), ("Ben", 20), ("Carla", 30)] {
        let sender = sender.clone();
        let worker = thread::Builder::new().name(name.into()).spawn(move || {
            sender.send(result).unwrap();
        });
        workers.push(worker.unwrap());
    }

    let mut results = 0;
    while receiver.recv_timeout(Duration::from_millis(100)).is_ok() {
        results += 1;
    }
    println!("{results} results");

    for worker in workers {
        worker.join().unwrap();
    }
}
