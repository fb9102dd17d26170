//! Condition variables: waiting in loops, timeouts, poison, and several waiting threads.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::TryLockError;
use std::time::Duration;

use super::sleeper::Sleeper;
use crate::library::sync::{Condvar, Mutex};
use crate::library::time::Instant;
use crate::library::{setup, thread};

const SHORT: Duration = Duration::from_millis(3);

#[test]
fn a_queue_of_one_passes_every_item() {
    setup();
    let (slot, changed) = (Mutex::new(None), Condvar::new());
    let sum: u32 = thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..1_000 {
                let mut slot =
                    changed.wait_while(slot.lock().unwrap(), |slot| slot.is_some()).unwrap();
                *slot = Some(number);
                changed.notify_all();
            }
        });
        (0..1_000)
            .map(|_| {
                let mut guard = slot.lock().unwrap();
                while guard.is_none() {
                    guard = changed.wait(guard).unwrap();
                }
                let number = guard.take().unwrap();
                changed.notify_one();
                number
            })
            .sum()
    });
    assert_eq!(sum, 999 * 1_000 / 2);
}

#[test]
fn notify_all_wakes_all_waiting_threads() {
    setup();
    let (state, changed) = (Mutex::new((0, false)), Condvar::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut guard = state.lock().unwrap();
                guard.0 += 1;
                changed.notify_all();
                drop(changed.wait_while(guard, |(_, go)| !*go).unwrap());
            });
        }
        let mut guard =
            changed.wait_while(state.lock().unwrap(), |(waiting, _)| *waiting < 4).unwrap();
        guard.1 = true;
        changed.notify_all();
    });
}

#[test]
fn a_waiting_thread_releases_the_mutex() {
    setup();
    let (state, changed) = (Mutex::new(false), Condvar::new());
    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let guard = state.lock().unwrap();
            sleeper.enter();
            let guard = changed.wait_while(guard, |go| !*go).unwrap();
            assert!(state.try_lock().is_err());
            *guard
        });
        sleeper.wait();
        // If the waiting thread held the mutex, this would never return.
        *state.lock().unwrap() = true;
        changed.notify_one();
        assert!(waiter.join().unwrap());
    });
}

#[test]
fn a_notification_is_not_kept() {
    setup();
    let (state, changed) = (Mutex::new(()), Condvar::new());
    changed.notify_one();
    changed.notify_all();
    let start = Instant::now();
    let mut guard = state.lock().unwrap();
    // In a loop: a wait may end spuriously.
    loop {
        let (again, result) = changed.wait_timeout(guard, SHORT).unwrap();
        guard = again;
        if result.timed_out() {
            break;
        }
    }
    assert!(start.elapsed() >= SHORT);
}

#[test]
fn wait_timeout_while_waits_for_the_whole_timeout() {
    setup();
    let (state, changed) = (Mutex::new(1), Condvar::new());
    let start = Instant::now();
    let (guard, result) =
        changed.wait_timeout_while(state.lock().unwrap(), SHORT, |number| *number == 1).unwrap();
    assert!(result.timed_out() && start.elapsed() >= SHORT && *guard == 1);
}

#[test]
fn wait_timeout_while_checks_the_condition_before_the_timeout() {
    setup();
    let (state, changed) = (Mutex::new(1), Condvar::new());
    let (guard, result) =
        changed.wait_timeout_while(state.lock().unwrap(), Duration::ZERO, |_| true).unwrap();
    assert!(result.timed_out());
    drop(guard);
    for timeout in [Duration::ZERO, Duration::MAX] {
        let (guard, result) =
            changed.wait_timeout_while(state.lock().unwrap(), timeout, |_| false).unwrap();
        assert!(!result.timed_out());
        assert_eq!(format!("{result:?}"), "WaitTimeoutResult(false)");
        drop(guard);
    }
}

#[test]
#[allow(deprecated)]
fn wait_timeout_ms_returns_whether_it_was_notified() {
    setup();
    let (state, changed) = (Mutex::new(false), Condvar::new());
    // A wait may end spuriously, but hardly ten times in a row.
    let timed_out = (0..10).any(|_| {
        let (_guard, notified) = changed.wait_timeout_ms(state.lock().unwrap(), 1).unwrap();
        !notified
    });
    assert!(timed_out);

    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let guard = state.lock().unwrap();
            sleeper.enter();
            changed.wait_timeout_ms(guard, u32::MAX).unwrap().1
        });
        sleeper.wait();
        *state.lock().unwrap() = true;
        changed.notify_one();
        assert!(waiter.join().unwrap());
    });
}

#[test]
fn waiting_threads_receive_the_poison() {
    setup();
    let (state, changed) = (Mutex::new(false), Condvar::new());
    let [first, second] = &[Sleeper::default(), Sleeper::default()];
    thread::scope(|scope| {
        let (state, changed) = (&state, &changed);
        let waiter = scope.spawn(move || {
            let guard = state.lock().unwrap();
            first.enter();
            changed.wait_while(guard, |go| !*go).is_err()
        });
        let timed_waiter = scope.spawn(move || {
            let guard = state.lock().unwrap();
            second.enter();
            let waited = changed.wait_timeout_while(guard, Duration::MAX / 2, |go| !*go);
            waited.unwrap_err().into_inner().1.timed_out()
        });
        first.wait();
        second.wait();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            *state.lock().unwrap() = true;
            let _guard = state.lock().unwrap();
            resume_unwind(Box::new("on purpose"));
        }));
        assert!(panicked.is_err());
        changed.notify_all();
        assert!(waiter.join().unwrap());
        assert!(!timed_waiter.join().unwrap());
    });
}

#[test]
fn a_panicking_condition_releases_and_poisons_the_mutex() {
    setup();
    let (state, changed) = (Mutex::new(0), Condvar::new());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        drop(changed.wait_while(state.lock().unwrap(), |number| {
            *number += 1;
            resume_unwind(Box::new("on purpose"));
        }));
    }));
    assert!(panicked.is_err());
    let Err(TryLockError::Poisoned(error)) = state.try_lock() else { panic!("not poisoned") };
    assert_eq!(*error.into_inner(), 1);
}

#[test]
fn condvars_are_created_and_formatted_as_in_std() {
    setup();
    static CHANGED: Condvar = Condvar::new();
    CHANGED.notify_one();
    assert_eq!(format!("{:?}", Condvar::default()), "Condvar { .. }");
}
