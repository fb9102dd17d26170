//! Two threads meet to swap. One of them receives first.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (to_left, left) = mpsc::named("to left").sync_channel(0);
    let (to_right, right) = mpsc::named("to right").sync_channel(0);
    let other = spawn("right", move || {
        jitter();
        let theirs = right.recv().expect("the other sends");
        to_left.send(2).expect("the other lives");
        theirs
    });
    jitter();
    to_right.send(1).expect("the other lives");
    left.recv().expect("the other sends");
    other.join().expect("it does not panic");
}
