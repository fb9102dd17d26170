//! The two functions of `thread` that require `unsafe`.
#![allow(unsafe_code)]

use std::io;
use std::panic::Location;
use std::ptr;
use std::thread;

use super::scoped::Scope;
use super::spawn::{Builder, Child, JoinHandle};

/// Converts a reference to std's scope to one to the wrapper.
pub(super) fn scope<'scope, 'env>(
    scope: &'scope thread::Scope<'scope, 'env>,
) -> &'scope Scope<'scope, 'env> {
    // SAFETY: `Scope` is `repr(transparent)` around std's scope, so a reference to one is valid as
    // a reference to the other. Lifetimes and mutability stay the same.
    unsafe { &*ptr::from_ref(scope).cast::<Scope<'scope, 'env>>() }
}

impl Builder {
    /// Spawns a thread without lifetime bounds. See [`std::thread::Builder::spawn_unchecked`].
    ///
    /// # Errors
    /// Returns an error if the operating system fails to create a thread.
    ///
    /// # Panics
    /// Panics if the name contains a null byte.
    ///
    /// # Safety
    /// As with std, everything that `f` and `T` borrow must outlive the thread.
    #[track_caller]
    pub unsafe fn spawn_unchecked<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T,
        F: Send,
        T: Send,
    {
        let child = Child::new();
        // SAFETY: the caller guarantees that everything that `f` and `T` borrow outlives the
        // thread. The spawned closure captures only numbers besides `f`.
        let handle = unsafe { self.inner.spawn_unchecked(child.wrap(f)) }?;
        child.record_spawn(Location::caller(), 0);
        Ok(JoinHandle::new(handle, child))
    }
}
