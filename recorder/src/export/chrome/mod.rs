//! The Chrome trace format: JSON, one event a line.
//!
//! Format: "Trace Event Format" (Google, 2016). What Perfetto makes of it decides where
//! the two differ: an array without an end is allowed, so that a file that was cut still
//! opens; messages in flight and locks that are held are asynchronous events with ids that are
//! local to their process; those of one id and category share a track, which has the name of the
//! first; the flow of a message goes on with `t`, and nothing says which is the last; a counter's
//! only argument has an empty name, which leaves its label clean.
//!
//! Slices, arrows, messages in flight and counters are nearly all of a trace. What comes again in
//! them is made JSON once, and their numbers are appended to that; the rest is left to
//! `serde_json`.

use std::collections::HashMap;
use std::io::Write;

use anyhow::Result;
use format::PrimitiveKind;
use serde::Serialize;

use crate::analysis::findings::Finding;
use crate::export::templates::{Shape, Shapes};
use crate::reading::Recording;
use crate::reading::catalog::Entities;
use crate::timeline::flows::Chains;
use crate::timeline::item::{Category, Count, Counter, Fate, Flight, Hold, Item, On, Slice};

mod arrows;
mod json;
mod merged;

use json::Json;

/// Writes a Chrome trace.
#[derive(Debug)]
pub struct Chrome<'a, W> {
    entities: &'a Entities,
    out: W,
    /// What is not written yet.
    json: Json,
    first: bool,
    processes: Vec<Place>,
    threads: Vec<Place>,
    /// From the category to the last argument that is a word.
    shapes: Shapes<String>,
    /// What channels are called, as part of a string.
    labels: Vec<String>,
    /// The numbers of the lanes of locks: of a lock, and in it.
    lanes: HashMap<(usize, usize), u64>,
    chains: Chains,
    /// How many findings there were.
    findings: u64,
}

/// Where a process's or a thread's events are.
#[derive(Debug)]
struct Place {
    /// How they begin, up to the time, but for the phase, which is at [`PHASE`].
    at: String,
    /// Whether its name has been written: that is done before the first event there, so that the
    /// picture of a part of a run names nobody who is not in it.
    is_described: bool,
}

/// Where an event's phase is.
const PHASE: usize = r#",_{"ph":""#.len();
/// So much is written at a time, in bytes.
const FULL: usize = 1 << 16;
/// The track of an event.
#[derive(Clone, Copy)]
enum Track {
    Process(usize),
    Thread(usize),
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

/// The arguments that are the same for all slices of a shape.
#[derive(Default, Serialize)]
struct SliceArgs<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primitive: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
}

#[derive(Serialize)]
struct HoldArgs<'a> {
    primitive: &'a str,
    thread: &'a str,
    turn: u64,
    others_waited_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
}

#[derive(Default, Serialize)]
struct FindingArgs<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
}

impl<'a, W: Write> Chrome<'a, W> {
    /// A trace of this recording, of which nothing has been told yet.
    pub fn new(out: W, recording: &'a Recording) -> Self {
        let entities = &recording.entities;
        let place = |pid, tid| Place {
            at: format!(",\n{{\"ph\":\"?\",\"pid\":{pid},\"tid\":{tid},\"ts\":"),
            is_described: false,
        };
        let pids: Vec<_> = entities.processes.iter().map(|process| process.track).collect();
        let threads = entities.threads.iter();
        Chrome {
            entities,
            out,
            json: Json::default(),
            first: true,
            processes: pids.iter().map(|&pid| place(pid, pid)).collect(),
            threads: threads.map(|thread| place(pids[thread.process], thread.track)).collect(),
            shapes: Shapes::new(),
            labels: entities.channels.iter().map(|channel| json::escaped(&channel.label)).collect(),
            lanes: HashMap::new(),
            chains: Chains::new(entities.threads.len()),
            findings: 0,
        }
    }

    /// Names a process.
    #[cold]
    fn describe_process(&mut self, index: usize) -> Result<()> {
        self.processes[index].is_described = true;
        let process = &self.entities.processes[index];
        let pid = process.track;
        self.metadata(pid, pid, "process_name", MetadataArgs::Name(&process.name))?;
        self.metadata(pid, pid, "process_sort_index", MetadataArgs::SortIndex(index))?;
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
    fn describe_thread(&mut self, index: usize) -> Result<()> {
        self.threads[index].is_described = true;
        let thread = &self.entities.threads[index];
        if !self.processes[thread.process].is_described {
            self.describe_process(thread.process)?;
        }
        let (pid, tid) = (self.entities.processes[thread.process].track, thread.track);
        self.metadata(pid, tid, "thread_name", MetadataArgs::Name(&thread.name))?;
        self.metadata(pid, tid, "thread_sort_index", MetadataArgs::SortIndex(index))
    }

    /// Writes an item.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn item(&mut self, item: &Item) -> Result<()> {
        match item {
            Item::Slice(slice) => self.slice(slice),
            // Of some threads there is no more to tell.
            Item::State(state) => self.need(Track::Thread(state.thread)),
            Item::Flight(flight) => self.flight(flight),
            Item::Hold(hold) => self.hold(hold),
            Item::Counter(counter) => self.counter(counter),
            Item::Merged(merged) => self.merged(merged),
            Item::MergedStates(states) => self.need(Track::Thread(states.thread)),
        }
    }

