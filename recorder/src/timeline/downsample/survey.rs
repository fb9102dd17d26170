//! The survey: how many events there are, and which slices, holds and messages are kept.

use std::collections::BTreeMap;

use format::Call;
use rustc_hash::FxHashSet;
use typed_index_collections::TiVec;

use super::candidates::{Candidate, Heaviest, Kept, Subject};
use crate::analysis::findings::Finding;
use crate::reading::Nanos;
use crate::reading::catalog::{
    CallsiteIndex, Catalog, ChannelIndex, Level, PrimitiveIndex, Target, ThreadIndex,
};
use crate::timeline::item::{
    Category, Count, Fate, Flight, Flow, HeldLock, Item, Slice, SliceKind,
};

/// How many events there are in a row, and when the first and the last of them begin.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    pub(super) events: u64,
    pub(super) first: Nanos,
    pub(super) last: Nanos,
}

impl Extent {
    /// Adds an event that begins at `time`.
    pub(super) fn add(&mut self, time: Nanos) {
        self.first = if self.events == 0 { time } else { self.first.min(time) };
        self.last = self.last.max(time);
        self.events += 1;
    }

    /// The time between the first and the last event.
    pub(super) fn length(&self) -> Nanos {
        self.last.since(self.first)
    }
}

/// The extents of all rows.
#[derive(Debug)]
pub(super) struct Extents {
    /// The slices of each thread, plus the messages that it sends: if all slices are shown, so are
    /// those.
    pub(super) threads: TiVec<ThreadIndex, Extent>,
    /// The states of each thread.
    pub(super) states: TiVec<ThreadIndex, Extent>,
    /// The holds of each lock and lane.
    pub(super) locks: BTreeMap<(PrimitiveIndex, u8), Extent>,
    /// The counters of each channel, by [`Count`].
    pub(super) counters: TiVec<ChannelIndex, [Extent; 2]>,
}

/// The first and the last of something.
type Ends = Option<(u64, u64)>;

/// A wait. Its thread's next slice may be its end.
#[derive(Clone, Copy, Debug)]
struct EndedWait {
    position: u64,
    begin: Nanos,
    end: Nanos,
}

impl EndedWait {
    fn length(self) -> u64 {
        self.end.since(self.begin).get()
    }
}

/// Counts events, and collects candidates for being kept.
#[derive(Debug)]
pub(super) struct Survey {
    /// All events of the trace, except those of findings.
    pub(super) events: u64,
    extents: Extents,
    /// How many items have passed.
    passed: u64,
    /// Maximum number of events that are kept, with those that they divide others into.
    budget: u64,
    /// Threads and times of the events that show findings.
    evidence: FxHashSet<(ThreadIndex, Nanos)>,
    /// The callsites that log errors and warnings.
    is_severe: TiVec<CallsiteIndex, bool>,
    /// The latest wait of each thread, until its next slice.
    waiting: TiVec<ThreadIndex, Option<EndedWait>>,
    /// Those that are kept first, by priority.
    required: Heaviest,
    waits: Heaviest,
    /// By channel, so that a slow channel does not hide the others.
    slowest: TiVec<ChannelIndex, Heaviest>,
    messages: Heaviest,
    others: Heaviest,
    /// Positions of each thread's slices.
    thread_ends: TiVec<ThreadIndex, Ends>,
    /// Flows of each channel's messages.
    channel_ends: TiVec<ChannelIndex, Ends>,
}

/// Slices and holds that are neither waits nor required get one event in this many of the budget.
const OTHERS_DIVISOR: u64 = 8;

/// The slowest messages of each channel get, all together, one in this many of all messages kept.
const CHANNELS_DIVISOR: u64 = 4;

/// The priority of a slice or a hold that is kept first. The highest comes last.
#[derive(Clone, Copy, Debug)]
enum Priority {
    /// A thread logs an error or a warning.
    Log,
    /// A slice or a hold, not a wait, that never ended.
    NeverEnded,
    /// A thread starts or ends, a channel is made, or the recording pauses or resumes.
    Life,
    Panic,
    /// A thread waits and never goes on.
    Stuck,
    /// An event that shows a finding.
    Evidence,
}

