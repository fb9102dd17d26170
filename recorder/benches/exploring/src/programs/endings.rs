//! Programs that end too early, too late, or never.

use super::Program;
use crate::facade::sync::mpsc::{self, channel, sync_channel};
use crate::facade::sync::{Arc, Condvar, Mutex};
use crate::facade::{Word, thread};

pub(super) const PROGRAMS: &[Program] = &[
    Program::rust("sender_registered_late", sender_registered_late).with_healed_form(),
    Program::rust("sender_dropped_late", sender_dropped_late).with_healed_form(),
    Program::rust("sender_dropped_early", sender_dropped_early).with_healed_form(),
    Program::rust("receiver_gone", receiver_gone).with_healed_form(),
    Program::rust("flag_before_recv", flag_before_recv).with_healed_form(),
    Program::rust("client_gives_up", client_gives_up).with_healed_form(),
    Program::rust("logger_not_joined", logger_not_joined).with_healed_form(),
    Program::rust("last_one_cleans_up", last_one_cleans_up).with_healed_form(),
    Program::rust("scope_waits", scope_waits).with_healed_form(),
    Program::rust("wait_group_too_early", wait_group_too_early).with_healed_form(),
    Program::rust("rendezvous_gone", rendezvous_gone).with_healed_form(),
];

/// A sender comes to the registry after the registry was cleared, and keeps the channel open.
fn sender_registered_late(healed: bool) {
    struct Registry {
        senders: Vec<mpsc::Sender<i32>>,
        is_closed: bool,
    }
    let registry = Arc::new(Mutex::new(Registry { senders: Vec::new(), is_closed: false }));
    let (sender, receiver) = channel();
    let client = thread::spawn({
        let registry = registry.clone();
        move || {
            let mut registry = registry.lock().unwrap();
            if !healed || !registry.is_closed {
                registry.senders.push(sender);
            } else {
                drop(sender);
            }
        }
    });
    let closer = thread::spawn({
        let registry = registry.clone();
        move || {
            let mut registry = registry.lock().unwrap();
            registry.senders.clear();
            registry.is_closed = true;
        }
    });
    assert_eq!(receiver.iter().count(), 0);
    client.join().unwrap();
    closer.join().unwrap();
}

/// The main thread gives its sender up after the worker that it waits for has seen enough.
fn sender_dropped_late(healed: bool) {
    let (sender, receiver) = channel();
    let limit = Arc::new(Mutex::new(3));
    let worker = thread::spawn({
        let limit = limit.clone();
        move || {
            let mut sum = 0;
            for number in receiver {
                sum += number;
                if sum >= *limit.lock().unwrap() {
                    break;
                }
            }
            sum
        }
    });
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    // Comes too early or too late.
    *limit.lock().unwrap() = 4;
    if healed {
        drop(sender);
        worker.join().unwrap();
    } else {
        worker.join().unwrap();
        drop(sender);
    }
}

/// The last sender may be gone before the thread that was to get a clone of it has come.
fn sender_dropped_early(healed: bool) {
    let (sender, receiver) = channel();
    let sender = Arc::new(Mutex::new(Some(sender)));
    let producer = thread::spawn({
        let mine = healed.then(|| sender.lock().unwrap().clone().unwrap());
        let sender = sender.clone();
        move || {
            let sender = mine.or_else(|| sender.lock().unwrap().clone());
            sender.expect("the channel is still open").send(1).unwrap();
        }
    });
    sender.lock().unwrap().take();
    let received = receiver.iter().count();
    producer.join().unwrap();
    assert_eq!(received, 1);
}

/// The receiver leaves when it is told to, and a sender does not expect that.
fn receiver_gone(healed: bool) {
    let (sender, receiver) = channel();
    let producer = thread::spawn({
        let sender = sender.clone();
        move || {
            for number in 1..=2 {
                let sent = sender.send(number);
                if !healed {
                    sent.expect("the receiver is there");
                }
            }
        }
    });
    let consumer = thread::spawn(move || while receiver.recv().is_ok_and(|number| number > 0) {});
    sender.send(0).unwrap();
    producer.join().unwrap();
    consumer.join().unwrap();
}

/// A worker looks at the flag, and then waits for a message that does not come.
fn flag_before_recv(healed: bool) {
    let is_over = Arc::new(Word::new(false));
    let (sender, receiver) = channel();
    let worker = thread::spawn({
        let is_over = is_over.clone();
        move || {
            while !is_over.get() {
                if receiver.recv() != Ok(true) {
                    break;
                }
            }
        }
    });
    sender.send(true).unwrap();
    is_over.set(true);
    if healed {
        let _ = sender.send(false);
    }
    worker.join().unwrap();
    drop(sender);
}

