//! `Once`, recorded.

use std::fmt;
use std::panic::Location;
use std::sync::{self, OnceState};

use format::PrimitiveKind;

use super::tag::Tag;

/// [`std::sync::Once`], recorded.
pub struct Once {
    pub(crate) tag: Tag,
    inner: sync::Once,
}

/// The initial value of a `Once`. See [`std::sync::ONCE_INIT`].
#[deprecated(since = "1.38.0", note = "the `Once::new()` function is now preferred")]
#[allow(clippy::declare_interior_mutable_const, reason = "as in std")]
pub const ONCE_INIT: Once = Once::new();

impl Once {
    /// Creates a `Once` without a completed initialiser. See [`std::sync::Once::new`].
    #[must_use]
    #[inline]
    #[track_caller]
    #[allow(clippy::new_without_default, reason = "std has no default either")]
    pub const fn new() -> Self {
        Once { tag: Tag::new(PrimitiveKind::Once), inner: sync::Once::new() }
    }

    /// Runs `f` if no initialiser has run. See [`std::sync::Once::call_once`].
    ///
    /// # Panics
    /// Panics if `f` panics, or if an earlier initialiser has panicked.
    #[inline]
    #[track_caller]
    pub fn call_once<F>(&self, f: F)
    where
        F: FnOnce(),
    {
        if self.inner.is_completed() {
            return;
        }
        let initialization = self.tag.begin_initialization(Location::caller(), "");
        self.inner.call_once(|| {
            initialization.record_initializer();
            f();
        });
    }

    /// Runs `f` if no initialiser has completed, even after a panic.
    ///
    /// See [`std::sync::Once::call_once_force`].
    ///
    /// # Panics
    /// Panics if `f` panics.
    #[inline]
    #[track_caller]
    pub fn call_once_force<F>(&self, f: F)
    where
        F: FnOnce(&OnceState),
    {
        if self.inner.is_completed() {
            return;
        }
        let initialization = self.tag.begin_initialization(Location::caller(), "");
        self.inner.call_once_force(|state| {
            initialization.record_initializer();
            f(state);
        });
    }

    /// Whether an initialiser has completed. See [`std::sync::Once::is_completed`].
    #[inline]
    pub fn is_completed(&self) -> bool {
        self.inner.is_completed()
    }

    /// Waits until an initialiser has completed. See [`std::sync::Once::wait`].
    ///
    /// # Panics
    /// Panics if the initialiser has panicked.
    #[track_caller]
    pub fn wait(&self) {
        if !self.inner.is_completed() {
            let initialization = self.tag.begin_initialization(Location::caller(), "");
            initialization.await_initializer();
            self.inner.wait();
        }
    }

    /// Waits until an initialiser has completed, even after a panic.
    ///
    /// See [`std::sync::Once::wait_force`].
    #[track_caller]
    pub fn wait_force(&self) {
        if !self.inner.is_completed() {
            let initialization = self.tag.begin_initialization(Location::caller(), "");
            initialization.await_initializer();
            self.inner.wait_force();
        }
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
