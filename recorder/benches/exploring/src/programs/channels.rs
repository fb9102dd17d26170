//! Messages that come in another order, to another receiver, or not at all.

use super::Program;
use crate::facade::sync::mpsc::{self, TryRecvError, channel, sync_channel};
use crate::facade::sync::{Arc, Mutex};
use crate::facade::{Word, thread};

pub(super) const PROGRAMS: &[Program] = &[
    Program::rust("requests_cross", requests_cross).with_healed_form(),
    Program::rust("two_full_channels", two_full_channels).with_healed_form(),
    Program::rust("first_from_a", first_from_a).with_healed_form(),
    Program::rust("replies_swapped", replies_swapped).with_healed_form(),
    Program::rust("snapshot_then_updates", snapshot_then_updates).with_healed_form(),
    Program::rust("work_after_stop", work_after_stop).with_healed_form(),
    Program::rust("stop_dropped_when_full", stop_dropped_when_full).with_healed_form(),
    Program::rust("poll_misses_last", poll_misses_last).with_healed_form(),
    Program::rust("pool_takes_two", pool_takes_two).with_healed_form(),
    Program::rust("lost_reply", lost_reply).with_healed_form(),
    Program::rust("pipeline_reorders", pipeline_reorders).with_healed_form(),
    Program::rust("last_writer_wins", last_writer_wins).with_healed_form(),
];

/// Two actors ask each other, and neither answers while it waits.
fn requests_cross(healed: bool) {
    enum Message {
        Tick,
        Ask(Option<mpsc::Sender<u32>>),
        Reply,
    }
    let actor = move |inbox: mpsc::Receiver<Message>, peer: mpsc::Sender<Message>| {
        // Without its fault, the reply comes to the inbox as well.
        for message in inbox.iter().take(if healed { 3 } else { 2 }) {
            match message {
                Message::Tick if healed => peer.send(Message::Ask(None)).unwrap(),
                Message::Tick => {
                    let (sender, reply) = channel();
                    peer.send(Message::Ask(Some(sender))).unwrap();
                    reply.recv().unwrap();
                }
                Message::Ask(Some(reply)) => reply.send(1).unwrap(),
                Message::Ask(None) => peer.send(Message::Reply).unwrap(),
                Message::Reply => {}
            }
        }
        // The peer may still send.
        inbox
    };
    let (to_a, inbox_a) = channel();
    let (to_b, inbox_b) = channel();
    let a = thread::spawn({
        let peer = to_b.clone();
        move || actor(inbox_a, peer)
    });
    let b = thread::spawn({
        let peer = to_a.clone();
        move || actor(inbox_b, peer)
    });
    to_a.send(Message::Tick).unwrap();
    to_b.send(Message::Tick).unwrap();
    let _inboxes = (a.join().unwrap(), b.join().unwrap());
}

/// Two threads send to each other through small channels, and neither receives meanwhile.
fn two_full_channels(healed: bool) {
    enum Message {
        Data,
        Go,
    }
    let bound = if healed { 4 } else { 1 };
    let (to_a, inbox_a) = sync_channel(bound);
    let (to_b, inbox_b) = sync_channel(bound);
    let (start, started) = channel();
    let a = thread::spawn({
        let to_b = to_b.clone();
        move || {
            start.send(()).unwrap();
            for _ in 0..3 {
                to_b.send(Message::Data).unwrap();
            }
            assert_eq!(inbox_a.iter().count(), 2);
        }
    });
    let b = thread::spawn(move || {
        for message in inbox_b.iter().take(4) {
            if let Message::Go = message {
                to_a.send(1).unwrap();
                to_a.send(2).unwrap();
            }
        }
    });
    started.recv().unwrap();
    to_b.send(Message::Go).unwrap();
    a.join().unwrap();
    b.join().unwrap();
}

