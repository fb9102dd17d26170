//! A producer that would be too fast for its consumer waits where the channel is full.

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

fn main() {
    let (tx, rx) = mpsc::named("frames").sync_channel(4);
    let camera = spawn("camera", move || {
        for frame in 0..200 {
            // Takes the frame.
            thread::sleep(Duration::from_millis(1));
            jitter();
            tx.send(frame).expect("main lives");
        }
    });
    for _ in rx {
        // Encodes it.
        thread::sleep(Duration::from_millis(3));
    }
    camera.join().expect("it does not panic");
}
