//! Parking and its token, handles of threads, and sleep.

use std::time::Duration;

use super::sleeper::Sleeper;
use crate::library::time::Instant;
use crate::library::{setup, thread};

const SHORT: Duration = Duration::from_millis(3);

#[test]
fn a_token_is_kept_until_it_is_used() {
    setup();
    let this = thread::current();
    // These would block for ever without a token.
    this.unpark();
    thread::park();
    this.unpark();
    thread::park_timeout(Duration::MAX);
}

#[test]
fn a_second_unpark_adds_no_token() {
    setup();
    let this = thread::current();
    // `park_timeout` may return early without a token, but hardly ten times in a row.
    let waited = (0..10).any(|_| {
        this.unpark();
        this.unpark();
        thread::park();
        let start = Instant::now();
        thread::park_timeout(SHORT);
        start.elapsed() >= SHORT
    });
    assert!(waited, "two calls of `unpark` were counted as two tokens");
}

#[test]
#[allow(deprecated)]
fn park_timeout_ms_waits_for_milliseconds() {
    setup();
    let waited = (0..10).any(|_| {
        let start = Instant::now();
        thread::park_timeout_ms(3);
        start.elapsed() >= Duration::from_millis(3)
    });
    assert!(waited);
}

#[test]
fn a_parked_thread_is_woken_by_unpark_alone() {
    setup();
    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let parked = scope.spawn(|| {
            sleeper.enter();
            thread::park();
        });
        sleeper.wait();
        assert!(!parked.is_finished());
        parked.thread().unpark();
    });
}

#[test]
fn handles_identify_their_threads() {
    setup();
    let handle = thread::spawn(thread::current);
    let of_handle: thread::Thread = handle.thread().clone();
    let own = handle.join().unwrap();
    assert_eq!(own.id(), of_handle.id());
    assert_ne!(own.id(), thread::current().id());
    // A handle outlives its thread.
    own.unpark();
    assert_eq!(own.name(), None);
    let id: thread::ThreadId = own.id();
    assert_eq!(format!("{own:?}"), format!("Thread {{ id: {id:?}, name: None, .. }}"));
}

#[test]
fn sleep_lasts_at_least_as_long_as_requested() {
    setup();
    let start = Instant::now();
    thread::sleep(SHORT);
    #[allow(deprecated)]
    thread::sleep_ms(3);
    assert!(start.elapsed() >= 2 * SHORT);
    thread::sleep(Duration::ZERO);
    thread::yield_now();
}
