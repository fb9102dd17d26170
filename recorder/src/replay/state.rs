//! The state of a run at a point in its order.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;

use format::{Call, Detail, MessageId};
use typed_index_collections::TiVec;

use super::transition::Message;
use crate::reading::catalog::{
    Catalog, ChannelIndex, EndpointIndex, PlaceIndex, PrimitiveIndex, ProcessIndex, Target,
    ThreadIndex,
};
use crate::reading::{Nanos, Operation};

/// The state of a run at a point in its order: a plain value that can be kept and copied.
#[derive(Clone, Debug, Default)]
pub struct RunState {
    /// By process.
    pub processes: TiVec<ProcessIndex, ProcessState>,
    /// By thread.
    pub threads: TiVec<ThreadIndex, ThreadState>,
    /// By channel.
    pub channels: TiVec<ChannelIndex, ChannelState>,
    /// By endpoint.
    pub endpoints: TiVec<EndpointIndex, EndpointState>,
    /// By primitive.
    pub primitives: TiVec<PrimitiveIndex, PrimitiveState>,
    /// The number of happens-before edges so far, whether or not they end anywhere.
    pub(super) edges: u64,
    /// Whether events are missing: some could not be recorded, or the recording is damaged.
    pub(super) is_incomplete: bool,
    /// Whether the recording is [complete](Catalog::complete_from) from here on.
    pub(super) is_complete: bool,
}

/// A process.
#[derive(Clone, Debug, Default)]
pub struct ProcessState {
    /// Its first thread.
    pub main: Option<ThreadIndex>,
    /// When its recording paused.
    pub pauses: Vec<Pause>,
    /// How many threads have been spawned that have not done anything yet and are not known.
    pub unborn: usize,
}

/// A time in which the recording of a process paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    /// Its start; `None` if a flight recorder has discarded the event.
    pub from: Option<Nanos>,
    /// Its end; `None` if it has not ended.
    pub to: Option<Nanos>,
}

impl ProcessState {
    /// Whether its recording has ever paused.
    pub fn has_paused(&self) -> bool {
        !self.pauses.is_empty()
    }

    /// Whether its recording pauses.
    pub fn is_paused(&self) -> bool {
        self.open_pause().is_some()
    }

    /// The pause that has not ended.
    pub(super) fn open_pause(&self) -> Option<Pause> {
        self.pauses.last().copied().filter(|pause| pause.to.is_none())
    }

    /// Whether its recording has paused since this time, so that what was so then may have changed.
    pub fn has_paused_since(&self, time: Nanos) -> bool {
        self.pauses.last().is_some_and(|pause| pause.to.is_none_or(|to| to >= time))
    }
}

/// A thread.
#[derive(Clone, Debug, Default)]
pub struct ThreadState {
    /// The wait that it has begun and not ended.
    pub wait: Option<Wait>,
    /// The time of its latest event.
    pub last: Nanos,
    /// The time of its first event.
    pub first: Option<Nanos>,
    /// How many events it has had.
    pub events: u64,
    /// How many of them were operations, their starts and ends, or about endpoints.
    pub steps: u64,
    /// How long it has waited in all while it was
    /// [recorded](Catalog::recorded_between), sleep not included.
    pub waited: Nanos,
    /// When its function was over.
    pub returned: Option<Nanos>,
    /// When it had run its thread-local destructors.
    pub ended: Option<Nanos>,
    /// The locks that it holds.
    pub holds: Vec<PrimitiveIndex>,
    /// Who spawned it, and when.
    pub spawned: Option<Source>,
    /// Its latest panic.
    pub panic: Option<Panic>,
    /// When it last gave something away that may contain any of its endpoints: a message, or what a
    /// lock protects.
    pub gave_away: Option<Nanos>,
    /// Senders that it has made or cloned since it last sent a message that may contain some, and
    /// has not used.
    pub(super) fresh_senders: Vec<EndpointIndex>,
    /// Its return, as a source of edges.
    pub(super) end: Option<Source>,
    /// The `unpark` that lets it go on: the latest.
    pub unparked: Option<Source>,
    /// Where that was, if it is recorded.
    pub unparked_at: Option<PlaceIndex>,
    /// The return from a `park` after that: it has taken the token.
    pub token_taken: Option<Use>,
    /// The value of the message that it is about to send.
    pub(super) value: Option<(MessageId, Arc<str>)>,
    /// The operation whose end has been reported before its event came.
    pub(super) ended_early: Option<(Call, PrimitiveIndex)>,
}

