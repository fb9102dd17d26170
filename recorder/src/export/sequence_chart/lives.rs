//! Threads that do nothing that a chart shows, but live: their spawn, start, end and join.
//!
//! Other threads have events enough. Of these the chart shows as many as it has room for, so that
//! the idle threads of a pool do not crowd out everything else.

use std::collections::{BTreeMap, BTreeSet};

use format::Call;

use super::builder::{Event, Role};
use crate::reading::catalog::{Target, ThreadIndex};
use crate::timeline::item::{Slice, SliceKind};

/// A chart with this number of lifelines has no further ones for threads without events.
const MAX_LIFELINES: usize = 8;

/// The threads without an event, so far.
#[derive(Debug, Default)]
pub(super) struct Lives {
    /// The threads that have an event.
    active: BTreeSet<ThreadIndex>,
    /// The threads that started.
    started: BTreeSet<ThreadIndex>,
    /// The spawn, start, end and join of some of them, in the order of time.
    events: BTreeMap<ThreadIndex, Vec<Event>>,
}

impl Lives {
    /// Adds a slice, if it is about the life of a thread.
    pub(super) fn add(&mut self, slice: &Slice) {
        /// Maximum number of threads whose events are kept.
        const MAX_THREADS: usize = 64;
        /// Maximum number of events of each.
        const MAX_EVENTS: usize = 4;
        let Some((thread, step)) = LifeStep::of(slice) else { return };
        if self.active.contains(&thread) {
            return;
        }
        if step == LifeStep::Start {
            self.started.insert(thread);
        }
        if self.events.len() >= MAX_THREADS && !self.events.contains_key(&thread) {
            return;
        }
        let events = self.events.entry(thread).or_default();
        if events.len() < MAX_EVENTS {
            events.push(Event { slice: slice.clone(), role: Role::Mark, by: None });
        }
    }

    /// Forgets a thread: it has an event.
    pub(super) fn forget(&mut self, thread: ThreadIndex) {
        if self.active.insert(thread) {
            self.started.remove(&thread);
            self.events.remove(&thread);
        }
    }

    /// Adds threads without an event to the threads of a chart with at most `max_threads` of them.
    /// Returns how many are left out.
    pub(super) fn choose(&self, threads: &mut BTreeSet<ThreadIndex>, max_threads: usize) -> usize {
        let others: Vec<_> = self.started.difference(threads).copied().collect();
        let room = max_threads.min(MAX_LIFELINES).saturating_sub(threads.len());
        threads.extend(others.iter().take(room));
        others.len().saturating_sub(room)
    }

    /// The events of the threads of a chart that have no others.
    pub(super) fn events(&self, threads: &BTreeSet<ThreadIndex>) -> Vec<Event> {
        let of_shown = self.events.iter().filter(|(thread, _)| threads.contains(thread));
        let events = of_shown.flat_map(|(_, events)| events);
        events.filter(|event| threads.contains(&event.slice.thread)).cloned().collect()
    }
}

/// A step of the life of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LifeStep {
    Spawn,
    Start,
    End,
    Join,
}

impl LifeStep {
    /// The thread whose life a slice is about, and the step.
    pub(super) fn of(slice: &Slice) -> Option<(ThreadIndex, LifeStep)> {
        match (slice.kind, slice.target) {
            (SliceKind::ThreadStarted, _) => Some((slice.thread, LifeStep::Start)),
            (SliceKind::ThreadEnded { .. }, _) => Some((slice.thread, LifeStep::End)),
            (SliceKind::Operation { call, .. }, Some(Target::Thread(thread))) => match call {
                Call::Spawn => Some((thread, LifeStep::Spawn)),
                Call::Join => Some((thread, LifeStep::Join)),
                _ => None,
            },
            _ => None,
        }
    }
}
