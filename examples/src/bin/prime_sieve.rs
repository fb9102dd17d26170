//! The concurrent prime sieve: a chain of threads, each of which holds one prime back.
//!
//! `numbers` sends 2, 3, 4, … into the chain. The first number that comes out of the chain
//! is a prime: main puts a filter for it behind the last one, which lets through what it
//! does not divide. So the chain grows by a thread and a channel with every prime. In the
//! end main drops its receiver, and the end travels *up* the chain: every `send` fails.
//!
//! Look for: how far a number comes before a filter stops it. At the end `drop receiver`
//! on the main thread, and then one `send (disconnected)` after the other.
//!
//! Think about: all channels are rendezvous. What would happen without a bound? Which
//! filter has the most to do?
//!
//! Change: search for 20 primes. Who waits for whom? (It is a beautiful program, and a slow
//! one: compare it with a loop.)

use std::io;

use instrumented::sync::mpsc::{self, Receiver};
use instrumented::thread;

const PRIMES: usize = 8;

fn main() -> io::Result<()> {
    let (tx, mut chain) = mpsc::named("from 2 on").sync_channel(0);
    let mut threads = vec![thread::Builder::new().name("numbers".into()).spawn(move || {
        // Ends when nobody wants a number any more.
        let _ = (2u32..).try_for_each(|number| tx.send(number));
    })?];

    for found in 1..=PRIMES {
        let prime = chain.recv().expect("there is always one more prime");
        println!("{prime}");
        if found < PRIMES {
            let (filter, next) = filter(prime, chain)?;
            threads.push(filter);
            chain = next;
        }
    }

    drop(chain);
    for thread in threads {
        thread.join().expect("nobody panics");
    }
    Ok(())
}

/// A thread that lets through what `prime` does not divide, and what comes out of it.
fn filter(
    prime: u32,
    numbers: Receiver<u32>,
) -> io::Result<(thread::JoinHandle<()>, Receiver<u32>)> {
    let (tx, rx) = mpsc::named(&format!("not by {prime}")).sync_channel(0);
    let filter = thread::Builder::new().name(format!("filter {prime}")).spawn(move || {
        let mut left = numbers.into_iter().filter(|number| number % prime != 0);
        let _ = left.try_for_each(|number| tx.send(number));
    })?;
    Ok((filter, rx))
}
