//! `Mutex`, recorded.

use std::any::type_name;
use std::sync::{self, LockResult, TryLockResult};

use format::OperationKind as Kind;

use super::lock::{Access, Held, LockTag, impl_guard, impl_lock, map, try_map};
use super::mutex_ref::MutexRef;

pub(super) const LOCK: &Access = &Access {
    exclusive: true,
    acquired: Kind::Lock,
    wait_begin: Kind::LockBegin,
    wait_end: Kind::LockEnd,
    tried: Kind::TryLock,
    try_failed: Kind::TryLockHeld,
    released: Kind::Unlock,
};

/// [`std::sync::Mutex`], recorded.
pub struct Mutex<T: ?Sized> {
    pub(crate) lock: LockTag,
    pub(super) inner: sync::Mutex<T>,
}

impl_lock!(Mutex);

impl<T: ?Sized> Mutex<T> {
    /// Acquires the mutex, and waits for it if necessary. See [`std::sync::Mutex::lock`].
    ///
    /// # Errors
    /// Returns an error with the guard if the mutex is poisoned.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let (locked, held) = Held::acquire(
            MutexRef::new(self),
            LOCK,
            type_name::<T>(),
            || self.inner.try_lock(),
            || self.inner.lock(),
        );
        map(locked, |inner| MutexGuard { held, inner })
    }

    /// Acquires the mutex if that is possible without waiting. See [`std::sync::Mutex::try_lock`].
    ///
    /// # Errors
    /// Returns an error if the mutex is held, and one with the guard if it is poisoned.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let (tried, held) = Held::try_acquire(MutexRef::new(self), LOCK, type_name::<T>(), || {
            self.inner.try_lock()
        });
        try_map(tried, |inner| MutexGuard { held, inner })
    }
}

/// [`std::sync::MutexGuard`], recorded.
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'a, T: ?Sized + 'a> {
    // Dropped first; see `Held`.
    pub(super) held: Held<MutexRef<'a, T>>,
    pub(super) inner: sync::MutexGuard<'a, T>,
}

impl_guard!(MutexGuard, mut);
