//! The smallest part of a run that contains given operations and can happen by itself.

use std::mem;

use typed_index_collections::TiVec;

use super::log::{Action, Entry, Log, Position};
use crate::reading::catalog::{ChannelIndex, PrimitiveIndex, ThreadIndex};

/// A part of a run that can happen by itself: the first entries of each thread.
///
/// A receive requires its send, the start of a thread its spawn, and so on. If two critical sections of
/// one lock are in it, the earlier one is over: they have the order of the run. It only grows.
pub(super) struct Closure<'l, 'a> {
    log: &'l Log<'a>,
    /// The number of entries of each thread that are in it.
    counts: TiVec<ThreadIndex, u32>,
    locks: TiVec<PrimitiveIndex, Sections>,
    /// The number of messages sent and received.
    messages: TiVec<ChannelIndex, [u32; 2]>,
    /// Entries to add: all of a thread up to a number.
    wanted: Vec<Position>,
    /// Whether it requires something that never happened.
    is_impossible: bool,
}

/// The critical sections of a lock that are in it.
#[derive(Clone, Debug, Default)]
struct Sections {
    /// The last one of a thread that has the lock for itself, and its end.
    last: Option<Section>,
    /// Those of readers after it.
    readers: Vec<Section>,
    /// The number of the last one of a reader.
    last_reader: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Section {
    number: u32,
    thread: ThreadIndex,
    release: Option<u32>,
}

impl<'l, 'a> Closure<'l, 'a> {
    pub(super) fn new(log: &'l Log<'a>) -> Self {
        Closure {
            log,
            counts: log.entries.iter().map(|_| 0).collect(),
            locks: log.catalog.primitives.iter().map(|_| Sections::default()).collect(),
            messages: log.catalog.channels.iter().map(|_| [0; 2]).collect(),
            wanted: Vec::new(),
            is_impossible: false,
        }
    }

    /// Adds the first `count` entries of a thread, and its start.
    pub(super) fn require(&mut self, thread: ThreadIndex, count: u32) {
        self.wanted.push((thread, count.max(1)));
    }

    /// The number of entries of a thread that are in it.
    pub(super) fn count(&self, thread: ThreadIndex) -> u32 {
        self.counts[thread]
    }

    /// The number of messages of a channel that are sent and not received.
    pub(super) fn queued(&self, channel: ChannelIndex) -> u64 {
        let [sent, received] = self.messages[channel];
        u64::from(sent.saturating_sub(received))
    }

    /// How many steps each thread has done; [`u64::MAX`] if it has ended.
    pub(super) fn steps(&self) -> Vec<(ThreadIndex, u64)> {
        let counts = self.counts.iter_enumerated().filter(|(_, count)| **count > 0);
        let steps = counts.map(|(thread, &count)| {
            let entries = &self.log.entries[thread];
            let has_ended = count as usize == entries.len();
            (thread, if has_ended { u64::MAX } else { entries[count as usize - 1].steps.into() })
        });
        steps.collect()
    }

    /// Adds what the entries in it require. Returns false if that never happened.
    pub(super) fn complete(&mut self) -> bool {
        while let Some((thread, count)) = self.wanted.pop() {
            let from = self.counts[thread];
            if count <= from {
                continue;
            }
            self.counts[thread] = count;
            let log = self.log;
            let Some(entries) = log.entries[thread].get(from as usize..count as usize) else {
                return false;
            };
            for entry in entries {
                self.add(thread, *entry);
            }
            if self.is_impossible {
                return false;
            }
        }
        true
    }

    fn add(&mut self, thread: ThreadIndex, entry: Entry) {
        match entry.action {
            Action::Alone => {}
            Action::After { thread, count } => self.wanted.push((thread, count)),
            Action::AfterAll => {
                for other in self.log.entries.keys().filter(|&other| other != thread) {
                    let count = self.log.before(other, entry);
                    if count > self.counts[other] {
                        self.wanted.push((other, count));
                    }
                }
            }
            Action::Acquire { lock, is_shared, number, release } => {
                self.add_section(lock, is_shared, Section { number, thread, release });
            }
            Action::Send { channel, number } => {
                self.messages[channel][0] += 1;
                let bound = self.log.catalog.channels[channel].bound;
                // In a rendezvous, the receive with the same number; else one that has made room.
                let before = bound.and_then(|bound| u64::from(number).checked_sub(bound));
                if let Some(before @ 1..) = before {
                    let receive = self.log.messages[channel].receives.get(before as usize - 1);
                    self.want(receive.copied());
                }
            }
            Action::Receive { channel, number } => {
                self.messages[channel][1] += 1;
                let messages = &self.log.messages[channel];
                self.want(messages.sends.get(number as usize - 1).copied());
                if number > 1 {
                    self.want(messages.receives.get(number as usize - 2).copied());
                }
            }
        }
    }

    fn want(&mut self, position: Option<Position>) {
        match position {
            Some((thread, index)) => self.wanted.push((thread, index + 1)),
            None => self.is_impossible = true,
        }
    }

    fn add_section(&mut self, lock: PrimitiveIndex, is_shared: bool, new: Section) {
        let mut over = Vec::new();
        let sections = &mut self.locks[lock];
        let is_before_writer = sections.last.is_some_and(|last| new.number < last.number);
        if is_before_writer {
            over.push(new);
        } else if is_shared {
            over.extend(sections.last);
            sections.readers.push(new);
            sections.last_reader = sections.last_reader.max(Some(new.number));
        } else {
            over.extend(sections.last.replace(new));
            let (before, after) =
                mem::take(&mut sections.readers).into_iter().partition(|it| it.number < new.number);
            sections.readers = after;
            over.extend::<Vec<_>>(before);
            if sections.last_reader > Some(new.number) {
                over.push(new);
            }
        }
        for section in over {
            self.want(section.release.map(|release| (section.thread, release)));
        }
    }
}
