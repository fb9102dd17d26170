//! `exits CODE`: moves one message, prints `exits with CODE`, and does.

use std::process;

use instrumented::sync::mpsc;
use recorder_test_programs::argument;

fn main() {
    let code: i32 = argument(1, "CODE");
    let (tx, rx) = mpsc::channel();
    tx.send(code).expect("rx lives");
    let code = rx.recv().expect("it was sent");
    println!("exits with {code}");
    process::exit(code);
}
