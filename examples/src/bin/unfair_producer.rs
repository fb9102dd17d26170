//! The unfair producer: who sends without a pause makes all others wait behind it.
//!
//! A channel is one queue, first come, first served. `greedy` has put thirty orders into it
//! before `modest` comes with its one. The cook (the main thread) serves them in their
//! order, so modest's single order takes as long as all of greedy's together.
//!
//! Look for: the long flight of modest's message. Its `recv` has the largest latency of
//! all (click on it), though `send` took no time and nobody was ever blocked.
//!
//! Think about: nothing here is slow and nothing is broken. Would a bound help modest? What
//! if each had a channel of its own, from which the cook takes in turn?
//!
//! Change: build that: two channels and `try_recv` from one after the other. How long does
//! modest wait now, and who pays for it?

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("orders").channel();

    let orders = tx.clone();
    let greedy = thread::Builder::new().name("greedy".into()).spawn(move || {
        for _ in 0..30 {
            orders.send("greedy").expect("the cook is there");
        }
    })?;
    // Modest comes when greedy has ordered: the picture is the same every time.
    greedy.join().expect("greedy does not panic");
    let modest = thread::Builder::new().name("modest".into()).spawn(move || {
        tx.send("modest").expect("the cook is there");
    })?;

    for (served, order) in rx.iter().enumerate() {
        // Only shows time: cooking takes some.
        thread::sleep(Duration::from_millis(1));
        if order == "modest" {
            println!("modest was served after {served} others");
        }
    }

    modest.join().expect("modest does not panic");
    Ok(())
}
