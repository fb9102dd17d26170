//! `opposite_order`, with both locks in the same order everywhere.

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
            let mut stock = stock.lock().expect("nobody has panicked");
            *orders.lock().expect("nobody has panicked") += 1;
            *stock -= 1;
        }
    });
    jitter();
    let mut stock = stock.lock().expect("nobody has panicked");
    jitter();
    *orders.lock().expect("nobody has panicked") -= 1;
    *stock += 1;
    drop(stock);
    clerk.join().expect("it does not panic");
}
