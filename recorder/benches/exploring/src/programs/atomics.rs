//! Orders of accesses to atomics. They are not controlled: an order is tried only where there is an
//! operation on a channel, a lock or a thread in between.

use super::{Origin, Program};
use crate::facade::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::facade::sync::{Arc, Mutex};
use crate::facade::thread;

pub(super) const PROGRAMS: &[Program] = &[
    Program::new("atomic_counter", Origin::Atomics, counter),
    Program::new("atomic_flag", Origin::Atomics, flag).with_healed_form(),
    Program::new("atomic_claim", Origin::Atomics, claim),
    Program::new("atomic_store_buffering", Origin::Atomics, store_buffering)
        .not_for_shuttle("takes all orderings for SeqCst"),
];

/// Nothing but atomics: the value is loaded, and stored later.
fn counter(_: bool) {
    let counter = Arc::new(AtomicU32::new(0));
    let threads = [(); 2].map(|()| {
        let counter = counter.clone();
        thread::spawn(move || {
            for _ in 0..3 {
                let value = counter.load(Ordering::SeqCst);
                counter.store(value + 1, Ordering::SeqCst);
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(counter.load(Ordering::SeqCst), 6);
}

/// The flag says that there is a value before there is one.
fn flag(healed: bool) {
    let (is_set, value) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None)));
    let setter = thread::spawn({
        let (is_set, value) = (is_set.clone(), value.clone());
        move || {
            if healed {
                *value.lock().unwrap() = Some(1);
                is_set.store(true, Ordering::SeqCst);
            } else {
                is_set.store(true, Ordering::SeqCst);
                *value.lock().unwrap() = Some(1);
            }
        }
    });
    if is_set.load(Ordering::SeqCst) {
        value.lock().unwrap().expect("the flag says so");
    }
    setter.join().unwrap();
}

/// Both see that nobody has claimed it, and write that down before they do.
fn claim(_: bool) {
    let (is_claimed, log) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(0)));
    let threads = [(); 2].map(|()| {
        let (is_claimed, log) = (is_claimed.clone(), log.clone());
        thread::spawn(move || {
            if !is_claimed.load(Ordering::SeqCst) {
                *log.lock().unwrap() += 1;
                is_claimed.store(true, Ordering::SeqCst);
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*log.lock().unwrap(), 1, "it was claimed twice");
}

/// The processor may let a load overtake a store of another variable.
fn store_buffering(_: bool) {
    let flags = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
    let threads = [0, 1].map(|me: usize| {
        let flags = flags.clone();
        thread::spawn(move || {
            flags[me].store(1, Ordering::Relaxed);
            flags[1 - me].load(Ordering::Relaxed)
        })
    });
    let seen = threads.map(|thread| thread.join().unwrap());
    assert_ne!(seen, [0, 0], "both came first");
}
