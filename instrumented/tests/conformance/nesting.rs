//! Messages that contain endpoints, or use channels while they are dropped.

use std::sync::mpsc::{RecvError, TryRecvError};

use super::channel_kinds::{AnySender, each, each_with_room};
use super::tally::{Counted, Tally};
use crate::library::{setup, sync::mpsc, thread};

/// Sends its number to another channel when it is dropped.
#[derive(Debug)]
struct SendsOnDrop {
    number: usize,
    to: mpsc::Sender<usize>,
}

impl Drop for SendsOnDrop {
    fn drop(&mut self) {
        // Fails if the receiver has been dropped.
        let _ = self.to.send(self.number);
    }
}

#[test]
fn a_drop_may_send_to_another_channel() {
    setup();
    each_with_room(|tx, rx| {
        let (to, dropped) = mpsc::channel();
        for number in 0..6 {
            let to = to.clone();
            tx.send(SendsOnDrop { number, to }).unwrap();
        }
        drop(rx.recv());
        assert_eq!(dropped.try_recv(), Ok(0));
        assert_eq!(dropped.try_recv(), Err(TryRecvError::Empty));
        // Five sends happen during the drop of this channel.
        drop(rx);
        assert_eq!(dropped.try_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        drop(tx.send(SendsOnDrop { number: 6, to }));
        assert_eq!(dropped.iter().collect::<Vec<_>>(), [6]);
    });
}

/// Waits for a receiver when it is dropped.
struct BlocksOnDrop(mpsc::SyncSender<&'static str>);

impl Drop for BlocksOnDrop {
    fn drop(&mut self) {
        self.0.send("dropped").expect("a receiver");
    }
}

#[test]
fn a_drop_may_block_on_another_channel() {
    setup();
    each_with_room(|tx, rx| {
        let (to, dropped) = mpsc::sync_channel(0);
        (0..3).for_each(|_| assert!(tx.send(BlocksOnDrop(to.clone())).is_ok()));
        drop(to);
        let dropper = thread::spawn(move || drop(rx));
        assert_eq!(dropped.iter().collect::<Vec<_>>(), ["dropped"; 3]);
        dropper.join().unwrap();
        drop(tx);
    });
}

/// Sends another echo on its own channel when it is dropped.
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
            // If this drop is part of the receiver's drop, the send fails and drops the new echo.
            let _ = back.send(echo);
        }
    }
}

#[test]
fn a_drop_may_send_on_its_own_channel() {
    setup();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        let echo =
            || Echo { back: Some(tx.clone()), _counted: tally.message(), tally: tally.clone() };
        tx.send(echo()).ok().unwrap();
        drop(rx.recv());
        assert_eq!(tally.dropped(), 1);
        // The echo of the first message.
        drop(rx.recv());
        assert_eq!(tally.dropped(), 2);
        assert!(matches!(rx.try_recv(), Err(TryRecvError::Empty)));

        (0..3).for_each(|_| assert!(tx.send(echo()).is_ok()));
        drop(rx);
        assert_eq!(tally.dropped(), 8);
    });
}

#[test]
fn a_drop_may_create_channels() {
    setup();
    struct Maker(mpsc::Sender<u32>);
    impl Drop for Maker {
        fn drop(&mut self) {
            let (tx, rx) = mpsc::sync_channel(1);
            tx.send(self.0.clone()).expect("the receiver exists");
            rx.recv().expect("one was sent").send(1).expect("a receiver");
        }
    }
    each_with_room(|tx, rx| {
        let (to, dropped) = mpsc::channel();
        (0..3).for_each(|_| assert!(tx.send(Maker(to.clone())).is_ok()));
        drop((tx, rx, to));
        assert_eq!(dropped.iter().sum::<u32>(), 3);
    });
}

#[test]
fn a_request_may_contain_the_sender_for_the_reply() {
    setup();
    each(|tx, rx: mpsc::Receiver<(u32, mpsc::SyncSender<u32>)>| {
        let server = thread::spawn(move || {
            for (number, reply) in rx {
                // Fails if the client has stopped waiting.
                let _ = reply.send(number * number);
            }
        });
        thread::scope(|scope| {
            for client in 0..4 {
                let tx = tx.clone();
                scope.spawn(move || {
                    for number in 0..100 {
                        let (reply, answer) = mpsc::sync_channel(client % 2);
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
fn dropping_a_queued_request_disconnects_the_reply() {
    setup();
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
fn a_message_may_contain_its_own_sender() {
    setup();
    each_with_room(|tx, rx| {
        let tally = Tally::default();
        let potato = Potato { hops: 0, back: tx.clone(), _counted: tally.message() };
        tx.send(potato).ok().unwrap();
        drop(tx);
        let mut hops = 0;
        // Only the message in the queue keeps the channel connected.
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
fn dropping_the_receiver_breaks_a_cycle_of_senders() {
    setup();
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
fn both_ends_of_a_channel_can_be_sent() {
    setup();
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
