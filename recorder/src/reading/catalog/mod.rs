//! Who and what is in a recording: processes, threads, channels, endpoints, synchronization
//! primitives, callsites and places in the source.
//!
//! Others refer to them by [`index`]. An index never changes, also where the recording grows.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::time::{Duration, UNIX_EPOCH};

use format::{EndCause, PrimitiveKind};
use typed_index_collections::TiVec;

use super::clock::Clock;
use super::id_map::IdMap;
pub use super::metadata::Side;
use super::time::{MAX_CLOCK_SKEW, Nanos};

pub(super) mod builder;
mod first_use;
mod flow_order;
pub mod index;
mod labels;
mod observation;
mod pauses;
mod place;

pub use flow_order::FlowOrder;
pub use index::{
    CallsiteIndex, ChannelIndex, EndpointIndex, PlaceIndex, PrimitiveIndex, ProcessIndex, Target,
    ThreadIndex,
};
pub(crate) use labels::readable;
pub use observation::{Observation, ObservedThread, ProcessorSample, WAITS_FOR_THREAD};
pub use pauses::{Pause, Pauses};
pub use place::{Callers, DependencyCall, Place};
pub(in crate::reading) use place::{Frame, Frames};

/// Who and what is in a recording.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// In the order of their numbers.
    pub processes: TiVec<ProcessIndex, Process>,
    /// In the order of their first events.
    pub threads: TiVec<ThreadIndex, Thread>,
    /// In the order in which they were made.
    pub channels: TiVec<ChannelIndex, Channel>,
    /// Senders and receivers.
    pub endpoints: TiVec<EndpointIndex, Endpoint>,
    /// In the order of their first use.
    pub primitives: TiVec<PrimitiveIndex, Primitive>,
    /// Callsites of the crate `tracing`.
    pub callsites: TiVec<CallsiteIndex, Callsite>,
    /// Places in the source.
    pub places: TiVec<PlaceIndex, Place>,
    /// The threads and channels in the order in which pictures and reports show them.
    pub flow_order: FlowOrder,
    /// The time of the last event, or of the end of the last process that was seen to end.
    pub end: Nanos,
    /// From when on the recording has all events. Before that a flight recorder has discarded events
    /// of some threads. 0 if the trace has nothing from before.
    pub complete_from: Nanos,
    /// What the numbers of each process stand for.
    pub(super) numbers: TiVec<ProcessIndex, Numbers>,
    labels: TiVec<ProcessIndex, labels::Labels>,
    /// Which threads have operated on which endpoints.
    uses: BTreeSet<(ThreadIndex, EndpointIndex)>,
    /// The endpoint that each thread has operated on first.
    first_used: BTreeMap<ThreadIndex, EndpointIndex>,
    /// The callers that are known in the source: numbers of processes, and return addresses.
    resolved_callers: BTreeSet<(u32, u32)>,
    /// The monotonic clock at the trace's start, once there are events.
    origin: Option<Nanos>,
}

/// What the numbers in the records of a process stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    pub(super) threads: IdMap<ThreadIndex>,
    pub(super) channels: IdMap<ChannelIndex>,
    pub(super) endpoints: IdMap<EndpointIndex>,
    pub(super) primitives: IdMap<PrimitiveIndex>,
    pub(super) callsites: IdMap<CallsiteIndex>,
    pub(super) task_names: BTreeMap<u32, String>,
}

/// A process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// Its number in the recording; unique, also where several recordings are read as one.
    pub number: u32,
    /// The index of its recording where several are read as one, else 0.
    pub recording: usize,
    /// The operating system's id.
    pub pid: u32,
    /// A unique id for its track: its pid, unless an earlier process has the same.
    pub track: u64,
    /// The executable's file name; that of a test without the hash that Cargo adds.
    pub name: String,
    /// Whether it runs tests, as far as the path of its executable says.
    pub is_test: bool,
    /// Its command line.
    pub command: String,
    /// The pid of its parent, or 0.
    pub parent: u32,
    /// The name of its machine, or nothing.
    pub host: String,
    /// When it began to record, in nanoseconds since 1970, or 0.
    pub wall_ns: u64,
    /// Its clock.
    pub clock: Clock,
    /// How it ended, if the recorder saw it end.
    pub ended: Option<Ended>,
    /// How the command ended whose recording this is, if the recorder saw it end.
    pub run_end: Option<RunEnd>,
    /// The time of the last event of any process in its recording.
    pub recorded_until: Nanos,
    /// Whether a flight recorder has discarded the first events of some of its threads.
    pub is_truncated: bool,
    /// The last observation of its threads, if the recorder observed them.
    pub last_observation: Option<Observation>,
    /// When its recording paused.
    pub pauses: Pauses,
}

