//! Locks that are taken in the wrong order, or for too short a time.

use std::collections::HashMap;

use super::Program;
use crate::facade::sync::mpsc::sync_channel;
use crate::facade::sync::{Arc, Mutex, RwLock};
use crate::facade::thread;

pub(super) const PROGRAMS: &[Program] = &[
    Program::sctbench("deadlock01", deadlock01).with_healed_form(),
    Program::sctbench("din_phil2", |healed| philosophers(2, healed)).with_healed_form(),
    Program::sctbench("din_phil3", |healed| philosophers(3, healed)),
    Program::sctbench("din_phil4", |healed| philosophers(4, healed)),
    Program::sctbench("din_phil5", |healed| philosophers(5, healed)),
    Program::sctbench("din_phil6", |healed| philosophers(6, healed)),
    Program::sctbench("din_phil7", |healed| philosophers(7, healed)).with_healed_form(),
    Program::sctbench("carter01", carter01).with_healed_form(),
    Program::sctbench("phase01", phase01),
    Program::rust("three_locks", three_locks).with_healed_form(),
    Program::rust("transfers", transfers).with_healed_form(),
    Program::rust("read_read_write", read_read_write).with_healed_form(),
    Program::rust("rwlock_upgrade", rwlock_upgrade).with_healed_form(),
    Program::rust("cache_fills_twice", cache_fills_twice).with_healed_form(),
    Program::rust("try_lock_skips", try_lock_skips).with_healed_form(),
    Program::rust("join_with_lock", join_with_lock).with_healed_form(),
    Program::rust("lock_and_full_channel", lock_and_full_channel).with_healed_form(),
];

fn deadlock01(healed: bool) {
    let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
    let other = thread::spawn({
        let locks = locks.clone();
        move || {
            let second = (!healed).then(|| locks.1.lock().unwrap());
            let mut first = locks.0.lock().unwrap();
            let mut second = second.unwrap_or_else(|| locks.1.lock().unwrap());
            *first += 1;
            *second += 1;
        }
    });
    let first = locks.0.lock().unwrap();
    let second = locks.1.lock().unwrap();
    assert_eq!(*first, *second);
    drop((first, second));
    other.join().unwrap();
}

fn philosophers(number: usize, healed: bool) {
    let forks: Arc<Vec<_>> = Arc::new((0..number).map(|_| Mutex::new(())).collect());
    let philosophers = (0..number).map(|left| {
        let forks = forks.clone();
        thread::spawn(move || {
            let right = (left + 1) % forks.len();
            let (one, other) =
                if healed { (left.min(right), left.max(right)) } else { (left, right) };
            let _one = forks[one].lock().unwrap();
            let _other = forks[other].lock().unwrap();
        })
    });
    for philosopher in philosophers.collect::<Vec<_>>() {
        philosopher.join().unwrap();
    }
}

/// The first of each kind of thread takes a lock for its kind. To take it while holding the lock of
/// the counts is a deadlock if its holder needs the counts.
fn carter01(healed: bool) {
    let (counts, shared) = (Arc::new(Mutex::new((0, 0))), Arc::new(Mutex::new(0)));
    let first = thread::spawn({
        let (counts, shared) = (counts.clone(), shared.clone());
        move || {
            let mut numbers = counts.lock().unwrap();
            numbers.0 += 1;
            let is_first = numbers.0 == 1;
            let numbers = (!healed).then_some(numbers);
            let guard = is_first.then(|| shared.lock().unwrap());
            drop(numbers);
            counts.lock().unwrap().0 -= 1;
            drop(guard);
        }
    });
    let second = thread::spawn({
        let (counts, shared) = (counts.clone(), shared.clone());
        move || {
            let is_first = {
                let mut numbers = counts.lock().unwrap();
                numbers.1 += 1;
                numbers.1 == 1
            };
            let guard = is_first.then(|| shared.lock().unwrap());
            counts.lock().unwrap().1 -= 1;
            drop(guard);
        }
    });
    let noise = thread::spawn(move || *shared.lock().unwrap() += 1);
    for thread in [first, second, noise] {
        thread.join().unwrap();
    }
}

/// In its second phase, each thread takes the locks the other way round.
fn phase01(_: bool) {
    let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
    let other = thread::spawn({
        let locks = locks.clone();
        move || {
            for phase in 0..3 {
                let mut first = locks.0.lock().unwrap();
                *first += phase;
                let mut second = locks.1.lock().unwrap();
                *second += phase;
            }
        }
    });
    {
        let _first = locks.0.lock().unwrap();
        *locks.1.lock().unwrap() += 1;
    }
    {
        let mut second = locks.1.lock().unwrap();
        let first = locks.0.lock().unwrap();
        *second += *first;
    }
    other.join().unwrap();
}

