//! The first lesson: a channel is a conveyor belt between two workers.
//!
//! The thread `sender` puts the number 1 on the belt. The main thread stands at the
//! other end, waits until it arrives, and prints it. Nothing is shared and nothing is
//! locked: what goes over the belt belongs to one worker at a time.
//!
//! Look for: `send` on the track of `sender`, and the arrow from it to the `recv` on the
//! main thread. Just before the arrow lands the main thread is waiting.
//!
//! Think about: what would the main thread do if `sender` ended without sending?
//!
//! Change: take the line with `send` out, run it again, and see what `recv` returns.

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    // The two ends of the belt: tx, the transmitter, and rx, the receiver. In std it is
    // `mpsc::channel()`; here the belt has a name as well, for the picture.
    let (tx, rx) = mpsc::named("belt").channel();

    // The closure takes tx with it: from here on it belongs to the other thread.
    let sender = thread::Builder::new().name("sender".into()).spawn(move || {
        // Only shows time: the wait is long enough to be seen.
        thread::sleep(Duration::from_millis(2));
        tx.send(1).expect("the receiver lives");
    })?;

    let number = rx.recv().expect("the sender sends before it ends");
    println!("received {number}");

    sender.join().expect("the sender does not panic");
    Ok(())
}