/// A panic.
#[derive(Clone, Debug)]
pub struct Panic {
    /// When.
    pub time: Nanos,
    /// Where.
    pub place: Option<PlaceIndex>,
    /// Its message.
    pub message: Arc<str>,
    /// Whether the thread has done more since than release what it held.
    pub went_on: bool,
    /// Whether the thread's function panicked, if its end is recorded.
    pub outcome: Option<bool>,
}

/// An operation that has begun to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// When it began.
    pub begin: Nanos,
    /// The operation, as it began.
    pub operation: Operation,
    /// Of a send: when its message was received, just before the send returned; and the message's
    /// number.
    pub handed_over: Option<(Nanos, Option<NonZeroU64>)>,
    /// When its thread did something else: then its end was not recorded.
    pub overtaken: Option<Nanos>,
}

impl Wait {
    /// The call that waits.
    pub fn call(&self) -> Call {
        self.operation.call
    }

    /// What it is on.
    pub fn target(&self) -> Option<Target> {
        self.operation.target
    }

    /// Whether its thread sleeps. All others wait, also where their timeout expires.
    pub fn is_sleep(&self) -> bool {
        self.call() == Call::Sleep
    }

    /// Whether it ends by itself.
    pub fn is_timed(&self) -> bool {
        matches!(self.operation.detail, Detail::Timeout { .. })
    }

    /// Whether its thread still waits, and for others: its end may be unrecorded, or its message
    /// may have been received.
    pub fn is_open(&self) -> bool {
        self.overtaken.is_none() && self.handed_over.is_none()
    }
}

/// Something that others wait for. Happens-before edges start there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The thread.
    pub thread: ThreadIndex,
    /// When.
    pub time: Nanos,
    /// Which one it is, where they are counted.
    pub(super) count: u64,
    /// The numbers of edges that start there and do not end yet. The default if they have not been
    /// numbered yet.
    pub(super) edges: Range<u64>,
}

impl Source {
    /// The cause of an event at `time`, with an edge if there is one left and it points forward.
    pub(super) fn cause(&mut self, time: Nanos) -> Cause {
        let edge = if self.time < time { self.edges.next() } else { None };
        Cause { thread: self.thread, time: self.time, edge }
    }
}

/// Why a wait ended, or a thread started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The thread that caused it.
    pub thread: ThreadIndex,
    /// When.
    pub time: Nanos,
    /// The number of the happens-before edge, unless another event has taken the last one, or it
    /// would point back in time.
    pub edge: Option<u64>,
}

/// A channel. Messages are counted from where the recording is
/// [complete](Catalog::complete_from).
#[derive(Clone, Debug, Default)]
pub struct ChannelState {
    /// Messages that were handed over and not received, as far as that is known.
    pub depth: u64,
    /// Messages that were handed over: those whose sends are over, and those that were received
    /// before that.
    pub sent: u64,
    /// Messages that were received and whose sends were about to be recorded when the recording
    /// ended.
    pub unrecorded_sends: u64,
    /// Messages that were received.
    pub received: u64,
    /// Messages that were received, but that were sent before they are counted.
    pub sent_before: u64,
    /// Messages that were handed over before they are counted. They have numbers, too.
    pub(super) uncounted: u64,
    /// Senders that have not been dropped.
    pub senders: u64,
    /// Receivers that have not been dropped.
    pub receivers: u64,
    /// When it was made, and by which thread, if that is recorded.
    pub made: Option<(Nanos, ThreadIndex)>,
    /// When the last sender was dropped, and by which thread.
    pub senders_gone: Option<(Nanos, ThreadIndex)>,
    /// When the last receiver was dropped, and by which thread.
    pub receiver_gone: Option<(Nanos, ThreadIndex)>,
    /// Messages that were still queued then, or that were handed over later.
    pub lost: u64,
    /// Messages with higher numbers count as lost: all, or, if the recording paused then, those that
    /// were handed over later. It is not known which of the others were received.
    pub(super) lost_after: u64,
    /// Who last made room; in a rendezvous, who last came to receive.
    pub room: Option<(Nanos, ThreadIndex)>,
    /// Whether its messages can contain endpoints.
    pub(super) carries_endpoints: bool,
    /// The senders that messages in it most likely contain, by the numbers of the messages.
    pub(super) parcels: VecDeque<(NonZeroU64, EndpointIndex)>,
}

