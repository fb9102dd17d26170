//! Backpressure: a full channel slows a fast producer down.
//!
//! The belt has room for two messages. The producer needs no time for a message and the
//! consumer (the main thread) 5 ms, so the belt is soon full. From then on every `send` waits
//! until the consumer has taken a message off.
//!
//! Look for: the first sends take no time, the later ones are `send jobs (full)` and take
//! 5 ms each. The depth of the queue rises to the bound and stays there.
//!
//! Think about: how much memory would the program use if the producer never stopped, and
//! the channel had no bound?
//!
//! Change: give the channel a bound of 20. The producer is done immediately; does the
//! consumer's last message arrive any earlier?

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("jobs").sync_channel(2);

    let producer = thread::Builder::new().name("producer".into()).spawn(move || {
        for job in 1..=12 {
            tx.send(job).expect("the consumer receives");
        }
    })?;

    for job in rx {
        // The consumer is slow.
        work(Duration::from_millis(5));
        println!("did job {job}");
    }

    producer.join().expect("the producer does not panic");
    Ok(())
}
