//! The program that is counted: operations of one kind, in groups, with a mark before each.
//!
//! A thread that records reads both clocks once a millisecond, and a program is some fifty
//! times slower while it is counted. The mark waits for longer than that: so there is one
//! such reading in each group, and it falls out of the difference of two groups' lengths.

use std::hint::black_box;
use std::path::Path;
use std::sync::mpsc as plain;
use std::thread;
use std::time::Duration;

use instrumented::{recording, sync::mpsc as ours};

use crate::Result;

/// Over a millisecond.
const PAUSE: Duration = Duration::from_millis(2);

/// What [`run`] does.
pub(crate) struct Task {
    /// The channel is std's own.
    pub(crate) std: bool,
    /// The operations are receives.
    pub(crate) receive: bool,
    pub(crate) groups: u64,
    /// Operations in a group.
    pub(crate) length: u64,
}

/// Runs the task; records into `recording` if there is one.
pub(crate) fn run(task: &Task, recording: Option<&Path>) -> Result<()> {
    if let Some(path) = recording {
        recording::start(path)?;
    }
    let operations = task.groups * task.length;
    if task.std {
        let (tx, rx) = plain::channel();
        if task.receive {
            (0..operations).for_each(|number| assert!(send_plain(&tx, number)));
            grouped(task, |_| receive_plain(&rx));
        } else {
            grouped(task, |number| send_plain(&tx, number));
        }
    } else {
        let (tx, rx) = ours::channel();
        if task.receive {
            (0..operations).for_each(|number| assert!(send_ours(&tx, number)));
            grouped(task, |_| receive_ours(&rx));
        } else {
            grouped(task, |number| send_ours(&tx, number));
        }
    }
    Ok(())
}

#[inline(always)]
fn grouped<T>(task: &Task, operation: impl Fn(u64) -> T) {
    for group in 0..task.groups {
        mark();
        for number in 0..task.length {
            black_box(operation(black_box(group + number)));
        }
    }
    mark();
}

/// At its begin the count so far is written down.
#[inline(never)]
fn mark() {
    thread::sleep(PAUSE);
}

// Functions of their own, so that their machine code can be compared.

#[inline(never)]
fn send_plain(tx: &plain::Sender<u64>, number: u64) -> bool {
    tx.send(number).is_ok()
}

#[inline(never)]
fn receive_plain(rx: &plain::Receiver<u64>) -> Option<u64> {
    rx.recv().ok()
}

#[inline(never)]
fn send_ours(tx: &ours::Sender<u64>, number: u64) -> bool {
    tx.send(number).is_ok()
}

#[inline(never)]
fn receive_ours(rx: &ours::Receiver<u64>) -> Option<u64> {
    rx.recv().ok()
}
