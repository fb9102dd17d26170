//! A forgotten endpoint is never dropped, so it keeps its side of the channel open.

use std::mem;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError, TrySendError};
use std::time::Duration;

use super::channel_kinds::{each, each_with_room};
use super::tally::Tally;
use crate::library::{setup, sync::mpsc, thread};

#[test]
fn a_forgotten_sender_keeps_the_channel_open() {
    setup();
    each(|tx, rx: mpsc::Receiver<()>| {
        mem::forget(tx.clone());
        thread::spawn(move || drop(tx)).join().unwrap();
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        let waited = rx.recv_timeout(Duration::from_millis(1));
        assert_eq!(waited, Err(RecvTimeoutError::Timeout));
        assert_eq!(rx.try_iter().next(), None);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn messages_of_a_forgotten_sender_arrive() {
    setup();
    each_with_room(|tx, rx| {
        tx.send(1).unwrap();
        mem::forget(tx);
        assert_eq!(rx.recv(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn messages_to_a_forgotten_receiver_are_accepted_and_kept() {
    setup();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        mem::forget(rx);
        (0..5).for_each(|_| assert!(tx.send(tally.message()).is_ok()));
        assert!(tx.clone().send(tally.message()).is_ok());
        assert_eq!(tally.dropped(), 0);
    });
}

#[test]
fn a_channel_with_a_forgotten_receiver_stays_full() {
    setup();
    for bound in [0, 2] {
        let (tx, rx) = mpsc::sync_channel(bound);
        mem::forget(rx);
        (0..bound).for_each(|index| tx.try_send(index).unwrap());
        assert_eq!(tx.try_send(7), Err(TrySendError::Full(7)));
    }
}

#[test]
fn forgotten_messages_are_never_dropped() {
    setup();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        for _ in 0..100 {
            assert!(tx.send(tally.message()).is_ok());
            mem::forget(rx.recv());
        }
        drop((tx, rx));
        assert_eq!(tally.dropped(), 0);
    });
}