/// Three threads, three locks, and a ring that closes only if each holds one.
fn three_locks(healed: bool) {
    let locks = Arc::new([(); 3].map(|()| Mutex::new(0)));
    let (sender, receiver) = sync_channel(3);
    let threads = (0..3).map(|thread| {
        let (locks, sender) = (locks.clone(), sender.clone());
        thread::spawn(move || {
            let next = (thread + 1) % 3;
            let (one, other) =
                if healed { (thread.min(next), thread.max(next)) } else { (thread, next) };
            *locks[one].lock().unwrap() += 1;
            let mut one = locks[one].lock().unwrap();
            sender.send(thread).unwrap();
            *one += 1;
            *locks[other].lock().unwrap() += *one;
        })
    });
    let threads: Vec<_> = threads.collect();
    drop(sender);
    assert_eq!(receiver.iter().count(), 3);
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Two transfers between the same accounts, one in each direction.
fn transfers(healed: bool) {
    let accounts: Arc<Vec<_>> = Arc::new((0..4).map(|_| Mutex::new(100)).collect());
    let transfer = |pairs: [(usize, usize); 3]| {
        let accounts = accounts.clone();
        thread::spawn(move || {
            for (from, to) in pairs {
                let (one, other) = if healed { (from.min(to), from.max(to)) } else { (from, to) };
                let mut one = accounts[one].lock().unwrap();
                let mut other = accounts[other].lock().unwrap();
                let amount = if from < to { 10 } else { -10 };
                *one -= amount;
                *other += amount;
            }
        })
    };
    let threads = [transfer([(0, 1), (1, 2), (2, 3)]), transfer([(0, 2), (3, 2), (0, 3)])];
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(accounts.iter().map(|it| *it.lock().unwrap()).sum::<i32>(), 400);
}

/// A thread reads again while it reads; a writer that waits in between lets nobody pass.
fn read_read_write(healed: bool) {
    let config = Arc::new(RwLock::new(1));
    let limits = Arc::new(RwLock::new(2));
    let writer = thread::spawn({
        let (config, limits) = (config.clone(), limits.clone());
        move || {
            let mut limits = limits.write().unwrap();
            *limits += 1;
            if healed {
                drop(limits);
                *config.write().unwrap() += 1;
            } else {
                *config.write().unwrap() += *limits;
            }
        }
    });
    let value = {
        let config = config.read().unwrap();
        *config + *limits.read().unwrap()
    };
    writer.join().unwrap();
    assert!(value > 0);
}

/// What was read is no longer so when it is written.
fn rwlock_upgrade(healed: bool) {
    let next = Arc::new(RwLock::new(0));
    let claim = |next: Arc<RwLock<i32>>| {
        move || {
            if healed {
                let mut next = next.write().unwrap();
                *next += 1;
                return *next;
            }
            let seen = *next.read().unwrap();
            *next.write().unwrap() = seen + 1;
            seen + 1
        }
    };
    let other = thread::spawn(claim(next.clone()));
    let mine = claim(next)();
    assert_ne!(other.join().unwrap(), mine, "the number was claimed twice");
}

/// Two threads miss in the cache, and both compute the value.
fn cache_fills_twice(healed: bool) {
    let cache = Arc::new((RwLock::new(HashMap::new()), Mutex::new(0)));
    let threads = [1, 2, 3, 1].map(|key| {
        let cache = cache.clone();
        thread::spawn(move || {
            if cache.0.read().unwrap().contains_key(&key) {
                return;
            }
            let mut entries = cache.0.write().unwrap();
            if healed && entries.contains_key(&key) {
                return;
            }
            entries.insert(key, key * key);
            *cache.1.lock().unwrap() += 1;
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*cache.1.lock().unwrap(), 3, "a value was computed twice");
}

/// Work is skipped if its lock happens to be held.
fn try_lock_skips(healed: bool) {
    let total = Arc::new(Mutex::new(0));
    let add = |total: Arc<Mutex<i32>>| {
        move || {
            if healed {
                *total.lock().unwrap() += 1;
            } else if let Ok(mut total) = total.try_lock() {
                *total += 1;
            }
        }
    };
    let other = thread::spawn(add(total.clone()));
    add(total.clone())();
    other.join().unwrap();
    assert_eq!(*total.lock().unwrap(), 2, "one was skipped");
}

/// A thread is joined under a lock that it may still need.
fn join_with_lock(healed: bool) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let (sender, receiver) = sync_channel(2);
    let worker = thread::spawn({
        let log = log.clone();
        move || {
            for job in receiver {
                log.lock().unwrap().push(job);
            }
        }
    });
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    drop(sender);
    if healed {
        worker.join().unwrap();
        assert_eq!(log.lock().unwrap().len(), 2);
    } else {
        let log = log.lock().unwrap();
        worker.join().unwrap();
        assert_eq!(log.len(), 2);
    }
}

/// A thread sends under a lock; the channel may be full, and the receiver may want the lock.
fn lock_and_full_channel(healed: bool) {
    let state = Arc::new(Mutex::new(0));
    let (sender, receiver) = sync_channel(2);
    let producer = thread::spawn({
        let state = state.clone();
        move || {
            for number in 0..6 {
                let mut sent = state.lock().unwrap();
                *sent += 1;
                if healed {
                    drop(sent);
                }
                sender.send(number).unwrap();
            }
        }
    });
    for number in receiver {
        if number % 2 == 1 {
            assert!(*state.lock().unwrap() > number);
        }
    }
    producer.join().unwrap();
}
