//! Main drops its own sender before the loop.

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
    drop(sender);

    let mut results = 0;
    for _result in &receiver {
        results += 1;
    }
    println!("{results} results");

    for worker in workers {
        worker.join().unwrap();
    }
}
