//! Successive events of a run, in columns.
//!
//! After the header (version, start, end, number of the first event, number of events, number of
//! texts) a chunk has these columns, of which those from *kind* to *text* have a number for each
//! event unless noted otherwise. "Optional" is 0 for none, else one more than the number.
//!
//! | column | numbers |
//! |---|---|
//! | texts | each after its length in bytes |
//! | kind | index into the kinds of the run |
//! | thread | index |
//! | time | signed, since the event before; the first since the start of the chunk |
//! | length | 0 is an instant, 1 a wait that begins, `n + 2` lasts `n` nanoseconds |
//! | target | 0 for none, else 1 + 4 × index + type: 0 channel, 1 primitive, 2 thread, 3 callsite |
//! | place, endpoint | optional index |
//! | message | optional, signed: its number, less that of the event on the same target before |
//! | from | optional index of the thread whose event led to this one |
//! | before | only of events with *from*: how long before the event that was |
//! | latency | only of events with *from* and *message*, signed: from the start of the send, less *before* |
//! | depth | optional, signed: queue depth after it, less that of the event on the same target before |
//! | cause | optional: how long before its thread had received the message that led to this send |
//! | waited, timeout | optional nanoseconds |
//! | text | 0 for none, 1 for the first of the texts that has not come yet, else 2 + its index (signed), less that of the text of the same thread before |
//! | states | number of runs; each: thread, start (signed, since the start of the chunk), number of pieces; each piece: length, activity |
//! | holds | number; each: primitive, thread, start (signed), length, flags (1 shared, 2 goes on) |
//! | waiting | at the start of the chunk; number; each: thread, kind, since (how long before the start, signed), target, place, optional timeout |
//! | channels | at the start; number; each: channel, sent, received, depth, senders, receivers |
//! | alive | at the start; number; each: thread |

use std::mem;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::VERSION;
use super::columns::{Column, difference, zigzag};
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, Target, ThreadIndex};
use crate::replay::RunState;
use crate::timeline::item::{HeldLock, Slice, State};

/// Where a chunk is in the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkInfo {
    /// The time of its first event.
    pub begin: Nanos,
    /// The time of its last event.
    pub end: Nanos,
    /// The first level whose tiles contain it.
    pub level: u32,
    /// The number of its first event in the run, from 0.
    pub first_step: u64,
    /// The number of its events.
    pub events: u64,
}

/// The events of a chunk that is not complete.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    columns: Columns,
    texts: Column,
    text_numbers: FxHashMap<Arc<str>, u64>,
    /// The number of the latest text of each thread.
    latest_texts: FxHashMap<u32, u64>,
    /// The latest message number and depth of each target.
    latest: FxHashMap<u64, (u64, u64)>,
    last_time: u64,
    /// What tiles need of its events.
    pub(super) marks: Vec<Mark>,
    pub(super) states: Vec<State>,
    pub(super) holds: Vec<Held>,
    /// The columns at its start.
    start: [Column; 3],
    /// The earliest of its events.
    earliest: Option<u64>,
    /// The time at which it starts.
    begin: u64,
    /// The latest of its events, or of those before.
    pub(super) now: u64,
}

#[derive(Clone, Debug, Default)]
struct Columns {
    kind: Column,
    thread: Column,
    time: Column,
    length: Column,
    target: Column,
    place: Column,
    endpoint: Column,
    message: Column,
    from: Column,
    before: Column,
    latency: Column,
    depth: Column,
    cause: Column,
    waited: Column,
    timeout: Column,
    text: Column,
}

/// An event, as tiles count it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) time: u64,
    pub(super) thread: u32,
    /// Its channel and the depth after it, if it changes that or is known.
    pub(super) channel: Option<(u32, u64)>,
    pub(super) is_sent: bool,
    pub(super) is_received: bool,
    /// The thread and the time of the event that led to it.
    pub(super) from: Option<(u32, u64)>,
}

/// A time in which a lock is held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) primitive: u32,
    pub(super) thread: u32,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) is_shared: bool,
    pub(super) goes_on: bool,
}

