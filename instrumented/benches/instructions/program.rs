//! The counted program: operations of one kind, in groups, with a mark before each group.
//!
//! A thread that records reads both clocks once a millisecond, and valgrind makes a program about
//! fifty times slower. The mark lasts longer than a millisecond, so each group contains exactly one
//! such reading, which cancels out in the difference between groups of different lengths.

use std::hint::black_box;
use std::path::Path;
use std::sync as plain;
use std::thread;
use std::time::Duration;

use instrumented::{recording, sync as wrapped};

use crate::Result;

/// Duration of a mark: more than a millisecond.
const MARK: Duration = Duration::from_millis(2);

/// The counted operation.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Send,
    Receive,
    /// The lock and unlock of a mutex.
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

/// The work of [`run`].
pub(crate) struct Task {
    /// Whether the channel or mutex is std's own.
    pub(crate) std: bool,
    pub(crate) operation: Operation,
    pub(crate) groups: u64,
    /// Operations in a group.
    pub(crate) length: u64,
}

/// Runs the task, and records it into `recording` if that is given.
pub(crate) fn run(task: &Task, recording: Option<&Path>) -> Result<()> {
    if let Some(path) = recording {
        recording::start(path)?;
    }
    let operations = task.groups * task.length;
    match (task.std, task.operation) {
        (true, Operation::Lock) => {
            let mutex = plain::Mutex::new(0);
            grouped(task, |number| lock_std(&mutex, number));
        }
        (false, Operation::Lock) => {
            let mutex = wrapped::Mutex::new(0);
            grouped(task, |number| lock_instrumented(&mutex, number));
        }
        (true, operation) => {
            let (tx, rx) = plain::mpsc::channel();
            if matches!(operation, Operation::Receive) {
                (0..operations).for_each(|number| assert!(send_std(&tx, number)));
                grouped(task, |_| receive_std(&rx));
            } else {
                grouped(task, |number| send_std(&tx, number));
            }
        }
        (false, operation) => {
            let (tx, rx) = wrapped::mpsc::channel();
            if matches!(operation, Operation::Receive) {
                (0..operations).for_each(|number| assert!(send_instrumented(&tx, number)));
                grouped(task, |_| receive_instrumented(&rx));
            } else {
                grouped(task, |number| send_instrumented(&tx, number));
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

/// Valgrind writes the count so far when this function is entered.
#[inline(never)]
fn mark() {
    thread::sleep(MARK);
}

// Separate functions, so that their machine code can be compared.

#[inline(never)]
fn send_std(tx: &plain::mpsc::Sender<u64>, number: u64) -> bool {
    tx.send(number).is_ok()
}

#[inline(never)]
fn receive_std(rx: &plain::mpsc::Receiver<u64>) -> Option<u64> {
    rx.recv().ok()
}

#[inline(never)]
fn send_instrumented(tx: &wrapped::mpsc::Sender<u64>, number: u64) -> bool {
    tx.send(number).is_ok()
}

#[inline(never)]
fn receive_instrumented(rx: &wrapped::mpsc::Receiver<u64>) -> Option<u64> {
    rx.recv().ok()
}

#[inline(never)]
fn lock_std(mutex: &plain::Mutex<u64>, number: u64) -> bool {
    mutex.lock().map(|mut sum| *sum ^= number).is_ok()
}

#[inline(never)]
fn lock_instrumented(mutex: &wrapped::Mutex<u64>, number: u64) -> bool {
    mutex.lock().map(|mut sum| *sum ^= number).is_ok()
}
