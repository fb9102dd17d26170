//! The smallest part of a run that contains given operations and can happen by itself.

use std::mem;

use typed_index_collections::TiVec;

use super::log::{Action, Entry, Log, Position};
use crate::reading::catalog::{ChannelIndex, PrimitiveIndex, ThreadIndex};

/// A part of a run that can happen by itself: the first entries of each thread.
///
/// A receive requires its send, the start of a thread its spawn, and so on. If two critical sections of
/// one lock are in it, the earlier one is over: they have the order of the run. Of the messages of a
/// channel that are sent in it, all but as many as the bound are received in it. It only grows.
///
/// In the order of the run, and without all else, each of its operations can be done. The receives in
/// it are the first ones of their channel, so each gets its message. A send may have a higher number in
/// the run, and the queue be full just before, because of others that are not in it. Let it be send *n*
/// of its channel here, and send *m* there: *m* − bound receives came before it. Either they are in it,
/// and *n* − 1 − (*m* − bound) messages are queued. Or all the receives in it came before, and fewer
/// messages are queued than in the end. So there is room.
#[derive(Clone)]
pub(super) struct Closure<'l, 'a> {
    log: &'l Log<'a>,
    /// The number of entries of each thread that are in it.
    counts: TiVec<ThreadIndex, u32>,
    locks: TiVec<PrimitiveIndex, Sections>,
    /// The number of messages sent and received.
    messages: TiVec<ChannelIndex, [u32; 2]>,
    /// Entries to add: all of a thread up to a number.
    wanted: Vec<Position>,
    /// Threads that wait, and how many entries they have.
    waiting: Vec<Position>,
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
            waiting: Vec::new(),
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

    /// Adds sends until this channel is full, while these threads wait. Returns false if none is found.
    pub(super) fn fill(&mut self, channel: ChannelIndex, waiting: &[Position]) -> bool {
        let Some(bound) = self.log.catalog.channels[channel].bound else { return false };
        while let room @ 1.. = bound.saturating_sub(self.queued(channel)) {
            // Of another thread as many sends as there is room for, or one.
            let mut ways: Vec<[Position; 2]> = Vec::new();
            for (&thread, sends) in &self.log.messages[channel].sends {
                let sent = sends.partition_point(|&index| index < self.counts[thread]);
                let next = &sends[sent..sends.len().min(sent + room as usize)];
                let waits = waiting.iter().any(|&(waiting, _)| waiting == thread);
                if let (false, Some(&first), Some(&last)) = (waits, next.first(), next.last()) {
                    ways.push([(thread, last), (thread, first)]);
                }
            }
            let number =
                |(thread, index): Position| self.log.entries[thread][index as usize].number;
            ways.sort_by_key(|&[_, first]| number(first));
            let size = self.counts.len() + self.locks.len() + self.messages.len();
            let filled = ways.into_iter().flatten().find_map(|(thread, index)| {
                self.log.spend(size).then_some(())?;
                let mut more = self.clone();
                more.waiting = waiting.to_vec();
                more.require(thread, index + 1);
                more.complete().then_some(more)
            });
            match filled {
                Some(filled) => *self = filled,
                None => return false,
            }
        }
        true
    }

    /// The threads that send on a channel in it, though in the run they did so after this entry.
    pub(super) fn overtaking(&self, channel: ChannelIndex, entry: Position) -> Vec<ThreadIndex> {
        let number = |(thread, index): Position| self.log.entries[thread][index as usize].number;
        let sends = self.log.messages[channel].sends.iter();
        let threads = sends.filter(|&(&thread, sends)| {
            let sent = sends.partition_point(|&index| index < self.counts[thread]);
            sent > 0 && number((thread, sends[sent - 1])) > number(entry)
        });
        threads.map(|(&thread, _)| thread).collect()
    }

    /// Adds what the entries in it require. Returns false if that never happened, not before a thread
    /// goes on that waits, or cannot be found in time.
    pub(super) fn complete(&mut self) -> bool {
        while let Some((thread, count)) = self.wanted.pop() {
            let from = self.counts[thread];
            if count <= from {
                continue;
            }
            if self.waiting.iter().any(|&(waiting, at)| waiting == thread && at < count) {
                return false;
            }
            self.counts[thread] = count;
            let log = self.log;
            if !log.spend((count - from) as usize) {
                return false;
            }
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
            Action::Send { channel } => {
                self.messages[channel][0] += 1;
                let bound = self.log.catalog.channels[channel].bound;
                let sent = u64::from(self.messages[channel][0]);
                // So many must have been received.
                if let Some(received @ 1..) = bound.and_then(|bound| sent.checked_sub(bound)) {
                    let last = self.log.messages[channel].received.get(received as usize - 1);
                    self.want(last.map(|last| last.receive));
                }
            }
            Action::Receive { channel, number } => {
                self.messages[channel][1] += 1;
                let received = &self.log.messages[channel].received;
                self.want(received.get(number as usize).map(|it| it.send));
                if let Some(before) = number.checked_sub(1) {
                    self.want(received.get(before as usize).map(|it| it.receive));
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
