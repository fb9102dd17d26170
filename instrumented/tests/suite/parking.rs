//! Parking: the token, handles of threads, and sleep.

use std::time::{Duration, Instant};

use super::asleep::Sleeper;
use crate::library::{begin, thread};

const SOON: Duration = Duration::from_millis(3);

#[test]
fn the_token_is_kept_and_there_is_one() {
    begin();
    let this = thread::current();
    this.unpark();
    this.unpark();
    thread::park();
    // It is used up.
    let start = Instant::now();
    while start.elapsed() < SOON {
        thread::park_timeout(SOON);
    }
    this.unpark();
    thread::park_timeout(Duration::MAX);
    #[allow(deprecated)]
    thread::park_timeout_ms(0);
}

#[test]
fn a_parked_thread_is_woken() {
    begin();
    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let parked = scope.spawn(|| {
            sleeper.enter();
            thread::park();
        });
        sleeper.wait();
        parked.thread().unpark();
    });
}

#[test]
fn handles() {
    begin();
    let handle = thread::spawn(thread::current);
    let of_handle: thread::Thread = handle.thread().clone();
    let own = handle.join().unwrap();
    assert_eq!(own.id(), of_handle.id());
    assert_ne!(own.id(), thread::current().id());
    // Of a thread that is gone.
    own.unpark();
    assert_eq!(own.name(), None);
    let id: thread::ThreadId = own.id();
    assert_eq!(format!("{own:?}"), format!("Thread {{ id: {id:?}, name: None, .. }}"));
}

#[test]
fn sleep_and_yield() {
    begin();
    let start = Instant::now();
    thread::sleep(SOON);
    #[allow(deprecated)]
    thread::sleep_ms(3);
    assert!(start.elapsed() >= 2 * SOON);
    thread::sleep(Duration::ZERO);
    thread::yield_now();
}
