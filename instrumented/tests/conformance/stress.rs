//! Many threads and many rounds, with results known in advance.

use std::sync::mpsc::{RecvError, TryRecvError};
use std::sync::{Arc, Mutex};

use super::channel_kinds::each;
use super::tally::Tally;
use crate::library::{setup, sync::mpsc, thread};

#[test]
fn ten_thousand_short_threads_each_send_a_message() {
    setup();
    let (tx, rx) = mpsc::channel();
    for batch in 0..200 {
        let threads = Vec::from_iter((0..50).map(|index| {
            let tx = tx.clone();
            thread::spawn(move || tx.send(batch * 50 + index).unwrap())
        }));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
    drop(tx);
    let mut received = Vec::from_iter(rx);
    received.sort_unstable();
    assert_eq!(received, Vec::from_iter(0..10_000));
}

#[test]
fn two_threads_pass_a_message_back_and_forth() {
    setup();
    let (ping, pinged) = mpsc::sync_channel(0);
    let (pong, ponged) = mpsc::sync_channel(0);
    let partner = thread::spawn(move || {
        for number in pinged {
            pong.send(number + 1).unwrap();
        }
    });
    let mut number = 0;
    for _ in 0..10_000 {
        ping.send(number).unwrap();
        number = ponged.recv().unwrap();
    }
    drop(ping);
    partner.join().unwrap();
    assert_eq!(number, 10_000);
    assert_eq!(ponged.recv(), Err(RecvError));
}

#[test]
fn clones_drops_and_sends_can_be_interleaved() {
    setup();
    each(|tx, rx| {
        thread::scope(|scope| {
            for _ in 0..8 {
                let mut tx = tx.clone();
                scope.spawn(move || {
                    for round in 0..100 {
                        let clones = [tx.clone(), tx.clone()];
                        tx.send(1).unwrap();
                        drop(tx);
                        let [first, second] = clones;
                        if round % 3 == 0 {
                            second.send(10).unwrap();
                        }
                        drop(second);
                        first.send(100).unwrap();
                        tx = first;
                    }
                });
            }
            drop(tx);
            // Per thread: 100 times 1, 34 times 10, 100 times 100.
            assert_eq!(rx.iter().sum::<u32>(), 8 * (100 + 340 + 10_000));
            assert_eq!(rx.recv(), Err(RecvError));
        });
    });
}

#[test]
fn one_thread_can_poll_several_receivers() {
    setup();
    thread::scope(|scope| {
        let receivers = [0, 1, 64].map(|bound| {
            let (tx, rx) = mpsc::sync_channel(bound);
            scope.spawn(move || (0..1_000).for_each(|index| tx.send(index).unwrap()));
            rx
        });
        let mut next = [0; 3];
        let mut open = receivers.len();
        while open > 0 {
            open = 0;
            for (receiver, next) in receivers.iter().zip(&mut next) {
                match receiver.try_recv() {
                    Ok(index) => {
                        assert_eq!(index, *next);
                        *next += 1;
                        open += 1;
                    }
                    Err(TryRecvError::Empty) => open += 1,
                    Err(TryRecvError::Disconnected) => {}
                }
            }
            thread::yield_now();
        }
        assert_eq!(next, [1_000; 3]);
    });
}

#[test]
fn a_pipeline_keeps_the_order() {
    setup();
    thread::scope(|scope| {
        let (first, mut rx) = mpsc::sync_channel(1);
        for bound in [0, 1, 2, 16, 0, 3] {
            let (tx, next) = mpsc::sync_channel(bound);
            let before = std::mem::replace(&mut rx, next);
            scope.spawn(move || {
                for number in before {
                    tx.send(number + 1).unwrap();
                }
            });
        }
        scope.spawn(move || (0..1_000).for_each(|number| first.send(number).unwrap()));
        assert!(rx.iter().eq(6..1_006));
    });
}

#[test]
fn a_pool_of_workers_shares_one_receiver() {
    setup();
    each(|tx, rx| {
        let rx = Arc::new(Mutex::new(rx));
        let workers = [(); 4].map(|()| {
            let rx = Arc::clone(&rx);
            thread::spawn(move || {
                let mut sum = 0;
                // The block drops the guard before the work begins.
                while let Ok(number) = { rx.lock().unwrap().recv() } {
                    sum += number;
                }
                sum
            })
        });
        (0..1_000).for_each(|number| tx.send(number).unwrap());
        drop(tx);
        let sums = workers.map(|worker| worker.join().unwrap());
        assert_eq!(sums.iter().sum::<u32>(), 999 * 1_000 / 2);
    });
}

#[test]
fn short_lived_channels_drop_all_messages() {
    setup();
    let tally = Tally::default();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..500 {
                    let (tx, rx) = mpsc::channel();
                    let (bounded, other) = mpsc::sync_channel(2);
                    for _ in 0..3 {
                        tx.send(tally.message()).ok().unwrap();
                        // Fails the third time: the channel is full.
                        drop(bounded.try_send(tally.message()));
                    }
                    if round % 2 == 0 {
                        drop((tx, bounded));
                    }
                    drop(rx.recv());
                    drop((rx, other));
                }
            });
        }
    });
    assert_eq!(tally.dropped(), 4 * 500 * 6);
}

#[test]
fn thousands_of_channels_can_exist_at_once() {
    setup();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..5_000).map(|_| mpsc::channel()).unzip();
    let sender = thread::spawn(move || {
        for (number, tx) in senders.into_iter().enumerate() {
            tx.send(number).unwrap();
        }
    });
    for (number, rx) in receivers.into_iter().enumerate() {
        assert!(rx.into_iter().eq([number]));
    }
    sender.join().unwrap();
}
