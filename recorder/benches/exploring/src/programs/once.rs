//! Things that are made once.

use super::Program;
#[cfg(feature = "shuttle")]
use crate::facade::sync::Once;
use crate::facade::sync::{Arc, Mutex};
use crate::facade::{Word, thread};

#[cfg(not(feature = "shuttle"))]
use std::sync::{LazyLock, Once, OnceLock};

const NO_ONCE_LOCK: &str = "has no OnceLock or LazyLock";

pub(super) const PROGRAMS: &[Program] = &[
    Program::rust("two_onces", two_onces).with_healed_form(),
    Program::rust("checked_twice", checked_twice).with_healed_form(),
    Program::rust("once_and_lock", once_and_lock).with_healed_form(),
    Program::rust("once_locks_cross", once_locks_cross).not_for_shuttle(NO_ONCE_LOCK),
    Program::rust("once_lock_set_late", once_lock_set_late).not_for_shuttle(NO_ONCE_LOCK),
    Program::rust("lazy_lock_and_mutex", lazy_lock_and_mutex).not_for_shuttle(NO_ONCE_LOCK),
];

/// Each of two initializations needs the other, and begins it only if nobody has.
fn two_onces(healed: bool) {
    let onces = Arc::new((Once::new(), Once::new()));
    let other = thread::spawn({
        let onces = onces.clone();
        move || {
            if healed {
                onces.0.call_once(|| {});
            }
            onces.1.call_once(|| onces.0.call_once(|| {}));
        }
    });
    onces.0.call_once(|| {
        if !healed && !onces.1.is_completed() {
            onces.1.call_once(|| {});
        }
    });
    other.join().unwrap();
}

/// What is missing is checked before the lock is taken, and not again.
fn checked_twice(healed: bool) {
    let config = Arc::new((Mutex::new(None), Word::new(0)));
    let threads = [1, 2].map(|id| {
        let config = config.clone();
        thread::spawn(move || {
            let is_missing = config.0.lock().unwrap().is_none();
            if is_missing {
                let mut value = config.0.lock().unwrap();
                if !healed || value.is_none() {
                    *value = Some(id);
                    config.1.update(|times| times + 1);
                }
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(config.1.get(), 1, "it was made twice");
}

/// The initialization needs a lock that another thread holds while it waits for the initialization.
fn once_and_lock(healed: bool) {
    let state = Arc::new((Once::new(), Mutex::new(0)));
    let other = thread::spawn({
        let state = state.clone();
        move || {
            if healed {
                state.0.call_once(|| *state.1.lock().unwrap() += 1);
            }
            let mut value = state.1.lock().unwrap();
            if !state.0.is_completed() {
                state.0.call_once(|| *value += 1);
            }
        }
    });
    state.0.call_once(|| *state.1.lock().unwrap() += 1);
    other.join().unwrap();
}

#[cfg(feature = "shuttle")]
use {
    not_compiled as once_locks_cross, not_compiled as once_lock_set_late,
    not_compiled as lazy_lock_and_mutex,
};

#[cfg(feature = "shuttle")]
fn not_compiled(_: bool) {}

#[cfg(not(feature = "shuttle"))]
fn once_locks_cross(_: bool) {
    let cells = Arc::new((OnceLock::new(), OnceLock::new()));
    let other = thread::spawn({
        let cells = cells.clone();
        move || {
            cells.1.get_or_init(|| *cells.0.get().unwrap_or_else(|| cells.0.get_or_init(|| 1)));
        }
    });
    cells.0.get_or_init(|| {
        let second: &i32 = cells.1.get_or_init(|| 2);
        *second
    });
    other.join().unwrap();
}

/// A value is expected that another thread has yet to set.
#[cfg(not(feature = "shuttle"))]
fn once_lock_set_late(_: bool) {
    let cell = Arc::new(OnceLock::new());
    let (sender, receiver) = std::sync::mpsc::channel();
    let setter = thread::spawn({
        let cell = cell.clone();
        move || {
            sender.send(()).unwrap();
            cell.set(1).unwrap();
        }
    });
    receiver.recv().unwrap();
    assert_eq!(cell.get(), Some(&1), "it is not set yet");
    setter.join().unwrap();
}

/// The first use of a lazy value takes a lock that the other user holds.
#[cfg(not(feature = "shuttle"))]
fn lazy_lock_and_mutex(_: bool) {
    let lock = Arc::new(Mutex::new(1));
    let lazy = Arc::new(LazyLock::new({
        let lock = lock.clone();
        move || *lock.lock().unwrap()
    }));
    let other = thread::spawn({
        let lazy = lazy.clone();
        move || assert_eq!(**lazy, 1)
    });
    // It is made by the other thread, usually.
    for _ in 0..3 {
        thread::yield_now();
    }
    let value = lock.lock().unwrap();
    assert_eq!(**lazy, *value);
    drop(value);
    other.join().unwrap();
}
