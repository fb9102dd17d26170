//! Pictures of runs that are too large for one: at most a given number of events.
//!
//! A [`Downsampler`] stands between the items that are [selected](crate::timeline::select) and the
//! traces. An event is a slice, a state, a message in flight, a lock that is held, a value of a
//! counter, or a mark of a finding: a row of Perfetto's tables `slice` and `counter`.
//!
//! - A row of the picture is a thread, a lane of a lock, or a counter. All rows get the same number
//!   of events; a row that has fewer is shown as it is. A thread's states are a row that gets a
//!   quarter of that, for an overview.
//! - Up to half of all events are kept unmerged: those that show findings; the start of threads and
//!   channels, the end of threads, panics, waits that never ended, errors and warnings; the longest
//!   waits with the slices that ended them; the slowest messages, of each channel and of all, with
//!   send, receive, flight and flow, and lost messages; the longest spans and holds; and the first
//!   and the last of each thread and channel.
//! - The other slices and holds are [merged](crate::timeline::item::Merged) by time, between the
//!   kept ones. The totals of kept and merged ones are those of the run.
//! - Of a counter the lowest, the highest and the last value of each time slot are kept.
//! - A flow is shown if both its ends are, and a message in flight if its flow is.
//! - Of a thread's states, those that take much of the run and a wait that never ended are kept.
//!   The others are [merged](crate::timeline::item::MergedStates) by time and by what the thread
//!   mostly does, without a gap. The totals are those of the run.
//!
//! That takes three passes over the items: the *survey* counts them and decides which are kept, the
//! *planning* pass finds the times of the others, and the *output* pass passes on and merges.
//! Memory grows with the number of events in the picture, by at most about 500 bytes each, not with
//! the number of events in the run.

use typed_index_collections::TiVec;

use crate::analysis::findings::Finding;
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ChannelIndex, ThreadIndex};
use crate::timeline::item::{Count, Counter, Flight, HeldLock, Item, Slice, SliceKind};

mod candidates;
mod counters;
mod layout;
mod left_out;
mod plan;
mod rows;
mod states;
mod survey;
mod time_slots;

use candidates::{KeptFlows, KeptPositions};
use layout::{RowSizes, Rows};
use left_out::LeftOut;
use plan::Plan;
use survey::Survey;

/// A function that takes items.
pub type Sink<'s, E> = dyn FnMut(&Item) -> Result<(), E> + 's;

/// A function that passes all items to a sink, in each call the same ones.
pub type ItemSource<'s, E> = dyn Fn(&mut Sink<'_, E>) -> Result<(), E> + 's;

/// Takes all items, and passes on a limited number of events.
#[derive(Debug)]
pub struct Downsampler<'a> {
    catalog: &'a Catalog,
    /// Maximum number of events.
    max_events: u64,
    /// Whether that is more than was asked for.
    is_raised: bool,
    positions: KeptPositions,
    flows: KeptFlows,
    rows: Rows,
    /// The lanes of each channel with messages in flight that are shown. Their indices are the new
    /// lanes.
    lanes: TiVec<ChannelIndex, Vec<u8>>,
    /// The thread and the time of the earliest slice.
    first: Option<(ThreadIndex, Nanos)>,
    /// How many messages in flight are not shown.
    flights_left_out: u64,
    /// The time of each thread's last receive that is shown.
    received: TiVec<ThreadIndex, Option<Nanos>>,
}

/// Minimum number of events of a row, unless it has fewer.
const MIN_ROW_EVENTS: u64 = 4;

/// Kept events get at most one event in this many.
const KEPT_DIVISOR: u64 = 2;

