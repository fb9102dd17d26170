//! Threads that are made, and joined.

use std::io;
use std::panic::Location;
use std::thread;
use std::{fmt, thread::Result};

use format::{Event, OperationKind as Kind};

use super::current::{Thread, record, waiting};
use crate::platform::now;
use crate::recording;
use crate::writer::{self, Site};

/// A thread that is about to be made.
#[derive(Clone, Copy)]
pub(super) struct Child {
    /// The number that it is to have in the recording, or 0.
    pub(super) number: u32,
    /// When it was about to be made.
    time: u64,
}

impl Child {
    pub(super) fn new() -> Self {
        if !recording::prepare() {
            return Child { number: 0, time: 0 };
        }
        // So that the parent's start is not later than what it does, nor its number.
        writer::this_thread();
        let number = recording::current().and_then(|_| writer::number_thread());
        Child { number: number.unwrap_or(0), time: now() }
    }

    /// What the thread runs, for `f`.
    pub(super) fn run<F: FnOnce() -> T, T>(self, f: F) -> impl FnOnce() -> T {
        move || {
            let _returns = (self.number != 0).then(|| {
                writer::begin_thread(self.number);
                Returns
            });
            f()
        }
    }

    /// Records that the thread was made.
    pub(super) fn is_made(self, site: Site) {
        if self.number != 0 && recording::on() {
            writer::operation(Kind::Spawn, self.number, site, self.time, 0);
        }
    }
}

/// Dropped where a thread's function is over.
struct Returns;

impl Drop for Returns {
    fn drop(&mut self) {
        let panicked = u32::from(thread::panicking());
        writer::event(None, |_| Event::Returned { panicked });
    }
}

/// [`std::thread::spawn`].
///
/// # Panics
/// The operating system cannot make a thread.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T,
    F: Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect("failed to spawn thread")
}

/// [`std::thread::Builder`], recorded.
#[must_use = "must eventually spawn the thread"]
pub struct Builder {
    pub(super) inner: thread::Builder,
}

impl Builder {
    /// [`std::thread::Builder::new`].
    #[allow(clippy::new_without_default, reason = "std has none")]
    pub fn new() -> Self {
        Builder { inner: thread::Builder::new() }
    }

    /// [`std::thread::Builder::name`].
    pub fn name(self, name: String) -> Self {
        Builder { inner: self.inner.name(name) }
    }

    /// [`std::thread::Builder::stack_size`].
    pub fn stack_size(self, size: usize) -> Self {
        Builder { inner: self.inner.stack_size(size) }
    }

    /// [`std::thread::Builder::spawn`].
    ///
    /// # Errors
    /// The operating system cannot make a thread.
    ///
    /// # Panics
    /// The name has a null byte.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T,
        F: Send + 'static,
        T: Send + 'static,
    {
        let child = Child::new();
        let handle = self.inner.spawn(child.run(f))?;
        child.is_made(Location::caller());
        Ok(JoinHandle::new(handle, child))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// [`std::thread::JoinHandle`], recorded.
pub struct JoinHandle<T> {
    inner: thread::JoinHandle<T>,
    thread: Thread,
}

impl<T> JoinHandle<T> {
    pub(super) fn new(inner: thread::JoinHandle<T>, child: Child) -> Self {
        let thread = Thread::new(inner.thread(), child.number);
        JoinHandle { inner, thread }
    }

    /// [`std::thread::JoinHandle::thread`].
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// [`std::thread::JoinHandle::join`].
    ///
    /// # Errors
    /// The thread has panicked.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        let is_finished = self.inner.is_finished();
        join(self.thread.number, is_finished, Location::caller(), || self.inner.join())
    }

    /// [`std::thread::JoinHandle::is_finished`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

/// Records a join, around it.
pub(super) fn join<R>(number: u32, is_finished: bool, site: Site, wait: impl FnOnce() -> R) -> R {
    if !is_finished {
        return waiting([Kind::JoinBegin, Kind::JoinEnd], number, site, 0, wait);
    }
    let result = wait();
    if recording::wanted() {
        record(Kind::Join, number, site, 0);
    }
    result
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::thread::{JoinHandleExt, RawPthread};

    impl<T> JoinHandleExt for super::JoinHandle<T> {
        fn as_pthread_t(&self) -> RawPthread {
            self.inner.as_pthread_t()
        }

        fn into_pthread_t(self) -> RawPthread {
            self.inner.into_pthread_t()
        }
    }
}
