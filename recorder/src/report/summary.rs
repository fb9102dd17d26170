//! What a run came to, in a few lines.

use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

use crate::reading::catalog::{Entities, Thread};
use crate::reading::{Alignment, Recording};
use crate::timeline::builder::MOST_LANES;
use crate::timeline::item::{Fate, Item, On, PANIC, PAUSED, RESUMED, Slice};

/// What a run came to, in a few lines: its [`Display`](fmt::Display).
#[derive(Debug)]
pub struct Summary<'a> {
    entities: &'a Entities,
    /// How the clocks of several recordings were put on one.
    alignment: Option<&'a Alignment>,
    dropped: u64,
    sent: u64,
    received: u64,
    /// Messages that nobody received.
    lost: u64,
    /// Messages that are not shown in flight.
    hidden: u64,
    /// By process: whether some of its sends are known to be missing. The report goes by the same
    /// to count messages as sent of whose sends there is no event.
    lacks_sends: Vec<bool>,
    /// When each process's recording has paused, while it does.
    paused: Vec<Option<u64>>,
    /// How long recordings have paused.
    pauses: Pauses,
    /// Nanoseconds, by thread.
    blocked: Vec<u64>,
    longest: Option<Slice>,
    /// Waits without an end.
    stuck: Vec<Slice>,
    /// Where threads have panicked.
    panics: Vec<Slice>,
    /// Locks that are held at the end, and the threads that hold them.
    held: Vec<(usize, usize)>,
    /// What the pictures do not show, in words.
    left_out: Vec<String>,
}

/// How long recordings have paused, in words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pauses {
    /// In nanoseconds, of those whose begin is recorded.
    time: Option<u64>,
    /// Whether there are others.
    others: bool,
}

impl Pauses {
    /// One from then, if that is recorded, until then.
    pub(crate) fn add(&mut self, from: Option<u64>, to: u64) {
        match from {
            Some(from) => {
                let time = self.time.unwrap_or(0).saturating_add(to.saturating_sub(from));
                self.time = Some(time);
            }
            None => self.others = true,
        }
    }
}

impl fmt::Display for Pauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.time.map(duration) {
            None => f.write_str("for an unknown time (its begin is not recorded)"),
            Some(time) if self.others => {
                write!(f, "for more than {time} in all (not every begin is recorded)")
            }
            Some(time) => write!(f, "for {time} in all"),
        }
    }
}

/// So many of a kind are named.
const SHOWN: usize = 10;

