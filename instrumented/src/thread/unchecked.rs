//! The two things that cannot be wrapped without `unsafe`.
#![allow(unsafe_code)]

use std::io;
use std::panic::Location;
use std::ptr;
use std::thread;

use super::scoped::Scope;
use super::spawn::{Builder, Child, JoinHandle};

/// std's scope as ours: the caller lends its threads to it for as long.
pub(super) fn scope<'scope, 'env>(
    scope: &'scope thread::Scope<'scope, 'env>,
) -> &'scope Scope<'scope, 'env> {
    // SAFETY: `Scope` is `repr(transparent)` around std's, so a reference to the one is a
    // reference to the other. Lifetimes and mutability stay as they are.
    unsafe { &*ptr::from_ref(scope).cast::<Scope<'scope, 'env>>() }
}

impl Builder {
    /// [`std::thread::Builder::spawn_unchecked`].
    ///
    /// # Errors
    /// The operating system cannot make a thread.
    ///
    /// # Panics
    /// The name has a null byte.
    ///
    /// # Safety
    /// As std's: what `f` borrows, and what `T` does, must outlive the thread.
    #[track_caller]
    pub unsafe fn spawn_unchecked<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T,
        F: Send,
        T: Send,
    {
        let child = Child::new();
        // SAFETY: the caller promises it for `f` and `T`; besides `f` the function that is
        // spawned has numbers only.
        let handle = unsafe { self.inner.spawn_unchecked(child.run(f)) }?;
        child.is_made(Location::caller());
        Ok(JoinHandle::new(handle, child))
    }
}