impl ChannelState {
    /// Messages that were handed over, with those whose sends were about to be recorded.
    pub fn all_sent(&self) -> u64 {
        self.sent + self.unrecorded_sends
    }

    /// Whether this message in it counts as lost.
    pub(super) fn is_lost(&self, message: &Message) -> bool {
        self.receiver_gone.is_some()
            && message.handed_over.is_some()
            && message.number.is_some_and(|number| number.get() > self.lost_after)
    }

    /// The number of the last message that was handed over.
    pub(super) fn last_number(&self) -> u64 {
        self.uncounted + self.sent
    }

    /// Starts to count messages.
    pub(super) fn count_from_here(&mut self) {
        self.uncounted = self.last_number();
        (self.sent, self.unrecorded_sends, self.received, self.sent_before) = (0, 0, 0, 0);
    }

    /// Messages that can still be received.
    pub fn queued(&self) -> u64 {
        if self.receiver_gone.is_some() { 0 } else { self.depth }
    }
}

/// A sender or receiver.
#[derive(Clone, Debug, Default)]
pub struct EndpointState {
    /// When it was made or cloned, by which thread and where, if that is recorded.
    pub made: Option<Use>,
    /// Its latest use, or else its creation.
    pub last: Option<Use>,
    /// How often it was sent with, or tried to.
    pub sends: u64,
    /// How often it was cloned.
    pub clones: u64,
    /// When it was dropped, and by which thread.
    pub dropped: Option<(Nanos, ThreadIndex)>,
    /// How many events the thread had had that last sent with it.
    pub events_then: u64,
    /// How often it was used by another thread than the time before.
    pub hops: u32,
    /// The message with which it has most likely gone to another thread: its thread had made it,
    /// not used it, and then sent a message that can contain it.
    pub sent_with: Option<Parcel>,
    /// Whether such a message may contain it, although it more likely contains another.
    pub may_be_moved: bool,
}

/// A message that most likely contains an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The channel of the message.
    pub channel: ChannelIndex,
    /// Its number in the channel.
    pub number: NonZeroU64,
    /// When it was received, and by which thread.
    pub received: Option<(Nanos, ThreadIndex)>,
}

impl EndpointState {
    /// Whether any thread has used it.
    pub fn is_used(&self) -> bool {
        self.sends + self.clones > 0
    }

    #[inline]
    pub(super) fn use_at(&mut self, at: Use) {
        self.hops += u32::from(self.last.is_some_and(|last| last.thread != at.thread));
        self.last = Some(at);
        (self.sent_with, self.may_be_moved) = (None, false);
    }
}

/// The use of something: when, by which thread and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub time: Nanos,
    /// The thread.
    pub thread: ThreadIndex,
    /// Where, if that is recorded.
    pub place: Option<PlaceIndex>,
}

/// A synchronization primitive.
#[derive(Clone, Debug, Default)]
pub struct PrimitiveState {
    /// Who holds the lock: one thread for itself, or some for reading.
    pub holds: Vec<Hold>,
    /// The thread that runs the initializer.
    pub initializer: Option<Initializer>,
    /// Who last did what others wait for: released it, notified, arrived, or initialized it.
    pub moved: Option<(Nanos, ThreadIndex)>,
    /// The threads that wait for it, in the order in which they began to.
    pub waiters: Vec<ThreadIndex>,
    /// The time up to which `waited` is counted.
    since: Nanos,
    /// How long threads had waited for it until then, all together.
    pub(super) waited: Nanos,
    /// Its latest release, counted by turn. The first thread that has waited for it numbers its edges.
    pub(super) release: Option<Source>,
    /// Notifications that may have woken threads which have not reported it yet.
    pub(super) notifications: VecDeque<Source>,
    /// The latest notification of a condition variable.
    pub notified: Option<Notification>,
    /// Notifications of a condition variable that are about to wake threads, the oldest first.
    pub(super) wake_ups: Vec<Notification>,
    /// How many threads a barrier waits for.
    pub(super) size: u64,
    /// The arrival that opened the barrier.
    pub(super) arrival: Option<Source>,
    /// The end of the initializer.
    pub(super) initialized: Option<Source>,
    /// How often the lock has been held.
    pub(super) next_hold: u64,
}

