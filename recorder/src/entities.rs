//! What a recording is about: processes, threads, channels and places in the source.

use std::collections::HashMap;

use crate::clock::Clock;
use crate::indices::Indices;

/// A process. Others refer to it by its index.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number in the recording.
    pub number: u32,
    /// The operating system's number for it.
    pub pid: u32,
    /// The same, but for a process that shares it with an earlier one: unique in the trace.
    pub track: u64,
    /// The executable's file name.
    pub name: String,
    /// Its command line.
    pub command: String,
    /// Its clock.
    pub clock: Clock,
    /// How it ended, if the recorder saw it.
    pub ended: Option<Ended>,
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
    pub site: Option<usize>,
    /// How many senders it had when the recording began, if it was made before: a flight
    /// recorder forgets what is too old.
    pub senders_before: u64,
}

/// A place in the source. Others refer to it by its index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// The file, as the compiler was given it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
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
    /// In the order in which they were met.
    pub sites: Vec<Site>,
    /// The channel of each endpoint, by process and the endpoint's number.
    pub(crate) endpoints: Vec<Indices>,
    /// Threads by process and number.
    pub(crate) numbers: Vec<Indices>,
    /// How long the trace is, in nanoseconds: to its last event, or to the end of the
    /// last process that was seen to end.
    pub end: u64,
}

/// Makes `label` differ from those before: `jobs`, `jobs [2]`, …
pub(crate) fn distinguish(label: &str, seen: &mut HashMap<String, usize>) -> String {
    // Perfetto 52 stops loading at a name that ends in a backslash.
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
