//! The first channel: a conveyor belt between two workers.
//!
//! Anna puts the number 1 on the belt. The main thread waits at the other end, takes the number
//! off, and prints it.
//!
//! Look for: the arrow from Anna's `send` to the `recv` of main, and the wait of main before it.
//!
//! Questions and a change: examples/course/hello_channel.md

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    // A belt and its two ends. With std this is `mpsc::channel()`; here the belt has a name, too.
    let (sender, receiver) = mpsc::named("belt").channel();

    // `move` hands Anna what she uses: the sender is hers now.
    let anna = thread::Builder::new().name("anna".into()).spawn(move || {
        // So main is at its end of the belt first.
        thread::sleep(Duration::from_millis(2));
        sender.send(1).expect("main has the receiver");
    })?;

    let number = receiver.recv().expect("anna sends a number");
    println!("main received {number}");
    anna.join().expect("anna does not panic");
    Ok(())
}
