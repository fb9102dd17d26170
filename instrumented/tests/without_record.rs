//! With the feature `record` off the types are std's own.
#![cfg(not(feature = "record"))]

use std::sync::mpsc as plain;

use instrumented::Name;
use instrumented::sync::mpsc;

fn is_stds<T>(_: fn(T) -> T) {}

#[test]
fn the_types_are_stds() {
    is_stds(|sender: plain::Sender<u8>| -> mpsc::Sender<u8> { sender });
    is_stds(|sender: plain::SyncSender<u8>| -> mpsc::SyncSender<u8> { sender });
    is_stds(|receiver: plain::Receiver<u8>| -> mpsc::Receiver<u8> { receiver });
    is_stds(|iterator: plain::IntoIter<u8>| -> mpsc::IntoIter<u8> { iterator });
    is_stds(|iterator: plain::Iter<'static, u8>| -> mpsc::Iter<'static, u8> { iterator });
    is_stds(|iterator: plain::TryIter<'static, u8>| -> mpsc::TryIter<'static, u8> { iterator });
}

#[test]
fn so_are_those_of_locks_and_threads() {
    use instrumented::{sync, thread};
    is_stds(|mutex: std::sync::Mutex<u8>| -> sync::Mutex<u8> { mutex });
    is_stds(|lock: std::sync::RwLock<u8>| -> sync::RwLock<u8> { lock });
    is_stds(|condvar: std::sync::Condvar| -> sync::Condvar { condvar });
    is_stds(|barrier: std::sync::Barrier| -> sync::Barrier { barrier });
    is_stds(|once: std::sync::Once| -> sync::Once { once });
    is_stds(|value: std::sync::OnceLock<u8>| -> sync::OnceLock<u8> { value });
    is_stds(|value: std::sync::LazyLock<u8>| -> sync::LazyLock<u8> { value });
    is_stds(|thread: std::thread::Thread| -> thread::Thread { thread });
    is_stds(|builder: std::thread::Builder| -> thread::Builder { builder });
    is_stds(|handle: std::thread::JoinHandle<u8>| -> thread::JoinHandle<u8> { handle });
}

#[test]
fn a_name_changes_nothing() {
    let (tx, rx): (plain::Sender<u8>, plain::Receiver<u8>) = mpsc::named("jobs").channel();
    tx.send(1).unwrap();
    assert_eq!(rx.recv(), Ok(1));
    let mutex = std::sync::Mutex::new(1);
    instrumented::Name::set_name(&mutex, "count");
    assert_eq!(mutex.into_inner().unwrap(), 1);
}

#[test]
fn how_messages_are_shown_changes_nothing() {
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
fn recording_says_that_it_cannot() {
    let error = instrumented::recording::start("nowhere").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
}
