//! The Chrome trace format: JSON, one event a line.
//!
//! Format: "Trace Event Format" (Google, 2016). Where Perfetto differs from it, Perfetto decides:
//!
//! - An array without an end is allowed, so that a file that was cut off still opens.
//! - Messages in flight and locks that are held are asynchronous events with ids that are local to
//!   their process. Those of one id and category share a track, which has the name of the first.
//! - The flow of a message continues with `t`, and no event says that it is the last.
//! - Counters are named at each event, before their highest value is known: the name has the bound.
//! - The only argument of a counter has an empty name, which keeps the counter's label short.
//!
//! Slices, flows, messages in flight and counters are nearly all of a trace. Their common parts are
//! encoded once as templates, and only their numbers are appended.

use std::collections::HashMap;
use std::io;
use std::mem;

use format::Call;
use serde_json::Value;
use typed_index_collections::TiVec;

use super::attributes::{self, Attribute};
use super::templates::{TemplateKey, Templates};
use super::{BUFFER_BYTES, ByteSink, Exporter, bound_note, threads_in_order};
use crate::analysis::findings::Finding;
use crate::reading::Nanos;
use crate::reading::catalog::{
    Catalog, ChannelIndex, PlaceIndex, PrimitiveIndex, ProcessIndex, ThreadIndex,
};
use crate::timeline::flow_chains::{ChainLink, FlowChains};
use crate::timeline::item::{
    Category, Count, Counter, Fate, Flight, Flow, HeldLock, Item, Merged, Row, Slice, SliceKind,
};

mod json;

use json::Json;

/// Writes a Chrome trace.
pub struct Chrome<'a> {
    catalog: &'a Catalog,
    out: &'a mut dyn ByteSink,
    /// JSON that has not been written yet.
    json: Json,
    is_empty: bool,
    processes: TiVec<ProcessIndex, TrackPrefix>,
    threads: TiVec<ThreadIndex, TrackPrefix>,
    /// The places of threads in the order in which they are shown.
    ranks: TiVec<ThreadIndex, u64>,
    /// The category, the name and the labels of slices, and the duration of instants.
    templates: Templates<Vec<u8>>,
    /// The parts of the counters of a channel between time and value, by [`Count`].
    counters: TiVec<ChannelIndex, [String; 2]>,
    /// The ids of the lanes of locks.
    lanes: HashMap<(PrimitiveIndex, u8), u64>,
    chains: FlowChains,
}

/// The start of the events of a process or a thread, between their phase and their time. Empty until
/// its name has been written: that is done before its first event, so that a trace of a part of a run
/// names only what is in it.
type TrackPrefix = String;

/// The track of an event.
#[derive(Clone, Copy)]
enum Track {
    Process(ProcessIndex),
    Thread(ThreadIndex),
}

impl<'a> Chrome<'a> {
    /// A trace of a run with this catalog and these findings.
    pub fn new(out: &'a mut dyn ByteSink, catalog: &'a Catalog, findings: &[Finding]) -> Self {
        let counters = catalog.channels.iter().map(|channel| {
            let label = json::escaped(&channel.label);
            [format!("queue depth{}", bound_note(channel.bound)), "live senders".to_owned()]
                .map(|name| format!(",\"name\":\"{label} {name}\",\"args\":{{\"\":"))
        });
        let mut ranks: TiVec<_, _> = vec![0; catalog.threads.len()].into();
        for (thread, rank) in threads_in_order(catalog, findings).into_iter().zip(0..) {
            ranks[thread] = rank;
        }
        let mut chrome = Chrome {
            catalog,
            out,
            json: Json::default(),
            is_empty: true,
            processes: vec![TrackPrefix::new(); catalog.processes.len()].into(),
            threads: vec![TrackPrefix::new(); catalog.threads.len()].into(),
            ranks,
            templates: Templates::new(),
            counters: counters.collect(),
            lanes: HashMap::new(),
            chains: FlowChains::new(catalog),
        };
        for (finding, id) in findings.iter().zip(1..) {
            chrome.finding(finding, id);
        }
        chrome
    }

