//! Of three producers one sends all it has at once, and the others' few messages wait
//! behind it.
//!
//! Heals it: each sends what is its share.

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("events").sync_channel(2);
    let shares = [("loud", 300), ("soft", 10), ("shy", 10)];
    let producers = shares.map(|(name, share)| {
        let tx = tx.clone();
        spawn(name, move || {
            for event in 0..share {
                jitter();
                tx.send(event).expect("main lives"); // HERE
            }
        })
    });
    drop(tx);
    for _ in rx {
        // Looks at it.
        thread::sleep(Duration::from_millis(1));
    }
    for producer in producers {
        producer.join().expect("it does not panic");
    }
}
