//! The items of a timeline: what the [builder](super::builder) makes and the exporters draw.

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;

use format::{Call, Subject};

use crate::reading::Nanos;
use crate::reading::catalog::{
    Catalog, ChannelIndex, EndpointIndex, PlaceIndex, PrimitiveIndex, Target, ThreadIndex,
};

mod kind;
mod merged;
mod states;

pub use kind::{Category, Ending, SliceKind, method};
pub use merged::{Merged, MergedKind, Row, Total};
pub use states::{Activity, MergedStates, State};

/// Maximum number of characters of a text or a span's name in the name of a slice.
const MAX_TEXT: usize = 80;

/// One thing to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// What a thread did or waited for.
    Slice(Slice),
    /// What a thread is at for a while. Reported when it is over.
    State(State),
    /// A message between its send and its receive. Reported when it is over.
    Flight(Flight),
    /// A lock that is held. Reported when it is over.
    Hold(HeldLock),
    /// The value of a channel's counter.
    Counter(Counter),
    /// Several slices or holds as one, where there is no room for each.
    Merged(Merged),
    /// Several states of a thread as one, where there is no room for each.
    MergedStates(MergedStates),
}

/// What a thread did or waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The thread.
    pub thread: ThreadIndex,
    /// When it begins.
    pub begin: Nanos,
    /// When it ends; `None` if it never did.
    pub end: Option<Nanos>,
    /// What it is.
    pub kind: SliceKind,
    /// What it is about, if that is known.
    pub target: Option<Target>,
    /// The endpoint of a channel.
    pub endpoint: Option<EndpointIndex>,
    /// Where it was called, if that is recorded.
    pub place: Option<PlaceIndex>,
    /// The message's number in its channel.
    pub message: Option<NonZeroU64>,
    /// The flows that start at its end, or one that ends at its begin.
    pub flow: Option<Flow>,
    /// The thread, and the time of its event, from which a flow leads here.
    pub from: Option<(ThreadIndex, Nanos)>,
    /// Of a send: when its thread has received the message that made it send this one. A flow leads
    /// here from that receive.
    pub cause: Option<Nanos>,
    /// The queue depth of its channel from its begin on. No [`Counter`] says so again.
    pub depth: Option<u64>,
    /// From the start of the message's send to its receive.
    pub latency: Option<Nanos>,
    /// How long the operation has waited.
    pub waited: Option<Nanos>,
    /// The longest time that it was ready to wait.
    pub timeout: Option<Nanos>,
    /// A message's value, a span's fields, a log message, or the message of a panic.
    pub text: Option<Arc<str>>,
}

/// Ends of flows. The two ends of a flow have the same number, and no others have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Flows with these numbers start at the slice's end. They need not end anywhere.
    Out(Range<u64>),
    /// A flow ends at the slice's begin.
    In(u64),
}

/// The message that a slice sends or receives, by its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    Sent(u64),
    Received(u64),
    /// A message is received whose send is not recorded.
    ReceivedUnknown,
}

/// A message between its send and its receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    /// The channel.
    pub channel: ChannelIndex,
    /// The message's number in its channel, from 1.
    pub message: u64,
    /// The number of its flow.
    pub flow: u64,
    /// No two messages in flight in a channel have the same lane at a time. `None` if all lanes
    /// were taken: it is not shown.
    pub lane: Option<u8>,
    /// When it was handed over.
    pub begin: Nanos,
    /// When it was received or lost, or the recording paused.
    pub end: Nanos,
    /// What became of it.
    pub fate: Fate,
    /// Its value, if that is recorded.
    pub value: Option<Arc<str>>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was received.
    Received,
    /// No thread received it.
    Lost,
    /// The recording paused before it was received: it is not known.
    Unknown,
}

/// A lock that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// The lock.
    pub primitive: PrimitiveIndex,
    /// The thread that holds it.
    pub thread: ThreadIndex,
    /// Whether it is held for reading, perhaps by others, too.
    pub is_shared: bool,
    /// No two threads that hold a lock have the same lane at a time. `None` if all lanes were
    /// taken: it is not shown.
    pub lane: Option<u8>,
    /// Since when.
    pub begin: Nanos,
    /// When it was released; `None` if it never was.
    pub end: Option<Nanos>,
    /// Whether its release is recorded. If not, it was not later than `end`.
    pub is_release_recorded: bool,
    /// Where it was acquired, if that is recorded.
    pub place: Option<PlaceIndex>,
    /// The turn at the lock: see [`Turn`](format::Turn).
    pub turn: u64,
    /// How long others have waited for the lock meanwhile, all together.
    pub others_waited: Nanos,
}

/// The value of a channel's counter from a time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The channel.
    pub channel: ChannelIndex,
    /// What is counted.
    pub count: Count,
    /// From when on.
    pub time: Nanos,
    /// The number.
    pub value: u64,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Messages that are sent and not yet received.
    QueueDepth,
    /// Senders that are not dropped.
    LiveSenders,
}

impl Slice {
    /// A slice without length, about nothing.
    #[inline]
    pub(crate) fn instant(thread: ThreadIndex, time: Nanos, kind: SliceKind) -> Self {
        Slice {
            thread,
            begin: time,
            end: Some(time),
            kind,
            target: None,
            endpoint: None,
            place: None,
            message: None,
            flow: None,
            from: None,
            cause: None,
            depth: None,
            latency: None,
            waited: None,
            timeout: None,
            text: None,
        }
    }