/// Nothing says which of two senders comes first.
fn first_from_a(healed: bool) {
    let (sender, receiver) = channel();
    let a = thread::spawn({
        let sender = sender.clone();
        move || sender.send('a').unwrap()
    });
    let b = thread::spawn(move || sender.send('b').unwrap());
    let mut received = [receiver.recv().unwrap(), receiver.recv().unwrap()];
    if healed {
        received.sort();
    }
    assert_eq!(received, ['a', 'b']);
    a.join().unwrap();
    b.join().unwrap();
}

/// Two clients share the channel of the replies.
fn replies_swapped(healed: bool) {
    let (requests, inbox) = channel::<(u32, mpsc::Sender<u32>)>();
    let server = thread::spawn(move || {
        for (number, reply) in inbox {
            reply.send(number * number).unwrap();
        }
    });
    let (shared, replies) = channel();
    let replies = Arc::new(Mutex::new(replies));
    let clients = [2, 3].map(|number| {
        let (requests, shared, replies) = (requests.clone(), shared.clone(), replies.clone());
        thread::spawn(move || {
            let answer = if healed {
                let (sender, reply) = channel();
                requests.send((number, sender)).unwrap();
                reply.recv().unwrap()
            } else {
                requests.send((number, shared)).unwrap();
                replies.lock().unwrap().recv().unwrap()
            };
            assert_eq!(answer, number * number, "it is the reply to the other");
        })
    });
    drop(requests);
    for client in clients {
        client.join().unwrap();
    }
    server.join().unwrap();
}

/// A client takes a snapshot and then subscribes; what changes in between never reaches it.
fn snapshot_then_updates(healed: bool) {
    struct Store {
        value: u32,
        subscribers: Vec<mpsc::Sender<u32>>,
    }
    let store = Arc::new(Mutex::new(Store { value: 0, subscribers: Vec::new() }));
    let writer = thread::spawn({
        let store = store.clone();
        move || {
            for value in 1..=2 {
                let mut store = store.lock().unwrap();
                store.value = value;
                store.subscribers.retain(|it| it.send(value).is_ok());
            }
            store.lock().unwrap().subscribers.clear();
        }
    });
    let (sender, updates) = channel();
    let mut seen = {
        let mut locked = store.lock().unwrap();
        let seen = locked.value;
        if !healed {
            drop(locked);
            locked = store.lock().unwrap();
        }
        if locked.value < 2 {
            locked.subscribers.push(sender);
        } else {
            drop(sender);
        }
        seen
    };
    for update in updates {
        seen = update;
    }
    writer.join().unwrap();
    assert_eq!(seen, 2, "an update is lost");
}

/// The message that stops the worker overtakes work of another thread.
fn work_after_stop(healed: bool) {
    let (sender, receiver) = channel();
    let client = thread::spawn({
        let sender = sender.clone();
        move || {
            for job in 1..=2 {
                let _ = sender.send(Some(job));
            }
        }
    });
    let worker = thread::spawn(move || {
        let mut done = 0;
        while let Ok(Some(_)) = receiver.recv() {
            done += 1;
        }
        done
    });
    if healed {
        client.join().unwrap();
        sender.send(None).unwrap();
    } else {
        sender.send(None).unwrap();
        client.join().unwrap();
    }
    assert_eq!(worker.join().unwrap(), 2, "work is lost");
}

/// What does not fit is dropped, and so is the message that stops the receiver.
fn stop_dropped_when_full(healed: bool) {
    let (sender, receiver) = sync_channel(2);
    let worker = thread::spawn(move || while let Ok(true) = receiver.recv() {});
    for _ in 0..3 {
        let _ = sender.try_send(true);
    }
    if healed {
        sender.send(false).unwrap();
    } else {
        let _ = sender.try_send(false);
    }
    worker.join().unwrap();
}

