//! A worker waits for a job, while `main` has something else to do for MILLISECONDS, here
//! to sleep. Then there is a job.

use std::time::Duration;

use instrumented::sync::mpsc;
use recorder_test_programs::{argument, spawn};

fn main() {
    let idle = Duration::from_millis(argument(1, "MILLISECONDS"));
    let (tx, rx) = mpsc::named("jobs").channel();
    let worker = spawn("worker", move || rx.recv());
    // std's own: nothing says that main is to go on.
    std::thread::sleep(idle);
    tx.send(7).expect("the worker lives");
    println!("{:?}", worker.join().expect("it does not panic"));
}
