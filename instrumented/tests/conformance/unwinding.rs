//! Panics while endpoints are held: the other side is disconnected, and nothing is poisoned.

use std::panic::{self, catch_unwind};
use std::sync::mpsc::{RecvError, SendError, TryRecvError};

use super::channel_kinds::{each, each_with_room};
use super::sleeper::Sleeper;
use super::tally::Tally;
use crate::library::{setup, sync::mpsc, thread};

/// Unwinds like a panic, without a message on stderr.
fn unwind() -> ! {
    panic::resume_unwind(Box::new("on purpose"))
}

#[test]
fn a_panic_with_the_sender_disconnects_the_receiver() {
    setup();
    each(|tx, rx| {
        let panicked = thread::spawn(move || {
            tx.send(1).unwrap();
            unwind();
        });
        assert_eq!(rx.recv(), Ok(1));
        assert_eq!(rx.recv(), Err(RecvError));
        assert!(panicked.join().is_err());
    });
}

#[test]
fn a_panic_with_the_receiver_disconnects_the_sender() {
    setup();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        (0..4).for_each(|_| assert!(tx.send(tally.message()).is_ok()));
        let panicked = thread::spawn(move || {
            let _message = rx.recv();
            unwind();
        });
        assert!(panicked.join().is_err());
        assert_eq!(tally.dropped(), 4);
        assert!(tx.send(tally.message()).is_err());
    });
}

#[test]
fn a_real_panic_with_both_ends_is_an_ordinary_panic() {
    setup();
    let panicked = thread::spawn(|| {
        let (tx, rx) = mpsc::sync_channel(1);
        tx.send(1).unwrap();
        assert_eq!(rx.recv(), Ok(2), "this panic is part of the test");
    });
    let payload = panicked.join().unwrap_err();
    let message = payload.downcast_ref::<String>().unwrap();
    assert!(message.contains("this panic is part of the test"), "{message}");
}

#[test]
fn a_panic_wakes_a_waiting_receiver() {
    setup();
    each(|tx, rx: mpsc::Receiver<()>| {
        let sleeper = Sleeper::default();
        thread::scope(|scope| {
            let receiver = scope.spawn(|| {
                let rx = rx;
                sleeper.enter();
                rx.recv()
            });
            let panicked = scope.spawn(|| {
                let _held = tx;
                sleeper.wait();
                unwind();
            });
            assert!(panicked.join().is_err());
            assert_eq!(receiver.join().unwrap(), Err(RecvError));
        });
    });
}

#[test]
fn a_panic_wakes_a_waiting_sender() {
    setup();
    for bound in [0, 1] {
        let (tx, rx) = mpsc::sync_channel(bound);
        (0..bound).for_each(|_| tx.send(0).unwrap());
        let sleeper = Sleeper::default();
        thread::scope(|scope| {
            let sender = scope.spawn(|| {
                sleeper.enter();
                tx.send(1)
            });
            let panicked = scope.spawn(|| {
                let _held = rx;
                sleeper.wait();
                unwind();
            });
            assert!(panicked.join().is_err());
            assert_eq!(sender.join().unwrap(), Err(SendError(1)));
        });
    }
}

#[test]
fn endpoints_work_after_a_caught_panic() {
    setup();
    let (tx, rx) = mpsc::channel();
    let (bounded, other) = mpsc::sync_channel(2);
    // Compiles only if the endpoints are unwind safe.
    let caught = catch_unwind(|| {
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        bounded.send(3).unwrap();
        assert_eq!(rx.recv(), Ok(1));
        unwind();
    });
    assert!(caught.is_err());
    assert_eq!((rx.recv(), other.recv()), (Ok(2), Ok(3)));
    tx.send(4).unwrap();
    bounded.send(5).unwrap();
    assert_eq!((rx.recv(), other.recv()), (Ok(4), Ok(5)));

    // Dropped by a panic, the receivers disconnect the remaining senders.
    let (remaining, remaining_bounded) = (tx.clone(), bounded.clone());
    let caught = catch_unwind(move || {
        let _held = (tx, bounded, rx, other);
        unwind();
    });
    assert!(caught.is_err());
    assert_eq!(remaining.send(6), Err(SendError(6)));
    assert_eq!(remaining_bounded.send(7), Err(SendError(7)));
}

#[test]
fn a_panic_in_a_loop_keeps_the_remaining_messages() {
    setup();
    each_with_room(|tx, rx| {
        (0..6).for_each(|index| tx.send(index).unwrap());
        let caught = catch_unwind(|| {
            for index in &rx {
                if index == 2 {
                    unwind();
                }
            }
        });
        assert!(caught.is_err());
        assert_eq!(rx.try_iter().collect::<Vec<_>>(), [3, 4, 5]);
    });
}

/// Uses its channels when it is dropped.
struct UsesChannelsOnDrop {
    tx: mpsc::SyncSender<(&'static str, bool)>,
    acknowledged: mpsc::Receiver<()>,
}

impl Drop for UsesChannelsOnDrop {
    fn drop(&mut self) {
        let message = ("dropped", thread::panicking());
        self.tx.send(message).expect("a receiver");
        self.acknowledged.recv().expect("a sender");
    }
}

#[test]
fn channels_work_while_unwinding() {
    setup();
    for bound in [0, 1] {
        let (tx, rx) = mpsc::sync_channel(bound);
        let (acknowledge, acknowledged) = mpsc::channel();
        let panicked = thread::spawn(|| {
            let _uses = UsesChannelsOnDrop { tx, acknowledged };
            unwind();
        });
        assert_eq!(rx.recv(), Ok(("dropped", true)));
        acknowledge.send(()).unwrap();
        assert!(panicked.join().is_err());
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    }
}

#[test]
fn other_senders_are_unaffected_by_panics() {
    setup();
    each(|tx, rx| {
        let panicked = [1, 2, 3].map(|number| {
            let tx = tx.clone();
            thread::spawn(move || {
                tx.send(number).unwrap();
                unwind();
            })
        });
        let mut received = rx.iter().take(3).collect::<Vec<_>>();
        received.sort_unstable();
        assert_eq!(received, [1, 2, 3]);
        assert!(panicked.map(|thread| thread.join().is_err()).iter().all(|&failed| failed));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        thread::scope(|scope| {
            scope.spawn(|| tx.send(4).unwrap());
            assert_eq!(rx.recv(), Ok(4));
        });
    });
}
