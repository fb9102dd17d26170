//! Forks while it holds a mutex, in a scope and in an initialiser; both processes go on.
//!
//! Prints `child ended with 0` and, in the parent, `parent done`.
#![allow(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io;
use std::panic;
use std::time::Duration;

use instrumented::Name;
use instrumented::sync::{Barrier, Condvar, Mutex, Once};
use instrumented::thread;

static MUTEX: Mutex<u32> = Mutex::new(0);
static ONCE: Once = Once::new();

fn main() -> io::Result<()> {
    MUTEX.set_name("mutex");
    ONCE.set_name("once");
    let mut child = 0;
    thread::scope(|_| {
        let mut guard = MUTEX.lock().unwrap();
        ONCE.call_once(|| {
            // SAFETY: this process has one thread, so the child may do whatever it wants.
            child = unsafe { libc::fork() };
        });
        *guard += 1;
    });
    match child {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            everything();
            // SAFETY: has no precondition; nothing that is skipped is needed here.
            unsafe { libc::_exit(0) }
        }
        child => {
            let mut status = 0;
            // SAFETY: `status` may be written to.
            if unsafe { libc::waitpid(child, &raw mut status, 0) } != child {
                return Err(io::Error::last_os_error());
            }
            assert!(libc::WIFEXITED(status), "{status}");
            println!("child ended with {}", libc::WEXITSTATUS(status));
            drop(MUTEX.lock());
            println!("parent done");
            Ok(())
        }
    }
}

/// What a recording would show.
fn everything() {
    *MUTEX.lock().unwrap() += 1;
    let condvar = Condvar::new();
    let waited = condvar.wait_timeout(MUTEX.lock().unwrap(), Duration::from_millis(1)).unwrap();
    assert!(waited.1.timed_out());
    drop(waited);
    condvar.notify_all();
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| barrier.wait());
        barrier.wait();
    });
    thread::current().unpark();
    thread::park();
    thread::sleep(Duration::from_millis(1));
    panic::set_hook(Box::new(|_| ()));
    assert!(panic::catch_unwind(|| panic!("in the child")).is_err());
    assert!(thread::spawn(|| panic!("in its thread")).join().is_err());
    MUTEX.set_name("the child's");
}
