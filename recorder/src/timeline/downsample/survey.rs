//! The survey: how many events there are, and which slices, holds and messages are kept.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use format::Call;
use rustc_hash::FxHashSet;
use typed_index_collections::TiVec;

use super::candidates::{Candidate, Heaviest, Kept, Subject};
use super::layout::{Extent, Extents};
use crate::analysis::findings::Finding;
use crate::reading::Nanos;
use crate::reading::catalog::{CallsiteIndex, Catalog, ChannelIndex, Level, Target, ThreadIndex};
use crate::timeline::item::{
    Category, Counter, Fate, Flight, Flow, HeldLock, Item, Slice, SliceKind,
};

/// The first and the last of something.
type Ends = Option<(u64, u64)>;

/// Counts events, and collects candidates for being kept.
#[derive(Debug)]
pub(super) struct Survey {
    /// All events of the trace, except those of findings.
    pub(super) events: u64,
    extents: Extents,
    /// Maximum number of events that are kept, with those that they divide others into.
    budget: u64,
    /// Threads and times of the events that show findings.
    evidence: FxHashSet<(ThreadIndex, Nanos)>,
    /// The callsites that log errors and warnings.
    is_severe: TiVec<CallsiteIndex, bool>,
    /// The latest wait of each thread and its end, until the thread's next slice, which may be the
    /// end of the operation.
    waiting: TiVec<ThreadIndex, Option<(Candidate, Nanos)>>,
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

    /// Takes the next item, which has this position among all.
    pub(super) fn item(&mut self, position: u64, item: &Item) {
        match item {
            Item::Slice(slice) => self.slice(position, slice),
            Item::Flight(flight) => self.flight(position, flight),
            Item::Hold(hold) => self.hold(position, hold),
            Item::Counter(counter) => self.counter(counter),
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
        if let Some(counter) = slice.depth_counter() {
            self.counter(&counter);
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
        if let Some((wait, end)) = self.waiting[slice.thread].take() {
            self.waits.offer(match slice.waited.is_some() && slice.begin == end.after() {
                true => {
                    let subject = Subject::Wait { wait: wait.position.0, flow };
                    Candidate { position: Reverse(position), subject, ..wait }
                }
                false => wait,
            });
        }
        match self.priority(slice) {
            Some(priority) => self.require(position, priority),
            None => self.optional(position, slice),
        }
    }

    fn counter(&mut self, counter: &Counter) {
        self.events += 1;
        self.extents.counters[counter.channel][counter.count as usize].add(counter.time);
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
            kind if matches!(kind.call(), Some(Call::Spawn | Call::Join)) && !slice.is_wait() => {
                Some(Priority::Life)
            }
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
        let slice_itself = Candidate::single(end.since(slice.begin).get(), position);
        if matches!(slice.kind, SliceKind::Returning { .. }) && slice.is_wait() {
            self.waits.offer(slice_itself);
        } else if slice.is_wait() {
            self.waiting[slice.thread] = Some((slice_itself, end));
        } else if end > slice.begin || slice.category() == Category::Log {
            self.others.offer(slice_itself);
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
            Some(end) => {
                let length = end.since(hold.begin).max(hold.others_waited);
                self.others.offer(Candidate::single(length.get(), position));
            }
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
        self.required.offer(Candidate::single(priority as u64, position));
    }

    fn message(&mut self, position: u64, channel: ChannelIndex, time: Nanos, subject: Subject) {
        let candidate = Candidate::new(time.get(), position, subject);
        if let Some(other) = self.slowest[channel].offer(candidate) {
            self.messages.offer(other);
        }
    }

    /// After the last item: returns the extents of all rows, and what is kept.
    pub(super) fn finish(mut self) -> (Extents, Kept) {
        for (wait, _) in self.waiting.into_iter().flatten() {
            self.waits.offer(wait);
        }
        let mut kept = Kept::default();
        kept.take(&mut self.required.take_sorted(), u64::MAX);
        let rest = self.budget.saturating_sub(kept.cost);
        let ends = |ends: Ends| ends.into_iter().flat_map(|(first, last)| [first, last]);
        let slice = |position| Candidate::single(0, position);
        let message = |flow| Candidate::new(0, 0, Subject::Message(flow));
        let thread_ends = self.thread_ends.into_iter().flat_map(ends).map(slice);
        let channel_ends = self.channel_ends.into_iter().flat_map(ends).map(message);
        kept.take(&mut thread_ends.chain(channel_ends), rest / OTHERS_DIVISOR);
        kept.take(&mut self.others.take_sorted(), rest / OTHERS_DIVISOR);
        let rest = self.budget.saturating_sub(kept.cost);
        let mut waits = self.waits.take_sorted();
        kept.take(&mut waits, rest / 2);
        // If there is no room for one message of each channel, then for the slowest of all.
        let mut slowest: Vec<_> = self.slowest.iter_mut().flat_map(Heaviest::take_sorted).collect();
        slowest.sort_unstable_by(|a, b| b.cmp(a));
        let mut messages = slowest.into_iter().chain(self.messages.take_sorted());
        let rest = self.budget.saturating_sub(kept.cost);
        kept.take(&mut messages, rest);
        let rest = self.budget.saturating_sub(kept.cost);
        kept.take(&mut waits, rest);
        (self.extents, kept)
    }
}

/// Adds one at the end.
fn extend(ends: &mut Ends, next: u64) {
    let (first, _) = ends.unwrap_or((next, next));
    *ends = Some((first, next));
}
