//! Time slots of equal length.
//!
//! Programs work in bursts. So that a picture has most detail where most happens, the slots are as
//! short as there is room for those in which something happens.

use super::survey::Extent;
use crate::reading::Nanos;

/// Time, divided into slots of equal length.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeSlots {
    start: Nanos,
    /// In nanoseconds.
    width: u64,
}

impl TimeSlots {
    /// At most `max` slots, for events that start within an extent.
    fn new(extent: Extent, max: u64) -> Self {
        TimeSlots { start: extent.first, width: 1 + extent.length().get() / max.max(1) }
    }

    /// The number of the slot of a time.
    pub(super) fn at(self, time: Nanos) -> u64 {
        time.since(self.start).get() / self.width
    }

    /// The end of a slot, where the next one starts.
    pub(super) fn end(self, number: u64) -> Nanos {
        Nanos::new((number + 1).saturating_mul(self.width)) + self.start
    }
}

/// Which of many very short slots have events.
#[derive(Clone, Debug)]
pub(super) struct Occupancy {
    slots: TimeSlots,
    /// A bit for each.
    bits: Vec<u64>,
}

/// Maximum number of the very short slots in one slot, if time were evenly divided.
const MAX_SLOTS_PER_SLOT: u64 = 64;

impl Occupancy {
    /// No events yet. [`divide`](Occupancy::divide) can make about `max` slots of it.
    pub(super) fn new(extent: Extent, max: u64) -> Self {
        let slots = TimeSlots::new(extent, max.saturating_mul(MAX_SLOTS_PER_SLOT));
        let words = 1 + slots.at(extent.last) / u64::from(u64::BITS);
        Occupancy { slots, bits: vec![0; words as usize] }
    }

    /// An event starts at `time`.
    pub(super) fn mark(&mut self, time: Nanos) {
        let number = self.slots.at(time);
        if let Some(word) = self.bits.get_mut((number / u64::from(u64::BITS)) as usize) {
            *word |= 1 << (number % u64::from(u64::BITS));
        }
    }

    /// The shortest slots of which at most `max` have events.
    pub(super) fn divide(&self, max: u64) -> TimeSlots {
        let TimeSlots { start, width } = self.slots;
        let mut factor = 1;
        while self.count(factor) > max.max(1) {
            factor = (factor + 1).max(factor * 5 / 4);
        }
        TimeSlots { start, width: width.saturating_mul(factor) }
    }

    /// How many slots that are longer by this factor have events.
    fn count(&self, factor: u64) -> u64 {
        let bits = u64::from(u64::BITS);
        let (mut count, mut last) = (0, None);
        for (word, &set) in (0..).zip(&self.bits) {
            let mut set = set;
            while set != 0 {
                let number = (word * bits + u64::from(set.trailing_zeros())) / factor;
                count += u64::from(last.replace(number) != Some(number));
                set &= set - 1;
            }
        }
        count
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
            let mut occupancy = Occupancy::new(extent, max);
            times.iter().for_each(|&time| occupancy.mark(Nanos::new(time)));
            let slots = occupancy.divide(max);
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
