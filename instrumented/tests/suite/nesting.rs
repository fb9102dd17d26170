//! Messages that use channels themselves: when carried, when dropped.

use std::sync::mpsc::{RecvError, TryRecvError};

use super::kinds::{AnySender, each, each_with_room};
use super::tally::{Counted, Tally};
use crate::library::{begin, sync::mpsc, thread};

/// Tells another channel that it was dropped.
#[derive(Debug)]
struct Telling {
    number: usize,
    to: mpsc::Sender<usize>,
}

impl Drop for Telling {
    fn drop(&mut self) {
        // Fails when nobody listens any more.
        let _ = self.to.send(self.number);
    }
}

#[test]
fn a_drop_sends_elsewhere() {
    begin();
    each_with_room(|tx, rx| {
        let (to, told) = mpsc::channel();
        for number in 0..6 {
            let to = to.clone();
            tx.send(Telling { number, to }).unwrap();
        }
        drop(rx.recv());
        assert_eq!(told.try_recv(), Ok(0));
        assert_eq!(told.try_recv(), Err(TryRecvError::Empty));
        // Five sends happen while this channel is being taken apart.
        drop(rx);
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        drop(tx.send(Telling { number: 6, to }));
        assert_eq!(told.iter().collect::<Vec<_>>(), [6]);
    });
}

/// Waits, while it is dropped, for someone to take a message.
struct Waiting(mpsc::SyncSender<&'static str>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.send("dropped").expect("a receiver");
    }
}

#[test]
fn a_drop_blocks_on_another_channel() {
    begin();
    each_with_room(|tx, rx| {
        let (to, told) = mpsc::sync_channel(0);
        (0..3).for_each(|_| assert!(tx.send(Waiting(to.clone())).is_ok()));
        drop(to);
        let dropper = thread::spawn(move || drop(rx));
        assert_eq!(told.iter().collect::<Vec<_>>(), ["dropped"; 3]);
        dropper.join().unwrap();
        drop(tx);
    });
}

/// Sends on the very channel it was sent on, when dropped.
struct Echo {
    back: Option<AnySender<Echo>>,
    _counted: Counted,
    tally: Tally,
}

impl Drop for Echo {
    fn drop(&mut self) {
        if let Some(back) = self.back.take() {
            let echo =
                Echo { back: None, _counted: self.tally.message(), tally: self.tally.clone() };
            // Dropped by the error, when the receiver is the one that drops us.
            let _ = back.send(echo);
        }
    }
}

#[test]
fn a_drop_sends_on_its_own_channel() {
    begin();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        let echo =
            || Echo { back: Some(tx.clone()), _counted: tally.message(), tally: tally.clone() };
        tx.send(echo()).ok().unwrap();
        drop(rx.recv());
        assert_eq!(tally.dropped(), 1);
        // The echo of the first.
        drop(rx.recv());
        assert_eq!(tally.dropped(), 2);
        assert!(matches!(rx.try_recv(), Err(TryRecvError::Empty)));

        (0..3).for_each(|_| assert!(tx.send(echo()).is_ok()));
        drop(rx);
        assert_eq!(tally.dropped(), 8);
    });
}

#[test]
fn a_drop_makes_channels() {
    begin();
    struct Maker(mpsc::Sender<u32>);
    impl Drop for Maker {
        fn drop(&mut self) {
            let (tx, rx) = mpsc::sync_channel(1);
            tx.send(self.0.clone()).expect("the receiver is here");
            rx.recv().expect("one was sent").send(1).expect("a receiver");
        }
    }
    each_with_room(|tx, rx| {
        let (to, told) = mpsc::channel();
        (0..3).for_each(|_| assert!(tx.send(Maker(to.clone())).is_ok()));
        drop((tx, rx, to));
        assert_eq!(told.iter().sum::<u32>(), 3);
    });
}

#[test]
fn a_question_carries_the_way_back() {
    begin();
    each(|tx, rx: mpsc::Receiver<(u32, mpsc::SyncSender<u32>)>| {
        let server = thread::spawn(move || {
            for (number, reply) in rx {
                // An asker that left is not the server's trouble.
                let _ = reply.send(number * number);
            }
        });
        thread::scope(|scope| {
            for asker in 0..4 {
                let tx = tx.clone();
                scope.spawn(move || {
                    for number in 0..100 {
                        let (reply, answer) = mpsc::sync_channel(asker % 2);
                        tx.send((number, reply)).unwrap();
                        assert_eq!(answer.recv(), Ok(number * number));
                        assert_eq!(answer.recv(), Err(RecvError));
                    }
                });
            }
            let (reply, _) = mpsc::sync_channel(0);
            tx.send((0, reply)).unwrap();
        });
        drop(tx);
        server.join().unwrap();
    });
}

#[test]
fn an_unanswered_question_ends_with_its_channel() {
    begin();
    each_with_room(|tx, rx| {
        let (reply, answer) = mpsc::channel::<()>();
        tx.send(reply).unwrap();
        assert_eq!(answer.try_recv(), Err(TryRecvError::Empty));
        drop(rx);
        assert_eq!(answer.recv(), Err(RecvError));
    });
}

struct Potato {
    hops: usize,
    back: AnySender<Potato>,
    _counted: Counted,
}

#[test]
fn a_message_carries_its_own_sender() {
    begin();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        let potato = Potato { hops: 0, back: tx.clone(), _counted: tally.message() };
        tx.send(potato).ok().unwrap();
        drop(tx);
        let mut hops = 0;
        // The message in the queue is all that keeps the channel alive.
        while let Ok(mut potato) = rx.recv() {
            assert_eq!(potato.hops, hops);
            hops += 1;
            potato.hops = hops;
            if hops < 100 {
                let back = potato.back.clone();
                back.send(potato).ok().unwrap();
            }
        }
        assert_eq!((hops, tally.dropped()), (100, 1));
    });
}

#[test]
fn a_cycle_ends_with_the_receiver() {
    begin();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        for hops in 0..8 {
            let potato = Potato { hops, back: tx.clone(), _counted: tally.message() };
            tx.send(potato).ok().unwrap();
        }
        drop(tx);
        drop(rx);
        assert_eq!(tally.dropped(), 8);
    });
}

#[test]
fn channels_travel_through_channels() {
    begin();
    each_with_room(|tx, rx| {
        let (inner, received) = mpsc::channel();
        inner.send("sent before the journey").unwrap();
        tx.send((inner, received)).unwrap();
        let far = thread::spawn(move || {
            let (inner, received) = rx.recv().unwrap();
            inner.send("and after").unwrap();
            drop(inner);
            received.into_iter().collect::<Vec<_>>()
        });
        let expected = ["sent before the journey", "and after"];
        assert_eq!(far.join().unwrap(), expected);
    });
}
