//! `recv_timeout` and `try_recv`: what they return, and that they wait long enough.

use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use super::asleep::Sleeper;
use super::kinds::{each, each_with_room};
use crate::library::{begin, sync::mpsc, thread};

/// Longer than any deadline the clock can express, or as good as.
const ENDLESS: [Duration; 4] = [
    Duration::MAX,
    Duration::from_secs(u64::MAX),
    Duration::from_secs(i64::MAX as u64),
    Duration::from_secs(3_600),
];

#[test]
fn try_recv_tells_empty_from_disconnected() {
    begin();
    each_with_room(|tx, rx| {
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        tx.send(1).unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        tx.send(2).unwrap();
        drop(tx);
        assert_eq!(rx.try_recv(), Ok(2));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    });
}

#[test]
fn zero_takes_what_is_there() {
    begin();
    each_with_room(|tx, rx| {
        let zero = Duration::ZERO;
        assert_eq!(rx.recv_timeout(zero), Err(RecvTimeoutError::Timeout));
        tx.send(1).unwrap();
        assert_eq!(rx.recv_timeout(zero), Ok(1));
        assert_eq!(rx.recv_timeout(zero), Err(RecvTimeoutError::Timeout));
        tx.send(2).unwrap();
        drop(tx);
        assert_eq!(rx.recv_timeout(zero), Ok(2));
        assert_eq!(rx.recv_timeout(zero), Err(RecvTimeoutError::Disconnected));
    });
}

#[test]
fn zero_is_enough_for_a_rendezvous() {
    begin();
    let (tx, rx) = mpsc::sync_channel(0);
    assert_eq!(rx.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        scope.spawn(|| {
            let tx = tx;
            sleeper.enter();
            tx.send(1).unwrap();
        });
        sleeper.wait();
        // The kernel may show the thread asleep for a reason of its own, hence a loop.
        let received = loop {
            match rx.recv_timeout(Duration::ZERO) {
                Err(RecvTimeoutError::Timeout) => thread::yield_now(),
                received => break received,
            }
        };
        assert_eq!(received, Ok(1));
    });
    let gone = rx.recv_timeout(Duration::ZERO);
    assert_eq!(gone, Err(RecvTimeoutError::Disconnected));
}

#[test]
fn a_timeout_comes_no_earlier_than_asked() {
    begin();
    let asked = Duration::from_millis(20);
    each(|tx, rx: mpsc::Receiver<()>| {
        let start = Instant::now();
        assert_eq!(rx.recv_timeout(asked), Err(RecvTimeoutError::Timeout));
        assert!(start.elapsed() >= asked);
        drop(tx);
    });
}

#[test]
fn a_timeout_breaks_nothing() {
    begin();
    each(|tx, rx| {
        for _ in 0..3 {
            let short = rx.recv_timeout(Duration::from_micros(50));
            assert_eq!(short, Err(RecvTimeoutError::Timeout));
        }
        thread::scope(|scope| {
            scope.spawn(|| tx.send(4).unwrap());
            assert_eq!(rx.recv(), Ok(4));
        });
    });
}

#[test]
fn endless_gets_a_message_that_is_there() {
    begin();
    for endless in ENDLESS {
        each_with_room(|tx, rx| {
            tx.send(3).unwrap();
            assert_eq!(rx.recv_timeout(endless), Ok(3));
            drop(tx);
            let gone = rx.recv_timeout(endless);
            assert_eq!(gone, Err(RecvTimeoutError::Disconnected));
        });
    }
}

#[test]
fn endless_waits_for_a_message() {
    begin();
    for endless in ENDLESS {
        each(|tx, rx| {
            let sleeper = Sleeper::default();
            thread::scope(|scope| {
                let receiver = scope.spawn(|| {
                    let rx = rx;
                    sleeper.enter();
                    rx.recv_timeout(endless)
                });
                sleeper.wait();
                tx.send(6).unwrap();
                assert_eq!(receiver.join().unwrap(), Ok(6));
            });
        });
    }
}

#[test]
fn endless_waits_for_a_disconnect() {
    begin();
    for endless in ENDLESS {
        each(|tx, rx: mpsc::Receiver<()>| {
            let sleeper = Sleeper::default();
            thread::scope(|scope| {
                let receiver = scope.spawn(|| {
                    let rx = rx;
                    sleeper.enter();
                    rx.recv_timeout(endless)
                });
                sleeper.wait();
                drop(tx);
                let gone = receiver.join().unwrap();
                assert_eq!(gone, Err(RecvTimeoutError::Disconnected));
            });
        });
    }
}

#[test]
fn many_short_waits_lose_no_message() {
    begin();
    each(|tx, rx| {
        thread::scope(|scope| {
            scope.spawn(move || (0..2_000).for_each(|index| tx.send(index).unwrap()));
            let mut next = 0;
            loop {
                // A deadline that passes at any moment of the hand-over.
                match rx.recv_timeout(Duration::from_nanos(next % 997)) {
                    Ok(index) => {
                        assert_eq!(index, next);
                        next += 1;
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            assert_eq!(next, 2_000);
        });
    });
}
