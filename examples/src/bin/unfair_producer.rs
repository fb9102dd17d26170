//! The unfair producer: one that sends without a pause makes all others wait behind it.
//!
//! A channel is one queue: first come, first served. `greedy` puts thirty orders into it
//! before `modest` adds its only one. The cook (the main thread) serves orders in this
//! sequence, so modest's single order takes as long as all of greedy's together.
//!
//! Look for: the long time in flight of modest's message. Its `recv` has the largest latency
//! of all (click on it), although its `send` took no time and no thread was ever blocked.
//!
//! Think about: nothing here is slow and nothing is broken. Would a bound help modest? What
//! if each had a channel of its own, and the cook received from them in turn?
//!
//! Change: build that: two channels, and `try_recv` from each in turn. How long does modest
//! wait now, and at whose expense?

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("orders").channel();

    let orders = tx.clone();
    let greedy = thread::Builder::new().name("greedy".into()).spawn(move || {
        for _ in 0..30 {
            orders.send("greedy").expect("the cook receives");
        }
    })?;
    // Modest starts after greedy has ordered, so that every run is the same.
    greedy.join().expect("greedy does not panic");
    let modest = thread::Builder::new().name("modest".into()).spawn(move || {
        tx.send("modest").expect("the cook receives");
    })?;

    for (served, order) in rx.iter().enumerate() {
        // The time to cook.
        work(Duration::from_millis(1));
        if order == "modest" {
            println!("modest was served after {served} others");
        }
    }

    modest.join().expect("modest does not panic");
    Ok(())
}
