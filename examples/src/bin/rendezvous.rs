//! A rendezvous: a channel without any capacity, where both sides have to meet.
//!
//! `sync_channel(0)` cannot store a message: it is passed from hand to hand, and the side
//! that arrives first waits for the other. In even rounds the giver is busy and the taker
//! (the main thread) waits, in odd rounds it is the other way round.
//!
//! Look for: the waits change sides from round to round, and neither side is ever a round
//! ahead. The depth of the channel never exceeds the one message being handed over.
//!
//! Think about: after `send` returns on this channel, what does the giver know that it
//! would not know on any other channel?
//!
//! Change: set the bound to 1 and see which waits remain.

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

const ROUNDS: u32 = 8;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("hand to hand").sync_channel(0);

    let giver = thread::Builder::new().name("giver".into()).spawn(move || {
        for round in 0..ROUNDS {
            busy(if round % 2 == 0 { 8 } else { 2 });
            tx.send(round).expect("the taker receives");
        }
    })?;

    for round in 0..ROUNDS {
        busy(if round % 2 == 0 { 2 } else { 8 });
        let given = rx.recv().expect("the giver sends in every round");
        println!("round {round}: took {given}");
    }

    giver.join().expect("the giver does not panic");
    Ok(())
}

/// Stands for other work of the thread.
fn busy(milliseconds: u64) {
    work(Duration::from_millis(milliseconds));
}
