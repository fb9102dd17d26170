//! `main` takes the first result and drops the receiver; the slower workers unwrap the error of their send.
//!
//! With the argument `healed`: they ignore the error.
//!
//! After <https://github.com/servo/servo/issues/11996>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread::{self, JoinHandle};

fn first(healed: bool, workers: &mut Vec<JoinHandle<()>>) -> u64 {
    let (found, results) = mpsc::channel();
    for number in 0..4 {
        let found = found.clone();
        workers.push(thread::spawn(move || {
            thread::sleep(Duration::from_millis(20 * number));
            let sent = found.send(number * number);
            if !healed {
                sent.unwrap(); // HERE
            }
        }));
    }
    drop(found);
    results.recv().unwrap()
} // HERE: the receiver is dropped

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let mut workers = Vec::new();
    println!("{}", first(healed, &mut workers));
    let failed = workers.into_iter().filter_map(|worker| worker.join().err()).count();
    println!("{failed} failed");
}
