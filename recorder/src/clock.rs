//! From a process's ticks to nanoseconds of the monotonic clock.

use format::TIME_BITS;

/// No time is later, so that there is room for what comes after it. In 292 years.
pub(crate) const LATEST: u64 = i64::MAX as u64;

/// So many instants are kept, at most.
const INSTANTS: usize = 4096;

/// A process's clock: ticks and nanoseconds at a number of instants.
///
/// Between two instants time is taken to run evenly.
///
/// ```
/// let mut clock = recorder::clock::Clock::new(1_000, 50_000);
/// clock.add(3_000, 51_000);
/// clock.settle();
/// assert_eq!(clock.nanoseconds(2_000), 50_500);
/// assert_eq!(clock.nanoseconds(5_000), 52_000);
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    /// Ticks, all 64 bits, when the process began to record.
    start: u64,
    /// Ticks since `start`, and nanoseconds.
    instants: Vec<(i64, u64)>,
}

impl Clock {
    /// A clock of which one instant is known.
    pub fn new(ticks: u64, nanoseconds: u64) -> Self {
        Clock { start: ticks, instants: vec![(0, nanoseconds)] }
    }

    /// Adds an instant; `ticks` are modulo 2⁵⁶. Takes effect with [`Clock::settle`].
    pub fn add(&mut self, ticks: u64, nanoseconds: u64) {
        self.instants.push((self.since_start(ticks), nanoseconds));
        if self.instants.len() >= 2 * INSTANTS {
            self.settle();
        }
    }

    /// Puts the instants in order; keeps some, evenly chosen, where there are very many.
    pub fn settle(&mut self) {
        self.instants.sort_unstable();
        // Neither clock runs back: an instant that says so was taken by a thread that was
        // interrupted in the midst of it.
        let mut latest = None;
        self.instants.retain(|&(ticks, nanoseconds)| {
            let later = latest.is_none_or(|(t, n)| ticks > t && nanoseconds >= n);
            if later {
                latest = Some((ticks, nanoseconds));
            }
            later
        });
        while self.instants.len() > INSTANTS {
            let last = self.instants.len() - 1;
            let mut index = 0;
            self.instants.retain(|_| {
                index += 1;
                (index - 1) % 2 == 0 || index - 1 == last
            });
        }
    }

    /// Nanoseconds of the monotonic clock; `ticks` are modulo 2⁵⁶.
    pub fn nanoseconds(&self, ticks: u64) -> u64 {
        let ticks = self.since_start(ticks);
        let (_, from, (rise, run)) = self.enclosing(ticks);
        let since = i128::from(ticks - from.0) * i128::from(rise) / i128::from(run);
        u64::try_from((i128::from(from.1) + since).max(0)).unwrap_or(LATEST).min(LATEST)
    }

    /// A way to convert times that come soon after this one.
    pub(crate) fn stretch(&self, ticks: u64) -> Stretch {
        let since = self.since_start(ticks);
        let (first, from, (rise, run)) = self.enclosing(since);
        // After the last instant the clock goes on like this.
        let last = self.instants.len() <= first + 2;
        let end = if last { 1 << (TIME_BITS - 1) } else { from.0 + run as i64 };
        let whole = rise / run;
        // Of a quotient that is rounded up, the error stays below what could change the result.
        let fraction = (u128::from(rise % run) << 64).div_ceil(u128::from(run)) as u64;
        let exact = (u64::MAX / run).min(LATEST / whole.saturating_add(1));
        Stretch {
            from: self.start.wrapping_add(from.0 as u64),
            most: exact.min((end - from.0) as u64 - 1),
            base: from.1.min(LATEST),
            whole,
            fraction,
        }
    }

    /// Of the two instants that enclose this one, or else the two nearest: the first, its
    /// index, and the nanoseconds and ticks between them.
    fn enclosing(&self, since: i64) -> (usize, (i64, u64), (u64, u64)) {
        let next = self.instants.partition_point(|instant| instant.0 <= since);
        let first = next.saturating_sub(1).min(self.instants.len().saturating_sub(2));
        let from = self.instants[first];
        let passed = match self.instants.get(first + 1) {
            Some(to) => (to.1 - from.1, (to.0 - from.0) as u64),
            // Of this clock one instant is known: it is taken to count nanoseconds.
            None => (1, 1),
        };
        (first, from, passed)
    }

    /// Ticks since the start, negative before it, from ticks modulo 2⁵⁶.
    #[inline]
    pub(crate) fn since_start(&self, ticks: u64) -> i64 {
        let unused = 64 - TIME_BITS;
        (ticks.wrapping_sub(self.start) << unused) as i64 >> unused
    }

