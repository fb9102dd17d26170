//! The Chrome trace format: JSON, one event a line.
//!
//! Format: "Trace Event Format" (Google, 2016). What Perfetto makes of it decides where
//! the two differ: an array without an end is allowed, so that a file that was cut still
//! opens; messages in flight and locks that are held are asynchronous events with ids that are
//! local to their process; those of one id and category share a track, which has the name of the
//! first; a counter's only argument has an empty name, which leaves its label clean.

use std::collections::HashMap;
use std::io::Write;

use anyhow::Result;
use format::PrimitiveKind;
use serde::Serialize;
use serde::ser::SerializeMap;

use crate::entities::{Entities, Primitive};
use crate::findings::Finding;
use crate::items::{
    Arrow, Category, Count, Counter, Fate, Flight, Hold, Item, Merged, On, Row, Slice,
};
use crate::load::Recording;

/// Writes a Chrome trace.
#[derive(Debug)]
pub struct Chrome<'a, W> {
    entities: &'a Entities,
    out: W,
    first: bool,
    /// The numbers of the lanes of locks: of a lock, and in it.
    lanes: HashMap<(usize, usize), usize>,
    /// How many findings there were.
    findings: u64,
}

#[derive(Serialize)]
struct Event<'a, A> {
    ph: &'static str,
    pid: u64,
    tid: u64,
    ts: Microseconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<Microseconds>,
    cat: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id2: Option<Local>,
    /// Where a flow ends: in the slice that encloses its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<A>,
}

/// Nanoseconds, written as microseconds.
struct Microseconds(u64);

impl Serialize for Microseconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1_000) {
            serializer.serialize_u64(self.0 / 1_000)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1_000.0)
        }
    }
}

#[derive(Serialize)]
struct Local {
    local: String,
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

#[derive(Default, Serialize)]
struct SliceArgs<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
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
    fields: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waited_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
}

#[derive(Serialize)]
struct FlightArgs<'a> {
    channel: &'a str,
    message: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
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

/// The totals, by their names.
struct MergedArgs<'a> {
    primitive: Option<&'a str>,
    what: &'a str,
    merged: &'a Merged,
}

impl Serialize for MergedArgs<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(primitive) = self.primitive {
            map.serialize_entry("primitive", primitive)?;
        }
        if !self.what.is_empty() {
            map.serialize_entry("what", self.what)?;
        }
        for (total, value) in &self.merged.totals {
            map.serialize_entry(total.name(), value)?;
        }
        map.end()
    }
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

#[derive(Serialize)]
struct CounterArgs {
    #[serde(rename = "")]
    value: u64,
}

