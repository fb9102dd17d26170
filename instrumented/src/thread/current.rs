//! A thread's handle, and what a thread does alone.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::thread::{self, ThreadId};
use std::time::Duration;

use format::OperationKind as Kind;

use crate::platform::now;
use crate::recording;
use crate::writer::{self, Site};

/// [`std::thread::Thread`], recorded.
#[derive(Clone)]
pub struct Thread {
    inner: thread::Thread,
    /// Its number in the recording, or 0.
    pub(super) number: u32,
}

impl Thread {
    pub(super) fn new(inner: &thread::Thread, number: u32) -> Self {
        Thread { inner: inner.clone(), number }
    }

    /// [`std::thread::Thread::unpark`].
    #[inline]
    #[track_caller]
    pub fn unpark(&self) {
        if recording::wanted() {
            record(Kind::Unpark, self.number, Location::caller(), 0);
        }
        self.inner.unpark();
    }

    /// [`std::thread::Thread::id`].
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.inner.id()
    }

    /// [`std::thread::Thread::name`].
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.inner.name()
    }
}

/// For what takes std's handle.
impl Deref for Thread {
    type Target = thread::Thread;

    fn deref(&self) -> &thread::Thread {
        &self.inner
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// [`std::thread::current`].
///
/// # Panics
/// The thread's local data has been destroyed.
#[must_use]
pub fn current() -> Thread {
    let inner = thread::current();
    // Also while the recording pauses: what is done with it later has its number.
    recording::wanted();
    Thread { inner, number: writer::this_thread() }
}

/// Records an operation that happens now.
#[inline(never)]
pub(super) fn record(kind: Kind, number: u32, site: Site, detail: u64) {
    // So that the thread's start is not later than what it does.
    writer::this_thread();
    writer::operation(kind, number, site, now(), detail);
}

/// Records an operation that waits, around it.
pub(super) fn waiting<R>(
    [begin, end]: [Kind; 2],
    number: u32,
    site: Site,
    detail: u64,
    wait: impl FnOnce() -> R,
) -> R {
    if !recording::wanted() {
        return wait();
    }
    record(begin, number, site, detail);
    let result = wait();
    record(end, number, site, 0);
    result
}

/// [`std::thread::park`].
#[track_caller]
pub fn park() {
    waiting([Kind::ParkBegin, Kind::ParkEnd], 0, Location::caller(), 0, thread::park);
}

/// [`std::thread::park_timeout`].
#[track_caller]
pub fn park_timeout(dur: Duration) {
    let kinds = [Kind::ParkTimeoutBegin, Kind::ParkTimeoutEnd];
    waiting(kinds, 0, Location::caller(), writer::nanoseconds(dur), || thread::park_timeout(dur));
}

/// [`std::thread::park_timeout_ms`].
#[deprecated(since = "1.6.0", note = "replaced by `std::thread::park_timeout`")]
#[track_caller]
pub fn park_timeout_ms(ms: u32) {
    park_timeout(Duration::from_millis(u64::from(ms)));
}

/// [`std::thread::sleep`].
#[track_caller]
pub fn sleep(dur: Duration) {
    let kinds = [Kind::SleepBegin, Kind::SleepEnd];
    waiting(kinds, 0, Location::caller(), writer::nanoseconds(dur), || thread::sleep(dur));
}

/// [`std::thread::sleep_ms`].
#[deprecated(since = "1.6.0", note = "replaced by `std::thread::sleep`")]
#[track_caller]
pub fn sleep_ms(ms: u32) {
    sleep(Duration::from_millis(u64::from(ms)));
}

/// [`std::thread::yield_now`].
#[track_caller]
pub fn yield_now() {
    thread::yield_now();
    if recording::wanted() {
        record(Kind::YieldNow, 0, Location::caller(), 0);
    }
}
