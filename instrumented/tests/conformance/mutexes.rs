//! Mutexes: exclusion, poison, formatting, and locks in unusual places.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, PoisonError, TryLockError};

use super::sleeper::Sleeper;
use super::tally::Tally;
use crate::library::sync::{Mutex, MutexGuard};
use crate::library::{setup, thread};

/// Panics while it holds the mutex.
fn poison<T: ?Sized>(mutex: &Mutex<T>) {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = mutex.lock();
        resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err());
}

#[test]
fn one_thread_at_a_time_holds_a_mutex() {
    setup();
    let mutex = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let mut number = mutex.lock().unwrap();
                    let before = *number;
                    std::hint::black_box(&mut number);
                    *number = before + 1;
                }
            });
        }
    });
    assert_eq!(mutex.into_inner().unwrap(), 8_000);
}

#[test]
fn try_lock_fails_while_the_mutex_is_held() {
    setup();
    let mutex = Mutex::new(1);
    let guard = mutex.lock().unwrap();
    assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
    drop(guard);
    *mutex.try_lock().unwrap() += 1;
    assert_eq!(*mutex.lock().unwrap(), 2);
}

#[test]
fn a_waiting_thread_acquires_a_released_mutex() {
    setup();
    let mutex = Mutex::new(Vec::new());
    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let mut guard = mutex.lock().unwrap();
        scope.spawn(|| {
            sleeper.enter();
            mutex.lock().unwrap().push(2);
        });
        sleeper.wait();
        guard.push(1);
        drop(guard);
    });
    assert_eq!(*mutex.lock().unwrap(), [1, 2]);
}

#[test]
fn a_panic_poisons() {
    setup();
    let mut mutex = Mutex::new(1);
    poison(&mutex);
    assert!(mutex.is_poisoned());
    // The error contains a working guard.
    *mutex.lock().unwrap_err().into_inner() += 1;
    let Err(TryLockError::Poisoned(error)) = mutex.try_lock() else { panic!("not poisoned") };
    assert_eq!(**error.get_ref(), 2);
    drop(error);
    assert_eq!(*mutex.get_mut().unwrap_err().into_inner(), 2);
    mutex.clear_poison();
    assert!(!mutex.is_poisoned());
    assert_eq!(*mutex.lock().unwrap(), 2);
    poison(&mutex);
    assert_eq!(mutex.into_inner().unwrap_err().into_inner(), 2);
}

#[test]
fn a_waiting_thread_receives_the_poison() {
    setup();
    let mutex = Mutex::new(());
    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let panicked = scope.spawn(|| {
            let _guard = mutex.lock();
            sleeper.wait();
            resume_unwind(Box::new("on purpose"));
        });
        while mutex.try_lock().is_ok() {
            thread::yield_now();
        }
        sleeper.enter();
        assert!(mutex.lock().is_err());
        assert!(panicked.join().is_err());
    });
}

#[test]
fn a_lock_taken_during_a_panic_is_not_poisoned() {
    setup();
    struct LocksOnDrop<'a>(&'a Mutex<u8>);
    impl Drop for LocksOnDrop<'_> {
        fn drop(&mut self) {
            assert!(thread::panicking());
            *self.0.lock().unwrap() += 1;
        }
    }
    let mutex = Mutex::new(0);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _locks = LocksOnDrop(&mutex);
        resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err());
    assert_eq!(*mutex.lock().unwrap(), 1);
}

#[test]
fn mutexes_are_formatted_as_in_std() {
    setup();
    let mutex = Mutex::new(5);
    assert_eq!(format!("{mutex:?}"), "Mutex { data: 5, poisoned: false, .. }");
    let guard = mutex.lock().unwrap();
    assert_eq!(format!("{mutex:?}"), "Mutex { data: \"<locked>\", poisoned: false, .. }");
    assert_eq!(format!("{guard:?} {guard} {guard:>3}"), "5 5   5");
    drop(guard);
    poison(&mutex);
    assert_eq!(format!("{mutex:#?}"), "Mutex {\n    data: 5,\n    poisoned: true,\n    ..\n}");
    let error = mutex.lock().unwrap_err();
    assert_eq!(error.to_string(), "poisoned lock: another task failed inside");
    assert_eq!(format!("{error:?}"), "PoisonError { .. }");
    drop(error);
    let tried = mutex.try_lock().unwrap_err();
    assert_eq!(tried.to_string(), "poisoned lock: another task failed inside");
    drop(tried);
    let _guard = mutex.lock();
    assert_eq!(
        mutex.try_lock().unwrap_err().to_string(),
        "try_lock failed because the operation would block"
    );
}

#[test]
fn a_poison_error_can_be_propagated() {
    setup();
    fn first<'a>(
        mutex: &'a Mutex<u8>,
    ) -> Result<MutexGuard<'a, u8>, PoisonError<MutexGuard<'a, u8>>> {
        let guard = mutex.lock()?;
        Ok(guard)
    }
    let mutex = Mutex::new(1);
    assert_eq!(*first(&mutex).unwrap(), 1);
    poison(&mutex);
    assert!(first(&mutex).is_err());
}