/// A notification of a condition variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// When, by which thread and where.
    pub by: Use,
    /// Whether it wakes all threads that wait, and not one of them.
    pub is_for_all: bool,
    /// How many threads waited.
    pub waiting: usize,
    /// The threads that waited and have not been seen to go on since.
    pub could_wake: Vec<ThreadIndex>,
    /// The first that went on.
    pub woken: Option<ThreadIndex>,
}

/// The initializer of a primitive, while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Initializer {
    /// The thread that runs it.
    pub thread: ThreadIndex,
    /// Since when.
    pub begin: Nanos,
    /// Where it was asked for, if that is recorded.
    pub place: Option<PlaceIndex>,
    /// Whether the recording has paused since it started: it may be over.
    pub is_outdated: bool,
}

/// A lock that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The thread that holds it.
    pub thread: ThreadIndex,
    /// Whether it is held for reading, perhaps by others, too.
    pub is_shared: bool,
    /// Since when.
    pub begin: Nanos,
    /// Where it was acquired, if that is recorded.
    pub place: Option<PlaceIndex>,
    /// The turn at the lock: see [`Turn`](format::Turn).
    pub turn: u64,
    /// How long its thread had waited in all when it acquired the lock.
    pub waited: Nanos,
    /// How long threads had waited for the lock in all.
    pub(super) others_waited: Nanos,
    /// When the recording first paused since: it may have been released.
    pub paused: Option<Nanos>,
    /// A number that no other hold of the lock has.
    pub id: u64,
}

impl PrimitiveState {
    pub(super) fn begin_wait(&mut self, time: Nanos, thread: ThreadIndex) {
        self.pass_to(time);
        self.waiters.push(thread);
    }

    pub(super) fn end_wait(&mut self, time: Nanos, thread: ThreadIndex) {
        self.pass_to(time);
        if let Some(at) = self.waiters.iter().position(|waiter| *waiter == thread) {
            self.waiters.remove(at);
        }
        self.wake_up(thread);
        if self.waiters.is_empty() {
            self.notifications.clear();
        }
    }

    pub(super) fn pass_to(&mut self, time: Nanos) {
        let passed = time.since(self.since).get();
        self.waited += Nanos::new(passed.saturating_mul(self.waiters.len() as u64));
        self.since = self.since.max(time);
    }

    /// When the latest notification was that may have woken this thread, which waits for it.
    pub fn may_have_woken(&self, thread: ThreadIndex) -> Option<Nanos> {
        let its = self.wake_ups.iter().filter(|it| it.could_wake.contains(&thread));
        its.map(|it| it.by.time).max()
    }

    /// A thread goes on that has waited for a notification.
    pub(super) fn wake_up(&mut self, thread: ThreadIndex) {
        let mut is_explained = false;
        for notification in &mut self.wake_ups {
            let Some(at) = notification.could_wake.iter().position(|it| *it == thread) else {
                continue;
            };
            notification.could_wake.remove(at);
            // It was one of these that woke it. Let it be the oldest.
            if !is_explained {
                is_explained = true;
                notification.woken.get_or_insert(thread);
                if !notification.is_for_all {
                    notification.could_wake.clear();
                }
                if let Some(latest) = &mut self.notified
                    && latest.by == notification.by
                {
                    latest.woken.get_or_insert(thread);
                }
            }
        }
        self.wake_ups.retain(|it| !it.could_wake.is_empty());
    }

    /// What others wait for, without an edge.
    pub(super) fn last_move(&self) -> Option<Cause> {
        self.moved.map(|(time, thread)| Cause { thread, time, edge: None })
    }

    /// The thread that holds it for itself.
    pub fn holder(&self) -> Option<&Hold> {
        self.holds.iter().find(|hold| !hold.is_shared)
    }
}

