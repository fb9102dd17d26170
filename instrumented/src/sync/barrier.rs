//! `Barrier`, recorded.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{self, BarrierWaitResult};

use format::{OperationKind as Kind, PrimitiveKind};

use super::tag::Tag;
use crate::platform::now;
use crate::recording;
use crate::schedule;
use crate::writer;

/// [`std::sync::Barrier`], recorded.
pub struct Barrier {
    pub(crate) tag: Tag,
    /// Number of threads that must arrive.
    pub(crate) size: usize,
    /// Number of recorded arrivals.
    arrivals: AtomicU64,
    inner: sync::Barrier,
}

impl Barrier {
    /// Creates a barrier for `n` threads. See [`std::sync::Barrier::new`].
    #[must_use]
    #[inline]
    #[track_caller]
    pub const fn new(n: usize) -> Self {
        Barrier {
            tag: Tag::new(PrimitiveKind::Barrier),
            size: n,
            arrivals: AtomicU64::new(0),
            inner: sync::Barrier::new(n),
        }
    }

    /// Waits until all threads have arrived. See [`std::sync::Barrier::wait`].
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        if !recording::on_or_try_init() || !writer::reserve() {
            return self.inner.wait();
        }
        let site = Location::caller();
        self.tag.register(self.size, "");
        let arrivals = self.arrivals.fetch_add(1, Ordering::Relaxed) + 1;
        self.tag.record_wait(Kind::BarrierWaitBegin, site, now(), arrivals);
        let is_leader =
            recording::is_controlled().then(|| schedule::wait_at_barrier(self.tag.number()));
        let result = match is_leader.flatten() {
            Some(is_leader) => barrier_wait_result(is_leader),
            None => self.inner.wait(),
        };
        self.tag.record(Kind::BarrierWaitEnd, site, now(), u64::from(result.is_leader()));
        result
    }
}

/// Creates a result, for which std has no constructor.
fn barrier_wait_result(is_leader: bool) -> BarrierWaitResult {
    if is_leader {
        return sync::Barrier::new(1).wait();
    }
    let barrier = sync::Barrier::new(2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait());
        let result = barrier.wait();
        let other = other.join().expect("waiting at a barrier cannot panic");
        if result.is_leader() { other } else { result }
    })
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
