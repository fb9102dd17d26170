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
        // The two instants that enclose this one, or else the two nearest.
        let next = self.instants.partition_point(|instant| instant.0 <= ticks);
        let first = next.saturating_sub(1).min(self.instants.len().saturating_sub(2));
        let from = self.instants[first];
        let (rise, run) = match self.instants.get(first + 1) {
            Some(to) => (to.1 - from.1, to.0 - from.0),
            // Of this clock one instant is known: it is taken to count nanoseconds.
            None => (1, 1),
        };
        let since = i128::from(ticks - from.0) * i128::from(rise) / i128::from(run);
        u64::try_from((i128::from(from.1) + since).max(0)).unwrap_or(LATEST).min(LATEST)
    }

    /// Ticks since the start, negative before it, from ticks modulo 2⁵⁶.
    pub(crate) fn since_start(&self, ticks: u64) -> i64 {
        let unused = 64 - TIME_BITS;
        (ticks.wrapping_sub(self.start) << unused) as i64 >> unused
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

    proptest! {
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
