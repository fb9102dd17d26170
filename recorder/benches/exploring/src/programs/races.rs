//! Violated orders and atomicity of variables, after the CS suite of SCTBench.

use super::Program;
use crate::facade::sync::{Arc, Mutex};
use crate::facade::{Word, thread};

pub(super) const PROGRAMS: &[Program] = &[
    Program::sctbench("account", account).with_healed_form(),
    Program::sctbench("arithmetic_prog", arithmetic_prog).with_healed_form(),
    Program::sctbench("bluetooth_driver", bluetooth_driver).with_healed_form(),
    Program::sctbench("circular_buffer", circular_buffer).with_healed_form(),
    Program::sctbench("fsbench", fsbench).with_healed_form(),
    Program::sctbench("lazy01", lazy01),
    Program::sctbench("queue", queue).with_healed_form(),
    Program::sctbench("stack", stack).with_healed_form(),
    Program::sctbench("stateful01", stateful01),
    Program::sctbench("token_ring", token_ring),
    Program::sctbench("wronglock", |healed| wronglock(1, healed)).with_healed_form(),
    Program::sctbench("wronglock_3", |healed| wronglock(3, healed)).with_healed_form(),
];

/// The audit reads the two sides of a transfer in two sections.
fn account(healed: bool) {
    let accounts = Arc::new((Mutex::new(100), Mutex::new(0)));
    let transfer = thread::spawn({
        let accounts = accounts.clone();
        move || {
            for _ in 0..2 {
                let mut from = accounts.0.lock().unwrap();
                *from -= 10;
                if !healed {
                    drop(from);
                    *accounts.1.lock().unwrap() += 10;
                } else {
                    *accounts.1.lock().unwrap() += 10;
                }
            }
        }
    });
    let audit = thread::spawn(move || {
        let from = accounts.0.lock().unwrap();
        let to = *accounts.1.lock().unwrap();
        assert_eq!(*from + to, 100);
    });
    transfer.join().unwrap();
    audit.join().unwrap();
}

/// Two threads add the same series; each reads and writes the sum in two steps.
fn arithmetic_prog(healed: bool) {
    let sum = Arc::new(Word::new(0));
    let add = |sum: Arc<Word<i32>>| {
        move || {
            for number in 1..=3 {
                if healed {
                    sum.update(|sum| sum + number);
                } else {
                    let old = sum.get();
                    sum.set(old + number);
                }
            }
        }
    };
    let other = thread::spawn(add(sum.clone()));
    add(sum.clone())();
    other.join().unwrap();
    assert_eq!(sum.get(), 12);
}

/// The worker sees that nobody stops the driver, and enters after it was stopped.
fn bluetooth_driver(healed: bool) {
    struct Driver {
        is_stopping: Word<bool>,
        pending: Word<i32>,
        is_stopped: Word<bool>,
    }
    let driver = Arc::new(Driver {
        is_stopping: Word::new(false),
        pending: Word::new(1),
        is_stopped: Word::new(false),
    });
    let leave = |driver: &Driver| {
        if driver.pending.update(|pending| pending - 1) == 1 {
            driver.is_stopped.set(true);
        }
    };
    let worker = thread::spawn({
        let driver = driver.clone();
        move || {
            if healed {
                // Enters before it looks.
                driver.pending.update(|pending| pending + 1);
                if !driver.is_stopping.get() {
                    assert!(!driver.is_stopped.get(), "the driver is used after it was stopped");
                }
                leave(&driver);
                return;
            }
            if driver.is_stopping.get() {
                return;
            }
            driver.pending.update(|pending| pending + 1);
            assert!(!driver.is_stopped.get(), "the driver is used after it was stopped");
            leave(&driver);
        }
    });
    driver.is_stopping.set(true);
    leave(&driver);
    worker.join().unwrap();
}

/// A slot counts as filled before its item is in it.
fn circular_buffer(healed: bool) {
    struct Buffer {
        items: [Word<u32>; 4],
        written: Word<usize>,
    }
    let buffer = Arc::new(Buffer { items: [(); 4].map(|()| Word::new(0)), written: Word::new(0) });
    let writer = thread::spawn({
        let buffer = buffer.clone();
        move || {
            for number in 0..4 {
                if healed {
                    buffer.items[number].set(number as u32 + 1);
                    buffer.written.set(number + 1);
                } else {
                    buffer.written.set(number + 1);
                    buffer.items[number].set(number as u32 + 1);
                }
            }
        }
    });
    for read in 0..4 {
        if buffer.written.get() <= read {
            break;
        }
        assert_eq!(buffer.items[read].get(), read as u32 + 1);
    }
    writer.join().unwrap();
}

