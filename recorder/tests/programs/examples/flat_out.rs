//! `flat_out PAIRS [PATH]`: that many producers send u64 to a consumer each, until killed.
//!
//! With PATH the program records itself into that file.
//! Odd pairs use a bounded channel, even ones an unbounded channel whose producer needs
//! one of 64 tokens to send: no queue is ever longer than 64. Prints `ready` when every
//! pair has moved a message.

use std::env;
use std::io;
use std::sync::{Arc, Barrier};

use instrumented::recording;
use instrumented::sync::mpsc::{self, Receiver};
use recorder_test_programs::{argument, spawn};

const BOUND: usize = 64;

fn main() -> io::Result<()> {
    let pairs: usize = argument(1, "PAIRS");
    if let Some(path) = env::args_os().nth(2) {
        recording::start(path)?;
    }
    let ready = Arc::new(Barrier::new(pairs + 1));
    let mut threads = Vec::new();
    for pair in 1..=pairs {
        let ready = Arc::clone(&ready);
        let name = format!("data {pair}");
        let (producer, consumer) = (format!("producer {pair}"), format!("consumer {pair}"));
        if pair % 2 == 1 {
            let (tx, rx) = mpsc::named(&name).sync_channel(BOUND);
            threads.push(spawn(producer, move || {
                (0_u64..).all(|number| tx.send(number).is_ok());
            }));
            threads.push(spawn(consumer, move || consume(&rx, &ready, || ())));
        } else {
            let (tx, rx) = mpsc::named(&name).channel();
            let (token_tx, token_rx) = mpsc::named(&format!("tokens {pair}")).sync_channel(BOUND);
            threads.push(spawn(producer, move || {
                (0_u64..).all(|number| token_tx.send(()).is_ok() && tx.send(number).is_ok());
            }));
            threads.push(spawn(consumer, move || {
                consume(&rx, &ready, || {
                    token_rx.recv().expect("a token was put before the message");
                });
            }));
        }
    }
    ready.wait();
    println!("ready");
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    Ok(())
}

fn consume(rx: &Receiver<u64>, ready: &Barrier, mut each: impl FnMut()) {
    for (expected, number) in (0..).zip(rx) {
        assert_eq!(number, expected);
        each();
        if number == 0 {
            ready.wait();
        }
    }
}
