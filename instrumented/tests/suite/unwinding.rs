//! Panics while endpoints are held: the other side learns, and nothing is poisoned.

use std::panic::{self, catch_unwind};
use std::sync::mpsc::{RecvError, SendError, TryRecvError};

use super::asleep::Sleeper;
use super::kinds::{each, each_with_room};
use super::tally::Tally;
use crate::library::{begin, sync::mpsc, thread};

/// Unwinds like a panic, without its words on stderr.
fn fall() -> ! {
    panic::resume_unwind(Box::new("on purpose"))
}

#[test]
fn a_thread_that_falls_with_a_sender() {
    begin();
    each(|tx, rx| {
        let fallen = thread::spawn(move || {
            tx.send(1).unwrap();
            fall();
        });
        assert_eq!(rx.recv(), Ok(1));
        assert_eq!(rx.recv(), Err(RecvError));
        assert!(fallen.join().is_err());
    });
}

#[test]
fn a_thread_that_falls_with_the_receiver() {
    begin();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        (0..4).for_each(|_| assert!(tx.send(tally.message()).is_ok()));
        let fallen = thread::spawn(move || {
            let _message = rx.recv();
            fall();
        });
        assert!(fallen.join().is_err());
        assert_eq!(tally.dropped(), 4);
        assert!(tx.send(tally.message()).is_err());
    });
}

#[test]
fn a_real_panic_with_both_ends() {
    begin();
    let fallen = thread::spawn(|| {
        let (tx, rx) = mpsc::sync_channel(1);
        tx.send(1).unwrap();
        assert_eq!(rx.recv(), Ok(2), "this panic is part of the test");
    });
    assert!(fallen.join().is_err());
}

#[test]
fn a_fall_wakes_a_waiting_receiver() {
    begin();
    each(|tx, rx: mpsc::Receiver<()>| {
        let sleeper = Sleeper::default();
        thread::scope(|scope| {
            let receiver = scope.spawn(|| {
                let rx = rx;
                sleeper.enter();
                rx.recv()
            });
            let fallen = scope.spawn(|| {
                let _held = tx;
                sleeper.wait();
                fall();
            });
            assert!(fallen.join().is_err());
            assert_eq!(receiver.join().unwrap(), Err(RecvError));
        });
    });
}

#[test]
fn a_fall_wakes_a_waiting_sender() {
    begin();
    for bound in [0, 1] {
        let (tx, rx) = mpsc::sync_channel(bound);
        (0..bound).for_each(|_| tx.send(0).unwrap());
        let sleeper = Sleeper::default();
        thread::scope(|scope| {
            let sender = scope.spawn(|| {
                sleeper.enter();
                tx.send(1)
            });
            let fallen = scope.spawn(|| {
                let _held = rx;
                sleeper.wait();
                fall();
            });
            assert!(fallen.join().is_err());
            assert_eq!(sender.join().unwrap(), Err(SendError(1)));
        });
    }
}

#[test]
fn endpoints_survive_a_caught_fall() {
    begin();
    let (tx, rx) = mpsc::channel();
    let (bounded, other) = mpsc::sync_channel(2);
    // Compiles only as long as the endpoints may be seen after an unwinding.
    let caught = catch_unwind(|| {
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        bounded.send(3).unwrap();
        assert_eq!(rx.recv(), Ok(1));
        fall();
    });
    assert!(caught.is_err());
    assert_eq!((rx.recv(), other.recv()), (Ok(2), Ok(3)));
    tx.send(4).unwrap();
    bounded.send(5).unwrap();
    assert_eq!((rx.recv(), other.recv()), (Ok(4), Ok(5)));

    let caught = catch_unwind(move || {
        let _held = (tx, bounded, rx, other);
        fall();
    });
    assert!(caught.is_err());
}

#[test]
fn a_fall_in_the_loop_leaves_the_rest() {
    begin();
    each_with_room(|tx, rx| {
        (0..6).for_each(|index| tx.send(index).unwrap());
        let caught = catch_unwind(|| {
            for index in &rx {
                if index == 2 {
                    fall();
                }
            }
        });
        assert!(caught.is_err());
        assert_eq!(rx.try_iter().collect::<Vec<_>>(), [3, 4, 5]);
    });
}

/// Uses its channels while the stack unwinds.
struct LastWords {
    tx: mpsc::SyncSender<(&'static str, bool)>,
    acknowledged: mpsc::Receiver<()>,
}

impl Drop for LastWords {
    fn drop(&mut self) {
        let words = ("farewell", thread::panicking());
        self.tx.send(words).expect("a receiver");
        self.acknowledged.recv().expect("a sender");
    }
}

#[test]
fn channels_work_while_unwinding() {
    begin();
    for bound in [0, 1] {
        let (tx, rx) = mpsc::sync_channel(bound);
        let (acknowledge, acknowledged) = mpsc::channel();
        let fallen = thread::spawn(|| {
            let _words = LastWords { tx, acknowledged };
            fall();
        });
        assert_eq!(rx.recv(), Ok(("farewell", true)));
        acknowledge.send(()).unwrap();
        assert!(fallen.join().is_err());
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    }
}

#[test]
fn other_senders_do_not_notice() {
    begin();
    each(|tx, rx| {
        let fallen = [1, 2, 3].map(|number| {
            let tx = tx.clone();
            thread::spawn(move || {
                tx.send(number).unwrap();
                fall();
            })
        });
        let mut received = rx.iter().take(3).collect::<Vec<_>>();
        received.sort_unstable();
        assert_eq!(received, [1, 2, 3]);
        assert!(fallen.map(|thread| thread.join().is_err()).iter().all(|&fell| fell));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        thread::scope(|scope| {
            scope.spawn(|| tx.send(4).unwrap());
            assert_eq!(rx.recv(), Ok(4));
        });
    });
}
