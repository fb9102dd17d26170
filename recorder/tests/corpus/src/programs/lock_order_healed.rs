//! Two threads take the same two locks in the same order.

use std::sync::Arc;

use instrumented::sync::{Barrier, Mutex};
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let accounts = Arc::new([Mutex::new(100), Mutex::new(0)]);
    let both_are_there = Arc::new(Barrier::new(2));
    let back = spawn("back", {
        let (accounts, both_are_there) = (accounts.clone(), both_are_there.clone());
        move || transfer(&accounts, -1, &both_are_there)
    });
    transfer(&accounts, 1, &both_are_there);
    back.join().expect("it does not panic");
}

fn transfer([first, second]: &[Mutex<i32>; 2], amount: i32, both_are_there: &Barrier) {
    both_are_there.wait();
    jitter();
    let mut first = first.lock().expect("nobody has panicked");
    jitter();
    let mut second = second.lock().expect("nobody has panicked");
    *first -= amount;
    *second += amount;
}
