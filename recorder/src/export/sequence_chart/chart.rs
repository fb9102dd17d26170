//! The chart as data: made by the builder, drawn by the writers of the formats.

use crate::analysis::findings::words::counted;
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ChannelIndex, ThreadIndex};

/// Maximum number of messages of which each has its own place in the picture of a channel.
pub(super) const MAX_SLOTS: u64 = 8;

/// A chart, ready to be drawn.
#[derive(Debug)]
pub struct Chart<'a> {
    /// The catalog of the recording.
    pub catalog: &'a Catalog,
    /// The thread of each lifeline, from left to right, as messages flow. An [`Anchor`] refers to its index here.
    pub lifelines: Vec<ThreadIndex>,
    /// The channels in the chart, as messages flow.
    pub channels: Vec<ChannelIndex>,
    /// The time of each row, in ascending order. An [`Anchor`] refers to its index here.
    pub rows: Vec<Nanos>,
    /// The rows before which nothing happens for long, in their order.
    pub jumps: Vec<Jump>,
    /// In the order of their sends.
    pub messages: Vec<MessageArrow>,
    /// In the order of the events that they lead to.
    pub causes: Vec<CauseArrow>,
    /// The threads that have no event but their start and their end.
    pub lives: Vec<LifeBar>,
    /// In the order in which they begin.
    pub waits: Vec<WaitBar>,
    /// In the order of time.
    pub marks: Vec<EventMark>,
    /// The channels in which messages are queued, in the order of `channels`.
    pub belts: Vec<Belt>,
    /// Which threads wait for each other at the end, in a deadlock.
    pub waits_for: Vec<WaitsForArrow>,
    /// What is left out.
    pub left_out: LeftOut,
}

/// What a chart does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Number of events that are left out between the start and the end of the run.
    pub events: usize,
    /// The row that follows them.
    pub row: usize,
    /// Number of threads that are left out.
    pub threads: usize,
    /// Number of threads without an event that are left out.
    pub idle_threads: usize,
    /// A description of the part of the run that was selected, if one was.
    pub selection: Option<String>,
}

/// A long time without an event between two rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// The row after it.
    pub row: usize,
    /// Its length.
    pub length: Nanos,
}

/// A place on a lifeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The index of the lifeline.
    pub lifeline: usize,
    /// The index of the row.
    pub row: usize,
    /// The time.
    pub time: Nanos,
}

/// The arrow of a message. At least one of its ends has an [`Anchor`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageArrow {
    /// The label of its channel, if the chart has several channels.
    pub channel: Option<String>,
    /// The message's value, or its number if that is not recorded: `Job(3)`, `#7`.
    pub label: String,
    /// A sentence with everything that is known about it.
    pub details: String,
    /// Where the message came from.
    pub from: ArrowStart,
    /// Where the message went.
    pub to: ArrowEnd,
}

/// Where a message came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrowStart {
    /// It was sent here.
    Sent(Anchor),
    /// Its send is left out. Its sender is on this side.
    NotShown(Toward),
}

/// Where a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrowEnd {
    /// It was received here.
    Received(Anchor),
    /// Its receive is left out, or it is not known whether it was received. Its receiver is on this
    /// side.
    NotShown(Toward),
    /// No thread received it: the receiver was dropped here, or the run ended. `None` if that is
    /// left out.
    Lost(Option<LossPlace>),
}

/// Where a message was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossPlace {
    /// The receiver was dropped here.
    Dropped(Anchor),
    /// The run ended, in this row. The receiver was with the thread of this lifeline, if that is
    /// known.
    RunEnded {
        /// The lifeline.
        lifeline: Option<usize>,
        /// The row.
        row: usize,
        /// The time.
        time: Nanos,
    },
}

/// The side of a lifeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// To the left of it.
    Left,
    /// To the right of it.
    Right,
}

/// An arrow that is not a message: from an event to what another thread does because of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CauseArrow {
    /// What happened.
    pub cause: Cause,
    /// Where it happened.
    pub from: Anchor,
    /// Where it led to.
    pub to: Anchor,
    /// A sentence about it.
    pub details: String,
}

