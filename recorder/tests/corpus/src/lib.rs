//! What the programs of the corpus share.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use instrumented::thread::{Builder, JoinHandle};

/// A point where threads may come in any order. With `CORPUS_JITTER=MICROSECONDS` they do:
/// each waits for a random time of at most so long, or lets others go first.
pub fn jitter() {
    let Ok(most) = env::var("CORPUS_JITTER") else { return };
    let most: u64 = most.parse().expect("CORPUS_JITTER is a number of microseconds");
    let random = RandomState::new().hash_one(0);
    // std's own: no part of the program.
    match random % 4 {
        0 => {}
        1 => std::thread::yield_now(),
        _ => std::thread::sleep(Duration::from_micros((random >> 2) % (most + 1))),
    }
}

/// Starts a thread.
pub fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let body = || {
        jitter();
        body()
    };
    Builder::new().name(name.to_owned()).spawn(body).expect("a thread can be started")
}
