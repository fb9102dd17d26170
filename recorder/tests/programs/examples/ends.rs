//! `ends HOW`: four threads that pass 2,000 messages each, and more until the program ends,
//! in the midst of that:
//!
//! - `abort`, `exit` (with status 7), `panic` (of every thread, main the last), `overflow` (of
//!   main's stack), `segv` and `bus` (signals that nobody has sent).

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};

use instrumented::sync::mpsc;
use recorder_test_programs::{argument, bus_error, overflow, segmentation_fault, spawn};

const THREADS: usize = 4;
const MESSAGES: u64 = 2_000;

static PANIC: AtomicBool = AtomicBool::new(false);

fn main() {
    let how: String = argument(1, "HOW");
    let ready = Arc::new(Barrier::new(THREADS + 1));
    let threads: Vec<_> = (1..=THREADS)
        .map(|number| {
            let ready = Arc::clone(&ready);
            spawn(format!("worker {number}"), move || {
                let (tx, rx) = mpsc::channel();
                for number in 0.. {
                    tx.send(number).expect("rx lives");
                    assert_eq!(rx.recv(), Ok(number));
                    if number + 1 == MESSAGES {
                        ready.wait();
                    }
                    assert!(!PANIC.load(Ordering::Relaxed), "on purpose");
                }
            })
        })
        .collect();
    ready.wait();
    match how.as_str() {
        "abort" => process::abort(),
        "exit" => process::exit(7),
        "panic" => {
            PANIC.store(true, Ordering::Relaxed);
            for thread in threads {
                assert!(thread.join().is_err());
            }
            panic!("on purpose");
        }
        "overflow" => overflow(),
        "segv" => segmentation_fault(),
        "bus" => bus_error(),
        _ => panic!("nobody knows how to end by {how:?}"),
    }
}
