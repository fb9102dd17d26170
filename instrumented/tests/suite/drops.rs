//! Every message is dropped once, and at the time and place std drops it.

use std::mem;
use std::sync::mpsc::{SendError, TrySendError};
use std::sync::{Arc, Mutex};

use super::asleep::Sleeper;
use super::kinds::{each, each_with_room};
use super::tally::Tally;
use crate::library::{begin, sync::mpsc, thread};

#[test]
fn queued_messages_go_with_the_receiver() {
    begin();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        (0..5).for_each(|_| assert!(tx.send(tally.message()).is_ok()));
        assert_eq!(tally.dropped(), 0);
        // At once, although a sender keeps the channel alive.
        drop(rx);
        assert_eq!(tally.dropped(), 5);
        drop(tx);
        assert_eq!(tally.dropped(), 5);
    });
}

#[test]
fn queued_messages_outlive_the_senders() {
    begin();
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
fn a_long_queue_goes_as_well() {
    begin();
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
fn a_ring_that_wrapped_drops_what_it_holds() {
    begin();
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
    begin();
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
    begin();
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
fn a_waiting_senders_message_is_not_the_receivers_to_drop() {
    begin();
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
fn each_message_is_dropped_once_on_its_way_through() {
    begin();
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
fn nothing_leaks_when_the_receiver_leaves_among_senders() {
    begin();
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

/// Says when and on which thread it was dropped.
struct Witness {
    number: usize,
    log: Arc<Mutex<Vec<(usize, thread::ThreadId)>>>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let entry = (self.number, thread::current().id());
        self.log.lock().expect("the log").push(entry);
    }
}

#[test]
fn the_receivers_thread_drops_the_queue_in_order() {
    begin();
    each_with_room(|tx, rx| {
        let log = Arc::default();
        for number in 0..8 {
            let log = Arc::clone(&log);
            tx.send(Witness { number, log }).ok().unwrap();
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
fn nobody_drops_on_a_receiver_that_waits() {
    begin();
    // The message is built by one thread and dropped by the other, nowhere between.
    each(|tx, rx| {
        let log = Arc::default();
        thread::scope(|scope| {
            let (number, sent) = (1, Arc::clone(&log));
            scope.spawn(move || tx.send(Witness { number, log: sent }).ok().unwrap());
            drop(rx.recv().ok().unwrap());
        });
        assert_eq!(*log.lock().unwrap(), [(1, thread::current().id())]);
    });
}

#[test]
fn clones_own_no_messages() {
    begin();
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
