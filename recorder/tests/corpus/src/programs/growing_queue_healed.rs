//! A producer that would be too fast for its consumer waits where the channel is full.

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("frames").sync_channel(4);
    let camera = spawn("camera", move || {
        for _ in 0..40 {
            jitter();
            // Waits for the next frames.
            thread::sleep(Duration::from_millis(4));
            for frame in 0..5 {
                tx.send(frame).expect("main lives");
            }
        }
    });
    for _ in rx {
        // Encodes it.
        thread::sleep(Duration::from_millis(4));
    }
    camera.join().expect("it does not panic");
}