    /// Names a track before its first event.
    #[inline]
    fn describe(&mut self, track: Track) {
        let prefix = match track {
            Track::Process(process) => &self.processes[process],
            Track::Thread(thread) => &self.threads[thread],
        };
        if prefix.is_empty() {
            self.describe_new(track);
        }
    }

    /// Names a process, or a thread and its process.
    #[cold]
    fn describe_new(&mut self, track: Track) {
        let catalog = self.catalog;
        let prefix = |(pid, tid): (u64, u64)| format!("\",\"pid\":{pid},\"tid\":{tid},\"ts\":");
        match track {
            Track::Process(index) => {
                let process = &catalog.processes[index];
                let ids = (process.track, process.track);
                self.processes[index] = prefix(ids);
                self.metadata(ids, "process_name", "name", process.name.as_str());
                self.metadata(ids, "process_sort_index", "sort_index", usize::from(index));
                let mut labels = process.labels();
                labels.insert(0, process.command.clone());
                labels.retain(|label| !label.is_empty());
                if !labels.is_empty() {
                    self.metadata(ids, "process_labels", "labels", labels.join(", "));
                }
            }
            Track::Thread(index) => {
                let thread = &catalog.threads[index];
                self.describe(Track::Process(thread.process));
                let ids = (catalog.processes[thread.process].track, thread.track);
                self.threads[index] = prefix(ids);
                self.metadata(ids, "thread_name", "name", thread.name.as_str());
                self.metadata(ids, "thread_sort_index", "sort_index", self.ranks[index]);
            }
        }
    }

    /// Writes a property of the process and the thread with these ids.
    fn metadata(
        &mut self,
        (pid, tid): (u64, u64),
        property: &str,
        argument: &str,
        value: impl Into<Value>,
    ) {
        let start = if mem::take(&mut self.is_empty) { "[" } else { "," };
        let value = value.into();
        self.json.raw(&format!(
            "{start}\n{{\"ph\":\"M\",\"pid\":{pid},\"tid\":{tid},\"name\":\"{property}\",\
             \"args\":{{\"{argument}\":{value}}}}}"
        ));
    }

    /// Writes the start of an event: phase, track and time.
    #[inline]
    fn begin(&mut self, phase: u8, track: Track, time: Nanos) {
        self.describe(track);
        let prefix = match track {
            Track::Process(process) => &self.processes[process],
            Track::Thread(thread) => &self.threads[thread],
        };
        self.json.raw(",\n{\"ph\":\"");
        self.json.bytes.push(phase);
        self.json.raw(prefix);
        self.json.time(time);
    }

    /// Writes the start of an asynchronous event.
    #[inline]
    fn asynchronous(
        &mut self,
        phase: u8,
        process: ProcessIndex,
        time: Nanos,
        category: &'static str,
        name: impl FnOnce(&mut Json),
        id: u64,
    ) {
        self.begin(phase, Track::Process(process), time);
        self.json.raw(",\"cat\":\"");
        self.json.raw(category);
        self.json.raw("\",\"name\":\"");
        name(&mut self.json);
        self.json.raw("\",\"id2\":{\"local\":\"");
        self.json.hexadecimal(id);
        self.json.raw("\"}");
    }

    /// Writes an asynchronous event from its begin to its end, if it has one.
    #[inline]
    fn lasting(
        &mut self,
        process: ProcessIndex,
        (begin, end): (Nanos, Option<Nanos>),
        category: &'static str,
        name: impl Fn(&mut Json),
        id: u64,
        arguments: impl FnOnce(&mut Json),
    ) {
        self.asynchronous(b'b', process, begin, category, &name, id);
        self.json.raw(",\"args\":{");
        arguments(&mut self.json);
        self.json.raw("}}");
        if let Some(end) = end {
            self.asynchronous(b'e', process, end, category, name, id);
            self.json.raw("}");
        }
    }

