//! Messages of unusual types: zero-sized, huge, over-aligned, not `Send`, closures.

use std::cell::Cell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::mem;
use std::rc::Rc;
use std::sync::mpsc::{RecvError, TryRecvError, TrySendError};
use std::sync::{Arc, Mutex};

use super::channel_kinds::{each, each_with_room};
use crate::library::{setup, sync::mpsc, thread};

#[test]
fn unit_messages_are_counted() {
    setup();
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
fn the_message_type_may_have_no_values() {
    setup();
    each(|tx, rx: mpsc::Receiver<Infallible>| {
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        drop(tx);
        assert_eq!(rx.recv(), Err(RecvError));
    });
}

thread_local! {
    static DROPS: Cell<usize> = const { Cell::new(0) };
}

/// A zero-sized message that counts its drops.
#[derive(Debug)]
struct ZeroSized;

impl Drop for ZeroSized {
    fn drop(&mut self) {
        DROPS.set(DROPS.get() + 1);
    }
}

#[test]
fn zero_sized_messages_are_dropped_once() {
    setup();
    each_with_room(|tx, rx| {
        DROPS.set(0);
        (0..8).for_each(|_| tx.send(ZeroSized).unwrap());
        (0..3).for_each(|_| mem::forget(rx.recv().unwrap()));
        assert_eq!(DROPS.get(), 0);
        drop(rx);
        assert_eq!(DROPS.get(), 5);
        drop(tx.send(ZeroSized));
        assert_eq!(DROPS.get(), 6);
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

fn check_alignment<T: Copy + PartialEq + std::fmt::Debug + Send>(message: T) {
    each(|tx, rx| {
        thread::scope(|scope| {
            scope.spawn(move || (0..40).for_each(|_| tx.send(message).unwrap()));
            let received = rx.recv().unwrap();
            assert_eq!((&raw const received).addr() % align_of::<T>(), 0);
            assert_eq!(received, message);
            for received in rx {
                // Boxed, so that the allocator chooses the address.
                let received = Box::new(received);
                assert_eq!((&raw const *received).addr() % align_of::<T>(), 0);
                assert_eq!(*received, message);
            }
        });
    });
}

#[test]
fn messages_arrive_aligned() {
    setup();
    check_alignment(Line(7));
    check_alignment(EmptyPage);
    check_alignment(Page(std::array::from_fn(|index| index as u8)));
    check_alignment((1_u8, u128::MAX));
    check_alignment([0_u64; 0]);
}

#[test]
fn a_message_may_be_a_mebibyte_by_value() {
    setup();
    const SIZE: usize = 1 << 20;
    // In a debug build every call on the way may hold a copy of the message on the stack.
    let large_stack = || thread::Builder::new().stack_size(128 * SIZE);
    let test = move || {
        each(|tx, rx| {
            let sender = move || {
                for fill in 0..4_u8 {
                    let message = [fill; SIZE];
                    tx.send(message).unwrap();
                }
            };
            let sender = large_stack().spawn(sender).unwrap();
            for fill in 0..4 {
                assert!(rx.recv().unwrap() == [fill; SIZE]);
            }
            assert!(rx.recv().is_err());
            sender.join().unwrap();
        });
        let (tx, rx) = mpsc::sync_channel(1);
        tx.send([1_u8; SIZE]).unwrap();
        let Err(TrySendError::Full(message)) = tx.try_send([2; SIZE]) else {
            panic!("expected `Full`")
        };
        assert!(message == [2; SIZE]);
        drop(rx);
        assert!(tx.send(message).unwrap_err().0 == [2; SIZE]);
    };
    large_stack().spawn(test).unwrap().join().unwrap();
}

#[test]
fn messages_that_are_not_send_work_on_one_thread() {
    setup();
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
fn messages_may_be_guards_or_pointers() {
    setup();
    let mutex = Mutex::new(1);
    let (tx, rx) = mpsc::channel();
    tx.send(mutex.lock().unwrap()).unwrap();
    assert!(mutex.try_lock().is_err());
    *rx.recv().unwrap() += 1;
    assert_eq!(*mutex.try_lock().unwrap(), 2);

    let (tx, rx) = mpsc::channel();
    let address = &raw const mutex;
    tx.send(address).unwrap();
    assert_eq!(rx.recv(), Ok(address));
}

#[test]
fn messages_may_be_closures() {
    setup();
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
fn messages_may_have_niches_or_heap_data() {
    setup();
    each_with_room(|tx, rx| {
        for message in [None, Some(Box::new(1)), None] {
            tx.send(message).unwrap();
        }
        // A received `None` is a message, not the end of the channel.
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
