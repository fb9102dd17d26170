//! A thread reads under a lock, lets go, and takes it again to write.

use instrumented::sync::RwLock;
use recorder_corpus::jitter;

pub(crate) fn main() {
    let cache = RwLock::new(Vec::new());
    let is_empty = cache.read().expect("nobody has panicked").is_empty();
    jitter();
    if is_empty {
        cache.write().expect("nobody has panicked").push(1);
    }
    println!("{cache:?}");
}
