//! Two threads take the same two locks, one in one order and one in the other.
//!
//! Heals it: one order for all.

use std::sync::Arc;

use instrumented::sync::{Barrier, Mutex};
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let from = Arc::new(Mutex::new(100));
    let to = Arc::new(Mutex::new(0));
    // Only makes sure that it goes wrong.
    let both_hold_one = Arc::new(Barrier::new(2));
    let back = spawn("back", {
        let (from, to, both_hold_one) = (from.clone(), to.clone(), both_hold_one.clone());
        move || transfer(&to, &from, &both_hold_one)
    });
    transfer(&from, &to, &both_hold_one);
    back.join().expect("it does not panic");
}

fn transfer(from: &Mutex<i32>, to: &Mutex<i32>, both_hold_one: &Barrier) {
    let mut from = from.lock().expect("nobody has panicked");
    both_hold_one.wait();
    jitter();
    let mut to = to.lock().expect("nobody has panicked"); // HERE
    *from -= 1;
    *to += 1;
}
