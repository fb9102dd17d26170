//! Scoped threads.

use std::cell::Cell;
use std::panic::Location;
use std::thread;
use std::{fmt, io};

use format::OperationKind as Kind;

use super::current::{Thread, record, record_begin};
use super::spawn::{Builder, Child, impl_join_handle};
use super::unchecked;
use crate::recording;
use crate::schedule;
use crate::writer::Site;

/// [`std::thread::Scope`], recorded.
#[repr(transparent)]
pub struct Scope<'scope, 'env: 'scope> {
    inner: thread::Scope<'scope, 'env>,
}

/// Creates a scope for threads that borrow, and waits for them at its end.
///
/// See [`std::thread::scope`].
///
/// # Panics
/// Panics if `f` panics, or if a thread that was not joined has panicked.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let end = RecordEnd { site: Location::caller(), wait_recorded: Cell::new(false) };
    thread::scope(|scope| {
        let _wait = RecordWait { end: &end, scope: address(scope) };
        f(unchecked::scope(scope))
    })
}

/// Records, when it is dropped, that the scope's function has returned and the wait for its
/// threads begins.
struct RecordWait<'a> {
    end: &'a RecordEnd,
    /// The address of the scope.
    scope: usize,
}

/// Identifies a scope among those that have not ended.
fn address(scope: &thread::Scope<'_, '_>) -> usize {
    std::ptr::from_ref(scope).addr()
}

impl Drop for RecordWait<'_> {
    fn drop(&mut self) {
        if recording::on_or_try_init() {
            record_begin(Kind::ScopeBegin, 0, self.end.site, 0);
            self.end.wait_recorded.set(true);
            if recording::is_controlled() {
                schedule::wait_for_scope(self.scope);
            }
        }
    }
}

/// Records, when it is dropped, that all threads of the scope have ended.
struct RecordEnd {
    site: Site,
    /// Whether the start of the wait was recorded.
    wait_recorded: Cell<bool>,
}

impl Drop for RecordEnd {
    fn drop(&mut self) {
        if self.wait_recorded.get() {
            record(Kind::ScopeEnd, 0, self.site, 0);
        }
    }
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// Spawns a thread in the scope. See [`std::thread::Scope::spawn`].
    ///
    /// # Panics
    /// Panics if the operating system fails to create a thread.
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
    /// Spawns a scoped thread. See [`std::thread::Builder::spawn_scoped`].
    ///
    /// # Errors
    /// Returns an error if the operating system fails to create a thread.
    ///
    /// # Panics
    /// Panics if the name contains a null byte.
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
        let handle = self.inner.spawn_scoped(&scope.inner, child.wrap(f))?;
        child.record_spawn(Location::caller(), address(&scope.inner));
        Ok(ScopedJoinHandle::new(handle, child))
    }
}

/// [`std::thread::ScopedJoinHandle`], recorded.
pub struct ScopedJoinHandle<'scope, T> {
    inner: thread::ScopedJoinHandle<'scope, T>,
    thread: Thread,
}

impl_join_handle!(ScopedJoinHandle<'scope, T>);
