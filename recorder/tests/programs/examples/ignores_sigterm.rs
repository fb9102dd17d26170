//! Ignores SIGTERM and waits for a message that never comes. Prints `ready` before.
#![allow(unsafe_code)]

use instrumented::sync::mpsc;

fn main() {
    // SAFETY: installs no handler of ours.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
    let (tx, rx) = mpsc::named("silence").channel::<()>();
    println!("ready");
    rx.recv().expect("tx lives");
    drop(tx);
}
