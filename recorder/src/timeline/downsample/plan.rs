//! The planning pass: finds the times of the events that will be merged, and where kept events
//! divide them.

use rustc_hash::FxHashSet;

use super::candidates::{KeptFlows, KeptPositions};
use super::layout::Rows;
use crate::timeline::item::{Count, Fate, Flight, Flow, Item, Slice};

/// The planning pass.
#[derive(Debug)]
pub(super) struct Plan<'d> {
    rows: &'d mut Rows,
    positions: &'d mut KeptPositions,
    flows: &'d mut KeptFlows,
    /// Flows that start in rows that are kept whole, and have not ended.
    started: FxHashSet<u64>,
    /// How many messages in flight are shown without being counted in their senders' rows.
    flights: u64,
}

impl<'d> Plan<'d> {
    /// A plan before the first item.
    pub(super) fn new(
        rows: &'d mut Rows,
        positions: &'d mut KeptPositions,
        flows: &'d mut KeptFlows,
    ) -> Self {
        Plan { rows, positions, flows, started: FxHashSet::default(), flights: 0 }
    }

    /// Takes the next item.
    pub(super) fn item(&mut self, item: &Item) {
        let is_kept = self.positions.advance();
        match item {
            Item::Slice(slice) => self.slice(slice, is_kept),
            Item::Flight(flight) => self.flight(flight),
            Item::Hold(hold) => match self.rows.lock(hold).filter(|row| !row.is_whole) {
                Some(row) if is_kept => row.cut(hold.begin, hold.end),
                Some(row) => row.mark(hold.begin),
                None => {}
            },
            Item::Counter(counter) => {
                self.rows.counter(counter.channel, counter.count).mark(counter.time);
            }
            Item::State(state) => self.rows.states[state.thread].mark(state),
            Item::Merged(_) | Item::MergedStates(_) => {}
        }
    }

    fn slice(&mut self, slice: &Slice, is_kept: bool) {
        let row = &mut self.rows.threads[slice.thread];
        match &slice.flow {
            Some(Flow::Out(flows)) if row.is_whole => self.started.extend(flows.clone()),
            Some(Flow::In(flow)) if self.started.remove(flow) && row.is_whole => {
                self.flows.add(*flow);
            }
            _ => {}
        }
        if !row.is_whole {
            match is_kept || self.flows.has_any_of(slice) {
                true => row.cut(slice.begin, slice.end),
                false => row.mark(slice.begin),
            }
        }
        if let (Some(channel), Some(_)) = (slice.channel(), slice.depth) {
            self.rows.counter(channel, Count::QueueDepth).mark(slice.begin);
        }
    }

    fn flight(&mut self, flight: &Flight) {
        if self.started.contains(&flight.flow) {
            if flight.fate != Fate::Received {
                self.flows.add_endless(flight.flow);
            }
        } else if self.flows.contains(flight.flow) {
            self.flights += 1;
        }
    }

    /// After the last item: the maximum number of events that kept slices, holds and messages take.
    pub(super) fn finish(self) -> u64 {
        self.positions.rewind();
        self.flights + self.rows.taken()
    }
}
