//! `main` keeps a sender that it forgot, and joins a thread that loops until the channel is disconnected.
//!
//! With the argument `healed`: it drops the sender first.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::time::Duration;

use instrumented::sync::mpsc::{self, RecvTimeoutError};
use instrumented::thread;

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let (records, inbox) = mpsc::sync_channel::<u64>(16); // HERE
    let parser = records.clone();
    let producer = thread::spawn(move || {
        for record in 0..200 {
            parser.send(record).unwrap();
        }
    });
    let aggregator = thread::Builder::new()
        .name("aggregator".into())
        .spawn(move || {
            let mut sum = 0;
            loop {
                match inbox.recv_timeout(Duration::from_millis(20)) {
                    Ok(record) => sum += record,
                    Err(RecvTimeoutError::Timeout) => {} // would flush
                    Err(RecvTimeoutError::Disconnected) => break sum,
                }
            }
        })
        .unwrap();
    producer.join().unwrap();
    if healed {
        drop(records);
        println!("{}", aggregator.join().unwrap());
    } else {
        println!("{}", aggregator.join().unwrap());
        drop(records);
    }
}
