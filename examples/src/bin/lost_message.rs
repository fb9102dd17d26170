//! The lost message: `send` was `Ok`, and nobody ever receives it.
//!
//! The thread `writer` sends five letters; all five times `send` says `Ok`. The main thread
//! reads two, and drops the receiver: the other three are dropped with it. `Ok` means
//! "it is in the queue", and not "it has arrived". Only who sends *after* the receiver
//! is gone is told, and gets the letter back.
//!
//! Look for: three messages in flight that end as `never received`, and the recorder's
//! summary, which counts them. Then `send (disconnected)` on the main thread.
//!
//! Think about: how can a sender know that its message was handled? (`request_reply` is one
//! answer; `rendezvous` is half of one: why only half?)
//!
//! Change: take the limit of two out of the loop. Why does the program hang now?

use std::io;

use instrumented::sync::mpsc::{self, SendError};
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("letters").channel();

    let letters = tx.clone();
    let writer = thread::Builder::new().name("writer".into()).spawn(move || {
        for number in 1..=5 {
            letters.send(number).expect("the receiver is still there");
        }
    })?;
    writer.join().expect("the writer does not panic");
    println!("5 letters were sent");

    for letter in rx.iter().take(2) {
        println!("read letter {letter}");
    }
    drop(rx);

    match tx.send(6) {
        Ok(()) => println!("never printed"),
        Err(SendError(letter)) => println!("letter {letter} came back: nobody is there"),
    }
    Ok(())
}
