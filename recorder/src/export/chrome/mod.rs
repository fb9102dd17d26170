//! The Chrome trace format: JSON, one event a line.
//!
//! Format: "Trace Event Format" (Google, 2016). Where Perfetto differs from it, Perfetto decides:
//!
//! - An array without an end is allowed, so that a file that was cut off still opens.
//! - Messages in flight and locks that are held are asynchronous events with ids that are local to
//!   their process. Those of one id and category share a track, which has the name of the first.
//! - The flow of a message continues with `t`, and no event says that it is the last.
//! - The only argument of a counter has an empty name, which keeps the counter's label short.
//!
//! Slices, flows, messages in flight and counters are nearly all of a trace. Their common parts are
//! encoded once as templates, and only their numbers are appended.

use std::collections::HashMap;
use std::io;

use serde::Serialize;
use typed_index_collections::TiVec;

use super::attributes::{self, Attribute};
use super::exporter::BUFFER_BYTES;
use super::templates::{TemplateKey, Templates};
use super::{ByteSink, Exporter};
use crate::analysis::findings::Finding;
use crate::reading::Nanos;
use crate::reading::catalog::{
    Catalog, ChannelIndex, PlaceIndex, PrimitiveIndex, ProcessIndex, ThreadIndex,
};
use crate::timeline::flow_chains::FlowChains;
use crate::timeline::item::{Count, Counter, Fate, Flight, HeldLock, Item, Slice};

mod flows;
mod json;
mod merged;

use json::Json;

/// Writes a Chrome trace.
#[derive(Debug)]
pub struct Chrome<'a, S> {
    catalog: &'a Catalog,
    out: S,
    /// JSON that has not been written yet.
    json: Json,
    is_empty: bool,
    processes: TiVec<ProcessIndex, TrackPrefix>,
    threads: TiVec<ThreadIndex, TrackPrefix>,
    /// The category, the name and the labels of slices, and the duration of instants.
    templates: Templates<String>,
    channels: TiVec<ChannelIndex, ChannelParts>,
    /// The ids of the lanes of locks.
    lanes: HashMap<(PrimitiveIndex, u8), u64>,
    chains: FlowChains,
    /// How many findings have been written.
    findings: u64,
}

/// The start of the events of a process or a thread.
#[derive(Debug)]
struct TrackPrefix {
    /// The part before the time, with room for the phase at [`PHASE`].
    json: String,
    /// Whether its name has been written. That is done before its first event, so that a trace of a
    /// part of a run names only what is in it.
    is_described: bool,
}

/// Parts of the events of a channel.
#[derive(Debug)]
struct ChannelParts {
    /// Its label, as a part of a string.
    label: String,
    /// The start of a depth counter, up to its time.
    depth: String,
    /// The rest, up to its value.
    depth_value: String,
}

/// The place of an event's phase.
const PHASE: usize = r#",_{"ph":""#.len();

/// The track of an event.
#[derive(Clone, Copy)]
enum Track {
    Process(ProcessIndex),
    Thread(ThreadIndex),
}

