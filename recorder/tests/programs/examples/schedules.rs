//! Goes wrong in the way that the argument names, if its threads come in a particular order:
//! `locks`, `loses`, `panics`, `fails`, `hides`, `outputs`; or always: `endless`; or never: `healthy`,
//! and `foreign`, whose thread is not recorded as spawned.
//! Three have a thread that is blocked where nobody records it: `sleeps` and `polls` until a certain time,
//! `reads` until main has slept for an hour.
//! `spins` has two threads that wait for each other in loops that nobody records.
//! `announces` initializes a cell that threads wait for.
//! `leaves` does not wait for a thread that sends; `meets` hands a message over.
//! `locks changed` differs from `locks` in its last lock.

use std::env;
use std::hint;
use std::io::{self, Read, Write};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use instrumented::sync::{Arc, Mutex, OnceLock, mpsc};
use instrumented::thread::{self, JoinHandle};

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let is_changed = arguments.get(1).is_some();
    match arguments.first().map(String::as_str) {
        Some("locks") => locks(is_changed),
        Some("healthy") => healthy(),
        Some("leaves") => leaves(),
        Some("meets") => meets(),
        Some("tries_to_meet") => tries_to_meet(None),
        Some("tries_to_meet_in_time") => tries_to_meet(Some(Duration::from_millis(20))),
        Some("loses") => loses(),
        Some("panics") => panics(),
        Some("fails") => fails(),
        Some("hides") => hides(),
        Some("outputs") => outputs(),
        Some("endless") => endless(),
        Some("foreign") => foreign(),
        Some("announces") => announces(),
        Some("sleeps") => sleeps(),
        Some("polls") => polls(),
        Some("reads") => reads(),
        Some("spins") => spins(),
        other => panic!("{other:?} is not a way to go wrong"),
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    function: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    thread::Builder::new().name(name.to_owned()).spawn(function).expect("there is room")
}

fn join<T>(thread: JoinHandle<T>) -> T {
    thread.join().expect("it does not panic")
}

/// Two threads wait for each other a hundred times.
fn spins() {
    let steps = Arc::new(AtomicU32::new(0));
    let wait_for = |steps: &AtomicU32, step| {
        while steps.load(Ordering::Acquire) < step {
            hint::spin_loop();
        }
    };
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&steps);
    let sends = spawn("sender", move || {
        for round in 0..50 {
            sender.send(round).expect("there is a receiver");
            shared.fetch_add(1, Ordering::Release);
            wait_for(&shared, 2 * round + 2);
        }
    });
    for round in 0..50 {
        wait_for(&steps, 2 * round + 1);
        receiver.recv().expect("it has been sent");
        steps.fetch_add(1, Ordering::Release);
    }
    join(sends);
}

/// Two threads meet at a rendezvous channel.
fn meets() {
    let (sender, receiver) = mpsc::sync_channel(0);
    let sends = spawn("sender", move || sender.send(1).expect("the receiver waits"));
    receiver.recv().expect("a message comes");
    join(sends);
}

/// A thread sends at a rendezvous channel only if the receiver waits.
fn tries_to_meet(time_limit: Option<Duration>) {
    let (sender, receiver) = mpsc::sync_channel(0);
    let sends = spawn("sender", move || {
        let _ = sender.try_send(1);
    });
    match time_limit {
        Some(limit) => drop(receiver.recv_timeout(limit)),
        None => drop(receiver.recv()),
    }
    join(sends);
}

/// The second message is lost, unless the process ends before it is sent.
fn leaves() {
    let (sender, receiver) = mpsc::channel();
    drop(spawn("sender", move || {
        for message in 0..2 {
            sender.send(message).expect("the receiver stays");
        }
    }));
    receiver.recv().expect("a message comes");
    std::mem::forget(receiver);
}

/// Each thread takes one lock after the other, and only once both together: in opposite orders.
fn locks(is_changed: bool) {
    let stock = Arc::new(Mutex::new(0));
    let ledger = Arc::new(Mutex::new(0));
    let buyer = spawn("buyer", {
        let (stock, ledger) = (stock.clone(), ledger.clone());
        move || {
            for round in 0..6 {
                let mut stock = stock.lock().expect("nobody panics");
                *stock += 1;
                if round == 2 {
                    *ledger.lock().expect("nobody panics") += 1; // BUYER
                }
            }
        }
    });
    for round in 0..6 {
        let mut ledger = ledger.lock().expect("nobody panics");
        *ledger += 1;
        if round == 4 {
            *stock.lock().expect("nobody panics") += 1; // MAIN
        }
    }
    join(buyer);
    let last = if is_changed { &ledger } else { &stock };
    println!("{}", *last.lock().expect("nobody panics"));
}

