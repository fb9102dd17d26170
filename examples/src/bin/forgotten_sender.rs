//! The forgotten sender: main waits for ever, for a message that only main itself could send.
//!
//! Anna, Ben and Carla send a result each, through clones of `sender`, and end. The main thread
//! receives all three. Its loop waits for more, because `sender` itself is still alive in main.
//! The program hangs: end it with Ctrl-C, or start it with the recorder's `--timeout 1s`.
//!
//! Look for: the last `recv` of main, a wait that never ends, while one sender is alive.
//!
//! Questions and changes that heal it: examples/course/forgotten_sender.md

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("results").channel();

    for (name, result) in [("anna", 10), ("ben", 20), ("carla", 30)] {
        let sender = sender.clone();
        thread::Builder::new().name(name.into()).spawn(move || {
            // The results arrive one after the other.
            thread::sleep(Duration::from_micros(300 * result));
            sender.send(result).expect("main has the receiver");
        })?;
    }

    for result in receiver {
        println!("main received {result}");
    }
    println!("that was all");
    Ok(())
}
