//! What there is to see in a recording: what [`play`](crate::timeline::builder) tells and the exports show.
//!
//! Times are nanoseconds since the trace's start; threads, channels, primitives, callsites and
//! places are indices into the [`Entities`].

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::reading::catalog::Entities;

mod states;

pub use states::{Activity, MergedStates, State};

/// The verb of the slice where a process's recording pauses.
pub const PAUSED: &str = "recording paused";
/// The verb of the slice where it goes on.
pub const RESUMED: &str = "recording resumed";
/// The verb of the slice where a thread panics.
pub const PANIC: &str = "panic";

/// The verb of the slice that says what a picture of a part of a run does not show.
pub const LEFT_OUT: &str = "left out";

/// One thing to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// What a thread did or waited for.
    Slice(Slice),
    /// What a thread is at for a while. Told when it is over.
    State(State),
    /// A message between its send and its receive. Told when it is over.
    Flight(Flight),
    /// A lock that is held. Told when it is over.
    Hold(Hold),
    /// A channel's number at a time.
    Counter(Counter),
    /// Several slices or holds as one, where there is no room for each.
    Merged(Merged),
    /// Several states of a thread as one, where there is no room for each.
    MergedStates(MergedStates),
}

/// What a thread did or waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The thread's index.
    pub thread: usize,
    /// When it begins.
    pub begin: u64,
    /// When it ends; `None` if it never did.
    pub end: Option<u64>,
    /// What it is about.
    pub category: Category,
    /// The first word of its name: `send`, `recv`, `lock`, …
    pub verb: &'static str,
    /// The last word of its name, or nothing: `waiting`, `full`, …
    pub note: &'static str,
    /// The function or method that was called.
    pub operation: &'static str,
    /// What it is on, if the recording tells.
    pub on: Option<On>,
    /// Of a channel, the endpoint's number.
    pub endpoint: Option<u32>,
    /// The index of the place where it was called, if the recording tells.
    pub site: Option<usize>,
    /// The message's number in its channel.
    pub message: Option<u64>,
    /// Where arrows begin, or one ends.
    pub arrow: Option<Arrow>,
    /// Of a send: when its thread has received the message because of which it is sent. An arrow
    /// leads here from that receive.
    pub cause: Option<u64>,
    /// Messages in the channel after it, if the counter that follows says so, too: whoever leaves
    /// out counters leaves this out.
    pub depth: Option<u64>,
    /// From the begin of the message's send to its receive, in nanoseconds.
    pub latency: Option<u64>,
    /// How long the operation has waited, in nanoseconds.
    pub waited: Option<u64>,
    /// How long it was ready to wait, in nanoseconds.
    pub timeout: Option<u64>,
    /// What was said: a message's value, a span's fields, what was logged, why a thread panics.
    pub words: Option<Arc<str>>,
}

/// What a slice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// A channel.
    Channel,
    /// A synchronisation primitive.
    Primitive,
    /// A thread's life, and its recording.
    Thread,
    /// A span of the crate `tracing`.
    Span,
    /// What was logged with the crate `tracing`.
    Log,
}

/// What a slice is on: the index of one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum On {
    /// A channel.
    Channel(usize),
    /// A synchronisation primitive.
    Primitive(usize),
    /// Another thread.
    Thread(usize),
    /// A place that opens spans or logs.
    Callsite(usize),
}

/// Ends of arrows. The two ends of an arrow have the same number, and no others have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrow {
    /// Arrows with these numbers begin at the slice's end. They need not end anywhere.
    From(Range<u64>),
    /// An arrow ends at the slice's begin.
    To(u64),
}

/// A message between its send and its receive.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// What it is, if the recording tells.
    pub value: Option<Arc<str>>,
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

/// A lock that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The lock's index.
    pub primitive: usize,
    /// The index of the thread that holds it.
    pub thread: usize,
    /// Whether it is held for reading, perhaps by others, too.
    pub shared: bool,
    /// No two that hold a lock at a time have the same lane. `None` if there was none left: it
    /// is not shown.
    pub lane: Option<usize>,
    /// From when on.
    pub begin: u64,
    /// When it was let go; `None` if it never was.
    pub end: Option<u64>,
    /// Whether it was recorded that it was let go. If not, it was at the end at the latest.
    pub seen: bool,
    /// The index of the place where it was locked, if the recording tells.
    pub site: Option<usize>,
    /// The turn at the lock: see [`Turn`](format::Turn).
    pub turn: u64,
    /// How long others have waited for the lock meanwhile, all together, in nanoseconds.
    pub others_waited: u64,
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

/// Several slices of a thread, or several holds of a lock, as one: what
/// [`detail`](crate::timeline::downsample) makes where there is no room for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Where they were.
    pub row: Row,
    /// When the first begins.
    pub begin: u64,
    /// When the last ends.
    pub end: u64,
    /// What they are, the most frequent first: first words of names, what they are on, and how
    /// many there are, without waits.
    pub kinds: Vec<(&'static str, Option<On>, u64)>,
    /// How many others there are of which it is not said what they are.
    pub others: u64,
    /// What they come to, in the order of [`Total::ALL`]; what is nothing is not there.
    pub totals: Vec<(Total, u64)>,
}

