//! Two threads hand over every single number, and wait for each other more than they work.
//!
//! Heals it: hand over many at a time.

use instrumented::sync::mpsc;
use recorder_corpus::spawn;

const NUMBERS: u64 = 5_000;

pub(crate) fn main() {
    let (numbers, to_square) = mpsc::named("numbers").sync_channel(0);
    let (squares, squared) = mpsc::named("squares").sync_channel(0);
    let worker = spawn("worker", move || {
        // HERE
        for number in to_square {
            squares.send(number * number).expect("main lives");
        }
    });
    let mut sum = 0;
    for number in 0..NUMBERS {
        numbers.send(number).expect("the worker lives");
        sum += squared.recv().expect("the worker lives"); // HERE
    }
    drop(numbers);
    worker.join().expect("it does not panic");
    println!("{sum}");
}