/// What another thread does something because of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The last sender of a channel was dropped: a receive fails.
    Disconnect,
    /// A thread was spawned: it starts. Or a thread ended: it is joined.
    Life,
}

/// The time from the start of a thread to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LifeBar {
    /// The start.
    pub begin: Anchor,
    /// The end; `None` if that is not in the chart.
    pub end: Option<Anchor>,
}

/// The messages in a channel, row by row. Messages for which a receiver waits are not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belt {
    /// The channel.
    pub channel: ChannelIndex,
    /// From which row and time on which number of messages is in the channel.
    pub steps: Vec<(Anchor, u64)>,
    /// The largest of these numbers, not 0.
    pub max: u64,
}

/// An arrow from a thread that waits to one that could end the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitsForArrow {
    /// The lifeline of the thread that waits.
    pub from: usize,
    /// The lifeline of the other.
    pub to: usize,
    /// Whether it follows from the recording that this is the thread.
    pub is_known: bool,
}

/// The time in which a thread could not proceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitBar {
    /// Where it begins.
    pub begin: Anchor,
    /// Where it ends; `None` if it never does.
    pub end: Option<Anchor>,
    /// What the thread waits for.
    pub kind: WaitKind,
    /// The waiting operation: `recv jobs`.
    pub name: String,
    /// A sentence with everything that is known about it.
    pub details: String,
    /// Its length; if it never ends, its length until the end of its process or recording.
    pub length: Nanos,
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitKind {
    /// A message.
    Message,
    /// Room for its message in the channel, or a receiver that takes it.
    Room,
    /// A lock, another thread, or anything else that is not a channel.
    Other,
}

/// An event of a thread that transfers no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventMark {
    /// Where it is.
    pub at: Anchor,
    /// Its name: `drop sender jobs`.
    pub name: String,
    /// A sentence with everything that is known about it.
    pub details: String,
}

impl Belt {
    /// How many messages it is drawn with room for.
    pub(super) fn slots(&self, catalog: &Catalog) -> u64 {
        match catalog.channels[self.channel].bound {
            Some(bound) if bound <= MAX_SLOTS => bound.max(self.max),
            _ => self.max,
        }
    }
}

impl MessageArrow {
    /// Where it begins, if that is in the chart.
    pub(super) fn start(&self) -> Option<Anchor> {
        match self.from {
            ArrowStart::Sent(at) => Some(at),
            ArrowStart::NotShown(_) => None,
        }
    }

    /// Where it ends, if that is in the chart. If it is not known which thread had the receiver, that
    /// is on the lifeline of its start.
    pub(super) fn end(&self) -> Option<Anchor> {
        match self.to {
            ArrowEnd::Received(at) | ArrowEnd::Lost(Some(LossPlace::Dropped(at))) => Some(at),
            ArrowEnd::Lost(Some(LossPlace::RunEnded { lifeline, row, time })) => {
                let lifeline = lifeline.or(self.start().map(|start| start.lifeline))?;
                Some(Anchor { lifeline, row, time })
            }
            ArrowEnd::NotShown(_) | ArrowEnd::Lost(None) => None,
        }
    }

    /// Whether it is lost.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self.to, ArrowEnd::Lost(_))
    }

    /// The text at its arrow, in at most `max_chars` characters. If it is too long, the name of the
    /// channel is shortened first: labels differ in the rest.
    pub(super) fn text(&self, max_chars: usize) -> String {
        let after = self.separator().len() + self.label.chars().count();
        let room = max_chars.saturating_sub(after);
        let channel = self.channel.as_ref().map(|channel| shortened(channel, room));
        self.text_with(channel.as_deref(), max_chars)
    }

    /// The text at its arrow, in at most `max_chars` characters, with this name of the channel.
    pub(super) fn text_with(&self, channel: Option<&str>, max_chars: usize) -> String {
        match channel {
            Some(channel) => {
                shortened(&format!("{channel}{}{}", self.separator(), self.label), max_chars)
            }
            None => shortened(&self.label, max_chars),
        }
    }

    /// What stands between the name of a channel and a label: a value is no part of a name.
    pub(super) fn separator(&self) -> &'static str {
        if self.label.starts_with('#') { " " } else { ": " }
    }
}

