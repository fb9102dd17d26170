//! The first lesson: a channel is a conveyor belt between two workers.
//!
//! The thread `sender` puts the number 1 on the belt. The main thread waits at the other end
//! until the number arrives, and prints it. Nothing is shared and nothing is locked: an item
//! on the belt belongs to one worker at a time.
//!
//! Look for: `send` on the track of `sender`, and the arrow from it to the `recv` on the
//! main thread. The main thread waits until the arrow arrives.
//!
//! Think about: what would the main thread do if `sender` ended without sending?
//!
//! Change: remove the line with `send`, run the program again, and see what `recv` returns.

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    // The two ends of the belt: tx, the transmitter, and rx, the receiver. With std this is
    // `mpsc::channel()`; here the channel also has a name, for the trace.
    let (tx, rx) = mpsc::named("belt").channel();

    // The closure takes ownership of tx: from here on it belongs to the other thread.
    let sender = thread::Builder::new().name("sender".into()).spawn(move || {
        // Makes the wait long enough to be visible.
        thread::sleep(Duration::from_millis(2));
        tx.send(1).expect("the receiver exists");
    })?;

    let number = rx.recv().expect("the sender sends before it ends");
    println!("received {number}");

    sender.join().expect("the sender does not panic");
    Ok(())
}