/// Threads look for a free block and take it in two sections.
fn fsbench(healed: bool) {
    const BLOCKS: usize = 8;
    let is_used = Arc::new([(); BLOCKS].map(|()| Mutex::new(false)));
    let owners = Arc::new([(); BLOCKS].map(|()| Word::new(0)));
    let threads = (1..=6).map(|id| {
        let (is_used, owners) = (is_used.clone(), owners.clone());
        thread::spawn(move || {
            // Each begins at another block, and two meet only if they come far enough.
            for block in (id..id + BLOCKS).map(|block| block / 2 % BLOCKS) {
                let mut used = is_used[block].lock().unwrap();
                if *used {
                    continue;
                }
                if !healed {
                    drop(used);
                    used = is_used[block].lock().unwrap();
                }
                *used = true;
                drop(used);
                owners[block].set(id);
                assert_eq!(owners[block].get(), id, "block {block} has two owners");
                return;
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
}

/// The third thread must come last.
fn lazy01(_: bool) {
    let data = Arc::new(Mutex::new(0));
    let add = |number| {
        let data = data.clone();
        thread::spawn(move || *data.lock().unwrap() += number)
    };
    let threads = [add(1), add(2)];
    let last = thread::spawn({
        let data = data.clone();
        move || assert!(*data.lock().unwrap() < 3, "both came first")
    });
    for thread in threads.into_iter().chain([last]) {
        thread.join().unwrap();
    }
}

/// The length and the items of a queue are behind two locks.
fn queue(healed: bool) {
    let queue = Arc::new((Mutex::new(Vec::new()), Mutex::new(0)));
    let sender = thread::spawn({
        let queue = queue.clone();
        move || {
            for number in 0..3 {
                if healed {
                    queue.0.lock().unwrap().push(number);
                    *queue.1.lock().unwrap() += 1;
                } else {
                    *queue.1.lock().unwrap() += 1;
                    queue.0.lock().unwrap().push(number);
                }
            }
        }
    });
    for _ in 0..3 {
        let is_filled = {
            let mut length = queue.1.lock().unwrap();
            let is_filled = *length > 0;
            *length -= i32::from(is_filled);
            is_filled
        };
        if is_filled {
            queue.0.lock().unwrap().pop().expect("an item");
        }
    }
    sender.join().unwrap();
}

/// The top of the stack is checked, and used later.
fn stack(healed: bool) {
    let stack = Arc::new(Mutex::new(vec![1]));
    let pop = |stack: Arc<Mutex<Vec<i32>>>| {
        move || {
            if healed {
                stack.lock().unwrap().pop();
            } else if !stack.lock().unwrap().is_empty() {
                stack.lock().unwrap().pop().expect("the stack is not empty");
            }
        }
    };
    let others = [thread::spawn(pop(stack.clone())), thread::spawn(pop(stack.clone()))];
    stack.lock().unwrap().push(2);
    for thread in others {
        thread.join().unwrap();
    }
}

/// One order of three updates has another result than all others.
fn stateful01(_: bool) {
    let data = Arc::new((Mutex::new(10), Mutex::new(10)));
    let other = thread::spawn({
        let data = data.clone();
        move || {
            *data.0.lock().unwrap() += 1;
            *data.1.lock().unwrap() += 1;
        }
    });
    let first = *data.0.lock().unwrap();
    *data.1.lock().unwrap() *= first;
    other.join().unwrap();
    let second = *data.1.lock().unwrap();
    assert_ne!(second, 110, "the other thread came in between");
}

/// Each thread passes a token on without waiting for it.
fn token_ring(_: bool) {
    let tokens = Arc::new([(); 4].map(|()| Word::new(0)));
    let threads = (0..4).map(|thread| {
        let tokens = tokens.clone();
        thread::spawn(move || {
            let before = tokens[(thread + 3) % 4].get();
            tokens[thread].set(if thread == 0 { before + 1 } else { before });
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
    let end: Vec<_> = tokens.iter().map(Word::get).collect();
    assert!(end.iter().any(|&it| it != end[0]), "the token was all around: {end:?}");
}

/// One thread takes another lock than the others to protect the same data.
fn wronglock(threads: usize, healed: bool) {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let data = Arc::new(Word::new(0));
    let spawn = |takes_first: bool| {
        let (locks, data) = (locks.clone(), data.clone());
        thread::spawn(move || {
            let lock = if takes_first || healed { &locks.0 } else { &locks.1 };
            let guard = lock.lock().unwrap();
            let old = data.get();
            data.set(old + 1);
            assert_eq!(data.get(), old + 1);
            drop(guard);
        })
    };
    let mut threads: Vec<_> = (0..threads).map(|_| spawn(true)).collect();
    threads.push(spawn(false));
    for thread in threads {
        thread.join().unwrap();
    }
}
