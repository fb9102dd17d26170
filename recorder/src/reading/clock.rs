//! From a process's ticks to nanoseconds of the monotonic clock.

use format::TIME_BITS;

/// No time is later, so that there is room for what comes after it. In 292 years.
pub(crate) const LATEST: u64 = i64::MAX as u64;

/// So many instants are kept, at most.
const INSTANTS: usize = 4096;

/// No counter takes more nanoseconds for a tick.
const SLOWEST: u64 = 1_000;

/// A process's clock: ticks and nanoseconds at a number of instants.
///
/// Between two instants time is taken to run evenly, and around them as fast as in all. A
/// counter should not step back; where one does, its times stay near those that are known.
///
/// ```
/// let mut clock = recorder::reading::clock::Clock::new(1_000, 50_000);
/// clock.add(3_000, 51_000);
/// clock.settle();
/// assert_eq!(clock.nanoseconds(2_000), 50_500);
/// assert_eq!(clock.nanoseconds(5_000), 52_000);
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    start: Start,
    /// Nanoseconds when the process began to record. Nothing is earlier.
    started: u64,
    /// Ticks since `start`, and nanoseconds.
    instants: Vec<(i64, u64)>,
    /// The most ticks since `start` and the most nanoseconds of all instants, kept or not.
    furthest: (i64, u64),
}

impl Clock {
    /// A clock of which one instant is known.
    pub fn new(ticks: u64, nanoseconds: u64) -> Self {
        let instant = (0, nanoseconds);
        Clock {
            start: Start(ticks),
            started: nanoseconds,
            instants: vec![instant],
            furthest: instant,
        }
    }

    /// Adds an instant; `ticks` are modulo 2⁵⁶. Takes effect with [`Clock::settle`].
    pub fn add(&mut self, ticks: u64, nanoseconds: u64) {
        let ticks = self.since_start(ticks);
        // Before its start there is nothing: the counter has stepped back.
        if ticks < 0 {
            return;
        }
        self.instants.push((ticks, nanoseconds));
        self.furthest = (self.furthest.0.max(ticks), self.furthest.1.max(nanoseconds));
        if self.instants.len() >= 2 * INSTANTS {
            self.settle();
        }
    }

    /// When the process began to record, in nanoseconds.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// Has every time come so many nanoseconds later.
    pub(crate) fn go_on(&mut self, by: u64) {
        let times = self.instants.iter_mut().map(|instant| &mut instant.1);
        for time in times.chain([&mut self.started, &mut self.furthest.1]) {
            *time = time.saturating_add(by);
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
        let Piece { from, rise, run, .. } = self.piece(ticks);
        let since = i128::from(ticks - from.0) * i128::from(rise) / i128::from(run);
        let nanoseconds = i128::from(from.1) + since;
        u64::try_from(nanoseconds.max(self.started.into())).unwrap_or(LATEST).min(LATEST)
    }

    /// A way to convert times that come soon after this one.
    pub(crate) fn stretch(&self, ticks: u64) -> Stretch {
        let Piece { from, rise, run, end } = self.piece(self.since_start(ticks));
        let whole = rise / run;
        // Of a quotient that is rounded up, the error stays below what could change the result.
        let fraction = (u128::from(rise % run) << 64).div_ceil(u128::from(run)) as u64;
        let exact = (u64::MAX / run).min(LATEST / whole.saturating_add(1));
        // Before the first instant, and before its start, a clock is asked itself.
        let usable = end > from.0 && from.1 >= self.started;
        Stretch {
            from: self.start.0.wrapping_add(from.0 as u64),
            most: if usable { exact.min((end - from.0) as u64 - 1) } else { 0 },
            base: from.1.max(self.started).min(LATEST),
            whole,
            fraction,
        }
    }

    /// The two instants that enclose this one, or else the nearest and the speed in all. Of two
    /// neighbours that a step back has brought close to each other only what lies between them
    /// may be told: what lies around them would be years away.
    fn piece(&self, since: i64) -> Piece {
        let next = self.instants.partition_point(|instant| instant.0 <= since);
        let (before, after) = self.instants.split_at(next);
        let (rise, run) = match self.furthest {
            (run @ 1.., nanoseconds) => {
                let run = run as u64;
                ((nanoseconds - self.started).min(SLOWEST.saturating_mul(run)), run)
            }
            // Of this clock one instant is known: it is taken to count nanoseconds.
            _ => (1, 1),
        };
        const FOR_EVER: i64 = 1 << (TIME_BITS - 1);
        match (before.last(), after.first()) {
            (Some(&from), Some(to)) => {
                Piece { from, rise: to.1 - from.1, run: (to.0 - from.0) as u64, end: to.0 }
            }
            (Some(&from), None) => Piece { from, rise, run, end: FOR_EVER },
            (None, Some(&from)) => Piece { from, rise, run, end: from.0 },
            (None, None) => Piece { from: (0, self.started), rise, run, end: FOR_EVER },
        }
    }

    /// When the process began to record.
    #[inline]
    pub(crate) fn start(&self) -> Start {
        self.start
    }

    #[inline]
    fn since_start(&self, ticks: u64) -> i64 {
        self.start.since(ticks)
    }
}

/// Ticks, all 64 bits, when a process began to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start(u64);

impl Start {
    /// Ticks since the start, negative before it, from ticks modulo 2⁵⁶.
    #[inline]
    pub(crate) fn since(self, ticks: u64) -> i64 {
        let unused = 64 - TIME_BITS;
        (ticks.wrapping_sub(self.0) << unused) as i64 >> unused
    }

    /// The other way: ticks modulo 2⁵⁶.
    pub(crate) fn at(self, since: i64) -> u64 {
        self.0.wrapping_add(since as u64) & ((1 << TIME_BITS) - 1)
    }
}

/// How fast a clock runs around an instant.
struct Piece {
    /// Ticks since the start, and nanoseconds.
    from: (i64, u64),
    /// So many nanoseconds take `run` ticks.
    rise: u64,
    run: u64,
    /// Up to there, in ticks since the start, exclusive.
    end: i64,
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

    /// What [`Clock::nanoseconds`] gives; where this time is not within the stretch, it becomes
    /// another of the same clock.
    #[inline]
    pub(crate) fn go_on(&mut self, clock: &Clock, ticks: u64) -> u64 {
        if let Some(nanoseconds) = self.nanoseconds(ticks) {
            return nanoseconds;
        }
        *self = clock.stretch(ticks);
        self.nanoseconds(ticks).unwrap_or_else(|| clock.nanoseconds(ticks))
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
        assert_eq!(clock.nanoseconds(499), 1_000);
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
