//! The deadlock of two full channels: each worker waits until the other makes room.
//!
//! Anna and Ben pass three forms to each other, over two channels with room for two forms each.
//! Each sends all forms before receiving any. After two forms the channels are full. Both wait in
//! `send`, for room that only a `recv` of the other could make.
//! The program hangs: end it with Ctrl-C, or start it with the recorder's `--timeout 1s`.
//!
//! Look for: two waits in `send` that never end, and below them who waits for whom: a circle, which
//! is the deadlock.
//!
//! Questions and changes, one of which heals it: examples/course/deadlock.md

use std::io;

use instrumented::sync::mpsc::{self, Receiver, SyncSender};
use instrumented::thread;

const ROOM: usize = 2;
const FORMS: [&str; 3] = ["tax", "visa", "loan"];

fn main() -> io::Result<()> {
    let (to_ben, from_anna) = mpsc::named("anna to ben").sync_channel(ROOM);
    let (to_anna, from_ben) = mpsc::named("ben to anna").sync_channel(ROOM);

    let anna = clerk("anna", to_ben, from_ben)?;
    let ben = clerk("ben", to_anna, from_anna)?;

    anna.join().expect("anna does not panic");
    ben.join().expect("ben does not panic");
    println!("all forms have arrived");
    Ok(())
}

/// Spawns a thread that sends all forms, and then receives as many.
fn clerk(
    name: &str,
    sender: SyncSender<&'static str>,
    receiver: Receiver<&'static str>,
) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(name.into()).spawn(move || {
        for form in FORMS {
            sender.send(form).expect("the other clerk has the receiver");
        }
        for _ in FORMS {
            receiver.recv().expect("the other clerk sends as many");
        }
    })
}
