//! `Mutex`, recorded.

use std::any::type_name;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{self, LockResult, TryLockResult};

use format::{OperationKind as Kind, PrimitiveKind};

use super::lock::{Access, Held, LockTag, map, try_map};

pub(super) const LOCK: &Access = &Access {
    exclusive: true,
    acquired: Kind::Lock,
    begin: Kind::LockBegin,
    end: Kind::LockEnd,
    tried: Kind::TryLock,
    tried_in_vain: Kind::TryLockHeld,
    release: Kind::Unlock,
};

/// [`std::sync::Mutex`], recorded.
pub struct Mutex<T: ?Sized> {
    pub(crate) lock: LockTag,
    inner: sync::Mutex<T>,
}

impl<T> Mutex<T> {
    /// [`std::sync::Mutex::new`].
    #[inline]
    #[track_caller]
    pub const fn new(t: T) -> Self {
        Mutex { lock: LockTag::new(PrimitiveKind::Mutex), inner: sync::Mutex::new(t) }
    }

    /// [`std::sync::Mutex::into_inner`].
    ///
    /// # Errors
    /// The mutex is poisoned; the error has the value.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// [`std::sync::Mutex::lock`].
    ///
    /// # Errors
    /// The mutex is poisoned; the error has the guard.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let (locked, held) = self.lock.acquire(
            LOCK,
            type_name::<T>(),
            || self.inner.try_lock(),
            || self.inner.lock(),
        );
        map(locked, |inner| MutexGuard { held, inner })
    }

    /// [`std::sync::Mutex::try_lock`].
    ///
    /// # Errors
    /// The mutex is held, or poisoned; then the error has the guard.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let (tried, held) = self.lock.try_acquire(LOCK, type_name::<T>(), || self.inner.try_lock());
        try_map(tried, |inner| MutexGuard { held, inner })
    }

    /// [`std::sync::Mutex::is_poisoned`].
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    /// [`std::sync::Mutex::clear_poison`].
    #[inline]
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }

    /// [`std::sync::Mutex::get_mut`].
    ///
    /// # Errors
    /// The mutex is poisoned; the error has the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(t: T) -> Self {
        Mutex::new(t)
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// [`std::sync::MutexGuard`], recorded.
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'a, T: ?Sized + 'a> {
    pub(super) held: Held<'a>,
    pub(super) inner: sync::MutexGuard<'a, T>,
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
