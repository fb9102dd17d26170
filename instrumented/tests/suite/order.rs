//! Order per sender; nothing lost, nothing twice.

use std::sync::Barrier;

use super::kinds::each;
use crate::library::{begin, sync::mpsc, thread};

const SENDERS: usize = 8;
const MESSAGES: usize = 500;

/// Each sender's messages have to arrive in the order sent, and all of them.
fn check(received: impl Iterator<Item = (usize, usize)>) {
    let mut next = [0; SENDERS];
    for (sender, index) in received {
        assert_eq!(index, next[sender], "from sender {sender}");
        next[sender] += 1;
    }
    assert_eq!(next, [MESSAGES; SENDERS]);
}

#[test]
fn one_sender_one_thread() {
    begin();
    let (tx, rx) = mpsc::channel();
    // Send and receive in steps of different length, so that the queue grows and
    // shrinks across the borders of whatever blocks it is made of.
    let (mut sent, mut received) = (0, 0);
    for step in 0..200 {
        for _ in 0..step % 67 {
            tx.send(sent).unwrap();
            sent += 1;
        }
        for _ in 0..(step % 31).min(sent - received) {
            assert_eq!(rx.recv(), Ok(received));
            received += 1;
        }
    }
    assert!(rx.try_iter().eq(received..sent));
}

#[test]
fn a_clone_per_thread() {
    begin();
    each(|tx, rx| {
        thread::scope(|scope| {
            for sender in 0..SENDERS {
                let tx = tx.clone();
                scope.spawn(move || {
                    (0..MESSAGES).for_each(|index| tx.send((sender, index)).unwrap());
                });
            }
            drop(tx);
            check(rx.iter());
        });
    });
}

#[test]
fn one_sender_shared_by_reference() {
    begin();
    each(|tx, rx| {
        thread::scope(|scope| {
            for sender in 0..SENDERS {
                let tx = &tx;
                scope.spawn(move || {
                    (0..MESSAGES).for_each(|index| tx.send((sender, index)).unwrap());
                });
            }
            check(rx.iter().take(SENDERS * MESSAGES));
        });
        assert!(rx.try_recv().is_err());
    });
}

#[test]
fn try_send_and_try_recv_all_the_way() {
    begin();
    for bound in [1, 2, 64] {
        let (tx, rx) = mpsc::sync_channel(bound);
        let barrier = Barrier::new(SENDERS + 1);
        thread::scope(|scope| {
            for sender in 0..SENDERS {
                let (tx, barrier) = (tx.clone(), &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    for index in 0..MESSAGES {
                        let mut message = (sender, index);
                        while let Err(refused) = tx.try_send(message) {
                            message = match refused {
                                mpsc::TrySendError::Full(message) => message,
                                mpsc::TrySendError::Disconnected(_) => panic!("no receiver"),
                            };
                            thread::yield_now();
                        }
                    }
                });
            }
            drop(tx);
            barrier.wait();
            check(std::iter::from_fn(|| {
                loop {
                    match rx.try_recv() {
                        Ok(message) => return Some(message),
                        Err(mpsc::TryRecvError::Empty) => thread::yield_now(),
                        Err(mpsc::TryRecvError::Disconnected) => return None,
                    }
                }
            }));
        });
    }
}

#[test]
fn what_one_thread_sent_before_another_arrives_before() {
    begin();
    // Two senders, ordered by a join: the order across senders counts as well.
    each(|tx, rx| {
        let (first, second) = (tx.clone(), tx);
        thread::scope(|scope| {
            scope.spawn(|| {
                let first = scope.spawn(move || first.send(1).unwrap());
                first.join().unwrap();
                second.send(2).unwrap();
                drop(second);
            });
            assert_eq!(rx.iter().collect::<Vec<_>>(), [1, 2]);
        });
    });
}

#[test]
fn a_receiver_may_move_between_threads_midway() {
    begin();
    each(|tx, rx| {
        thread::scope(|scope| {
            scope.spawn(move || (0..900).for_each(|index| tx.send(index).unwrap()));
            let mut rx = rx;
            for part in 0..9 {
                let take = move || {
                    assert!(rx.iter().take(100).eq(part * 100..(part + 1) * 100));
                    rx
                };
                rx = scope.spawn(take).join().unwrap();
            }
            assert_eq!(rx.recv(), Err(mpsc::RecvError));
        });
    });
}
