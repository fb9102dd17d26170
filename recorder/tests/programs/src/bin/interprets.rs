//! Runs small programs: each argument is a thread, a list of operations such as `s0 r0 l1 u1`.
//!
//! `s` sends to a channel; 0 is unbounded, 1 holds one message. `r` receives and `t` tries to: only
//! thread 0 from channel 0, and thread 1 from channel 1. `l` locks, `u` unlocks, `y` tries to lock.
//! In the end it prints what each thread has received, and which locks it could not take. No sender
//! is dropped before, and a lock that is not unlocked stays locked.

use std::env;
use std::mem;

use instrumented::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use instrumented::sync::{Arc, Mutex, MutexGuard};
use instrumented::thread;

struct Shared {
    unbounded: Sender<u64>,
    bounded: SyncSender<u64>,
    locks: [Mutex<()>; 2],
}

fn main() {
    let (unbounded, first) = channel();
    let (bounded, second) = sync_channel(1);
    let shared = Arc::new(Shared { unbounded, bounded, locks: Default::default() });
    let mut receivers = [Some(first), Some(second)].into_iter();
    let threads: Vec<_> = env::args()
        .skip(1)
        .enumerate()
        .map(|(number, operations)| {
            let (shared, receiver) = (shared.clone(), receivers.next().flatten());
            thread::spawn(move || run(number as u64, &operations, &shared, receiver))
        })
        .collect();
    for thread in threads {
        println!("{:?}", thread.join().expect("it does not panic"));
    }
}

fn run(
    number: u64,
    operations: &str,
    shared: &Shared,
    receiver: Option<Receiver<u64>>,
) -> Vec<u64> {
    let mut seen = Vec::new();
    let mut sent = 0;
    let mut guards: [Option<MutexGuard<'_, ()>>; 2] = [None, None];
    for operation in operations.split_whitespace() {
        let (name, index) = operation.split_at(1);
        let index: usize = index.parse().expect("a number");
        match name {
            "s" => {
                sent += 1;
                let message = 100 * number + sent;
                match index {
                    0 => shared.unbounded.send(message).expect("it has a receiver"),
                    _ => shared.bounded.send(message).expect("it has a receiver"),
                }
            }
            "r" => seen.extend(receiver.as_ref().and_then(|receiver| receiver.recv().ok())),
            "t" => {
                let message = receiver.as_ref().and_then(|receiver| receiver.try_recv().ok());
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
            other => panic!("no operation is called {other}"),
        }
    }
    // Receivers and locks stay: nobody notices that this thread ends.
    guards.into_iter().flatten().for_each(mem::forget);
    receiver.into_iter().for_each(mem::forget);
    seen
}