/// How the command that was recorded ended: it is a process, or has started some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// Its exit code, if no signal ended it.
    pub code: u32,
    /// The signal that ended it, or 0.
    pub signal: u32,
    /// Why it was ended, if this version of the recorder knows that.
    pub cause: Option<EndCause>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When it ended.
    pub time: Nanos,
    /// Its exit code, if no signal ended it.
    pub code: u32,
    /// The signal that ended it, or 0.
    pub signal: u32,
    /// Whether code and signal are known: only those of the command itself are.
    pub is_status_known: bool,
}

/// A thread.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its process.
    pub process: ProcessIndex,
    /// Its number in its process.
    pub number: u32,
    /// The operating system's id.
    pub os_id: u64,
    /// A unique id for its track in its process: its OS id, unless an earlier thread has the same.
    pub track: u64,
    /// Its name; never empty.
    pub name: String,
    /// How many of its events could not be recorded.
    pub dropped: u64,
    /// Who spawned it and where, if that is recorded.
    pub spawned: Option<Spawned>,
    /// How its function ended, if that is recorded.
    pub outcome: Option<ThreadOutcome>,
    /// Its processor time up to some instants, in the order of time: the last one, and a limited
    /// number of earlier ones. Empty if the recorder did not observe it.
    pub samples: Vec<ProcessorSample>,
    /// When it was observed not to run: from an observation to a later one, in the order of time.
    /// Recorded waits are among these times. Shorter than the time between two observations, 100 ms
    /// or more, none is found.
    pub blocked: Vec<(Nanos, Nanos)>,
    /// Whether a flight recorder has discarded its first events.
    pub began_before: bool,
}

impl Thread {
    /// Divides a time in which the thread was at nothing that is recorded: parts follow each other,
    /// with whether it was observed to be blocked.
    pub(crate) fn split_by_blocked(
        &self,
        begin: Nanos,
        end: Nanos,
    ) -> impl Iterator<Item = (Nanos, Nanos, bool)> {
        let first = self.blocked.partition_point(|(_, until)| *until <= begin);
        let mut blocked = self.blocked[first..]
            .iter()
            .map(move |&(from, until)| (from.max(begin), until.min(end)))
            .take_while(move |(from, _)| *from < end)
            // A thread that was observed in a recorded wait seems to be blocked before it, or after
            // it, for as long as the clocks differ.
            .filter(|(from, until)| until.since(*from) > MAX_CLOCK_SKEW)
            .peekable();
        let mut at = begin;
        iter::from_fn(move || {
            let part = match blocked.peek().copied() {
                _ if at >= end => return None,
                Some((from, _)) if at < from => (at, from, false),
                Some((_, until)) => {
                    blocked.next();
                    (at, until, true)
                }
                None => (at, end, false),
            };
            at = part.1;
            Some(part)
        })
    }
}

/// Who spawned a thread, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spawned {
    /// The parent; `None` if a flight recorder has discarded the event.
    pub by: Option<ThreadIndex>,
    /// The place, if it is recorded.
    pub place: Option<PlaceIndex>,
}

/// How the function of a thread ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadOutcome {
    /// It returned.
    Returned,
    /// It panicked.
    Panicked,
}

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its process.
    pub process: ProcessIndex,
    /// Its name, or a default; unique in its process.
    pub label: String,
    /// The message type, as the compiler writes it.
    pub message_type: String,
    /// How many messages it holds; `None` is any number, 0 a rendezvous.
    pub bound: Option<u64>,
    /// Where it was made; if that is not in the [program itself](Place::is_own), where the program
    /// first used it, or else the place in the dependency that made it.
    pub place: Option<PlaceIndex>,
    /// Its first sender.
    pub sender: EndpointIndex,
    /// How many senders it had when the recording begins: a flight recorder discards older events.
    pub senders_before: u64,
    /// How many receivers it had then.
    pub receivers_before: u64,
}

impl Channel {
    /// The most messages that can be in it: in a rendezvous, the one that is handed over.
    pub fn capacity(&self) -> u64 {
        self.bound.map_or(u64::MAX, |bound| bound.max(1))
    }

    /// Whether a sender waits for a receiver to take its message.
    pub fn is_rendezvous(&self) -> bool {
        self.bound == Some(0)
    }
}

/// A sender or receiver.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its channel.
    pub channel: ChannelIndex,
    /// Its side of the channel.
    pub side: Side,
    /// Whether it is a clone, and not one of the two that the constructor made.
    pub is_clone: bool,
    /// The name that the program gave it.
    pub name: Option<String>,
    /// Whether it was made before the recording begins, in blocks that a flight recorder discarded.
    pub made_before: bool,
    /// Whether such a block drops it. The block that makes it may still be in the recording: the
    /// blocks of one thread are discarded earlier than those of another.
    pub dropped_before: bool,
}

/// A synchronization primitive.
#[derive(Clone, Debug)]
pub struct Primitive {
    /// Its process.
    pub process: ProcessIndex,
    /// Its kind; `None` if this version of the recorder does not know it.
    pub kind: Option<PrimitiveKind>,
    /// Its name, or a default; unique in its process.
    pub label: String,
    /// The type of its value, as the compiler writes it, or nothing.
    pub value_type: String,
    /// Where it was made; if that is not in the [program itself](Place::is_own), where the program
    /// first used it, or else the place in the dependency that made it.
    pub place: Option<PlaceIndex>,
    /// How many threads a barrier waits for, else 0.
    pub size: u64,
}

