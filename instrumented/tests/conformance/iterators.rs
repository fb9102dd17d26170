//! The three iterators and the loops that use them.

use std::sync::mpsc::{RecvError, SendError, TryRecvError};

use super::channel_kinds::{each, each_with_room};
use super::sleeper::Sleeper;
use super::tally::Tally;
use crate::library::{setup, sync::mpsc, thread};

#[test]
fn a_loop_over_a_reference_keeps_the_receiver() {
    setup();
    each_with_room(|tx, rx| {
        (0..5).for_each(|index| tx.send(index).unwrap());
        let mut expected = 0;
        for index in &rx {
            assert_eq!(index, expected);
            expected += 1;
            if expected == 3 {
                break;
            }
        }
        // The other messages are still there, and the channel is still connected.
        assert_eq!(rx.recv(), Ok(3));
        tx.send(5).unwrap();
        drop(tx);
        assert_eq!(IntoIterator::into_iter(&rx).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(rx.recv(), Err(RecvError));
    });
}

#[test]
fn a_loop_over_the_receiver_consumes_it() {
    setup();
    each_with_room(|tx, rx| {
        (0..5).for_each(|index| tx.send(index).unwrap());
        let clone = tx.clone();
        drop(tx);
        let mut seen = Vec::new();
        for index in rx {
            seen.push(index);
            if index == 3 {
                break;
            }
        }
        assert_eq!(seen, [0, 1, 2, 3]);
        assert_eq!(clone.send(9), Err(SendError(9)));
    });
}

#[test]
fn an_owning_iterator_drops_the_remaining_messages() {
    setup();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        (0..5).for_each(|_| assert!(tx.send(tally.message()).is_ok()));
        let mut iterator = rx.into_iter();
        drop(iterator.next());
        drop(iterator.next());
        assert_eq!(tally.dropped(), 2);
        drop(iterator);
        assert_eq!(tally.dropped(), 5);
        assert!(tx.send(tally.message()).is_err());
    });
}

#[test]
fn iter_waits_and_ends_with_the_last_sender() {
    setup();
    each(|tx, rx| {
        let sleeper = Sleeper::default();
        thread::scope(|scope| {
            let receiver = scope.spawn(|| {
                let rx = rx;
                sleeper.enter();
                rx.iter().collect::<Vec<_>>()
            });
            sleeper.wait();
            (0..100).for_each(|index| tx.send(index).unwrap());
            drop(tx);
            assert_eq!(receiver.join().unwrap(), Vec::from_iter(0..100));
        });
    });
}

#[test]
fn into_iter_waits_and_ends_with_the_last_sender() {
    setup();
    each(|tx, rx| {
        let receiver = thread::spawn(move || rx.into_iter().sum::<u32>());
        (0..100).for_each(|index| tx.send(index).unwrap());
        drop(tx);
        assert_eq!(receiver.join().unwrap(), 4_950);
    });
}

#[test]
fn try_iter_never_waits() {
    setup();
    each_with_room(|tx, rx| {
        assert_eq!(rx.try_iter().next(), None);
        (0..3).for_each(|index| tx.send(index).unwrap());
        let mut iterator = rx.try_iter();
        assert!(iterator.by_ref().eq(0..3));
        // After its end the iterator continues if there is a new message.
        tx.send(3).unwrap();
        assert_eq!(iterator.next(), Some(3));
        assert_eq!(iterator.next(), None);
        drop(tx);
        assert_eq!(iterator.next(), None);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    });
}

#[test]
fn iterators_stay_at_the_end_after_a_disconnect() {
    setup();
    each(|tx, rx: mpsc::Receiver<()>| {
        drop(tx);
        let mut iterator = rx.iter();
        assert_eq!([iterator.next(), iterator.next()], [None, None]);
        let mut iterator = rx.into_iter();
        assert_eq!([iterator.next(), iterator.next()], [None, None]);
    });
}

#[test]
fn two_iterators_share_the_queue() {
    setup();
    each_with_room(|tx, rx| {
        (0..6).for_each(|index| tx.send(index).unwrap());
        let (mut waiting, mut polling) = (rx.iter(), rx.try_iter());
        for index in [0, 2, 4] {
            assert_eq!(waiting.next(), Some(index));
            assert_eq!(polling.next(), Some(index + 1));
        }
    });
}

#[test]
fn size_hints_are_unknown() {
    setup();
    let (tx, rx) = mpsc::channel();
    tx.send(()).unwrap();
    assert_eq!(rx.iter().size_hint(), (0, None));
    assert_eq!(rx.try_iter().size_hint(), (0, None));
    assert_eq!(rx.into_iter().size_hint(), (0, None));
}

#[test]
fn adapters_take_only_what_they_need() {
    setup();
    each_with_room(|tx, rx| {
        (1..=8).for_each(|number| tx.send(number).unwrap());
        assert_eq!(rx.iter().find(|number| number % 3 == 0), Some(3));
        assert_eq!(rx.iter().zip(0..2).count(), 2);
        // `zip` has received one more message before it found the other iterator at its end.
        assert_eq!(rx.recv(), Ok(7));
        assert_eq!(rx.try_iter().last(), Some(8));
    });
}
