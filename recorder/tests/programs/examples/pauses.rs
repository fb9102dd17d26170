//! `pauses MESSAGES`: sends half of them, waits for a line on stdin, sends the others.
//!
//! Prints `ready` when it waits, and `received MESSAGES` at the end. The channel `halves`
//! is bounded.

use std::io;

use instrumented::sync::mpsc;
use recorder_test_programs::{argument, spawn};

fn main() -> io::Result<()> {
    let messages: u64 = argument(1, "MESSAGES");
    let (tx, rx) = mpsc::named("halves").sync_channel(16);
    let consumer = spawn("consumer", move || rx.into_iter().count());
    let half = messages / 2;
    (0..half).for_each(|number| tx.send(number).expect("the consumer lives"));
    println!("ready");
    io::stdin().read_line(&mut String::new())?;
    (half..messages).for_each(|number| tx.send(number).expect("the consumer lives"));
    drop(tx);
    let received = consumer.join().expect("the consumer does not panic");
    println!("received {received}");
    Ok(())
}
