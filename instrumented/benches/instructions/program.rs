//! The program that is counted: operations of one kind, in groups, with a mark before each.
//!
//! A thread that records reads both clocks once a millisecond, and a program is some fifty
//! times slower while it is counted. The mark waits for longer than that: so there is one
//! such reading in each group, and it falls out of the difference of two groups' lengths.

use std::hint::black_box;
use std::path::Path;
use std::sync as plain;
use std::thread;
use std::time::Duration;

use instrumented::{recording, sync as ours};

use crate::Result;

/// Over a millisecond.
const PAUSE: Duration = Duration::from_millis(2);

/// What is counted.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Send,
    Receive,
    /// A mutex is locked and unlocked.
    Lock,
}

impl Operation {
    pub(crate) const ALL: [Operation; 3] = [Operation::Send, Operation::Receive, Operation::Lock];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::Send => "send",
            Operation::Receive => "receive",
            Operation::Lock => "lock and unlock",
        }
    }
}

/// What [`run`] does.
pub(crate) struct Task {
    /// The channel, or the mutex, is std's own.
    pub(crate) std: bool,
    pub(crate) operation: Operation,
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
    match (task.std, task.operation) {
        (true, Operation::Lock) => {
            let mutex = plain::Mutex::new(0);
            grouped(task, |number| lock_plain(&mutex, number));
        }
        (false, Operation::Lock) => {
            let mutex = ours::Mutex::new(0);
            grouped(task, |number| lock_ours(&mutex, number));
        }
        (true, operation) => {
            let (tx, rx) = plain::mpsc::channel();
            if matches!(operation, Operation::Receive) {
                (0..operations).for_each(|number| assert!(send_plain(&tx, number)));
                grouped(task, |_| receive_plain(&rx));
            } else {
                grouped(task, |number| send_plain(&tx, number));
            }
        }
        (false, operation) => {
            let (tx, rx) = ours::mpsc::channel();
            if matches!(operation, Operation::Receive) {
                (0..operations).for_each(|number| assert!(send_ours(&tx, number)));
                grouped(task, |_| receive_ours(&rx));
            } else {
                grouped(task, |number| send_ours(&tx, number));
            }
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
fn send_plain(tx: &plain::mpsc::Sender<u64>, number: u64) -> bool {
    tx.send(number).is_ok()
}

#[inline(never)]
fn receive_plain(rx: &plain::mpsc::Receiver<u64>) -> Option<u64> {
    rx.recv().ok()
}

#[inline(never)]
fn send_ours(tx: &ours::mpsc::Sender<u64>, number: u64) -> bool {
    tx.send(number).is_ok()
}

#[inline(never)]
fn receive_ours(rx: &ours::mpsc::Receiver<u64>) -> Option<u64> {
    rx.recv().ok()
}

#[inline(never)]
fn lock_plain(mutex: &plain::Mutex<u64>, number: u64) -> bool {
    mutex.lock().map(|mut sum| *sum ^= number).is_ok()
}

#[inline(never)]
fn lock_ours(mutex: &ours::Mutex<u64>, number: u64) -> bool {
    mutex.lock().map(|mut sum| *sum ^= number).is_ok()
}