impl<'a> Downsampler<'a> {
    /// Plans a picture with at most `max_events`, in two passes over the items of `source`; `None`
    /// if it has no more anyway. If that is too few for four events in each row, the picture has
    /// more.
    ///
    /// # Errors
    /// Those of `source`.
    pub fn new<E>(
        max_events: u64,
        catalog: &'a Catalog,
        findings: &[Finding],
        source: &ItemSource<'_, E>,
    ) -> Result<Option<Self>, E> {
        let mut survey = Survey::new(max_events / KEPT_DIVISOR, findings, catalog);
        source(&mut |item| {
            survey.item(item);
            Ok(())
        })?;
        let marks: u64 = findings.iter().map(|finding| 1 + finding.evidence.len() as u64).sum();
        if survey.events + marks <= max_events {
            return Ok(None);
        }
        let (extents, kept) = survey.finish();
        let sizes = RowSizes::new(&extents);
        // The slice that describes what is left out, and the names of locks in a Chrome trace.
        let fixed = 1 + extents.locks.len() as u64 + marks;
        let min_events = sizes.total(MIN_ROW_EVENTS) + fixed + kept.cost;
        let is_raised = max_events < min_events;
        let max_events = max_events.max(min_events);
        let budget = max_events - fixed - kept.cost;
        let mut positions = kept.positions();
        let mut flows = kept.flows;
        let mut rows = Rows::new(&extents, sizes.limit(budget));
        let mut plan = Plan::new(&mut rows, &mut positions, &mut flows);
        source(&mut |item| {
            plan.item(item);
            Ok(())
        })?;
        // Rows that need more get the events that were reserved for kept ones and not taken.
        let spare = kept.cost.saturating_sub(plan.finish());
        rows.divide(sizes.limit(budget + spare));
        Ok(Some(Downsampler {
            catalog,
            max_events,
            is_raised,
            positions,
            flows,
            rows,
            lanes: catalog.channels.iter().map(|_| Vec::new()).collect(),
            first: None,
            flights_left_out: 0,
            received: catalog.threads.iter().map(|_| None).collect(),
        }))
    }

