//! Messages that borrow: programs that the borrow checker accepts with std's channels.
//!
//! Only programs that compile are tested. std's endpoints are invariant in the message type, and
//! their drop may use the message, so that its borrows must outlive them. An implementation with
//! looser rules would break no program.

use std::cell::Cell;

use super::channel_kinds::each;
use crate::library::{setup, sync::mpsc, thread};

#[test]
fn a_message_may_borrow_from_before_the_channel() {
    setup();
    let text = String::from("borrowed");
    let (tx, rx) = mpsc::channel();
    tx.send(&text).unwrap();
    tx.send(&text).unwrap();
    // The borrow outlives the channel.
    let received = rx.recv().unwrap();
    drop((tx, rx));
    assert_eq!(received, "borrowed");
}

#[test]
fn a_message_may_borrow_from_after_the_channel() {
    setup();
    let (tx, rx) = mpsc::sync_channel(2);
    // Without a destructor, which would run before those of the ends if a line here panicked.
    let numbers = [1, 2, 3];
    tx.send(numbers.as_slice()).unwrap();
    // The borrow ends with the drop of both ends, not with their scope.
    drop(tx);
    assert_eq!(rx.into_iter().collect::<Vec<_>>(), [[1, 2, 3]]);
}

#[test]
fn ends_may_be_assigned_later() {
    setup();
    let text = String::from("borrowed");
    let (tx, rx);
    (tx, rx) = mpsc::channel();
    tx.send(&text).unwrap();
    assert_eq!(rx.recv(), Ok(&text));
}

#[test]
fn the_message_lifetime_is_the_shortest_one() {
    setup();
    // The ends are not covariant; instead, the literal's lifetime is shortened by the send.
    fn send_either<'a>(tx: &mpsc::Sender<&'a str>, text: &'a str, fixed: &'static str) {
        tx.send(fixed).unwrap();
        tx.send(text).unwrap();
    }
    let text = String::from("short");
    let (tx, rx) = mpsc::channel();
    send_either(&tx, &text, "static");
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), ["static", "short"]);
}

#[test]
fn a_struct_may_hold_ends_for_borrowed_messages() {
    setup();
    struct Node<'a, T> {
        tx: mpsc::Sender<&'a T>,
        rx: mpsc::Receiver<&'a T>,
    }
    impl<'a, T> Node<'a, T> {
        fn messages(&self) -> impl Iterator<Item = &'a T> {
            self.rx.try_iter()
        }
        fn into_messages(self) -> mpsc::IntoIter<&'a T> {
            self.rx.into_iter()
        }
    }
    let numbers = [1, 2, 3];
    let (tx, rx) = mpsc::channel();
    let node = Node { tx, rx };
    numbers.iter().try_for_each(|number| node.tx.send(number)).unwrap();
    let first = node.messages().next().unwrap();
    assert_eq!(node.into_messages().sum::<i32>() + first, 6);
}

#[test]
fn scoped_threads_share_borrows() {
    setup();
    let words = ["one", "two", "three"].map(String::from);
    each(|tx, rx| {
        let mut lengths = thread::scope(|scope| {
            for word in &words {
                let tx = tx.clone();
                scope.spawn(move || tx.send(word.as_str()).unwrap());
            }
            drop(tx);
            rx.iter().map(str::len).collect::<Vec<_>>()
        });
        lengths.sort_unstable();
        assert_eq!(lengths, [3, 3, 5]);
    });
}

#[test]
fn mutable_borrows_can_be_sent() {
    setup();
    let mut numbers = [0; 64];
    let (tx, rx) = mpsc::sync_channel::<&mut [usize]>(1);
    thread::scope(|scope| {
        scope.spawn(|| {
            for part in rx {
                part.fill(part.len());
            }
        });
        numbers.chunks_mut(5).try_for_each(|part| tx.send(part)).unwrap();
        drop(tx);
    });
    assert_eq!(numbers[..60], [5; 60]);
    assert_eq!(numbers[60..], [4; 4]);
}

#[test]
fn scoped_threads_may_borrow_the_ends() {
    setup();
    each(|tx, mut rx| {
        thread::scope(|scope| {
            scope.spawn(|| (0..10).for_each(|index| tx.send(index).unwrap()));
            // One thread at a time: `&mut Receiver` is `Send`, `&Receiver` is not.
            let rx = &mut rx;
            scope.spawn(move || assert!(rx.iter().take(10).eq(0..10)));
        });
        drop(tx);
        assert!(rx.recv().is_err());
    });
}

#[test]
fn messages_may_be_higher_ranked_or_interior_mutable() {
    setup();
    let (tx, rx) = mpsc::channel::<for<'a> fn(&'a str) -> &'a str>();
    tx.send(str::trim).unwrap();
    let trim = rx.recv().unwrap();
    assert_eq!(trim(&String::from(" x ")), "x");

    let counter = Cell::new(1);
    let (tx, rx) = mpsc::channel();
    tx.send(&counter).unwrap();
    rx.recv().unwrap().set(2);
    assert_eq!(counter.get(), 2);
}
