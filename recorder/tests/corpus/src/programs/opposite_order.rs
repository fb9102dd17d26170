//! Two threads take two locks in opposite orders, one of them always later: because of a pause, which
//! keeps nothing in order.

use std::time::Duration;

use instrumented::sync::{Arc, Mutex};
use instrumented::thread;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (stock, orders) = (Arc::new(Mutex::new(9)), Arc::new(Mutex::new(0)));
    let clerk = spawn("clerk", {
        let (stock, orders) = (stock.clone(), orders.clone());
        move || {
            thread::sleep(Duration::from_millis(400));
            let mut orders = orders.lock().expect("nobody has panicked"); // HERE
            *stock.lock().expect("nobody has panicked") -= 1;
            *orders += 1;
        }
    });
    jitter();
    let mut stock = stock.lock().expect("nobody has panicked"); // HERE
    jitter();
    *orders.lock().expect("nobody has panicked") -= 1;
    *stock += 1;
    drop(stock);
    clerk.join().expect("it does not panic");
}
