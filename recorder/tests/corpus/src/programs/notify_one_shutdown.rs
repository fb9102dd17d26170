//! Three threads wait for one flag, and `notify_one` wakes one of them.
//!
//! With the argument `healed`: `notify_all`.
//!
//! After <https://github.com/softprops/waitout/issues/2>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::time::Duration;

use instrumented::sync::{Arc, Condvar, Mutex};
use instrumented::thread;

#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let gate = Arc::new(Gate::default());
    let waiters: Vec<_> = (0..3)
        .map(|number| {
            let gate = gate.clone();
            thread::Builder::new()
                .name(format!("waiter-{number}"))
                .spawn(move || {
                    let mut open = gate.open.lock().unwrap();
                    while !*open {
                        open = gate.opened.wait(open).unwrap(); // HERE
                    }
                })
                .unwrap()
        })
        .collect();
    thread::sleep(Duration::from_millis(50));
    *gate.open.lock().unwrap() = true;
    if healed {
        gate.opened.notify_all();
    } else {
        gate.opened.notify_one(); // HERE
    }
    for waiter in waiters {
        waiter.join().unwrap();
    }
}