/// The loop sees an empty channel, and then that all is over: the last message came in between.
fn poll_misses_last(healed: bool) {
    let is_over = Arc::new(Word::new(false));
    let (sender, receiver) = channel();
    let producer = thread::spawn({
        let is_over = is_over.clone();
        move || {
            for number in 0..2 {
                sender.send(number).unwrap();
            }
            is_over.set(true);
            // Others have clones: it is not known to be the last one.
            sender
        }
    });
    let mut received = 0;
    loop {
        let was_over = is_over.get();
        match receiver.try_recv() {
            Ok(_) => received += 1,
            Err(TryRecvError::Empty) if healed && was_over => break,
            Err(TryRecvError::Empty) if !healed && is_over.get() => break,
            Err(TryRecvError::Empty) => thread::yield_now(),
            Err(TryRecvError::Disconnected) => break,
        }
    }
    drop(producer.join().unwrap());
    assert_eq!(received, 2, "the last message is lost");
}

/// There is one message for each worker, and one of them takes two.
fn pool_takes_two(healed: bool) {
    let (sender, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let workers = [(); 2].map(|()| {
        let receiver = receiver.clone();
        thread::spawn(move || {
            let mut has_stopped = false;
            while !has_stopped {
                let message = receiver.lock().unwrap().recv();
                has_stopped = matches!(message, Ok(None) | Err(_));
                if !healed && has_stopped {
                    // Another look, for work that came late.
                    let again = receiver.lock().unwrap().try_recv();
                    has_stopped = !matches!(again, Ok(Some(_)));
                }
            }
        })
    });
    sender.send(Some(1)).unwrap();
    sender.send(None).unwrap();
    sender.send(None).unwrap();
    for worker in workers {
        worker.join().unwrap();
    }
    drop(sender);
}

/// A client that has asked registers for the reply afterwards.
fn lost_reply(healed: bool) {
    let waiting = Arc::new(Mutex::new(Vec::<(u32, mpsc::Sender<u32>)>::new()));
    let (requests, inbox) = channel();
    let server = thread::spawn({
        let waiting = waiting.clone();
        move || {
            for id in inbox {
                let mut waiting = waiting.lock().unwrap();
                if let Some(at) = waiting.iter().position(|(other, _)| *other == id) {
                    let (_, reply) = waiting.swap_remove(at);
                    reply.send(id * 2).unwrap();
                }
            }
        }
    });
    let clients = [1, 2].map(|id| {
        let (waiting, requests) = (waiting.clone(), requests.clone());
        thread::spawn(move || {
            let (sender, reply) = channel();
            if healed {
                waiting.lock().unwrap().push((id, sender));
                requests.send(id).unwrap();
            } else {
                requests.send(id).unwrap();
                waiting.lock().unwrap().push((id, sender));
            }
            assert_eq!(reply.recv().unwrap(), id * 2);
        })
    });
    drop(requests);
    for client in clients {
        client.join().unwrap();
    }
    server.join().unwrap();
}

/// Two workers between two channels do not keep the order.
fn pipeline_reorders(healed: bool) {
    let (sender, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let (results, output) = channel();
    let workers = [(); 2].map(|()| {
        let (receiver, results) = (receiver.clone(), results.clone());
        thread::spawn(move || {
            loop {
                let input = receiver.lock().unwrap();
                let Ok(number) = input.recv() else { return };
                if healed {
                    results.send(number).unwrap();
                    drop(input);
                } else {
                    drop(input);
                    results.send(number).unwrap();
                }
            }
        })
    });
    drop(results);
    for number in 0..3 {
        sender.send(number).unwrap();
    }
    drop(sender);
    assert_eq!(output.iter().collect::<Vec<_>>(), [0, 1, 2]);
    for worker in workers {
        worker.join().unwrap();
    }
}

/// Two threads send what they computed from the same state, and the second overwrites the first.
fn last_writer_wins(healed: bool) {
    let state = Arc::new(Mutex::new(0));
    let (sender, updates) = channel();
    let writers = [1, 2].map(|number| {
        let (state, sender) = (state.clone(), sender.clone());
        thread::spawn(move || {
            let old = *state.lock().unwrap();
            sender.send((old, number)).unwrap();
        })
    });
    drop(sender);
    for (old, number) in updates {
        let mut state = state.lock().unwrap();
        *state = if healed { *state + number } else { old + number };
    }
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(*state.lock().unwrap(), 3, "an update is lost");
}
