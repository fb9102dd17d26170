//! The concurrent prime sieve: a chain of threads, each of which filters by one prime.
//!
//! The thread `numbers` sends 2, 3, 4, … into the chain. The first number that comes out of it is
//! a prime. Main then appends a filter, which lets only those numbers through that the prime does
//! not divide. So the chain grows by a thread and a channel with each prime. At the end main drops
//! its receiver, and the end travels *up* the chain: every `send` fails.
//!
//! Look for: how far a number gets before a filter stops it. At the end `drop receiver` in main,
//! and then one `send (disconnected)` after the other.
//!
//! Questions and a change: examples/course/prime_sieve.md

use std::io;

use instrumented::sync::mpsc::{self, Receiver};
use instrumented::thread;

const PRIMES: usize = 8;

fn main() -> io::Result<()> {
    let (sender, mut chain) = mpsc::named("from 2 on").sync_channel(0);
    let mut threads = vec![thread::Builder::new().name("numbers".into()).spawn(move || {
        // Ends when the receiver has been dropped.
        let _ = (2u32..).try_for_each(|number| sender.send(number));
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
        thread.join().expect("no thread panics");
    }
    Ok(())
}

/// Spawns a thread that passes on the numbers that `prime` does not divide, and returns its output.
fn filter(
    prime: u32,
    numbers: Receiver<u32>,
) -> io::Result<(thread::JoinHandle<()>, Receiver<u32>)> {
    let (sender, receiver) = mpsc::named(&format!("not by {prime}")).sync_channel(0);
    let filter = thread::Builder::new().name(format!("filter {prime}")).spawn(move || {
        let mut left = numbers.into_iter().filter(|number| number % prime != 0);
        let _ = left.try_for_each(|number| sender.send(number));
    })?;
    Ok((filter, receiver))
}
