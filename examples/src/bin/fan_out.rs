//! Fan-out: several workers share one receiver, behind a lock.
//!
//! A `Receiver` cannot be cloned: a message goes to one place. So the three workers have
//! the same one in an `Arc<Mutex<_>>`, and take turns: who has the lock waits for the next
//! letter, takes it, gives the lock back, and delivers the letter meanwhile.
//!
//! Look for: of the three workers at most one waits in `recv`; the others deliver, or wait
//! for the lock. Letters leave the channel in the order in which they were sent, whoever
//! takes them, and every letter goes to one worker.
//!
//! Think about: who decides which worker gets the next letter? Is it fair?
//!
//! Change: put the `recv` into the loop's head, `while let Ok(letter) =
//! letters.lock()….recv()`. It looks the same, and the workers deliver one after the other:
//! how long does the lock live?

use std::io;
use std::time::Duration;

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
                // The lock is held until the end of this line, and no longer.
                let letter = letters.lock().expect("no worker panics").recv();
                let Ok(_letter) = letter else { break delivered };
                // Only shows time: it takes some to deliver a letter.
                thread::sleep(Duration::from_millis(3));
                delivered += 1;
            }
        })?;
        workers.push(worker);
    }

    for letter in 1..=12 {
        tx.send(letter).expect("the workers live");
    }
    drop(tx);

    let delivered = workers.into_iter().map(|worker| worker.join().expect("no worker panics"));
    println!("{} letters delivered", delivered.sum::<u32>());
    Ok(())
}
