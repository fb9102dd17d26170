//! `Condvar`, recorded.

use std::any::type_name;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{self, LockResult, WaitTimeoutResult};
use std::time::Duration;

use format::{OperationKind as Kind, PrimitiveKind};

use super::lock::{Held, Lock, map};
use super::mutex::{LOCK, MutexGuard};
use super::mutex_ref::MutexRef;
use super::tag::Tag;
use crate::platform::now;
use crate::recording;
use crate::schedule;
use crate::time::Instant;
use crate::writer::{self, Site};

/// [`std::sync::Condvar`], recorded.
pub struct Condvar {
    pub(crate) tag: Tag,
    /// Number of recorded notifications.
    notifications: AtomicU64,
    inner: sync::Condvar,
}

impl Condvar {
    /// Creates a condition variable. See [`std::sync::Condvar::new`].
    #[must_use]
    #[inline]
    #[track_caller]
    pub const fn new() -> Self {
        Condvar {
            tag: Tag::new(PrimitiveKind::Condvar),
            notifications: AtomicU64::new(0),
            inner: sync::Condvar::new(),
        }
    }

    /// Waits for a notification. See [`std::sync::Condvar::wait`].
    ///
    /// # Errors
    /// Returns an error with the guard if the mutex is poisoned.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.wait_at(guard, Location::caller())
    }

    fn wait_at<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        site: Site,
    ) -> LockResult<MutexGuard<'a, T>> {
        let (wait, inner) = self.begin_wait(guard, None, site);
        let waited = match wait.controlled(inner, None) {
            Ok((waited, _)) => waited,
            Err(inner) => self.inner.wait(inner),
        };
        map(waited, |inner| MutexGuard { held: wait.end(Kind::CondvarWaitEnd), inner })
    }

    /// Waits while the condition holds. See [`std::sync::Condvar::wait_while`].
    ///
    /// # Errors
    /// Returns an error with the guard if the mutex is poisoned.
    #[track_caller]
    pub fn wait_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut *guard) {
            guard = self.wait_at(guard, Location::caller())?;
        }
        Ok(guard)
    }

    /// Waits for a notification, for at most `dur`. See [`std::sync::Condvar::wait_timeout`].
    ///
    /// # Errors
    /// Returns an error with the guard, and whether the wait timed out, if the mutex is poisoned.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        dur: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        self.wait_timeout_at(guard, dur, Location::caller())
    }

    fn wait_timeout_at<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        dur: Duration,
        site: Site,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (wait, inner) = self.begin_wait(guard, Some(dur), site);
        let waited = match wait.controlled(inner, Some(dur)) {
            Ok((waited, timed_out)) => map(waited, |inner| (inner, wait_timeout_result(timed_out))),
            Err(inner) => self.inner.wait_timeout(inner, dur),
        };
        map(waited, |(inner, result)| {
            let held = wait.end(if result.timed_out() {
                Kind::CondvarWaitTimeoutExpired
            } else {
                Kind::CondvarWaitTimeoutEnd
            });
            (MutexGuard { held, inner }, result)
        })
    }

    /// Waits while the condition holds, for at most `dur`.
    ///
    /// See [`std::sync::Condvar::wait_timeout_while`].
    ///
    /// # Errors
    /// Returns an error with the guard, and whether the wait timed out, if the mutex is poisoned.
    #[track_caller]
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        dur: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>
    where
        F: FnMut(&mut T) -> bool,
    {
        let start = Instant::now();
        loop {
            if !condition(&mut *guard) {
                return Ok((guard, wait_timeout_result(false)));
            }
            let Some(timeout) = dur.checked_sub(start.elapsed()) else {
                return Ok((guard, wait_timeout_result(true)));
            };
            guard = self.wait_timeout_at(guard, timeout, Location::caller())?.0;
        }
    }

    /// Waits for a notification, for at most `ms` milliseconds.
    ///
    /// See [`std::sync::Condvar::wait_timeout_ms`].
    ///
    /// # Errors
    /// Returns an error with the guard, and false if the wait timed out, if the mutex is poisoned.
    #[deprecated(since = "1.6.0", note = "replaced by `std::sync::Condvar::wait_timeout`")]
    #[track_caller]
    pub fn wait_timeout_ms<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        ms: u32,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        let waited = self.wait_timeout(guard, Duration::from_millis(u64::from(ms)));
        map(waited, |(guard, result)| (guard, !result.timed_out()))
    }

    /// Wakes one thread that waits. See [`std::sync::Condvar::notify_one`].
    #[track_caller]
    pub fn notify_one(&self) {
        self.notify(Kind::NotifyOne, Location::caller());
        self.inner.notify_one();
    }

    /// Wakes all threads that wait. See [`std::sync::Condvar::notify_all`].
    #[track_caller]
    pub fn notify_all(&self) {
        self.notify(Kind::NotifyAll, Location::caller());
        self.inner.notify_all();
    }

    fn notify(&self, kind: Kind, site: Site) {
        if recording::on_or_try_init() && writer::reserve() {
            self.tag.register(0, "");
            let number = self.notifications.fetch_add(1, Ordering::Relaxed) + 1;
            self.tag.record(kind, site, now(), number);
        }
    }

    /// Records that the mutex is released and a wait begins.
    fn begin_wait<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Option<Duration>,
        site: Site,
    ) -> (Wait<'_, 'a, T>, sync::MutexGuard<'a, T>) {
        let MutexGuard { held, inner } = guard;
        let mutex = held.lock();
        let lock = mutex.tag();
        let recorded = recording::on_or_try_init() && writer::reserve();
        if recorded {
            self.tag.register(0, "");
            lock.tag.register(0, type_name::<T>());
        }
        drop(held);
        if recorded {
            let (kind, detail) = match timeout {
                None => (Kind::CondvarWaitBegin, lock.turn()),
                Some(timeout) => (Kind::CondvarWaitTimeoutBegin, writer::timeout_detail(timeout)),
            };
            self.tag.record_wait(kind, site, now(), detail);
        }
        (Wait { condvar: self, mutex, site: recorded.then_some(site) }, inner)
    }
}

