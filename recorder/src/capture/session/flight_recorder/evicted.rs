//! The facts in evicted blocks, as far as later blocks can refer to them.
//!
//! A run can last for days, so facts are discarded again: those about channels without endpoints,
//! and, above a maximum number of each, those about threads that have ended, about dropped
//! endpoints, and about primitives that have not been used for long.
//!
//! The blocks of one thread are evicted earlier than those of another. The record that ends a thread
//! or drops an endpoint can therefore be evicted before the record that spawns the thread or makes
//! the endpoint. This is why ended threads and dropped endpoints are kept for a while.
//!
//! Clocks are not kept: each block contains the time on both clocks.

use std::collections::{BTreeMap, HashMap, HashSet};

use format::packed::{Operation, Piece, Unpacker};
use format::{BlockHeader, Event, OperationKind, Record, Subject};

use super::facts_writer;
use crate::capture::session::recording_writer::RecordingWriter;
use crate::reading::Ticks;
use crate::reading::metadata::{BlockPlaces, EndpointFacts, EndpointOrigin, Metadata, Places};

/// Maximum number of ended threads that are kept after pruning, of ended tasks, and of endpoints
/// that are dropped or of which only the names are known. The two endpoints that a channel was made
/// with do not count.
const MAX_ENDED: usize = 1 << 12;
/// Maximum number of primitives that are kept after pruning. No record ends a primitive.
const MAX_PRIMITIVES: usize = 1 << 16;
/// Minimum number of facts at which pruning pays.
const MIN_PRUNED_FACTS: usize = 1 << 12;

/// The facts in the evicted blocks, by process.
#[derive(Clone, Debug, Default)]
pub(super) struct Evicted(BTreeMap<u32, EvictedFacts>);

impl Evicted {
    /// Whether a later block of the same thread was evicted.
    pub(super) fn has_later(&self, header: &BlockHeader) -> bool {
        let facts = self.0.get(&header.process);
        let thread = facts.and_then(|facts| facts.metadata.threads.get(&header.thread));
        thread.is_some_and(|thread| header.sequence < thread.first_sequence)
    }

    /// Adds the facts in a stored block. A damaged block contains none.
    pub(super) fn add_block(&mut self, block: &[u8]) {
        if let Some((header, content)) = block.split_first_chunk()
            && let Ok(Some(header)) = BlockHeader::decode(header)
            && let Some(content) = content.get(..header.committed as usize)
        {
            self.add(&header, content);
        }
    }

    /// Adds the facts in a block with this content.
    pub(super) fn add(&mut self, header: &BlockHeader, content: &[u8]) {
        self.0.entry(header.process).or_default().add(header, content);
    }

    /// The number of facts that need memory.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.values().map(EvictedFacts::len).sum()
    }

    /// Writes the facts as blocks of the processes' thread 0. `kept` are the processes and threads
    /// that have later blocks.
    pub(super) fn write(mut self, kept: &HashSet<(u32, u32)>, writer: &mut RecordingWriter) {
        for (&process, facts) in &mut self.0 {
            facts.prune();
            facts.discard_threads(|thread| !kept.contains(&(process, thread)));
            facts_writer::write(process, facts.until, &facts.metadata, &facts.places, writer);
        }
    }
}

/// The facts in the evicted blocks of a process.
#[derive(Clone, Debug, Default)]
struct EvictedFacts {
    metadata: Metadata,
    places: Places,
    /// The number of evicted blocks.
    blocks: u64,
    /// When the last of their records was.
    until: Option<Ticks>,
    /// By primitive: the number of evicted blocks when it was last used.
    last_uses: HashMap<u32, u64>,
    /// The number of facts at which they are pruned next.
    prune_at: usize,
}

impl EvictedFacts {
    /// A record at this time was evicted.
    fn pass_to(&mut self, time: u64) {
        let time = Ticks(time);
        // Facts about the process have no time.
        if time == Ticks::default() {
            return;
        }
        if self.until.is_none_or(|until| time.since(until) > 0) {
            self.until = Some(time);
        }
    }

    fn add(&mut self, header: &BlockHeader, content: &[u8]) {
        self.blocks += 1;
        let thread = self.metadata.threads.entry(header.thread).or_default();
        thread.first_sequence = thread.first_sequence.max(header.sequence.saturating_add(1));
        // A damaged record ends the block.
        if header.packed {
            let _ = self.add_packed(header.thread, content);
        } else {
            let mut places = BlockPlaces::new(0);
            let mut rest = content;
            while let Ok(record) = format::decode(rest) {
                rest = &rest[record.length..];
                self.apply(header.thread, &record, &mut places);
            }
        }
        if self.len() > self.prune_at.max(MIN_PRUNED_FACTS) {
            self.prune();
            self.prune_at = 2 * self.len();
        }
    }

    fn add_packed(&mut self, thread: u32, content: &[u8]) -> Result<(), format::Error> {
        let mut unpacker = Unpacker::default();
        unpacker.begin(content)?;
        let mut has_spawns = false;
        for shape in 0..unpacker.shapes() {
            let (code, subject, _) = unpacker.shape(shape as u16);
            let kind = OperationKind::from_code(code);
            has_spawns |= kind == Some(OperationKind::Spawn);
            if kind.is_some_and(|kind| kind.call().subject() == Subject::Primitive) {
                self.last_uses.insert(subject, self.blocks);
            }
        }
        let mut places = BlockPlaces::new(0);
        let mut room = [Operation::default(); 128];
        while let Some(piece) = unpacker.next(content, &mut room)? {
            let operations = match piece {
                Piece::Record(record, _) => {
                    self.apply(thread, &record, &mut places);
                    continue;
                }
                Piece::Operations(count) => &room[..count],
            };
            operations.last().into_iter().for_each(|last| self.pass_to(last.time));
            for &Operation { time, detail, shape } in operations.iter().filter(|_| has_spawns) {
                let (code, endpoint, site) = unpacker.shape(shape);
                if code == OperationKind::Spawn as u8 {
                    let kind = OperationKind::Spawn;
                    let event = Event::Operation { kind, endpoint, site, detail };
                    self.apply(thread, &Record { time, event, length: 24 }, &mut places);
                }
            }
        }
        Ok(())
    }