    /// Writes a finding: an asynchronous event as long as it lasts, and an instant in it for
    /// each event that shows it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finding(&mut self, finding: &Finding) -> Result<()> {
        let entities = self.entities;
        let process = finding.process(entities);
        self.findings += 1;
        let id = self.findings;
        let (begin, end) = finding.shown();
        let name = |chrome: &mut Self| chrome.json.raw(finding.code.name());
        let args = FindingArgs {
            text: Some(&finding.what),
            advice: Some(&finding.advice),
            sure: Some(finding.certainty.to_string()),
            site: finding.site.map(|site| entities.sites[site.get()].to_string()),
        };
        self.asynchronous(b'b', process, begin, "finding", name, id)?;
        self.end_with(&args)?;
        for evidence in &finding.evidence {
            let thread = &entities.threads[evidence.thread].name;
            let name = format!("{thread} {}", evidence.what);
            let site = evidence.site.map(|site| entities.sites[site.get()].to_string());
            let name = |chrome: &mut Self| chrome.json.text(&name);
            self.asynchronous(b'n', process, evidence.time, "finding", name, id)?;
            self.end_with(&FindingArgs { site, ..FindingArgs::default() })?;
        }
        self.asynchronous(b'e', process, end, "finding", name, id)?;
        self.end();
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> Result<()> {
        if self.first {
            // It is said whose picture it is; and the viewer opens no array in which nothing is.
            (0..self.processes.len()).try_for_each(|process| self.describe_process(process))?;
        }
        self.json.raw(if self.first { "[]\n" } else { "\n]\n" });
        self.write()?;
        Ok(self.out.flush()?)
    }

    fn write(&mut self) -> Result<()> {
        self.out.write_all(self.json.bytes())?;
        self.json.clear();
        Ok(())
    }

    fn metadata(
        &mut self,
        pid: u64,
        tid: u64,
        name: &'static str,
        args: MetadataArgs<'_>,
    ) -> Result<()> {
        self.make_room()?;
        self.json.raw(if self.first { "[\n" } else { ",\n" });
        self.first = false;
        Ok(self.json.value(&Metadata { ph: "M", pid, tid, name, args })?)
    }

