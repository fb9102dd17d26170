//! Backpressure: a full channel slows down a fast sender.
//!
//! The belt has room for two jobs. Anna needs no time to send a job, and the main thread needs
//! 5 ms to do it, so the belt is soon full. From then on each `send` waits until main has taken a
//! job off.
//!
//! Look for: the first sends take no time, the later ones wait for 5 ms each. The queue is never
//! longer than two.
//!
//! Questions and a change: examples/course/backpressure.md

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("jobs").sync_channel(2);

    let anna = thread::Builder::new().name("anna".into()).spawn(move || {
        for job in 'A'..='L' {
            sender.send(job).expect("main has the receiver");
        }
    })?;

    for job in receiver {
        work(Duration::from_millis(5));
        println!("did job {job}");
    }

    anna.join().expect("anna does not panic");
    Ok(())
}