    fn apply(&mut self, thread: u32, record: &Record<'_>, places: &mut BlockPlaces) {
        self.pass_to(record.time);
        let primitive = match record.event {
            Event::Operation { kind, endpoint, .. } => {
                (kind.call().subject() == Subject::Primitive).then_some(endpoint)
            }
            Event::PrimitiveSeen { primitive, .. } | Event::PrimitiveNamed { primitive, .. } => {
                Some(primitive)
            }
            _ => None,
        };
        self.last_uses.extend(primitive.map(|primitive| (primitive, self.blocks)));
        self.metadata.apply(thread, record, &mut self.places, places);
    }

    /// The number of facts that need memory. Callsites and places are not among them: their number
    /// is limited by the program's source.
    fn len(&self) -> usize {
        let Metadata { threads, spawns, channels, endpoints, primitives, tasks, .. } =
            &self.metadata;
        let threads = threads.len() + spawns.len() + tasks.len();
        threads + channels.len() + endpoints.len() + primitives.len()
    }

    /// Discards the facts that later blocks do not refer to.
    fn prune(&mut self) {
        let old = oldest(&self.metadata.threads, |thread| thread.ended);
        self.discard_threads(|thread| old.binary_search(&thread).is_ok());
        for task in oldest(&self.metadata.tasks, |task| task.has_ended) {
            self.metadata.tasks.remove(&task);
        }
        self.prune_channels();
        self.prune_dead_endpoints();
        self.prune_primitives();
    }

    /// Discards ended threads for which `is_useless` returns true. A thread can have blocks after
    /// the one in which it ends: thread-local destructors that run late can record.
    fn discard_threads(&mut self, is_useless: impl Fn(u32) -> bool) {
        let Metadata { threads, spawns, .. } = &mut self.metadata;
        threads.retain(|&number, thread| {
            let discards = thread.ended && is_useless(number);
            if discards {
                spawns.remove(&number);
            }
            !discards
        });
    }

    /// Discards channels whose known endpoints are all dropped.
    fn prune_channels(&mut self) {
        let Metadata { channels, endpoints, .. } = &mut self.metadata;
        let mut channel_of: HashMap<u32, u32> = HashMap::new();
        let mut alive = HashSet::new();
        // The number of a clone is larger than that of its original.
        for (&number, facts) in &*endpoints {
            let channel = match facts.origin {
                EndpointOrigin::Unknown => None,
                EndpointOrigin::Channel(channel) => Some(channel),
                EndpointOrigin::Clone(original) => channel_of.get(&original).copied(),
            };
            channel_of.extend(channel.map(|channel| (number, channel)));
            alive.extend(channel.filter(|_| !facts.dropped));
        }
        channels.retain(|channel, _| alive.contains(channel));
        endpoints.retain(|number, _| {
            channel_of.get(number).is_none_or(|channel| alive.contains(channel))
        });
    }

    fn prune_dead_endpoints(&mut self) {
        let endpoints = &mut self.metadata.endpoints;
        let is_dead = |facts: &EndpointFacts| match facts.origin {
            EndpointOrigin::Unknown => true,
            EndpointOrigin::Channel(_) => false,
            EndpointOrigin::Clone(_) => facts.dropped,
        };
        // By discarded clone.
        let mut originals: HashMap<u32, u32> = HashMap::new();
        for number in oldest(endpoints, is_dead) {
            let facts = endpoints.remove(&number);
            if let Some(EndpointOrigin::Clone(original)) = facts.map(|facts| facts.origin) {
                let original = originals.get(&original).copied().unwrap_or(original);
                originals.insert(number, original);
            }
        }
        if originals.is_empty() {
            return;
        }
        for facts in endpoints.values_mut() {
            if let EndpointOrigin::Clone(original) = &mut facts.origin {
                *original = originals.get(original).copied().unwrap_or(*original);
            }
        }
    }

    fn prune_primitives(&mut self) {
        let (primitives, last_uses) = (&mut self.metadata.primitives, &mut self.last_uses);
        let mut by_last_use: Vec<u32> = primitives.keys().copied().collect();
        by_last_use.sort_by_key(|primitive| last_uses.get(primitive));
        by_last_use.truncate(by_last_use.len().saturating_sub(MAX_PRIMITIVES));
        for primitive in by_last_use {
            primitives.remove(&primitive);
        }
        last_uses.retain(|primitive, _| primitives.contains_key(primitive));
    }
}

/// The numbers of the facts that have ended, but for the newest [`MAX_ENDED`].
fn oldest<T>(facts: &BTreeMap<u32, T>, has_ended: impl Fn(&T) -> bool) -> Vec<u32> {
    let ended = facts.iter().filter(|(_, facts)| has_ended(facts));
    let mut numbers: Vec<u32> = ended.map(|(&number, _)| number).collect();
    numbers.truncate(numbers.len().saturating_sub(MAX_ENDED));
    numbers
}
