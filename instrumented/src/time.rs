//! `std::time`, with an [`Instant`] that follows the clock of a controlled schedule.
//!
//! While `recorder explore` or `recorder replay` controls the schedule of a program, sleeps and
//! timeouts take no time: they pass on a clock of the schedule. A program that measures time with
//! this `Instant` sees the time that they would have taken. At all other times it is std's.
//!
//! ```
//! use instrumented::thread;
//! use instrumented::time::{Duration, Instant};
//!
//! let start = Instant::now();
//! thread::sleep(Duration::from_millis(2));
//! assert!(start.elapsed() >= Duration::from_millis(2));
//! ```

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time;

#[doc(no_inline)]
pub use std::time::*;

use crate::schedule;

/// [`std::time::Instant`], on the schedule's clock if the schedule is controlled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(time::Instant);

impl Instant {
    /// Returns the present instant. See [`std::time::Instant::now`].
    #[must_use]
    #[inline]
    pub fn now() -> Self {
        Instant(schedule::now().unwrap_or_else(time::Instant::now))
    }

    /// Returns the time since another instant, or zero if that is later.
    ///
    /// See [`std::time::Instant::duration_since`].
    #[must_use]
    #[inline]
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.0.duration_since(earlier.0)
    }

    /// Returns the time since another instant, unless that is later.
    ///
    /// See [`std::time::Instant::checked_duration_since`].
    #[must_use]
    #[inline]
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// Returns the time since another instant, or zero if that is later.
    ///
    /// See [`std::time::Instant::saturating_duration_since`].
    #[must_use]
    #[inline]
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// Returns the time since this instant. See [`std::time::Instant::elapsed`].
    #[must_use]
    #[inline]
    pub fn elapsed(&self) -> Duration {
        Instant::now().duration_since(*self)
    }

    /// Returns the instant after this time, if it can be represented.
    ///
    /// See [`std::time::Instant::checked_add`].
    #[must_use]
    #[inline]
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_add(duration).map(Instant)
    }

    /// Returns the instant before this time, if it can be represented.
    ///
    /// See [`std::time::Instant::checked_sub`].
    #[must_use]
    #[inline]
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_sub(duration).map(Instant)
    }
}

impl From<Instant> for time::Instant {
    fn from(instant: Instant) -> Self {
        instant.0
    }
}

impl From<time::Instant> for Instant {
    fn from(instant: time::Instant) -> Self {
        Instant(instant)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        Instant(self.0 + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        self.0 += duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        Instant(self.0 - duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        self.0 -= duration;
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
