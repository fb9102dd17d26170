//! A rendezvous: a channel without any room, where both sides have to meet.
//!
//! `sync_channel(0)` has no place to put a message down: it goes from hand to hand, and
//! whoever comes first waits for the other. In even rounds the giver is busy and the
//! taker (the main thread) waits, in odd rounds it is the other way round.
//!
//! Look for: the waits change sides from round to round, and nobody is ever a round
//! ahead. The channel's depth is never more than the one message that is handed over.
//!
//! Think about: after `send` returns on this channel, what does the giver know that it
//! would not know on any other?
//!
//! Change: make the bound 1 and look who still waits for whom.

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

const ROUNDS: u32 = 8;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("hand to hand").sync_channel(0);

    let giver = thread::Builder::new().name("giver".into()).spawn(move || {
        for round in 0..ROUNDS {
            busy(if round % 2 == 0 { 8 } else { 2 });
            tx.send(round).expect("the taker lives");
        }
    })?;

    for round in 0..ROUNDS {
        busy(if round % 2 == 0 { 2 } else { 8 });
        let given = rx.recv().expect("the giver comes to every round");
        println!("round {round}: took {given}");
    }

    giver.join().expect("the giver does not panic");
    Ok(())
}

/// Only shows time: the messages would go the same way without it.
fn busy(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}
