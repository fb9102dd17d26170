//! Messages of every shape: without size, huge, aligned, not `Send`, code.

use std::cell::Cell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::mem;
use std::rc::Rc;
use std::sync::mpsc::{RecvError, TryRecvError, TrySendError};
use std::sync::{Arc, Mutex};

use super::kinds::{each, each_with_room};
use crate::library::{begin, sync::mpsc, thread};

#[test]
fn units_are_counted() {
    begin();
    each(|tx, rx| {
        thread::scope(|scope| {
            scope.spawn(move || (0..1_000).for_each(|_| tx.send(()).unwrap()));
            assert_eq!(rx.iter().count(), 1_000);
        });
    });
    let (tx, rx) = mpsc::sync_channel(1);
    tx.send(()).unwrap();
    assert_eq!(tx.try_send(()), Err(TrySendError::Full(())));
    assert_eq!(rx.recv(), Ok(()));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn no_message_at_all_is_a_type_too() {
    begin();
    each(|tx, rx: mpsc::Receiver<Infallible>| {
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        drop(tx);
        assert_eq!(rx.recv(), Err(RecvError));
    });
}

thread_local! {
    static NOTHINGS: Cell<usize> = const { Cell::new(0) };
}

/// Has no size and is dropped all the same.
#[derive(Debug)]
struct Nothing;

impl Drop for Nothing {
    fn drop(&mut self) {
        NOTHINGS.set(NOTHINGS.get() + 1);
    }
}

#[test]
fn nothings_are_dropped_once() {
    begin();
    each_with_room(|tx, rx| {
        NOTHINGS.set(0);
        (0..8).for_each(|_| tx.send(Nothing).unwrap());
        (0..3).for_each(|_| mem::forget(rx.recv().unwrap()));
        assert_eq!(NOTHINGS.get(), 0);
        drop(rx);
        assert_eq!(NOTHINGS.get(), 5);
        drop(tx.send(Nothing));
        assert_eq!(NOTHINGS.get(), 6);
    });
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
struct Line(u8);

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(4096))]
struct Page([u8; 5_000]);

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(4096))]
struct EmptyPage;

fn arrives_aligned<T: Copy + PartialEq + std::fmt::Debug + Send>(message: T) {
    each(|tx, rx| {
        thread::scope(|scope| {
            scope.spawn(move || (0..40).for_each(|_| tx.send(message).unwrap()));
            let received = rx.recv().unwrap();
            assert_eq!((&raw const received).addr() % align_of::<T>(), 0);
            assert_eq!(received, message);
            for received in rx {
                // Boxed, so that the place is not the compiler's own.
                let received = Box::new(received);
                assert_eq!((&raw const *received).addr() % align_of::<T>(), 0);
                assert_eq!(*received, message);
            }
        });
    });
}

#[test]
fn alignment_survives() {
    begin();
    arrives_aligned(Line(7));
    arrives_aligned(EmptyPage);
    arrives_aligned(Page(std::array::from_fn(|index| index as u8)));
    arrives_aligned((1_u8, u128::MAX));
    arrives_aligned([0_u64; 0]);
}

#[test]
fn a_mebibyte_by_value() {
    begin();
    const SIZE: usize = 1 << 20;
    // Every call on the way may hold a copy of its own in a debug build.
    let roomy = || thread::Builder::new().stack_size(128 * SIZE);
    let test = move || {
        each(|tx, rx| {
            let sender = move || {
                for fill in 0..4_u8 {
                    let message = [fill; SIZE];
                    tx.send(message).unwrap();
                }
            };
            let sender = roomy().spawn(sender).unwrap();
            for fill in 0..4 {
                assert!(rx.recv().unwrap() == [fill; SIZE]);
            }
            assert!(rx.recv().is_err());
            sender.join().unwrap();
        });
        let (tx, rx) = mpsc::sync_channel(1);
        tx.send([1_u8; SIZE]).unwrap();
        let Err(TrySendError::Full(message)) = tx.try_send([2; SIZE]) else {
            panic!("a full channel")
        };
        assert!(message == [2; SIZE]);
        drop(rx);
        assert!(tx.send(message).unwrap_err().0 == [2; SIZE]);
    };
    roomy().spawn(test).unwrap().join().unwrap();
}

#[test]
fn messages_that_stay_on_one_thread() {
    begin();
    each_with_room(|tx, rx| {
        let shared = Rc::new(Cell::new(0));
        (0..4).for_each(|_| tx.send(Rc::clone(&shared)).unwrap());
        assert_eq!(Rc::strong_count(&shared), 5);
        for received in rx.try_iter() {
            received.set(received.get() + 1);
        }
        assert_eq!(shared.get(), 4);
        tx.send(Rc::clone(&shared)).unwrap();
        drop((tx, rx));
        assert_eq!(Rc::strong_count(&shared), 1);
    });
}

#[test]
fn guards_and_pointers() {
    begin();
    let mutex = Mutex::new(1);
    let (tx, rx) = mpsc::channel();
    tx.send(mutex.lock().unwrap()).unwrap();
    assert!(mutex.try_lock().is_err());
    *rx.recv().unwrap() += 1;
    assert_eq!(*mutex.try_lock().unwrap(), 2);

    let (tx, rx) = mpsc::channel();
    let place = &raw const mutex;
    tx.send(place).unwrap();
    assert_eq!(rx.recv(), Ok(place));
}

#[test]
fn jobs() {
    begin();
    each(|tx, rx: mpsc::Receiver<Box<dyn FnOnce() + Send>>| {
        let done = Arc::new(Mutex::new(Vec::new()));
        let worker = thread::spawn(move || rx.into_iter().for_each(|job| job()));
        for number in 0..50 {
            let done = Arc::clone(&done);
            let job = move || done.lock().unwrap().push(number);
            tx.send(Box::new(job)).ok().unwrap();
        }
        drop(tx);
        worker.join().unwrap();
        assert_eq!(*done.lock().unwrap(), Vec::from_iter(0..50));
    });
}

#[test]
fn messages_with_a_niche_and_with_a_heap() {
    begin();
    each_with_room(|tx, rx| {
        for message in [None, Some(Box::new(1)), None] {
            tx.send(message).unwrap();
        }
        // A received `None` is a message, the end is something else.
        assert_eq!(rx.try_iter().collect::<Vec<_>>(), [None, Some(Box::new(1)), None]);
    });
    each_with_room(|tx, rx| {
        tx.send(Err(RecvError)).unwrap();
        tx.send(Ok(HashMap::from([(1, String::from("one"))]))).unwrap();
        drop(tx);
        assert_eq!(rx.recv(), Ok(Err(RecvError)));
        assert_eq!(rx.recv().unwrap().unwrap()[&1], "one");
        assert_eq!(rx.recv(), Err(RecvError));
    });
    each_with_room(|tx, rx| {
        let pointer: fn(&str) -> usize = str::len;
        tx.send((pointer, true, 'x', f32::NAN)).unwrap();
        let (pointer, yes, letter, number) = rx.recv().unwrap();
        assert_eq!((pointer("four"), yes, letter), (4, true, 'x'));
        assert!(number.is_nan());
    });
}
