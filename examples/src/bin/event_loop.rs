//! An event loop with shutdown: one thread waits for all events, and one event ends it.
//!
//! A thread cannot wait for two channels at once. So all sources of events share one: the
//! `keyboard` sends keys, the `clock` sends ticks, and the main thread handles them one by one. On
//! `Quit` it leaves its loop and drops the receiver. The other threads notice that because their
//! `send` fails, and end.
//!
//! Look for: keys and ticks interleaved on one channel. At the end `drop receiver` in main, and
//! after it `send (disconnected)` in `clock`.
//!
//! Questions and a change: examples/course/event_loop.md

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

enum Event {
    Key(char),
    Tick,
    Quit,
}

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("events").channel();

    let keys = sender.clone();
    let keyboard = thread::Builder::new().name("keyboard".into()).spawn(move || {
        for key in "hello".chars() {
            keys.send(Event::Key(key)).expect("main has not quit");
            // The pause between two keys.
            thread::sleep(Duration::from_millis(4));
        }
        keys.send(Event::Quit).expect("main has not quit");
    })?;
    let clock = thread::Builder::new().name("clock".into()).spawn(move || {
        // Ends when the receiver has been dropped.
        while sender.send(Event::Tick).is_ok() {
            thread::sleep(Duration::from_millis(3));
        }
    })?;

    let mut typed = String::new();
    for event in receiver {
        match event {
            Event::Key(key) => typed.push(key),
            // A program with a window would update an animation here.
            Event::Tick => {}
            Event::Quit => break,
        }
    }
    println!("typed {typed:?}");

    keyboard.join().expect("the keyboard does not panic");
    clock.join().expect("the clock does not panic");
    Ok(())
}
