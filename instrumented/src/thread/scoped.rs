//! Threads that borrow.

use std::cell::Cell;
use std::panic::Location;
use std::thread;
use std::{fmt, io, thread::Result};

use format::OperationKind as Kind;

use super::current::{Thread, record};
use super::spawn::{Builder, Child, join};
use super::unchecked;
use crate::recording;
use crate::writer::Site;

/// [`std::thread::Scope`], recorded.
#[repr(transparent)]
pub struct Scope<'scope, 'env: 'scope> {
    inner: thread::Scope<'scope, 'env>,
}

/// [`std::thread::scope`].
///
/// # Panics
/// `f` panics, or a thread that was not joined has panicked.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let end = End { site: Location::caller(), waits: Cell::new(false) };
    thread::scope(|scope| {
        let _wait = Wait(&end);
        f(unchecked::scope(scope))
    })
}

/// Dropped where a scope's function is over, and the wait for its threads begins.
struct Wait<'a>(&'a End);

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if recording::wanted() {
            record(Kind::ScopeBegin, 0, self.0.site, 0);
            self.0.waits.set(true);
        }
    }
}

/// Dropped where a scope has none of its threads left.
struct End {
    site: Site,
    /// Whether it was recorded that it waits.
    waits: Cell<bool>,
}

impl Drop for End {
    fn drop(&mut self) {
        if self.waits.get() {
            record(Kind::ScopeEnd, 0, self.site, 0);
        }
    }
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// [`std::thread::Scope::spawn`].
    ///
    /// # Panics
    /// The operating system cannot make a thread.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Builder::new().spawn_scoped(self, f).expect("failed to spawn thread")
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Builder {
    /// [`std::thread::Builder::spawn_scoped`].
    ///
    /// # Errors
    /// The operating system cannot make a thread.
    ///
    /// # Panics
    /// The name has a null byte.
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let child = Child::new();
        let inner = self.inner.spawn_scoped(&scope.inner, child.run(f))?;
        child.is_made(Location::caller());
        let thread = Thread::new(inner.thread(), child.number);
        Ok(ScopedJoinHandle { inner, thread })
    }
}

/// [`std::thread::ScopedJoinHandle`], recorded.
pub struct ScopedJoinHandle<'scope, T> {
    inner: thread::ScopedJoinHandle<'scope, T>,
    thread: Thread,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// [`std::thread::ScopedJoinHandle::thread`].
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// [`std::thread::ScopedJoinHandle::join`].
    ///
    /// # Errors
    /// The thread has panicked.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        let is_finished = self.inner.is_finished();
        join(self.thread.number, is_finished, Location::caller(), || self.inner.join())
    }

    /// [`std::thread::ScopedJoinHandle::is_finished`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
