//! Counters with fewer values, which include all peaks.

use super::Sink;
use super::layout::Extent;
use super::left_out::LeftOut;
use super::time_slots::TimeSlots;
use crate::reading::Nanos;
use crate::timeline::item::{Counter, Item};

/// Downsamples one counter. Of each time slot the lowest, the highest and the last value are kept:
/// the counter has the last one until the next slot.
#[derive(Debug)]
pub(super) struct CounterDownsampler {
    slots: TimeSlots,
    /// How many values it has been given.
    passed: u64,
    /// How many of them it has passed on.
    kept: u64,
    newest: Option<SlotValues>,
}

/// The values of a time slot that may be kept.
#[derive(Clone, Copy, Debug)]
struct SlotValues {
    slot: u64,
    lowest: Value,
    highest: Value,
    last: Value,
}

#[derive(Clone, Copy, Debug)]
struct Value {
    /// Its time, and how many values came before it.
    order: (Nanos, u64),
    counter: Counter,
}

/// Maximum number of values that are kept of a time slot.
const MAX_SLOT_VALUES: u64 = 3;

impl CounterDownsampler {
    /// A counter with at most `max_events` values, but at least three.
    pub(super) fn new(extent: Extent, max_events: u64) -> Self {
        let slots = TimeSlots::new(extent, max_events / MAX_SLOT_VALUES);
        CounterDownsampler { slots, passed: 0, kept: 0, newest: None }
    }

    /// Planning pass: there is a value at `time`.
    pub(super) fn mark(&mut self, time: Nanos) {
        self.slots.mark(time);
    }

    /// After the planning pass: decides which values are kept, at most `max_events`.
    pub(super) fn divide(&mut self, max_events: u64) {
        self.slots.divide(max_events / MAX_SLOT_VALUES);
    }

    /// Output pass: takes the next value.
    pub(super) fn counter<E>(&mut self, counter: Counter, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let slot = self.slots.at(counter.time);
        let value = Value { order: (counter.time, self.passed), counter };
        self.passed += 1;
        match &mut self.newest {
            // Values can come late: by a nanosecond, or at the end where clocks differ.
            Some(newest) if slot <= newest.slot => newest.add(value),
            _ => {
                self.flush(sink)?;
                let (lowest, highest, last) = (value, value, value);
                self.newest = Some(SlotValues { slot, lowest, highest, last });
            }
        }
        Ok(())
    }

    /// After the last value: passes on what remains, and counts the values that are left out.
    pub(super) fn finish<E>(
        mut self,
        left_out: &mut LeftOut,
        sink: &mut Sink<'_, E>,
    ) -> Result<(), E> {
        self.flush(sink)?;
        left_out.values += self.passed - self.kept;
        Ok(())
    }

    fn flush<E>(&mut self, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let Some(SlotValues { lowest, highest, last, .. }) = self.newest.take() else {
            return Ok(());
        };
        let mut kept = vec![lowest, highest, last];
        kept.sort_unstable_by_key(|value| value.order);
        kept.dedup_by_key(|value| value.order);
        self.kept += kept.len() as u64;
        kept.iter().try_for_each(|value| sink(&Item::Counter(value.counter)))
    }
}

impl SlotValues {
    fn add(&mut self, value: Value) {
        if value.counter.value < self.lowest.counter.value {
            self.lowest = value;
        }
        if value.counter.value > self.highest.counter.value {
            self.highest = value;
        }
        if value.order > self.last.order {
            self.last = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::catalog::ChannelIndex;
    use crate::timeline::item::Count;

    #[test]
    fn the_lowest_the_highest_and_the_last_value_of_a_slot_are_kept() {
        let values = [5, 6, 9, 6, 2, 3, 4, 4];
        let counter = |time: usize| Counter {
            channel: ChannelIndex::from(0),
            count: Count::QueueDepth,
            time: Nanos::new(time as u64 * 10),
            value: values[time],
        };
        let mut extent = Extent::default();
        (0..values.len()).for_each(|time| extent.add(counter(time).time));
        let mut downsampler = CounterDownsampler::new(extent, 3);
        (0..values.len()).for_each(|time| downsampler.mark(counter(time).time));
        downsampler.divide(3);
        let mut kept = Vec::new();
        let mut sink = |item: &Item| match item {
            Item::Counter(counter) => {
                kept.push((counter.time.get(), counter.value));
                Ok(())
            }
            other => Err(format!("it is not a counter: {other:?}")),
        };
        for time in 0..values.len() {
            downsampler.counter(counter(time), &mut sink).expect("all items are counters");
        }
        let mut left_out = LeftOut::default();
        assert_eq!(downsampler.finish(&mut left_out, &mut sink), Ok(()));
        assert_eq!(left_out.values, 5);
        assert_eq!(kept, [(20, 9), (40, 2), (70, 4)]);
    }
}
