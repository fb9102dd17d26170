//! One run through every primitive and every outcome of its operations.
//!
//! Which events it makes, on which thread and in what order does not change from run to
//! run: where a thread is to block, the other one goes on when it does. Each primitive has a
//! name. Prints `done`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook};
use std::time::Duration;

use instrumented::Name;
use instrumented::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};
use instrumented::sync::{RwLockWriteGuard, TryLockError};
use recorder_test_programs::spawn_blocked;

/// So long that it would be noticed.
const FOR_EVER: Duration = Duration::from_secs(3600);

fn main() {
    mutex();
    rwlock();
    condvar();
    barrier();
    once();
    once_lock();
    lazy_lock();
    println!("done");
}

fn mutex() {
    let mutex = Arc::new(Mutex::new(1_u8));
    mutex.set_name("mutex");
    let guard = mutex.lock().unwrap();
    assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
    let other = Arc::clone(&mutex);
    let waiter = spawn_blocked("locks", move || *other.lock().unwrap());
    drop(guard);
    assert_eq!(waiter.join().unwrap(), 1);
    *mutex.try_lock().unwrap() = 2;
}

fn rwlock() {
    let lock = Arc::new(RwLock::new(1_u8));
    lock.set_name("rwlock");
    let first = lock.read().unwrap();
    let second = lock.try_read().unwrap();
    assert!(lock.try_write().is_err());
    let other = Arc::clone(&lock);
    let writer = spawn_blocked("writes", move || *other.write().unwrap() += 1);
    drop(first);
    drop(second);
    writer.join().unwrap();
    let guard = lock.write().unwrap();
    assert!(lock.try_read().is_err());
    let other = Arc::clone(&lock);
    let reader = spawn_blocked("reads", move || *other.read().unwrap());
    let guard = RwLockWriteGuard::downgrade(guard);
    assert_eq!(reader.join().unwrap(), 2);
    drop(guard);
    drop(lock.try_write().unwrap());
}

fn condvar() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    pair.0.set_name("ready");
    pair.1.set_name("condvar");
    let other = Arc::clone(&pair);
    let waiter = spawn_blocked("waits", move || {
        let mut ready = other.0.lock().unwrap();
        while !*ready {
            ready = other.1.wait(ready).unwrap();
        }
        drop(ready);
    });
    *pair.0.lock().unwrap() = true;
    pair.1.notify_one();
    waiter.join().unwrap();

    let other = Arc::clone(&pair);
    let waiter = spawn_blocked("waits a while", move || {
        let ready = other.0.lock().unwrap();
        let (ready, result) = other.1.wait_timeout_while(ready, FOR_EVER, |ready| *ready).unwrap();
        assert!(!*ready && !result.timed_out());
    });
    *pair.0.lock().unwrap() = false;
    pair.1.notify_all();
    waiter.join().unwrap();

    let ready = pair.0.lock().unwrap();
    let (_ready, result) = pair.1.wait_timeout(ready, Duration::from_millis(2)).unwrap();
    assert!(result.timed_out());
}

fn barrier() {
    let barrier = Arc::new(Barrier::new(2));
    barrier.set_name("barrier");
    let other = Arc::clone(&barrier);
    let waiter = spawn_blocked("meets", move || other.wait().is_leader());
    assert!(barrier.wait().is_leader());
    assert!(!waiter.join().unwrap());
}

fn once() {
    static ONCE: Once = Once::new();
    ONCE.set_name("once");
    let waiter = spawn_blocked("is told", || ONCE.wait());
    ONCE.call_once(|| ());
    waiter.join().unwrap();
    ONCE.call_once(|| unreachable!("it has been called"));
}

fn once_lock() {
    let value = OnceLock::new();
    value.set_name("once_lock");
    assert_eq!(value.set(1_u8), Ok(()));
    assert_eq!((value.set(2), value.get_or_init(|| 3), value.wait()), (Err(2), &1, &1));
}

fn lazy_lock() {
    static LAZY: LazyLock<u8> = LazyLock::new(|| 1);
    LAZY.set_name("lazy_lock");
    assert_eq!((*LAZY, *LAZY), (1, 1));

    static FALLS: LazyLock<u8> = LazyLock::new(|| resume_unwind(Box::new("on purpose")));
    FALLS.set_name("falls");
    // The second time its initialiser is not run.
    set_hook(Box::new(|_| ()));
    (0..2).for_each(|_| assert!(catch_unwind(AssertUnwindSafe(|| *FALLS)).is_err()));
}
