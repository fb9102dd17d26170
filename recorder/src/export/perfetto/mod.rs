//! The Perfetto protobuf format.
//!
//! Each thread has a track for its slices, and above that one for its states: a span lasts through
//! several states, so that one track cannot show both. Each process has the groups `channels`,
//! `locks` and `findings`. A channel's group has its queue depth, its live senders, and lanes for
//! its messages in flight; a lock has lanes for those who hold it at a time.
//!
//! Source: <https://perfetto.dev/docs/reference/trace-packet-proto>.

use std::collections::HashMap;
use std::io;
use std::ops::Range;

use typed_index_collections::TiVec;

use super::attributes::{self, Attribute, Label};
use super::{ByteSink, Exporter};
use crate::analysis::findings::Finding;
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ProcessIndex, ThreadIndex};
use crate::timeline::flow_chains::{ChainLink, FlowChains};
use crate::timeline::item::{Count, Counter, Fate, Flight, Flow, HeldLock, Item, Slice, State};

mod fields;
mod merged;
mod packets;
mod sequence;
mod tracks;
mod wire;

use fields::track_event;
use packets::PacketWriter;
use sequence::Category;
use tracks::Tracks;

/// Writes a Perfetto trace.
#[derive(Debug)]
pub struct Perfetto<'a, S> {
    catalog: &'a Catalog,
    packets: PacketWriter<S>,
    tracks: Tracks<'a>,
    /// The flows from the evidence of findings to the slice of this thread that begins at this time.
    evidence: HashMap<(ThreadIndex, Nanos), Vec<u64>>,
    chains: FlowChains,
    /// Room for a name.
    name: String,
}

/// Is added to the number of each flow of the timeline: the viewer numbers late flows itself, from 0.
const FLOWS: u64 = 1 << 32;

/// Flows from evidence have numbers from here on, which no flow of the timeline has.
const EVIDENCE_FLOWS: u64 = 1 << 63;

