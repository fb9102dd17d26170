//! The code that `Mutex` and `RwLock` share: acquisition and release, and the parts of the types
//! that do not differ.

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use format::{OperationKind as Kind, PrimitiveKind, Turn};

use super::tag::Tag;
use crate::platform::now;
use crate::recording;
use crate::writer::{self, Site};

/// A lock's identity, and the number of its exclusive turns.
pub(crate) struct LockTag {
    pub(crate) tag: Tag,
    /// Changed only by the thread that holds the lock exclusively.
    turns: AtomicU64,
}

/// A reference to a lock, or to its tag.
pub(super) trait Lock {
    fn tag(&self) -> &LockTag;
}

impl Lock for &LockTag {
    #[inline]
    fn tag(&self) -> &LockTag {
        self
    }
}

/// A way to acquire a lock (for reading, for writing, or as a mutex), and the kinds of operations
/// that are recorded for it.
pub(super) struct Access {
    /// Whether the lock has one holder at a time, whose acquisition begins a new turn.
    pub(super) exclusive: bool,
    /// Acquired without a wait.
    pub(super) acquired: Kind,
    /// A wait has begun.
    pub(super) wait_begin: Kind,
    /// Acquired after a wait.
    pub(super) wait_end: Kind,
    /// An attempt succeeded.
    pub(super) tried: Kind,
    /// An attempt failed because the lock was held.
    pub(super) try_failed: Kind,
    pub(super) released: Kind,
}

impl LockTag {
    #[track_caller]
    pub(super) const fn new(kind: PrimitiveKind) -> Self {
        LockTag { tag: Tag::new(kind), turns: AtomicU64::new(0) }
    }

    /// The current turn, as the detail of an operation.
    #[inline]
    pub(super) fn turn(&self) -> u64 {
        Turn::new(self.tag.number(), self.turns.load(Ordering::Relaxed)).0
    }

    /// Records that the lock is now held: in a new turn if access is exclusive.
    #[inline]
    fn record_acquired(&self, access: &'static Access, kind: Kind, site: Site, time: u64) {
        if access.exclusive {
            // No other thread changes it while this one holds the lock.
            let turns = self.turns.load(Ordering::Relaxed);
            self.turns.store(turns + 1, Ordering::Relaxed);
        }
        self.tag.record(kind, site, time, self.turn());
    }
}

/// The part of a guard that records the release of the lock.
///
/// Guards must drop it before std's guard, so that the release is recorded before the next turn
/// can begin.
pub(super) struct Held<L: Lock> {
    lock: L,
    access: &'static Access,
    /// The call site of the acquisition, if that was recorded.
    site: Option<Site>,
}

impl<L: Lock> Held<L> {
    /// Acquires the lock: with `attempt`, or if that fails with `wait`.
    #[inline]
    #[track_caller]
    pub(super) fn acquire<G>(
        lock: L,
        access: &'static Access,
        value_type: &str,
        attempt: impl FnOnce() -> TryLockResult<G>,
        wait: impl FnOnce() -> LockResult<G>,
    ) -> (LockResult<G>, Self) {
        if !recording::on_or_try_init() {
            return (wait(), Held::unrecorded(lock, access));
        }
        Held::acquire_recorded(lock, access, value_type, Location::caller(), attempt, wait)
    }

    #[inline(never)]
    fn acquire_recorded<G>(
        lock: L,
        access: &'static Access,
        value_type: &str,
        site: Site,
        attempt: impl FnOnce() -> TryLockResult<G>,
        wait: impl FnOnce() -> LockResult<G>,
    ) -> (LockResult<G>, Self) {
        if !writer::reserve() {
            return (wait(), Held::unrecorded(lock, access));
        }
        lock.tag().tag.register(0, value_type);
        let at_once = match attempt() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::Poisoned(error)) => Err(error),
            Err(TryLockError::WouldBlock) => {
                lock.tag().tag.record_wait(access.wait_begin, site, now(), 0);
                let waited = wait();
                return (waited, Held::acquired(lock, access, access.wait_end, site, now()));
            }
        };
        (at_once, Held::acquired(lock, access, access.acquired, site, now()))
    }

    /// Acquires the lock with `attempt`, or not at all.
    #[inline]
    #[track_caller]
    pub(super) fn try_acquire<G>(
        lock: L,
        access: &'static Access,
        value_type: &str,
        attempt: impl FnOnce() -> TryLockResult<G>,
    ) -> (TryLockResult<G>, Self) {
        if !recording::on_or_try_init() {
            return (attempt(), Held::unrecorded(lock, access));
        }
        Held::try_acquire_recorded(lock, access, value_type, Location::caller(), attempt)
    }

    #[inline(never)]
    fn try_acquire_recorded<G>(
        lock: L,
        access: &'static Access,
        value_type: &str,
        site: Site,
        attempt: impl FnOnce() -> TryLockResult<G>,
    ) -> (TryLockResult<G>, Self) {
        if !writer::reserve() {
            return (attempt(), Held::unrecorded(lock, access));
        }
        lock.tag().tag.register(0, value_type);
        let tried = attempt();
        let held = if matches!(tried, Err(TryLockError::WouldBlock)) {
            lock.tag().tag.record(access.try_failed, site, now(), 0);
            Held::unrecorded(lock, access)
        } else {
            Held::acquired(lock, access, access.tried, site, now())
        };
        (tried, held)
    }

    /// Records that the lock is now held: in a new turn if access is exclusive.
    #[inline]
    pub(super) fn acquired(
        lock: L,
        access: &'static Access,
        kind: Kind,
        site: Site,
        time: u64,
    ) -> Self {
        lock.tag().record_acquired(access, kind, site, time);
        Held { lock, access, site: Some(site) }
    }

    /// The part of a guard whose acquisition was not recorded.
    #[inline]
    pub(super) fn unrecorded(lock: L, access: &'static Access) -> Self {
        Held { lock, access, site: None }
    }

    /// Returns the reference to the lock.
    #[inline]
    pub(super) fn lock(&self) -> L
    where
        L: Copy,
    {
        self.lock
    }

    /// Records a downgrade to `access`.
    pub(super) fn downgrade(&mut self, access: &'static Access, site: Site) {
        if self.site.is_some() && recording::on() {
            let lock = self.lock.tag();
            lock.tag.record(Kind::Downgrade, site, now(), lock.turn());
        }
        self.access = access;
    }
}

