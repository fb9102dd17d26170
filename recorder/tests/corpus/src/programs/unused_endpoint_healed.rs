//! A channel for errors is looked at when all results have come.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (results, to_print) = mpsc::named("results").channel();
    let (errors, failed) = mpsc::named("errors").channel();
    let worker = spawn("worker", move || {
        for number in 0..3 {
            jitter();
            results.send(number).expect("main lives");
        }
        errors.send("three is too many").expect("main lives");
    });
    for result in to_print {
        println!("{result}");
    }
    for error in failed {
        println!("{error}");
    }
    worker.join().expect("it does not panic");
}
