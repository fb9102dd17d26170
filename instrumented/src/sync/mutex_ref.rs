//! The reference to its mutex that a guard holds.
#![allow(unsafe_code)]

use super::lock::{Lock, LockTag};
use super::mutex::Mutex;

/// A reference to the mutex of a guard.
///
/// Like std's guard, it can be shared between threads if `T` can be, even if `T` cannot be sent: a
/// plain reference could not.
pub(super) struct MutexRef<'a, T: ?Sized>(&'a Mutex<T>);

// SAFETY: only with the mutex could another thread take out a value that must not be sent. It is taken
// from here only by `Condvar`, which owns the guard; a guard is not `Send`, so that happens in its own
// thread. Everything else uses the mutex's tag, which is `Sync`.
unsafe impl<T: ?Sized + Sync> Sync for MutexRef<'_, T> {}

impl<T: ?Sized> Clone for MutexRef<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for MutexRef<'_, T> {}

impl<'a, T: ?Sized> MutexRef<'a, T> {
    #[inline]
    pub(super) fn new(mutex: &'a Mutex<T>) -> Self {
        MutexRef(mutex)
    }

    /// Returns the mutex. Must be called in the thread of the guard.
    #[inline]
    pub(super) fn mutex(self) -> &'a Mutex<T> {
        self.0
    }
}

impl<T: ?Sized> Lock for MutexRef<'_, T> {
    #[inline]
    fn tag(&self) -> &LockTag {
        &self.0.lock
    }
}
