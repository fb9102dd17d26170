//! When each side finds out that the other side is gone.

use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
use std::time::Duration;

use super::channel_kinds::{each, each_with_room};
use super::sleeper::Sleeper;
use super::tally::Tally;
use crate::library::{setup, sync::mpsc, thread};

#[test]
fn queued_messages_are_received_before_the_disconnect() {
    setup();
    each_with_room(|tx, rx| {
        (0..6).for_each(|index| tx.send(index).unwrap());
        drop(tx);
        for index in [0, 2, 4] {
            assert_eq!(rx.recv(), Ok(index));
            assert_eq!(rx.try_recv(), Ok(index + 1));
        }
        // The channel stays disconnected.
        for _ in 0..3 {
            assert_eq!(rx.recv(), Err(RecvError));
            assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
            let waited = rx.recv_timeout(Duration::MAX);
            assert_eq!(waited, Err(RecvTimeoutError::Disconnected));
        }
    });
}

#[test]
fn only_the_last_sender_disconnects_the_channel() {
    setup();
    each_with_room(|tx, rx| {
        let clones = [tx.clone(), tx.clone(), tx.clone()];
        drop(tx);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        for (index, clone) in clones.into_iter().enumerate() {
            clone.send(index).unwrap();
            assert_eq!(rx.try_recv(), Ok(index));
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        }
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    });
}

#[test]
fn a_message_without_a_receiver_is_returned() {
    setup();
    each(|tx, rx| {
        drop(rx);
        let message = Box::new(7);
        let address: *const i32 = &raw const *message;
        let SendError(message) = tx.send(message).unwrap_err();
        // The same message, not an equal one.
        assert_eq!(&raw const *message, address);
        let refused = tx.clone().try_send(message).unwrap_err();
        let TrySendError::Disconnected(message) = refused else {
            panic!("expected `Disconnected`, not {refused}");
        };
        assert_eq!(&raw const *message, address);
    });
}

#[test]
fn disconnected_takes_precedence_over_full() {
    setup();
    for bound in [0, 1, 2] {
        let (tx, rx) = mpsc::sync_channel(bound);
        (0..bound).for_each(|index| tx.try_send(index).unwrap());
        assert_eq!(tx.try_send(8), Err(TrySendError::Full(8)));
        drop(rx);
        assert_eq!(tx.try_send(9), Err(TrySendError::Disconnected(9)));
        assert_eq!(tx.send(10), Err(SendError(10)));
    }
}

#[test]
fn a_disconnect_returns_the_message_of_a_waiting_sender() {
    setup();
    for bound in [0, 1, 4] {
        for _ in 0..20 {
            let (tx, rx) = mpsc::sync_channel(bound);
            (0..bound).for_each(|_| tx.send(Box::new(0)).unwrap());
            let sleepers: [Sleeper; 3] = Default::default();
            thread::scope(|scope| {
                let senders = [1, 2, 3].map(|number| {
                    let (tx, sleeper) = (tx.clone(), &sleepers[number - 1]);
                    scope.spawn(move || {
                        sleeper.enter();
                        assert_eq!(tx.send(Box::new(number)), Err(SendError(Box::new(number))));
                    })
                });
                sleepers.iter().for_each(Sleeper::wait);
                drop(rx);
                senders.into_iter().for_each(|sender| sender.join().unwrap());
            });
        }
    }
}

#[test]
fn dropping_the_last_sender_wakes_a_waiting_receiver() {
    setup();
    for _ in 0..20 {
        each(|tx, rx: mpsc::Receiver<()>| {
            let clone = tx.clone();
            let sleeper = Sleeper::default();
            thread::scope(|scope| {
                let receiver = scope.spawn(|| {
                    let rx = rx;
                    sleeper.enter();
                    assert_eq!(rx.recv(), Err(RecvError));
                });
                sleeper.wait();
                drop(clone);
                // One sender is left, so the receiver must still be waiting.
                assert!(!receiver.is_finished());
                drop(tx);
                receiver.join().unwrap();
            });
        });
    }
}

#[test]
fn a_send_wakes_a_waiting_receiver() {
    setup();
    for _ in 0..20 {
        each(|tx, rx| {
            let sleeper = Sleeper::default();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let rx = rx;
                    sleeper.enter();
                    assert_eq!(rx.recv(), Ok(5));
                });
                sleeper.wait();
                tx.send(5).unwrap();
            });
        });
    }
}

#[test]
fn busy_senders_end_when_the_receiver_is_dropped() {
    setup();
    each(|tx, rx| {
        thread::scope(|scope| {
            for _ in 0..4 {
                let tx = tx.clone();
                // Ends only with an error.
                scope.spawn(move || while tx.send(1).is_ok() {});
            }
            drop(tx);
            assert_eq!(rx.iter().take(500).sum::<u32>(), 500);
            drop(rx);
        });
    });
}

#[test]
fn both_ends_may_be_dropped_at_the_same_time() {
    setup();
    for _ in 0..100 {
        each_with_room(|tx, rx| {
            let tally = Tally::default();
            tx.send(tally.message()).ok().unwrap();
            thread::scope(|scope| {
                scope.spawn(|| drop(tx));
                scope.spawn(|| drop(rx));
            });
            assert_eq!(tally.dropped(), 1);
        });
    }
}

#[test]
fn a_message_arrives_after_its_sender_is_dropped() {
    setup();
    each(|tx, rx| {
        let sender = thread::spawn(move || tx.send("farewell").unwrap());
        assert_eq!(rx.recv(), Ok("farewell"));
        assert_eq!(rx.recv(), Err(RecvError));
        sender.join().unwrap();
    });
}
