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

use rustc_hash::FxHashSet;
use typed_index_collections::TiVec;

use crate::analysis::findings::Finding;
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ChannelIndex, ThreadIndex};
use crate::timeline::item::{Counter, Fate, Flight, Flow, Item, Slice};
use crate::timeline::{Sink, pass_left_out};

mod candidates;
mod counters;
mod layout;
mod left_out;
mod rows;
mod states;
mod survey;
mod time_slots;

use candidates::Kept;
use layout::Rows;
use left_out::LeftOut;
use survey::Survey;

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
    kept: Kept,
    rows: Rows,
    /// Planning pass: flows that start in rows that are shown whole, and have not ended.
    started: FxHashSet<u64>,
    /// Output pass: how many items have passed.
    passed: u64,
    /// The lanes of each channel with messages in flight that are shown. Their indices are the new
    /// lanes.
    lanes: TiVec<ChannelIndex, Vec<u8>>,
    /// The thread and the time of the earliest slice.
    first: Option<(ThreadIndex, Nanos)>,
    /// The time of each thread's last receive that is shown.
    received: TiVec<ThreadIndex, Option<Nanos>>,
    left_out: LeftOut,
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
        for_each(source, |position, item| survey.item(position, item))?;
        let marks: u64 = findings.iter().map(|finding| 1 + finding.evidence.len() as u64).sum();
        if survey.events + marks <= max_events {
            return Ok(None);
        }
        let (extents, kept) = survey.finish();
        // The slice that describes what is left out, and the names of locks in a Chrome trace.
        let fixed = 1 + extents.locks.len() as u64 + marks;
        let min_events = extents.total(MIN_ROW_EVENTS) + fixed + kept.cost;
        let is_raised = max_events < min_events;
        let max_events = max_events.max(min_events);
        let (reserved, budget) = (kept.cost, max_events - fixed - kept.cost);
        let mut downsampler = Downsampler {
            catalog,
            max_events,
            is_raised,
            kept,
            rows: Rows::new(&extents, extents.limit(budget)),
            started: FxHashSet::default(),
            passed: 0,
            lanes: catalog.channels.iter().map(|_| Vec::new()).collect(),
            first: None,
            received: catalog.threads.iter().map(|_| None).collect(),
            left_out: LeftOut::default(),
        };
        let mut taken = 0;
        for_each(source, |position, item| taken += downsampler.plan(position, item))?;
        // Rows that need more get the events that were reserved for kept ones and not taken.
        let spare = reserved.saturating_sub(taken);
        downsampler.rows.divide(extents.limit(budget + spare));
        Ok(Some(downsampler))
    }

    /// Planning pass: finds the times of the events that will be merged, and where kept ones divide
    /// them. Returns the maximum number of events that an item takes because it or another is kept.
    fn plan(&mut self, position: u64, item: &Item) -> u64 {
        match item {
            Item::Slice(slice) => return self.plan_slice(position, slice),
            Item::Flight(Flight { flow, fate, .. }) => {
                if self.started.contains(flow) {
                    if *fate != Fate::Received {
                        self.kept.add_endless_flow(*flow);
                    }
                } else if self.kept.has_flow(*flow) {
                    return 1;
                }
            }
            Item::Hold(hold) => match self.rows.lock(hold) {
                Some(Some(row)) if self.kept.positions.contains(&position) => {
                    return row.cut(hold.begin, hold.end);
                }
                Some(Some(row)) => return row.mark(hold.begin),
                _ => {}
            },
            Item::Counter(counter) => self.plan_counter(counter),
            Item::State(state) => {
                if let Some(row) = &mut self.rows.states[state.thread] {
                    row.mark(state);
                }
            }
            Item::Merged(_) | Item::MergedStates(_) => {}
        }
        0
    }

    fn plan_slice(&mut self, position: u64, slice: &Slice) -> u64 {
        if let Some(counter) = slice.depth_counter() {
            self.plan_counter(&counter);
        }
        let row = &mut self.rows.threads[slice.thread];
        match &slice.flow {
            Some(Flow::Out(flows)) if row.is_none() => self.started.extend(flows.clone()),
            Some(Flow::In(flow)) if self.started.remove(flow) && row.is_none() => {
                self.kept.add_flow(*flow);
            }
            _ => {}
        }
        match row {
            Some(row) if self.kept.has_slice(position, slice) => row.cut(slice.begin, slice.end),
            Some(row) => row.mark(slice.begin),
            None => 0,
        }
    }

    fn plan_counter(&mut self, counter: &Counter) {
        if let Some(row) = self.rows.counter(counter) {
            row.mark(counter.time);
        }
    }

    /// Output pass: takes the next item.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn item<E>(&mut self, item: &Item, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let position = self.passed;
        self.passed += 1;
        match item {
            Item::Slice(slice) => {
                self.slice(position, slice, sink)?;
                // It may be left out although the slice is not.
                slice.depth_counter().map_or(Ok(()), |counter| self.counter(counter, sink))
            }
            Item::Flight(flight) => self.flight(flight, sink),
            Item::Hold(hold) => match self.rows.lock(hold) {
                Some(Some(row)) if !self.kept.positions.contains(&position) => {
                    row.hold(hold, self.catalog.end);
                    Ok(())
                }
                Some(_) => sink(item),
                None => Ok(()),
            },
            Item::Counter(counter) => self.counter(*counter, sink),
            Item::State(state) => match &mut self.rows.states[state.thread] {
                Some(row) => row.state(state, sink),
                None => sink(item),
            },
            Item::Merged(_) | Item::MergedStates(_) => sink(item),
        }
    }

    fn slice<E>(&mut self, position: u64, slice: &Slice, sink: &mut Sink<'_, E>) -> Result<(), E> {
        if self.first.is_none_or(|(_, time)| slice.begin < time) {
            self.first = Some((slice.thread, slice.begin));
        }
        if let Some(row) = &mut self.rows.threads[slice.thread]
            && !self.kept.has_slice(position, slice)
        {
            row.slice(slice, self.catalog.end);
            return Ok(());
        }
        let flow = self.kept.shown_flow(slice);
        let received = &mut self.received[slice.thread];
        let cause = slice.cause.filter(|_| slice.cause == *received);
        if slice.is_received() {
            *received = Some(slice.begin);
        }
        sink(&Item::Slice(Slice { flow, cause, depth: None, ..slice.clone() }))
    }

    fn counter<E>(&mut self, counter: Counter, sink: &mut Sink<'_, E>) -> Result<(), E> {
        match self.rows.counter(&counter) {
            Some(row) => row.counter(counter, sink),
            None => sink(&Item::Counter(counter)),
        }
    }

    fn flight<E>(&mut self, flight: &Flight, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let Some(lane) = flight.lane else { return Ok(()) };
        if !self.kept.has_flow(flight.flow) {
            self.left_out.flights += 1;
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

    /// After the output pass: passes on what remains, and a slice that describes what is left out.
    /// Returns the same description for the user.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn finish<E>(self, sink: &mut Sink<'_, E>) -> Result<String, E> {
        let (Rows { threads, states, locks, counters }, mut left_out) = (self.rows, self.left_out);
        for row in threads.into_iter().chain(locks.into_values()).flatten() {
            row.finish(&mut left_out).try_for_each(|item| sink(&item))?;
        }
        for counter in counters.into_iter().flatten().flatten() {
            counter.finish(&mut left_out, sink)?;
        }
        for states in states.into_iter().flatten() {
            states.finish(&mut left_out, sink)?;
        }
        let reason = match self.is_raised {
            true => ", the minimum for this many threads and channels",
            false => "",
        };
        let description =
            format!("{} (at most {} events{reason})", left_out.describe(), self.max_events);
        pass_left_out(&description, self.first, sink)
    }
}

/// Passes all items to `visit`, with their positions.
fn for_each<E>(source: &ItemSource<'_, E>, mut visit: impl FnMut(u64, &Item)) -> Result<(), E> {
    let mut position = 0;
    source(&mut |item| {
        visit(position, item);
        position += 1;
        Ok(())
    })
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
