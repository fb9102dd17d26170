//! Which slices, holds and messages are kept: the heaviest candidates.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashSet;

use crate::timeline::item::{Flow, Slice};

/// A slice, a hold or a message that may be kept. The heaviest candidates are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    weight: u64,
    /// Of two with one weight the earlier is kept.
    position: Reverse<u64>,
    subject: Subject,
}

impl Candidate {
    /// `position` is the position among all items.
    pub(super) fn new(weight: u64, position: u64, subject: Subject) -> Self {
        Candidate { weight, position: Reverse(position), subject }
    }
}

/// What a candidate keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// The slice or the hold at its position.
    Single,
    /// The slice at its position, which is the end of a wait.
    Wait {
        /// The position of the wait.
        wait: u64,
        /// The flow that ends at the slice. Its start is kept, too.
        flow: Option<u64>,
    },
    /// The message with this flow: its send, flight and receive.
    Message(u64),
    /// The message with this flow, which was not received: its send and flight.
    LostMessage(u64),
}

impl Subject {
    /// Maximum number of events that it takes. A slice takes one, and two more because it divides
    /// what is merged around it and in it.
    pub(super) const fn cost(self) -> u64 {
        const SLICE: u64 = 3;
        const FLIGHT: u64 = 1;
        match self {
            Subject::Single => SLICE,
            Subject::LostMessage(_) => SLICE + FLIGHT,
            Subject::Message(_) => 2 * SLICE + FLIGHT,
            Subject::Wait { .. } => 3 * SLICE + FLIGHT,
        }
    }
}

/// The heaviest of some candidates.
#[derive(Clone, Debug)]
pub(super) struct Heaviest {
    max: usize,
    heap: BinaryHeap<Reverse<Candidate>>,
}

impl Heaviest {
    /// At most `max` candidates.
    pub(super) fn new(max: u64) -> Self {
        Heaviest { max: usize::try_from(max).unwrap_or(usize::MAX), heap: BinaryHeap::new() }
    }

    /// Adds a candidate. Returns one for which there is no room.
    pub(super) fn offer(&mut self, candidate: Candidate) -> Option<Candidate> {
        if self.heap.len() < self.max {
            self.heap.push(Reverse(candidate));
            return None;
        }
        match self.heap.peek_mut() {
            Some(mut lightest) if lightest.0 < candidate => {
                Some(std::mem::replace(&mut lightest.0, candidate))
            }
            _ => Some(candidate),
        }
    }

    /// The heaviest first.
    pub(super) fn into_sorted(self) -> impl Iterator<Item = Candidate> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(candidate)| candidate)
    }
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The positions of slices and holds, in any order.
    positions: Vec<u64>,
    pub(super) flows: KeptFlows,
    /// Maximum number of events that this takes, with those that it divides others into.
    pub(super) cost: u64,
}

impl Kept {
    /// Keeps the first candidates, as long as they take at most `budget` events.
    pub(super) fn take(&mut self, candidates: &mut dyn Iterator<Item = Candidate>, budget: u64) {
        let max_cost = self.cost.saturating_add(budget);
        for Candidate { position: Reverse(position), subject, .. } in candidates {
            if self.cost + subject.cost() > max_cost {
                return;
            }
            self.cost += subject.cost();
            match subject {
                Subject::Single => self.positions.push(position),
                Subject::Wait { wait, flow } => {
                    self.positions.extend([wait, position]);
                    self.flows.all.extend(flow);
                }
                Subject::Message(flow) => self.flows.add(flow),
                Subject::LostMessage(flow) => self.flows.add_endless(flow),
            }
        }
    }

    /// The positions of slices and holds, before the first item.
    pub(super) fn positions(&self) -> KeptPositions {
        let mut kept = self.positions.clone();
        kept.sort_unstable();
        kept.dedup();
        KeptPositions { kept, passed: 0, passed_kept: 0 }
    }
}

/// The positions of kept slices and holds among all items, and how many items have passed.
#[derive(Debug)]
pub(super) struct KeptPositions {
    /// In order.
    kept: Vec<u64>,
    passed: u64,
    passed_kept: usize,
}

impl KeptPositions {
    /// Moves on to the next item. Returns whether it is kept.
    pub(super) fn advance(&mut self) -> bool {
        let is_kept = self.kept.get(self.passed_kept) == Some(&self.passed);
        self.passed_kept += usize::from(is_kept);
        self.passed += 1;
        is_kept
    }

    /// Moves back to the first item.
    pub(super) fn rewind(&mut self) {
        (self.passed, self.passed_kept) = (0, 0);
    }
}

/// The flows whose ends are kept, and the messages in flight between them.
#[derive(Debug, Default)]
pub(super) struct KeptFlows {
    all: FxHashSet<u64>,
    /// Those of them that end nowhere: their messages were not received.
    endless: FxHashSet<u64>,
}

impl KeptFlows {
    pub(super) fn add(&mut self, flow: u64) {
        self.all.insert(flow);
    }

    pub(super) fn add_endless(&mut self, flow: u64) {
        self.all.insert(flow);
        self.endless.insert(flow);
    }

    pub(super) fn contains(&self, flow: u64) -> bool {
        self.all.contains(&flow)
    }

    /// Whether one of the slice's flows is kept.
    pub(super) fn has_any_of(&self, slice: &Slice) -> bool {
        match &slice.flow {
            Some(Flow::Out(flows)) => flows.clone().any(|flow| self.contains(flow)),
            Some(Flow::In(flow)) => self.contains(*flow),
            None => false,
        }
    }

    /// The slice's flows that are shown, which are those with two ends.
    pub(super) fn shown(&mut self, slice: &Slice) -> Option<Flow> {
        match slice.flow.as_ref()? {
            Flow::Out(flows) => {
                let is_shown = |flow: &u64| self.all.contains(flow) && !self.endless.contains(flow);
                let first = flows.clone().find(is_shown)?;
                let end = (first..flows.end).find(|flow| !is_shown(flow)).unwrap_or(flows.end);
                // The flows of a slice have consecutive numbers: those after a gap are not shown.
                for flow in end..flows.end {
                    self.all.remove(&flow);
                }
                Some(Flow::Out(first..end))
            }
            Flow::In(flow) => self.contains(*flow).then_some(Flow::In(*flow)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_are_kept_and_of_equals_the_earlier() {
        let mut heaviest = Heaviest::new(3);
        let weights = [5, 9, 7, 9, 5, 8];
        let candidates = (0..).zip(weights);
        let candidate = |(position, weight)| Candidate::new(weight, position, Subject::Single);
        let rejected = candidates.map(candidate).filter_map(|it| heaviest.offer(it)).count();
        assert_eq!(rejected, 3);
        let mut kept = Kept::default();
        // There is room for two.
        kept.take(&mut heaviest.into_sorted(), 3 * Subject::Single.cost() - 1);
        assert_eq!((kept.cost, kept.positions().kept), (6, vec![1, 3]));
    }
}