    /// Output pass: takes the next item.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn item<E>(&mut self, item: &Item, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let is_kept = self.positions.advance();
        match item {
            Item::Slice(slice) => {
                self.slice(slice, is_kept, sink)?;
                self.depth(slice, sink)
            }
            Item::Flight(flight) => self.flight(flight, sink),
            Item::Hold(hold) => self.hold(item, hold, is_kept, sink),
            Item::Counter(counter) => {
                self.rows.counter(counter.channel, counter.count).counter(*counter, sink)
            }
            Item::State(state) => self.rows.states[state.thread].state(state, sink),
            Item::Merged(_) | Item::MergedStates(_) => sink(item),
        }
    }

    fn slice<E>(&mut self, slice: &Slice, is_kept: bool, sink: &mut Sink<'_, E>) -> Result<(), E> {
        if self.first.is_none_or(|(_, time)| slice.begin < time) {
            self.first = Some((slice.thread, slice.begin));
        }
        let row = &mut self.rows.threads[slice.thread];
        if !is_kept && !row.is_whole && !self.flows.has_any_of(slice) {
            row.slice(slice, self.catalog.end);
            return Ok(());
        }
        let flow = self.flows.shown(slice);
        let received = &mut self.received[slice.thread];
        let cause = slice.cause.filter(|_| slice.cause == *received);
        if slice.is_received() {
            *received = Some(slice.begin);
        }
        // The depth is a value of its counter, which may leave it out.
        sink(&Item::Slice(Slice { flow, cause, depth: None, ..slice.clone() }))
    }

    /// Takes the depth of a slice as the next value of its channel's counter.
    fn depth<E>(&mut self, slice: &Slice, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let Some((channel, value)) = slice.channel().zip(slice.depth) else { return Ok(()) };
        let (count, time) = (Count::QueueDepth, slice.begin);
        self.rows.counter(channel, count).counter(Counter { channel, count, time, value }, sink)
    }

    fn flight<E>(&mut self, flight: &Flight, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let Some(lane) = flight.lane else { return Ok(()) };
        if !self.flows.contains(flight.flow) {
            self.flights_left_out += 1;
            return Ok(());
        }
        // Lanes are renumbered: one without a message would be an empty track.
        let lanes = &mut self.lanes[flight.channel];
        let known = lanes.iter().position(|known| *known == lane);
        let lane = known.unwrap_or_else(|| {
            lanes.push(lane);
            lanes.len() - 1
        });
        let lane = u8::try_from(lane).ok();
        sink(&Item::Flight(Flight { lane, ..flight.clone() }))
    }

    fn hold<E>(
        &mut self,
        item: &Item,
        hold: &HeldLock,
        is_kept: bool,
        sink: &mut Sink<'_, E>,
    ) -> Result<(), E> {
        match self.rows.lock(hold) {
            Some(row) if !is_kept && !row.is_whole => {
                row.hold(hold, self.catalog.end);
                Ok(())
            }
            Some(_) => sink(item),
            None => Ok(()),
        }
    }

    /// After the output pass: passes on what remains, and a slice that describes what is left out.
    /// Returns the same description for the user.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn finish<E>(self, sink: &mut Sink<'_, E>) -> Result<String, E> {
        let Rows { threads, mut states, locks, mut counters } = self.rows;
        let mut left_out = LeftOut { flights: self.flights_left_out, ..LeftOut::default() };
        for row in threads.into_iter().chain(locks.into_values()) {
            row.finish(&mut left_out.slices).try_for_each(|item| sink(&item))?;
        }
        for counter in counters.iter_mut().flatten() {
            left_out.values += counter.finish(sink)?;
        }
        for states in &mut states {
            left_out.states += states.finish(sink)?;
        }
        let reason = match self.is_raised {
            true => ", the minimum for this many threads and channels",
            false => "",
        };
        let description =
            format!("{} (at most {} events{reason})", left_out.describe(), self.max_events);
        if let Some((thread, time)) = self.first {
            let text = Some(description.as_str().into());
            let slice = Slice::instant(thread, time, SliceKind::LeftOut);
            sink(&Item::Slice(Slice { text, ..slice }))?;
        }
        Ok(format!("{}: {description}", SliceKind::LeftOut.verb()))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use format::Call;

    use super::*;
    use crate::reading::Recording;
    use crate::reading::catalog::Target;
    use crate::timeline::item::{Ending, SliceKind, Total};

    /// A thread and a channel.
    fn recording() -> Recording {
        let text = [
            &format::text::heading(),
            "block process=0 thread=1 sequence=0 dropped=0",
            "0 ThreadStarted os_id=1 name=\"main\"",
            "0 ChannelCreated channel=1 sender=1 receiver=2 site=0 bound=9 message_type=\"\" \
             name=\"\"",
            "10000 ThreadEnded\n",
        ];
        let bytes = format::text::parse(&text.join("\n")).expect("the text is a recording's");
        Recording::from_bytes(bytes).expect("the recording can be read")
    }

    /// A thread sends 100 messages. The depth is 7 after the 50th, else less.
    fn sends() -> Vec<Item> {
        let send = |number: u64| {
            let kind = SliceKind::Operation { call: Call::Send, ending: Ending::Transferred };
            let begin = Nanos::new(100 * number);
            Item::Slice(Slice {
                target: Some(Target::Channel(ChannelIndex::from(0))),
                depth: Some(if number == 50 { 7 } else { number % 4 }),
                ..Slice::instant(ThreadIndex::from(0), begin, kind)
            })
        };
        (1..=100).map(send).collect()
    }

    fn downsampled(max_events: u64) -> Option<(Vec<Item>, String)> {
        let (recording, all) = (recording(), sends());
        let source = |sink: &mut Sink<'_, Infallible>| all.iter().try_for_each(sink);
        let Ok(downsampler) = Downsampler::new(max_events, &recording.catalog, &[], &source);
        let mut downsampler = downsampler?;
        let mut items = Vec::new();
        let mut sink = |item: &Item| {
            items.push(item.clone());
            Ok::<_, Infallible>(())
        };
        let Ok(()) = all.iter().try_for_each(|item| downsampler.item(item, &mut sink));
        let Ok(description) = downsampler.finish(&mut sink);
        Some((items, description))
    }

    #[test]
    fn a_depth_is_an_event_of_its_own() {
        assert!(downsampled(200).is_none());
        assert!(downsampled(199).is_some());
    }

    #[test]
    fn there_are_at_most_as_many_events_as_asked_for_and_peaks_and_totals_are_kept() {
        for max_events in [40, 70, 100, 150, 199] {
            let (items, description) = downsampled(max_events).expect("there are more");
            assert!(items.len() as u64 <= max_events, "{}: {description}", items.len());
            assert!(description.ends_with(&format!("(at most {max_events} events)")));
            let (mut slices, mut peak) = (0, 0);
            for item in &items {
                match item {
                    Item::Slice(slice) if slice.kind == SliceKind::LeftOut => {}
                    Item::Slice(slice) => {
                        assert_eq!(slice.depth, None);
                        slices += 1;
                    }
                    Item::Counter(counter) => peak = peak.max(counter.value),
                    Item::Merged(merged) => {
                        assert_eq!(merged.totals[0].0, Total::Merged);
                        slices += merged.totals[0].1;
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!((slices, peak), (100, 7));
        }
    }

    #[test]
    fn too_few_events_are_raised_to_the_minimum() {
        let (items, description) = downsampled(1).expect("there are more");
        let limit = "(at most 9 events, the minimum for this many threads and channels)";
        assert!(description.ends_with(limit), "{description}");
        assert!(items.len() <= 9);
    }
}