/// Where slices or holds are, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// A thread, by its index.
    Thread(usize),
    /// A lock, by its index, and one of its lanes.
    Lock(usize, usize),
}

/// What [merged](Merged) slices or holds come to. Times are nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// How many there are.
    Merged,
    /// Messages sent.
    Sends,
    /// Messages received.
    Receives,
    /// How often the thread has waited for others.
    Waits,
    /// How long, in all.
    Waited,
    /// How long at most.
    LongestWait,
    /// The shortest latency of the messages received.
    LatencyMin,
    /// The mean of their latencies, rounded down.
    LatencyMean,
    /// The longest.
    LatencyMax,
    /// All their latencies together.
    LatencySum,
    /// How long a lock was held, in all.
    Held,
    /// How long at most.
    LongestHeld,
    /// How long others have waited for it meanwhile, all together.
    OthersWaited,
}

impl Total {
    /// All of them.
    pub const ALL: [Total; 13] = [
        Total::Merged,
        Total::Sends,
        Total::Receives,
        Total::Waits,
        Total::Waited,
        Total::LongestWait,
        Total::LatencyMin,
        Total::LatencyMean,
        Total::LatencyMax,
        Total::LatencySum,
        Total::Held,
        Total::LongestHeld,
        Total::OthersWaited,
    ];

    /// Its name, as the exports have it.
    pub fn name(self) -> &'static str {
        match self {
            Total::Merged => "merged",
            Total::Sends => "sends",
            Total::Receives => "receives",
            Total::Waits => "waits",
            Total::Waited => "all_waited_ns",
            Total::LongestWait => "longest_wait_ns",
            Total::LatencyMin => "latency_min_ns",
            Total::LatencyMean => "latency_mean_ns",
            Total::LatencyMax => "latency_max_ns",
            Total::LatencySum => "latency_sum_ns",
            Total::Held => "all_held_ns",
            Total::LongestHeld => "longest_held_ns",
            Total::OthersWaited => "all_others_waited_ns",
        }
    }
}

impl Merged {
    /// Its name, which is the same for about the same mixture of operations:
    /// `recv jobs, send results (merged)`. What is much rarer than others is not in it, nor that
    /// what was locked is unlocked.
    pub fn name(&self, entities: &Entities) -> String {
        const NAMED: usize = 3;
        let is_unlock = |verb: &str| verb.starts_with("unlock");
        let only_unlocks = self.kinds.iter().all(|(verb, ..)| is_unlock(verb));
        let most = self.kinds.iter().map(|(.., count)| *count).max().unwrap_or(0);
        let mut names: Vec<_> = self
            .kinds
            .iter()
            .filter(|(verb, _, count)| *count >= most / 2 && (only_unlocks || !is_unlock(verb)))
            .map(|&(verb, on, _)| named_by(verb, on, entities))
            .collect();
        names.sort_unstable();
        let more = if names.len() > NAMED { ", …" } else { "" };
        names.truncate(NAMED);
        let note = if self.is_waiting() { ", mostly waiting" } else { "" };
        format!("{}{more} (merged{note})", names.join(", "))
    }

    /// How many there are of what: `7 recv jobs, 7 send results`; nothing if there are only waits.
    pub fn what(&self, entities: &Entities) -> String {
        let known = self.kinds.iter().filter(|(.., count)| *count > 0);
        let mut parts: Vec<_> = known
            .map(|&(verb, on, count)| format!("{count} {}", named_by(verb, on, entities)))
            .collect();
        if self.others > 0 {
            parts.push(format!("{} others", self.others));
        }
        parts.join(", ")
    }

    /// Whether its thread has waited for others most of the time.
    fn is_waiting(&self) -> bool {
        let waited = self.totals.iter().find(|(total, _)| *total == Total::Waited);
        waited.is_some_and(|(_, waited)| *waited > (self.end - self.begin) / 2)
    }
}

/// `send jobs`; a span by its name.
fn named_by(verb: &str, on: Option<On>, entities: &Entities) -> String {
    const LABEL: usize = 80;
    match on.map_or("", |on| on.label(entities)) {
        "" if verb.is_empty() => "span".to_owned(),
        "" => verb.to_owned(),
        label if verb.is_empty() => short(label, LABEL).into_owned(),
        label => format!("{verb} {label}"),
    }
}

impl Category {
    /// Its name, as the exports have it.
    pub fn name(self) -> &'static str {
        match self {
            Category::Channel => "channel",
            Category::Primitive => "primitive",
            Category::Thread => "thread",
            Category::Span => "span",
            Category::Log => "log",
        }
    }
}

