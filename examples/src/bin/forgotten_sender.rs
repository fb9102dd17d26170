//! The forgotten sender, a bug that hangs for ever: the receiver waits in vain for a message.
//!
//! Three workers send one message each, through clones of `tx`, and end. The main thread
//! receives all three, and its loop waits for more: `tx` itself lives until the end of
//! `main`, so another message *could* arrive. End the program with Ctrl-C, or start it with
//! the recorder's `--timeout`.
//!
//! Look for: the last `recv` on the main thread, a wait without an end, while the channel
//! still has one live sender. Which thread holds it?
//!
//! Think about: where must `drop(tx)` stand for the program to end? How could the loop be
//! written so that it needs no drop?
//!
//! Change: add the drop (as in `fan_in`), and see how the last wait ends.

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

const WORKERS: usize = 3;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("results").channel();

    for number in 1..=WORKERS {
        let tx = tx.clone();
        let name = format!("worker {number}");
        thread::Builder::new().name(name).spawn(move || {
            // The results arrive one after the other.
            work(Duration::from_millis(3 * number as u64));
            tx.send(number * 10).expect("main receives");
        })?;
    }

    let mut received = 0;
    for result in rx {
        println!("received {result}");
        received += 1;
        if received == WORKERS {
            println!("That was all, but this program now hangs: `tx` is still alive in main.");
            println!("End it with Ctrl-C, or start it with the recorder's --timeout.");
        }
    }
    println!("never printed");
    Ok(())
}
