//! A thread waits for ever at std's own channel, which is not recorded, and `main` joins it.
//!
//! With the argument `healed`: the sender of that channel is dropped first.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let (results, sums) = mpsc::channel();
    let (numbers, to_add) = std::sync::mpsc::channel::<u32>();
    let adder = spawn("adder", move || {
        jitter();
        results.send(to_add.iter().sum::<u32>()).expect("main lives");
    });
    for number in 0..10 {
        numbers.send(number).expect("the adder lives");
    }
    let numbers = (!healed).then_some(numbers);
    println!("{}", sums.recv().expect("the adder sends")); // HERE
    drop(numbers);
    adder.join().expect("it does not panic");
}
