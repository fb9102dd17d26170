//! Programs that take a time for an order.

use std::time::Duration;

use super::Program;
use crate::facade::sync::mpsc::{RecvTimeoutError, channel};
use crate::facade::sync::{Arc, Condvar, Mutex};
use crate::facade::{Word, thread};

const NO_TIMEOUTS: &str = "its timeouts never expire";

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(super) const PROGRAMS: &[Program] = &[
    Program::rust("sleep_for_order", sleep_for_order).with_healed_form(),
    Program::rust("deadline_unwrapped", deadline_unwrapped).not_for_shuttle(NO_TIMEOUTS),
    Program::rust("cancelled_too_late", cancelled_too_late).not_for_shuttle(NO_TIMEOUTS),
    Program::rust("retry_does_it_twice", retry_does_it_twice).not_for_shuttle(NO_TIMEOUTS),
    Program::rust("timed_wait_unchecked", timed_wait_unchecked).not_for_shuttle(NO_TIMEOUTS),
    Program::rust("park_timeout_unchecked", park_timeout_unchecked).not_for_shuttle(NO_TIMEOUTS),
    Program::rust("watchdog_bites", watchdog_bites).not_for_shuttle(NO_TIMEOUTS),
    Program::rust("lease_expires", lease_expires).with_healed_form(),
];

/// A sleep is to be long enough for another thread.
fn sleep_for_order(healed: bool) {
    let value = Arc::new(Mutex::new(None));
    let other = thread::spawn({
        let value = value.clone();
        move || *value.lock().unwrap() = Some(1)
    });
    let other = if healed {
        other.join().unwrap();
        None
    } else {
        thread::sleep(ms(10));
        Some(other)
    };
    assert_eq!(*value.lock().unwrap(), Some(1), "it is not set yet");
    if let Some(other) = other {
        other.join().unwrap();
    }
}

/// A reply is to come in time.
fn deadline_unwrapped(_: bool) {
    let (sender, receiver) = channel();
    let worker = thread::spawn(move || {
        thread::sleep(ms(5));
        let _ = sender.send(1);
    });
    receiver.recv_timeout(ms(20)).expect("the reply comes in time");
    worker.join().unwrap();
}

/// The result comes between the end of the time and the cancellation.
fn cancelled_too_late(_: bool) {
    let is_cancelled = Arc::new(Word::new(false));
    let (sender, receiver) = channel();
    let worker = thread::spawn({
        let is_cancelled = is_cancelled.clone();
        move || {
            thread::sleep(ms(10));
            if !is_cancelled.get() {
                let _ = sender.send(1);
            }
        }
    });
    if receiver.recv_timeout(ms(20)) == Err(RecvTimeoutError::Timeout) {
        is_cancelled.set(true);
        assert!(receiver.recv().is_err(), "it was done although it was cancelled");
    }
    worker.join().unwrap();
}

/// A request is sent again if the reply takes too long, and is then done twice.
fn retry_does_it_twice(_: bool) {
    let (requests, inbox) = channel();
    let (reply, replies) = channel();
    let server = thread::spawn(move || {
        let mut done = 0;
        for number in inbox {
            done += number;
            let _ = reply.send(());
        }
        done
    });
    requests.send(1).unwrap();
    if replies.recv_timeout(ms(20)).is_err() {
        requests.send(1).unwrap();
    }
    drop(requests);
    assert_eq!(server.join().unwrap(), 1, "it was done twice");
}

/// The wait is over, and nobody asks why.
fn timed_wait_unchecked(_: bool) {
    let ready = Arc::new((Mutex::new(false), Condvar::new()));
    let other = thread::spawn({
        let ready = ready.clone();
        move || {
            *ready.0.lock().unwrap() = true;
            ready.1.notify_one();
        }
    });
    let mut is_ready = ready.0.lock().unwrap();
    if !*is_ready {
        is_ready = ready.1.wait_timeout(is_ready, ms(30)).unwrap().0;
    }
    assert!(*is_ready, "it is not ready yet");
    drop(is_ready);
    other.join().unwrap();
}

fn park_timeout_unchecked(_: bool) {
    let ready = Arc::new(Mutex::new(false));
    let main = thread::current();
    let other = thread::spawn({
        let ready = ready.clone();
        move || {
            *ready.lock().unwrap() = true;
            main.unpark();
        }
    });
    thread::park_timeout(ms(30));
    assert!(*ready.lock().unwrap(), "it is not ready yet");
    other.join().unwrap();
}

/// A worker is taken for dead because its sign of life is late.
fn watchdog_bites(_: bool) {
    let (sender, signs) = channel();
    let worker = thread::spawn(move || {
        for _ in 0..3 {
            thread::sleep(ms(10));
            if sender.send(()).is_err() {
                return;
            }
        }
    });
    loop {
        match signs.recv_timeout(ms(40)) {
            Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => panic!("the worker is dead"),
        }
    }
    worker.join().unwrap();
}

/// A lease ends while its holder still works.
fn lease_expires(healed: bool) {
    let holder = Arc::new(Word::new(0));
    let value = Arc::new(Word::new(0));
    let first = thread::spawn({
        let (holder, value) = (holder.clone(), value.clone());
        move || {
            if !holder.replace(0, 1) {
                return;
            }
            let old = value.get();
            thread::sleep(ms(10));
            value.set(old + 1);
            assert_eq!(value.get(), old + 1, "two hold the lease");
            holder.replace(1, 0);
        }
    });
    let second = thread::spawn(move || {
        thread::sleep(ms(40));
        if healed {
            if !holder.replace(0, 2) {
                return;
            }
        } else {
            // The first has had its time.
            holder.set(2);
        }
        value.update(|value| value + 10);
    });
    first.join().unwrap();
    second.join().unwrap();
}