/// A server answers a client that has stopped to wait.
fn client_gives_up(healed: bool) {
    let is_cancelled = Arc::new(Word::new(false));
    let (requests, inbox) = channel::<mpsc::Sender<i32>>();
    let server = thread::spawn(move || {
        for reply in inbox {
            let sent = reply.send(1);
            if !healed {
                sent.expect("the client waits");
            }
        }
    });
    let client = thread::spawn({
        let is_cancelled = is_cancelled.clone();
        move || {
            let (sender, reply) = channel();
            requests.send(sender).unwrap();
            if !is_cancelled.get() {
                reply.recv().unwrap();
            }
        }
    });
    is_cancelled.set(true);
    client.join().unwrap();
    server.join().unwrap();
}

/// The program ends while its logger still has lines.
fn logger_not_joined(healed: bool) {
    let written = Arc::new(Mutex::new(0));
    let (log, lines) = channel();
    let logger = thread::spawn({
        let written = written.clone();
        move || {
            for line in lines {
                *written.lock().unwrap() += line;
            }
        }
    });
    for _ in 0..2 {
        log.send(1).unwrap();
    }
    drop(log);
    if healed {
        logger.join().unwrap();
    } else {
        // It usually comes so far.
        for _ in 0..9 {
            thread::yield_now();
        }
    }
    assert_eq!(*written.lock().unwrap(), 2, "lines are lost");
}

/// Each of two owners sees the other, and neither cleans up; or both do.
fn last_one_cleans_up(healed: bool) {
    let owners = Arc::new((Mutex::new(2), Mutex::new(0)));
    let threads = [(); 2].map(|()| {
        let owners = owners.clone();
        thread::spawn(move || {
            let mut left = owners.0.lock().unwrap();
            let is_last = if healed {
                *left -= 1;
                *left == 0
            } else {
                let is_last = *left == 1;
                drop(left);
                *owners.0.lock().unwrap() -= 1;
                is_last
            };
            if is_last {
                *owners.1.lock().unwrap() += 1;
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*owners.1.lock().unwrap(), 1, "nobody cleans up");
}

/// A scope waits for a consumer, whose sender lives as long as the scope unless it was taken out.
fn scope_waits(healed: bool) {
    let (sender, receiver) = channel();
    let sender = Mutex::new(Some(sender));
    let produced = Mutex::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let taken = sender.lock().unwrap().take();
            if let Some(sender) = taken {
                sender.send(1).unwrap();
                *produced.lock().unwrap() += 1;
            }
        });
        scope.spawn(|| {
            let clone = sender.lock().unwrap().clone();
            if let Some(clone) = clone {
                clone.send(2).unwrap();
                // It is put back, although the first may have taken it meanwhile.
                if healed {
                    drop(clone);
                } else {
                    *sender.lock().unwrap() = Some(clone);
                }
            }
        });
        scope.spawn(move || for _ in receiver {});
    });
}

/// Threads count themselves when they begin, and the main thread may look before.
fn wait_group_too_early(healed: bool) {
    let group = Arc::new((Mutex::new(if healed { 2 } else { 0 }), Condvar::new()));
    let results = Arc::new(Mutex::new(0));
    let threads = [(); 2].map(|()| {
        let (group, results) = (group.clone(), results.clone());
        thread::spawn(move || {
            if !healed {
                *group.0.lock().unwrap() += 1;
            }
            *results.lock().unwrap() += 1;
            *group.0.lock().unwrap() -= 1;
            group.1.notify_all();
        })
    });
    for _ in 0..5 {
        thread::yield_now();
    }
    let mut running = group.0.lock().unwrap();
    while *running > 0 {
        running = group.1.wait(running).unwrap();
    }
    drop(running);
    let seen = *results.lock().unwrap();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(seen, 2, "it did not wait for all");
}

/// A sender waits at a rendezvous to which the receiver does not come after it was cancelled.
fn rendezvous_gone(healed: bool) {
    let is_cancelled = Arc::new(Word::new(false));
    let (sender, receiver) = sync_channel(0);
    let receiver = Arc::new(Mutex::new(Some(receiver)));
    let producer = thread::spawn({
        let is_cancelled = is_cancelled.clone();
        move || {
            for number in 0..2 {
                if is_cancelled.get() || sender.send(number).is_err() {
                    return;
                }
            }
        }
    });
    let consumer = thread::spawn({
        let (receiver, is_cancelled) = (receiver.clone(), is_cancelled.clone());
        move || {
            while !is_cancelled.get() {
                let inbox = receiver.lock().unwrap();
                if inbox.as_ref().is_none_or(|inbox| inbox.recv().is_err()) {
                    return;
                }
            }
            if healed {
                receiver.lock().unwrap().take();
            }
        }
    });
    is_cancelled.set(true);
    producer.join().unwrap();
    consumer.join().unwrap();
}
