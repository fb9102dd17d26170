//! Catches SIGINT: prints `interrupted` and ends with status 7. Prints `ready` before.
//!
//! Until then a thread, `ticker`, sends to the main thread through the channel `ticks`.
#![allow(unsafe_code)]

use std::io;
use std::mem;
use std::process::ExitCode;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_test_programs::spawn;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn interrupt(_signal: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

fn main() -> io::Result<ExitCode> {
    catch_sigint()?;
    let (tx, rx) = mpsc::named("ticks").channel();
    let ticker = spawn("ticker", move || {
        while tx.send(()).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    });
    rx.recv().expect("the ticker ticks");
    println!("ready");
    while !INTERRUPTED.load(Ordering::Relaxed) {
        rx.recv().expect("the ticker ticks");
    }
    drop(rx);
    ticker.join().expect("the ticker does not panic");
    println!("interrupted");
    Ok(ExitCode::from(7))
}

fn catch_sigint() -> io::Result<()> {
    // SAFETY: all zeros is a `sigaction`: no flags, no signals masked.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    let handler: extern "C" fn(libc::c_int) = interrupt;
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the handler has the signature that these flags ask for, and does nothing
    // but store to an atomic.
    let result = unsafe { libc::sigaction(libc::SIGINT, &raw const action, ptr::null_mut()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
