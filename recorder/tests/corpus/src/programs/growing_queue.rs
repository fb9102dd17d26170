//! A producer sends many times as fast as its consumer receives, into a channel without a bound.
//!
//! Heals it: a bound, which lets the producer wait.

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("frames").channel();
    let camera = spawn("camera", move || {
        for _ in 0..40 {
            jitter();
            // Waits for the next frames.
            thread::sleep(Duration::from_millis(4));
            for frame in 0..5 {
                tx.send(frame).expect("main lives"); // HERE
            }
        }
    });
    for _ in rx {
        // Encodes it.
        thread::sleep(Duration::from_millis(4));
    }
    camera.join().expect("it does not panic");
}
