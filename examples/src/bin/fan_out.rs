//! Fan-out: several workers share one receiver, behind a lock.
//!
//! A `Receiver` cannot be cloned: a message goes to one place. So the three workers share
//! one in an `Arc<Mutex<_>>` and take turns: the worker that holds the lock waits for the
//! next letter, receives it, releases the lock, and then delivers the letter.
//!
//! Look for: at most one of the three workers waits in `recv`; the others deliver, or wait
//! for the lock. Letters leave the channel in the order in which they were sent, whichever
//! worker receives them, and every letter goes to one worker.
//!
//! Think about: what decides which worker gets the next letter? Is it fair?
//!
//! Change: move the `recv` into the head of the loop, `while let Ok(letter) =
//! letters.lock()….recv()`. It looks the same, but the workers deliver one after the other:
//! how long is the lock held now?

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::{Arc, Mutex, mpsc};
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("letters").channel();
    let letters = Arc::new(Mutex::new(rx));

    let mut workers = Vec::new();
    for number in 1..=3 {
        let letters = Arc::clone(&letters);
        let name = format!("worker {number}");
        let worker = thread::Builder::new().name(name).spawn(move || {
            let mut delivered = 0;
            loop {
                // The lock is released at the end of this line.
                let letter = letters.lock().expect("no worker panics").recv();
                let Ok(_letter) = letter else { break delivered };
                // The time to deliver a letter.
                work(Duration::from_millis(3));
                delivered += 1;
            }
        })?;
        workers.push(worker);
    }

    for letter in 1..=12 {
        tx.send(letter).expect("the workers receive");
    }
    drop(tx);

    let delivered = workers.into_iter().map(|worker| worker.join().expect("no worker panics"));
    println!("{} letters delivered", delivered.sum::<u32>());
    Ok(())
}
