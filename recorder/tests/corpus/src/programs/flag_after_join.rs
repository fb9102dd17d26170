//! `main` joins a thread that runs until a flag is set, which `main` would do after the join.
//!
//! With the argument `healed`: the flag is set first.
//!
//! After <https://github.com/massalabs/massa/pull/3716>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use instrumented::sync::Arc;
use instrumented::thread;

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let stop = Arc::new(AtomicBool::new(false));
    let seen = stop.clone();
    let poller = thread::Builder::new()
        .name("poller".into())
        .spawn(move || {
            let mut turns = 0;
            while !seen.load(Ordering::Acquire) {
                turns += 1;
                thread::sleep(Duration::from_millis(10)); // HERE
            }
            turns
        })
        .unwrap();
    thread::sleep(Duration::from_millis(50));
    if healed {
        stop.store(true, Ordering::Release);
    }
    println!("{}", poller.join().unwrap()); // HERE
    stop.store(true, Ordering::Release);
}
