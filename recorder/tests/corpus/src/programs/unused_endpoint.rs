//! A channel for errors is made, and nobody ever sends or receives on it.
//!
//! Heals it: use it, or leave it out.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (results, to_print) = mpsc::named("results").channel();
    let (errors, failed) = mpsc::named("errors").channel::<String>(); // HERE
    let worker = spawn("worker", move || {
        for number in 0..3 {
            jitter();
            results.send(number).expect("main lives");
        }
        drop(errors);
    });
    for result in to_print {
        println!("{result}");
    }
    drop(failed);
    worker.join().expect("it does not panic");
}
