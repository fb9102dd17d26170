//! Two threads hand over five hundred numbers at a time.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

const NUMBERS: u64 = 5_000;
const BATCH: usize = 500;

pub(crate) fn main() {
    let (numbers, to_square) = mpsc::named("numbers").sync_channel::<Vec<u64>>(1);
    let (squares, squared) = mpsc::named("squares").sync_channel::<Vec<u64>>(1);
    let worker = spawn("worker", move || {
        for numbers in to_square {
            jitter();
            squares.send(numbers.iter().map(|n| n * n).collect()).expect("main lives");
        }
    });
    let mut sum = 0;
    for begin in (0..NUMBERS).step_by(BATCH) {
        numbers.send((begin..begin + BATCH as u64).collect()).expect("the worker lives");
        sum += squared.recv().expect("the worker lives").iter().sum::<u64>();
    }
    drop(numbers);
    worker.join().expect("it does not panic");
    println!("{sum}");
}
