//! Condition variables, barriers, and parked threads.

use std::collections::VecDeque;

use super::Program;
use crate::facade::sync::{Arc, Barrier, Condvar, Mutex};
use crate::facade::{Word, thread};

pub(super) const PROGRAMS: &[Program] = &[
    Program::sctbench("sync01", sync01).with_healed_form(),
    Program::sctbench("sync02", sync02).with_healed_form(),
    Program::rust("missed_notification", missed_notification).with_healed_form(),
    Program::rust("wait_with_if", wait_with_if).with_healed_form(),
    Program::rust("notify_wrong_waiter", notify_wrong_waiter).with_healed_form(),
    Program::rust("notified_before_change", notified_before_change).with_healed_form(),
    Program::rust("semaphore", semaphore).with_healed_form(),
    Program::rust("barrier_reuse", barrier_reuse).with_healed_form(),
    Program::rust("barrier_leader", barrier_leader).with_healed_form(),
    Program::rust("park_tokens_merge", park_tokens_merge).with_healed_form(),
    Program::rust("park_token_taken", park_token_taken).with_healed_form(),
    Program::rust("turn_forced", turn_forced).with_healed_form(),
];

/// One slot; it is filled only if it was seen empty, and nobody waits for that.
fn sync01(healed: bool) {
    let slot = Arc::new((Mutex::new(0), Condvar::new(), Condvar::new()));
    let producer = thread::spawn({
        let slot = slot.clone();
        move || {
            let mut number = slot.0.lock().unwrap();
            while *number > 0 {
                number = slot.2.wait(number).unwrap();
            }
            *number += 1;
            slot.1.notify_one();
        }
    });
    if !healed {
        // It is not looked at under the same guard as the wait.
        let is_empty = *slot.0.lock().unwrap() == 0;
        let mut number = slot.0.lock().unwrap();
        if is_empty {
            number = slot.1.wait(number).unwrap();
        }
        *number -= 1;
    } else {
        let mut number = slot.0.lock().unwrap();
        while *number == 0 {
            number = slot.1.wait(number).unwrap();
        }
        *number -= 1;
    }
    slot.2.notify_one();
    producer.join().unwrap();
}

/// A producer of several items notifies only when the first of them comes.
fn sync02(healed: bool) {
    let queue = Arc::new((Mutex::new(VecDeque::new()), Condvar::new()));
    let consumers = [(); 2].map(|()| {
        let queue = queue.clone();
        thread::spawn(move || {
            let mut items = queue.0.lock().unwrap();
            while items.is_empty() {
                items = queue.1.wait(items).unwrap();
            }
            items.pop_front();
        })
    });
    for item in 0..2 {
        let mut items = queue.0.lock().unwrap();
        items.push_back(item);
        if healed || items.len() == 1 {
            queue.1.notify_one();
        }
    }
    for consumer in consumers {
        consumer.join().unwrap();
    }
}

/// A notification that comes before the wait wakes nobody.
fn missed_notification(healed: bool) {
    let event = Arc::new((Mutex::new(false), Condvar::new()));
    let other = thread::spawn({
        let event = event.clone();
        move || {
            *event.0.lock().unwrap() = true;
            event.1.notify_one();
        }
    });
    let mut happened = event.0.lock().unwrap();
    if healed {
        while !*happened {
            happened = event.1.wait(happened).unwrap();
        }
    } else {
        happened = event.1.wait(happened).unwrap();
    }
    assert!(*happened);
    drop(happened);
    other.join().unwrap();
}

/// A woken consumer does not look again: another one was faster.
fn wait_with_if(healed: bool) {
    let queue = Arc::new((Mutex::new(VecDeque::new()), Condvar::new()));
    let consumers = [(); 2].map(|()| {
        let queue = queue.clone();
        thread::spawn(move || {
            let mut items = queue.0.lock().unwrap();
            if items.is_empty() {
                items = queue.1.wait(items).unwrap();
            }
            while healed && items.is_empty() {
                items = queue.1.wait(items).unwrap();
            }
            items.pop_front().expect("there is an item");
        })
    });
    for item in 0..2 {
        queue.0.lock().unwrap().push_back(item);
        queue.1.notify_all();
    }
    for consumer in consumers {
        consumer.join().unwrap();
    }
}

/// Two threads wait for different things at one condition variable.
fn notify_wrong_waiter(healed: bool) {
    let state = Arc::new((Mutex::new(0), Condvar::new()));
    let waiters = [1, 2].map(|wanted| {
        let state = state.clone();
        thread::spawn(move || {
            let mut reached = state.0.lock().unwrap();
            while *reached < wanted {
                reached = state.1.wait(reached).unwrap();
            }
        })
    });
    for reached in 1..=2 {
        *state.0.lock().unwrap() = reached;
        if healed {
            state.1.notify_all();
        } else {
            state.1.notify_one();
        }
    }
    for waiter in waiters {
        waiter.join().unwrap();
    }
}

