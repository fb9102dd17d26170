//! Which slices, holds and messages are kept: the heaviest candidates.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::timeline::item::{Flow, Slice};

/// A slice, a hold or a message that may be kept. The heaviest candidates are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub(super) weight: u64,
    /// Its position among all items. Of two with one weight the earlier is kept.
    pub(super) position: Reverse<u64>,
    pub(super) subject: Subject,
}

impl Candidate {
    /// `position` is the position among all items.
    pub(super) fn new(weight: u64, position: u64, subject: Subject) -> Self {
        Candidate { weight, position: Reverse(position), subject }
    }

    /// The slice or the hold at this position.
    pub(super) fn single(weight: u64, position: u64) -> Self {
        Candidate::new(weight, position, Subject::Single)
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

/// The heaviest, and so the greatest, of some candidates.
#[derive(Clone, Debug)]
pub(super) struct Heaviest<T = Candidate> {
    max: usize,
    heap: BinaryHeap<Reverse<T>>,
}

impl<T: Ord> Heaviest<T> {
    /// At most `max` candidates.
    pub(super) fn new(max: u64) -> Self {
        Heaviest { max: usize::try_from(max).unwrap_or(usize::MAX), heap: BinaryHeap::new() }
    }

    /// Adds a candidate. Returns one for which there is no room.
    pub(super) fn offer(&mut self, candidate: T) -> Option<T> {
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

    /// Takes all candidates, the heaviest first.
    pub(super) fn take_sorted(&mut self) -> impl Iterator<Item = T> + use<T> {
        let sorted = std::mem::take(&mut self.heap).into_sorted_vec();
        sorted.into_iter().map(|Reverse(candidate)| candidate)
    }
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The positions of slices and holds among all items.
    pub(super) positions: FxHashSet<u64>,
    /// The flows whose ends are kept, with the messages in flight between them. The value is whether
    /// it ends nowhere: its message was not received.
    flows: FxHashMap<u64, bool>,
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
                Subject::Single => drop(self.positions.insert(position)),
                Subject::Wait { wait, flow } => {
                    self.positions.extend([wait, position]);
                    flow.into_iter().for_each(|flow| self.add_flow(flow));
                }
                Subject::Message(flow) => self.add_flow(flow),
                Subject::LostMessage(flow) => self.add_endless_flow(flow),
            }
        }
    }

    pub(super) fn add_flow(&mut self, flow: u64) {
        self.flows.entry(flow).or_insert(false);
    }

    pub(super) fn add_endless_flow(&mut self, flow: u64) {
        self.flows.insert(flow, true);
    }

    pub(super) fn has_flow(&self, flow: u64) -> bool {
        self.flows.contains_key(&flow)
    }

    /// Whether the slice at this position is kept, or one of its flows.
    pub(super) fn has_slice(&self, position: u64, slice: &Slice) -> bool {
        self.positions.contains(&position)
            || match &slice.flow {
                Some(Flow::Out(flows)) => flows.clone().any(|flow| self.has_flow(flow)),
                Some(Flow::In(flow)) => self.has_flow(*flow),
                None => false,
            }
    }

    /// The slice's flows that are shown, which are those with two ends.
    pub(super) fn shown_flow(&mut self, slice: &Slice) -> Option<Flow> {
        match slice.flow.as_ref()? {
            Flow::Out(flows) => {
                let is_shown = |flow: &u64| self.flows.get(flow) == Some(&false);
                let first = flows.clone().find(is_shown)?;
                let end = (first..flows.end).find(|flow| !is_shown(flow)).unwrap_or(flows.end);
                // The flows of a slice have consecutive numbers: those after a gap are not shown.
                for flow in end..flows.end {
                    self.flows.remove(&flow);
                }
                Some(Flow::Out(first..end))
            }
            Flow::In(flow) => self.has_flow(*flow).then_some(Flow::In(*flow)),
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
        let candidate = |(position, weight)| Candidate::single(weight, position);
        let rejected = candidates.map(candidate).filter_map(|it| heaviest.offer(it)).count();
        assert_eq!(rejected, 3);
        let mut kept = Kept::default();
        // There is room for two.
        kept.take(&mut heaviest.take_sorted(), 3 * Subject::Single.cost() - 1);
        assert_eq!((kept.cost, kept.positions), (6, FxHashSet::from_iter([1, 3])));
    }
}
