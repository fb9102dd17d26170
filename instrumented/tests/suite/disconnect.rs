//! Who learns, and when, that the other side is gone.

use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
use std::time::Duration;

use super::asleep::Sleeper;
use super::kinds::{each, each_with_room};
use crate::library::{begin, sync::mpsc, thread};

#[test]
fn the_queue_is_drained_before_the_disconnect_shows() {
    begin();
    each_with_room(|tx, rx| {
        (0..6).for_each(|index| tx.send(index).unwrap());
        drop(tx);
        for index in [0, 2, 4] {
            assert_eq!(rx.recv(), Ok(index));
            assert_eq!(rx.try_recv(), Ok(index + 1));
        }
        // And it stays.
        for _ in 0..3 {
            assert_eq!(rx.recv(), Err(RecvError));
            assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
            let waited = rx.recv_timeout(Duration::MAX);
            assert_eq!(waited, Err(RecvTimeoutError::Disconnected));
        }
    });
}

#[test]
fn the_last_sender_counts() {
    begin();
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
fn a_message_without_a_receiver_comes_back() {
    begin();
    each(|tx, rx| {
        drop(rx);
        let message = Box::new(7);
        let place: *const i32 = &raw const *message;
        let SendError(message) = tx.send(message).unwrap_err();
        // The very message, not an equal one.
        assert_eq!(&raw const *message, place);
        let refused = tx.clone().try_send(message).unwrap_err();
        let TrySendError::Disconnected(message) = refused else {
            panic!("a lost receiver, not {refused}");
        };
        assert_eq!(&raw const *message, place);
    });
}

#[test]
fn disconnected_wins_over_full() {
    begin();
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
fn a_waiting_sender_gets_its_message_back() {
    begin();
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
fn a_waiting_receiver_learns_of_the_last_sender() {
    begin();
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
                // One is left: the receiver may not have been sent home.
                assert!(!receiver.is_finished());
                drop(tx);
                receiver.join().unwrap();
            });
        });
    }
}

#[test]
fn a_waiting_receiver_gets_the_message() {
    begin();
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
fn a_receiver_drops_out_among_busy_senders() {
    begin();
    each(|tx, rx| {
        thread::scope(|scope| {
            for _ in 0..4 {
                let tx = tx.clone();
                // Ends only by the error.
                scope.spawn(move || while tx.send(1).is_ok() {});
            }
            drop(tx);
            assert_eq!(rx.iter().take(500).sum::<u32>(), 500);
            drop(rx);
        });
    });
}

#[test]
fn both_ends_may_go_at_the_same_time() {
    begin();
    for _ in 0..100 {
        each_with_room(|tx, rx| {
            tx.send(String::from("left behind")).unwrap();
            thread::scope(|scope| {
                scope.spawn(|| drop(tx));
                scope.spawn(|| drop(rx));
            });
        });
    }
}

#[test]
fn a_message_still_arrives_after_its_sender_is_gone() {
    begin();
    each(|tx, rx| {
        let sender = thread::spawn(move || tx.send("farewell").unwrap());
        assert_eq!(rx.recv(), Ok("farewell"));
        assert_eq!(rx.recv(), Err(RecvError));
        sender.join().unwrap();
    });
}
