//! `LazyLock`: values that are initialised when they are first used.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::tally::Tally;
use crate::library::sync::{LazyLock, Mutex};
use crate::library::{setup, thread};

#[test]
fn one_thread_runs_the_initialiser() {
    setup();
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    static LAZY: LazyLock<Mutex<Vec<usize>>> = LazyLock::new(|| {
        RUNS.fetch_add(1, Ordering::Relaxed);
        Mutex::new(Vec::new())
    });
    assert_eq!(format!("{LAZY:?}"), "LazyLock(<uninit>)");
    assert!(LazyLock::get(&LAZY).is_none());
    thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || LAZY.lock().unwrap().push(number));
        }
    });
    let mut numbers = LazyLock::force(&LAZY).lock().unwrap().clone();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..8));
    assert_eq!(RUNS.load(Ordering::Relaxed), 1);
    assert!(format!("{LAZY:?}").starts_with("LazyLock(Mutex { data: ["));
}

#[test]
fn initialisers_may_capture_variables() {
    setup();
    let text = String::from("text");
    {
        let length = LazyLock::new(|| text.len());
        assert_eq!((*length, *length, text.len()), (4, 4, 4));
    }
    // An initialiser that can run only once.
    let moved = LazyLock::new(move || text);
    assert_eq!(moved.as_str(), "text");
    let function: LazyLock<u8> = LazyLock::default();
    assert_eq!(*function, 0);
}

#[test]
fn exclusive_access_can_initialise_a_lazy_lock() {
    setup();
    let mut lazy = LazyLock::new(|| vec![1]);
    assert_eq!(LazyLock::get_mut(&mut lazy), None);
    LazyLock::force_mut(&mut lazy).push(2);
    lazy.push(3);
    assert_eq!(LazyLock::get_mut(&mut lazy).map(|value| value.len()), Some(3));
    assert_eq!(*lazy, [1, 2, 3]);
}

#[test]
fn a_panicking_initialiser_poisons_the_lock_for_good() {
    setup();
    let poisoned = "LazyLock instance has previously been poisoned";
    for exclusive in [false, true] {
        let mut lazy: LazyLock<u8, _> = LazyLock::new(|| resume_unwind(Box::new("on purpose")));
        let mut force = || {
            let forced = catch_unwind(AssertUnwindSafe(|| {
                if exclusive { *LazyLock::force_mut(&mut lazy) } else { *lazy }
            }));
            forced.unwrap_err().downcast_ref::<&str>().copied()
        };
        assert_eq!(force(), Some("on purpose"));
        assert_eq!(force(), Some(poisoned));
        assert_eq!(force(), Some(poisoned));
        assert_eq!(LazyLock::get(&lazy), None);
        assert_eq!(format!("{lazy:?}"), "LazyLock(<uninit>)");
    }
}

#[test]
fn the_value_and_the_initialiser_are_dropped_once() {
    setup();
    let tally = Tally::default();
    let message = tally.message();
    // Never initialised: the initialiser is dropped with its captured message.
    drop(LazyLock::new(move || message));
    assert_eq!(tally.dropped(), 1);
    let message = tally.message();
    let lazy = LazyLock::new(move || message);
    LazyLock::force(&lazy);
    assert_eq!(tally.dropped(), 1);
    drop(lazy);
    assert_eq!(tally.dropped(), 2);
}

#[test]
fn an_initialiser_may_force_another_lock() {
    setup();
    static INNER: LazyLock<u8> = LazyLock::new(|| 2);
    static OUTER: LazyLock<u8> = LazyLock::new(|| *INNER + 1);
    assert_eq!(*OUTER, 3);
}