/// A place of the program that opens spans of the crate `tracing`, or logs with it.
#[derive(Clone, Debug)]
pub struct Callsite {
    /// Its process.
    pub process: ProcessIndex,
    /// Its level, if it is one of the five.
    pub level: Option<Level>,
    /// Where it is, without a column.
    pub place: Option<PlaceIndex>,
    /// Its target: the part of the program that it belongs to.
    pub target: String,
    /// The span's name; nothing if it logs.
    pub name: String,
}

/// A level of the crate `tracing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// An error.
    Error,
    /// A warning.
    Warn,
    /// Information.
    Info,
    /// For debugging.
    Debug,
    /// A trace.
    Trace,
}

impl Level {
    /// The level with this code: 1 is an error, 5 a trace.
    pub(super) fn from_code(code: u32) -> Option<Self> {
        let levels = [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace];
        levels.get((code as usize).checked_sub(1)?).copied()
    }

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
            Level::Trace => "trace",
        }
    }
}

impl Process {
    /// Labels that viewers show beside its name: its machine and its start.
    pub fn labels(&self) -> Vec<String> {
        let mut labels = Vec::new();
        if !self.host.is_empty() {
            labels.push(format!("host {}", self.host));
        }
        let started = UNIX_EPOCH + Duration::from_nanos(self.wall_ns);
        if self.wall_ns > 0 {
            labels.push(format!("started {}", humantime::format_rfc3339_seconds(started)));
        }
        labels
    }
}

impl Catalog {
    /// The monotonic clock at the trace's start.
    pub(super) fn origin(&self) -> Nanos {
        self.origin.unwrap_or_default()
    }

    /// The time since the trace's start of a time on the monotonic clock: 0 before there are events.
    pub(super) fn since_start(&self, monotonic: Nanos) -> Nanos {
        self.origin.map_or(Nanos::ZERO, |origin| monotonic.since(origin))
    }

    /// The name of a process where there are several: its file name, followed by its pid if
    /// another process has the same.
    pub fn process_name(&self, process: ProcessIndex) -> Option<String> {
        let Process { name, pid, .. } = &self.processes[process];
        let alike = self.processes.iter().filter(|other| other.name == *name).count();
        match (self.processes.len(), alike) {
            (..=1, _) => None,
            (_, ..=1) => Some(name.clone()),
            _ => Some(format!("{name} {pid}")),
        }
    }

    /// When a process ended, or else its recording.
    pub fn end_of(&self, process: ProcessIndex) -> Nanos {
        let process = &self.processes[process];
        process.ended.map_or(process.recorded_until, |ended| ended.time)
    }

    /// How long the recording has all events.
    pub fn length(&self) -> Nanos {
        self.end.since(self.complete_from)
    }

    /// How much of the time between these a process was recorded: its recording was
    /// [complete](Self::complete_from) and did not pause.
    #[inline]
    pub fn recorded_between(&self, process: ProcessIndex, begin: Nanos, end: Nanos) -> Nanos {
        let begin = begin.max(self.complete_from);
        end.since(begin).since(self.processes[process].pauses.between(begin, end))
    }

    /// When the process of a thread ended, or else its recording.
    pub fn end_of_thread(&self, thread: ThreadIndex) -> Nanos {
        self.end_of(self.threads[thread].process)
    }

    /// The thread with this number in a process.
    #[inline]
    pub(crate) fn thread_with_number(
        &self,
        process: ProcessIndex,
        number: u32,
    ) -> Option<ThreadIndex> {
        self.numbers[process].threads.get(number)
    }

    /// The primitive whose number in a process has these low 24 bits, if all of it has no more.
    pub(crate) fn primitive_with_number(
        &self,
        process: ProcessIndex,
        number: u32,
    ) -> Option<PrimitiveIndex> {
        self.numbers[process].primitives.get(number)
    }

    /// The name of the task with this number in a process, if it has one.
    pub fn task_name(&self, process: ProcessIndex, task: u32) -> Option<&str> {
        self.numbers[process].task_names.get(&task).map(String::as_str)
    }

    /// The label of a target: a channel's, a primitive's, a thread's or a span's name.
    pub fn label(&self, target: Target) -> &str {
        match target {
            Target::Channel(channel) => &self.channels[channel].label,
            Target::Primitive(primitive) => &self.primitives[primitive].label,
            Target::Thread(thread) => &self.threads[thread].name,
            Target::Callsite(callsite) => &self.callsites[callsite].name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_codes_from_one_to_five() {
        let names = (0..=6).map(|code| Level::from_code(code).map(Level::name));
        let expected =
            [None, Some("error"), Some("warn"), Some("info"), Some("debug"), Some("trace"), None];
        assert!(names.eq(expected));
    }
}