impl<'a, S: ByteSink> Perfetto<'a, S> {
    /// A trace of a run with this catalog and these findings, which are shown in their order.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn new(out: S, catalog: &'a Catalog, findings: &[Finding]) -> io::Result<Self> {
        let mut perfetto = Perfetto {
            catalog,
            packets: PacketWriter::new(out),
            tracks: Tracks::new(catalog),
            evidence: HashMap::new(),
            chains: FlowChains::new(catalog),
            name: String::new(),
        };
        let mut ranks: TiVec<ProcessIndex, u64> = catalog.processes.iter().map(|_| 0).collect();
        let mut flow = EVIDENCE_FLOWS;
        for finding in findings {
            let rank = &mut ranks[finding.process(catalog)];
            perfetto.finding(finding, *rank, flow)?;
            *rank += 1;
            flow += finding.evidence.len() as u64;
        }
        Ok(perfetto)
    }

    /// Writes a finding: a slice of its length, on a track of its own, and in it an instant for each
    /// event that shows it, from which a flow leads to the slice of that event.
    fn finding(&mut self, finding: &Finding, rank: u64, flow: u64) -> io::Result<()> {
        let catalog = self.catalog;
        let process = finding.process(catalog);
        let name = finding.code.name();
        let mut track = self.tracks.finding(process, name, rank, &mut self.packets)?;
        let (begin, end) = finding.extent();
        self.packets.event(&mut track, begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.category(event, Category::Finding);
            event.text(track_event::NAME, name);
            sequence.text(event, Attribute::Text, &finding.what);
            sequence.text(event, Attribute::Advice, &finding.advice);
            sequence.text(event, Attribute::Certainty, &finding.certainty.to_string());
            if let Some(place) = finding.place {
                sequence.label(event, Attribute::Place, Label::Place(place), catalog);
            }
        })?;
        for (evidence, flow) in finding.evidence.iter().zip(flow..) {
            let name = format!("{} {}", catalog.threads[evidence.thread].name, evidence.what);
            self.evidence.entry((evidence.thread, evidence.time)).or_default().push(flow);
            self.packets.event(&mut track, evidence.time, None, |event, sequence| {
                event.number(track_event::TYPE, track_event::INSTANT);
                sequence.category(event, Category::Finding);
                event.text(track_event::NAME, &name);
                event.fixed(track_event::FLOW_IDS, flow);
                if let Some(place) = evidence.place {
                    sequence.label(event, Attribute::Place, Label::Place(place), catalog);
                }
            })?;
        }
        self.packets.end(&mut track, end)
    }

    #[inline]
    fn slice(&mut self, slice: &Slice) -> io::Result<()> {
        let catalog = self.catalog;
        let evidence = match self.evidence.is_empty() {
            true => None,
            false => self.evidence.remove(&(slice.thread, slice.begin)),
        };
        let link = self.chains.link(slice);
        let mut channel = match slice.channel() {
            Some(channel) => Some(self.tracks.channel(channel, &mut self.packets)?),
            None => None,
        };
        let depth = match (&mut channel, slice.depth) {
            (Some(channel), Some(depth)) => {
                channel.latest = Some((slice.begin, depth));
                Some((channel.depth, depth))
            }
            _ => None,
        };
        let counter = channel.map(|channel| channel.depth);
        let track = self.tracks.thread(slice.thread, &mut self.packets)?;
        self.packets.event(track, slice.begin, counter, |event, sequence| {
            sequence.template(event, slice, catalog);
            if slice.is_named_by_text() {
                event.text(track_event::NAME, &slice.name(catalog));
            }
            match (&link, &slice.flow) {
                (_, None) => {}
                (Some(link), _) => event.fixed(track_event::FLOW_IDS, FLOWS + link.flow),
                (None, Some(Flow::Out(ids))) => {
                    ids.clone().for_each(|id| event.fixed(track_event::FLOW_IDS, FLOWS + id));
                }
                (None, Some(Flow::In(id))) => {
                    event.fixed(track_event::TERMINATING_FLOW_IDS, FLOWS + id);
                }
            }
            for flow in evidence.iter().flatten() {
                event.fixed(track_event::TERMINATING_FLOW_IDS, *flow);
            }
            // A message has one colour everywhere.
            if let (Some(_), Some(Flow::Out(Range { start: id, .. }) | Flow::In(id))) =
                (&link, &slice.flow)
            {
                event.number(track_event::CORRELATION_ID, *id);
            }
            if let Some((counter, depth)) = depth {
                sequence.count(event, counter, depth);
            }
            if let Some((attribute, text)) = attributes::text(slice) {
                sequence.text(event, attribute, text);
            }
            attributes::numbers(slice, |attribute, number| {
                sequence.number(event, attribute, number);
            });
        })?;
        if let Some(ChainLink { flow, extra_from: Some(from), .. }) = link {
            self.packets.late_flow(track, flow, from, slice.begin)?;
        }
        match slice.end {
            Some(end) if end != slice.begin => self.packets.end(track, end),
            _ => Ok(()),
        }
    }

    fn state(&mut self, state: &State) -> io::Result<()> {
        let track = self.tracks.states(state.thread, &mut self.packets)?;
        self.packets.event(track, state.begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.category(event, Category::State);
            sequence.constant_name(event, state.activity.name(), "");
        })?;
        match state.end {
            Some(end) => self.packets.end(track, end),
            None => Ok(()),
        }
    }

    #[inline]
    fn flight(&mut self, flight: &Flight) -> io::Result<()> {
        let Some(lane) = flight.lane else { return Ok(()) };
        let track = self.tracks.flights(flight.channel, lane, &mut self.packets)?;
        let name = &mut self.name;
        name.clear();
        flight.append_name(name);
        name.push_str(match flight.fate {
            Fate::Received => "",
            Fate::Lost => " (never received)",
            Fate::Unknown => " (receive not recorded)",
        });
        self.packets.event(track, flight.begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.category(event, Category::Message);
            event.text(track_event::NAME, name);
            event.number(track_event::CORRELATION_ID, flight.flow);
            if let Some(value) = &flight.value {
                sequence.text(event, Attribute::Value, value);
            }
        })?;
        self.packets.end(track, flight.end)
    }

    fn hold(&mut self, hold: &HeldLock) -> io::Result<()> {
        let catalog = self.catalog;
        let Some(lane) = hold.lane else { return Ok(()) };
        let track = self.tracks.holds(hold.primitive, lane, &mut self.packets)?;
        self.packets.event(track, hold.begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.category(event, Category::Lock);
            event.text(track_event::NAME, &hold.name(catalog));
            // Each thread has one colour, which no message has: no flow has this number.
            let colour = u64::MAX / 2 - usize::from(hold.thread) as u64;
            event.number(track_event::CORRELATION_ID, colour);
            let (labels, numbers) = attributes::of_hold(hold);
            for (attribute, label) in labels {
                sequence.label(event, attribute, label, catalog);
            }
            for (attribute, number) in numbers {
                sequence.number(event, attribute, number);
            }
        })?;
        match hold.end {
            Some(end) => self.packets.end(track, end),
            None => Ok(()),
        }
    }

    fn counter(&mut self, counter: &Counter) -> io::Result<()> {
        let channel = self.tracks.channel(counter.channel, &mut self.packets)?;
        let track = match counter.count {
            Count::QueueDepth => {
                let value = (counter.time, counter.value);
                if channel.latest.replace(value) == Some(value) {
                    return Ok(());
                }
                channel.depth
            }
            Count::LiveSenders => channel.senders,
        };
        self.packets.count(track, counter.time, counter.value)
    }
}

impl<S: ByteSink> Exporter for Perfetto<'_, S> {
    #[inline]
    fn item(&mut self, item: &Item) -> io::Result<()> {
        match item {
            Item::Slice(slice) => self.slice(slice),
            Item::State(state) => self.state(state),
            Item::Flight(flight) => self.flight(flight),
            Item::Hold(hold) => self.hold(hold),
            Item::Counter(counter) => self.counter(counter),
            Item::Merged(merged) => self.merged(merged),
            Item::MergedStates(states) => self.merged_states(states),
        }
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.tracks.finish(&mut self.packets)?;
        self.packets.finish()
    }
}
