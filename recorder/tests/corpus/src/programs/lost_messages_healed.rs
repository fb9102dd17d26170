//! A receiver that takes all that was sent.

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
    for order in &rx {
        println!("{order}");
    }
    drop(rx);
}
