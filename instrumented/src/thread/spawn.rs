//! Spawning and joining threads.

use std::fmt;
use std::io;
use std::panic::Location;
use std::thread;

use format::{Event, OperationKind as Kind};

use super::current::{Thread, record, record_wait};
use crate::platform::now;
use crate::recording;
use crate::schedule;
use crate::writer::{self, Site};

/// A thread that is about to be spawned.
#[derive(Clone, Copy)]
pub(super) struct Child {
    /// The number that the thread will have in the recording, or 0.
    pub(super) number: u32,
    /// Start of the spawn, in ticks.
    time: u64,
}

impl Child {
    pub(super) fn new() -> Self {
        if !recording::is_recorded() {
            return Child { number: 0, time: 0 };
        }
        recording::begin_operation();
        // Records the parent's start first, if necessary, so that neither its time nor its number
        // is greater than the child's.
        writer::current_thread_number();
        let number = recording::current().and_then(|_| writer::allocate_thread_number());
        if let (true, Some(number)) = (recording::is_controlled(), number) {
            schedule::spawning(number);
        }
        Child { number: number.unwrap_or(0), time: now() }
    }

    /// Wraps the thread's function, so that the thread gets its number and its return is recorded.
    pub(super) fn wrap<F: FnOnce() -> T, T>(self, f: F) -> impl FnOnce() -> T {
        move || {
            let _return = (self.number != 0).then(|| {
                writer::begin_thread(self.number);
                recording::begin_operation();
                RecordReturn
            });
            f()
        }
    }

    /// Records that the thread has been spawned, in a scope at the address `scope` or, if that is 0,
    /// in none.
    pub(super) fn record_spawn(self, site: Site, scope: usize) {
        if recording::is_controlled() && self.number != 0 {
            schedule::spawned(self.number, scope);
        }
        if self.number != 0 && recording::still_on() {
            writer::operation_with_callers(Kind::Spawn, self.number, site, self.time, 0);
        }
    }
}

/// Records the return of a thread's function when it is dropped.
struct RecordReturn;

impl Drop for RecordReturn {
    fn drop(&mut self) {
        let panicked = u32::from(thread::panicking());
        writer::event(None, |_| Event::Returned { panicked });
    }
}

/// Spawns a thread. See [`std::thread::spawn`].
///
/// # Panics
/// Panics if the operating system fails to create a thread.
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
    /// Creates a builder for a thread without a name. See [`std::thread::Builder::new`].
    #[allow(clippy::new_without_default, reason = "std has no default either")]
    pub fn new() -> Self {
        Builder { inner: thread::Builder::new() }
    }

    /// Sets the name of the thread. See [`std::thread::Builder::name`].
    pub fn name(self, name: String) -> Self {
        Builder { inner: self.inner.name(name) }
    }

    /// Sets the size of the stack, in bytes. See [`std::thread::Builder::stack_size`].
    pub fn stack_size(self, size: usize) -> Self {
        Builder { inner: self.inner.stack_size(size) }
    }

    /// Spawns a thread. See [`std::thread::Builder::spawn`].
    ///
    /// # Errors
    /// Returns an error if the operating system fails to create a thread.
    ///
    /// # Panics
    /// Panics if the name contains a null byte.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T,
        F: Send + 'static,
        T: Send + 'static,
    {
        let child = Child::new();
        let handle = self.inner.spawn(child.wrap(f))?;
        child.record_spawn(Location::caller(), 0);
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

/// Implements the parts that `JoinHandle` and `ScopedJoinHandle` share. Both have the fields
/// `inner`, std's handle of the same name, and `thread`.
macro_rules! impl_join_handle {
    ($handle:ident <$($scope:lifetime,)? T>) => {
        impl<$($scope,)? T> $handle<$($scope,)? T> {
            pub(super) fn new(
                inner: std::thread::$handle<$($scope,)? T>,
                child: $crate::thread::spawn::Child,
            ) -> Self {
                let thread = $crate::thread::Thread::new(inner.thread(), child.number);
                $handle { inner, thread }
            }

            /// Returns a handle of the thread.
            ///
            #[doc = concat!("See [`std::thread::", stringify!($handle), "::thread`].")]
            #[must_use]
            pub fn thread(&self) -> &$crate::thread::Thread {
                &self.thread
            }

            /// Waits for the thread to end.
            ///
            #[doc = concat!("See [`std::thread::", stringify!($handle), "::join`].")]
            ///
            /// # Errors
            /// Returns the payload of the panic if the thread has panicked.
            #[track_caller]
            pub fn join(self) -> std::thread::Result<T> {
                let is_finished = self.inner.is_finished();
                let site = std::panic::Location::caller();
                $crate::thread::spawn::join(self.thread.number, is_finished, site, || {
                    self.inner.join()
                })
            }

            /// Whether the thread's function has returned.
            ///
            #[doc = concat!("See [`std::thread::", stringify!($handle), "::is_finished`].")]
            pub fn is_finished(&self) -> bool {
                if $crate::recording::is_controlled() {
                    $crate::schedule::begin_poll();
                }
                self.inner.is_finished()
            }
        }

        impl<$($scope,)? T> std::fmt::Debug for $handle<$($scope,)? T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.inner.fmt(f)
            }
        }
    };
}
pub(super) use impl_join_handle;

impl_join_handle!(JoinHandle<T>);

/// Records a join, around `wait`.
pub(super) fn join<R>(number: u32, is_finished: bool, site: Site, wait: impl FnOnce() -> R) -> R {
    if !is_finished {
        return record_wait([Kind::JoinBegin, Kind::JoinEnd], number, site, 0, wait);
    }
    let result = wait();
    if recording::on_or_try_init() {
        record(Kind::Join, number, site, 0);
    }
    result
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