    /// The other way: ticks modulo 2⁵⁶.
    pub(crate) fn at(&self, since_start: i64) -> u64 {
        self.start.wrapping_add(since_start as u64) & ((1 << TIME_BITS) - 1)
    }
}

/// What a clock does between two instants, so that a conversion takes no division and
/// gives the very same.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stretch {
    /// The first instant, in ticks.
    from: u64,
    /// So many ticks after it at most.
    most: u64,
    /// The first instant, in nanoseconds.
    base: u64,
    /// Nanoseconds in a tick: whole ones, and 2⁻⁶⁴ths.
    whole: u64,
    fraction: u64,
}

impl Stretch {
    /// What [`Clock::nanoseconds`] gives, if this time is within the stretch.
    #[inline]
    pub(crate) fn nanoseconds(&self, ticks: u64) -> Option<u64> {
        let unused = 64 - TIME_BITS;
        let since = ticks.wrapping_sub(self.from) << unused >> unused;
        if since > self.most {
            return None;
        }
        let part = ((u128::from(since) * u128::from(self.fraction)) >> 64) as u64;
        Some((self.base + since * self.whole + part).min(LATEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_clock_with_one_instant_counts_nanoseconds() {
        let clock = Clock::new(500, 1_000);
        assert_eq!(clock.nanoseconds(500), 1_000);
        assert_eq!(clock.nanoseconds(750), 1_250);
        assert_eq!(clock.nanoseconds(499), 999);
    }

    #[test]
    fn ticks_wrap_around() {
        let start = (7 << 56) | ((1 << 56) - 10);
        let mut clock = Clock::new(start, 1_000);
        clock.add(10, 1_020);
        clock.settle();
        assert_eq!(clock.nanoseconds(0), 1_010);
        assert_eq!(clock.nanoseconds(100), 1_110);
    }

    /// A number, of any magnitude.
    fn magnitude() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0u32..64).prop_map(|(number, shift)| number >> shift)
    }

    proptest! {
        #[test]
        fn a_stretch_converts_as_the_clock_does(
            start in (magnitude(), magnitude()),
            instants in prop::collection::vec((magnitude(), magnitude()), 0..6),
            probes in prop::collection::vec((magnitude(), magnitude()), 1..20),
        ) {
            let mut clock = Clock::new(start.0, start.1);
            for &(ticks, nanoseconds) in &instants {
                clock.add(ticks, nanoseconds);
            }
            clock.settle();
            let known = instants.iter().map(|instant| instant.0).chain([start.0]);
            let known: Vec<_> = known.collect();
            for (index, (probe, later)) in probes.into_iter().enumerate() {
                let near = known[index % known.len()];
                for from in [probe, near, near.wrapping_add(probe)] {
                    let stretch = clock.stretch(from);
                    let edge = stretch.from.wrapping_add(stretch.most);
                    for ticks in [from, from.wrapping_add(later), edge, edge.wrapping_add(1)] {
                        let ticks = ticks & ((1 << TIME_BITS) - 1);
                        if let Some(time) = stretch.nanoseconds(ticks) {
                            prop_assert_eq!(time, clock.nanoseconds(ticks));
                        }
                    }
                    prop_assert!(stretch.nanoseconds(edge).is_some());
                }
            }
        }

        #[test]
        fn time_never_runs_back_and_hits_the_known_instants(
            steps in prop::collection::vec((1u64..1_000_000, 1u64..1_000_000), 1..50),
            probes in prop::collection::vec(0u64..60_000_000, 2..20),
        ) {
            let mut clock = Clock::new(0, 0);
            let (mut ticks, mut nanoseconds) = (0, 0);
            let mut known = vec![(0, 0)];
            for (run, rise) in steps {
                ticks += run;
                nanoseconds += rise;
                clock.add(ticks, nanoseconds);
                known.push((ticks, nanoseconds));
            }
            clock.settle();
            for (ticks, nanoseconds) in known {
                prop_assert_eq!(clock.nanoseconds(ticks), nanoseconds);
            }
            let mut probes = probes;
            probes.sort_unstable();
            let times: Vec<_> = probes.iter().map(|&ticks| clock.nanoseconds(ticks)).collect();
            prop_assert!(times.is_sorted());
        }

        #[test]
        fn a_long_run_keeps_few_instants_and_the_right_time(rate in 1u64..10) {
            let mut clock = Clock::new(0, 0);
            for millisecond in 1..20_000u64 {
                clock.add(millisecond * 1_000_000 * rate, millisecond * 1_000_000);
            }
            clock.settle();
            prop_assert!(clock.instants.len() <= INSTANTS);
            let ticks = 12_345_678 * rate;
            prop_assert_eq!(clock.nanoseconds(ticks), 12_345_678);
        }
    }
}
