//! `recv_timeout` and `try_recv`: their results, and the minimum wait.

use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::Duration;

use super::channel_kinds::{each, each_with_room};
use super::sleeper::Sleeper;
use crate::library::{setup, sync::mpsc, thread, time::Instant};

/// Timeouts beyond the range of the clock, and one that no test reaches.
const ENDLESS: [Duration; 4] = [
    Duration::MAX,
    Duration::from_secs(u64::MAX),
    Duration::from_secs(i64::MAX as u64),
    Duration::from_secs(3_600),
];

#[test]
fn try_recv_distinguishes_empty_from_disconnected() {
    setup();
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
fn a_timeout_of_zero_receives_a_queued_message() {
    setup();
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
fn a_timeout_of_zero_receives_from_a_waiting_sender() {
    setup();
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
        // In a loop: the thread may have been asleep for another reason.
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
fn a_timeout_is_never_early() {
    setup();
    let timeout = Duration::from_millis(20);
    each(|tx, rx: mpsc::Receiver<()>| {
        let start = Instant::now();
        assert_eq!(rx.recv_timeout(timeout), Err(RecvTimeoutError::Timeout));
        assert!(start.elapsed() >= timeout);
        drop(tx);
    });
}

#[test]
fn a_channel_works_after_a_timeout() {
    setup();
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
fn an_endless_timeout_receives_a_queued_message() {
    setup();
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
fn an_endless_timeout_waits_for_a_message() {
    setup();
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
fn an_endless_timeout_waits_for_a_disconnect() {
    setup();
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
fn many_short_timeouts_lose_no_message() {
    setup();
    each(|tx, rx| {
        thread::scope(|scope| {
            scope.spawn(move || (0..2_000).for_each(|index| tx.send(index).unwrap()));
            let mut next = 0;
            loop {
                // The deadline passes at varying moments of the send.
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
