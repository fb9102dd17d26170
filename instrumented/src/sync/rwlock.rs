//! `RwLock`, recorded.

use std::any::type_name;
use std::panic::Location;
use std::sync::{self, LockResult, TryLockResult};

use format::OperationKind as Kind;

use super::lock::{Access, Held, LockTag, impl_guard, impl_lock, map, try_map};

const READ: &Access = &Access {
    exclusive: false,
    acquired: Kind::Read,
    wait_begin: Kind::ReadBegin,
    wait_end: Kind::ReadEnd,
    tried: Kind::TryRead,
    try_failed: Kind::TryReadHeld,
    released: Kind::ReadUnlock,
};

const WRITE: &Access = &Access {
    exclusive: true,
    acquired: Kind::Write,
    wait_begin: Kind::WriteBegin,
    wait_end: Kind::WriteEnd,
    tried: Kind::TryWrite,
    try_failed: Kind::TryWriteHeld,
    released: Kind::WriteUnlock,
};

/// [`std::sync::RwLock`], recorded.
pub struct RwLock<T: ?Sized> {
    pub(crate) lock: LockTag,
    inner: sync::RwLock<T>,
}

impl_lock!(RwLock);

impl<T: ?Sized> RwLock<T> {
    /// Acquires the lock for reading, and waits for it if necessary.
    ///
    /// See [`std::sync::RwLock::read`].
    ///
    /// # Errors
    /// Returns an error with the guard if the lock is poisoned.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let (locked, held) = Held::acquire(
            &self.lock,
            READ,
            type_name::<T>(),
            || self.inner.try_read(),
            || self.inner.read(),
        );
        map(locked, |inner| RwLockReadGuard { _held: held, inner })
    }

    /// Acquires the lock for reading if that is possible without waiting.
    ///
    /// See [`std::sync::RwLock::try_read`].
    ///
    /// # Errors
    /// Returns an error if the lock is held for writing, and one with the guard if it is poisoned.
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let (tried, held) =
            Held::try_acquire(&self.lock, READ, type_name::<T>(), || self.inner.try_read());
        try_map(tried, |inner| RwLockReadGuard { _held: held, inner })
    }

    /// Acquires the lock for writing, and waits for it if necessary.
    ///
    /// See [`std::sync::RwLock::write`].
    ///
    /// # Errors
    /// Returns an error with the guard if the lock is poisoned.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let (locked, held) = Held::acquire(
            &self.lock,
            WRITE,
            type_name::<T>(),
            || self.inner.try_write(),
            || self.inner.write(),
        );
        map(locked, |inner| RwLockWriteGuard { held, inner })
    }

    /// Acquires the lock for writing if that is possible without waiting.
    ///
    /// See [`std::sync::RwLock::try_write`].
    ///
    /// # Errors
    /// Returns an error if the lock is held, and one with the guard if it is poisoned.
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let (tried, held) =
            Held::try_acquire(&self.lock, WRITE, type_name::<T>(), || self.inner.try_write());
        try_map(tried, |inner| RwLockWriteGuard { held, inner })
    }
}

/// [`std::sync::RwLockReadGuard`], recorded.
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockReadGuard<'rwlock, T: ?Sized + 'rwlock> {
    // Dropped first; see `Held`.
    _held: Held<&'rwlock LockTag>,
    inner: sync::RwLockReadGuard<'rwlock, T>,
}

/// [`std::sync::RwLockWriteGuard`], recorded.
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockWriteGuard<'rwlock, T: ?Sized + 'rwlock> {
    // Dropped first; see `Held`.
    held: Held<&'rwlock LockTag>,
    inner: sync::RwLockWriteGuard<'rwlock, T>,
}

impl<'rwlock, T: ?Sized> RwLockWriteGuard<'rwlock, T> {
    /// Turns the guard into one for reading, without a release in between.
    ///
    /// See [`std::sync::RwLockWriteGuard::downgrade`].
    #[track_caller]
    pub fn downgrade(s: Self) -> RwLockReadGuard<'rwlock, T> {
        let RwLockWriteGuard { mut held, inner } = s;
        held.downgrade(READ, Location::caller());
        RwLockReadGuard { _held: held, inner: sync::RwLockWriteGuard::downgrade(inner) }
    }
}

impl_guard!(RwLockReadGuard);
impl_guard!(RwLockWriteGuard, mut);