    /// Names who an event is of, if it is the first.
    #[inline]
    fn need(&mut self, track: Track) -> Result<()> {
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

    /// Begins an event: what, where and when.
    #[inline]
    fn begin(&mut self, phase: u8, track: Track, time: u64) -> Result<()> {
        self.need(track)?;
        self.make_room()?;
        let place = match track {
            Track::Process(process) => &self.processes[process],
            Track::Thread(thread) => &self.threads[thread],
        };
        // Something has been described before the first of them.
        self.json.raw_with(&place.at, PHASE, phase);
        self.json.time(time);
        Ok(())
    }

    #[inline]
    fn make_room(&mut self) -> Result<()> {
        if self.json.bytes().len() > FULL {
            self.write()?;
        }
        Ok(())
    }

    /// Begins an event on a process's track `id`.
    #[inline]
    fn asynchronous(
        &mut self,
        phase: u8,
        process: usize,
        time: u64,
        category: &'static str,
        name: impl FnOnce(&mut Self),
        id: u64,
    ) -> Result<()> {
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

    /// Ends an event that has no arguments.
    #[inline]
    fn end(&mut self) {
        self.json.raw("}");
    }

    /// Ends an event.
    fn end_with(&mut self, args: &impl Serialize) -> Result<()> {
        self.json.raw(",\"args\":");
        self.json.value(args)?;
        self.end();
        Ok(())
    }

    fn slice(&mut self, slice: &Slice) -> Result<()> {
        // What never ended is begun, and not ended.
        let phase = if slice.end.is_some() { b'X' } else { b'B' };
        self.begin(phase, Track::Thread(slice.thread), slice.begin)?;
        if let Some(end) = slice.end {
            self.json.raw(",\"dur\":");
            self.json.microseconds(end - slice.begin);
        }
        self.shape(slice)?;
        let mut say = |name, number: Option<u64>| {
            if let Some(number) = number {
                self.json.field(name);
                self.json.number(number);
            }
        };
        say("message", slice.message);
        say("latency_ns", slice.latency);
        say("waited_ns", slice.waited);
        say("timeout_ns", slice.timeout);
        if let Some(words) = &slice.words {
            self.json.field(match slice.category {
                Category::Channel => "value",
                Category::Span => "fields",
                Category::Primitive | Category::Thread | Category::Log => "text",
            });
            self.json.raw("\"");
            self.json.text(words);
            self.json.raw("\"");
        }
        self.json.raw("}}");
        self.arrows(slice)
    }

    /// Appends what a slice has in common with others.
    #[inline]
    fn shape(&mut self, slice: &Slice) -> Result<()> {
        if slice.is_named_by_words() {
            let shape = shape(slice, self.entities)?;
            self.json.raw(&shape);
            return Ok(());
        }
        let key = Shape::of(slice, self.entities);
        let place = match self.shapes.find(&key) {
            Some(place) => place,
            None => self.shapes.insert(key, shape(slice, self.entities)?),
        };
        self.json.raw(self.shapes.at(place));
        Ok(())
    }

    fn flight(&mut self, flight: &Flight) -> Result<()> {
        let channel = &self.entities.channels[flight.channel];
        if flight.lane.is_none() {
            return Ok(());
        }
        let what = match flight.fate {
            Fate::Received => " in flight",
            Fate::Lost => " never received",
            Fate::Unseen => " receive not recorded",
        };
        let name = |chrome: &mut Self| {
            chrome.json.raw(&chrome.labels[flight.channel]);
            chrome.json.raw(what);
        };
        let (process, id) = (channel.process, flight.arrow);
        self.asynchronous(b'b', process, flight.begin, "message", name, id)?;
        self.json.raw(",\"args\":{\"channel\":\"");
        self.json.raw(&self.labels[flight.channel]);
        self.json.raw("\",\"message\":");
        self.json.number(flight.message);
        if let Some(value) = &flight.value {
            self.json.raw(",\"value\":\"");
            self.json.text(value);
            self.json.raw("\"");
        }
        self.json.raw("}}");
        self.asynchronous(b'e', process, flight.end, "message", name, id)?;
        self.end();
        Ok(())
    }

    fn hold(&mut self, hold: &Hold) -> Result<()> {
        let entities = self.entities;
        let primitive = &entities.primitives[hold.primitive];
        let Some(lane) = hold.lane else { return Ok(()) };
        let id = self.lane(hold.primitive, lane)?;
        let name = hold.name(entities);
        let name = |chrome: &mut Self| chrome.json.text(&name);
        let args = HoldArgs {
            primitive: &primitive.label,
            thread: &entities.threads[hold.thread].name,
            turn: hold.turn,
            others_waited_ns: hold.others_waited,
            site: hold.site.map(|site| entities.sites[site].to_string()),
        };
        self.asynchronous(b'b', primitive.process, hold.begin, "lock", name, id)?;
        self.end_with(&args)?;
        if let Some(end) = hold.end {
            self.asynchronous(b'e', primitive.process, end, "lock", name, id)?;
            self.end();
        }
        Ok(())
    }

    /// The number of a lock's lane.
    fn lane(&mut self, primitive: usize, lane: usize) -> Result<u64> {
        let known = self.lanes.len() as u64;
        let number = *self.lanes.entry((primitive, lane)).or_insert(known);
        if number == known {
            // An instant before all that is held gives the track its name.
            let primitive = &self.entities.primitives[primitive];
            for phase in [b'b', b'e'] {
                let name = |chrome: &mut Self| chrome.json.text(&primitive.label);
                self.asynchronous(phase, primitive.process, 0, "lock", name, number)?;
                self.end();
            }
        }
        Ok(number)
    }

    fn counter(&mut self, counter: &Counter) -> Result<()> {
        let channel = &self.entities.channels[counter.channel];
        self.begin(b'C', Track::Process(channel.process), counter.time)?;
        self.json.raw(",\"name\":\"");
        self.json.raw(&self.labels[counter.channel]);
        self.json.raw(match counter.what {
            Count::QueueDepth => " queue depth\",\"args\":{\"\":",
            Count::LiveSenders => " live senders\",\"args\":{\"\":",
        });
        self.json.number(counter.value);
        self.json.raw("}}");
        Ok(())
    }
}

/// What a slice has in common with others: category, name, and the arguments that are words. More
/// arguments can follow.
fn shape(slice: &Slice, entities: &Entities) -> Result<String> {
    let process = entities.threads[slice.thread].process;
    let mut args = SliceArgs {
        endpoint: slice.endpoint.and_then(|endpoint| entities.endpoint_name(process, endpoint)),
        operation: slice.called(),
        site: slice.site.map(|site| entities.sites[site].to_string()),
        ..SliceArgs::default()
    };
    match slice.on {
        Some(on @ On::Channel(_)) => args.channel = Some(on.label(entities)),
        Some(on @ On::Primitive(primitive)) => {
            args.primitive = Some(on.label(entities));
            args.kind = entities.primitives[primitive].kind.map(PrimitiveKind::name);
        }
        Some(on @ On::Thread(_)) => args.thread = Some(on.label(entities)),
        Some(On::Callsite(callsite)) => {
            args.level = Some(entities.callsites[callsite].level);
            args.target = Some(&entities.callsites[callsite].target);
        }
        None => {}
    }
    let category = slice.category.name();
    let name = serde_json::to_string(&slice.name(entities))?;
    let args = serde_json::to_string(&args)?;
    let args = args.strip_suffix('}').unwrap_or(&args);
    Ok(format!(",\"cat\":\"{category}\",\"name\":{name},\"args\":{args}"))
}