fn healthy() {
    let (numbers, received) = mpsc::named("numbers").channel();
    let workers: Vec<_> = (0..3)
        .map(|worker| {
            let numbers = numbers.clone();
            spawn("worker", move || {
                for number in 0..3 {
                    numbers.send(10 * worker + number).expect("main receives");
                }
            })
        })
        .collect();
    drop(numbers);
    println!("{}", received.iter().sum::<i32>());
    workers.into_iter().for_each(join);
}

/// `main` stops at the word of one sender, although another may not have sent yet.
fn loses() {
    let (words, received) = mpsc::named("words").channel();
    let other = words.clone();
    let late = spawn("late", move || {
        thread::yield_now();
        // Fails if `main` is gone.
        let _ = other.send("more");
    });
    let last = spawn("last", move || {
        for word in ["some", "last"] {
            // Nobody is gone before the last word.
            let _ = words.send(word);
        }
    });
    while received.recv().expect("there is a last word") != "last" {}
    join(late);
    join(last);
}

fn panics() {
    let (settings, received) = mpsc::channel();
    let reader = spawn("reader", move || settings.send(7).expect("main receives"));
    thread::yield_now();
    let user = spawn("user", move || received.try_recv().expect("settings are read"));
    join(reader);
    join(user);
}

fn fails() {
    let first = Arc::new(Mutex::new(None));
    let threads: Vec<_> = ["one", "two"]
        .map(|name| {
            let first = first.clone();
            spawn(name, move || {
                first.lock().expect("nobody panics").get_or_insert(name);
            })
        })
        .into();
    threads.into_iter().for_each(join);
    if *first.lock().expect("nobody panics") == Some("two") {
        process::exit(3);
    }
}

/// A panic that the program catches makes it fail.
fn hides() {
    let (orders, received) = mpsc::channel();
    let clerk = spawn("clerk", move || orders.send(1).expect("main receives"));
    let caught = std::panic::catch_unwind(move || received.try_recv().expect("an order is there"));
    let clerk = clerk.join();
    process::exit(i32::from(caught.is_err() && clerk.is_err()) + 2 * i32::from(caught.is_err()));
}

fn outputs() {
    let printed = Arc::new(Mutex::new(Vec::new()));
    let threads: Vec<_> = ["one", "two"]
        .map(|name| {
            let printed = printed.clone();
            spawn(name, move || printed.lock().expect("nobody panics").push(name))
        })
        .into();
    threads.into_iter().for_each(join);
    println!("start\n{}", printed.lock().expect("nobody panics").join(" "));
}

fn foreign() {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || sender.send(7).expect("main receives"));
    assert_eq!(receiver.recv(), Ok(7));
    thread.join().expect("it does not panic");
}

fn announces() {
    let cell = Arc::new(OnceLock::new());
    let threads = ["one", "two"].map(|name| {
        let cell = Arc::clone(&cell);
        spawn(name, move || *cell.wait())
    });
    thread::yield_now();
    cell.set(7).expect("nobody else sets it");
    assert_eq!(threads.map(join), [7, 7]);
}

/// A thread that sleeps without being recorded, and what it sets then.
fn spawn_sleeper() -> (JoinHandle<()>, Arc<AtomicBool>) {
    let is_done = Arc::new(AtomicBool::new(false));
    let done = Arc::clone(&is_done);
    let sleeper = spawn("sleeper", move || {
        std::thread::sleep(Duration::from_millis(100));
        done.store(true, Ordering::Release);
    });
    (sleeper, is_done)
}

fn sleeps() {
    let (sleeper, is_done) = spawn_sleeper();
    thread::yield_now();
    thread::sleep(Duration::from_millis(1000));
    assert!(is_done.load(Ordering::Acquire), "a tenth of the time is enough");
    join(sleeper);
}

fn polls() {
    let (sleeper, is_done) = spawn_sleeper();
    while !is_done.load(Ordering::Acquire) {
        thread::yield_now();
    }
    join(sleeper);
}

fn reads() {
    let (mut reader, mut writer) = io::pipe().expect("there are descriptors");
    let thread = spawn("reader", move || reader.read_exact(&mut [0]).expect("main writes"));
    thread::sleep(Duration::from_secs(3600));
    writer.write_all(&[7]).expect("the reader reads");
    join(thread);
}

fn endless() {
    let (sender, receiver) = mpsc::channel::<()>();
    join(spawn("short", || ()));
    while receiver.try_recv().is_err() {
        thread::yield_now();
    }
    drop(sender);
}
