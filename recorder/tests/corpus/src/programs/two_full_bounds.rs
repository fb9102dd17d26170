//! Each of two threads fills the other's channel before it looks into its own.
//!
//! Heals it: bounds that hold all that is sent before anything is received.

use instrumented::sync::mpsc::{self, Receiver, SyncSender};
use recorder_corpus::{jitter, spawn};

const BATCH: u32 = 3;

pub(crate) fn main() {
    let (to_left, left) = mpsc::named("to left").sync_channel(1);
    let (to_right, right) = mpsc::named("to right").sync_channel(1);
    let other = spawn("right", move || exchange(&to_left, &right));
    exchange(&to_right, &left);
    other.join().expect("it does not panic");
}

fn exchange(to_other: &SyncSender<u32>, from_other: &Receiver<u32>) {
    for number in 0..BATCH {
        jitter();
        to_other.send(number).expect("the other lives"); // HERE
    }
    for _ in 0..BATCH {
        from_other.recv().expect("the other sends");
    }
}
