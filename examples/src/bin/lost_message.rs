//! The lost message: `send` returned `Ok`, and yet the message is never received.
//!
//! Anna sends five letters, and each `send` returns `Ok`. The main thread reads two of them and
//! drops the receiver. The other three are dropped with it: `Ok` means "it is on the belt".
//!
//! Look for: three messages that are never received, and the line in which the recorder counts
//! them.
//!
//! Questions and changes: examples/course/lost_message.md

use std::io;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("letters").channel();

    let anna = thread::Builder::new().name("anna".into()).spawn(move || {
        for letter in ["rent", "love", "bill", "card", "news"] {
            sender.send(letter).expect("main has the receiver");
        }
        println!("anna sent five letters");
    })?;
    anna.join().expect("anna does not panic");

    for letter in receiver.iter().take(2) {
        println!("main read the letter {letter:?}");
    }
    drop(receiver);
    println!("main has left");
    Ok(())
}
