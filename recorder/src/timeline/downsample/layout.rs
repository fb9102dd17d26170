//! The rows of a picture, and how many events each of them gets.

use std::collections::BTreeMap;

use typed_index_collections::TiVec;

use super::counters::CounterDownsampler;
use super::rows::RowDownsampler;
use super::states::StateDownsampler;
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, PrimitiveIndex, ThreadIndex};
use crate::timeline::item::{Counter, HeldLock, Row};

/// How many events there are in a row, and when the first and the last of them begin.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    pub(super) events: u64,
    pub(super) first: Nanos,
    pub(super) last: Nanos,
}

impl Extent {
    /// Adds an event that begins at `time`.
    pub(super) fn add(&mut self, time: Nanos) {
        self.first = if self.events == 0 { time } else { self.first.min(time) };
        self.last = self.last.max(time);
        self.events += 1;
    }

    /// The time between the first and the last event.
    pub(super) fn length(&self) -> Nanos {
        self.last.since(self.first)
    }
}

/// The extents of all rows.
#[derive(Debug)]
pub(super) struct Extents {
    /// The slices of each thread, plus the messages that it sends: if all slices are shown, so are
    /// those.
    pub(super) threads: TiVec<ThreadIndex, Extent>,
    /// The states of each thread.
    pub(super) states: TiVec<ThreadIndex, Extent>,
    /// The holds of each lock and lane.
    pub(super) locks: BTreeMap<(PrimitiveIndex, u8), Extent>,
    /// By channel and [`Count`](crate::timeline::item::Count).
    pub(super) counters: TiVec<ChannelIndex, [Extent; 2]>,
}

/// A thread's states get one event where another row gets this many.
const STATES_DIVISOR: u64 = 4;

/// Minimum number of states that a thread gets: the longest one, and what is before and after it.
const MIN_STATES: u64 = 3;

/// How many events a thread's states get if other rows get `limit`.
fn states_limit(limit: u64) -> u64 {
    (limit / STATES_DIVISOR).max(MIN_STATES)
}

impl Extents {
    /// The number of events of each row except threads' states.
    fn rows(&self) -> impl Iterator<Item = u64> {
        let rows = self.threads.iter().chain(self.locks.values());
        rows.chain(self.counters.iter().flatten()).map(|extent| extent.events)
    }

    /// The number of each thread's states.
    fn states(&self) -> impl Iterator<Item = u64> {
        self.states.iter().map(|extent| extent.events)
    }

    /// How many events there are if each row gets at most `limit`.
    pub(super) fn total(&self, limit: u64) -> u64 {
        let rows = self.rows().map(|events| events.min(limit));
        let states = self.states().map(|events| events.min(states_limit(limit)));
        rows.chain(states).sum()
    }

    /// The largest limit with which there are at most `budget` events.
    pub(super) fn limit(&self, budget: u64) -> u64 {
        let states = self.states().map(|events| events.saturating_mul(STATES_DIVISOR));
        let (mut low, mut high) = (0, self.rows().chain(states).max().unwrap_or(0));
        while low < high {
            let limit = low + (high - low).div_ceil(2);
            if self.total(limit) <= budget {
                low = limit;
            } else {
                high = limit - 1;
            }
        }
        low
    }
}

/// All rows of a picture; `None` for those that are shown whole.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) threads: TiVec<ThreadIndex, Option<RowDownsampler>>,
    pub(super) states: TiVec<ThreadIndex, Option<StateDownsampler>>,
    pub(super) locks: BTreeMap<(PrimitiveIndex, u8), Option<RowDownsampler>>,
    /// By channel and [`Count`](crate::timeline::item::Count).
    pub(super) counters: TiVec<ChannelIndex, [Option<CounterDownsampler>; 2]>,
}

impl Rows {
    /// Before the planning pass. Rows with more than `limit` events are downsampled.
    pub(super) fn new(extents: &Extents, limit: u64) -> Self {
        let row = |row, extent: Extent| {
            (extent.events > limit).then(|| RowDownsampler::new(row, extent, limit))
        };
        let counter = |extent: Extent| {
            (extent.events > limit).then(|| CounterDownsampler::new(extent, limit))
        };
        let states_limit = states_limit(limit);
        let states = |&extent: &Extent| {
            (extent.events > states_limit).then(|| StateDownsampler::new(extent, states_limit))
        };
        let threads = extents.threads.iter_enumerated();
        let locks = extents.locks.iter();
        Rows {
            threads: threads.map(|(thread, &extent)| row(Row::Thread(thread), extent)).collect(),
            states: extents.states.iter().map(states).collect(),
            locks: locks.map(|(&at, &extent)| (at, row(Row::Lock(at.0, at.1), extent))).collect(),
            counters: extents.counters.iter().map(|both| both.map(counter)).collect(),
        }
    }

    /// After the planning pass: each row gets `limit` events.
    pub(super) fn divide(&mut self, limit: u64) {
        let rows = self.threads.iter_mut().chain(self.locks.values_mut()).flatten();
        rows.for_each(|row| row.divide(limit));
        self.states.iter_mut().flatten().for_each(|states| states.divide(states_limit(limit)));
        let counters = self.counters.iter_mut().flatten().flatten();
        counters.for_each(|counter| counter.divide(limit));
    }

    /// The row of a hold; `None` if the hold is not shown.
    pub(super) fn lock(&mut self, hold: &HeldLock) -> Option<&mut Option<RowDownsampler>> {
        self.locks.get_mut(&(hold.primitive, hold.lane?))
    }

    /// The row of a counter.
    pub(super) fn counter(&mut self, counter: &Counter) -> Option<&mut CounterDownsampler> {
        self.counters[counter.channel][counter.count as usize].as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_few_events_leave_more_to_the_others() {
        let extent = |events| Extent { events, ..Extent::default() };
        let extents = Extents {
            threads: [5, 100].map(extent).into_iter().collect(),
            states: [40, 2].map(extent).into_iter().collect(),
            locks: BTreeMap::from([((PrimitiveIndex::from(0), 0), extent(200))]),
            counters: TiVec::new(),
        };
        // The first row has 5, the others 40 each, and states have 10 and 2.
        assert_eq!((extents.total(40), extents.limit(97)), (97, 40));
        assert_eq!(extents.limit(98), 40);
        assert_eq!(extents.limit(u64::MAX), 200);
        assert_eq!(extents.total(200), 347);
        assert_eq!(extents.limit(0), 0);
    }
}
