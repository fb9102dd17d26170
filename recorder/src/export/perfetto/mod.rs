//! The Perfetto protobuf format.
//!
//! The group `findings` is above all processes. Each thread has a track for its states, and below it
//! one for its operations: see `states` for what is where. Each process has the groups `channels`
//! and `locks`. A channel's group has its queue depth, its live senders, and lanes for its messages
//! in flight; a lock has lanes for those who hold it at a time.
//!
//! Source: <https://perfetto.dev/docs/reference/trace-packet-proto>.

use std::collections::HashMap;
use std::io;
use std::ops::Range;

use typed_index_collections::TiVec;

use super::attributes::{self, Attribute, Label};
use super::{BUFFER_BYTES, ByteSink, Exporter};
use crate::analysis::findings::Finding;
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ChannelIndex, Target, ThreadIndex};
use crate::timeline::flow_chains::{ChainLink, FlowChains};
use crate::timeline::item::{
    Count, Counter, Fate, Flight, Flow, HeldLock, Item, Merged, Row, Slice, SliceKind,
};

mod fields;
mod packets;
mod sequence;
mod states;
mod tracks;
mod wire;

use fields::track_event;
use packets::PacketWriter;
use sequence::{Category, Sequence};
use states::PendingWaits;
use tracks::Tracks;
use wire::Message;

/// Writes a Perfetto trace.
pub struct Perfetto<'a> {
    catalog: &'a Catalog,
    out: &'a mut dyn ByteSink,
    packets: PacketWriter,
    tracks: Tracks,
    /// The latest queue depth of each channel that was written, and its time.
    depths: TiVec<ChannelIndex, Option<(Nanos, u64)>>,
    /// The highest queue depth of each channel.
    max_depths: TiVec<ChannelIndex, u64>,
    /// The waits of each thread whose states have not come yet.
    waits: TiVec<ThreadIndex, PendingWaits>,
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

impl<'a> Perfetto<'a> {
    /// A trace of a run with this catalog and these findings, which are shown in their order.
    pub fn new(out: &'a mut dyn ByteSink, catalog: &'a Catalog, findings: &[Finding]) -> Self {
        let mut perfetto = Perfetto {
            catalog,
            out,
            packets: PacketWriter::new(),
            tracks: Tracks::new(catalog, findings),
            depths: vec![None; catalog.channels.len()].into(),
            max_depths: vec![0; catalog.channels.len()].into(),
            waits: catalog.threads.iter().map(|_| PendingWaits::default()).collect(),
            evidence: HashMap::new(),
            chains: FlowChains::new(catalog),
            name: String::new(),
        };
        let mut flow = EVIDENCE_FLOWS;
        for (finding, rank) in findings.iter().zip(0..) {
            perfetto.finding(finding, rank, flow);
            flow += finding.evidence.len() as u64;
        }
        perfetto
    }

    /// Writes a finding: a slice of its length, on a track of its own, and in it an instant for each
    /// event that shows it, from which a flow leads to the slice of that event.
    fn finding(&mut self, finding: &Finding, rank: u64, flow: u64) {
        let catalog = self.catalog;
        let name = finding.code.name();
        let track = self.finding_track(finding, rank);
        let (begin, end) = finding.extent();
        self.packets.event(track, begin, None, |event, sequence| {
            sequence.kind(event, track_event::SLICE_BEGIN, Category::FINDING);
            event.text(track_event::NAME, name);
            sequence.text(event, Attribute::Text, &finding.what);
            sequence.text(event, Attribute::Advice, &finding.advice);
            sequence.text(event, Attribute::Certainty, &finding.certainty.to_string());
            if let Some(place) = finding.place {
                sequence.label(event, Attribute::Place, Label::Place(place), catalog);
            }
        });
        for (evidence, flow) in finding.evidence.iter().zip(flow..) {
            let name = format!("{} {}", catalog.threads[evidence.thread].name, evidence.what);
            self.evidence.entry((evidence.thread, evidence.time)).or_default().push(flow);
            self.packets.event(track, evidence.time, None, |event, sequence| {
                sequence.kind(event, track_event::INSTANT, Category::FINDING);
                event.text(track_event::NAME, &name);
                event.fixed(track_event::FLOW_IDS, flow);
                if let Some(place) = evidence.place {
                    sequence.label(event, Attribute::Place, Label::Place(place), catalog);
                }
            });
        }
        self.packets.end(track, end);
    }

