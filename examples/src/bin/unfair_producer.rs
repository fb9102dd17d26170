//! The unfair producer: one that sends without a pause makes all others wait behind it.
//!
//! A channel is one queue: first come, first served. Greedy Gustav puts thirty orders into it
//! before modest Mia adds her only one. The cook (the main thread) serves the orders in this
//! sequence, so Mia waits until all of Gustav's are cooked.
//!
//! Look for: the long time in the queue of Mia's order. Its latency is the largest of all, although
//! her `send` took no time and no thread was ever blocked.
//!
//! Questions and a change: examples/course/unfair_producer.md

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("orders").channel();

    let gustavs = sender.clone();
    let gustav = thread::Builder::new().name("gustav".into()).spawn(move || {
        for _ in 0..30 {
            gustavs.send("stew").expect("the cook receives");
        }
    })?;
    // Mia starts after Gustav has ordered, so that every run is the same.
    gustav.join().expect("gustav does not panic");
    let mia = thread::Builder::new().name("mia".into()).spawn(move || {
        sender.send("soup").expect("the cook receives");
    })?;

    for (served, order) in receiver.iter().enumerate() {
        // The time to cook.
        work(Duration::from_millis(1));
        if order == "soup" {
            println!("mia was served after {served} others");
        }
    }

    mia.join().expect("mia does not panic");
    Ok(())
}
