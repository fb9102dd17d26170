//! Collects the facts that the records of a process contain about its threads, channels, endpoints,
//! synchronization primitives and callsites.
//!
//! The reader makes the [catalog](super::catalog) of them. The flight recorder collects them from
//! the blocks that it evicts, and writes them to its recordings as records of thread 0.

use std::collections::{BTreeMap, HashMap};

use format::{Event, OperationKind, Record};
use typed_index_collections::TiVec;

use super::catalog::{Callers, Place, PlaceIndex};
use super::id_map::IdMap;
use super::time::Ticks;

/// The metadata of one process, by the numbers that the process gives out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) threads: BTreeMap<u32, ThreadFacts>,
    /// By the number of the new thread.
    pub(crate) spawns: BTreeMap<u32, SpawnFacts>,
    pub(crate) channels: BTreeMap<u32, ChannelFacts>,
    pub(crate) endpoints: BTreeMap<u32, EndpointFacts>,
    pub(crate) primitives: BTreeMap<u32, PrimitiveFacts>,
    pub(crate) callsites: BTreeMap<u32, CallsiteFacts>,
    pub(crate) tasks: BTreeMap<u32, TaskFacts>,
    /// The thread of the latest `Forgotten` event.
    forgotten: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ThreadFacts {
    pub(crate) os_id: u64,
    pub(crate) name: String,
    /// The sequence number of its first block that a flight recorder has not evicted.
    pub(crate) first_sequence: u64,
    /// Whether it panicked, if its function is over.
    pub(crate) returned: Option<bool>,
    /// Whether it has ended: no record of it follows.
    pub(crate) ended: bool,
    /// The tasks that it runs, the innermost last.
    pub(crate) running_tasks: Vec<u32>,
}