impl<'a, W: Write> Chrome<'a, W> {
    /// Writes who and what there is.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn new(out: W, recording: &'a Recording) -> Result<Self> {
        let entities = &recording.entities;
        let mut chrome = Chrome { entities, out, first: true, lanes: HashMap::new(), findings: 0 };
        for (index, process) in entities.processes.iter().enumerate() {
            let pid = process.track;
            chrome.metadata(pid, pid, "process_name", MetadataArgs::Name(&process.name))?;
            chrome.metadata(pid, pid, "process_sort_index", MetadataArgs::SortIndex(index))?;
            let mut labels = process.labels();
            labels.insert(0, process.command.clone());
            labels.retain(|label| !label.is_empty());
            if !labels.is_empty() {
                let labels = labels.join(", ");
                chrome.metadata(pid, pid, "process_labels", MetadataArgs::Labels(&labels))?;
            }
        }
        for (index, thread) in entities.threads.iter().enumerate() {
            let pid = entities.processes[thread.process].track;
            chrome.metadata(pid, thread.track, "thread_name", MetadataArgs::Name(&thread.name))?;
            chrome.metadata(
                pid,
                thread.track,
                "thread_sort_index",
                MetadataArgs::SortIndex(index),
            )?;
        }
        Ok(chrome)
    }

    /// Writes an item.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn item(&mut self, item: &Item) -> Result<()> {
        match item {
            Item::Slice(slice) => self.slice(slice),
            Item::Flight(flight) => self.flight(flight),
            Item::Hold(hold) => self.hold(hold),
            Item::Counter(counter) => self.counter(counter),
            Item::Merged(merged) => self.merged(merged),
        }
    }

    /// Writes a finding: an asynchronous event as long as it lasts, and an instant in it for
    /// each event that shows it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finding(&mut self, finding: &Finding) -> Result<()> {
        let entities = self.entities;
        let pid = entities.processes[finding.process(entities)].track;
        self.findings += 1;
        let id = format!("{:#x}", self.findings);
        let (begin, end) = finding.shown();
        let args = FindingArgs {
            text: Some(&finding.what),
            advice: Some(&finding.advice),
            sure: Some(finding.certainty.to_string()),
            site: finding.site.map(|site| entities.sites[site.get()].to_string()),
        };
        self.mark(pid, &id, "b", begin, finding.code.name(), Some(args))?;
        for evidence in &finding.evidence {
            let name = format!("{} {}", entities.threads[evidence.thread].name, evidence.what);
            let site = evidence.site.map(|site| entities.sites[site.get()].to_string());
            let args = FindingArgs { site, ..FindingArgs::default() };
            self.mark(pid, &id, "n", evidence.time, &name, Some(args))?;
        }
        self.mark(pid, &id, "e", end, finding.code.name(), None)
    }

    fn mark(
        &mut self,
        pid: u64,
        id: &str,
        ph: &'static str,
        time: u64,
        name: &str,
        args: Option<FindingArgs<'_>>,
    ) -> Result<()> {
        self.write(&Event {
            ph,
            pid,
            tid: pid,
            ts: Microseconds(time),
            dur: None,
            cat: "finding",
            name,
            id: None,
            id2: Some(Local { local: id.to_owned() }),
            bp: None,
            args,
        })
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> Result<()> {
        self.out.write_all(if self.first { b"[]\n" } else { b"\n]\n" })?;
        Ok(self.out.flush()?)
    }

    fn write(&mut self, event: &impl Serialize) -> Result<()> {
        self.out.write_all(if self.first { b"[\n" } else { b",\n" })?;
        self.first = false;
        Ok(serde_json::to_writer(&mut self.out, event)?)
    }

    fn metadata(
        &mut self,
        pid: u64,
        tid: u64,
        name: &'static str,
        args: MetadataArgs<'_>,
    ) -> Result<()> {
        self.write(&Metadata { ph: "M", pid, tid, name, args })
    }

    fn slice(&mut self, slice: &Slice) -> Result<()> {
        let entities = self.entities;
        let thread = &entities.threads[slice.thread];
        let (pid, tid) = (entities.processes[thread.process].track, thread.track);
        let mut args = SliceArgs {
            endpoint: slice
                .endpoint
                .and_then(|endpoint| entities.endpoint_name(thread.process, endpoint)),
            message: slice.message,
            depth: slice.depth,
            latency_ns: slice.latency,
            waited_ns: slice.waited,
            timeout_ns: slice.timeout,
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
        let words = slice.words.as_deref();
        match slice.category {
            Category::Channel => args.value = words,
            Category::Span => args.fields = words,
            Category::Primitive | Category::Thread | Category::Log => args.text = words,
        }
        if !matches!(slice.category, Category::Span | Category::Log) {
            args.operation = Some(slice.operation);
        }
        self.write(&Event {
            // What never ended is begun, and not ended.
            ph: if slice.end.is_some() { "X" } else { "B" },
            pid,
            tid,
            ts: Microseconds(slice.begin),
            dur: slice.end.map(|end| Microseconds(end - slice.begin)),
            cat: slice.category.name(),
            name: &slice.name(entities),
            id: None,
            id2: None,
            bp: None,
            args: Some(args),
        })?;
        let (ph, ids, bp) = match &slice.arrow {
            None => return Ok(()),
            Some(Arrow::From(ids)) => ("s", ids.clone(), None),
            Some(Arrow::To(id)) => ("f", *id..id + 1, Some("e")),
        };
        // Both ends of an arrow are of one category.
        let name = match slice.category {
            Category::Channel => "message",
            category => category.name(),
        };
        for id in ids {
            self.write(&Event::<()> {
                ph,
                pid,
                tid,
                ts: Microseconds(slice.begin),
                dur: None,
                cat: name,
                name,
                id: Some(id),
                id2: None,
                bp,
                args: None,
            })?;
        }
        Ok(())
    }

    fn flight(&mut self, flight: &Flight) -> Result<()> {
        let channel = &self.entities.channels[flight.channel];
        if flight.lane.is_none() {
            return Ok(());
        }
        let what = match flight.fate {
            Fate::Received => "in flight",
            Fate::Lost => "never received",
            Fate::Unseen => "receive not recorded",
        };
        let name = format!("{} {what}", channel.label);
        let pid = self.entities.processes[channel.process].track;
        for (ph, time) in [("b", flight.begin), ("e", flight.end)] {
            let args = FlightArgs {
                channel: &channel.label,
                message: flight.message,
                value: flight.value.as_deref(),
            };
            self.write(&Event {
                ph,
                pid,
                tid: pid,
                ts: Microseconds(time),
                dur: None,
                cat: "message",
                name: &name,
                id: None,
                id2: Some(Local { local: format!("{:#x}", flight.arrow) }),
                bp: None,
                args: (ph == "b").then_some(args),
            })?;
        }
        Ok(())
    }

    fn hold(&mut self, hold: &Hold) -> Result<()> {
        let entities = self.entities;
        let primitive = &entities.primitives[hold.primitive];
        let Some(lane) = hold.lane else { return Ok(()) };
        let number = self.lane(hold.primitive, lane)?;
        let name = hold.name(entities);
        let args = HoldArgs {
            primitive: &primitive.label,
            thread: &entities.threads[hold.thread].name,
            turn: hold.turn,
            others_waited_ns: hold.others_waited,
            site: hold.site.map(|site| entities.sites[site].to_string()),
        };
        self.lock_event(primitive, number, "b", hold.begin, &name, Some(args))?;
        match hold.end {
            Some(end) => self.lock_event::<()>(primitive, number, "e", end, &name, None),
            None => Ok(()),
        }
    }

    /// The number of a lock's lane.
    fn lane(&mut self, primitive: usize, lane: usize) -> Result<usize> {
        let known = self.lanes.len();
        let number = *self.lanes.entry((primitive, lane)).or_insert(known);
        if number == known {
            // An instant before all that is held gives the track its name.
            let primitive = &self.entities.primitives[primitive];
            for ph in ["b", "e"] {
                self.lock_event::<()>(primitive, number, ph, 0, &primitive.label, None)?;
            }
        }
        Ok(number)
    }

    fn merged(&mut self, merged: &Merged) -> Result<()> {
        let entities = self.entities;
        let (name, what) = (merged.name(entities), merged.what(entities));
        match merged.row {
            Row::Thread(thread) => {
                let thread = &entities.threads[thread];
                self.write(&Event {
                    ph: "X",
                    pid: entities.processes[thread.process].track,
                    tid: thread.track,
                    ts: Microseconds(merged.begin),
                    dur: Some(Microseconds(merged.end - merged.begin)),
                    cat: "merged",
                    name: &name,
                    id: None,
                    id2: None,
                    bp: None,
                    args: Some(MergedArgs { primitive: None, what: &what, merged }),
                })
            }
            Row::Lock(primitive, lane) => {
                let number = self.lane(primitive, lane)?;
                let primitive = &entities.primitives[primitive];
                let args = MergedArgs { primitive: Some(&primitive.label), what: &what, merged };
                self.lock_event(primitive, number, "b", merged.begin, &name, Some(args))?;
                self.lock_event::<()>(primitive, number, "e", merged.end, &name, None)
            }
        }
    }

    fn lock_event<A: Serialize>(
        &mut self,
        primitive: &Primitive,
        lane: usize,
        ph: &'static str,
        time: u64,
        name: &str,
        args: Option<A>,
    ) -> Result<()> {
        let pid = self.entities.processes[primitive.process].track;
        self.write(&Event {
            ph,
            pid,
            tid: pid,
            ts: Microseconds(time),
            dur: None,
            cat: "lock",
            name,
            id: None,
            id2: Some(Local { local: format!("{lane:#x}") }),
            bp: None,
            args,
        })
    }

    fn counter(&mut self, counter: &Counter) -> Result<()> {
        let channel = &self.entities.channels[counter.channel];
        let what = match counter.what {
            Count::QueueDepth => "queue depth",
            Count::LiveSenders => "live senders",
        };
        let pid = self.entities.processes[channel.process].track;
        self.write(&Event {
            ph: "C",
            pid,
            tid: pid,
            ts: Microseconds(counter.time),
            dur: None,
            cat: "channel",
            name: &format!("{} {what}", channel.label),
            id: None,
            id2: None,
            bp: None,
            args: Some(CounterArgs { value: counter.value }),
        })
    }
}
