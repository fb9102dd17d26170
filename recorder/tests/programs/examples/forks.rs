//! `forks [exit]`: forks after its first messages; both processes go on with channels.
//!
//! Before the fork 10 messages are sent and 5 received. The parent then moves 1000
//! through the same channel, `before`. The child does so too with its copy, moves 1000
//! through a channel of its own, `after`, and ends by `_exit(0)`, with the argument
//! `exit` by returning from `main`. Prints `parent PID`, `child PID` (a line of the
//! child's), then `parent received 1010` and `child ended with 0`.
#![allow(unsafe_code)]

use std::env;
use std::io;
use std::process;

use instrumented::sync::mpsc::{self, Receiver, Sender};
use recorder_test_programs::spawn;

const AFTER: usize = 1000;

fn main() -> io::Result<()> {
    let exits = env::args().nth(1).is_some_and(|argument| argument == "exit");
    println!("parent {}", process::id());
    let (tx, rx) = mpsc::named("before").channel();
    (0..10).for_each(|number| tx.send(number).expect("rx lives"));
    let received = (&rx).into_iter().take(5).count();

    // SAFETY: this process has one thread, so the child may do whatever it wants.
    let child = unsafe { libc::fork() };
    if child < 0 {
        return Err(io::Error::last_os_error());
    }
    if child == 0 {
        in_child(tx, rx);
        if !exits {
            // SAFETY: has no precondition; nothing that is skipped is needed here.
            unsafe { libc::_exit(0) };
        }
        return Ok(());
    }

    let received = received + move_through(tx, rx);
    let mut status = 0;
    // SAFETY: `status` may be written to.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    if waited != child {
        return Err(io::Error::last_os_error());
    }
    println!("parent received {received}");
    if libc::WIFEXITED(status) {
        println!("child ended with {}", libc::WEXITSTATUS(status));
    } else {
        println!("child ended by signal {}", libc::WTERMSIG(status));
    }
    Ok(())
}

fn in_child(tx: Sender<usize>, rx: Receiver<usize>) {
    println!("child {}", process::id());
    assert_eq!(move_through(tx, rx), 5 + AFTER);
    let (tx, rx) = mpsc::named("after").channel();
    assert_eq!(move_through(tx, rx), AFTER);
}

/// From a thread of its own to this one. Returns how many were received.
fn move_through(tx: Sender<usize>, rx: Receiver<usize>) -> usize {
    let sender = spawn("sender", move || {
        (0..AFTER).for_each(|number| tx.send(number).expect("rx lives"));
    });
    let received = rx.into_iter().count();
    sender.join().expect("the sender does not panic");
    received
}