impl On {
    /// What it is called.
    pub fn label(self, entities: &Entities) -> &str {
        match self {
            On::Channel(channel) => &entities.channels[channel].label,
            On::Primitive(primitive) => &entities.primitives[primitive].label,
            On::Thread(thread) => &entities.threads[thread].name,
            On::Callsite(callsite) => &entities.callsites[callsite].name,
        }
    }
}

impl Slice {
    /// Its name: verb, what it is on, and note, as in `recv jobs (waiting)`. A span has its own
    /// name, and what is logged is called by its words.
    pub fn name(&self, entities: &Entities) -> String {
        const WORDS: usize = 80;
        let words = || short(self.words.as_deref().unwrap_or_default(), WORDS);
        let label = self.on.map_or("", |on| on.label(entities));
        let mut name = match self.category {
            Category::Span if label.is_empty() => "span".to_owned(),
            Category::Span => short(label, WORDS).into_owned(),
            Category::Log => words().into_owned(),
            _ if [PANIC, LEFT_OUT].contains(&self.verb) => format!("{}: {}", self.verb, words()),
            _ if label.is_empty() => self.verb.to_owned(),
            _ => format!("{} {label}", self.verb),
        };
        if !self.note.is_empty() {
            name.push_str(" (");
            name.push_str(self.note);
            name.push(')');
        }
        name
    }

    /// Whether its words are part of its name, so that others of its kind have another.
    #[inline]
    pub fn is_named_by_words(&self) -> bool {
        self.category == Category::Log || [PANIC, LEFT_OUT].contains(&self.verb)
    }

    /// The function or method that was called, if its name does not begin with that.
    #[inline]
    pub fn called(&self) -> Option<&'static str> {
        let named = matches!(self.category, Category::Span | Category::Log);
        (!named && !self.verb.starts_with(self.operation)).then_some(self.operation)
    }

    /// Whether it is a message handed over.
    pub fn is_sent(&self) -> bool {
        self.category == Category::Channel && self.verb == "send" && self.note.is_empty()
    }

    /// Whether it is a message taken.
    pub fn is_received(&self) -> bool {
        let taken = self.note.is_empty() || self.lacks_send();
        self.category == Category::Channel && self.verb == "recv" && taken
    }

    /// Whether it is a message taken of whose send there is no event.
    pub fn lacks_send(&self) -> bool {
        self.note == "send not recorded"
    }

    /// The channel that it is on.
    pub fn channel(&self) -> Option<usize> {
        match self.on {
            Some(On::Channel(channel)) => Some(channel),
            _ => None,
        }
    }

    /// Whether its thread waits for others.
    pub fn is_wait(&self) -> bool {
        matches!(self.note, "waiting" | "full" | "returning") && self.end != Some(self.begin)
    }

    /// A slice without length, about its thread.
    #[inline]
    pub(crate) fn instant(thread: usize, time: u64, verb: &'static str) -> Self {
        Slice {
            thread,
            begin: time,
            end: Some(time),
            category: Category::Thread,
            verb,
            note: "",
            operation: verb,
            on: None,
            endpoint: None,
            site: None,
            message: None,
            arrow: None,
            cause: None,
            depth: None,
            latency: None,
            waited: None,
            timeout: None,
            words: None,
        }
    }
}

impl Flight {
    /// Its name: its number and its value, cut to a length that can be read.
    pub fn name(&self) -> String {
        const VALUE: usize = 40;
        let mut number = itoa::Buffer::new();
        let number = number.format(self.message);
        match &self.value {
            Some(value) => ["#", number, " ", &short(value, VALUE)].concat(),
            None => ["#", number].concat(),
        }
    }
}

impl Hold {
    /// Its name: who holds the lock.
    pub fn name(&self, entities: &Entities) -> String {
        let held = if self.shared { "read by" } else { "held by" };
        let note = if self.seen || self.end.is_none() { "" } else { " (release not recorded)" };
        format!("{held} {}{note}", entities.threads[self.thread].name)
    }
}

/// A text as part of a name: so many characters at most, all in one line.
pub(crate) fn short(text: &str, most: usize) -> Cow<'_, str> {
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) && *byte != b'\\';
    if text.len() <= most && text.as_bytes().iter().all(is_plain) {
        return text.into();
    }
    let plain = |c: char| match c {
        // See `entities::readable`: whatever may be the last character.
        '\\' => '∖',
        c if c.is_control() => ' ',
        c => c,
    };
    let mut short: String = text.chars().take(most).map(plain).collect();
    if text.chars().nth(most).is_some() {
        short.pop();
        short.push('…');
    }
    short.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_stands_in_one_line() {
        assert_eq!(short("abcd", 4), "abcd");
        assert_eq!(short("abcde", 4), "abc…");
        assert_eq!(short("é\n漢字x", 4), "é 漢…");
        assert_eq!(short("C:\\", 4), "C:∖");
        assert_eq!(short("", 4), "");
    }
}