/// A wait in progress.
struct Wait<'c, 'm, T> {
    condvar: &'c Condvar,
    mutex: MutexRef<'m, T>,
    /// The call site, if the start of the wait was recorded.
    site: Option<Site>,
}

impl<'m, T> Wait<'_, 'm, T> {
    /// Waits as the schedule decides, if it is controlled, and returns the guard and whether the time
    /// was over. Returns `inner` if the thread must wait for real.
    fn controlled(
        &self,
        inner: sync::MutexGuard<'m, T>,
        timeout: Option<Duration>,
    ) -> Result<(LockResult<sync::MutexGuard<'m, T>>, bool), sync::MutexGuard<'m, T>> {
        if self.site.is_none() || !recording::is_controlled() {
            return Err(inner);
        }
        drop(inner);
        let (condvar, mutex) = (self.condvar.tag.number(), self.mutex.tag().tag.number());
        let waited = schedule::wait_for_notification(condvar, mutex, timeout);
        let locked = self.mutex.mutex().inner.lock();
        match (waited, locked) {
            (None, Ok(inner)) => Err(inner),
            (None, Err(poisoned)) => Err(poisoned.into_inner()),
            (Some(timed_out), locked) => Ok((locked, timed_out)),
        }
    }

    /// Records that the wait has ended and the mutex is held again.
    fn end(&self, kind: Kind) -> Held<MutexRef<'m, T>> {
        let Some(site) = self.site else { return Held::unrecorded(self.mutex, LOCK) };
        let time = now();
        let detail = match kind {
            Kind::CondvarWaitTimeoutExpired => 0,
            _ => self.condvar.notifications.load(Ordering::Relaxed),
        };
        self.condvar.tag.record(kind, site, time, detail);
        Held::acquired(self.mutex, LOCK, Kind::Lock, site, time)
    }
}

/// Creates a result, for which std has no constructor.
fn wait_timeout_result(timed_out: bool) -> WaitTimeoutResult {
    let mutex = sync::Mutex::new(());
    let waited = mutex.lock().and_then(|guard| {
        sync::Condvar::new()
            .wait_timeout_while(guard, Duration::ZERO, |()| timed_out)
            .map_err(|error| sync::PoisonError::new(error.into_inner().0))
    });
    waited.map(|(_, result)| result).expect("no other thread can poison the mutex")
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Condvar::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