impl<'a> Summary<'a> {
    /// Of a run of which nothing has been told yet.
    pub fn new(recording: &'a Recording) -> Self {
        let entities = &recording.entities;
        let incomplete = recording.is_incomplete();
        let lacks_sends = entities.processes.iter().map(|process| incomplete || process.forgotten);
        Summary {
            entities,
            alignment: recording.alignment.as_ref(),
            dropped: recording.dropped,
            sent: 0,
            received: 0,
            lost: 0,
            hidden: 0,
            lacks_sends: lacks_sends.collect(),
            paused: vec![None; entities.processes.len()],
            pauses: Pauses::default(),
            blocked: vec![0; entities.threads.len()],
            longest: None,
            stuck: Vec::new(),
            panics: Vec::new(),
            held: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Takes in an item.
    pub fn item(&mut self, item: &Item) {
        let slice = match item {
            Item::Slice(slice) => slice,
            Item::Flight(flight) => {
                self.lost += u64::from(flight.fate == Fate::Lost);
                self.hidden += u64::from(flight.lane.is_none());
                return;
            }
            Item::Hold(hold) => {
                if hold.end.is_none() {
                    self.held.push((hold.primitive, hold.thread));
                }
                return;
            }
            Item::Counter(_) | Item::State(_) | Item::Merged(_) | Item::MergedStates(_) => return,
        };
        let process = self.entities.threads[slice.thread].process;
        self.lacks_sends[process] |= matches!(slice.verb, PAUSED | RESUMED);
        let paused = &mut self.paused[process];
        match slice.verb {
            PAUSED => drop(paused.get_or_insert(slice.begin)),
            RESUMED => self.pauses.add(paused.take(), slice.begin),
            PANIC => self.panics.push(slice.clone()),
            _ => {}
        }
        if slice.channel().is_some() {
            let taken_before_told = slice.lacks_send() && !self.lacks_sends[process];
            self.sent += u64::from(slice.is_sent() || taken_before_told);
            self.received += u64::from(slice.is_received());
        }
        if !slice.is_wait() {
            return;
        }
        let length = self.length(slice);
        self.blocked[slice.thread] = self.blocked[slice.thread].saturating_add(length);
        if length > 0 && self.longest.as_ref().is_none_or(|longest| self.length(longest) < length) {
            self.longest = Some(slice.clone());
        }
        if slice.end.is_none() {
            self.stuck.push(slice.clone());
        }
    }

    /// Leaves out that these threads still wait: a finding says so, and more.
    pub fn leave_to_a_finding(&mut self, threads: &[usize]) {
        self.stuck.retain(|slice| !threads.contains(&slice.thread));
    }

    /// Says what the pictures do not show.
    pub(crate) fn leave_out(&mut self, words: String) {
        self.left_out.push(words);
    }

    fn length(&self, slice: &Slice) -> u64 {
        slice.end.unwrap_or(self.end_of(slice)).saturating_sub(slice.begin)
    }

    /// When the process of a slice's thread ended, as far as is known.
    fn end_of(&self, slice: &Slice) -> u64 {
        self.entities.end_of(self.entities.threads[slice.thread].process)
    }

    /// `consumer`, or where there are several processes `consumer of server`
    fn thread(&self, thread: usize) -> String {
        self.thread_name(&self.entities.threads[thread])
    }

    fn thread_name(&self, thread: &Thread) -> String {
        match self.entities.process_name(thread.process) {
            Some(process) => format!("{} of {process}", thread.name),
            None => thread.name.clone(),
        }
    }

    /// `consumer in recv on jobs, src/main.rs:14:20`
    fn who(&self, slice: &Slice) -> String {
        let mut who = format!("{} in {}", self.thread(slice.thread), slice.operation);
        if let Some(on) = slice.on {
            let preposition = if matches!(on, On::Thread(_)) { "of" } else { "on" };
            who += &format!(" {preposition} {:?}", on.label(self.entities));
        }
        let is_lock = matches!(slice.operation, "lock" | "read" | "write");
        if let Some(On::Primitive(primitive)) = slice.on
            && slice.end.is_none()
            && is_lock
        {
            let holders = self.held.iter().filter(|held| held.0 == primitive);
            for (index, &(_, thread)) in holders.take(SHOWN).enumerate() {
                who += if index == 0 { " held by " } else { ", " };
                who += &self.entities.threads[thread].name;
            }
        }
        if let Some(site) = slice.site {
            who += &format!(", {}", self.entities.sites[site]);
        }
        who
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entities { processes, threads, channels, end, .. } = self.entities;
        write!(f, "{} in ", counted(threads.len() as u64, "thread"))?;
        if processes.len() > 1 {
            write!(f, "{}, ", counted(processes.len() as u64, "process"))?;
        }
        writeln!(
            f,
            "{}: {}, {} sent, {} received",
            duration(*end),
            counted(channels.len() as u64, "channel"),
            counted(self.sent, "message"),
            self.received,
        )?;
        if let Some(alignment) = self.alignment {
            writeln!(f, "{alignment}")?;
        }
        let blocked = self.blocked.iter().fold(0, |sum: u64, blocked| sum.saturating_add(*blocked));
        write!(f, "blocked for {} in all", duration(blocked))?;
        match &self.longest {
            Some(longest) if longest.end.is_some() => {
                writeln!(f, "; longest: {} {}", duration(self.length(longest)), self.who(longest))?;
            }
            _ => writeln!(f)?,
        }
        for slice in self.panics.iter().take(SHOWN) {
            write!(f, "{} panicked", self.thread(slice.thread))?;
            if let Some(site) = slice.site {
                write!(f, " at {}", self.entities.sites[site])?;
            }
            match slice.words.as_deref().and_then(|words| words.lines().next()) {
                Some(words) => writeln!(f, ": {words}")?,
                None => writeln!(f)?,
            }
        }
        if self.panics.len() > SHOWN {
            writeln!(f, "panicked: {} more", self.panics.len() - SHOWN)?;
        }
        for slice in self.stuck.iter().take(SHOWN) {
            writeln!(
                f,
                "still waiting at the end, for {}: {}",
                duration(self.length(slice)),
                self.who(slice)
            )?;
        }
        if self.stuck.len() > SHOWN {
            writeln!(f, "still waiting at the end: {} more", self.stuck.len() - SHOWN)?;
        }
        let mut pauses = self.pauses;
        for (process, &paused) in self.paused.iter().enumerate() {
            if paused.is_some() {
                pauses.add(paused, self.entities.end_of(process));
            }
        }
        if pauses != Pauses::default() {
            writeln!(f, "the recording paused {pauses}")?;
        }
        if self.lost > 0 {
            writeln!(f, "{} never received", counted(self.lost, "message"))?;
        }
        if self.hidden > 0 {
            let hidden = counted(self.hidden, "message");
            writeln!(
                f,
                "{hidden} not drawn in flight: more than {MOST_LANES} at a time in a channel"
            )?;
        }
        if self.dropped > 0 {
            write!(f, "{} could not be recorded", counted(self.dropped, "event"))?;
            let mut worst: Vec<_> = threads.iter().filter(|thread| thread.dropped > 0).collect();
            worst.sort_by_key(|thread| Reverse(thread.dropped));
            for (index, thread) in worst.iter().take(SHOWN).enumerate() {
                let before = if index == 0 { ": " } else { ", " };
                write!(f, "{before}{} of {}", thread.dropped, self.thread_name(thread))?;
            }
            if worst.len() > SHOWN {
                write!(f, ", and others of {} more threads", worst.len() - SHOWN)?;
            }
            writeln!(f)?;
        }
        for words in &self.left_out {
            writeln!(f, "{words}")?;
        }
        Ok(())
    }
}

pub(crate) fn counted(count: u64, what: &str) -> String {
    let plural = match what {
        _ if count == 1 => "",
        "process" => "es",
        _ => "s",
    };
    format!("{count} {what}{plural}")
}

/// Three digits and a unit: `1.23 ms`.
pub(crate) fn duration(nanoseconds: u64) -> String {
    match nanoseconds {
        0..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.1} µs", nanoseconds as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", nanoseconds as f64 / 1e6),
        1_000_000_000..60_000_000_000 => format!("{:.2} s", nanoseconds as f64 / 1e9),
        _ => {
            humantime::format_duration(Duration::from_secs(nanoseconds / 1_000_000_000)).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (nanoseconds, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_500, "1.5 µs"),
            (2_040_000, "2.0 ms"),
            (2_500_000_000, "2.50 s"),
            (3_700_000_000_000, "1h 1m 40s"),
        ] {
            assert_eq!(duration(nanoseconds), text);
        }
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, "process"), "1 process");
        assert_eq!(counted(2, "process"), "2 processes");
        assert_eq!(counted(0, "event"), "0 events");
    }
}