impl RunState {
    /// Adds what is new in the catalog.
    pub(super) fn extend(&mut self, catalog: &Catalog) {
        self.is_complete |= catalog.complete_from == Nanos::ZERO;
        self.processes.resize_with(catalog.processes.len(), ProcessState::default);
        for thread in catalog.threads.iter().skip(self.threads.len()) {
            if thread.spawned.is_some_and(|spawned| spawned.by.is_some()) {
                // Where its spawn has been replayed, it has counted as unborn.
                let unborn = &mut self.processes[thread.process].unborn;
                *unborn = unborn.saturating_sub(1);
            }
        }
        self.threads.resize_with(catalog.threads.len(), ThreadState::default);
        self.endpoints.resize_with(catalog.endpoints.len(), EndpointState::default);
        let new = catalog.channels.iter().skip(self.channels.len());
        self.channels.extend(new.map(|channel| ChannelState {
            senders: channel.senders_before,
            receivers: channel.receivers_before,
            carries_endpoints: !is_plain(&channel.message_type),
            ..ChannelState::default()
        }));
        let new = catalog.primitives.iter().skip(self.primitives.len());
        self.primitives.extend(
            new.map(|facts| PrimitiveState { size: facts.size, ..PrimitiveState::default() }),
        );
    }

    /// A source of this many edges, and their numbers.
    pub(super) fn source(
        &mut self,
        thread: ThreadIndex,
        time: Nanos,
        count: u64,
        edges: usize,
    ) -> (Source, Range<u64>) {
        let edges = number_edges(&mut self.edges, edges);
        (Source { thread, time, count, edges: edges.clone() }, edges)
    }

    /// A sender is made or cloned.
    pub(super) fn add_sender(
        &mut self,
        catalog: &Catalog,
        channel: ChannelIndex,
        sender: EndpointIndex,
        at: Use,
    ) {
        self.threads[at.thread].fresh_senders.push(sender);
        let known = &mut self.endpoints[sender];
        (known.made, known.last) = (Some(at), Some(at));
        // By inexact clocks it can seem to be dropped before it is made.
        let is_alive = !self.is_dropped(catalog, sender);
        self.channels[channel].senders += u64::from(is_alive);
    }

    /// Whether sends of this process are missing from the recording, so that a receive without a
    /// send says nothing.
    pub fn lacks_sends(&self, catalog: &Catalog, process: ProcessIndex) -> bool {
        self.is_incomplete
            || self.processes[process].has_paused()
            || catalog.processes[process].is_truncated
    }

    /// When the life of a thread is over: with its last event, or else with its process.
    pub fn end_of_life(&self, catalog: &Catalog, thread: ThreadIndex) -> Nanos {
        let known = &self.threads[thread];
        match known.ended.or(known.returned) {
            Some(_) => known.last,
            None => catalog.end_of_thread(thread).max(known.last),
        }
    }

    /// Whether an endpoint has been dropped.
    pub fn is_dropped(&self, catalog: &Catalog, endpoint: EndpointIndex) -> bool {
        self.endpoints[endpoint].dropped.is_some() || catalog.endpoints[endpoint].dropped_before
    }

    /// The wait that a thread is still in, as far as that is known.
    pub fn open_wait(&self, catalog: &Catalog, thread: ThreadIndex) -> Option<&Wait> {
        let (known, facts) = (&self.threads[thread], &catalog.threads[thread]);
        if known.ended.is_some() || facts.dropped > 0 {
            return None;
        }
        known.wait.as_ref().filter(|wait| wait.is_open())
    }
}

/// The numbers of `count` edges after the `last` one, which is moved on.
pub(super) fn number_edges(last: &mut u64, count: usize) -> Range<u64> {
    let first = *last + 1;
    *last += count as u64;
    first..*last + 1
}

/// Whether a value of this type can contain no endpoint: it consists of plain types of std.
fn is_plain(message_type: &str) -> bool {
    const PLAIN: &[&str] = &[
        "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize",
        "f32", "f64", "bool", "char", "str", "String", "Vec", "Option", "Result", "Box", "Arc",
        "Duration", "Instant", "alloc", "core", "std", "string", "vec", "option", "result",
        "boxed", "sync", "time", "static",
    ];
    let words = message_type.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    !message_type.is_empty()
        && words
            .filter(|word| !word.is_empty())
            .all(|word| PLAIN.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_messages_cannot_contain_an_endpoint() {
        for plain in ["i32", "()", "(u8, &'static str)", "alloc::vec::Vec<[f64; 3]>"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in ["", "my::Job", "Sender<i32>", "alloc::boxed::Box<dyn core::any::Any>"] {
            assert!(!is_plain(other), "{other}");
        }
    }
}
