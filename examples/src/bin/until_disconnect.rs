//! The end of the belt: a loop over a channel ends when its last sender is dropped.
//!
//! Anna counts down from 50 in tens and ends, which drops her sender. The main thread does not
//! need to know how many numbers there will be: `for number in &receiver` receives each, waits
//! while the channel is empty, and ends after the last.
//!
//! Look for: `drop sender` in the line of Anna, and right after it `recv (disconnected)` in that
//! of main, which ends the loop.
//!
//! Questions and a change: examples/course/until_disconnect.md

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("countdown").channel();

    let anna = thread::Builder::new().name("anna".into()).spawn(move || {
        for number in [50, 40, 30, 20, 10] {
            sender.send(number).expect("main has the receiver");
            // The pace of the countdown.
            thread::sleep(Duration::from_millis(2));
        }
        // The sender is dropped here, because it belongs to Anna.
    })?;

    for number in &receiver {
        println!("{number}");
    }
    println!("lift-off; from now on recv returns {:?}", receiver.recv());

    anna.join().expect("anna does not panic");
    Ok(())
}
