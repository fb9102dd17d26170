//! Time slots of equal length.
//!
//! Programs work in bursts. So that a picture has most detail where most happens, the slots are as
//! short as there is room for those in which something happens.

use super::layout::Extent;
use crate::reading::Nanos;

/// Time, divided into slots of equal length: very short ones, until [`divide`](Self::divide) makes
/// them longer.
#[derive(Debug)]
pub(super) struct TimeSlots {
    start: Nanos,
    /// In nanoseconds.
    width: u64,
    /// Which of the very short slots have events: a bit for each.
    occupied: Vec<u64>,
}

/// Maximum number of the very short slots in one slot, if time were evenly divided.
const MAX_SLOTS_PER_SLOT: u64 = 64;

const WORD: u64 = u64::BITS as u64;

impl TimeSlots {
    /// Slots for events that start within an extent. [`divide`](Self::divide) can make about `max`
    /// of them.
    pub(super) fn new(extent: Extent, max: u64) -> Self {
        let max_short = max.saturating_mul(MAX_SLOTS_PER_SLOT).max(1);
        let width = 1 + extent.length().get() / max_short;
        let words = 1 + extent.length().get() / width / WORD;
        TimeSlots { start: extent.first, width, occupied: vec![0; words as usize] }
    }

    /// An event starts at `time`.
    pub(super) fn mark(&mut self, time: Nanos) {
        let number = self.at(time);
        if let Some(word) = self.occupied.get_mut((number / WORD) as usize) {
            *word |= 1 << (number % WORD);
        }
    }

    /// Makes the slots longer, so that at most `max` have events.
    pub(super) fn divide(&mut self, max: u64) {
        let mut factor = 1;
        while self.count(factor) > max.max(1) {
            factor = (factor + 1).max(factor * 5 / 4);
        }
        self.width = self.width.saturating_mul(factor);
    }

    /// How many slots that are longer by this factor have events.
    fn count(&self, factor: u64) -> u64 {
        let (mut count, mut last) = (0, None);
        for (word, &set) in (0..).zip(&self.occupied) {
            let mut set = set;
            while set != 0 {
                let number = (word * WORD + u64::from(set.trailing_zeros())) / factor;
                count += u64::from(last.replace(number) != Some(number));
                set &= set - 1;
            }
        }
        count
    }

    /// The number of the slot of a time.
    pub(super) fn at(&self, time: Nanos) -> u64 {
        time.since(self.start).get() / self.width
    }

    /// The end of a slot, where the next one starts.
    pub(super) fn end(&self, number: u64) -> Nanos {
        Nanos::new((number + 1).saturating_mul(self.width)) + self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_are_divided_finely_and_never_into_too_many_slots() {
        let extent = Extent { events: 2_000, first: Nanos::new(100), last: Nanos::new(1_000_100) };
        for (times, max) in [
            // Two bursts at the ends, and nothing in between.
            ((0..1_000).map(|it| 100 + it).chain((0..1_000).map(|it| 999_101 + it)).collect(), 10),
            // All the time.
            ((0..2_000).map(|it| 100 + it * 500).collect::<Vec<u64>>(), 10),
            (vec![100, 1_000_100], 1),
        ] {
            let mut slots = TimeSlots::new(extent, max);
            times.iter().for_each(|&time| slots.mark(Nanos::new(time)));
            slots.divide(max);
            let mut used: Vec<_> = times.iter().map(|&time| slots.at(Nanos::new(time))).collect();
            used.dedup();
            assert!(used.len() as u64 <= max, "{slots:?}");
            let evenly = 1 + 1_000_000 / max;
            assert!(slots.width < 2 * evenly, "{slots:?}");
            if times[1] == 101 {
                assert!(slots.width * 32 < evenly, "{slots:?}");
            }
        }
    }
}
