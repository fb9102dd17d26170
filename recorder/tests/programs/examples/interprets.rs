//! Runs small programs: each argument is a thread, a list of operations such as `s0 r0 l1 u1`.
//!
//! `s` sends to a channel; 0 is unbounded, 1 holds one message, 2 holds none. `T` tries to send to
//! channel 2. `r` receives and `t` tries to: only thread 0 from the channels 0 and 2, and thread 1 from
//! channel 1. `l` locks, `u` unlocks, `y` tries to lock. `R` locks a third lock for reading, as often as
//! it is there, `W` for writing; `V` and `X` try to, and `U` unlocks what was locked last. They need a
//! number, too, which is not used.
//! In the end it prints what each thread has received, and which locks it could not take. No sender
//! is dropped before, and a lock that is not unlocked stays locked.

use std::env;
use std::mem;

use instrumented::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use instrumented::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use instrumented::thread;

struct Shared {
    unbounded: Sender<u64>,
    bounded: SyncSender<u64>,
    rendezvous: SyncSender<u64>,
    locks: [Mutex<()>; 2],
    shared_lock: RwLock<()>,
}

/// The receivers of a thread, by their channels.
type Receivers = [Option<Receiver<u64>>; 3];

#[allow(dead_code, reason = "they are held")]
enum Guard<'a> {
    Read(RwLockReadGuard<'a, ()>),
    Write(RwLockWriteGuard<'a, ()>),
}

fn main() {
    let (unbounded, first) = channel();
    let (bounded, second) = sync_channel(1);
    let (rendezvous, third) = sync_channel(0);
    let (locks, shared_lock) = Default::default();
    let shared = Arc::new(Shared { unbounded, bounded, rendezvous, locks, shared_lock });
    let mut receivers = [[Some(first), None, Some(third)], [None, Some(second), None]].into_iter();
    let threads: Vec<_> = env::args()
        .skip(1)
        .enumerate()
        .map(|(number, operations)| {
            let (shared, receivers) = (shared.clone(), receivers.next().unwrap_or_default());
            thread::spawn(move || run(number as u64, &operations, &shared, receivers))
        })
        .collect();
    for thread in threads {
        println!("{:?}", thread.join().expect("it does not panic"));
    }
}

fn run(number: u64, operations: &str, shared: &Shared, receivers: Receivers) -> Vec<u64> {
    let mut seen = Vec::new();
    let mut sent = 0;
    let mut guards: [Option<MutexGuard<'_, ()>>; 2] = [None, None];
    let mut shared_guards = Vec::new();
    for operation in operations.split_whitespace() {
        let (name, index) = operation.split_at(1);
        let index: usize = index.parse().expect("a number");
        match name {
            "s" => {
                sent += 1;
                let message = 100 * number + sent;
                match index {
                    0 => shared.unbounded.send(message).expect("it has a receiver"),
                    2 => shared.rendezvous.send(message).expect("it has a receiver"),
                    _ => shared.bounded.send(message).expect("it has a receiver"),
                }
            }
            "T" => {
                sent += 1;
                seen.push(shared.rendezvous.try_send(100 * number + sent).is_err().into());
            }
            "r" => seen.extend(receivers[index].as_ref().and_then(|receiver| receiver.recv().ok())),
            "t" => {
                let message =
                    receivers[index].as_ref().and_then(|receiver| receiver.try_recv().ok());
                seen.push(message.unwrap_or_default());
            }
            "l" => guards[index] = shared.locks[index].lock().ok(),
            "u" => guards[index] = None,
            "y" => match shared.locks[index].try_lock() {
                Ok(guard) => {
                    seen.push(0);
                    guards[index] = Some(guard);
                }
                Err(_) => seen.push(1),
            },
            "R" => shared_guards.extend(shared.shared_lock.read().ok().map(Guard::Read)),
            "W" => shared_guards.extend(shared.shared_lock.write().ok().map(Guard::Write)),
            "V" | "X" => {
                let guard = match name {
                    "V" => shared.shared_lock.try_read().ok().map(Guard::Read),
                    _ => shared.shared_lock.try_write().ok().map(Guard::Write),
                };
                seen.push(guard.is_none().into());
                shared_guards.extend(guard);
            }
            "U" => drop(shared_guards.pop()),
            other => panic!("no operation is called {other}"),
        }
    }
    // Receivers and locks stay: nobody notices that this thread ends.
    guards.into_iter().flatten().for_each(mem::forget);
    shared_guards.into_iter().for_each(mem::forget);
    mem::forget(receivers);
    seen
}
