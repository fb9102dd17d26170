//! Unmet: ends. Hint: 3. Main drops its sender after the loop, which it never reaches.

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
    for _result in &receiver {
        results += 1;
    }
    drop(sender);
    println!("{results} results");

    for worker in workers {
        worker.join().unwrap();
    }
}
