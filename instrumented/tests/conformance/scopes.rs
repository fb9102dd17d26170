//! Scoped threads: borrows, panics, and the wait for all threads at the end of the scope.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::library::{setup, thread};

#[test]
fn threads_borrow_from_outside_the_scope() {
    setup();
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
fn threads_spawn_threads_in_the_same_scope() {
    setup();
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
fn join_returns_the_value_of_the_thread() {
    setup();
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
fn the_panic_of_a_joined_thread_does_not_panic_the_scope() {
    setup();
    thread::scope(|scope| {
        let panicked = scope.spawn(|| resume_unwind(Box::new("on purpose")));
        assert_eq!(panicked.join().unwrap_err().downcast_ref(), Some(&"on purpose"));
    });
}

#[test]
fn the_panic_of_an_unjoined_thread_panics_the_scope() {
    setup();
    let panicked = catch_unwind(|| {
        thread::scope(|scope| {
            scope.spawn(|| resume_unwind(Box::new("on purpose")));
        });
    });
    let message = panicked.unwrap_err();
    assert_eq!(message.downcast_ref(), Some(&"a scoped thread panicked"));
}

#[test]
fn a_panicking_scope_waits_for_its_threads() {
    setup();
    let ended = AtomicUsize::new(0);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    (0..100).for_each(|_| thread::yield_now());
                    ended.fetch_add(1, Ordering::SeqCst);
                });
            }
            // The scope's own panic takes precedence over those of its threads.
            scope.spawn(|| resume_unwind(Box::new("a thread")));
            resume_unwind(Box::new("the scope"));
        })
    }));
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"the scope"));
    assert_eq!(ended.into_inner(), 3);
}

#[test]
fn a_scope_panics_with_its_callers_location() {
    setup();
    use std::panic::{self, PanicHookInfo};
    use std::sync::Mutex;
    static PLACES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    // Other tests run at the same time, and their panics are not counted.
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        if panic.payload_as_str() == Some("a scoped thread panicked") {
            PLACES.lock().unwrap().push(panic.location().unwrap().file().to_owned());
        } else {
            previous(panic);
        }
    }));
    let panicked = catch_unwind(|| {
        thread::scope(|scope| {
            scope.spawn(|| resume_unwind(Box::new("on purpose")));
        });
    });
    assert!(panicked.is_err());
    assert!(PLACES.lock().unwrap().iter().all(|place| place.ends_with("scopes.rs")));
    assert!(!PLACES.lock().unwrap().is_empty());
}

#[test]
fn scopes_are_formatted_as_in_std() {
    setup();
    let printed = thread::scope(|scope| format!("{scope:?}"));
    assert!(printed.starts_with("Scope { num_running_threads: 0, a_thread_panicked: false, main_"));
}

#[test]
fn a_scope_can_be_passed_to_a_function() {
    setup();
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
