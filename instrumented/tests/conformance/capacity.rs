//! The capacity of bounded channels, and rendezvous channels without capacity.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{TryRecvError, TrySendError};

use super::sleeper::Sleeper;
use crate::library::{setup, sync::mpsc, thread};

#[test]
fn try_send_fails_after_exactly_the_bound() {
    setup();
    for bound in [0, 1, 2, 7, 31, 32, 100] {
        let (tx, rx) = mpsc::sync_channel(bound);
        for index in 0..bound {
            assert_eq!(tx.try_send(index), Ok(()), "{index} of {bound}");
        }
        assert_eq!(tx.try_send(bound), Err(TrySendError::Full(bound)));
        assert_eq!(rx.try_iter().collect::<Vec<_>>(), Vec::from_iter(0..bound));
    }
}

#[test]
fn each_receive_makes_room_for_one_message() {
    setup();
    let bound = 5;
    let (tx, rx) = mpsc::sync_channel(bound);
    (0..bound).for_each(|index| tx.try_send(index).unwrap());
    // Several rounds, in case the queue is a ring.
    for index in 0..10 * bound {
        assert_eq!(rx.recv(), Ok(index));
        assert_eq!(tx.try_send(index + bound), Ok(()));
        assert_eq!(tx.try_send(usize::MAX), Err(TrySendError::Full(usize::MAX)));
    }
}

#[test]
fn the_bound_is_shared_by_all_senders() {
    setup();
    for bound in [1, 3, 16] {
        let (tx, rx) = mpsc::sync_channel(bound);
        let barrier = Barrier::new(4);
        let accepted = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                let tx = tx.clone();
                let (barrier, accepted) = (&barrier, &accepted);
                scope.spawn(move || {
                    barrier.wait();
                    for _ in 0..50 {
                        if tx.try_send(()).is_ok() {
                            accepted.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        assert_eq!(accepted.into_inner(), bound);
        assert_eq!(rx.try_iter().count(), bound);
    }
}

#[test]
fn send_fills_up_to_the_bound_without_blocking() {
    setup();
    let (tx, rx) = mpsc::sync_channel(3);
    (0..3).for_each(|index| tx.send(index).unwrap());
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(rx.recv(), Ok(0));
}

#[test]
fn a_blocked_sender_continues_once_there_is_room() {
    setup();
    for bound in [1, 4] {
        let (tx, rx) = mpsc::sync_channel(bound);
        (0..bound).for_each(|index| tx.send(index).unwrap());
        let sleeper = Sleeper::default();
        let sent = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                sleeper.enter();
                tx.send(bound).unwrap();
                sent.store(true, Ordering::SeqCst);
            });
            sleeper.wait();
            assert!(!sent.load(Ordering::SeqCst));
            assert_eq!(rx.recv(), Ok(0));
        });
        assert!(sent.into_inner());
        assert_eq!(rx.try_iter().count(), bound);
    }
}

#[test]
fn an_unbounded_channel_never_blocks_the_sender() {
    setup();
    let (tx, rx) = mpsc::channel();
    (0..100_000).for_each(|index| tx.send(index).unwrap());
    assert!(rx.try_iter().eq(0..100_000));
}

#[test]
fn rendezvous_try_send_needs_a_waiting_receiver() {
    setup();
    let (tx, rx) = mpsc::sync_channel(0);
    assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));

    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let receiver = scope.spawn(|| {
            let rx = rx;
            sleeper.enter();
            (rx.recv(), rx)
        });
        sleeper.wait();
        // In a loop: the thread may have been asleep for another reason.
        while tx.try_send(2).is_err() {
            thread::yield_now();
        }
        let (received, rx) = receiver.join().unwrap();
        assert_eq!(received, Ok(2));
        // The receiver took one message and no longer waits.
        assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
        drop(rx);
        assert_eq!(tx.try_send(4), Err(TrySendError::Disconnected(4)));
    });
}

#[test]
fn rendezvous_send_returns_only_after_the_receiver_arrived() {
    setup();
    let (tx, rx) = mpsc::sync_channel(0);
    for round in 0..200 {
        let sleeper = Sleeper::default();
        let arrived = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                sleeper.enter();
                tx.send(round).unwrap();
                assert!(arrived.load(Ordering::SeqCst), "returned before the receiver arrived");
            });
            sleeper.wait();
            arrived.store(true, Ordering::SeqCst);
            // Every way to receive must find the waiting sender.
            match round % 3 {
                0 => assert_eq!(rx.recv(), Ok(round)),
                1 => assert_eq!(rx.recv_timeout(std::time::Duration::MAX), Ok(round)),
                _ => loop {
                    match rx.try_recv() {
                        Ok(received) => break assert_eq!(received, round),
                        Err(error) => assert_eq!(error, TryRecvError::Empty),
                    }
                },
            }
        });
    }
}

#[test]
fn rendezvous_releases_one_waiting_sender_per_receive() {
    setup();
    let (tx, rx) = mpsc::sync_channel(0);
    let sleepers: [Sleeper; 4] = Default::default();
    let returned = AtomicUsize::new(0);
    thread::scope(|scope| {
        for (index, sleeper) in sleepers.iter().enumerate() {
            let (tx, returned) = (tx.clone(), &returned);
            scope.spawn(move || {
                sleeper.enter();
                tx.send(index).unwrap();
                returned.fetch_add(1, Ordering::SeqCst);
            });
        }
        sleepers.iter().for_each(Sleeper::wait);
        let mut received = Vec::new();
        for taken in 0..sleepers.len() {
            assert!(returned.load(Ordering::SeqCst) <= taken);
            received.push(rx.recv().unwrap());
        }
        received.sort_unstable();
        assert_eq!(received, [0, 1, 2, 3]);
    });
}
