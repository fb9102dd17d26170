//! `LazyLock`, recorded.

use std::any::type_name;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync;

use format::PrimitiveKind;

use super::tag::Tag;

/// [`std::sync::LazyLock`], recorded.
pub struct LazyLock<T, F = fn() -> T> {
    pub(crate) tag: Tag,
    /// Determines which thread runs the initialiser. A wrapper around the closure would do so
    /// too, but has no nameable type.
    once: sync::Once,
    inner: sync::LazyLock<T, F>,
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// Creates a value that `f` will initialise. See [`std::sync::LazyLock::new`].
    #[inline]
    #[track_caller]
    pub const fn new(f: F) -> Self {
        LazyLock {
            tag: Tag::new(PrimitiveKind::LazyLock),
            once: sync::Once::new(),
            inner: sync::LazyLock::new(f),
        }
    }

    /// Returns a reference to the value, and initialises it first if necessary.
    ///
    /// See [`std::sync::LazyLock::force`].
    ///
    /// # Panics
    /// Panics if the initialiser panics or has panicked.
    #[inline]
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        if let Some(value) = sync::LazyLock::get(&this.inner) {
            return value;
        }
        let initialization = this.tag.begin_initialization(Location::caller(), type_name::<T>());
        this.once.call_once_force(|state| {
            if !state.is_poisoned() {
                initialization.record_initializer();
            }
            sync::LazyLock::force(&this.inner);
        });
        sync::LazyLock::force(&this.inner)
    }

    /// Returns a mutable reference to the value, and initialises it first if necessary.
    ///
    /// See [`std::sync::LazyLock::force_mut`].
    ///
    /// # Panics
    /// Panics if the initialiser panics or has panicked.
    #[inline]
    #[track_caller]
    pub fn force_mut(this: &mut Self) -> &mut T {
        Self::force(this);
        sync::LazyLock::force_mut(&mut this.inner)
    }
}

impl<T, F> LazyLock<T, F> {
    /// Returns a mutable reference to the value, if it is initialised.
    ///
    /// See [`std::sync::LazyLock::get_mut`].
    #[inline]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        sync::LazyLock::get_mut(&mut this.inner)
    }

    /// Returns a reference to the value, if it is initialised. See [`std::sync::LazyLock::get`].
    #[inline]
    pub fn get(this: &Self) -> Option<&T> {
        sync::LazyLock::get(&this.inner)
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    #[inline]
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        LazyLock::force_mut(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    #[inline]
    #[track_caller]
    fn default() -> Self {
        LazyLock::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
