//! The rows of a picture, and how many events each of them gets.

use std::collections::BTreeMap;

use typed_index_collections::TiVec;

use super::counters::CounterDownsampler;
use super::rows::RowDownsampler;
use super::states::StateDownsampler;
use super::survey::Extents;
use crate::reading::catalog::{ChannelIndex, PrimitiveIndex, ThreadIndex};
use crate::timeline::item::{Count, HeldLock, Row};

/// How many events each row would have if all were shown.
#[derive(Debug)]
pub(super) struct RowSizes {
    /// Of threads' slices, lanes of locks, and counters.
    rows: Vec<u64>,
    /// Of threads' states.
    states: Vec<u64>,
}

/// A thread's states get one event where another row gets this many.
const STATES_DIVISOR: u64 = 4;

/// Minimum number of states that a thread gets: the longest one, and what is before and after it.
const MIN_STATES: u64 = 3;

/// How many events a thread's states get if other rows get `limit`.
fn states_limit(limit: u64) -> u64 {
    (limit / STATES_DIVISOR).max(MIN_STATES)
}

impl RowSizes {
    pub(super) fn new(extents: &Extents) -> Self {
        let rows = extents.threads.iter().chain(extents.locks.values());
        let rows = rows.chain(extents.counters.iter().flatten());
        RowSizes {
            rows: rows.map(|extent| extent.events).collect(),
            states: extents.states.iter().map(|extent| extent.events).collect(),
        }
    }

    /// How many events there are if each row gets at most `limit`.
    pub(super) fn total(&self, limit: u64) -> u64 {
        let total = |sizes: &[u64], limit| sizes.iter().map(|size| (*size).min(limit)).sum::<u64>();
        total(&self.rows, limit) + total(&self.states, states_limit(limit))
    }

    /// The largest limit with which there are at most `budget` events.
    pub(super) fn limit(&self, budget: u64) -> u64 {
        let rows = self.rows.iter().copied();
        let states = self.states.iter().map(|size| size.saturating_mul(STATES_DIVISOR));
        let (mut low, mut high) = (0, rows.chain(states).max().unwrap_or(0));
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

/// All rows of a picture.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) threads: TiVec<ThreadIndex, RowDownsampler>,
    pub(super) states: TiVec<ThreadIndex, StateDownsampler>,
    pub(super) locks: BTreeMap<(PrimitiveIndex, u8), RowDownsampler>,
    /// By channel and [`Count`].
    pub(super) counters: TiVec<ChannelIndex, [CounterDownsampler; 2]>,
}

impl Rows {
    /// Before the planning pass. Rows with more than `limit` events are downsampled.
    pub(super) fn new(extents: &Extents, limit: u64) -> Self {
        let threads = extents.threads.iter_enumerated();
        let states = extents.states.iter().copied();
        let locks = extents.locks.iter();
        let counters = extents.counters.iter().copied();
        let row = |row, extent| RowDownsampler::new(row, extent, limit);
        Rows {
            threads: threads.map(|(thread, extent)| row(Row::Thread(thread), *extent)).collect(),
            states: states.map(|it| StateDownsampler::new(it, states_limit(limit))).collect(),
            locks: locks.map(|(&at, extent)| (at, row(Row::Lock(at.0, at.1), *extent))).collect(),
            counters: counters
                .map(|both| both.map(|extent| CounterDownsampler::new(extent, limit)))
                .collect(),
        }
    }

    /// After the planning pass: the maximum number of events that the kept slices and holds take.
    pub(super) fn taken(&self) -> u64 {
        self.threads.iter().chain(self.locks.values()).map(RowDownsampler::taken).sum()
    }

    /// After the planning pass: each row gets `limit` events.
    pub(super) fn divide(&mut self, limit: u64) {
        let rows = self.threads.iter_mut().chain(self.locks.values_mut());
        rows.for_each(|row| row.divide(limit));
        self.states.iter_mut().for_each(|states| states.divide(states_limit(limit)));
        self.counters.iter_mut().flatten().for_each(|counter| counter.divide(limit));
    }

    /// The row of a hold; `None` if it is not shown.
    pub(super) fn lock(&mut self, hold: &HeldLock) -> Option<&mut RowDownsampler> {
        self.locks.get_mut(&(hold.primitive, hold.lane?))
    }

    pub(super) fn counter(
        &mut self,
        channel: ChannelIndex,
        count: Count,
    ) -> &mut CounterDownsampler {
        &mut self.counters[channel][count as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_few_events_leave_more_to_the_others() {
        let sizes = RowSizes { rows: vec![5, 100, 200], states: vec![40, 2] };
        // The first row has 5, the others 40 each, and states have 10 and 2.
        assert_eq!((sizes.total(40), sizes.limit(97)), (97, 40));
        assert_eq!(sizes.limit(98), 40);
        assert_eq!(sizes.limit(u64::MAX), 200);
        assert_eq!(sizes.total(200), 347);
        assert_eq!(sizes.limit(0), 0);
    }
}
