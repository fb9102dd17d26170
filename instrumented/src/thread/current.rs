//! Handles of threads, and operations that concern only the current thread.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::thread::{self, ThreadId};
use std::time::Duration;

use format::OperationKind as Kind;

use crate::platform::now;
use crate::recording;
use crate::schedule;
use crate::writer::{self, Site};

/// [`std::thread::Thread`], recorded.
#[derive(Clone)]
pub struct Thread {
    inner: thread::Thread,
    /// The thread's number in the recording, or 0.
    pub(super) number: u32,
}

impl Thread {
    pub(super) fn new(inner: &thread::Thread, number: u32) -> Self {
        Thread { inner: inner.clone(), number }
    }

    /// Makes the thread's token available, and wakes the thread if it is parked.
    ///
    /// See [`std::thread::Thread::unpark`].
    #[inline]
    #[track_caller]
    pub fn unpark(&self) {
        if recording::on_or_try_init() {
            record(Kind::Unpark, self.number, Location::caller(), 0);
        }
        self.inner.unpark();
    }

    /// Returns the thread's id. See [`std::thread::Thread::id`].
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.inner.id()
    }

    /// Returns the thread's name, if it has one. See [`std::thread::Thread::name`].
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.inner.name()
    }
}

/// For functions that take std's handle.
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

/// Returns a handle of the current thread. See [`std::thread::current`].
///
/// # Panics
/// Panics if the thread's local data has been destroyed.
#[must_use]
pub fn current() -> Thread {
    let inner = thread::current();
    // Initialises, so that the handle has a number for later operations, even in a pause.
    recording::try_init();
    Thread { inner, number: writer::current_thread_number() }
}

/// Records an operation that happens now.
#[inline(never)]
pub(super) fn record(kind: Kind, number: u32, site: Site, detail: u64) {
    // Records the thread's start first, if necessary, so that its time is not later than the
    // operation's.
    writer::current_thread_number();
    writer::operation(kind, number, site, now(), detail);
}

/// Records that an operation begins to wait.
#[inline(never)]
pub(super) fn record_begin(kind: Kind, number: u32, site: Site, detail: u64) {
    writer::current_thread_number();
    writer::operation_with_callers(kind, number, site, now(), detail);
}

/// Records the start and the end of an operation that waits, around `wait`.
pub(super) fn record_wait<R>(
    [begin, end]: [Kind; 2],
    number: u32,
    site: Site,
    detail: u64,
    wait: impl FnOnce() -> R,
) -> R {
    if !recording::on_or_try_init() {
        return wait();
    }
    record_begin(begin, number, site, detail);
    let result = wait();
    record(end, number, site, 0);
    result
}

/// Waits for the current thread's token. See [`std::thread::park`].
#[track_caller]
pub fn park() {
    record_wait([Kind::ParkBegin, Kind::ParkEnd], 0, Location::caller(), 0, || {
        if recording::is_controlled() {
            // The token is available.
            thread::park_timeout(Duration::ZERO);
        } else {
            thread::park();
        }
    });
}

/// Waits for the current thread's token, for at most `dur`. See [`std::thread::park_timeout`].
#[track_caller]
pub fn park_timeout(dur: Duration) {
    let kinds = [Kind::ParkTimeoutBegin, Kind::ParkTimeoutEnd];
    let detail = writer::timeout_detail(dur);
    record_wait(kinds, 0, Location::caller(), detail, || {
        thread::park_timeout(schedule::real_timeout(dur));
    });
}

/// Waits for the current thread's token, for at most `ms` milliseconds.
///
/// See [`std::thread::park_timeout_ms`].
#[deprecated(since = "1.6.0", note = "replaced by `std::thread::park_timeout`")]
#[track_caller]
pub fn park_timeout_ms(ms: u32) {
    park_timeout(Duration::from_millis(u64::from(ms)));
}

/// Puts the current thread to sleep for `dur`. See [`std::thread::sleep`].
#[track_caller]
pub fn sleep(dur: Duration) {
    let kinds = [Kind::SleepBegin, Kind::SleepEnd];
    let detail = writer::timeout_detail(dur);
    record_wait(kinds, 0, Location::caller(), detail, || {
        thread::sleep(schedule::real_timeout(dur));
    });
}

/// Puts the current thread to sleep for `ms` milliseconds. See [`std::thread::sleep_ms`].
#[deprecated(since = "1.6.0", note = "replaced by `std::thread::sleep`")]
#[track_caller]
pub fn sleep_ms(ms: u32) {
    sleep(Duration::from_millis(u64::from(ms)));
}

/// Yields the current thread's time slice to the scheduler. See [`std::thread::yield_now`].
#[track_caller]
pub fn yield_now() {
    if !recording::is_controlled() {
        thread::yield_now();
    }
    if recording::on_or_try_init() {
        record(Kind::YieldNow, 0, Location::caller(), 0);
    }
}
