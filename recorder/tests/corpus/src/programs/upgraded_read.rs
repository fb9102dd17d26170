//! A thread that holds a lock for reading wants to hold it for writing as well.
//!
//! Heals it: let go of the first before the second.

use instrumented::sync::RwLock;
use recorder_corpus::jitter;

pub(crate) fn main() {
    let cache = RwLock::new(Vec::new());
    let known = cache.read().expect("nobody has panicked");
    jitter();
    if known.is_empty() {
        cache.write().expect("nobody has panicked").push(1); // HERE
    }
    drop(known);
    println!("{cache:?}");
}