    /// Writes a finding: an asynchronous event of its length, and in it an instant for each event
    /// that shows it.
    fn finding(&mut self, finding: &Finding, id: u64) {
        let catalog = self.catalog;
        let process = finding.process(catalog);
        let (begin, end) = finding.extent();
        let name = |json: &mut Json| json.raw(finding.code.name());
        let place_field = |json: &mut Json, place: Option<PlaceIndex>| {
            if let Some(place) = place {
                json.text_field(Attribute::Place, &catalog.places[place].to_string());
            }
        };
        self.asynchronous(b'b', process, begin, "finding", name, id);
        self.json.raw(",\"args\":{");
        self.json.text_field(Attribute::Text, &finding.what);
        self.json.text_field(Attribute::Advice, &finding.advice);
        self.json.text_field(Attribute::Certainty, &finding.certainty.to_string());
        place_field(&mut self.json, finding.place);
        self.json.raw("}}");
        for evidence in &finding.evidence {
            let thread = &catalog.threads[evidence.thread].name;
            let name = format!("{thread} {}", evidence.what);
            let name = |json: &mut Json| json.text(&name);
            self.asynchronous(b'n', process, evidence.time, "finding", name, id);
            self.json.raw(",\"args\":{");
            place_field(&mut self.json, evidence.place);
            self.json.raw("}}");
        }
        self.asynchronous(b'e', process, end, "finding", name, id);
        self.json.raw("}");
    }

    #[inline]
    fn slice(&mut self, slice: &Slice) {
        if slice.kind == SliceKind::LeftOut {
            return self.left_out(slice);
        }
        // A slice that never ended has a start and no end.
        let phase = if slice.end.is_some() { b'X' } else { b'B' };
        self.begin(phase, Track::Thread(slice.thread), slice.begin);
        if let Some(end) = slice.end
            && end != slice.begin
        {
            self.json.raw(",\"dur\":");
            self.json.microseconds(end.since(slice.begin));
        }
        self.template(slice);
        attributes::numbers(slice, |attribute, number| {
            self.json.number_field(attribute, number);
        });
        if let Some((attribute, text)) = attributes::text(slice) {
            self.json.text_field(attribute, text);
        }
        self.json.raw("}}");
        self.flows(slice);
        if let (Some(channel), Some(value)) = (slice.channel(), slice.depth) {
            self.counter(&Counter { channel, count: Count::QueueDepth, time: slice.begin, value });
        }
    }

    /// Writes a description of what the picture does not show, which is no event of its thread.
    #[cold]
    fn left_out(&mut self, slice: &Slice) {
        // No message, lock or finding has this id.
        const ID: u64 = u64::MAX;
        let (catalog, time) = (self.catalog, slice.begin);
        let text = slice.name(catalog);
        let name = |json: &mut Json| json.text(&text);
        let process = catalog.threads[slice.thread].process;
        self.lasting(process, (time, Some(time)), "left out", name, ID, |json| {
            if let Some((attribute, text)) = attributes::text(slice) {
                json.text_field(attribute, text);
            }
        });
    }

    /// Appends the part that a slice has in common with others: category, name and labels. More
    /// arguments can follow.
    #[inline]
    fn template(&mut self, slice: &Slice) {
        if slice.is_named_by_text() {
            return self.new_template(slice);
        }
        let key = TemplateKey::of(slice, self.catalog);
        if let Some(template) = self.templates.get(key) {
            return self.json.bytes.extend_from_slice(template);
        }
        let start = self.json.bytes.len();
        self.new_template(slice);
        self.templates.insert(key, self.json.bytes[start..].to_vec());
    }