impl Chunk {
    /// The number of its events.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.marks.len()
    }

    /// Starts a chunk with the state of the run at `now`.
    pub(super) fn start(
        &mut self,
        catalog: &Catalog,
        state: &RunState,
        now: Nanos,
        waits: &[(u32, Slice)],
        alive: &[ThreadIndex],
    ) {
        let now = now.get();
        let [waiting, channels, living] = &mut self.start;
        waiting.push(waits.len() as u64);
        for (kind, wait) in waits {
            waiting.push(index(wait.thread));
            waiting.push((*kind).into());
            waiting.push_signed(difference(now, wait.begin.get()));
            waiting.push(target(wait.target));
            waiting.push_optional(wait.place.map(index));
            waiting.push_optional(wait.timeout.map(Nanos::get));
        }
        let known = state.channels.iter_enumerated().filter(|(channel, known)| {
            known.made.is_some()
                || known.sent + known.received > 0
                || catalog.channels[*channel].senders_before > 0
        });
        channels.push(known.clone().count() as u64);
        for (channel, known) in known {
            channels.push(index(channel));
            let depth = known.depth.min(catalog.channels[channel].capacity());
            for number in [known.all_sent(), known.received, depth, known.senders, known.receivers]
            {
                channels.push(number);
            }
        }
        living.push(alive.len() as u64);
        alive.iter().for_each(|thread| living.push(index(*thread)));
        (self.begin, self.now, self.last_time) = (now, now, now);
    }

    /// Appends an event.
    #[inline]
    pub(super) fn push(&mut self, slice: &Slice, kind: u32) {
        let time = slice.begin.get();
        let thread = index(slice.thread);
        let columns = &mut self.columns;
        columns.kind.push(kind.into());
        columns.thread.push(thread);
        columns.time.push_signed(difference(time, self.last_time));
        self.last_time = time;
        let length = match slice.end {
            None => 1,
            Some(end) if end == slice.begin => 0,
            Some(end) => end.since(slice.begin).get().saturating_add(2),
        };
        columns.length.push(length);
        let target = target(slice.target);
        columns.target.push(target);
        columns.place.push_optional(slice.place.map(index));
        columns.endpoint.push_optional(slice.endpoint.map(index));
        if slice.message.is_some() || slice.depth.is_some() {
            let (message, depth) = self.latest.entry(target).or_default();
            let number = slice.message.map(|number| number.get());
            columns.message.push_optional(number.map(|it| zigzag(difference(it, *message))));
            columns.depth.push_optional(slice.depth.map(|it| zigzag(difference(it, *depth))));
            *message = number.unwrap_or(*message);
            *depth = slice.depth.unwrap_or(*depth);
        } else {
            columns.message.push(0);
            columns.depth.push(0);
        }
        columns.from.push_optional(slice.from.map(|(thread, _)| index(thread)));
        let from = slice.from.map(|(thread, at)| (index(thread) as u32, at.get().min(time)));
        if let Some((_, at)) = from {
            columns.before.push(time - at);
            if slice.message.is_some() {
                let latency = slice.latency.map_or(time - at, Nanos::get);
                columns.latency.push_signed(difference(latency, time - at));
            }
        }
        columns.cause.push_optional(slice.cause.map(|cause| time.saturating_sub(cause.get())));
        columns.waited.push_optional(slice.waited.map(Nanos::get));
        columns.timeout.push_optional(slice.timeout.map(Nanos::get));
        match &slice.text {
            None => columns.text.push(0),
            Some(text) => {
                let next = self.text_numbers.len() as u64;
                let number = *self.text_numbers.entry(Arc::clone(text)).or_insert_with(|| {
                    self.texts.push_text(text);
                    next
                });
                let latest = self.latest_texts.entry(thread as u32).or_default();
                columns.text.push(match number == next {
                    true => 1,
                    false => zigzag(difference(number, *latest)).saturating_add(2),
                });
                *latest = number;
            }
        }
        if length <= 1 {
            self.earliest = Some(self.earliest.map_or(time, |earliest| earliest.min(time)));
            self.now = self.now.max(time);
        }
        self.marks.push(Mark {
            time,
            thread: thread as u32,
            channel: slice.channel().zip(slice.depth).map(|(it, depth)| (index(it) as u32, depth)),
            is_sent: slice.is_sent(),
            is_received: slice.is_received(),
            from,
        });
    }

    /// Appends a time in which a lock was held, from `begin` on.
    pub(super) fn hold(&mut self, hold: &HeldLock, begin: Nanos, end: Nanos, goes_on: bool) {
        if begin < end {
            self.holds.push(Held {
                primitive: index(hold.primitive) as u32,
                thread: index(hold.thread) as u32,
                begin: begin.get(),
                end: end.get(),
                is_shared: hold.is_shared,
                goes_on,
            });
        }
    }

    /// The times of its first and last event.
    pub(super) fn extent(&self) -> (u64, u64) {
        (self.earliest.unwrap_or(self.begin).min(self.begin), self.now)
    }

    /// The bytes of the chunk; it is empty afterwards.
    pub(super) fn encode(&mut self, first_step: u64) -> Vec<u8> {
        let (_, end) = self.extent();
        let events = self.marks.len() as u64;
        let texts = self.text_numbers.len() as u64;
        let mut piece = Vec::with_capacity(1 << 17);
        Column::from([VERSION, self.begin, end, first_step, events, texts]).append_to(&mut piece);
        self.texts.append_to(&mut piece);
        let Columns {
            kind,
            thread,
            time,
            length,
            target,
            place,
            endpoint,
            message,
            from,
            before,
            latency,
            depth,
            cause,
            waited,
            timeout,
            text,
        } = &mut self.columns;
        for column in [
            kind, thread, time, length, target, place, endpoint, message, from, before, latency,
            depth, cause, waited, timeout, text,
        ] {
            column.append_to(&mut piece);
        }
        self.encode_states().append_to(&mut piece);
        self.encode_holds().append_to(&mut piece);
        for column in &mut self.start {
            column.append_to(&mut piece);
        }
        self.marks.clear();
        self.text_numbers.clear();
        self.latest.clear();
        self.latest_texts.clear();
        self.earliest = None;
        piece
    }

    fn encode_states(&mut self) -> Column {
        let mut states = mem::take(&mut self.states);
        states.sort_by_key(|state| state.thread);
        let follows = |a: &State, b: &State| a.thread == b.thread && a.end == Some(b.begin);
        let runs = states.chunk_by(follows);
        let mut column = Column::default();
        column.push(runs.clone().count() as u64);
        for run in runs {
            column.push(index(run[0].thread));
            column.push_signed(difference(run[0].begin.get(), self.begin));
            column.push(run.len() as u64);
            for State { begin, end, activity, .. } in run {
                column.push(end.unwrap_or(*begin).since(*begin).get());
                column.push(*activity as u64);
            }
        }
        column
    }

    fn encode_holds(&mut self) -> Column {
        let mut column = Column::default();
        column.push(self.holds.len() as u64);
        for hold in self.holds.drain(..) {
            column.push(hold.primitive.into());
            column.push(hold.thread.into());
            column.push_signed(difference(hold.begin, self.begin));
            column.push(hold.end - hold.begin);
            column.push(u64::from(hold.is_shared) | u64::from(hold.goes_on) << 1);
        }
        column
    }
}

/// An index of the catalog as a number.
#[inline]
pub(super) fn index(index: impl Into<usize>) -> u64 {
    index.into() as u64
}

/// The number of a target, and its type.
#[inline]
fn target(target: Option<Target>) -> u64 {
    match target {
        None => 0,
        Some(Target::Channel(channel)) => 1 + index(channel) * 4,
        Some(Target::Primitive(primitive)) => 2 + index(primitive) * 4,
        Some(Target::Thread(thread)) => 3 + index(thread) * 4,
        Some(Target::Callsite(callsite)) => 4 + index(callsite) * 4,
    }
}
