//! Condition variables: loops, timeouts, poison, and many that wait.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::TryLockError;
use std::time::{Duration, Instant};

use super::asleep::Sleeper;
use crate::library::sync::{Condvar, Mutex};
use crate::library::{begin, thread};

const SOON: Duration = Duration::from_millis(3);

#[test]
fn a_queue_of_one() {
    begin();
    let (place, changed) = (Mutex::new(None), Condvar::new());
    let sum: u32 = thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..1_000 {
                let mut place =
                    changed.wait_while(place.lock().unwrap(), |place| place.is_some()).unwrap();
                *place = Some(number);
                changed.notify_all();
            }
        });
        (0..1_000)
            .map(|_| {
                let mut guard = place.lock().unwrap();
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
fn all_that_wait_are_woken() {
    begin();
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
fn one_that_waits_lets_the_mutex_go() {
    begin();
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
        // Else this would wait for ever.
        *state.lock().unwrap() = true;
        changed.notify_one();
        assert!(waiter.join().unwrap());
    });
}

#[test]
fn a_notification_is_not_kept() {
    begin();
    let (state, changed) = (Mutex::new(()), Condvar::new());
    changed.notify_one();
    changed.notify_all();
    let start = Instant::now();
    let mut guard = state.lock().unwrap();
    // It may wake for no reason.
    loop {
        let (again, result) = changed.wait_timeout(guard, SOON).unwrap();
        guard = again;
        if result.timed_out() {
            break;
        }
    }
    assert!(start.elapsed() >= SOON);
}

#[test]
fn timeouts() {
    begin();
    let (state, changed) = (Mutex::new(1), Condvar::new());
    let start = Instant::now();
    let (guard, result) =
        changed.wait_timeout_while(state.lock().unwrap(), SOON, |number| *number == 1).unwrap();
    assert!(result.timed_out() && start.elapsed() >= SOON && *guard == 1);
}

#[test]
fn timeouts_of_no_time() {
    begin();
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
    #[allow(deprecated)]
    let (guard, woken) = changed.wait_timeout_ms(state.lock().unwrap(), 0).unwrap();
    assert!(!woken || *guard == 1);
}

#[test]
fn who_is_woken_is_told_of_the_poison() {
    begin();
    let (state, changed) = (Mutex::new(false), Condvar::new());
    let [first, second] = &[Sleeper::default(), Sleeper::default()];
    thread::scope(|scope| {
        let (state, changed) = (&state, &changed);
        let waits = scope.spawn(move || {
            let guard = state.lock().unwrap();
            first.enter();
            changed.wait_while(guard, |go| !*go).is_err()
        });
        let waits_a_while = scope.spawn(move || {
            let guard = state.lock().unwrap();
            second.enter();
            let waited = changed.wait_timeout_while(guard, Duration::MAX / 2, |go| !*go);
            waited.unwrap_err().into_inner().1.timed_out()
        });
        first.wait();
        second.wait();
        let fallen = catch_unwind(AssertUnwindSafe(|| {
            *state.lock().unwrap() = true;
            let _guard = state.lock().unwrap();
            resume_unwind(Box::new("on purpose"));
        }));
        assert!(fallen.is_err());
        changed.notify_all();
        assert!(waits.join().unwrap());
        assert!(!waits_a_while.join().unwrap());
    });
}

#[test]
fn a_condition_that_falls_lets_the_mutex_go_and_poisons_it() {
    begin();
    let (state, changed) = (Mutex::new(0), Condvar::new());
    let fallen = catch_unwind(AssertUnwindSafe(|| {
        drop(changed.wait_while(state.lock().unwrap(), |number| {
            *number += 1;
            resume_unwind(Box::new("on purpose"));
        }));
    }));
    assert!(fallen.is_err());
    let Err(TryLockError::Poisoned(error)) = state.try_lock() else { panic!("not poisoned") };
    assert_eq!(*error.into_inner(), 1);
}

#[test]
fn made_and_printed() {
    begin();
    static CHANGED: Condvar = Condvar::new();
    CHANGED.notify_one();
    assert_eq!(format!("{:?}", Condvar::default()), "Condvar { .. }");
}
