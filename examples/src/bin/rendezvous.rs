//! A rendezvous: a channel without any room, where sender and receiver have to meet.
//!
//! `sync_channel(0)` cannot store a message. Anna hands each cup to the main thread, and the one
//! that arrives first waits for the other. For the 1st, 3rd, 5th … cup Anna is the slow one and
//! main waits, for the others it is the other way round.
//!
//! Look for: the waits change sides from cup to cup, and all arrows are level.
//!
//! Questions and a change: examples/course/rendezvous.md

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

const CUPS: [&str; 6] = ["red cup", "blue cup", "green cup", "white cup", "black cup", "pink cup"];

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("hand to hand").sync_channel(0);

    let anna = thread::Builder::new().name("anna".into()).spawn(move || {
        for (round, cup) in CUPS.into_iter().enumerate() {
            busy(if round % 2 == 0 { 8 } else { 2 });
            sender.send(cup).expect("main has the receiver");
        }
    })?;

    for round in 0..CUPS.len() {
        busy(if round % 2 == 0 { 2 } else { 8 });
        let cup = receiver.recv().expect("anna sends a cup in each round");
        println!("main took the {cup}");
    }

    anna.join().expect("anna does not panic");
    Ok(())
}

/// Stands for other work of the thread.
fn busy(milliseconds: u64) {
    work(Duration::from_millis(milliseconds));
}
