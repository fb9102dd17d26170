//! Many may send: three workers share one channel (fan-in).
//!
//! Anna, Ben and Carla each have a clone of the sender. Each packs three parcels, at a pace of
//! their own, and sends them with their name and a count. The main thread receives all parcels
//! at one end.
//!
//! Look for: arrows from three lines into one. The channel's live senders go down by one for each
//! worker that ends; at zero the loop of main ends.
//!
//! Questions and a change: examples/course/fan_in.md

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("parcels").channel();

    let mut workers = Vec::new();
    for (name, pace) in [("anna", 2), ("ben", 5), ("carla", 7)] {
        let sender = sender.clone();
        let worker = thread::Builder::new().name(name.into()).spawn(move || {
            for count in 1..=3 {
                // The time to pack a parcel.
                thread::sleep(Duration::from_millis(pace));
                sender.send((name, count)).expect("main has the receiver");
            }
        })?;
        workers.push(worker);
    }
    // Each worker has a clone. The loop below ends when the last sender is dropped.
    drop(sender);

    for (name, count) in receiver {
        println!("parcel {count} of {name}");
    }

    for worker in workers {
        worker.join().expect("no worker panics");
    }
    Ok(())
}
