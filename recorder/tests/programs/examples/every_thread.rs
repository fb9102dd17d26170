//! One run through what threads do: they are made, joined, parked, sleep and panic.
//!
//! Which events it makes, on which thread and in what order does not change from run to run.
//! Prints `done`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use instrumented::thread;
use recorder_test_programs::{spawn, spawn_blocked, until_asleep};

fn main() {
    joins();
    parks();
    alone();
    scope();
    thread::spawn(|| ()).join().unwrap();
    assert!(spawn("unlucky", || panic!("on purpose")).join().is_err());
    println!("done");
}

fn joins() {
    let early = spawn("early", || ());
    while !early.is_finished() {
        std::thread::sleep(Duration::from_micros(100));
    }
    early.join().unwrap();
    let main = fs::read_link("/proc/thread-self").unwrap();
    let late = spawn("late", move || assert!(until_asleep(&Path::new("/proc").join(main))));
    late.join().unwrap();
}

fn parks() {
    let parked = spawn_blocked("parked", || {
        thread::park();
    });
    parked.thread().unpark();
    parked.join().unwrap();
    let main = thread::current();
    spawn("unparks", move || main.unpark()).join().unwrap();
    thread::park();
}

fn alone() {
    thread::park_timeout(Duration::from_millis(2));
    thread::sleep(Duration::from_millis(1));
    thread::yield_now();
}

fn scope() {
    let mut number = 0;
    thread::scope(|scope| {
        thread::Builder::new()
            .name("scoped".into())
            .spawn_scoped(scope, || number += 1)
            .expect("a thread can be started");
    });
    assert_eq!(number, 1);
}