impl ThreadFacts {
    fn suspend(&mut self, task: u32) {
        self.running_tasks.retain(|running| *running != task);
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct SpawnFacts {
    /// The number of the thread that spawned it; 0 if a flight recorder has evicted the record.
    pub(crate) by: u32,
    pub(crate) place: Option<PlaceIndex>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TaskFacts {
    /// The number of the task that spawned it, or 0.
    pub(crate) by: u32,
    pub(crate) place: Option<PlaceIndex>,
    pub(crate) name: String,
    pub(crate) has_ended: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct ChannelFacts {
    pub(crate) time: Ticks,
    pub(crate) sender: u32,
    pub(crate) receiver: u32,
    pub(crate) place: Option<PlaceIndex>,
    pub(crate) bound: u64,
    pub(crate) message_type: String,
    pub(crate) name: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct EndpointFacts {
    pub(crate) time: Ticks,
    pub(crate) origin: EndpointOrigin,
    pub(crate) side: Side,
    pub(crate) name: Option<String>,
    /// Whether the record that makes it was in an evicted block.
    pub(crate) made_before: bool,
    /// Whether a record drops it.
    pub(crate) dropped: bool,
    /// Whether that record was in an evicted block.
    pub(crate) dropped_before: bool,
}

/// Where an endpoint comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EndpointOrigin {
    /// No event makes it.
    #[default]
    Unknown,
    /// A constructor made it, with the channel of this number.
    Channel(u32),
    /// It is a clone of the endpoint with this number.
    Clone(u32),
}

/// A side of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The side that sends.
    #[default]
    Sender,
    /// The side that receives.
    Receiver,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PrimitiveFacts {
    pub(crate) time: Ticks,
    pub(crate) kind: u32,
    pub(crate) place: Option<PlaceIndex>,
    pub(crate) size: u64,
    pub(crate) value_type: String,
    pub(crate) name: Option<String>,
    /// Whether its first use is recorded, and not only its name.
    pub(crate) is_seen: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct CallsiteFacts {
    pub(crate) level: u32,
    pub(crate) place: Option<PlaceIndex>,
    pub(crate) target: String,
    pub(crate) name: String,
}

/// The places in the source, each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) list: TiVec<PlaceIndex, Place>,
    indices: HashMap<Place, PlaceIndex>,
}

impl Places {
    pub(crate) fn intern(&mut self, place: Place) -> PlaceIndex {
        let list = &mut self.list;
        *self.indices.entry(place).or_insert_with_key(|place| list.push_and_get_key(place.clone()))
    }

    pub(crate) fn find(&self, place: &Place) -> Option<PlaceIndex> {
        self.indices.get(place).copied()
    }
}

/// The places of a block, by the numbers that it gives them.
#[derive(Debug)]
pub(crate) struct BlockPlaces {
    /// The number of its process.
    process: u32,
    places: IdMap<PlaceIndex>,
    /// Those of the next place.
    callers: Option<Callers>,
}

impl BlockPlaces {
    pub(crate) fn new(process: u32) -> Self {
        BlockPlaces { process, places: IdMap::default(), callers: None }
    }

    #[inline]
    pub(crate) fn get(&self, site: u32) -> Option<PlaceIndex> {
        self.places.get(site)
    }

    /// Takes in a record. If it defines a place, returns its number and the place.
    pub(crate) fn place(&mut self, event: &Event<'_>) -> Option<(u32, Place)> {
        match *event {
            Event::Callers { callers } => {
                let length = callers.iter().rposition(|caller| *caller != 0);
                let addresses = callers[..length.map_or(0, |last| last + 1)].into();
                self.callers = Some(Callers { process: self.process, addresses });
                None
            }
            Event::Site { site, line, column, file } => {
                let callers = self.callers.take();
                Some((site, Place { callers, ..Place::new(file, line, column) }))
            }
            _ => None,
        }
    }

    pub(crate) fn insert(&mut self, site: u32, place: PlaceIndex) {
        self.places.insert(site, place);
    }

    pub(crate) fn clear(&mut self) {
        self.places.clear();
        self.callers = None;
    }
}

impl Metadata {
    /// Adds the facts in a record of the thread with this number. Operations other than `Spawn`
    /// contain none.
    pub(crate) fn apply(
        &mut self,
        thread: u32,
        record: &Record<'_>,
        places: &mut Places,
        block: &mut BlockPlaces,
    ) {
        let time = Ticks(record.time);
        if let Some((site, place)) = block.place(&record.event) {
            block.insert(site, places.intern(place));
        }
        match record.event {
            // Later references to the place find it.
            Event::Panicked { line, column, file, .. } => {
                places.intern(Place::new(file, line, column));
            }
            Event::PrimitiveSeen { primitive, kind, site, size, value_type } => {
                let facts = self.primitives.entry(primitive).or_default();
                (facts.time, facts.kind, facts.size) = (time, kind, size);
                facts.place = block.get(site);
                facts.value_type = value_type.to_owned();
                facts.is_seen = true;
            }
            Event::PrimitiveNamed { primitive, name } => {
                self.primitives.entry(primitive).or_default().name = Some(name.to_owned());
            }
            Event::Callsite { callsite, level, site, target, name } => {
                let facts = CallsiteFacts {
                    level,
                    place: block.get(site),
                    target: target.to_owned(),
                    name: name.to_owned(),
                };
                self.callsites.insert(callsite, facts);
            }
            _ => self.apply_to_threads(thread, record, block),
        }
    }

    fn apply_to_threads(&mut self, thread: u32, record: &Record<'_>, block: &BlockPlaces) {
        match record.event {
            Event::ThreadStarted { os_id, name } => {
                let facts = self.threads.entry(thread).or_default();
                (facts.os_id, facts.name) = (os_id, name.to_owned());
            }
            Event::ThreadEnded {} => self.threads.entry(thread).or_default().ended = true,
            Event::Forgotten { thread, os_id, sequence, name } => {
                self.forgotten = thread;
                let facts = self.threads.entry(thread).or_default();
                (facts.os_id, facts.first_sequence) = (os_id, sequence);
                facts.name = name.to_owned();
            }
            Event::Returned { panicked } => self.described(thread).returned = Some(panicked != 0),
            Event::Operation { kind: OperationKind::Spawn, endpoint, site, .. } => {
                let spawn = SpawnFacts { by: thread, place: block.get(site) };
                self.spawns.insert(endpoint, spawn);
            }
            Event::TaskSpawned { task, by, site, name } => {
                let facts = self.tasks.entry(task).or_default();
                (facts.by, facts.place, facts.name) = (by, block.get(site), name.to_owned());
            }
            Event::TaskResumed { task } => self.described(thread).running_tasks.push(task),
            Event::TaskSuspended { task } => self.described(thread).suspend(task),
            Event::TaskEnded { task } => {
                self.described(thread).suspend(task);
                self.tasks.entry(task).or_default().has_ended = true;
            }
            _ => self.apply_to_channels(thread, record, block),
        }
    }

    fn apply_to_channels(&mut self, thread: u32, record: &Record<'_>, block: &BlockPlaces) {
        let time = Ticks(record.time);
        // Thread 0 repeats the facts of evicted blocks.
        let before = thread == 0;
        let mut make_endpoint = |number, origin, side| {
            let facts = self.endpoints.entry(number).or_default();
            (facts.time, facts.origin, facts.side) = (time, origin, side);
            facts.made_before = before;
        };
        match record.event {
            Event::ChannelCreated {
                channel,
                sender,
                receiver,
                site,
                bound,
                message_type,
                name,
            } => {
                let facts = ChannelFacts {
                    time,
                    sender,
                    receiver,
                    place: block.get(site),
                    bound,
                    message_type: message_type.to_owned(),
                    name: name.to_owned(),
                };
                self.channels.insert(channel, facts);
                let origin = EndpointOrigin::Channel(channel);
                make_endpoint(sender, origin, Side::Sender);
                make_endpoint(receiver, origin, Side::Receiver);
            }
            Event::SenderCloned { sender, from, .. } => {
                make_endpoint(sender, EndpointOrigin::Clone(from), Side::Sender);
            }
            Event::ReceiverCloned { receiver, from, .. } => {
                make_endpoint(receiver, EndpointOrigin::Clone(from), Side::Receiver);
            }
            Event::SenderDropped { endpoint } => self.drop_endpoint(endpoint, Side::Sender, before),
            Event::ReceiverDropped { endpoint } => {
                self.drop_endpoint(endpoint, Side::Receiver, before);
            }
            Event::EndpointNamed { endpoint, name } => {
                self.endpoints.entry(endpoint).or_default().name = Some(name.to_owned());
            }
            _ => {}
        }
    }

    /// The thread that a record of this thread describes: those of thread 0 describe the thread of
    /// the latest `Forgotten` event.
    fn described(&mut self, thread: u32) -> &mut ThreadFacts {
        let thread = if thread == 0 { self.forgotten } else { thread };
        self.threads.entry(thread).or_default()
    }

    fn drop_endpoint(&mut self, number: u32, side: Side, before: bool) {
        let new = || EndpointFacts { side, ..EndpointFacts::default() };
        let facts = self.endpoints.entry(number).or_insert_with(new);
        facts.dropped = true;
        facts.dropped_before |= before;
    }
}
