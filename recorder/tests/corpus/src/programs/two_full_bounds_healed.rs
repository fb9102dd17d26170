//! Two threads send each other a batch before they look into their own channels.
//!
//! The bounds hold a batch.

use instrumented::sync::mpsc::{self, Receiver, SyncSender};
use recorder_corpus::{jitter, spawn};

const BATCH: u32 = 3;

pub(crate) fn main() {
    let (to_left, left) = mpsc::named("to left").sync_channel(BATCH as usize);
    let (to_right, right) = mpsc::named("to right").sync_channel(BATCH as usize);
    let other = spawn("right", move || exchange(&to_left, &right));
    exchange(&to_right, &left);
    other.join().expect("it does not panic");
}

fn exchange(to_other: &SyncSender<u32>, from_other: &Receiver<u32>) {
    for number in 0..BATCH {
        jitter();
        to_other.send(number).expect("the other lives");
    }
    for _ in 0..BATCH {
        from_other.recv().expect("the other sends");
    }
}
