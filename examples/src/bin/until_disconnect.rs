//! Iterating until disconnect: a loop over a channel ends when its last sender is dropped.
//!
//! The thread `rocket` counts down and ends, which drops its sender. The main thread does
//! not need to know how many messages there will be: `for number in &rx` receives each
//! message, waits while the channel is empty, and ends after the last one. No message is
//! lost: those in the queue are received first.
//!
//! Look for: `drop sender` on the track of `rocket`, and right after it `recv
//! (disconnected)` on the main thread, which ends the loop.
//!
//! Think about: instead, the last message could be a special value that means "the end".
//! Why is the dropped sender the better signal?
//!
//! Change: make `rocket` panic in the middle of the countdown. Does the loop still end?

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("countdown").channel();

    let rocket = thread::Builder::new().name("rocket".into()).spawn(move || {
        for number in (1..=5).rev() {
            tx.send(number).expect("main receives");
            // The pace of the countdown.
            thread::sleep(Duration::from_millis(2));
        }
        // tx is dropped here, because the closure owns it.
    })?;

    for number in &rx {
        println!("{number}");
    }
    println!("lift-off; from now on recv returns {:?}", rx.recv());

    rocket.join().expect("the rocket does not panic");
    Ok(())
}
