//! Fan-out: three workers share one receiver, behind a lock.
//!
//! A `Receiver` cannot be cloned: a message goes to one place. So Anna, Ben and Carla share one in
//! an `Arc<Mutex<_>>` and take turns. The one that holds the lock waits for the next letter,
//! receives it, releases the lock, and then delivers the letter.
//!
//! Look for: at most one of the three waits in `recv`; the others deliver, or wait for the lock.
//! Letters leave the channel in the order in which they were sent, whoever receives them.
//!
//! Questions and a change: examples/course/fan_out.md

use std::io;
use std::time::Duration;

use instrumented::sync::{Arc, Mutex, mpsc};
use instrumented::thread;

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("letters").channel();
    let letters = Arc::new(Mutex::new(receiver));

    let mut workers = Vec::new();
    for name in ["anna", "ben", "carla"] {
        let letters = Arc::clone(&letters);
        let worker = thread::Builder::new().name(name.into()).spawn(move || {
            let mut delivered = 0;
            loop {
                // The lock is released at the end of this line.
                let letter = letters.lock().expect("no worker panics").recv();
                let Ok(_letter) = letter else { break delivered };
                // The time to deliver a letter.
                thread::sleep(Duration::from_millis(3));
                delivered += 1;
            }
        })?;
        workers.push(worker);
    }

    for letter in 'A'..='L' {
        sender.send(letter).expect("the workers receive");
    }
    drop(sender);

    let delivered = workers.into_iter().map(|worker| worker.join().expect("no worker panics"));
    println!("{} letters delivered", delivered.sum::<u32>());
    Ok(())
}
