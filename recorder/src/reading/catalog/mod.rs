//! What a recording is about: processes, threads, channels, synchronisation primitives and
//! places in the source.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use format::PrimitiveKind;

pub(in crate::reading) mod builder;

use crate::reading::clock::Clock;
pub use crate::reading::id_map::Index;
use crate::reading::id_map::Indices;

/// A process. Others refer to it by its index.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number; unique, also where several recordings are read as one.
    pub number: u32,
    /// The index of the recording that it is from, where several are read as one; else 0.
    pub recording: usize,
    /// The operating system's number for it.
    pub pid: u32,
    /// The same, but for a process that shares it with an earlier one: unique in the trace.
    pub track: u64,
    /// The executable's file name.
    pub name: String,
    /// Its command line.
    pub command: String,
    /// The operating system's number of the process that started it, or 0.
    pub parent: u32,
    /// The name of the machine that it ran on, or nothing.
    pub host: String,
    /// When it began to record, in nanoseconds since 1970, or 0.
    pub wall_ns: u64,
    /// Its clock.
    pub clock: Clock,
    /// How it ended, if the recorder saw it.
    pub ended: Option<Ended>,
    /// When the last is that is known of any process of its recording, in nanoseconds since the
    /// start of the trace.
    pub recorded_until: u64,
    /// Whether a flight recorder has forgotten the begin of what some of its threads did.
    pub forgotten: bool,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When, in nanoseconds since the start of the trace.
    pub time: u64,
    /// Its exit code, if no signal ended it.
    pub code: u32,
    /// The signal that ended it, or 0.
    pub signal: u32,
}

/// A thread. Others refer to it by its index, which is the order of appearance.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its process.
    pub process: usize,
    /// Its number in its process.
    pub number: u32,
    /// The operating system's number for it.
    pub os_id: u64,
    /// The same, but for a thread that shares it with an earlier one: unique in its process.
    pub track: u64,
    /// Its name; never empty.
    pub name: String,
    /// How many of its events could not be recorded.
    pub dropped: u64,
    /// Who spawned it and where, if the recording tells.
    pub spawned: Option<Spawned>,
    /// How the function ended that it was spawned with, if the recording tells.
    pub outcome: Option<Outcome>,
}

/// Who spawned a thread, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spawned {
    /// The thread that did; `None` if a flight recorder has forgotten when that was.
    pub by: Option<Index>,
    /// The place, if the recording tells.
    pub site: Option<Index>,
}

/// How the function ended that a thread was spawned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has returned.
    Returned,
    /// It has panicked.
    Panicked,
}

/// A channel. Others refer to it by its index, which is the order of creation.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its process.
    pub process: usize,
    /// What it is called: unique in its process.
    pub label: String,
    /// The message type, as the compiler writes it.
    pub message_type: String,
    /// How many messages it holds; `None` is any number.
    pub bound: Option<u64>,
    /// Where it was made.
    pub site: Option<Index>,
    /// How many senders it had when the recording began, if it was made before: a flight
    /// recorder forgets what is too old.
    pub senders_before: u64,
    /// How many receivers it had then.
    pub receivers_before: u64,
}

/// A synchronisation primitive. Others refer to it by its index, which is the order of first
/// use.
#[derive(Clone, Debug)]
pub struct Primitive {
    /// Its process.
    pub process: usize,
    /// What it is; `None` where this version of the recorder does not know it.
    pub kind: Option<PrimitiveKind>,
    /// What it is called: unique in its process.
    pub label: String,
    /// The type of what it holds, as the compiler writes it, or nothing.
    pub value_type: String,
    /// Where it was made.
    pub site: Option<Index>,
    /// For a barrier, how many threads it waits for; else 0.
    pub size: u64,
}

/// A place of the program that opens spans of the crate `tracing`, or logs with it. Others
/// refer to it by its index.
#[derive(Clone, Debug)]
pub struct Callsite {
    /// Its process.
    pub process: usize,
    /// `error`, `warn`, `info`, `debug` or `trace`; nothing where it is none of them.
    pub level: &'static str,
    /// Where it is, without a column.
    pub site: Option<Index>,
    /// What part of the program it says it is of.
    pub target: String,
    /// The span's name; for what logs, nothing.
    pub name: String,
}

/// A place in the source. Others refer to it by its index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// The file, as the compiler was given it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 where it is not known.
    pub column: u32,
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.column == 0 { Ok(()) } else { write!(f, ":{}", self.column) }
    }
}

/// Who and what there is in a recording.
#[derive(Clone, Debug, Default)]
pub struct Entities {
    /// In the order of their numbers.
    pub processes: Vec<Process>,
    /// In the order in which they appeared.
    pub threads: Vec<Thread>,
    /// In the order in which they were made.
    pub channels: Vec<Channel>,
    /// In the order in which they were first used.
    pub primitives: Vec<Primitive>,
    /// In the order in which they were met.
    pub callsites: Vec<Callsite>,
    /// In the order in which they were met.
    pub sites: Vec<Site>,
    /// The channel of each endpoint, by process and the endpoint's number.
    pub(crate) endpoints: Vec<Indices>,
    /// The names that the program gave to endpoints, by process and the endpoint's number.
    pub(crate) endpoint_names: HashMap<(usize, u32), String>,
    /// The names of tasks, by process and the number of the task.
    pub(crate) task_names: HashMap<(usize, u32), String>,
    /// Primitives by process and number.
    pub(crate) primitive_numbers: Vec<Indices>,
    /// Callsites by process and number.
    pub(crate) callsite_numbers: Vec<Indices>,
    /// Threads by process and number.
    pub(crate) numbers: Vec<Indices>,
    /// How long the trace is, in nanoseconds: to its last event, or to the end of the
    /// last process that was seen to end.
    pub end: u64,
}