impl Survey {
    /// A survey before the first item. At most `budget` events are kept.
    pub(super) fn new(budget: u64, findings: &[Finding], catalog: &Catalog) -> Self {
        let evidence = findings.iter().flat_map(|finding| &finding.evidence);
        let evidence: FxHashSet<_> = evidence.map(|shown| (shown.thread, shown.time)).collect();
        let (threads, channels) = (catalog.threads.len(), catalog.channels.len());
        // Besides evidence, there is at most one wait of each thread that never ended.
        let singles = budget / Subject::Single.cost();
        let required = (singles / 2).max((1 + evidence.len() + threads) as u64);
        let messages = budget / Subject::Message(0).cost();
        let of_channel = (messages / (CHANNELS_DIVISOR * channels.max(1) as u64)).max(1);
        let waits = budget / Subject::Wait { wait: 0, flow: None }.cost();
        let is_severe = |level| matches!(level, Some(Level::Error | Level::Warn));
        Survey {
            events: 0,
            extents: Extents {
                threads: vec![Extent::default(); threads].into(),
                states: vec![Extent::default(); threads].into(),
                locks: BTreeMap::new(),
                counters: vec![[Extent::default(); 2]; channels].into(),
            },
            passed: 0,
            budget,
            evidence,
            is_severe: catalog.callsites.iter().map(|it| is_severe(it.level)).collect(),
            waiting: vec![None; threads].into(),
            required: Heaviest::new(required),
            waits: Heaviest::new(waits),
            slowest: vec![Heaviest::new(of_channel); channels].into(),
            messages: Heaviest::new(messages),
            others: Heaviest::new(singles / OTHERS_DIVISOR),
            thread_ends: vec![None; threads].into(),
            channel_ends: vec![None; channels].into(),
        }
    }

    /// Takes the next item.
    pub(super) fn item(&mut self, item: &Item) {
        let position = self.passed;
        self.passed += 1;
        match item {
            Item::Slice(slice) => self.slice(position, slice),
            Item::Flight(flight) => self.flight(position, flight),
            Item::Hold(hold) => self.hold(position, hold),
            Item::Counter(counter) => self.counter(counter.channel, counter.count, counter.time),
            Item::State(state) => {
                self.events += 1;
                self.extents.states[state.thread].add(state.begin);
            }
            Item::Merged(_) | Item::MergedStates(_) => {}
        }
    }

    fn slice(&mut self, position: u64, slice: &Slice) {
        self.events += 1;
        let extent = &mut self.extents.threads[slice.thread];
        extent.add(slice.begin);
        extent.events += u64::from(slice.is_sent());
        extend(&mut self.thread_ends[slice.thread], position);
        if let (Some(channel), Some(_)) = (slice.channel(), slice.depth) {
            self.counter(channel, Count::QueueDepth, slice.begin);
        }
        let flow = match slice.flow {
            Some(Flow::In(flow)) => Some(flow),
            _ => None,
        };
        if let (Some(flow), Some(channel)) = (flow, slice.channel()) {
            extend(&mut self.channel_ends[channel], flow);
            let latency = slice.latency.unwrap_or_default();
            self.message(position, channel, latency, Subject::Message(flow));
        }
        if let Some(wait) = self.waiting[slice.thread].take() {
            let is_its_end = slice.waited.is_some() && slice.begin == wait.end.after();
            if is_its_end {
                let subject = Subject::Wait { wait: wait.position, flow };
                self.waits.offer(Candidate::new(wait.length(), position, subject));
            } else {
                self.lone_wait(wait);
            }
        }
        match self.priority(slice) {
            Some(priority) => self.require(position, priority),
            None => self.optional(position, slice),
        }
    }

    fn counter(&mut self, channel: ChannelIndex, count: Count, time: Nanos) {
        self.events += 1;
        self.extents.counters[channel][count as usize].add(time);
    }

    /// The priority of a slice that is kept first.
    fn priority(&self, slice: &Slice) -> Option<Priority> {
        match slice.kind {
            SliceKind::LeftOut => Some(Priority::Evidence),
            _ if self.evidence.contains(&(slice.thread, slice.begin)) => Some(Priority::Evidence),
            _ if slice.end.is_none() && slice.is_wait() => Some(Priority::Stuck),
            SliceKind::ThreadStarted
            | SliceKind::ThreadEnded { .. }
            | SliceKind::ChannelCreated
            | SliceKind::Paused
            | SliceKind::Resumed => Some(Priority::Life),
            kind if is_spawn_or_join(kind) && !slice.is_wait() => Some(Priority::Life),
            SliceKind::Panicked => Some(Priority::Panic),
            _ if slice.end.is_none() => Some(Priority::NeverEnded),
            SliceKind::Log => match slice.target {
                Some(Target::Callsite(callsite)) if self.is_severe[callsite] => Some(Priority::Log),
                _ => None,
            },
            _ => None,
        }
    }

