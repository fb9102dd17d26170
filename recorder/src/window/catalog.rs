//! The description of a run: who and what is in it.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use super::VERSION;
use super::kinds::{KindDocument, KindList};
use crate::reading::Recording;
use crate::reading::catalog::{
    Catalog, Channel, Ended, Endpoint, Place, PlaceIndex, Primitive, Process, Side, Thread,
    ThreadOutcome,
};
use crate::timeline::item::Activity;

/// The processes, threads, channels, primitives, endpoints and places of a run, by their indices, and
/// the kinds of its events.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunDocument<'a> {
    version: u64,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    host: &'a str,
    duration: u64,
    complete_from: u64,
    incomplete: bool,
    dropped: u64,
    damage: Vec<String>,
    processes: Vec<ProcessDocument<'a>>,
    threads: Vec<ThreadDocument<'a>>,
    channels: Vec<ChannelDocument<'a>>,
    primitives: Vec<PrimitiveDocument<'a>>,
    endpoints: Vec<EndpointDocument<'a>>,
    callsites: Vec<CallsiteDocument<'a>>,
    places: Vec<PlaceDocument<'a>>,
    thread_order: Vec<usize>,
    channel_order: Vec<usize>,
    kinds: &'a [KindDocument],
    activities: [&'static str; Activity::ALL.len()],
}

#[derive(Debug, Serialize)]
struct ProcessDocument<'a> {
    name: &'a str,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<EndDocument>,
}

#[derive(Debug, Serialize)]
struct EndDocument {
    time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<u32>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ThreadDocument<'a> {
    name: &'a str,
    process: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    spawned_by: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct ChannelDocument<'a> {
    label: &'a str,
    r#type: &'a str,
    bound: Option<u64>,
    process: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<usize>,
}

#[derive(Debug, Serialize)]
struct PrimitiveDocument<'a> {
    label: &'a str,
    kind: String,
    r#type: &'a str,
    process: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<usize>,
}

#[derive(Debug, Serialize)]
struct EndpointDocument<'a> {
    channel: usize,
    side: &'static str,
    clone: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct CallsiteDocument<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<usize>,
}

#[derive(Debug, Serialize)]
struct PlaceDocument<'a> {
    file: Cow<'a, str>,
    line: u32,
    #[serde(skip_serializing_if = "is_zero")]
    column: u32,
    text: String,
    own: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn number(place: Option<PlaceIndex>) -> Option<usize> {
    place.map(usize::from)
}

impl<'a> RunDocument<'a> {
    /// Describes the run of a recording, whose events are of these kinds.
    pub fn new(recording: &'a Recording, kinds: &'a KindList, name: &'a str) -> Self {
        let catalog = &recording.catalog;
        let Catalog { processes, threads, channels, primitives, endpoints, places, .. } = catalog;
        let first = processes.first();
        RunDocument {
            version: VERSION,
            name,
            command: first.map_or("", |process| &process.command),
            started: first.filter(|process| process.wall_ns > 0).map(|process| {
                let started = UNIX_EPOCH + Duration::from_nanos(process.wall_ns);
                humantime::format_rfc3339_millis(started).to_string()
            }),
            host: first.map_or("", |process| &process.host),
            duration: catalog.end.get(),
            complete_from: catalog.complete_from.get(),
            incomplete: recording.is_incomplete(),
            dropped: recording.dropped,
            damage: recording.damage.iter().map(ToString::to_string).collect(),
            processes: processes.iter().map(ProcessDocument::new).collect(),
            threads: threads.iter().map(ThreadDocument::new).collect(),
            channels: channels.iter().map(ChannelDocument::new).collect(),
            primitives: primitives.iter().map(PrimitiveDocument::new).collect(),
            endpoints: endpoints.iter().map(EndpointDocument::new).collect(),
            callsites: catalog
                .callsites
                .iter()
                .map(|callsite| CallsiteDocument {
                    name: &callsite.name,
                    place: number(callsite.place),
                })
                .collect(),
            places: places.iter().map(PlaceDocument::new).collect(),
            thread_order: catalog.flow_order.threads.iter().map(|it| usize::from(*it)).collect(),
            channel_order: catalog.flow_order.channels.iter().map(|it| usize::from(*it)).collect(),
            kinds: kinds.list(),
            activities: Activity::ALL.map(Activity::name),
        }
    }
}

impl<'a> ProcessDocument<'a> {
    fn new(process: &'a Process) -> Self {
        let Process { name, pid, ended, .. } = process;
        let end = |ended: Ended| EndDocument {
            time: ended.time.get(),
            code: (ended.is_status_known && ended.signal == 0).then_some(ended.code),
            signal: (ended.is_status_known && ended.signal != 0).then_some(ended.signal),
        };
        ProcessDocument { name, pid: *pid, ended: ended.map(end) }
    }
}

impl<'a> ThreadDocument<'a> {
    fn new(thread: &'a Thread) -> Self {
        let outcome = |outcome| match outcome {
            ThreadOutcome::Returned => "returned",
            ThreadOutcome::Panicked => "panicked",
        };
        let spawned = thread.spawned;
        ThreadDocument {
            name: &thread.name,
            process: thread.process.into(),
            spawned_by: spawned.and_then(|spawned| spawned.by).map(usize::from),
            place: number(spawned.and_then(|spawned| spawned.place)),
            outcome: thread.outcome.map(outcome),
        }
    }
}

impl<'a> ChannelDocument<'a> {
    fn new(channel: &'a Channel) -> Self {
        let Channel { label, message_type, bound, process, place, .. } = channel;
        let (process, place) = ((*process).into(), number(*place));
        ChannelDocument { label, r#type: message_type, bound: *bound, process, place }
    }
}

impl<'a> PrimitiveDocument<'a> {
    fn new(primitive: &'a Primitive) -> Self {
        let Primitive { label, kind, value_type, process, place, .. } = primitive;
        let kind = kind.map_or_else(String::new, |kind| kind.name().to_owned());
        let (process, place) = ((*process).into(), number(*place));
        PrimitiveDocument { label, kind, r#type: value_type, process, place }
    }
}

impl<'a> EndpointDocument<'a> {
    fn new(endpoint: &'a Endpoint) -> Self {
        let side = match endpoint.side {
            Side::Sender => "sender",
            Side::Receiver => "receiver",
        };
        let name = endpoint.name.as_deref();
        EndpointDocument { channel: endpoint.channel.into(), side, clone: endpoint.is_clone, name }
    }
}

impl<'a> PlaceDocument<'a> {
    fn new(place: &'a Place) -> Self {
        PlaceDocument {
            file: place.short_file(),
            line: place.line,
            column: place.column,
            text: place.file_and_line(),
            own: place.is_own(),
            call: place.dependency_call(),
        }
    }
}