#[derive(Serialize)]
struct Metadata<'a> {
    ph: &'static str,
    pid: u64,
    tid: u64,
    name: &'static str,
    args: MetadataArgs<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum MetadataArgs<'a> {
    Name(&'a str),
    Labels(&'a str),
    SortIndex(usize),
}

impl<'a, S: ByteSink> Chrome<'a, S> {
    /// A trace of a run with this catalog and these findings.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn new(out: S, catalog: &'a Catalog, findings: &[Finding]) -> io::Result<Self> {
        let prefix = |pid, tid| TrackPrefix {
            json: format!(",\n{{\"ph\":\"?\",\"pid\":{pid},\"tid\":{tid},\"ts\":"),
            is_described: false,
        };
        let pid = |process: ProcessIndex| catalog.processes[process].track;
        let channels = catalog.channels.iter().map(|channel| {
            let (pid, label) = (pid(channel.process), json::escaped(&channel.label));
            ChannelParts {
                depth: format!(",\n{{\"ph\":\"C\",\"pid\":{pid},\"tid\":{pid},\"ts\":"),
                depth_value: format!(",\"name\":\"{label} queue depth\",\"args\":{{\"\":"),
                label,
            }
        });
        let mut chrome = Chrome {
            catalog,
            out,
            json: Json::default(),
            is_empty: true,
            processes: catalog.processes.keys().map(|it| prefix(pid(it), pid(it))).collect(),
            threads: catalog.threads.iter().map(|it| prefix(pid(it.process), it.track)).collect(),
            templates: Templates::new(),
            channels: channels.collect(),
            lanes: HashMap::new(),
            chains: FlowChains::new(catalog),
            findings: 0,
        };
        findings.iter().try_for_each(|finding| chrome.finding(finding))?;
        Ok(chrome)
    }

    /// Names a process.
    #[cold]
    fn describe_process(&mut self, index: ProcessIndex) -> io::Result<()> {
        self.processes[index].is_described = true;
        let process = &self.catalog.processes[index];
        let pid = process.track;
        self.metadata(pid, pid, "process_name", MetadataArgs::Name(&process.name))?;
        let rank = MetadataArgs::SortIndex(index.into());
        self.metadata(pid, pid, "process_sort_index", rank)?;
        let mut labels = process.labels();
        labels.insert(0, process.command.clone());
        labels.retain(|label| !label.is_empty());
        if labels.is_empty() {
            return Ok(());
        }
        self.metadata(pid, pid, "process_labels", MetadataArgs::Labels(&labels.join(", ")))
    }

    /// Names a thread, and its process.
    #[cold]
    fn describe_thread(&mut self, index: ThreadIndex) -> io::Result<()> {
        self.threads[index].is_described = true;
        let thread = &self.catalog.threads[index];
        self.describe(Track::Process(thread.process))?;
        let (pid, tid) = (self.catalog.processes[thread.process].track, thread.track);
        self.metadata(pid, tid, "thread_name", MetadataArgs::Name(&thread.name))?;
        self.metadata(pid, tid, "thread_sort_index", MetadataArgs::SortIndex(index.into()))
    }

    /// Names a track before its first event.
    #[inline]
    fn describe(&mut self, track: Track) -> io::Result<()> {
        match track {
            Track::Process(process) if !self.processes[process].is_described => {
                self.describe_process(process)
            }
            Track::Thread(thread) if !self.threads[thread].is_described => {
                self.describe_thread(thread)
            }
            _ => Ok(()),
        }
    }

    fn metadata(
        &mut self,
        pid: u64,
        tid: u64,
        name: &'static str,
        args: MetadataArgs<'_>,
    ) -> io::Result<()> {
        self.make_room()?;
        self.json.raw(if self.is_empty { "[\n" } else { ",\n" });
        self.is_empty = false;
        Ok(self.json.value(&Metadata { ph: "M", pid, tid, name, args })?)
    }

    fn write(&mut self) -> io::Result<()> {
        let length = self.json.len();
        self.out.append(self.json.buffer(), length)?;
        self.json.clear();
        Ok(())
    }

    #[inline]
    fn make_room(&mut self) -> io::Result<()> {
        if self.json.len() > BUFFER_BYTES {
            self.write()?;
        }
        Ok(())
    }

    /// Writes the start of an event: phase, track and time.
    #[inline]
    fn begin(&mut self, phase: u8, track: Track, time: Nanos) -> io::Result<()> {
        self.describe(track)?;
        self.make_room()?;
        let prefix = match track {
            Track::Process(process) => &self.processes[process],
            Track::Thread(thread) => &self.threads[thread],
        };
        self.json.raw_with(&prefix.json, PHASE, phase);
        self.json.time(time);
        Ok(())
    }

    /// Writes the start of an asynchronous event.
    #[inline]
    fn asynchronous(
        &mut self,
        phase: u8,
        process: ProcessIndex,
        time: Nanos,
        category: &'static str,
        name: impl FnOnce(&mut Self),
        id: u64,
    ) -> io::Result<()> {
        self.begin(phase, Track::Process(process), time)?;
        self.json.raw(",\"cat\":\"");
        self.json.raw(category);
        self.json.raw("\",\"name\":\"");
        name(self);
        self.json.raw("\",\"id2\":{\"local\":\"");
        self.json.hexadecimal(id);
        self.json.raw("\"}");
        Ok(())
    }

    fn place_field(&mut self, place: Option<PlaceIndex>) {
        if let Some(place) = place {
            let place = self.catalog.places[place].to_string();
            self.json.text_field(Attribute::Place, &place);
        }
    }

    /// Writes a finding: an asynchronous event of its length, and in it an instant for each event
    /// that shows it.
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let process = finding.process(self.catalog);
        self.findings += 1;
        let id = self.findings;
        let (begin, end) = finding.extent();
        let name = |chrome: &mut Self| chrome.json.raw(finding.code.name());
        self.asynchronous(b'b', process, begin, "finding", name, id)?;
        self.json.raw(",\"args\":{");
        self.json.text_field(Attribute::Text, &finding.what);
        self.json.text_field(Attribute::Advice, &finding.advice);
        self.json.text_field(Attribute::Certainty, &finding.certainty.to_string());
        self.place_field(finding.place);
        self.json.raw("}}");
        for evidence in &finding.evidence {
            let thread = &self.catalog.threads[evidence.thread].name;
            let name = format!("{thread} {}", evidence.what);
            let name = |chrome: &mut Self| chrome.json.text(&name);
            self.asynchronous(b'n', process, evidence.time, "finding", name, id)?;
            self.json.raw(",\"args\":{");
            self.place_field(evidence.place);
            self.json.raw("}}");
        }
        self.asynchronous(b'e', process, end, "finding", name, id)?;
        self.json.raw("}");
        Ok(())
    }

    #[inline]
    fn slice(&mut self, slice: &Slice) -> io::Result<()> {
        // A slice that never ended has a start and no end.
        let phase = if slice.end.is_some() { b'X' } else { b'B' };
        self.begin(phase, Track::Thread(slice.thread), slice.begin)?;
        if let Some(end) = slice.end
            && end != slice.begin
        {
            self.json.raw(",\"dur\":");
            self.json.microseconds(end.since(slice.begin));
        }
        self.template(slice)?;
        attributes::numbers(slice, |attribute, number| {
            self.json.number_field(attribute, number);
        });
        if let Some((attribute, text)) = attributes::text(slice) {
            self.json.text_field(attribute, text);
        }
        self.json.raw("}}");
        self.flows(slice)?;
        match (slice.channel(), slice.depth) {
            (Some(channel), Some(depth)) => self.depth(channel, slice.begin, depth),
            _ => Ok(()),
        }
    }

    /// Appends the part that a slice has in common with others.
    #[inline]
    fn template(&mut self, slice: &Slice) -> io::Result<()> {
        if slice.is_named_by_text() {
            let template = template(slice, self.catalog)?;
            self.json.raw(&template);
            return Ok(());
        }
        let key = TemplateKey::of(slice, self.catalog);
        let place = match self.templates.find(key) {
            Some(place) => place,
            None => self.templates.insert(key, template(slice, self.catalog)?),
        };
        self.json.raw(self.templates.at(place));
        Ok(())
    }

    fn flight(&mut self, flight: &Flight) -> io::Result<()> {
        if flight.lane.is_none() {
            return Ok(());
        }
        let fate = match flight.fate {
            Fate::Received => " in flight",
            Fate::Lost => " never received",
            Fate::Unknown => " receive not recorded",
        };
        let name = |chrome: &mut Self| {
            chrome.json.raw(&chrome.channels[flight.channel].label);
            chrome.json.raw(fate);
        };
        let (process, id) = (self.catalog.channels[flight.channel].process, flight.flow);
        self.asynchronous(b'b', process, flight.begin, "message", name, id)?;
        self.json.raw(",\"args\":{\"channel\":\"");
        self.json.raw(&self.channels[flight.channel].label);
        self.json.raw("\"");
        self.json.number_field(Attribute::Message, flight.message);
        if let Some(value) = &flight.value {
            self.json.text_field(Attribute::Value, value);
        }
        self.json.raw("}}");
        self.asynchronous(b'e', process, flight.end, "message", name, id)?;
        self.json.raw("}");
        Ok(())
    }

    fn hold(&mut self, hold: &HeldLock) -> io::Result<()> {
        let Some(lane) = hold.lane else { return Ok(()) };
        let catalog = self.catalog;
        let process = catalog.primitives[hold.primitive].process;
        let id = self.lane(hold.primitive, lane)?;
        let name = hold.name(catalog);
        let name = |chrome: &mut Self| chrome.json.text(&name);
        self.asynchronous(b'b', process, hold.begin, "lock", name, id)?;
        self.json.raw(",\"args\":{");
        let (labels, numbers) = attributes::of_hold(hold);
        for (attribute, label) in labels {
            self.json.text_field(attribute, &label.text(catalog));
        }
        for (attribute, number) in numbers {
            self.json.number_field(attribute, number);
        }
        self.json.raw("}}");
        if let Some(end) = hold.end {
            self.asynchronous(b'e', process, end, "lock", name, id)?;
            self.json.raw("}");
        }
        Ok(())
    }

    /// The id of a lane of a lock.
    fn lane(&mut self, primitive: PrimitiveIndex, lane: u8) -> io::Result<u64> {
        let known = self.lanes.len() as u64;
        let id = *self.lanes.entry((primitive, lane)).or_insert(known);
        if id == known {
            // An event before all others gives the track its name.
            let primitive = &self.catalog.primitives[primitive];
            for phase in [b'b', b'e'] {
                let name = |chrome: &mut Self| chrome.json.text(&primitive.label);
                self.asynchronous(phase, primitive.process, Nanos::ZERO, "lock", name, id)?;
                self.json.raw("}");
            }
        }
        Ok(id)
    }

    fn counter(&mut self, counter: &Counter) -> io::Result<()> {
        let Counter { channel, time, value, .. } = *counter;
        match counter.count {
            Count::QueueDepth => self.depth(channel, time, value),
            Count::LiveSenders => {
                let process = self.catalog.channels[channel].process;
                self.begin(b'C', Track::Process(process), time)?;
                self.json.raw(",\"name\":\"");
                self.json.raw(&self.channels[channel].label);
                self.json.raw(" live senders\",\"args\":{\"\":");
                self.json.number(value);
                self.json.raw("}}");
                Ok(())
            }
        }
    }

    #[inline]
    fn depth(&mut self, channel: ChannelIndex, time: Nanos, value: u64) -> io::Result<()> {
        self.describe(Track::Process(self.catalog.channels[channel].process))?;
        let parts = &self.channels[channel];
        self.json.raw(&parts.depth);
        self.json.time(time);
        self.json.raw(&parts.depth_value);
        self.json.number(value);
        self.json.raw("}}");
        Ok(())
    }
}

impl<S: ByteSink> Exporter for Chrome<'_, S> {
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
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.is_empty {
            // The trace says of which processes it is; and the viewer opens no empty array.
            self.catalog.processes.keys().try_for_each(|it| self.describe_process(it))?;
        }
        self.json.raw(if self.is_empty { "[]\n" } else { "\n]\n" });
        self.write()
    }
}

/// The common part of similar slices: category, name and labels. More arguments can follow.
fn template(slice: &Slice, catalog: &Catalog) -> io::Result<String> {
    let category = slice.category().name();
    let name = serde_json::to_string(&slice.name(catalog))?;
    let duration = if slice.is_instant() { ",\"dur\":0" } else { "" };
    let mut template = format!("{duration},\"cat\":\"{category}\",\"name\":{name},\"args\":{{");
    for (index, (attribute, label)) in attributes::labels(slice, catalog).enumerate() {
        let separator = if index == 0 { "" } else { "," };
        let label = serde_json::to_string(&label.text(catalog))?;
        template += &format!("{separator}\"{}\":{label}", attribute.name());
    }
    Ok(template)
}