impl Process {
    /// What else there is to say of it: where it ran and when it began.
    pub fn labels(&self) -> Vec<String> {
        let mut labels = Vec::new();
        if !self.host.is_empty() {
            labels.push(format!("host {}", self.host));
        }
        let begun = UNIX_EPOCH + Duration::from_nanos(self.wall_ns);
        if self.wall_ns > 0 {
            labels.push(format!("started {}", humantime::format_rfc3339_seconds(begun)));
        }
        labels
    }
}

impl Entities {
    /// The name that the program gave to this endpoint of a process, if it did.
    pub fn endpoint_name(&self, process: usize, endpoint: u32) -> Option<&str> {
        if self.endpoint_names.is_empty() {
            return None;
        }
        self.endpoint_names.get(&(process, endpoint)).map(String::as_str)
    }

    /// The name of this task of a process, if it has one.
    pub fn task_name(&self, process: usize, task: u32) -> Option<&str> {
        self.task_names.get(&(process, task)).map(String::as_str)
    }

    /// What a process is called where there are several: its name, and its number if others have
    /// that name.
    pub fn process_name(&self, process: usize) -> Option<String> {
        let Process { name, pid, .. } = &self.processes[process];
        let alike = self.processes.iter().filter(|other| other.name == *name).count();
        match (self.processes.len(), alike) {
            (..=1, _) => None,
            (_, ..=1) => Some(name.clone()),
            _ => Some(format!("{name} {pid}")),
        }
    }

    /// When a process ended, or else its recording, in nanoseconds since the trace's start.
    pub fn end_of(&self, process: usize) -> u64 {
        let process = &self.processes[process];
        process.ended.map_or(process.recorded_until, |ended| ended.time)
    }

    /// The channel of this endpoint of a process, if the recording tells.
    pub fn channel_of(&self, process: usize, endpoint: u32) -> Option<Index> {
        self.endpoints.get(process)?.get(endpoint)
    }
}

/// What a primitive is, as the source has it: `Mutex<Receiver<Job>>`.
pub(crate) fn primitive_type(kind: Option<PrimitiveKind>, value_type: &str) -> String {
    let kind = kind.map_or("primitive", PrimitiveKind::name);
    match format::short_type(value_type) {
        value_type if value_type.is_empty() => kind.to_owned(),
        value_type => format!("{kind}<{value_type}>"),
    }
}

/// The name of a level of the crate `tracing`, or nothing.
pub(crate) fn level(number: u32) -> &'static str {
    match number {
        1 => "error",
        2 => "warn",
        3 => "info",
        4 => "debug",
        5 => "trace",
        _ => "",
    }
}

/// What the program says, such that every viewer can show it: Perfetto 52 reads no further where
/// a text ends in a backslash.
pub(crate) fn readable(text: &str) -> Cow<'_, str> {
    match text.strip_suffix('\\') {
        Some(rest) => format!("{rest}∖").into(),
        None => text.into(),
    }
}

/// Makes `label` differ from those before: `jobs`, `jobs [2]`, …
pub(crate) fn distinguish(label: &str, seen: &mut HashMap<String, usize>) -> String {
    // As for `readable`; in what is a name of a channel it is a folder's, most likely.
    let label = label.replace('\\', "/");
    let mut count = seen.get(&label).copied().unwrap_or(0);
    let mut distinct = label.clone();
    while count > 0 && {
        distinct = format!("{label} [{}]", count + 1);
        seen.contains_key(&distinct)
    } {
        count += 1;
    }
    seen.insert(label, count + 1);
    seen.entry(distinct.clone()).or_insert(1);
    distinct
}

/// `number`, or where an earlier one had it, one that nobody has.
pub(crate) fn unique(number: u64, taken: &mut std::collections::HashSet<u64>) -> u64 {
    /// Above every number that Linux gives to a thread.
    const BEYOND: u64 = 1 << 23;
    let mut unique = number;
    while !taken.insert(unique) {
        unique = unique.wrapping_add(BEYOND);
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_primitive_is_what_the_source_says() {
        let mutex = Some(PrimitiveKind::Mutex);
        assert_eq!(primitive_type(mutex, "a::Receiver<b::Job>"), "Mutex<Receiver<Job>>");
        assert_eq!(primitive_type(Some(PrimitiveKind::Condvar), ""), "Condvar");
        assert_eq!(primitive_type(None, ""), "primitive");
    }

    #[test]
    fn a_place_without_a_column_has_none() {
        let site = |column| Site { file: "src/main.rs".into(), line: 14, column };
        assert_eq!(site(5).to_string(), "src/main.rs:14:5");
        assert_eq!(site(0).to_string(), "src/main.rs:14");
    }

    #[test]
    fn labels_differ_and_have_no_backslash() {
        let mut seen = HashMap::new();
        let labels: Vec<_> = ["jobs", "a\\", "jobs", "jobs", "b [2]", "b", "b"]
            .map(|label| distinguish(label, &mut seen))
            .into();
        assert_eq!(labels, ["jobs", "a/", "jobs [2]", "jobs [3]", "b [2]", "b", "b [3]"]);
    }

    #[test]
    fn a_number_that_comes_again_becomes_another() {
        let mut taken = Default::default();
        let all: std::collections::HashSet<_> =
            [7, 7, 7, 8].into_iter().map(|number| unique(number, &mut taken)).collect();
        assert_eq!(all.len(), 4);
        assert!(all.contains(&7) && all.contains(&8));
    }
}