    #[cold]
    fn new_template(&mut self, slice: &Slice) {
        let (json, catalog) = (&mut self.json, self.catalog);
        if slice.is_instant() {
            json.raw(",\"dur\":0");
        }
        json.raw(",\"cat\":\"");
        json.raw(slice.category().name());
        json.raw("\",\"name\":\"");
        json.text(&slice.name(catalog));
        if let Some(colour) = colour(slice.kind) {
            json.raw("\",\"cname\":\"");
            json.raw(colour);
        }
        json.raw("\",\"args\":{");
        for (attribute, label) in attributes::labels(slice, catalog) {
            json.text_field(attribute, &label.text(catalog));
        }
    }

    /// Writes the ends of flows that a slice has.
    #[inline]
    fn flows(&mut self, slice: &Slice) {
        let Some(flow) = &slice.flow else { return };
        let (thread, time) = (slice.thread, slice.begin);
        if let Some(ChainLink { flow, is_start, extra_from }) = self.chains.link(slice) {
            let phase = if is_start { b's' } else { b't' };
            self.flow(phase, thread, time, MESSAGE, flow);
            if let Some(from) = extra_from {
                self.flow(b's', thread, from, CHAIN, flow);
                self.flow(b'f', thread, time, CHAIN, flow);
            }
            return;
        }
        // Both ends of a flow have one category.
        let name = match slice.category() {
            Category::Channel => MESSAGE,
            Category::Primitive => PRIMITIVE,
            Category::Thread | Category::Span | Category::Log => THREAD,
        };
        match flow {
            Flow::Out(ids) => ids.clone().for_each(|id| self.flow(b's', thread, time, name, id)),
            Flow::In(id) => self.flow(b'f', thread, time, name, *id),
        }
    }

    /// Writes one end of a flow. `name` is one of the constants below.
    #[inline]
    fn flow(&mut self, phase: u8, thread: ThreadIndex, time: Nanos, name: &'static str, id: u64) {
        self.begin(phase, Track::Thread(thread), time);
        self.json.raw(name);
        self.json.number(id);
        // A flow ends in the slice that encloses its end.
        self.json.raw(if phase == b'f' { ",\"bp\":\"e\"}" } else { "}" });
    }

    fn flight(&mut self, flight: &Flight) {
        if flight.lane.is_none() {
            return;
        }
        let channel = &self.catalog.channels[flight.channel];
        let fate = match flight.fate {
            Fate::Received => " in flight",
            Fate::Lost => " never received",
            Fate::Unknown => " receive not recorded",
        };
        let name = |json: &mut Json| {
            json.text(&channel.label);
            json.raw(fate);
        };
        let extent = (flight.begin, Some(flight.end));
        self.lasting(channel.process, extent, "message", name, flight.flow, |json| {
            json.text_field(Attribute::Channel, &channel.label);
            json.number_field(Attribute::Message, flight.message);
            if let Some(value) = &flight.value {
                json.text_field(Attribute::Value, value);
            }
        });
    }

    fn hold(&mut self, hold: &HeldLock) {
        let Some(lane) = hold.lane else { return };
        let catalog = self.catalog;
        let process = catalog.primitives[hold.primitive].process;
        let id = self.lane(hold.primitive, lane);
        let name = hold.name(catalog);
        let name = |json: &mut Json| json.text(&name);
        self.lasting(process, (hold.begin, hold.end), "lock", name, id, |json| {
            let (labels, numbers) = attributes::of_hold(hold);
            for (attribute, label) in labels {
                json.text_field(attribute, &label.text(catalog));
            }
            for (attribute, number) in numbers {
                json.number_field(attribute, number);
            }
        });
    }

