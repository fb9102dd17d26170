//! The types that the programs use: std's, or those of shuttle.

#[cfg(feature = "shuttle")]
pub use shuttle::{sync, thread};
#[cfg(not(feature = "shuttle"))]
pub use std::{sync, thread};

use self::sync::{Mutex, MutexGuard, PoisonError};

/// A variable of which each access is one step. It stands for plain variables of C, on which threads
/// race, and for atomics: it lies behind a lock, because `recorder explore` does not control atomics.
#[derive(Debug, Default)]
pub struct Word<T>(Mutex<T>);

impl<T: Copy + PartialEq> Word<T> {
    pub fn new(value: T) -> Self {
        Word(Mutex::new(value))
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self) -> T {
        *self.lock()
    }

    pub fn set(&self, value: T) {
        *self.lock() = value;
    }

    /// Changes the value in one step, and returns the old one.
    pub fn update(&self, change: impl FnOnce(T) -> T) -> T {
        let mut value = self.lock();
        let old = *value;
        *value = change(old);
        old
    }

    /// Sets the value if it is `expected`, in one step. Returns whether it was.
    pub fn replace(&self, expected: T, new: T) -> bool {
        let mut value = self.lock();
        let is_expected = *value == expected;
        if is_expected {
            *value = new;
        }
        is_expected
    }
}
