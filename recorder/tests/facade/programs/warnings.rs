// Compiles, with the warnings that are named at the ends of lines.
#![warn(deprecated, unused_must_use)]
#![allow(dead_code)]

use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::*;
use std::thread::{self, *};
use std::time::Duration;

fn locks(mutex: &mut Mutex<u8>, lock: &mut RwLock<u8>) {
    Mutex::new(1);
    mutex.is_poisoned();
    mutex.clear_poison();
    drop(mutex.lock().unwrap());
    mutex.lock().unwrap(); // unused_must_use
    mutex.lock(); // unused_must_use
    mutex.try_lock(); // unused_must_use
    mutex.try_lock().unwrap(); // unused_must_use
    mutex.get_mut(); // unused_must_use
    Mutex::new(1).into_inner(); // unused_must_use
    RwLock::new(1);
    lock.is_poisoned();
    lock.read().unwrap(); // unused_must_use
    lock.write().unwrap(); // unused_must_use
    lock.try_read().unwrap(); // unused_must_use
    lock.try_write().unwrap(); // unused_must_use
    RwLockWriteGuard::downgrade(lock.write().unwrap()); // unused_must_use
    lock.get_mut().unwrap();
}

fn others(condvar: &Condvar, barrier: &Barrier, once: &Once, guard: MutexGuard<'_, u8>) {
    Condvar::new(); // unused_must_use
    condvar.notify_one();
    condvar.notify_all();
    let guard = condvar.wait(guard).unwrap();
    let (guard, _) = condvar.wait_timeout(guard, Duration::ZERO).unwrap();
    let (guard, _) = condvar.wait_timeout_ms(guard, 1).unwrap(); // deprecated
    condvar.wait_while(guard, |_| false).unwrap(); // unused_must_use
    Barrier::new(1); // unused_must_use
    barrier.wait();
    barrier.wait().is_leader(); // unused_must_use
    Once::new(); // unused_must_use
    once.is_completed();
    once.wait();
    once.call_once(|| ());
    let _ = ONCE_INIT; // deprecated
}

fn cells(cell: &mut OnceLock<u8>, lazy: &mut LazyLock<u8>) {
    OnceLock::<u8>::new(); // unused_must_use
    OnceLock::from(1); // unused_must_use
    cell.get();
    cell.get_mut();
    cell.get_or_init(|| 1);
    cell.set(1); // unused_must_use
    cell.take();
    cell.wait();
    cell.clone(); // unused_must_use
    cell.clone().into_inner();
    LazyLock::new(|| 1);
    LazyLock::force(lazy);
    LazyLock::force_mut(lazy);
    LazyLock::get(lazy);
    LazyLock::get_mut(lazy);
}

fn channels(tx: &Sender<u8>, sync_tx: &SyncSender<u8>, rx: &Receiver<u8>) {
    mpsc::channel::<u8>(); // unused_must_use
    mpsc::sync_channel::<u8>(1); // unused_must_use
    tx.clone(); // unused_must_use
    tx.send(1); // unused_must_use
    sync_tx.send(1); // unused_must_use
    sync_tx.try_send(1); // unused_must_use
    rx.recv(); // unused_must_use
    rx.try_recv(); // unused_must_use
    rx.recv_timeout(Duration::ZERO); // unused_must_use
    rx.iter();
    rx.try_iter();
    rx.into_iter();
}

fn threads(handle: JoinHandle<u8>, thread: &Thread) {
    thread::spawn(|| ());
    thread::scope(|scope| {
        scope.spawn(|| ()).thread(); // unused_must_use
        scope.spawn(|| ()).is_finished();
        scope.spawn(|| ());
    });
    thread::scope(|_| 1);
    Builder::new(); // unused_must_use
    Builder::new().name(String::new()); // unused_must_use
    Builder::new().stack_size(1); // unused_must_use
    Builder::new().spawn(|| ()); // unused_must_use
    handle.is_finished();
    handle.thread(); // unused_must_use
    thread.id(); // unused_must_use
    thread.name(); // unused_must_use
    thread.unpark();
    thread.clone(); // unused_must_use
    handle.join(); // unused_must_use
    thread::current(); // unused_must_use
    thread::panicking(); // unused_must_use
    thread::available_parallelism(); // unused_must_use
    thread::park();
    thread::park_timeout(Duration::ZERO);
    thread::park_timeout_ms(1); // deprecated
    thread::sleep(Duration::ZERO);
    thread::sleep_ms(1); // deprecated
    thread::yield_now();
}
