//! Messages of each sender arrive in order, without loss or duplication.

use std::sync::Barrier;

use super::channel_kinds::each;
use crate::library::{setup, sync::mpsc, thread};

const SENDERS: usize = 8;
const MESSAGES: usize = 500;

/// Checks that all messages arrive, and those of each sender in order.
fn check(received: impl Iterator<Item = (usize, usize)>) {
    let mut next = [0; SENDERS];
    for (sender, index) in received {
        assert_eq!(index, next[sender], "from sender {sender}");
        next[sender] += 1;
    }
    assert_eq!(next, [MESSAGES; SENDERS]);
}

#[test]
fn messages_of_one_thread_arrive_in_order() {
    setup();
    let (tx, rx) = mpsc::channel();
    // Sends and receives in groups of different sizes, so that the queue grows and shrinks across
    // the boundaries of its internal blocks.
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
fn messages_of_clones_arrive_in_order() {
    setup();
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
fn messages_through_a_shared_sender_arrive_in_order() {
    setup();
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
fn polling_senders_and_a_polling_receiver_keep_the_order() {
    setup();
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
fn a_send_that_happens_before_another_arrives_first() {
    setup();
    // The join orders the sends of two threads.
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
fn a_receiver_may_move_between_threads() {
    setup();
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
