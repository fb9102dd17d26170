//! Counters with fewer values, which include all peaks.

use super::Sink;
use super::survey::Extent;
use super::time_slots::{Occupancy, TimeSlots};
use crate::reading::Nanos;
use crate::timeline::item::{Counter, Item};

/// Downsamples one counter. Of each time slot the lowest, the highest and the last value are kept:
/// the counter has the last one until the next slot.
#[derive(Debug)]
pub(super) struct CounterDownsampler {
    /// Whether all values are kept.
    is_whole: bool,
    /// The slots with values.
    occupancy: Occupancy,
    slots: TimeSlots,
    /// How many values it has been given.
    passed: u64,
    slot: Option<SlotValues>,
    left_out: u64,
}

/// The values of a time slot that may be kept.
#[derive(Clone, Copy, Debug)]
struct SlotValues {
    slot: u64,
    count: u64,
    lowest: Value,
    highest: Value,
    last: Value,
}

/// A value, and how many came before it.
#[derive(Clone, Copy, Debug)]
struct Value {
    counter: Counter,
    position: u64,
}

/// Maximum number of values that are kept of a time slot.
const MAX_SLOT_VALUES: u64 = 3;

impl CounterDownsampler {
    /// A counter with at most `max_events` values, but at least three.
    pub(super) fn new(extent: Extent, max_events: u64) -> Self {
        let is_whole = extent.events <= max_events;
        let max_slots = if is_whole { 1 } else { max_events / MAX_SLOT_VALUES };
        let occupancy = Occupancy::new(extent, max_slots);
        CounterDownsampler {
            is_whole,
            slots: occupancy.divide(1),
            occupancy,
            passed: 0,
            slot: None,
            left_out: 0,
        }
    }

    /// Planning pass: there is a value at `time`.
    pub(super) fn mark(&mut self, time: Nanos) {
        if !self.is_whole {
            self.occupancy.mark(time);
        }
    }

    /// After the planning pass: decides which values are kept, at most `max_events`.
    pub(super) fn divide(&mut self, max_events: u64) {
        self.slots = self.occupancy.divide(max_events / MAX_SLOT_VALUES);
    }

    /// Output pass: takes the next value.
    pub(super) fn counter<E>(&mut self, counter: Counter, sink: &mut Sink<'_, E>) -> Result<(), E> {
        if self.is_whole {
            return sink(&Item::Counter(counter));
        }
        let slot = self.slots.at(counter.time);
        let value = Value { counter, position: self.passed };
        self.passed += 1;
        match &mut self.slot {
            // Values can come late: by a nanosecond, or at the end where clocks differ.
            Some(values) if slot <= values.slot => values.add(value),
            _ => {
                self.flush(sink)?;
                let (lowest, highest, last) = (value, value, value);
                self.slot = Some(SlotValues { slot, count: 1, lowest, highest, last });
            }
        }
        Ok(())
    }

    /// After the last value: passes on what remains, and returns how many values are left out.
    pub(super) fn finish<E>(&mut self, sink: &mut Sink<'_, E>) -> Result<u64, E> {
        self.flush(sink)?;
        Ok(self.left_out)
    }

    fn flush<E>(&mut self, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let Some(SlotValues { count, lowest, highest, last, .. }) = self.slot.take() else {
            return Ok(());
        };
        let mut kept = vec![lowest, highest, last];
        kept.sort_unstable_by_key(Value::order);
        kept.dedup_by_key(|value| value.position);
        self.left_out += count - kept.len() as u64;
        kept.iter().try_for_each(|value| sink(&Item::Counter(value.counter)))
    }
}

impl SlotValues {
    fn add(&mut self, value: Value) {
        self.count += 1;
        if value.counter.value < self.lowest.counter.value {
            self.lowest = value;
        }
        if value.counter.value > self.highest.counter.value {
            self.highest = value;
        }
        if value.order() > self.last.order() {
            self.last = value;
        }
    }
}

impl Value {
    fn order(&self) -> (Nanos, u64) {
        (self.counter.time, self.position)
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
        assert_eq!(downsampler.finish(&mut sink), Ok(5));
        assert_eq!(kept, [(20, 9), (40, 2), (70, 4)]);
    }
}
