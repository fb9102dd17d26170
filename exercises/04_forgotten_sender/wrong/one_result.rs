//! Unmet: received. Hint: 2. Main stops after the first result.

use std::sync::mpsc;
use std::thread;

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
    while receiver.recv().is_ok() {
        results += 1;
        break;
    }
    println!("{results} results");

    for worker in workers {
        worker.join().unwrap();
    }
}
