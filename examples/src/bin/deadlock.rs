//! The deadlock of two full bounds: each waits until the other makes room.
//!
//! Two clerks pass forms to each other, over two channels with room for two forms each.
//! Each wants to get rid of all three of its own before it takes any. After two the
//! channels are full, and both wait in `send`: for room that only a `recv` could make,
//! which neither reaches. End the program with Ctrl-C, or start it with `--timeout 1s`.
//!
//! Look for: two bars `send … (full)` without an end, side by side. Follow them: who could
//! end the one wait? What does that thread do? This circle is the deadlock.
//!
//! Think about: would a bound of three help? And if each has four forms?
//!
//! Change: let each clerk take a form for each that it passes. Then try larger bounds: the
//! bug is still there, and only shows itself later.

use std::io;

use instrumented::sync::mpsc::{self, Receiver, SyncSender};
use instrumented::thread;

const BOUND: usize = 2;
const FORMS: usize = BOUND + 1;

fn main() -> io::Result<()> {
    let (to_ben, from_anna) = mpsc::named("anna to ben").sync_channel(BOUND);
    let (to_anna, from_ben) = mpsc::named("ben to anna").sync_channel(BOUND);

    let anna = clerk("anna", to_ben, from_ben)?;
    let ben = clerk("ben", to_anna, from_anna)?;
    println!("anna and ben pass {FORMS} forms each, and have room for {BOUND}");

    anna.join().expect("anna does not panic");
    ben.join().expect("ben does not panic");
    println!("never printed");
    Ok(())
}

/// A thread that passes all its forms on, and then takes as many.
fn clerk(
    name: &str,
    out: SyncSender<usize>,
    inbox: Receiver<usize>,
) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(name.into()).spawn(move || {
        for form in 1..=FORMS {
            out.send(form).expect("the other clerk is there");
        }
        for _ in 1..=FORMS {
            inbox.recv().expect("the other clerk passes its forms");
        }
    })
}
