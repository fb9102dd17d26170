//! Without the feature `record` the types are std's own.
#![cfg(not(feature = "record"))]

use std::sync::mpsc as plain;

use instrumented::Name;
use instrumented::sync::mpsc;

/// Compiles only if the function returns its argument's type, so both paths name one type.
fn assert_same<T>(_: fn(T) -> T) {}

#[test]
fn channels_are_stds_own_types() {
    assert_same(|sender: plain::Sender<u8>| -> mpsc::Sender<u8> { sender });
    assert_same(|sender: plain::SyncSender<u8>| -> mpsc::SyncSender<u8> { sender });
    assert_same(|receiver: plain::Receiver<u8>| -> mpsc::Receiver<u8> { receiver });
    assert_same(|iterator: plain::IntoIter<u8>| -> mpsc::IntoIter<u8> { iterator });
    assert_same(|iterator: plain::Iter<'static, u8>| -> mpsc::Iter<'static, u8> { iterator });
    assert_same(|iterator: plain::TryIter<'static, u8>| -> mpsc::TryIter<'static, u8> { iterator });
}

#[test]
fn locks_and_threads_are_stds_own_types() {
    use instrumented::{sync, thread};
    assert_same(|mutex: std::sync::Mutex<u8>| -> sync::Mutex<u8> { mutex });
    assert_same(|lock: std::sync::RwLock<u8>| -> sync::RwLock<u8> { lock });
    assert_same(|condvar: std::sync::Condvar| -> sync::Condvar { condvar });
    assert_same(|barrier: std::sync::Barrier| -> sync::Barrier { barrier });
    assert_same(|once: std::sync::Once| -> sync::Once { once });
    assert_same(|value: std::sync::OnceLock<u8>| -> sync::OnceLock<u8> { value });
    assert_same(|value: std::sync::LazyLock<u8>| -> sync::LazyLock<u8> { value });
    assert_same(|thread: std::thread::Thread| -> thread::Thread { thread });
    assert_same(|builder: std::thread::Builder| -> thread::Builder { builder });
    assert_same(|handle: std::thread::JoinHandle<u8>| -> thread::JoinHandle<u8> { handle });
}

#[test]
fn names_have_no_effect() {
    let (tx, rx): (plain::Sender<u8>, plain::Receiver<u8>) = mpsc::named("jobs").channel();
    tx.send(1).unwrap();
    assert_eq!(rx.recv(), Ok(1));
    let mutex = std::sync::Mutex::new(1);
    instrumented::Name::set_name(&mutex, "count");
    assert_eq!(mutex.into_inner().unwrap(), 1);
}

#[test]
fn labels_have_no_effect() {
    let (tx, rx): (plain::SyncSender<u8>, plain::Receiver<u8>) =
        mpsc::named("jobs").debug().sync_channel(1);
    tx.send(1).unwrap();
    assert_eq!(rx.recv(), Ok(1));
    let label = |_: &u8, _: &mut std::fmt::Formatter<'_>| unreachable!();
    let (tx, rx): (plain::Sender<u8>, plain::Receiver<u8>) =
        mpsc::Builder::new().label(label).channel();
    tx.set_name("audit");
    rx.set_name("reader");
    instrumented::recording::values(80);
    tx.send(1).unwrap();
    assert_eq!(rx.recv(), Ok(1));
}

#[test]
fn starting_a_recording_is_an_error() {
    let error = instrumented::recording::start("nowhere").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
}
