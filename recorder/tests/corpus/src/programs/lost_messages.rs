//! A receiver that takes the first three and goes, while more are queued for it.
//!
//! Heals it: the receiver takes all there are.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("orders").channel();
    let shop = spawn("shop", move || {
        for order in 0..10 {
            jitter();
            tx.send(order).expect("main lives");
        }
    });
    shop.join().expect("it does not panic");
    // HERE
    for order in rx.iter().take(3) {
        println!("{order}");
    }
    drop(rx);
}
