//! Several producers, one consumer: many senders share one channel (fan-in).
//!
//! Each of four threads has a clone of the sender and sends five messages, at its own pace.
//! The main thread receives all messages in the order in which they were sent, whichever
//! thread sent them. It drops the original sender, because its loop ends when the *last*
//! sender is dropped, and that one would live until the end of `main`.
//!
//! Look for: arrows from four tracks into one, and the channel's live senders: up to five
//! while clones are made, and one fewer for every drop. At zero the loop ends.
//!
//! Think about: two messages of one producer never overtake each other. What about two
//! messages of different producers?
//!
//! Change: let each producer send its count as well (`tx.send((number, count))`) and check
//! your answer. `forgotten_sender` is the same program without the drop.

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

const PRODUCERS: usize = 4;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("parcels").channel();

    let mut producers = Vec::new();
    for number in 0..PRODUCERS {
        let tx = tx.clone();
        let name = format!("producer {number}");
        let producer = thread::Builder::new().name(name).spawn(move || {
            for _ in 0..5 {
                // Packs a parcel, at its own pace.
                work(Duration::from_millis(2 + number as u64));
                tx.send(number).expect("main receives");
            }
        })?;
        producers.push(producer);
    }
    // Each producer has its clone. Without this line the loop below would never end.
    drop(tx);

    let mut received = [0; PRODUCERS];
    for producer in rx {
        received[producer] += 1;
    }
    for (number, count) in received.iter().enumerate() {
        println!("{count} messages from producer {number}");
    }

    for producer in producers {
        producer.join().expect("a producer does not panic");
    }
    Ok(())
}
