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

/// [`std::sync::ONCE_INIT`].
#[deprecated(since = "1.38.0", note = "the `Once::new()` function is now preferred")]
#[allow(clippy::declare_interior_mutable_const, reason = "as std's")]
pub const ONCE_INIT: Once = Once::new();

impl Once {
    /// [`std::sync::Once::new`].
    #[must_use]
    #[inline]
    #[track_caller]
    #[allow(clippy::new_without_default, reason = "std has none")]
    pub const fn new() -> Self {
        Once { tag: Tag::new(PrimitiveKind::Once), inner: sync::Once::new() }
    }

    /// [`std::sync::Once::call_once`].
    ///
    /// # Panics
    /// `f` panics, or one has panicked before.
    #[inline]
    #[track_caller]
    pub fn call_once<F>(&self, f: F)
    where
        F: FnOnce(),
    {
        if self.inner.is_completed() {
            return;
        }
        let initialization = self.tag.initialize(Location::caller(), "");
        self.inner.call_once(|| {
            initialization.runs_here();
            f();
        });
    }

    /// [`std::sync::Once::call_once_force`].
    ///
    /// # Panics
    /// `f` panics.
    #[inline]
    #[track_caller]
    pub fn call_once_force<F>(&self, f: F)
    where
        F: FnOnce(&OnceState),
    {
        if self.inner.is_completed() {
            return;
        }
        let initialization = self.tag.initialize(Location::caller(), "");
        self.inner.call_once_force(|state| {
            initialization.runs_here();
            f(state);
        });
    }

    /// [`std::sync::Once::is_completed`].
    #[inline]
    pub fn is_completed(&self) -> bool {
        self.inner.is_completed()
    }

    /// [`std::sync::Once::wait`].
    ///
    /// # Panics
    /// The initialiser has panicked.
    #[track_caller]
    pub fn wait(&self) {
        if !self.inner.is_completed() {
            let _initialization = self.tag.initialize(Location::caller(), "");
            self.inner.wait();
        }
    }

    /// [`std::sync::Once::wait_force`].
    #[track_caller]
    pub fn wait_force(&self) {
        if !self.inner.is_completed() {
            let _initialization = self.tag.initialize(Location::caller(), "");
            self.inner.wait_force();
        }
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