impl Jump {
    /// `2.1 ms later`
    pub(super) fn text(&self) -> String {
        format!("{} later", self.length)
    }
}

impl WaitBar {
    /// `recv jobs 14 ns`; without a length if it never ends.
    pub(super) fn label(&self) -> String {
        match self.end {
            Some(_) => format!("{} {}", self.name, self.length),
            None => self.name.clone(),
        }
    }

    /// `recv 14 ns`
    pub(super) fn short_label(&self) -> String {
        let verb = self.name.split(' ').next().unwrap_or_default();
        match self.end {
            Some(_) => format!("{verb} {}", self.length),
            None => verb.to_owned(),
        }
    }

    /// `recv jobs waits 14 ns`
    pub(super) fn text(&self) -> String {
        match self.end {
            Some(_) => format!("{} waits {}", self.name, self.length),
            None => format!("{} never ends", self.name),
        }
    }
}

impl Chart<'_> {
    /// The name of the thread of a lifeline.
    pub(super) fn thread_name(&self, lifeline: usize) -> &str {
        &self.catalog.threads[self.lifelines[lifeline]].name
    }

    /// The name and the pid of the process of a lifeline, if the chart has several processes.
    pub(super) fn process_name(&self, lifeline: usize) -> Option<String> {
        let process_of = |&thread: &ThreadIndex| self.catalog.threads[thread].process;
        let mut processes = self.lifelines.iter().map(process_of);
        let first = processes.next()?;
        let process = &self.catalog.processes[process_of(self.lifelines.get(lifeline)?)];
        processes
            .any(|process| process != first)
            .then(|| format!("{} {}", process.name, process.pid))
    }

    /// The name of a lifeline: its thread's name, after its process's name if the chart has several
    /// processes.
    pub(super) fn lifeline_name(&self, lifeline: usize) -> String {
        let thread = self.thread_name(lifeline);
        match self.process_name(lifeline) {
            Some(process) => format!("{process}: {thread}"),
            None => thread.to_owned(),
        }
    }

    /// The program's name, if it is known; of several recordings, the names of all programs.
    pub(super) fn title(&self) -> String {
        let mut programs: Vec<_> = self.catalog.processes.iter().collect();
        programs.dedup_by_key(|process| process.recording);
        let names: Vec<_> = programs.iter().map(|process| &*process.name).collect();
        if names.is_empty() { "recording".to_owned() } else { names.join(" and ") }
    }

    /// A description for readers who do not see the chart.
    pub(super) fn description(&self) -> String {
        let names = (0..self.lifelines.len()).map(|lifeline| self.thread_name(lifeline));
        let mut text = format!(
            "A message sequence chart of {} ({}) with {} and {}.",
            counted(self.lifelines.len() as u64, "thread"),
            names.collect::<Vec<_>>().join(", "),
            counted(self.messages.len() as u64, "message"),
            counted(self.waits.len() as u64, "wait"),
        );
        let lost = self.messages.iter().filter(|message| message.is_lost()).count();
        if lost > 0 {
            text += &format!(" {} never received.", counted(lost as u64, "message"));
        }
        let endless = self.waits.iter().filter(|wait| wait.end.is_none()).count();
        if endless > 0 {
            text += &format!(" {} without an end.", counted(endless as u64, "wait"));
        }
        if let Some(deadlock) = self.deadlock_text() {
            text += &format!(" {deadlock}.");
        }
        for (_, note) in self.left_out_notes() {
            text += &format!(" {note}.");
        }
        text
    }

    /// `Deadlock: anna waits for ben, ben probably waits for anna`
    pub(super) fn deadlock_text(&self) -> Option<String> {
        let waits = self.waits_for.iter().map(|wait| self.waits_for_text(wait));
        let waits: Vec<_> = waits.collect();
        (!waits.is_empty()).then(|| format!("Deadlock: {}", waits.join(", ")))
    }

    /// `anna waits for ben`
    pub(super) fn waits_for_text(&self, wait: &WaitsForArrow) -> String {
        let other = if wait.from == wait.to { "itself" } else { self.thread_name(wait.to) };
        let probably = if wait.is_known { "" } else { "probably " };
        format!("{} {probably}waits for {other}", self.thread_name(wait.from))
    }

    /// `jobs (room for 3)`
    pub(super) fn channel_text(&self, channel: ChannelIndex) -> String {
        let channel = &self.catalog.channels[channel];
        match channel.bound {
            None => channel.label.clone(),
            Some(0) => format!("{} (rendezvous)", channel.label),
            Some(bound) => format!("{} (room for {bound})", channel.label),
        }
    }

    /// `channels jobs (room for 2), results`; empty if there is none.
    pub(super) fn channels_text(&self) -> String {
        let names: Vec<_> =
            self.channels.iter().map(|&channel| self.channel_text(channel)).collect();
        match names.len() {
            0 => String::new(),
            1 => format!("channel {}", names[0]),
            _ => format!("channels {}", names.join(", ")),
        }
    }

    /// A time. All times of a chart have the same unit, so that readers can compare them:
    /// milliseconds, or seconds if the run is long.
    pub(super) fn time_text(&self, time: Nanos) -> String {
        const LONG: Nanos = Nanos::new(10_000_000_000);
        let nanoseconds = time.get() as f64;
        if self.catalog.end < LONG {
            format!("{:.3} ms", nanoseconds / 1e6)
        } else {
            format!("{:.3} s", nanoseconds / 1e9)
        }
    }

    /// The notes about what is left out, those about events first, each with the row before which it
    /// stands; `None` if that is below the chart.
    pub(super) fn left_out_notes(&self) -> Vec<(Option<usize>, String)> {
        self.left_out_notes_with("--threads N shows more")
    }

    /// The same, with this remedy for threads that are left out.
    pub(super) fn left_out_notes_with(&self, remedy: &str) -> Vec<(Option<usize>, String)> {
        self.notes(" (--events N shows more)", &format!(" ({remedy})"))
    }

    /// The same without remedies.
    pub(super) fn left_out_notes_alone(&self) -> Vec<(Option<usize>, String)> {
        self.notes("", "")
    }

    fn notes(&self, for_events: &str, for_threads: &str) -> Vec<(Option<usize>, String)> {
        let LeftOut { events, row, threads, idle_threads, ref selection } = self.left_out;
        let mut notes = Vec::new();
        if events > 0 {
            let events = counted(events as u64, "event");
            notes.push((Some(row), format!("{events} left out here{for_events}")));
        }
        if threads > 0 {
            let threads = counted(threads as u64, "thread");
            notes.push((None, format!("{threads} left out{for_threads}")));
        }
        if idle_threads > 0 {
            let threads = counted(idle_threads as u64, "thread");
            notes.push((None, format!("{threads} without an event left out")));
        }
        notes.extend(selection.iter().map(|selection| (None, selection.clone())));
        notes
    }

    /// The number of rows that it takes, with those for breaks and for what is left out.
    pub fn height_in_rows(&self) -> usize {
        self.rows.len() + self.jumps.len() + usize::from(self.left_out.events > 0)
    }
}

/// Shortens a text to at most `max_chars` characters. A text that is cut off ends in `…`.
pub(super) fn shortened(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some(_) => {
            let kept = text.chars().take(max_chars.saturating_sub(1));
            kept.chain(['\u{2026}']).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_ends_in_an_ellipsis() {
        assert_eq!(shortened("jobs", 4), "jobs");
        assert_eq!(shortened("jöbs!", 4), "jöb…");
        assert_eq!(shortened("", 0), "");
    }

    #[test]
    fn the_channel_of_a_message_is_shortened_before_its_number() {
        let arrow = |channel: Option<&str>| MessageArrow {
            channel: channel.map(str::to_owned),
            label: "#1234".to_owned(),
            details: String::new(),
            from: ArrowStart::NotShown(Toward::Left),
            to: ArrowEnd::Lost(None),
        };
        assert_eq!(arrow(None).text(10), "#1234");
        assert_eq!(arrow(Some("jobs")).text(10), "jobs #1234");
        assert_eq!(arrow(Some("results")).text(10), "res… #1234");
    }
}
