//! Converts a process's ticks to nanoseconds of the monotonic clock.

use format::TIME_BITS;

use super::time::{Nanos, Ticks};

/// Maximum number of instants that are kept.
const MAX_INSTANTS: usize = 4096;

/// Maximum number of nanoseconds in a tick.
const MAX_NANOS_PER_TICK: u64 = 1_000;

/// A process's clock: pairs of ticks and nanoseconds.
///
/// Between two pairs it is linear; before the first and after the last it runs at its average
/// speed. Where a counter steps back, its times stay near the known ones.
///
/// ```
/// use recorder::reading::{Clock, Nanos, Ticks};
/// let mut clock = Clock::new(Ticks(1_000), Nanos::new(50_000));
/// clock.add(Ticks(3_000), Nanos::new(51_000));
/// clock.settle();
/// assert_eq!(clock.nanoseconds(Ticks(2_000)), Nanos::new(50_500));
/// assert_eq!(clock.nanoseconds(Ticks(5_000)), Nanos::new(52_000));
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    start: Ticks,
    /// Nanoseconds when the process began to record. No time is earlier.
    started: u64,
    /// Ticks since `start`, and nanoseconds.
    instants: Vec<(i64, u64)>,
    /// The maximum ticks since `start` and nanoseconds of all instants, kept or not.
    furthest: (i64, u64),
}

impl Clock {
    /// A clock with one known instant. It counts nanoseconds until a second one is added.
    pub fn new(ticks: Ticks, nanoseconds: Nanos) -> Self {
        let instant = (0, nanoseconds.get());
        Clock { start: ticks, started: instant.1, instants: vec![instant], furthest: instant }
    }

    /// Adds an instant; `ticks` are modulo 2⁵⁶. Takes effect with [`Clock::settle`].
    pub fn add(&mut self, ticks: Ticks, nanoseconds: Nanos) {
        let (ticks, nanoseconds) = (ticks.since(self.start), nanoseconds.get());
        // The counter has stepped back: no event is older than the clock.
        if ticks < 0 {
            return;
        }
        self.instants.push((ticks, nanoseconds));
        self.furthest = (self.furthest.0.max(ticks), self.furthest.1.max(nanoseconds));
        if self.instants.len() >= 2 * MAX_INSTANTS {
            self.settle();
        }
    }

    /// When the process began to record.
    pub fn started(&self) -> Nanos {
        Nanos::new(self.started)
    }

    /// Ticks when the process began to record, all 64 bits.
    pub(super) fn start(&self) -> Ticks {
        self.start
    }

    /// Makes every time later by `by`.
    pub(super) fn shift(&mut self, by: Nanos) {
        let times = self.instants.iter_mut().map(|instant| &mut instant.1);
        for time in times.chain([&mut self.started, &mut self.furthest.1]) {
            *time = time.saturating_add(by.get());
        }
    }

    /// Sorts the instants; keeps some, evenly chosen, if there are very many.
    pub fn settle(&mut self) {
        self.instants.sort_unstable();
        // Neither clock runs back: such an instant was taken by a thread that was interrupted
        // between reading the two clocks.
        let mut latest = None;
        self.instants.retain(|&(ticks, nanoseconds)| {
            let later = latest.is_none_or(|(t, n)| ticks > t && nanoseconds >= n);
            if later {
                latest = Some((ticks, nanoseconds));
            }
            later
        });
        while self.instants.len() > MAX_INSTANTS {
            let last = self.instants.len() - 1;
            let mut index = 0;
            self.instants.retain(|_| {
                index += 1;
                (index - 1) % 2 == 0 || index - 1 == last
            });
        }
    }

    /// Nanoseconds of the monotonic clock; `ticks` are modulo 2⁵⁶.
    pub fn nanoseconds(&self, ticks: Ticks) -> Nanos {
        let ticks = ticks.since(self.start);
        let Segment { from, rise, run, .. } = self.segment(ticks);
        let since = i128::from(ticks - from.0) * i128::from(rise) / i128::from(run);
        let nanoseconds = (i128::from(from.1) + since).max(self.started.into());
        Nanos::new(u64::try_from(nanoseconds).unwrap_or(u64::MAX)).min(Nanos::LATEST)
    }

