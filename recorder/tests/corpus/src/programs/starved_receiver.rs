//! A worker waits nearly all the time, as its source is slow.
//!
//! Heals it: several sources.

use std::time::{Duration, Instant};

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

fn load() {
    let until = Instant::now() + Duration::from_millis(5);
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("pictures").channel();
    let worker = spawn("worker", move || {
        let mut bytes = 0;
        // HERE
        for picture in rx {
            bytes += picture;
        }
        bytes
    });
    for picture in 0..60 {
        load();
        jitter();
        tx.send(picture).expect("the worker lives");
    }
    drop(tx);
    println!("{}", worker.join().expect("it does not panic"));
}