/// The notification comes before the change that it is about.
fn notified_before_change(healed: bool) {
    let ready = Arc::new((Mutex::new(false), Condvar::new()));
    let waiter = thread::spawn({
        let ready = ready.clone();
        move || {
            let mut is_ready = ready.0.lock().unwrap();
            while !*is_ready {
                is_ready = ready.1.wait(is_ready).unwrap();
            }
        }
    });
    if healed {
        *ready.0.lock().unwrap() = true;
        ready.1.notify_all();
    } else {
        ready.1.notify_all();
        *ready.0.lock().unwrap() = true;
    }
    waiter.join().unwrap();
}

/// A semaphore that notifies only if it was at 0.
fn semaphore(healed: bool) {
    let permits = Arc::new((Mutex::new(0), Condvar::new()));
    let workers = [(); 3].map(|()| {
        let permits = permits.clone();
        thread::spawn(move || {
            let mut free = permits.0.lock().unwrap();
            while *free == 0 {
                free = permits.1.wait(free).unwrap();
            }
            *free -= 1;
            drop(free);
        })
    });
    for _ in 0..3 {
        let mut free = permits.0.lock().unwrap();
        *free += 1;
        if healed || *free == 1 {
            permits.1.notify_one();
        }
    }
    for worker in workers {
        worker.join().unwrap();
    }
}

/// Results of the second phase are written while those of the first are read.
fn barrier_reuse(healed: bool) {
    let barrier = Arc::new(Barrier::new(3));
    let cells = Arc::new([(); 3].map(|()| Word::new(0)));
    let threads = [0, 1, 2].map(|me| {
        let (barrier, cells) = (barrier.clone(), cells.clone());
        thread::spawn(move || {
            for phase in 1..=2 {
                cells[me].set(phase);
                barrier.wait();
                let neighbour = cells[(me + 1) % 3].get();
                assert_eq!(neighbour, phase, "the neighbour is a phase ahead");
                if healed {
                    barrier.wait();
                }
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

/// The leader of a barrier prepares what the others use at once.
fn barrier_leader(healed: bool) {
    let barrier = Arc::new(Barrier::new(2));
    let table = Arc::new(Mutex::new(None));
    let threads = [(); 2].map(|()| {
        let (barrier, table) = (barrier.clone(), table.clone());
        thread::spawn(move || {
            if barrier.wait().is_leader() {
                *table.lock().unwrap() = Some(1);
            }
            if healed {
                barrier.wait();
            }
            table.lock().unwrap().expect("the leader has made the table");
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

/// One token is kept for two calls of `unpark`.
fn park_tokens_merge(healed: bool) {
    let items = Arc::new(Mutex::new(0));
    let consumer = thread::spawn({
        let items = items.clone();
        move || {
            let mut taken = 0;
            while taken < 2 {
                if healed {
                    while *items.lock().unwrap() == 0 {
                        thread::park();
                    }
                } else {
                    thread::park();
                }
                let mut left = items.lock().unwrap();
                if *left > 0 {
                    *left -= 1;
                    taken += 1;
                }
            }
        }
    });
    for _ in 0..2 {
        *items.lock().unwrap() += 1;
        consumer.thread().unpark();
    }
    consumer.join().unwrap();
}

/// A wait inside takes the token that was for the wait outside.
fn park_token_taken(healed: bool) {
    let flags = Arc::new((Mutex::new(false), Mutex::new(false)));
    let sleeper = thread::spawn({
        let flags = flags.clone();
        move || {
            while !*flags.0.lock().unwrap() {
                thread::park();
            }
            let mut is_second = *flags.1.lock().unwrap();
            while !is_second {
                thread::park();
                if !healed {
                    break;
                }
                is_second = *flags.1.lock().unwrap();
            }
            assert!(*flags.1.lock().unwrap(), "it was the token of the first flag");
        }
    });
    *flags.0.lock().unwrap() = true;
    sleeper.thread().unpark();
    *flags.1.lock().unwrap() = true;
    sleeper.thread().unpark();
    sleeper.join().unwrap();
}

/// Two threads hand a turn to each other, and a third one interferes.
fn turn_forced(healed: bool) {
    let turn = Arc::new((Mutex::new(0), Condvar::new()));
    let players = [0, 1].map(|me| {
        let turn = turn.clone();
        thread::spawn(move || {
            for _ in 0..2 {
                let mut now = turn.0.lock().unwrap();
                while *now != me {
                    now = turn.1.wait(now).unwrap();
                }
                if healed {
                    *now = 1 - me;
                } else {
                    drop(now);
                    let mut now = turn.0.lock().unwrap();
                    *now = (*now + 1) % 2;
                }
                turn.1.notify_one();
            }
        })
    });
    let observer = thread::spawn({
        let turn = turn.clone();
        move || {
            if !healed {
                // It forces a turn.
                let mut now = turn.0.lock().unwrap();
                if *now == 1 {
                    *now = 0;
                    turn.1.notify_one();
                }
            }
        }
    });
    for thread in players.into_iter().chain([observer]) {
        thread.join().unwrap();
    }
}
