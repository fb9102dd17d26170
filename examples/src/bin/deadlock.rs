//! The deadlock of two full channels: each thread waits for the other to make room.
//!
//! Two clerks pass forms to each other, over two channels with room for two forms each.
//! Each clerk sends all three of its own forms before it receives any. After two forms the
//! channels are full, and both clerks wait in `send`, for room that only a `recv` of the
//! other could make, which neither reaches. End it with Ctrl-C or start it with `--timeout 1s`.
//!
//! Look for: two bars `send … (full)` without an end, side by side. Follow them: which thread
//! could end this wait, and what is it doing? This circle is the deadlock.
//!
//! Think about: would a bound of three help? And if each clerk has four forms?
//!
//! Change: let each clerk receive a form after each one that it sends. Then try larger bounds
//! in the original: the bug is still there, and only appears later.

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

/// Spawns a thread that sends all its forms, and then receives as many.
fn clerk(
    name: &str,
    out: SyncSender<usize>,
    inbox: Receiver<usize>,
) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(name.into()).spawn(move || {
        for form in 1..=FORMS {
            out.send(form).expect("the other clerk exists");
        }
        for _ in 1..=FORMS {
            inbox.recv().expect("the other clerk passes its forms");
        }
    })
}
