//! A consumer goes on after `recv` has failed, and spins once the sender is gone.
//!
//! With the argument `healed`: it leaves the loop.
//!
//! After <https://github.com/rust-lang/rust/issues/53974>, <https://github.com/lapce/lapce/pull/911>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let (tx, rx) = mpsc::channel::<u32>();
    thread::spawn(move || {
        let mut sum = 0;
        loop {
            // HERE
            match rx.recv() {
                Ok(number) => sum += number,
                Err(_) if healed => break,
                Err(_) => continue,
            }
        }
        println!("{sum}");
    });
    for number in 0..50 {
        tx.send(number).unwrap();
    }
    drop(tx);
    // The program has other work.
    thread::sleep(Duration::from_millis(800));
}
