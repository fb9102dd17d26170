//! Two threads meet to swap, and both hold out their hand first.
//!
//! Heals it: one of them receives first.

use instrumented::sync::mpsc::{self, Receiver, SyncSender};
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (to_left, left) = mpsc::named("to left").sync_channel(0);
    let (to_right, right) = mpsc::named("to right").sync_channel(0);
    let other = spawn("right", move || swap(2, &to_left, &right));
    swap(1, &to_right, &left);
    other.join().expect("it does not panic");
}

fn swap(mine: u32, to_other: &SyncSender<u32>, from_other: &Receiver<u32>) -> u32 {
    jitter();
    to_other.send(mine).expect("the other lives"); // HERE
    from_other.recv().expect("the other sends")
}
