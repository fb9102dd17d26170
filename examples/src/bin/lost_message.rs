//! The lost message: `send` returned `Ok`, but the message is never received.
//!
//! The thread `writer` sends five letters, and `send` returns `Ok` five times. The main thread
//! reads two letters and drops the receiver: the other three are dropped with it. `Ok` means
//! "it is in the queue", not "it has arrived". Only a `send` *after* the drop of the receiver
//! fails, and returns the letter.
//!
//! Look for: three messages in flight that end as `never received`, and the recorder's
//! summary, which counts them. Then `send (disconnected)` on the main thread.
//!
//! Think about: how can a sender know that its message was handled? (`request_reply` is one
//! answer; `rendezvous` is half of one: why only half?)
//!
//! Change: remove the limit of two from the loop. Why does the program hang now?

use std::io;

use instrumented::sync::mpsc::{self, SendError};
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("letters").channel();

    let letters = tx.clone();
    let writer = thread::Builder::new().name("writer".into()).spawn(move || {
        for number in 1..=5 {
            letters.send(number).expect("the receiver still exists");
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
