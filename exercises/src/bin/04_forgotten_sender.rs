//! Exercise 4: the belt that never ends.
//!
//! Three workers send one result each. Main takes results off the belt until no more can come. That
//! moment never comes: the program hangs.
//!
//! Your task: mend the program so that main receives the three results, prints `3 results`, and the
//! program ends. It must not depend on a clock.

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
    println!("{results} results");

    for worker in workers {
        worker.join().unwrap();
    }
}
