//! Scoped threads: what they borrow, panics, and that the scope waits for all.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::library::{begin, thread};

#[test]
fn threads_borrow() {
    begin();
    let mut numbers = vec![1, 2, 3];
    let sum = AtomicUsize::new(0);
    let returned = thread::scope(|scope| {
        for number in &mut numbers {
            scope.spawn(|| {
                *number += 1;
                sum.fetch_add(*number, Ordering::Relaxed);
            });
        }
        "returned"
    });
    assert_eq!((returned, sum.into_inner()), ("returned", 9));
    assert_eq!(numbers, [2, 3, 4]);
}

#[test]
fn threads_make_threads() {
    begin();
    let count = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..3 {
                    scope.spawn(|| count.fetch_add(1, Ordering::Relaxed));
                }
            });
        }
    });
    assert_eq!(count.into_inner(), 9);
}

#[test]
fn a_thread_is_joined_with_what_it_returns() {
    begin();
    let text = String::from("text");
    thread::scope(|scope| {
        let handle: thread::ScopedJoinHandle<'_, &str> = scope.spawn(|| text.as_str());
        assert_eq!(format!("{handle:?}"), "ScopedJoinHandle { .. }");
        assert_eq!(handle.thread().name(), None);
        assert_eq!(handle.join().unwrap(), "text");
        let named = thread::Builder::new().name("named".into());
        let handle = named.spawn_scoped(scope, thread::current).unwrap();
        while !handle.is_finished() {
            thread::yield_now();
        }
        assert_eq!(handle.thread().name(), Some("named"));
        assert_eq!(handle.join().unwrap().name(), Some("named"));
    });
}

#[test]
fn a_thread_that_falls_and_is_joined_is_no_fall_of_the_scope() {
    begin();
    thread::scope(|scope| {
        let fallen = scope.spawn(|| resume_unwind(Box::new("on purpose")));
        assert_eq!(fallen.join().unwrap_err().downcast_ref(), Some(&"on purpose"));
    });
}

#[test]
fn a_thread_that_falls_and_is_not_joined_is() {
    begin();
    let fallen = catch_unwind(|| {
        thread::scope(|scope| {
            scope.spawn(|| resume_unwind(Box::new("on purpose")));
        });
    });
    let message = fallen.unwrap_err();
    assert_eq!(message.downcast_ref(), Some(&"a scoped thread panicked"));
}

#[test]
fn a_scope_that_falls_waits_all_the_same() {
    begin();
    let over = AtomicUsize::new(0);
    let fallen = catch_unwind(AssertUnwindSafe(|| {
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    (0..100).for_each(|_| thread::yield_now());
                    over.fetch_add(1, Ordering::SeqCst);
                });
            }
            // The scope's own fall goes before those of its threads.
            scope.spawn(|| resume_unwind(Box::new("a thread")));
            resume_unwind(Box::new("the scope"));
        })
    }));
    assert_eq!(fallen.unwrap_err().downcast_ref(), Some(&"the scope"));
    assert_eq!(over.into_inner(), 3);
}

#[test]
fn the_place_of_a_scopes_panic_is_its_callers() {
    begin();
    use std::panic::{self, PanicHookInfo};
    use std::sync::Mutex;
    static PLACES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    // Other tests go on meanwhile, and their panics are theirs.
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        if panic.payload_as_str() == Some("a scoped thread panicked") {
            PLACES.lock().unwrap().push(panic.location().unwrap().file().to_owned());
        } else {
            before(panic);
        }
    }));
    let fallen = catch_unwind(|| {
        thread::scope(|scope| {
            scope.spawn(|| resume_unwind(Box::new("on purpose")));
        });
    });
    assert!(fallen.is_err());
    assert!(PLACES.lock().unwrap().iter().all(|place| place.ends_with("scopes.rs")));
    assert!(!PLACES.lock().unwrap().is_empty());
}

#[test]
fn what_is_printed() {
    begin();
    let printed = thread::scope(|scope| format!("{scope:?}"));
    assert!(printed.starts_with("Scope { num_running_threads: 0, a_thread_panicked: false, main_"));
}

#[test]
fn a_scope_is_passed_on() {
    begin();
    fn spawn_two<'scope, 'env>(
        scope: &'scope thread::Scope<'scope, 'env>,
        count: &'env AtomicUsize,
    ) {
        for _ in 0..2 {
            scope.spawn(move || count.fetch_add(1, Ordering::Relaxed));
        }
    }
    let count = AtomicUsize::new(0);
    thread::scope(|scope| spawn_two(scope, &count));
    assert_eq!(count.into_inner(), 2);
}
