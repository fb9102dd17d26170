//! Uses channels in two functions that run when the process exits, of which one was
//! registered before the first channel was made and one after it.
//!
//! Each passes three messages on a channel that it makes, `exit`, and says so.

use instrumented::sync::mpsc;

extern "C" fn pass() {
    let (tx, rx) = mpsc::named("exit").channel();
    for number in 0..3 {
        tx.send(number).expect("rx lives");
        assert_eq!(rx.recv(), Ok(number));
    }
    println!("passed three at exit");
}

#[allow(unsafe_code, reason = "libc has no other interface")]
fn register() {
    // SAFETY: `pass` is a function of the type that is asked for, and does not unwind out of
    // itself: an `extern "C"` function aborts instead.
    assert_eq!(unsafe { libc::atexit(pass) }, 0);
}

fn main() {
    register();
    let (tx, rx) = mpsc::named("main").channel();
    tx.send(1).expect("rx lives");
    assert_eq!(rx.recv(), Ok(1));
    register();
}
