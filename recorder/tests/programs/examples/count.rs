//! `count MESSAGES PRODUCERS`: each producer sends that many messages to one consumer.
//!
//! Prints `sent N` and `received N`. The channel `numbers` is unbounded.

use instrumented::sync::mpsc;
use recorder_test_programs::{argument, spawn};

fn main() {
    let messages: u64 = argument(1, "MESSAGES");
    let producers: u64 = argument(2, "PRODUCERS");
    let (tx, rx) = mpsc::named("numbers").channel();
    let consumer = spawn("consumer", move || {
        rx.into_iter().fold((0_u64, 0_u64), |(count, sum), number| (count + 1, sum + number))
    });
    let threads: Vec<_> = (1..=producers)
        .map(|producer| {
            let tx = tx.clone();
            spawn(format!("producer {producer}"), move || {
                (0..messages).for_each(|number| tx.send(number).expect("the consumer lives"));
            })
        })
        .collect();
    drop(tx);
    for thread in threads {
        thread.join().expect("no producer panics");
    }
    let (count, sum) = consumer.join().expect("the consumer does not panic");
    assert_eq!(sum, producers * (messages * messages.saturating_sub(1) / 2));
    println!("sent {}", messages * producers);
    println!("received {count}");
}