    /// A fast conversion for times soon after this one.
    pub(super) fn conversion(&self, ticks: Ticks) -> Conversion {
        let Segment { from, rise, run, end } = self.segment(ticks.since(self.start));
        let whole = rise / run;
        // The quotient is rounded up: the error stays below what could change the result.
        let fraction = (u128::from(rise % run) << 64).div_ceil(u128::from(run)) as u64;
        let exact = (u64::MAX / run).min(Nanos::LATEST.get() / whole.saturating_add(1));
        // Before the first instant, and before its start, the clock itself converts.
        let usable = end > from.0 && from.1 >= self.started;
        Conversion {
            from: self.start.0.wrapping_add(from.0 as u64),
            max_ticks: if usable { exact.min((end - from.0) as u64 - 1) } else { 0 },
            base: from.1.max(self.started).min(Nanos::LATEST.get()),
            whole,
            fraction,
        }
    }

    /// The two instants around this one, or else the nearest one and the average speed. Two
    /// instants that a step back has brought close to each other only describe the time between
    /// them: extrapolated, they would be years off.
    fn segment(&self, since: i64) -> Segment {
        let next = self.instants.partition_point(|instant| instant.0 <= since);
        let (before, after) = self.instants.split_at(next);
        let (rise, run) = match self.furthest {
            (run @ 1.., nanoseconds) => {
                let run = run as u64;
                let most = MAX_NANOS_PER_TICK.saturating_mul(run);
                ((nanoseconds - self.started).min(most), run)
            }
            _ => (1, 1),
        };
        const NEVER: i64 = 1 << (TIME_BITS - 1);
        match (before.last(), after.first()) {
            (Some(&from), Some(to)) => {
                Segment { from, rise: to.1 - from.1, run: (to.0 - from.0) as u64, end: to.0 }
            }
            (Some(&from), None) => Segment { from, rise, run, end: NEVER },
            (None, Some(&from)) => Segment { from, rise, run, end: from.0 },
            (None, None) => Segment { from: (0, self.started), rise, run, end: NEVER },
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Clock::new(Ticks(0), Nanos::ZERO)
    }
}

/// A straight piece of a clock.
struct Segment {
    /// Ticks since the start, and nanoseconds.
    from: (i64, u64),
    /// Nanoseconds in `run` ticks.
    rise: u64,
    run: u64,
    /// Where it ends, in ticks since the start, exclusive.
    end: i64,
}

/// Converts times of one [`Segment`] without a division, with exactly the same result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conversion {
    /// The first instant, in ticks.
    from: u64,
    /// How far after it the conversion holds.
    max_ticks: u64,
    /// The first instant, in nanoseconds.
    base: u64,
    /// Nanoseconds in a tick: whole ones, and 2⁻⁶⁴ths.
    whole: u64,
    fraction: u64,
}

impl Conversion {
    /// What [`Clock::nanoseconds`] returns, if the conversion holds at this time.
    #[inline]
    fn try_convert(&self, ticks: u64) -> Option<u64> {
        let unused = 64 - TIME_BITS;
        let since = ticks.wrapping_sub(self.from) << unused >> unused;
        if since > self.max_ticks {
            return None;
        }
        let part = ((u128::from(since) * u128::from(self.fraction)) >> 64) as u64;
        Some((self.base + since * self.whole + part).min(Nanos::LATEST.get()))
    }

