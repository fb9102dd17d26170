//! How often something happened in the last second.

use crate::reading::Nanos;

/// Counts what happens, by tenths of a second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    /// The number of the current tenth.
    slot: u64,
    /// By the number of the tenth, modulo the number of counts.
    counts: [u32; SLOTS + 1],
}

/// The length of a slot in nanoseconds.
const SLOT_NS: u64 = 100_000_000;
/// The number of slots in a second.
const SLOTS: usize = 10;

impl Rate {
    #[inline]
    pub(super) fn add(&mut self, time: Nanos) {
        let slot = time.get() / SLOT_NS;
        if slot > self.slot {
            self.pass_to(slot);
        }
        self.counts[self.slot as usize % self.counts.len()] += 1;
    }

    fn pass_to(&mut self, slot: u64) {
        let passed = (slot - self.slot).min(self.counts.len() as u64);
        for slot in slot + 1 - passed..=slot {
            self.counts[slot as usize % self.counts.len()] = 0;
        }
        self.slot = slot;
    }

    /// How often a second it happened in the second before `now`, and in the tenth that has begun.
    pub(super) fn per_second(&self, now: Nanos) -> f64 {
        let mut rate = *self;
        let slot = now.get() / SLOT_NS;
        if slot > rate.slot {
            rate.pass_to(slot);
        }
        let count: u64 = rate.counts.iter().map(|&count| u64::from(count)).sum();
        let before = (rate.slot * SLOT_NS).min(SLOTS as u64 * SLOT_NS);
        let time = before + now.get().saturating_sub(rate.slot * SLOT_NS);
        count as f64 * 1e9 / time.max(SLOT_NS) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Something that happens every millisecond for this long.
    fn every_millisecond(duration: u64) -> Rate {
        let mut rate = Rate::default();
        for time in (0..duration).step_by(1_000_000) {
            rate.add(Nanos::new(time));
        }
        rate
    }

    #[test]
    fn a_rate_is_that_of_the_last_second() {
        for duration in [SLOT_NS, SECOND / 2, SECOND, 3 * SECOND, 3 * SECOND + SLOT_NS / 2] {
            let rate = every_millisecond(duration).per_second(Nanos::new(duration));
            assert!((rate - 1_000.0).abs() < 1.0, "{rate} after {duration}");
        }
        // A single event in a short time is not extrapolated.
        let mut once = Rate::default();
        once.add(Nanos::new(5));
        assert_eq!(once.per_second(Nanos::new(10)), 10.0);
    }

    #[test]
    fn a_rate_falls_when_nothing_happens_any_more() {
        let rate = every_millisecond(3 * SECOND);
        let after = |time| rate.per_second(Nanos::new(3 * SECOND + time)).round();
        assert_eq!(
            [after(0), after(SECOND / 2), after(SECOND), after(2 * SECOND)],
            [1e3, 5e2, 0.0, 0.0]
        );
    }
}
