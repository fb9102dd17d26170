//! Ownership moves with the message: a sent value belongs to the receiver, and to no one else.
//!
//! The thread `packer` fills a crate of a million bytes and sends it. The bytes stay where
//! they are in memory: only their ownership moves through the channel. The packer can no
//! longer access the crate, so the main thread may open it without asking anyone.
//!
//! Look for: one message, and how little time it takes. `send` and `recv` are as short as
//! for a single number.
//!
//! Think about: two threads use the same bytes, one after the other, without a lock. What
//! ensures that they never use them at the same time, and when is that checked?
//!
//! Change: use `goods` once more after the `send`, build it, and read the error message of
//! the compiler. Then send `goods.clone()`: the program builds, and prints `moved`.

use std::io;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("crates").channel();

    let packer = thread::Builder::new().name("packer".into()).spawn(move || {
        let goods = vec![7u8; 1_000_000];
        let packed_at = goods.as_ptr().addr();
        tx.send(goods).expect("main receives");
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
