//! What there is to see in a recording: what [`play`](crate::play) tells and the exports show.
//!
//! Times are nanoseconds since the trace's start; threads, channels and places are
//! indices into the [`Entities`].

use crate::entities::Entities;

/// The verb of the slice where a process's recording pauses.
pub const PAUSED: &str = "recording paused";
/// The verb of the slice where it goes on.
pub const RESUMED: &str = "recording resumed";

/// One thing to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// What a thread did or waited for.
    Slice(Slice),
    /// A message between its send and its receive. Told when it is over.
    Flight(Flight),
    /// A channel's number at a time.
    Counter(Counter),
}

/// What a thread did or waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The thread's index.
    pub thread: usize,
    /// When it begins.
    pub begin: u64,
    /// When it ends; `None` if it never did.
    pub end: Option<u64>,
    /// The first word of its name: `send`, `recv`, …
    pub verb: &'static str,
    /// The last word of its name, or nothing: `waiting`, `full`, …
    pub note: &'static str,
    /// The method that was called.
    pub operation: &'static str,
    /// The channel's index, if the recording tells.
    pub channel: Option<usize>,
    /// The index of the place where it was called, if the recording tells.
    pub site: Option<usize>,
    /// The message's number in its channel.
    pub message: Option<u64>,
    /// Where the message's arrow begins or ends.
    pub arrow: Option<Arrow>,
    /// Messages in the channel after it.
    pub depth: Option<u64>,
    /// From the begin of the message's send to its receive, in nanoseconds.
    pub latency: Option<u64>,
    /// How long the operation has waited, in nanoseconds.
    pub waited: Option<u64>,
    /// How long it was ready to wait, in nanoseconds.
    pub timeout: Option<u64>,
}

/// An end of a message's arrow; both ends have the same number, and no others have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrow {
    /// The arrow begins at the slice's end. The message may still be lost.
    From(u64),
    /// The arrow ends at the slice's begin.
    To(u64),
}

/// A message between its send and its receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// The channel's index.
    pub channel: usize,
    /// The message's number in its channel, from 1.
    pub message: u64,
    /// The number of its arrow.
    pub arrow: u64,
    /// No two messages that are in flight in a channel at a time have the same lane. `None` if
    /// there was none left: it is not shown.
    pub lane: Option<usize>,
    /// When it was handed over.
    pub begin: u64,
    /// When it was received or lost, or the recording paused.
    pub end: u64,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was received.
    Received,
    /// Nobody received it.
    Lost,
    /// The recording paused before it was received, and nobody knows.
    Unseen,
}

/// A channel's number at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The channel's index.
    pub channel: usize,
    /// What is counted.
    pub what: Count,
    /// From when on.
    pub time: u64,
    /// How many there are.
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
    /// Its name: verb, channel and note, as in `recv jobs (waiting)`.
    pub fn name(&self, entities: &Entities) -> String {
        let mut name = String::from(self.verb);
        if let Some(channel) = self.channel {
            name.push(' ');
            name.push_str(&entities.channels[channel].label);
        }
        if !self.note.is_empty() {
            name.push_str(" (");
            name.push_str(self.note);
            name.push(')');
        }
        name
    }

    /// A slice without length.
    pub(crate) fn instant(thread: usize, time: u64, verb: &'static str) -> Self {
        Slice {
            thread,
            begin: time,
            end: Some(time),
            verb,
            note: "",
            operation: verb,
            channel: None,
            site: None,
            message: None,
            arrow: None,
            depth: None,
            latency: None,
            waited: None,
            timeout: None,
        }
    }
}
