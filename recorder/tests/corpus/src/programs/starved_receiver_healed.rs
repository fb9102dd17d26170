//! A worker that always has something to do.

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("pictures").sync_channel(16);
    let worker = spawn("worker", move || {
        let mut bytes = 0;
        for picture in rx {
            // Scales it.
            thread::sleep(Duration::from_millis(3));
            bytes += picture;
        }
        bytes
    });
    for picture in 0..60 {
        // Loads it.
        thread::sleep(Duration::from_millis(1));
        jitter();
        tx.send(picture).expect("the worker lives");
    }
    drop(tx);
    println!("{}", worker.join().expect("it does not panic"));
}
