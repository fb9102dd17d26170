//! What the examples share: a stand-in for work.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Computes for this long, and does not sleep: the thread is busy, as it would be with real work.
pub fn work(time: Duration) {
    let start = Instant::now();
    let mut number = 1u64;
    while start.elapsed() < time {
        for _ in 0..1_000 {
            number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
}
