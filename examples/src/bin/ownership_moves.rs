//! Ownership moves with the message: a sent value belongs to the receiver, and to no one else.
//!
//! Anna fills a crate with a million bytes and sends it to the main thread. Both print where in
//! memory the bytes are: at the same place. Only their owner has changed.
//!
//! Look for: a single message, which takes as little time as a number would.
//!
//! Questions and changes: examples/course/ownership_moves.md

use std::io;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("belt").channel();

    let anna = thread::Builder::new().name("anna".into()).spawn(move || {
        let goods = vec![7u8; 1_000_000];
        let packed_at = goods.as_ptr().addr();
        sender.send(goods).expect("main has the receiver");
        packed_at
    })?;

    let goods = receiver.recv().expect("anna sends a crate");
    let packed_at = anna.join().expect("anna does not panic");

    println!("main received {} bytes", goods.len());
    let moved = if goods.as_ptr().addr() == packed_at { "stayed where they were" } else { "moved" };
    println!("the bytes {moved}");
    Ok(())
}