#[test]
fn the_value_is_dropped_once_with_the_mutex() {
    setup();
    let tally = Tally::default();
    let mutex = Mutex::new(tally.message());
    drop(mutex.lock());
    assert_eq!(tally.dropped(), 0);
    *mutex.lock().unwrap() = tally.message();
    assert_eq!(tally.dropped(), 1);
    drop(mutex);
    assert_eq!(tally.dropped(), 2);
    let inner = Mutex::new(tally.message()).into_inner().unwrap();
    assert_eq!(tally.dropped(), 2);
    drop(inner);
    assert_eq!(tally.dropped(), 3);
}

#[test]
fn mutexes_may_be_static_or_hold_unsized_values() {
    setup();
    static COUNT: Mutex<[u8; 3]> = Mutex::new([1, 2, 3]);
    static MANY: [Mutex<Vec<u8>>; 2] = [const { Mutex::new(Vec::new()) }; 2];
    let slice: &'static Mutex<[u8]> = &COUNT;
    slice.lock().unwrap()[0] = 9;
    assert_eq!(COUNT.lock().unwrap().as_slice(), [9, 2, 3]);
    MANY[1].lock().unwrap().push(1);
    assert_eq!(MANY.each_ref().map(|each| each.lock().unwrap().len()), [0, 1]);

    let shared: Arc<Mutex<dyn FnMut() -> u8 + Send>> = {
        let mut number = 0;
        Arc::new(Mutex::new(move || {
            number += 1;
            number
        }))
    };
    let other = Arc::clone(&shared);
    thread::spawn(move || (other.lock().unwrap())()).join().unwrap();
    assert_eq!((shared.lock().unwrap())(), 2);
    poison(&*shared);
    let boxed: Box<Mutex<dyn std::fmt::Debug>> = Box::new(Mutex::new(1));
    assert_eq!(format!("{boxed:?}"), "Mutex { data: 1, poisoned: false, .. }");
}

#[test]
fn mutexes_can_be_created_with_traits() {
    setup();
    assert_eq!(*Mutex::<u8>::default().lock().unwrap(), 0);
    assert_eq!(*Mutex::from(2).lock().unwrap(), 2);
    let mutexes: Vec<Mutex<u8>> = [1, 2].into_iter().map(Mutex::new).collect();
    let sum: u8 = mutexes.iter().map(|mutex| *mutex.lock().unwrap()).sum();
    assert_eq!(sum, 3);
    #[derive(Debug, Default)]
    struct Derived {
        #[allow(dead_code, reason = "it is formatted")]
        mutex: Mutex<u8>,
    }
    assert_eq!(
        format!("{:?}", Derived::default()),
        "Derived { mutex: Mutex { data: 0, poisoned: false, .. } }"
    );
}

#[test]
fn guards_live_as_long_as_the_borrow() {
    setup();
    struct Holder<'a> {
        mutex: &'a Mutex<Vec<u8>>,
    }
    impl<'a> Holder<'a> {
        fn guard(&self) -> MutexGuard<'a, Vec<u8>> {
            self.mutex.lock().unwrap()
        }
    }
    let mutex = Mutex::new(vec![1]);
    let mut guard = Holder { mutex: &mutex }.guard();
    guard.push(2);
    let first: &mut u8 = &mut guard[0];
    *first = 7;
    assert_eq!(guard.iter().sum::<u8>(), 9);
    // If a guard is forgotten, the mutex is held for ever.
    std::mem::forget(guard);
    assert!(mutex.try_lock().is_err());
    assert_eq!(mutex.into_inner().unwrap(), [7, 2]);
}

#[test]
fn guards_are_dropped_at_the_end_of_their_scopes() {
    setup();
    let (first, second) = (Mutex::new(1), Mutex::new(2));
    {
        let _first = first.lock().unwrap();
        let _second = second.lock().unwrap();
        assert!(first.try_lock().is_err() && second.try_lock().is_err());
    }
    // A temporary guard is dropped at the end of its statement: of a `match`, after the arms.
    match *first.lock().unwrap() {
        1 => assert!(first.try_lock().is_err()),
        number => panic!("{number}"),
    }
    assert!(first.try_lock().is_ok() && second.try_lock().is_ok());
}

/// Locks when the thread-locals of its thread are destroyed.
struct AtExit {
    mutex: Arc<Mutex<Vec<&'static str>>>,
    word: &'static str,
}

impl Drop for AtExit {
    fn drop(&mut self) {
        self.mutex.lock().unwrap().push(self.word);
    }
}

thread_local! {
    static AT_EXIT: RefCell<Vec<AtExit>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn mutexes_work_in_destructors_of_thread_locals() {
    setup();
    let mutex = Arc::new(Mutex::new(Vec::new()));
    for use_before in [false, true] {
        let mutex = Arc::clone(&mutex);
        // Also in a thread spawned with std, whose destructors may run in another order.
        let work = move || {
            if use_before {
                mutex.lock().unwrap().push("before");
            }
            AT_EXIT.with_borrow_mut(|at_exit| {
                at_exit.push(AtExit { mutex: Arc::clone(&mutex), word: "at exit" });
            });
            mutex.lock().unwrap().push("after");
        };
        thread::spawn(work.clone()).join().unwrap();
        std::thread::spawn(work).join().unwrap();
    }
    let each = ["after", "at exit"];
    let expected = [&each[..], &each, &["before"], &each, &["before"], &each].concat();
    assert_eq!(*mutex.lock().unwrap(), expected);
}
