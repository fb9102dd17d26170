//! `OnceLock`, recorded.

use std::any::type_name;
use std::fmt;
use std::panic::Location;
use std::sync;

use format::PrimitiveKind;

use super::tag::Tag;
use crate::writer::Site;

/// [`std::sync::OnceLock`], recorded.
pub struct OnceLock<T> {
    pub(crate) tag: Tag,
    inner: sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    /// Creates a cell without a value. See [`std::sync::OnceLock::new`].
    #[must_use]
    #[inline]
    #[track_caller]
    pub const fn new() -> Self {
        OnceLock::wrap(sync::OnceLock::new())
    }

    #[inline]
    #[track_caller]
    const fn wrap(inner: sync::OnceLock<T>) -> Self {
        OnceLock { tag: Tag::new(PrimitiveKind::OnceLock), inner }
    }

    /// Returns a reference to the value, if there is one. See [`std::sync::OnceLock::get`].
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.inner.get()
    }

    /// Returns a mutable reference to the value, if there is one.
    ///
    /// See [`std::sync::OnceLock::get_mut`].
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.inner.get_mut()
    }

    /// Waits for the value and returns a reference to it. See [`std::sync::OnceLock::wait`].
    #[inline]
    #[track_caller]
    pub fn wait(&self) -> &T {
        if let Some(value) = self.inner.get() {
            return value;
        }
        let initialization = self.tag.begin_initialization(Location::caller(), type_name::<T>());
        initialization.await_initializer();
        self.inner.wait()
    }

    /// Sets the value, unless there already is one. See [`std::sync::OnceLock::set`].
    ///
    /// # Errors
    /// Returns the new value as the error if there already is one.
    #[inline]
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init_at(Location::caller(), || {
            value.take().expect("the initialiser runs at most once")
        });
        value.map_or(Ok(()), Err)
    }

    /// Returns a reference to the value, and initialises it with `f` first if necessary.
    ///
    /// See [`std::sync::OnceLock::get_or_init`].
    ///
    /// # Panics
    /// Panics if `f` panics.
    #[inline]
    #[track_caller]
    pub fn get_or_init<F>(&self, f: F) -> &T
    where
        F: FnOnce() -> T,
    {
        self.get_or_init_at(Location::caller(), f)
    }

    #[inline]
    fn get_or_init_at(&self, site: Site, f: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.inner.get() {
            return value;
        }
        let initialization = self.tag.begin_initialization(site, type_name::<T>());
        self.inner.get_or_init(|| {
            initialization.record_initializer();
            f()
        })
    }

    /// Returns the value, if there is one. See [`std::sync::OnceLock::into_inner`].
    #[inline]
    pub fn into_inner(self) -> Option<T> {
        self.inner.into_inner()
    }

    /// Takes the value out, if there is one. See [`std::sync::OnceLock::take`].
    #[inline]
    pub fn take(&mut self) -> Option<T> {
        self.inner.take()
    }
}

impl<T> Default for OnceLock<T> {
    #[inline]
    #[track_caller]
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[inline]
    #[track_caller]
    fn clone(&self) -> Self {
        OnceLock::wrap(self.inner.clone())
    }
}

impl<T> From<T> for OnceLock<T> {
    #[inline]
    #[track_caller]
    fn from(value: T) -> Self {
        OnceLock::wrap(sync::OnceLock::from(value))
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl<T: Eq> Eq for OnceLock<T> {}