    /// What [`Clock::nanoseconds`] returns; moves to another segment if need be.
    #[inline]
    pub(super) fn convert(&mut self, clock: &Clock, ticks: u64) -> u64 {
        if let Some(nanoseconds) = self.try_convert(ticks) {
            return nanoseconds;
        }
        *self = clock.conversion(Ticks(ticks));
        self.try_convert(ticks).unwrap_or_else(|| clock.nanoseconds(Ticks(ticks)).get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_clock_with_one_instant_counts_nanoseconds() {
        let clock = Clock::new(Ticks(500), Nanos::new(1_000));
        assert_eq!(clock.nanoseconds(Ticks(500)), Nanos::new(1_000));
        assert_eq!(clock.nanoseconds(Ticks(750)), Nanos::new(1_250));
        assert_eq!(clock.nanoseconds(Ticks(499)), Nanos::new(1_000));
    }

    #[test]
    fn ticks_wrap_around() {
        let start = (7 << 56) | ((1 << 56) - 10);
        let mut clock = Clock::new(Ticks(start), Nanos::new(1_000));
        clock.add(Ticks(10), Nanos::new(1_020));
        clock.settle();
        assert_eq!(clock.nanoseconds(Ticks(0)), Nanos::new(1_010));
        assert_eq!(clock.nanoseconds(Ticks(100)), Nanos::new(1_110));
    }

    /// A number, of any magnitude.
    fn magnitude() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0u32..64).prop_map(|(number, shift)| number >> shift)
    }

    proptest! {
        #[test]
        fn a_conversion_agrees_with_the_clock(
            start in (magnitude(), magnitude()),
            instants in prop::collection::vec((magnitude(), magnitude()), 0..6),
            probes in prop::collection::vec((magnitude(), magnitude()), 1..20),
        ) {
            let mut clock = Clock::new(Ticks(start.0), Nanos::new(start.1));
            for &(ticks, nanoseconds) in &instants {
                clock.add(Ticks(ticks), Nanos::new(nanoseconds));
            }
            clock.settle();
            let known = instants.iter().map(|instant| instant.0).chain([start.0]);
            let known: Vec<_> = known.collect();
            for (index, (probe, later)) in probes.into_iter().enumerate() {
                let near = known[index % known.len()];
                for from in [probe, near, near.wrapping_add(probe)] {
                    let conversion = clock.conversion(Ticks(from));
                    let edge = conversion.from.wrapping_add(conversion.max_ticks);
                    for ticks in [from, from.wrapping_add(later), edge, edge.wrapping_add(1)] {
                        let ticks = ticks & ((1 << TIME_BITS) - 1);
                        if let Some(time) = conversion.try_convert(ticks) {
                            prop_assert_eq!(Nanos::new(time), clock.nanoseconds(Ticks(ticks)));
                        }
                    }
                    prop_assert!(conversion.try_convert(edge).is_some());
                }
            }
        }

        #[test]
        fn time_never_runs_back_and_hits_the_known_instants(
            steps in prop::collection::vec((1u64..1_000_000, 1u64..1_000_000), 1..50),
            probes in prop::collection::vec(0u64..60_000_000, 2..20),
        ) {
            let mut clock = Clock::new(Ticks(0), Nanos::new(0));
            let (mut ticks, mut nanoseconds) = (0, 0);
            let mut known = vec![(0, 0)];
            for (run, rise) in steps {
                ticks += run;
                nanoseconds += rise;
                clock.add(Ticks(ticks), Nanos::new(nanoseconds));
                known.push((ticks, nanoseconds));
            }
            clock.settle();
            for (ticks, nanoseconds) in known {
                prop_assert_eq!(clock.nanoseconds(Ticks(ticks)), Nanos::new(nanoseconds));
            }
            let mut probes = probes;
            probes.sort_unstable();
            let times: Vec<_> = probes.iter().map(|&ticks| clock.nanoseconds(Ticks(ticks))).collect();
            prop_assert!(times.is_sorted());
        }

        #[test]
        fn a_long_run_keeps_few_instants_and_the_right_time(rate in 1u64..10) {
            let mut clock = Clock::new(Ticks(0), Nanos::new(0));
            for millisecond in 1..20_000u64 {
                clock.add(Ticks(millisecond * 1_000_000 * rate), Nanos::new(millisecond * 1_000_000));
            }
            clock.settle();
            prop_assert!(clock.instants.len() <= MAX_INSTANTS);
            let ticks = 12_345_678 * rate;
            prop_assert_eq!(clock.nanoseconds(Ticks(ticks)), Nanos::new(12_345_678));
        }
    }
}