    /// Its name: verb, target and note, as in `recv jobs (waiting)`. A span has its own name, and a
    /// log message is its name.
    pub fn name(&self, catalog: &Catalog) -> String {
        let text = || shorten(self.text.as_deref().unwrap_or_default(), MAX_TEXT);
        let mut name = match self.kind {
            SliceKind::Log => text().into_owned(),
            SliceKind::Panicked | SliceKind::LeftOut => {
                format!("{}: {}", self.kind.verb(), text())
            }
            SliceKind::Wait { .. } | SliceKind::Returning { .. }
                if let Some(call) = self.dependency_call(catalog) =>
            {
                call
            }
            kind => MergedKind::of(kind, self.target).name(catalog),
        };
        if let Some(note) = self.kind.note() {
            name.push_str(" (");
            name.push_str(note);
            name.push(')');
        }
        name
    }

    /// The call of a dependency in which it is: `Receiver::recv of flume`.
    pub(crate) fn dependency_call(&self, catalog: &Catalog) -> Option<String> {
        catalog.places[self.place?].dependency_call()
    }

    /// Whether its text is part of its name, so that others of its kind have another.
    #[inline]
    pub fn is_named_by_text(&self) -> bool {
        matches!(self.kind, SliceKind::Log | SliceKind::Panicked | SliceKind::LeftOut)
    }

    /// Whether it is about a channel.
    #[inline]
    pub fn category(&self) -> Category {
        self.kind.category()
    }

    /// The channel that it is on.
    #[inline]
    pub fn channel(&self) -> Option<ChannelIndex> {
        self.target.and_then(Target::channel)
    }

    /// The message that it sends or receives, if it does.
    #[inline]
    pub(crate) fn transfer(&self) -> Option<Transfer> {
        match (&self.flow, self.kind) {
            (None, SliceKind::Operation { ending: Ending::SendNotRecorded, .. }) => {
                Some(Transfer::ReceivedUnknown)
            }
            (None, _) => None,
            _ if self.category() != Category::Channel => None,
            (Some(Flow::Out(flows)), _) => Some(Transfer::Sent(flows.start)),
            (Some(Flow::In(flow)), _) => Some(Transfer::Received(*flow)),
        }
    }

    /// The queue depth of its channel, as an item of its own.
    #[inline]
    pub(crate) fn depth_counter(&self) -> Option<Counter> {
        let (channel, value) = self.channel().zip(self.depth)?;
        Some(Counter { channel, count: Count::QueueDepth, time: self.begin, value })
    }

    /// Whether it has no length.
    #[inline]
    pub fn is_instant(&self) -> bool {
        self.end == Some(self.begin)
    }

    /// Whether its thread waits for others.
    pub fn is_wait(&self) -> bool {
        let waits = match self.kind {
            SliceKind::Wait { call, .. } => call != Call::Sleep,
            SliceKind::Returning { .. } => true,
            _ => false,
        };
        waits && !self.is_instant()
    }

    /// Whether it hands a message over.
    pub fn is_sent(&self) -> bool {
        let SliceKind::Operation { call, ending: Ending::Transferred } = self.kind else {
            return false;
        };
        call.is_send()
    }

    /// Whether it takes a message.
    pub fn is_received(&self) -> bool {
        match self.kind {
            SliceKind::Operation { call, ending } => {
                let is_taken = matches!(ending, Ending::Transferred | Ending::SendNotRecorded);
                call.subject() == Subject::Endpoint && !call.is_send() && is_taken
            }
            _ => false,
        }
    }
}

impl Flight {
    /// Its name: its number and its value, shortened.
    pub fn name(&self) -> String {
        let mut name = String::new();
        self.append_name(&mut name);
        name
    }

    fn append_name(&self, name: &mut String) {
        self.append_number(name);
        if self.value.is_some() {
            name.push(' ');
            self.append_label(name);
        }
    }

    /// Appends its value, shortened; its number if it has none.
    #[inline]
    pub(crate) fn append_label(&self, label: &mut String) {
        const MAX_VALUE: usize = 40;
        match &self.value {
            Some(value) => label.push_str(&shorten(value, MAX_VALUE)),
            None => self.append_number(label),
        }
    }

    #[inline]
    fn append_number(&self, text: &mut String) {
        text.push('#');
        text.push_str(itoa::Buffer::new().format(self.message));
    }
}

impl HeldLock {
    /// The start of its name.
    pub(crate) fn verb(&self) -> &'static str {
        if self.is_shared { "read by" } else { "held by" }
    }

    /// Its name: who holds the lock.
    pub fn name(&self, catalog: &Catalog) -> String {
        let is_certain = self.is_release_recorded || self.end.is_none();
        let note = if is_certain { "" } else { " (release not recorded)" };
        format!("{} {}{note}", self.verb(), catalog.threads[self.thread].name)
    }
}

/// A text as part of a name: at most `max` characters, in one line.
pub(crate) fn shorten(text: &str, max: usize) -> Cow<'_, str> {
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) && *byte != b'\\';
    if text.len() <= max && text.as_bytes().iter().all(is_plain) {
        return text.into();
    }
    let plain = |c: char| match c {
        // Perfetto 52 stops reading where a text ends in a backslash, and any character may
        // become the last.
        '\\' => '∖',
        c if c.is_control() => ' ',
        c => c,
    };
    let mut short: String = text.chars().take(max).map(plain).collect();
    if text.chars().nth(max).is_some() {
        short.pop();
        short.push('…');
    }
    short.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_becomes_one_line() {
        assert_eq!(shorten("abcd", 4), "abcd");
        assert_eq!(shorten("abcde", 4), "abc…");
        assert_eq!(shorten("é\n漢字x", 4), "é 漢…");
        assert_eq!(shorten("C:\\", 4), "C:∖");
        assert_eq!(shorten("", 4), "");
    }
}
