//! Every message is dropped once, at the same moment and on the same thread as with std.

use std::mem;
use std::sync::mpsc::{SendError, TrySendError};
use std::sync::{Arc, Mutex};

use super::channel_kinds::{each, each_with_room};
use super::sleeper::Sleeper;
use super::tally::Tally;
use crate::library::{setup, sync::mpsc, thread};

#[test]
fn dropping_the_receiver_drops_queued_messages() {
    setup();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        (0..5).for_each(|_| assert!(tx.send(tally.message()).is_ok()));
        assert_eq!(tally.dropped(), 0);
        // Immediately, although a sender keeps the channel alive.
        drop(rx);
        assert_eq!(tally.dropped(), 5);
        drop(tx);
        assert_eq!(tally.dropped(), 5);
    });
}

#[test]
fn queued_messages_outlive_the_senders() {
    setup();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        (0..5).for_each(|_| assert!(tx.clone().send(tally.message()).is_ok()));
        drop(tx);
        assert_eq!(tally.dropped(), 0);
        drop(rx);
        assert_eq!(tally.dropped(), 5);
    });
}

#[test]
fn dropping_the_receiver_drops_a_long_queue() {
    setup();
    for received in [0, 1, 31, 32, 500] {
        for sender_first in [false, true] {
            let tally = Tally::default();
            let (tx, rx) = mpsc::channel();
            (0..1_000).for_each(|_| assert!(tx.send(tally.message()).is_ok()));
            assert_eq!(rx.iter().take(received).count(), received);
            assert_eq!(tally.dropped(), received);
            let kept = if sender_first {
                drop(tx);
                None
            } else {
                Some(tx)
            };
            drop(rx);
            assert_eq!(tally.dropped(), 1_000);
            drop(kept);
            assert_eq!(tally.dropped(), 1_000);
        }
    }
}

#[test]
fn a_ring_that_has_wrapped_around_drops_its_messages() {
    setup();
    let tally = Tally::default();
    let (tx, rx) = mpsc::sync_channel(4);
    for _ in 0..3 {
        assert!(tx.try_send(tally.message()).is_ok());
        drop(rx.recv());
    }
    (0..4).for_each(|_| assert!(tx.try_send(tally.message()).is_ok()));
    assert_eq!(tally.dropped(), 3);
    drop(rx);
    assert_eq!(tally.dropped(), 7);
}

#[test]
fn a_received_message_belongs_to_the_receiver() {
    setup();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        tx.send(tally.message()).ok().unwrap();
        let message = rx.recv().ok();
        drop((tx, rx));
        assert_eq!(tally.dropped(), 0);
        drop(message);
        assert_eq!(tally.dropped(), 1);
    });
}

#[test]
fn a_refused_message_belongs_to_the_sender() {
    setup();
    for bound in [0, 1] {
        let tally = Tally::default();
        let (tx, rx) = mpsc::sync_channel(bound);
        (0..bound).for_each(|_| assert!(tx.try_send(tally.message()).is_ok()));
        let full = tx.try_send(tally.message()).unwrap_err();
        assert!(matches!(full, TrySendError::Full(_)));
        assert_eq!(tally.dropped(), 0);
        drop(full);
        assert_eq!(tally.dropped(), 1);
        drop(rx);
        assert_eq!(tally.dropped(), 1 + bound);
        let disconnected = tx.try_send(tally.message()).unwrap_err();
        let SendError(returned) = tx.send(tally.message()).unwrap_err();
        assert_eq!(tally.dropped(), 1 + bound);
        drop(disconnected);
        assert_eq!(tally.dropped(), 2 + bound);
        mem::forget(returned);
        drop(tx);
        assert_eq!(tally.dropped(), 2 + bound, "dropped although forgotten");
    }
}

#[test]
fn the_receiver_does_not_drop_the_message_of_a_waiting_sender() {
    setup();
    for bound in [0, 2] {
        let tally = Tally::default();
        let (tx, rx) = mpsc::sync_channel(bound);
        (0..bound).for_each(|_| assert!(tx.send(tally.message()).is_ok()));
        let sleeper = Sleeper::default();
        thread::scope(|scope| {
            let sender = scope.spawn(|| {
                sleeper.enter();
                tx.send(tally.message()).unwrap_err()
            });
            sleeper.wait();
            drop(rx);
            let returned = sender.join().unwrap();
            assert_eq!(tally.dropped(), bound);
            drop(returned);
            assert_eq!(tally.dropped(), bound + 1);
        });
    }
}

#[test]
fn received_messages_are_dropped_once() {
    setup();
    each(|tx, rx| {
        let tally = Tally::default();
        thread::scope(|scope| {
            for _ in 0..4 {
                let tx = tx.clone();
                let tally = &tally;
                scope.spawn(move || {
                    (0..250).for_each(|_| assert!(tx.send(tally.message()).is_ok()));
                });
            }
            drop(tx);
            for (index, message) in rx.iter().enumerate() {
                assert_eq!(tally.dropped(), index);
                drop(message);
            }
        });
        assert_eq!(tally.dropped(), 1_000);
    });
}

#[test]
fn no_message_leaks_when_the_receiver_is_dropped_among_senders() {
    setup();
    for _ in 0..25 {
        each(|tx, rx| {
            let tally = Tally::default();
            let sent = thread::scope(|scope| {
                let senders = [(); 4].map(|()| {
                    let tx = tx.clone();
                    let tally = &tally;
                    scope.spawn(move || (1..).find(|_| tx.send(tally.message()).is_err()))
                });
                drop(tx);
                assert_eq!(rx.iter().take(20).count(), 20);
                drop(rx);
                senders.map(|sender| sender.join().unwrap().unwrap())
            });
            assert_eq!(tally.dropped(), sent.iter().sum::<usize>());
        });
    }
}

/// Logs its drop, with the thread.
struct LogsDrop {
    number: usize,
    log: Arc<Mutex<Vec<(usize, thread::ThreadId)>>>,
}

impl Drop for LogsDrop {
    fn drop(&mut self) {
        let entry = (self.number, thread::current().id());
        self.log.lock().expect("the log").push(entry);
    }
}

#[test]
fn the_thread_that_drops_the_receiver_drops_the_queue_in_order() {
    setup();
    each_with_room(|tx, rx| {
        let log = Arc::default();
        for number in 0..8 {
            let log = Arc::clone(&log);
            tx.send(LogsDrop { number, log }).ok().unwrap();
        }
        let dropper = thread::spawn(move || drop(rx));
        let id = dropper.thread().id();
        dropper.join().unwrap();
        let expected = Vec::from_iter((0..8).map(|number| (number, id)));
        assert_eq!(*log.lock().unwrap(), expected);
        drop(tx);
    });
}

#[test]
fn a_received_message_is_dropped_by_the_receiving_thread_alone() {
    setup();
    each(|tx, rx| {
        let log = Arc::default();
        thread::scope(|scope| {
            let (number, sent) = (1, Arc::clone(&log));
            scope.spawn(move || tx.send(LogsDrop { number, log: sent }).ok().unwrap());
            drop(rx.recv().ok().unwrap());
        });
        assert_eq!(*log.lock().unwrap(), [(1, thread::current().id())]);
    });
}

#[test]
fn dropping_a_clone_drops_no_messages() {
    setup();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        for _ in 0..5 {
            let clone = tx.clone();
            clone.send(tally.message()).ok().unwrap();
            drop(clone);
        }
        assert_eq!(tally.dropped(), 0);
        assert_eq!(rx.try_iter().count(), 5);
        assert_eq!(tally.dropped(), 5);
    });
}