    /// A slice that need not be kept.
    fn optional(&mut self, position: u64, slice: &Slice) {
        let Some(end) = slice.end else { return };
        let (begin, length) = (slice.begin, end.since(slice.begin));
        if slice.is_wait() {
            let wait = EndedWait { position, begin, end };
            if let SliceKind::Returning { .. } = slice.kind {
                self.lone_wait(wait);
            } else {
                self.waiting[slice.thread] = Some(wait);
            }
        } else if end > begin || slice.category() == Category::Log {
            self.other(position, length);
        }
    }

    fn hold(&mut self, position: u64, hold: &HeldLock) {
        let Some(lane) = hold.lane else { return };
        let extent = self.extents.locks.entry((hold.primitive, lane)).or_default();
        // In a Chrome trace an event names a lane.
        self.events += 1 + u64::from(extent.events == 0);
        extent.add(hold.begin);
        match hold.end {
            None => self.require(position, Priority::NeverEnded),
            Some(end) => self.other(position, end.since(hold.begin).max(hold.others_waited)),
        }
    }

    fn flight(&mut self, position: u64, flight: &Flight) {
        self.events += u64::from(flight.lane.is_some());
        if flight.fate != Fate::Received {
            let length = flight.end.since(flight.begin);
            self.message(position, flight.channel, length, Subject::LostMessage(flight.flow));
        }
    }

    fn require(&mut self, position: u64, priority: Priority) {
        self.required.offer(Candidate::new(priority as u64, position, Subject::Single));
    }

    /// A wait whose thread's next slice is not its end.
    fn lone_wait(&mut self, wait: EndedWait) {
        self.waits.offer(Candidate::new(wait.length(), wait.position, Subject::Single));
    }

    fn other(&mut self, position: u64, weight: Nanos) {
        self.others.offer(Candidate::new(weight.get(), position, Subject::Single));
    }

    fn message(&mut self, position: u64, channel: ChannelIndex, time: Nanos, subject: Subject) {
        let candidate = Candidate::new(time.get(), position, subject);
        if let Some(other) = self.slowest[channel].offer(candidate) {
            self.messages.offer(other);
        }
    }

    /// After the last item: returns the extents of all rows, and what is kept.
    pub(super) fn finish(mut self) -> (Extents, Kept) {
        for thread in self.extents.threads.keys() {
            if let Some(wait) = self.waiting[thread].take() {
                self.lone_wait(wait);
            }
        }
        let mut kept = Kept::default();
        kept.take(&mut self.required.into_sorted(), u64::MAX);
        let rest = self.budget.saturating_sub(kept.cost);
        let ends = |ends: Ends| ends.into_iter().flat_map(|(first, last)| [first, last]);
        let slice = |position| Candidate::new(0, position, Subject::Single);
        let message = |flow| Candidate::new(0, 0, Subject::Message(flow));
        let thread_ends = self.thread_ends.into_iter().flat_map(ends).map(slice);
        let channel_ends = self.channel_ends.into_iter().flat_map(ends).map(message);
        kept.take(&mut thread_ends.chain(channel_ends), rest / OTHERS_DIVISOR);
        kept.take(&mut self.others.into_sorted(), rest / OTHERS_DIVISOR);
        let rest = self.budget.saturating_sub(kept.cost);
        let mut waits = self.waits.into_sorted();
        kept.take(&mut waits, rest / 2);
        // If there is no room for one message of each channel, then for the slowest of all.
        let mut slowest: Vec<_> =
            self.slowest.into_iter().flat_map(Heaviest::into_sorted).collect();
        slowest.sort_unstable_by(|a, b| b.cmp(a));
        let mut messages = slowest.into_iter().chain(self.messages.into_sorted());
        let rest = self.budget.saturating_sub(kept.cost);
        kept.take(&mut messages, rest);
        let rest = self.budget.saturating_sub(kept.cost);
        kept.take(&mut waits, rest);
        (self.extents, kept)
    }
}

fn is_spawn_or_join(kind: SliceKind) -> bool {
    matches!(kind.call(), Some(Call::Spawn | Call::Join))
}

/// Adds one at the end.
fn extend(ends: &mut Ends, next: u64) {
    let (first, _) = ends.unwrap_or((next, next));
    *ends = Some((first, next));
}