    /// The id of a lane of a lock.
    fn lane(&mut self, primitive: PrimitiveIndex, lane: u8) -> u64 {
        let known = self.lanes.len() as u64;
        let id = *self.lanes.entry((primitive, lane)).or_insert(known);
        if id == known {
            // An event before all others gives the track its name.
            let primitive = &self.catalog.primitives[primitive];
            for phase in [b'b', b'e'] {
                let name = |json: &mut Json| json.text(&primitive.label);
                self.asynchronous(phase, primitive.process, Nanos::ZERO, "lock", name, id);
                self.json.raw("}");
            }
        }
        id
    }

    #[inline]
    fn counter(&mut self, counter: &Counter) {
        let process = self.catalog.channels[counter.channel].process;
        self.begin(b'C', Track::Process(process), counter.time);
        self.json.raw(&self.counters[counter.channel][counter.count as usize]);
        self.json.number(counter.value);
        self.json.raw("}}");
    }

    fn merged(&mut self, merged: &Merged) {
        let catalog = self.catalog;
        let name = merged.name(catalog);
        let totals = |json: &mut Json| {
            let contents = merged.contents(catalog);
            if !contents.is_empty() {
                json.text_field(Attribute::Contents, &contents);
            }
            for &(total, value) in &merged.totals {
                json.number_field(Attribute::of_total(total), value);
            }
        };
        match merged.row {
            Row::Thread(thread) => {
                self.begin(b'X', Track::Thread(thread), merged.begin);
                self.json.raw(",\"dur\":");
                self.json.microseconds(merged.end.since(merged.begin));
                self.json.raw(",\"cat\":\"merged\",\"name\":\"");
                self.json.text(&name);
                self.json.raw("\",\"args\":{");
                totals(&mut self.json);
                self.json.raw("}}");
            }
            Row::Lock(primitive, lane) => {
                let id = self.lane(primitive, lane);
                let primitive = &catalog.primitives[primitive];
                let extent = (merged.begin, Some(merged.end));
                let name = |json: &mut Json| json.text(&name);
                self.lasting(primitive.process, extent, "lock", name, id, |json| {
                    json.text_field(Attribute::Primitive, &primitive.label);
                    totals(json);
                });
            }
        }
    }

    fn write(&mut self) -> io::Result<()> {
        self.out.append_all(&mut self.json.bytes)
    }
}

/// The name of the colour of a slice, where others should not share it. The Perfetto UI ignores it.
fn colour(kind: SliceKind) -> Option<&'static str> {
    match kind {
        SliceKind::Wait { call: Call::Sleep, .. } => Some("thread_state_sleeping"),
        SliceKind::Wait { .. } | SliceKind::Returning { .. } => Some("thread_state_iowait"),
        _ => None,
    }
}

const MESSAGE: &str = ",\"cat\":\"message\",\"name\":\"message\",\"id\":";
const CHAIN: &str = ",\"cat\":\"chain\",\"name\":\"chain\",\"id\":";
const PRIMITIVE: &str = ",\"cat\":\"primitive\",\"name\":\"primitive\",\"id\":";
const THREAD: &str = ",\"cat\":\"thread\",\"name\":\"thread\",\"id\":";

impl Exporter for Chrome<'_> {
    #[inline]
    fn item(&mut self, item: &Item) -> io::Result<()> {
        match item {
            Item::Slice(slice) => self.slice(slice),
            // Some threads have nothing but states.
            Item::State(state) => self.describe(Track::Thread(state.thread)),
            Item::Flight(flight) => self.flight(flight),
            Item::Hold(hold) => self.hold(hold),
            Item::Counter(counter) => self.counter(counter),
            Item::Merged(merged) => self.merged(merged),
            Item::MergedStates(states) => self.describe(Track::Thread(states.thread)),
        }
        if self.json.bytes.len() > BUFFER_BYTES { self.write() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.is_empty {
            // The trace says of which processes it is; and the viewer opens no empty array.
            self.catalog.processes.keys().for_each(|it| self.describe(Track::Process(it)));
        }
        self.json.raw(if self.is_empty { "[]\n" } else { "\n]\n" });
        self.write()
    }
}
