//! A thread panics; then prints `ready`, and waits for the end of stdin.

use std::io;

use instrumented::sync::mpsc;
use recorder_test_programs::spawn;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("jobs").channel();
    let worker = spawn("worker", move || {
        rx.recv().expect("tx lives");
        panic!("no good");
    });
    tx.send(()).expect("the worker lives");
    worker.join().expect_err("the worker panics");
    println!("ready");
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
