//! Iterating until disconnect: a loop over a channel ends when its last sender is gone.
//!
//! The thread `rocket` counts down and ends, and with it its sender. The main thread does
//! not know how many messages there will be, and need not: `for number in &rx` takes what
//! comes, waits while there is nothing, and ends after the last. Nothing that was sent
//! before is lost by it: the queue is emptied first.
//!
//! Look for: `drop sender` on the track of `rocket`, and right after it `recv
//! (disconnected)` on the main thread: this is how the loop learns that it is over.
//!
//! Think about: the last message of a list could be a special one that says "the end".
//! Why is the dropped sender the better sign?
//!
//! Change: let `rocket` panic in the midst of the countdown. Does the loop still end?

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("countdown").channel();

    let rocket = thread::Builder::new().name("rocket".into()).spawn(move || {
        for number in (1..=5).rev() {
            tx.send(number).expect("main lives");
            // Only shows time: a countdown takes some.
            thread::sleep(Duration::from_millis(2));
        }
        // Here tx is dropped, for it belongs to this closure.
    })?;

    for number in &rx {
        println!("{number}");
    }
    println!("lift-off; from now on recv returns {:?}", rx.recv());

    rocket.join().expect("the rocket does not panic");
    Ok(())
}