    #[inline]
    fn slice(&mut self, slice: &Slice) {
        let catalog = self.catalog;
        let evidence = match self.evidence.is_empty() {
            true => None,
            false => self.evidence.remove(&(slice.thread, slice.begin)),
        };
        if matches!(slice.kind, SliceKind::Wait { .. } | SliceKind::Returning { .. })
            && !slice.is_instant()
        {
            return self.wait(slice, evidence.unwrap_or_default());
        }
        let link = self.chains.link(slice);
        let counter = slice.channel().map(|channel| {
            if let Some(depth) = slice.depth {
                self.note_depth(channel, slice.begin, depth);
            }
            self.channel_tracks(channel).depth
        });
        let track = match slice.kind {
            // It describes the picture, and is no event of its thread.
            SliceKind::LeftOut => self.left_out_track(),
            _ => self.thread_tracks(slice.thread).operations,
        };
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
            // A message has one colour everywhere.
            if let (Some(_), Some(Flow::Out(Range { start: id, .. }) | Flow::In(id))) =
                (&link, &slice.flow)
            {
                event.number(track_event::CORRELATION_ID, *id);
            }
            if let Some((counter, depth)) = counter.zip(slice.depth) {
                sequence.count(event, counter, depth);
            }
            details(event, sequence, slice, evidence.as_deref().unwrap_or_default());
        });
        if let Some(ChainLink { flow, extra_from: Some(from), .. }) = link {
            self.packets.late_flow(track, flow, from, slice.begin);
        }
        if let Some(end) = slice.end
            && end != slice.begin
        {
            self.packets.end(track, end);
        }
    }

    /// Notes the queue depth of a channel from a time on. Returns whether the trace lacks it.
    fn note_depth(&mut self, channel: ChannelIndex, time: Nanos, depth: u64) -> bool {
        let max = &mut self.max_depths[channel];
        *max = depth.max(*max);
        self.depths[channel].replace((time, depth)) != Some((time, depth))
    }

    #[inline]
    fn flight(&mut self, flight: &Flight) {
        let Some(lane) = flight.lane else { return };
        let track = self.flight_track(flight.channel, lane);
        let name = &mut self.name;
        name.clear();
        flight.append_label(name);
        name.push_str(match flight.fate {
            Fate::Received => "",
            Fate::Lost => " (never received)",
            Fate::Unknown => " (receive not recorded)",
        });
        self.packets.event(track, flight.begin, None, |event, sequence| {
            sequence.kind(event, track_event::SLICE_BEGIN, Category::MESSAGE);
            event.text(track_event::NAME, name);
            event.number(track_event::CORRELATION_ID, flight.flow);
            sequence.number(event, Attribute::Message, flight.message);
            if let Some(value) = &flight.value {
                sequence.text(event, Attribute::Value, value);
            }
        });
        self.packets.end(track, flight.end);
    }

    fn hold(&mut self, hold: &HeldLock) {
        let catalog = self.catalog;
        let Some(lane) = hold.lane else { return };
        let track = self.hold_track(hold.primitive, lane);
        self.packets.event(track, hold.begin, None, |event, sequence| {
            sequence.kind(event, track_event::SLICE_BEGIN, Category::LOCK);
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
        });
        if let Some(end) = hold.end {
            self.packets.end(track, end);
        }
    }

    fn counter(&mut self, counter: &Counter) {
        let tracks = self.channel_tracks(counter.channel);
        let track = match counter.count {
            Count::QueueDepth => {
                if !self.note_depth(counter.channel, counter.time, counter.value) {
                    return;
                }
                tracks.depth
            }
            Count::LiveSenders => tracks.senders,
        };
        self.packets.count(track, counter.time, counter.value);
    }

    fn merged(&mut self, merged: &Merged) {
        let catalog = self.catalog;
        let Merged { row, begin, end, .. } = *merged;
        let (track, category, lock) = match row {
            Row::Thread(thread) => (self.thread_tracks(thread).operations, Category::MERGED, None),
            Row::Lock(primitive, lane) => {
                let lock = Label::Target(Target::Primitive(primitive));
                (self.hold_track(primitive, lane), Category::LOCK, Some(lock))
            }
        };
        let (name, contents) = (merged.name(catalog), merged.contents(catalog));
        let is_instant = begin == end;
        let kind = if is_instant { track_event::INSTANT } else { track_event::SLICE_BEGIN };
        self.packets.event(track, begin, None, |event, sequence| {
            sequence.kind(event, kind, category);
            event.text(track_event::NAME, &name);
            if let Some(lock) = lock {
                sequence.label(event, Attribute::Primitive, lock, catalog);
            }
            if !contents.is_empty() {
                sequence.text(event, Attribute::Contents, &contents);
            }
            for &(total, value) in &merged.totals {
                sequence.number(event, Attribute::of_total(total), value);
            }
        });
        if !is_instant {
            self.packets.end(track, end);
        }
    }
}

/// Adds the arrows from findings and the attributes that a slice does not share with others.
#[inline(always)]
fn details(event: &mut Message, sequence: &mut Sequence, slice: &Slice, evidence: &[u64]) {
    for flow in evidence {
        event.fixed(track_event::TERMINATING_FLOW_IDS, *flow);
    }
    if let Some((attribute, text)) = attributes::text(slice) {
        sequence.text(event, attribute, text);
    }
    attributes::numbers(slice, |attribute, number| {
        sequence.number(event, attribute, number);
    });
}

impl Exporter for Perfetto<'_> {
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
        let packets = &mut self.packets.packets;
        if packets.len() > BUFFER_BYTES { packets.write(self.out) } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.finish_waits();
        self.name_depths();
        if self.tracks.is_empty() {
            for process in self.catalog.processes.keys() {
                self.process_track(process);
            }
        }
        self.packets.packets.write(self.out)
    }
}
