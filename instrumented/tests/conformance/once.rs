//! `Once` and `OnceLock`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::sleeper::Sleeper;
use super::tally::Tally;
use crate::library::sync::{Once, OnceLock, OnceState};
use crate::library::{setup, thread};

#[test]
fn one_thread_runs_the_initialiser_and_the_others_wait() {
    setup();
    let (once, value, runs) = (Once::new(), OnceLock::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                once.call_once(|| _ = runs.fetch_add(1, Ordering::Relaxed));
                assert_eq!(runs.load(Ordering::Relaxed) % 100, 1);
                let ran = value.get_or_init(|| runs.fetch_add(100, Ordering::Relaxed));
                assert_eq!(*ran, 1);
            });
        }
    });
    assert_eq!(runs.into_inner(), 101);
    assert!(once.is_completed());
}

#[test]
fn threads_can_wait_without_running_an_initialiser() {
    setup();
    let (once, value) = (Once::new(), OnceLock::new());
    let sleepers = [(); 3].map(|()| Sleeper::default());
    let [first, second, third] = &sleepers;
    thread::scope(|scope| {
        scope.spawn(|| {
            first.enter();
            once.wait();
        });
        scope.spawn(|| {
            second.enter();
            once.wait_force();
        });
        let waiter = scope.spawn(|| {
            third.enter();
            *value.wait()
        });
        sleepers.iter().for_each(Sleeper::wait);
        assert!(!once.is_completed() && value.get().is_none());
        once.call_once(|| ());
        assert_eq!(value.set(5), Ok(()));
        assert_eq!(waiter.join().unwrap(), 5);
    });
    once.wait();
    once.wait_force();
    assert_eq!(value.wait(), &5);
}

#[test]
fn a_panic_poisons_a_once() {
    setup();
    static ONCE: Once = Once::new();
    let run_and_panic =
        || catch_unwind(|| ONCE.call_once(|| resume_unwind(Box::new("on purpose"))));
    assert_eq!(run_and_panic().unwrap_err().downcast_ref(), Some(&"on purpose"));
    assert!(!ONCE.is_completed());
    // The next call finds it poisoned.
    let poisoned = catch_unwind(|| ONCE.call_once(|| unreachable!())).unwrap_err();
    let message = "Once instance has previously been poisoned";
    assert_eq!(poisoned.downcast_ref(), Some(&message));
    let poisoned = catch_unwind(|| ONCE.wait()).unwrap_err();
    assert_eq!(poisoned.downcast_ref(), Some(&message));
    // It can be forced, which clears the poison.
    ONCE.call_once_force(|state: &OnceState| {
        assert!(state.is_poisoned());
        assert_eq!(format!("{state:?}"), "OnceState { poisoned: true }");
    });
    assert!(ONCE.is_completed());
    ONCE.call_once(|| unreachable!());
    ONCE.call_once_force(|_| unreachable!());
    assert_eq!(format!("{ONCE:?}"), "Once { .. }");

    let fresh = Once::new();
    fresh.call_once_force(|state| assert!(!state.is_poisoned()));
}

#[test]
fn a_panicking_initialiser_leaves_the_cell_empty() {
    setup();
    let value = OnceLock::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        value.get_or_init(|| resume_unwind(Box::new("on purpose")));
    }));
    assert!(panicked.is_err());
    assert_eq!(value.get(), None);
    assert_eq!(value.get_or_init(|| 2), &2);
    assert_eq!(value.get_or_init(|| 3), &2);
}

#[test]
fn values_are_set_once_and_can_be_taken() {
    setup();
    static VALUE: OnceLock<String> = OnceLock::new();
    assert_eq!(format!("{VALUE:?}"), "OnceLock(<uninit>)");
    assert_eq!(VALUE.set("one".into()), Ok(()));
    assert_eq!(VALUE.set("two".into()), Err("two".into()));
    assert_eq!(VALUE.get().map(String::as_str), Some("one"));
    assert_eq!(format!("{VALUE:?}"), "OnceLock(\"one\")");

    let mut value = OnceLock::from(1);
    *value.get_mut().unwrap() += 1;
    let same = value.clone();
    assert_eq!(value, same);
    assert_ne!(value, OnceLock::default());
    assert_eq!((value.take(), value.take(), value.get()), (Some(2), None, None));
    // An empty cell can be set again.
    assert_eq!(value.set(3), Ok(()));
    assert_eq!((value.into_inner(), same.into_inner()), (Some(3), Some(2)));
    assert_eq!(OnceLock::<u8>::new().into_inner(), None);
    assert_eq!(OnceLock::<u8>::new().clone().get_mut(), None);
}

#[test]
fn values_are_dropped_once() {
    setup();
    let tally = Tally::default();
    let value = OnceLock::new();
    assert!(value.set(tally.message()).is_ok());
    drop(value.set(tally.message()));
    assert_eq!(tally.dropped(), 1);
    drop(value);
    assert_eq!(tally.dropped(), 2);
}

#[test]
fn a_value_may_borrow_from_a_variable_dropped_with_it() {
    setup();
    // Compiles only if the compiler knows that the drop does not use the borrow.
    let (value, text);
    text = String::from("borrowed");
    value = OnceLock::new();
    assert_eq!(value.set(text.as_str()), Ok(()));
    let pair = (OnceLock::new(), String::from("own"));
    assert_eq!(pair.0.set(&pair.1), Ok(()));
}

#[test]
#[allow(deprecated)]
fn the_deprecated_constant_exists() {
    setup();
    use crate::library::sync::ONCE_INIT;
    static ONCE: Once = ONCE_INIT;
    let mut ran = false;
    ONCE.call_once(|| ran = true);
    assert!(ran);
}
