//! Side by side, where several things are at the same time.

use std::collections::BTreeMap;

use super::MOST_LANES;

/// Lanes, of which those with the lowest numbers are used first.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// How many there are.
    count: usize,
    /// From when on each is free that is.
    free: BTreeMap<usize, u64>,
}

impl Lanes {
    /// A lane that is free at this time, if there is one.
    #[inline]
    pub(super) fn take(&mut self, time: u64) -> Option<usize> {
        let free = self.free.iter().find(|&(_, &from)| from <= time).map(|(&lane, _)| lane);
        if let Some(lane) = free {
            self.free.remove(&lane);
            return Some(lane);
        }
        let lane = self.count;
        self.count += usize::from(lane < MOST_LANES);
        (lane < MOST_LANES).then_some(lane)
    }

    /// The lane is free from this time on.
    #[inline]
    pub(super) fn give_back(&mut self, lane: Option<usize>, time: u64) {
        self.free.extend(lane.map(|lane| (lane, time)));
    }
}
