//! A message sequence chart: threads as lifelines, messages as arrows between them.
//!
//! [`ChartBuilder`] makes a [`Chart`] from the [items](crate::timeline::item); [`svg`], [`mermaid`]
//! and [`columns`] write it. The rules of the chart are here:
//!
//! - Whatever a thread does on a channel has a row of its own, in the order of time. A
//!   message that is handed to a receiver which already waits for it has one row for both
//!   ends: its arrow is level. The arrow of a message that lay in the queue slopes.
//! - A wait reaches from the row in which it begins to that of what ends it.
//! - Of a long run the beginning and the end are kept, so that memory does not grow with
//!   the run, and the chart says how much is left out between them ([`Limits`]).
//! - Of what belongs to no channel only waits are shown: for a lock, for another thread, ….

use crate::reading::catalog::Entities;
use crate::report::summary::counted;

mod builder;
pub mod columns;
pub mod mermaid;
pub mod svg;

pub use builder::ChartBuilder;

/// How much of a run a chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many events: the first half of them from the beginning of the run, the rest
    /// from its end.
    pub events: usize,
    /// So many threads: those that do something first.
    pub threads: usize,
}

/// A chart, ready to be drawn.
#[derive(Debug)]
pub struct Chart<'a> {
    /// Who and what there is in the recording.
    pub entities: &'a Entities,
    /// The indices of the threads, from left to right. Others refer to their places here.
    pub lifelines: Vec<usize>,
    /// The indices of the channels that occur.
    pub channels: Vec<usize>,
    /// When each row begins. Others refer to rows by their places here.
    pub rows: Vec<u64>,
    /// In the order of their sends.
    pub messages: Vec<Message>,
    /// In the order in which they begin.
    pub waits: Vec<Wait>,
    /// In the order of time.
    pub marks: Vec<Mark>,
    /// What is left out.
    pub left_out: LeftOut,
}

/// What a chart does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// How many events.
    pub events: usize,
    /// The row before which they would be.
    pub row: usize,
    /// How many threads.
    pub threads: usize,
}

/// A place on a lifeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Which lifeline.
    pub lifeline: usize,
    /// Which row.
    pub row: usize,
    /// When, in nanoseconds since the start of the trace.
    pub time: u64,
}

/// A message. It has at least one [`Point`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its channel, if the chart has several.
    pub channel: Option<String>,
    /// What it is called in its channel.
    pub label: String,
    /// All that is known of it, in a sentence.
    pub details: String,
    /// Where it was sent; `None` if that is left out.
    pub from: Option<Point>,
    /// Where it went.
    pub to: End,
}

/// Where a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was received there.
    Received(Point),
    /// It was received where nothing is shown, or nobody knows whether it was.
    NotShown,
    /// Nobody received it.
    Lost,
}

/// The time in which a thread could not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Where it begins.
    pub begin: Point,
    /// Where it ends; `None` if it never does.
    pub end: Option<Point>,
    /// What for.
    pub awaited: Awaited,
    /// What waits, as in `recv jobs`.
    pub name: String,
    /// All that is known of it.
    pub details: String,
    /// How long it takes, or has taken when the recording ends, in nanoseconds.
    pub length: u64,
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// A message.
    Message,
    /// Room for its message, or somebody who takes it.
    Room,
    /// A lock, another thread, or whatever else is no channel.
    Other,
}

/// Something that a thread does without a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where.
    pub at: Point,
    /// What, as in `drop sender jobs`.
    pub name: String,
    /// All that is known of it.
    pub details: String,
}

impl Message {
    /// What stands at its arrow, in at most so many letters: of a long name that of the
    /// channel is cut, for it is the rest that differs.
    fn label(&self, letters: usize) -> String {
        let Some(channel) = &self.channel else { return shortened(&self.label, letters) };
        let room = letters.saturating_sub(self.label.chars().count() + 1);
        shortened(&format!("{} {}", shortened(channel, room), self.label), letters)
    }
}

impl Chart<'_> {
    /// The name of the thread of a lifeline.
    pub fn thread_name(&self, lifeline: usize) -> &str {
        &self.entities.threads[self.lifelines[lifeline]].name
    }

    /// The name and the number of its process, if the chart has several.
    pub fn process_name(&self, lifeline: usize) -> Option<String> {
        let process_of = |&thread: &usize| self.entities.threads[thread].process;
        let mut processes = self.lifelines.iter().map(process_of);
        let first = processes.next()?;
        let process = &self.entities.processes[process_of(self.lifelines.get(lifeline)?)];
        processes
            .any(|process| process != first)
            .then(|| format!("{} {}", process.name, process.pid))
    }

    /// What the chart is of: the program's name, if it is known; of several recordings those of
    /// all.
    pub fn title(&self) -> String {
        let mut programs: Vec<_> = self.entities.processes.iter().collect();
        programs.dedup_by_key(|process| process.recording);
        let names: Vec<_> = programs.iter().map(|process| &*process.name).collect();
        if names.is_empty() { "recording".to_owned() } else { names.join(" and ") }
    }

    /// The chart in words.
    fn description(&self) -> String {
        let names = (0..self.lifelines.len()).map(|lifeline| self.thread_name(lifeline));
        let mut words = format!(
            "A message sequence chart of {} ({}) with {} and {}.",
            counted(self.lifelines.len() as u64, "thread"),
            names.collect::<Vec<_>>().join(", "),
            counted(self.messages.len() as u64, "message"),
            counted(self.waits.len() as u64, "wait"),
        );
        let lost = self.messages.iter().filter(|message| message.to == End::Lost).count();
        if lost > 0 {
            words += &format!(" {} never received.", counted(lost as u64, "message"));
        }
        let stuck = self.waits.iter().filter(|wait| wait.end.is_none()).count();
        if stuck > 0 {
            words += &format!(" {} without an end.", counted(stuck as u64, "wait"));
        }
        for sentence in self.left_out() {
            words += &format!(" {sentence}.");
        }
        words
    }

    /// `jobs (room for 3)`
    fn channel_text(&self, channel: usize) -> String {
        let channel = &self.entities.channels[channel];
        match channel.bound {
            None => channel.label.clone(),
            Some(0) => format!("{} (rendezvous)", channel.label),
            Some(bound) => format!("{} (room for {bound})", channel.label),
        }
    }

    /// A time, so that all of a chart can be compared: in milliseconds, or of a long run in
    /// seconds.
    fn time(&self, nanoseconds: u64) -> String {
        match self.entities.end {
            0..10_000_000_000 => format!("{:.3} ms", nanoseconds as f64 / 1e6),
            _ => format!("{:.3} s", nanoseconds as f64 / 1e9),
        }
    }

    /// What is left out, in sentences; empty if nothing is.
    pub fn left_out(&self) -> Vec<String> {
        let LeftOut { events, threads, .. } = self.left_out;
        let mut sentences = Vec::new();
        if events > 0 {
            let events = counted(events as u64, "event");
            sentences.push(format!("{events} left out here (--events N shows more)"));
        }
        if threads > 0 {
            let threads = counted(threads as u64, "thread");
            sentences.push(format!("{threads} left out (--threads N shows more)"));
        }
        sentences
    }
}

/// A text of at most so many letters; ends in `…` where it was cut.
fn shortened(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        None => text.to_owned(),
        Some(_) => {
            let kept = text.chars().take(letters.saturating_sub(1));
            kept.chain(['\u{2026}']).collect()
        }
    }
}
