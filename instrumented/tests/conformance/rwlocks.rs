//! Read-write locks: sharing, exclusion, poison by writers only, downgrades.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, TryLockError};

use super::sleeper::Sleeper;
use crate::library::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::library::{setup, thread};

/// Panics while it holds the lock for writing.
fn poison<T: ?Sized>(lock: &RwLock<T>) {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = lock.write();
        resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err());
}

#[test]
fn readers_share_the_lock_and_writers_do_not() {
    setup();
    let lock = RwLock::new(1);
    {
        let (first, second) = (lock.read().unwrap(), lock.try_read().unwrap());
        assert_eq!(*first + *second, 2);
        assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
    }
    {
        let mut guard = lock.write().unwrap();
        *guard += 1;
        assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
        assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
    }
    *lock.try_write().unwrap() += 1;
    assert_eq!(*lock.read().unwrap(), 3);
}

#[test]
fn readers_never_see_a_partial_write() {
    setup();
    let lock = RwLock::new([0; 4]);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    lock.write().unwrap().iter_mut().for_each(|number| *number += 1);
                }
            });
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let numbers = lock.read().unwrap();
                    assert!(numbers.iter().all(|number| *number == numbers[0]));
                }
            });
        }
    });
    assert_eq!(lock.into_inner().unwrap(), [4_000; 4]);
}

#[test]
fn waiting_threads_acquire_a_released_lock() {
    setup();
    let lock = RwLock::new(1);
    let (writer, reader) = (Sleeper::default(), Sleeper::default());
    thread::scope(|scope| {
        let guard = lock.read().unwrap();
        scope.spawn(|| {
            writer.enter();
            *lock.write().unwrap() += 1;
        });
        writer.wait();
        drop(guard);
    });
    thread::scope(|scope| {
        let mut guard = lock.write().unwrap();
        let waiting_reader = scope.spawn(|| {
            reader.enter();
            *lock.read().unwrap()
        });
        reader.wait();
        *guard = 7;
        drop(guard);
        assert_eq!(waiting_reader.join().unwrap(), 7);
    });
}

#[test]
fn a_downgraded_lock_admits_readers_but_no_writer() {
    setup();
    let lock = RwLock::new(1);
    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let mut guard = lock.write().unwrap();
        let reader = scope.spawn(|| {
            sleeper.enter();
            *lock.read().unwrap()
        });
        sleeper.wait();
        *guard = 2;
        let guard: RwLockReadGuard<'_, i32> = RwLockWriteGuard::downgrade(guard);
        assert_eq!(reader.join().unwrap(), 2);
        assert!(lock.try_write().is_err());
        assert_eq!(*guard, 2);
    });
    assert!(lock.try_write().is_ok());
}

#[test]
fn only_panicking_writers_poison() {
    setup();
    let mut lock = RwLock::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = lock.read();
        resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err() && !lock.is_poisoned());
    poison(&lock);
    assert!(lock.is_poisoned());
    assert_eq!(*lock.read().unwrap_err().into_inner(), 1);
    *lock.write().unwrap_err().into_inner() = 2;
    assert!(matches!(lock.try_read(), Err(TryLockError::Poisoned(_))));
    assert!(matches!(lock.try_write(), Err(TryLockError::Poisoned(_))));
    assert_eq!(lock.get_mut().unwrap_err().into_inner(), &mut 2);
    lock.clear_poison();
    assert_eq!(*lock.read().unwrap(), 2);
    // A writer that has downgraded its lock does not poison it either.
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = RwLockWriteGuard::downgrade(lock.write().unwrap());
        resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err() && !lock.is_poisoned());
    poison(&lock);
    assert_eq!(lock.into_inner().unwrap_err().into_inner(), 2);
}

#[test]
fn rwlocks_are_formatted_as_in_std() {
    setup();
    let lock = RwLock::new(5);
    assert_eq!(format!("{lock:?}"), "RwLock { data: 5, poisoned: false, .. }");
    let guard = lock.read().unwrap();
    assert_eq!(
        format!("{lock:?} {guard:?} {guard}"),
        "RwLock { data: 5, poisoned: false, .. } 5 5"
    );
    drop(guard);
    let guard = lock.write().unwrap();
    assert_eq!(format!("{guard:?} {guard}"), "5 5");
    assert_eq!(format!("{lock:?}"), "RwLock { data: <locked>, poisoned: false, .. }");
    drop(guard);
    poison(&lock);
    assert_eq!(format!("{lock:?}"), "RwLock { data: 5, poisoned: true, .. }");
}

#[test]
fn rwlocks_can_be_created_with_traits_and_hold_unsized_values() {
    setup();
    static LOCK: RwLock<[u8; 2]> = RwLock::new([1, 2]);
    let slice: &RwLock<[u8]> = &LOCK;
    slice.write().unwrap()[1] = 5;
    assert_eq!(LOCK.read().unwrap()[..], [1, 5]);
    assert_eq!(*RwLock::<u8>::default().read().unwrap(), 0);
    assert_eq!(*RwLock::from(2).read().unwrap(), 2);
    let shared: Arc<RwLock<dyn Fn() -> u8 + Send + Sync>> = Arc::new(RwLock::new(|| 3));
    let other = Arc::clone(&shared);
    assert_eq!(thread::spawn(move || (other.read().unwrap())()).join().unwrap(), 3);
    poison(&*shared);
    let text: RwLock<String> = RwLock::new("a".into());
    text.write().unwrap().push('b');
    assert_eq!(&text.read().unwrap()[1..], "b");
}