impl<L: Lock> Drop for Held<L> {
    #[inline]
    fn drop(&mut self) {
        if let Some(site) = self.site {
            record_release(self.lock.tag(), self.access.released, site);
        }
    }
}

#[inline(never)]
fn record_release(lock: &LockTag, released: Kind, site: Site) {
    // Checked again: in a child forked since the acquisition, recording is off.
    if recording::on() {
        lock.tag.record(released, site, now(), lock.turn());
    }
}

/// Applies `wrap` to the guard in `result`, whether the lock is poisoned or not.
#[inline]
pub(super) fn map<G, R>(result: LockResult<G>, wrap: impl FnOnce(G) -> R) -> LockResult<R> {
    match result {
        Ok(guard) => Ok(wrap(guard)),
        Err(error) => Err(PoisonError::new(wrap(error.into_inner()))),
    }
}

/// Like [`map`], for the result of an attempt.
#[inline]
pub(super) fn try_map<G, R>(
    result: TryLockResult<G>,
    wrap: impl FnOnce(G) -> R,
) -> TryLockResult<R> {
    match result {
        Ok(guard) => Ok(wrap(guard)),
        Err(TryLockError::Poisoned(error)) => {
            Err(TryLockError::Poisoned(PoisonError::new(wrap(error.into_inner()))))
        }
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
    }
}

/// Implements the methods and traits that `Mutex` and `RwLock` share. Both have the fields `lock`,
/// a [`LockTag`], and `inner`, std's lock of the same name.
macro_rules! impl_lock {
    ($lock:ident) => {
        impl<T> $lock<T> {
            /// Creates an unlocked lock.
            ///
            #[doc = concat!("See [`std::sync::", stringify!($lock), "::new`].")]
            #[inline]
            #[track_caller]
            pub const fn new(t: T) -> Self {
                $lock {
                    lock: $crate::sync::lock::LockTag::new(format::PrimitiveKind::$lock),
                    inner: std::sync::$lock::new(t),
                }
            }
        }

        impl<T: ?Sized> $lock<T> {
            /// Whether the lock is poisoned.
            ///
            #[doc = concat!("See [`std::sync::", stringify!($lock), "::is_poisoned`].")]
            #[inline]
            pub fn is_poisoned(&self) -> bool {
                self.inner.is_poisoned()
            }

            /// Clears the poison.
            ///
            #[doc = concat!("See [`std::sync::", stringify!($lock), "::clear_poison`].")]
            #[inline]
            pub fn clear_poison(&self) {
                self.inner.clear_poison();
            }

            /// Returns the value.
            ///
            #[doc = concat!("See [`std::sync::", stringify!($lock), "::into_inner`].")]
            ///
            /// # Errors
            /// Returns an error with the value if the lock is poisoned.
            pub fn into_inner(self) -> std::sync::LockResult<T>
            where
                T: Sized,
            {
                self.inner.into_inner()
            }

            /// Returns a reference to the value without locking.
            ///
            #[doc = concat!("See [`std::sync::", stringify!($lock), "::get_mut`].")]
            ///
            /// # Errors
            /// Returns an error with the reference if the lock is poisoned.
            pub fn get_mut(&mut self) -> std::sync::LockResult<&mut T> {
                self.inner.get_mut()
            }
        }

        impl<T> From<T> for $lock<T> {
            #[track_caller]
            fn from(t: T) -> Self {
                $lock::new(t)
            }
        }

        impl<T: Default> Default for $lock<T> {
            #[track_caller]
            fn default() -> Self {
                $lock::new(T::default())
            }
        }

        impl<T: ?Sized + std::fmt::Debug> std::fmt::Debug for $lock<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.inner.fmt(f)
            }
        }
    };
}
pub(super) use impl_lock;

/// Implements the traits of a guard that forward to its field `inner`, std's guard; with `mut`
/// also `DerefMut`.
macro_rules! impl_guard {
    ($guard:ident, mut) => {
        impl_guard!($guard);

        impl<T: ?Sized> std::ops::DerefMut for $guard<'_, T> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                &mut self.inner
            }
        }
    };
    ($guard:ident) => {
        impl<T: ?Sized> std::ops::Deref for $guard<'_, T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                &self.inner
            }
        }

        impl<T: ?Sized + std::fmt::Debug> std::fmt::Debug for $guard<'_, T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.inner.fmt(f)
            }
        }

        impl<T: ?Sized + std::fmt::Display> std::fmt::Display for $guard<'_, T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.inner.fmt(f)
            }
        }
    };
}
pub(super) use impl_guard;
