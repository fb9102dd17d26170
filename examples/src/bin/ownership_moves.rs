//! Ownership moves with the message: what was sent is the receiver's, and nobody else's.
//!
//! The thread `packer` fills a crate of a million bytes and sends it. The bytes stay where
//! they are in memory: what goes over the channel is the right to them. The packer cannot
//! look into the crate any more, so the main thread may open it without asking anybody.
//!
//! Look for: one message, and how little time it takes: `send` and `recv` are as short as
//! for a single number.
//!
//! Think about: two threads use the same bytes, one after the other, and there is no
//! lock. Who makes sure that they never use them at the same time, and when?
//!
//! Change: use `goods` once more after the `send`, build it, and read what the compiler
//! says. Then send `goods.clone()`: the program builds, and the last line says `moved`.

use std::io;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("crates").channel();

    let packer = thread::Builder::new().name("packer".into()).spawn(move || {
        let goods = vec![7u8; 1_000_000];
        let packed_at = goods.as_ptr().addr();
        tx.send(goods).expect("main lives");
        // From here on `goods` cannot be used: error[E0382], borrow of moved value.
        packed_at
    })?;

    let goods = rx.recv().expect("the packer sends a crate");
    let packed_at = packer.join().expect("the packer does not panic");

    println!("received {} bytes", goods.len());
    let moved = if goods.as_ptr().addr() == packed_at { "stayed where they were" } else { "moved" };
    println!("the bytes {moved}");
    Ok(())
}
