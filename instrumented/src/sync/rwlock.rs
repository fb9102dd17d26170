//! `RwLock`, recorded.

use std::any::type_name;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{self, LockResult, TryLockResult};

use format::{OperationKind as Kind, PrimitiveKind};

use super::lock::{Access, Held, LockTag, map, try_map};

const READ: &Access = &Access {
    exclusive: false,
    acquired: Kind::Read,
    begin: Kind::ReadBegin,
    end: Kind::ReadEnd,
    tried: Kind::TryRead,
    tried_in_vain: Kind::TryReadHeld,
    release: Kind::ReadUnlock,
};

const WRITE: &Access = &Access {
    exclusive: true,
    acquired: Kind::Write,
    begin: Kind::WriteBegin,
    end: Kind::WriteEnd,
    tried: Kind::TryWrite,
    tried_in_vain: Kind::TryWriteHeld,
    release: Kind::WriteUnlock,
};

/// [`std::sync::RwLock`], recorded.
pub struct RwLock<T: ?Sized> {
    pub(crate) lock: LockTag,
    inner: sync::RwLock<T>,
}

impl<T> RwLock<T> {
    /// [`std::sync::RwLock::new`].
    #[inline]
    #[track_caller]
    pub const fn new(t: T) -> Self {
        RwLock { lock: LockTag::new(PrimitiveKind::RwLock), inner: sync::RwLock::new(t) }
    }

    /// [`std::sync::RwLock::into_inner`].
    ///
    /// # Errors
    /// The lock is poisoned; the error has the value.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// [`std::sync::RwLock::read`].
    ///
    /// # Errors
    /// The lock is poisoned; the error has the guard.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let (locked, held) = self.lock.acquire(
            READ,
            type_name::<T>(),
            || self.inner.try_read(),
            || self.inner.read(),
        );
        map(locked, |inner| RwLockReadGuard { _held: held, inner })
    }

    /// [`std::sync::RwLock::try_read`].
    ///
    /// # Errors
    /// The lock is held for writing, or poisoned; then the error has the guard.
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let (tried, held) = self.lock.try_acquire(READ, type_name::<T>(), || self.inner.try_read());
        try_map(tried, |inner| RwLockReadGuard { _held: held, inner })
    }

    /// [`std::sync::RwLock::write`].
    ///
    /// # Errors
    /// The lock is poisoned; the error has the guard.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let (locked, held) = self.lock.acquire(
            WRITE,
            type_name::<T>(),
            || self.inner.try_write(),
            || self.inner.write(),
        );
        map(locked, |inner| RwLockWriteGuard { held, inner })
    }

    /// [`std::sync::RwLock::try_write`].
    ///
    /// # Errors
    /// The lock is held, or poisoned; then the error has the guard.
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let (tried, held) =
            self.lock.try_acquire(WRITE, type_name::<T>(), || self.inner.try_write());
        try_map(tried, |inner| RwLockWriteGuard { held, inner })
    }

    /// [`std::sync::RwLock::is_poisoned`].
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    /// [`std::sync::RwLock::clear_poison`].
    #[inline]
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }

    /// [`std::sync::RwLock::get_mut`].
    ///
    /// # Errors
    /// The lock is poisoned; the error has the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(t: T) -> Self {
        RwLock::new(t)
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// [`std::sync::RwLockReadGuard`], recorded.
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockReadGuard<'rwlock, T: ?Sized + 'rwlock> {
    _held: Held<'rwlock>,
    inner: sync::RwLockReadGuard<'rwlock, T>,
}

/// [`std::sync::RwLockWriteGuard`], recorded.
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockWriteGuard<'rwlock, T: ?Sized + 'rwlock> {
    held: Held<'rwlock>,
    inner: sync::RwLockWriteGuard<'rwlock, T>,
}

impl<'rwlock, T: ?Sized> RwLockWriteGuard<'rwlock, T> {
    /// [`std::sync::RwLockWriteGuard::downgrade`].
    #[track_caller]
    pub fn downgrade(s: Self) -> RwLockReadGuard<'rwlock, T> {
        let RwLockWriteGuard { mut held, inner } = s;
        held.downgrade(READ, Location::caller());
        RwLockReadGuard { _held: held, inner: sync::RwLockWriteGuard::downgrade(inner) }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

macro_rules! both_guards {
    ($($guard:ident)*) => { $(
        impl<T: ?Sized> Deref for $guard<'_, T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                &self.inner
            }
        }

        impl<T: ?Sized + fmt::Debug> fmt::Debug for $guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(f)
            }
        }
    )* };
}

both_guards!(RwLockReadGuard RwLockWriteGuard);
