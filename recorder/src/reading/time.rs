//! Nanoseconds and ticks.

use std::fmt;
use std::num::NonZeroU64;
use std::ops::{Add, AddAssign};
use std::time::Duration;

use format::TIME_BITS;

/// A time since the trace's start, or a length of time, in nanoseconds.
///
/// Its [`Display`](fmt::Display) has three digits and a unit:
///
/// ```
/// use recorder::reading::Nanos;
/// assert_eq!(Nanos::new(1_500_000).to_string(), "1.5 ms");
/// assert_eq!(Nanos::new(70) + Nanos::new(30), Nanos::new(100));
/// assert_eq!(Nanos::new(70).since(Nanos::new(100)), Nanos::new(0));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nanos(
    /// One more than the number: an `Option` of it takes no more room.
    NonZeroU64,
);

/// No two clocks of a machine are further apart. An event that has not come by then, such as the
/// release of a lock, was not recorded.
pub(crate) const MAX_CLOCK_SKEW: Nanos = Nanos::new(100_000);

impl Nanos {
    /// The start of the trace, or no time at all.
    pub const ZERO: Nanos = Nanos::new(0);
    /// The largest number of nanoseconds.
    pub const MAX: Nanos = Nanos::new(u64::MAX);
    /// The latest time that a clock shows, in 292 years: later ones can still be computed.
    pub const LATEST: Nanos = Nanos::new(i64::MAX as u64);

    /// This number of nanoseconds; 2⁶⁴ - 1 becomes one less.
    #[inline(always)]
    pub const fn new(nanoseconds: u64) -> Self {
        match NonZeroU64::new(nanoseconds.saturating_add(1)) {
            Some(next) => Nanos(next),
            None => Nanos(NonZeroU64::MAX),
        }
    }

    /// The number of nanoseconds.
    #[inline(always)]
    pub const fn get(self) -> u64 {
        self.0.get() - 1
    }

    /// The time that has passed since `earlier`; none if that is later.
    #[inline]
    #[must_use]
    pub fn since(self, earlier: Nanos) -> Nanos {
        Nanos::new(self.get().saturating_sub(earlier.get()))
    }

    /// The nanosecond before this one, if there is one.
    #[inline]
    #[must_use]
    pub fn before(self) -> Nanos {
        Nanos::new(self.get().saturating_sub(1))
    }

    /// The nanosecond after this one.
    #[inline]
    #[must_use]
    pub fn after(self) -> Nanos {
        Nanos(self.0.saturating_add(1))
    }

    /// The part of `whole` that this is, from 0 to 1 where it is not longer.
    pub fn share_of(self, whole: Nanos) -> f64 {
        self.get() as f64 / whole.get().max(1) as f64
    }
}

impl Default for Nanos {
    fn default() -> Self {
        Nanos::ZERO
    }
}

impl fmt::Debug for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl Add for Nanos {
    type Output = Nanos;

    /// The sum, or [`Nanos::MAX`] where it is larger: a damaged recording can have any times.
    #[inline]
    fn add(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_add(other.get()))
    }
}

impl AddAssign for Nanos {
    #[inline]
    fn add_assign(&mut self, other: Nanos) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Nanos {
    fn sum<I: Iterator<Item = Nanos>>(times: I) -> Nanos {
        times.fold(Nanos::ZERO, Nanos::add)
    }
}

impl From<Duration> for Nanos {
    fn from(duration: Duration) -> Self {
        Nanos::new(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.get();
        match nanoseconds {
            0..1_000 => write!(f, "{nanoseconds} ns"),
            1_000..1_000_000 => write!(f, "{:.1} µs", nanoseconds as f64 / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} ms", nanoseconds as f64 / 1e6),
            1_000_000_000..60_000_000_000 => write!(f, "{:.2} s", nanoseconds as f64 / 1e9),
            _ => {
                let seconds = Duration::from_secs(nanoseconds / 1_000_000_000);
                humantime::format_duration(seconds).fmt(f)
            }
        }
    }
}

/// Ticks of a process's clock; the low [`TIME_BITS`] bits of a full value where they come from a
/// record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ticks(pub u64);

impl Ticks {
    /// The ticks since `start`, negative before it. Records hold ticks modulo 2⁵⁶, so the nearer
    /// of the two possible answers is taken.
    #[inline]
    pub(crate) fn since(self, start: Ticks) -> i64 {
        let unused = 64 - TIME_BITS;
        (self.0.wrapping_sub(start.0) << unused) as i64 >> unused
    }

    /// The other direction: ticks modulo 2⁵⁶.
    pub(crate) fn after(start: Ticks, since: i64) -> Ticks {
        Ticks(start.0.wrapping_add(since as u64) & ((1 << TIME_BITS) - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_with_three_digits_and_a_unit() {
        for (nanoseconds, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_500, "1.5 µs"),
            (2_040_000, "2.0 ms"),
            (2_500_000_000, "2.50 s"),
            (3_700_000_000_000, "1h 1m 40s"),
        ] {
            assert_eq!(Nanos::new(nanoseconds).to_string(), text);
        }
    }

    #[test]
    fn times_are_bounded_and_optional_ones_take_no_more_room() {
        assert_eq!(Nanos::MAX + Nanos::new(1), Nanos::MAX);
        assert_eq!(Nanos::MAX.after(), Nanos::MAX);
        assert_eq!(Nanos::ZERO.before(), Nanos::ZERO);
        assert_eq!(Nanos::new(u64::MAX).get(), u64::MAX - 1);
        assert_eq!(size_of::<Option<Nanos>>(), 8);
    }

    #[test]
    fn ticks_wrap_around() {
        let start = Ticks((7 << 56) | ((1 << 56) - 10));
        for since in [-5, 0, 9, 10, 1_000] {
            assert_eq!(Ticks::after(start, since).since(start), since);
        }
    }
}
