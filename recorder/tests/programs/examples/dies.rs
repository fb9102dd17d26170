//! `dies SIGNAL`: moves 5 messages, prints `dies of SIGNAL` (a number), and does.
//!
//! 3 of the messages are received. A signal that does not kill leads to status 4.
#![allow(unsafe_code)]

use std::process;

use instrumented::sync::mpsc;
use recorder_test_programs::argument;

fn main() {
    let signal: libc::c_int = argument(1, "SIGNAL");
    let (tx, rx) = mpsc::named("last words").channel();
    (0..5).for_each(|number| tx.send(number).expect("rx lives"));
    assert_eq!(rx.iter().take(3).count(), 3);
    println!("dies of {signal}");
    // std ignores or handles some signals.
    // SAFETY: installs no handler of ours.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: has no precondition.
    unsafe { libc::raise(signal) };
    eprintln!("survived {signal}");
    process::exit(4);
}
