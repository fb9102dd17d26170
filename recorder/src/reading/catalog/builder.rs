//! The first pass over a recording: reads every record once and makes the catalog of it.

use std::collections::{BTreeMap, HashMap};

use format::packed::{Operation, Piece, Unpacker};
use format::{BlockHeader, Event, OperationKind, PrimitiveKind, Record, UNBOUNDED};
use typed_index_collections::TiVec;

use super::labels::{default_label, primitive_type, readable};
use super::{
    Callsite, Catalog, Channel, Ended, Endpoint, Level, Numbers, Place, PlaceIndex, Primitive,
    Process, ProcessIndex, Spawned, Thread, ThreadOutcome,
};
use crate::reading::alignment::{Alignment, Member, align, refuse_duplicates};
use crate::reading::blocks::Block;
use crate::reading::clock::Clock;
use crate::reading::error::Result;
use crate::reading::metadata::{
    BlockPlaces, ChannelFacts, EndpointOrigin, Metadata, Places, PrimitiveFacts, Side,
};
use crate::reading::source::Input;
use crate::reading::time::{Nanos, Ticks};

/// Collects what the blocks of a recording say.
#[derive(Debug, Default)]
pub(in crate::reading) struct CatalogBuilder {
    drafts: TiVec<ProcessIndex, Draft>,
    by_number: HashMap<u32, ProcessIndex>,
    pub(in crate::reading) places: Places,
    unpacker: Unpacker,
    /// The monotonic clock at the trace's start, once the first blocks have been read.
    origin: Option<Nanos>,
    /// How much later each recording's clock has been made.
    shifts: Vec<Nanos>,
}

/// A process, as far as its blocks have been read.
#[derive(Debug)]
struct Draft {
    process: Process,
    metadata: Metadata,
    threads: BTreeMap<u32, ThreadDraft>,
    /// Ticks of the first and of the last event.
    extent: Option<(Ticks, Ticks)>,
    /// The monotonic clock at its end, its exit code, and its signal.
    ended: Option<(Nanos, u32, u32)>,
}

/// A thread, as far as its blocks have been read.
#[derive(Debug, Default)]
struct ThreadDraft {
    /// Of its first event.
    ticks: Option<Ticks>,
    /// Events dropped while its earlier blocks were written, and while its latest one was.
    dropped: (u64, u64),
    /// The latest block, and how many bytes of it were stored.
    latest: Option<(u64, usize)>,
}

/// What the first pass found out about a block.
pub(in crate::reading) struct BlockReport {
    /// How many bytes of its records can be read, if it is not packed.
    pub(in crate::reading) readable: usize,
    /// That its checksum does not match.
    pub(in crate::reading) mismatch: Option<format::Error>,
    /// Why it cannot be read further, with an offset from its first record.
    pub(in crate::reading) error: Option<format::Error>,
    /// How many of its thread's blocks are missing before it, and whose they are.
    pub(in crate::reading) missing: Option<(u64, String)>,
}

impl CatalogBuilder {
    /// Whether the block has not been read yet, or has grown since.
    pub(in crate::reading) fn is_new(&self, block: &Block) -> bool {
        let known = self.by_number.get(&block.process);
        let thread =
            known.and_then(|&process| self.drafts[process].threads.get(&block.header.thread));
        let latest = thread.and_then(|thread| thread.latest);
        latest.is_none_or(|latest| latest < (block.header.sequence, block.stored()))
    }

    /// Reads a block. Reading one again that has grown does no harm.
    pub(in crate::reading) fn read(&mut self, block: &Block, content: &[u8]) -> BlockReport {
        let process = self.process(block);
        let BlockHeader { thread: number, sequence, dropped, packed, .. } = block.header;
        let draft = &mut self.drafts[process];
        let first = draft.metadata.threads.get(&number).map_or(0, |it| it.first_sequence);
        let thread = draft.threads.entry(number).or_default();
        let expected = match thread.latest {
            Some((latest, _)) if latest == sequence => latest,
            Some((latest, _)) => {
                thread.dropped = (thread.dropped.0.saturating_add(thread.dropped.1), 0);
                latest + 1
            }
            None => first,
        };
        thread.latest = Some((sequence, block.stored()));
        thread.dropped.1 = dropped;
        let mut records = Records {
            places: &mut self.places,
            start: draft.process.clock.start(),
            draft,
            thread: number,
            block: BlockPlaces::default(),
            run: Records::NO_RUN,
        };
        let (readable, error) = if packed {
            (0, records.packed(content, &mut self.unpacker).err())
        } else {
            let (readable, error) = records.raw(content);
            let end = content.len();
            let cut =
                (end < block.stored()).then_some(format::Error::Truncated { offset: end as u64 });
            (readable, error.or(cut))
        };
        records.end_run();
        let missing = sequence.checked_sub(expected).filter(|count| *count > 0);
        let missing = missing.map(|count| (count, self.owner(process, number)));
        BlockReport { readable, mismatch: block.verify(content).err(), error, missing }
    }

    /// `thread "main"`
    fn owner(&self, process: ProcessIndex, thread: u32) -> String {
        let Draft { process, metadata, .. } = &self.drafts[process];
        match metadata.threads.get(&thread).map(|facts| &*facts.name) {
            _ if thread == 0 => format!("process {:?}", process.name),
            Some(name) if !name.is_empty() => format!("thread {name:?}"),
            _ => format!("thread {thread}"),
        }
    }

    fn process(&mut self, block: &Block) -> ProcessIndex {
        let number = block.process;
        *self.by_number.entry(number).or_insert_with(|| {
            self.drafts.push_and_get_key(Draft {
                process: Process {
                    number,
                    recording: block.input,
                    pid: 0,
                    track: 0,
                    name: format!("process {number}"),
                    command: String::new(),
                    parent: 0,
                    host: String::new(),
                    wall_ns: 0,
                    clock: Clock::new(Ticks(0), Nanos::new(0)),
                    ended: None,
                    recorded_until: Nanos::ZERO,
                    is_truncated: false,
                },
                metadata: Metadata::default(),
                threads: BTreeMap::new(),
                extent: None,
                ended: None,
            })
        })
    }

    /// Adds all that has been read to the catalog. What is in it already keeps its index.
    ///
    /// # Errors
    /// One run is in two of the recordings.
    pub(in crate::reading) fn extend(
        &mut self,
        catalog: &mut Catalog,
        inputs: &[Input],
    ) -> Result<Option<Alignment>> {
        self.extend_processes(catalog);
        let alignment = match (inputs.len(), &self.origin) {
            (2.., None) => Some(self.align(catalog, inputs)?),
            _ => None,
        };
        self.extend_times(catalog);
        let new_places = self.places.list.iter().skip(catalog.places.len()).cloned();
        catalog.places.extend(new_places.collect::<Vec<_>>());
        self.extend_threads(catalog);
        self.extend_channels(catalog);
        self.extend_endpoints(catalog);
        self.extend_primitives(catalog);
        self.extend_callsites_and_tasks(catalog);
        Ok(alignment)
    }

    fn extend_processes(&mut self, catalog: &mut Catalog) {
        for (process, draft) in self.drafts.iter_mut_enumerated() {
            draft.process.clock.settle();
            if catalog.processes.len() == usize::from(process) {
                let Process { pid, number, .. } = draft.process;
                draft.process.track = catalog.labels.process_track(pid, number);
                catalog.processes.push(draft.process.clone());
                catalog.numbers.push(Numbers::default());
            } else {
                catalog.processes[process] = draft.process.clone();
            }
            if let Some(&shift) = self.shifts.get(draft.process.recording) {
                catalog.processes[process].clock.shift(shift);
            }
        }
    }

    /// Puts the clocks of several recordings on one.
    fn align(&mut self, catalog: &mut Catalog, inputs: &[Input]) -> Result<Alignment> {
        let members = inputs.iter().enumerate().map(|(index, input)| {
            let of_it = |process: &ProcessIndex| catalog.processes[*process].recording == index;
            let processes: Vec<_> = catalog.processes.keys().filter(of_it).collect();
            let first = |&process: &ProcessIndex| {
                let (first, _) = self.drafts[process].extent?;
                Some(catalog.processes[process].clock.nanoseconds(first))
            };
            let begin = processes.iter().filter_map(first).min();
            Member { name: input.name(), processes, begin }
        });
        let members: Vec<_> = members.collect();
        refuse_duplicates(&members, &catalog.processes)?;
        let (shifts, alignment) = align(&members, &catalog.processes);
        for process in &mut catalog.processes {
            process.clock.shift(shifts[process.recording]);
        }
        self.shifts = shifts;
        Ok(alignment)
    }

    /// The monotonic clock at the trace's start.
    pub(in crate::reading) fn origin(&self) -> Nanos {
        self.origin.unwrap_or_default()
    }

    fn extend_times(&mut self, catalog: &mut Catalog) {
        let extents = || {
            let extents = self.drafts.iter_enumerated();
            extents.filter_map(|(process, draft)| Some((process, draft.extent?)))
        };
        let clock = |process: ProcessIndex| &catalog.processes[process].clock;
        let first = extents().map(|(process, extent)| clock(process).nanoseconds(extent.0)).min();
        let origin = self.origin.or(first);
        let since_origin = |time: Nanos| time.since(origin.unwrap_or_default());
        let mut ends: HashMap<usize, Nanos> = HashMap::new();
        for (process, (_, last)) in extents() {
            let last = since_origin(clock(process).nanoseconds(last));
            let end = ends.entry(catalog.processes[process].recording).or_default();
            *end = last.max(*end);
        }
        for (process, draft) in self.drafts.iter_enumerated() {
            let Some((time, code, signal)) = draft.ended else { continue };
            let recording = catalog.processes[process].recording;
            let shift = self.shifts.get(recording).copied().unwrap_or_default();
            let time = since_origin((time + shift).min(Nanos::LATEST));
            let end = ends.entry(recording).or_default();
            *end = time.max(*end);
            catalog.processes[process].ended = Some(Ended { time, code, signal });
        }
        for process in &mut catalog.processes {
            process.recorded_until = ends.get(&process.recording).copied().unwrap_or_default();
        }
        self.origin = origin;
        catalog.end = ends.into_values().max().unwrap_or_default();
    }

    /// When something happened, since the trace's start.
    fn time(&self, catalog: &Catalog, process: ProcessIndex, ticks: Ticks) -> Nanos {
        catalog.processes[process].clock.nanoseconds(ticks).since(self.origin())
    }

    fn extend_threads(&self, catalog: &mut Catalog) {
        let all = self.drafts.iter_enumerated().flat_map(|(process, draft)| {
            let threads = draft.threads.iter().filter(|(number, _)| **number != 0);
            threads.map(move |(&number, thread)| (process, number, thread.ticks))
        });
        let is_new = |&(process, number, _): &(ProcessIndex, u32, _)| {
            catalog.numbers[process].threads.get(number).is_none()
        };
        let mut new: Vec<_> = all.filter(is_new).collect();
        new.sort_by_cached_key(|&(process, number, ticks)| {
            let time = ticks.map_or(Nanos::LATEST, |ticks| self.time(catalog, process, ticks));
            (time, process, number)
        });
        for (process, number, _) in new {
            let facts = self.drafts[process].metadata.threads.get(&number);
            let (os_id, name) = facts.map_or((0, ""), |facts| (facts.os_id, &facts.name));
            let track = catalog.labels.thread_track(process, os_id, number);
            let name = match readable(name) {
                name if name.is_empty() => {
                    let spawn = self.drafts[process].metadata.spawns.get(&number);
                    let place = spawn.and_then(|spawn| spawn.place);
                    default_label(&format!("thread {number}"), self.place(place))
                }
                name => name.into_owned(),
            };
            let thread = Thread {
                process,
                number,
                os_id,
                track,
                name,
                dropped: 0,
                spawned: None,
                outcome: None,
            };
            let index = catalog.threads.push_and_get_key(thread);
            catalog.numbers[process].threads.insert(number, index);
        }
        for (index, thread) in catalog.threads.iter_mut_enumerated() {
            let Draft { metadata, threads, .. } = &self.drafts[thread.process];
            let numbers = &catalog.numbers[thread.process].threads;
            if let Some(draft) = threads.get(&thread.number) {
                thread.dropped = draft.dropped.0.saturating_add(draft.dropped.1);
            }
            thread.spawned = metadata.spawns.get(&thread.number).map(|spawn| Spawned {
                // A thread does not spawn itself.
                by: numbers.get(spawn.by).filter(|&by| by != index),
                place: spawn.place,
            });
            let returned = metadata.threads.get(&thread.number).and_then(|facts| facts.returned);
            thread.outcome = returned.map(|panicked| match panicked {
                true => ThreadOutcome::Panicked,
                false => ThreadOutcome::Returned,
            });
        }
    }

    fn place(&self, place: Option<PlaceIndex>) -> Option<&Place> {
        place.map(|place| &self.places.list[usize::from(place)])
    }

    fn extend_channels(&self, catalog: &mut Catalog) {
        let all = self.drafts.iter_enumerated().flat_map(|(process, draft)| {
            draft.metadata.channels.iter().map(move |(&number, facts)| (process, number, facts))
        });
        let is_new = |&(process, number, _): &(ProcessIndex, u32, _)| {
            catalog.numbers[process].channels.get(number).is_none()
        };
        let mut new: Vec<(ProcessIndex, u32, &ChannelFacts)> = all.filter(is_new).collect();
        new.sort_by_cached_key(|&(process, _, facts)| {
            (self.time(catalog, process, facts.time), process, facts.sender, facts.receiver)
        });
        for (process, number, facts) in new {
            let label = match &*facts.name {
                "" => default_label(&facts.message_type, self.place(facts.place)),
                name => name.to_owned(),
            };
            let channel = catalog.channels.next_key();
            catalog.numbers[process].channels.insert(number, channel);
            let mut endpoint = |number, side| {
                let facts = &self.drafts[process].metadata.endpoints[&number];
                let index = catalog.endpoints.push_and_get_key(Endpoint {
                    channel,
                    side,
                    is_clone: false,
                    name: None,
                    made_before: facts.made_before,
                    dropped_before: facts.dropped_before,
                });
                catalog.numbers[process].endpoints.insert(number, index);
                index
            };
            let sender = endpoint(facts.sender, Side::Sender);
            endpoint(facts.receiver, Side::Receiver);
            catalog.channels.push(Channel {
                process,
                label: catalog.labels.channel(process, &label),
                message_type: facts.message_type.clone(),
                bound: (facts.bound != UNBOUNDED).then_some(facts.bound),
                place: facts.place,
                sender,
                senders_before: 0,
                receivers_before: 0,
            });
        }
    }

    fn extend_endpoints(&self, catalog: &mut Catalog) {
        // By channel: senders and receivers.
        let mut before: TiVec<_, [u64; 2]> = catalog.channels.iter().map(|_| [0; 2]).collect();
        for (process, draft) in self.drafts.iter_enumerated() {
            // A clone's number is larger than that of its original.
            for (&number, facts) in &draft.metadata.endpoints {
                let numbers = &mut catalog.numbers[process].endpoints;
                let known = numbers.get(number).or_else(|| {
                    let EndpointOrigin::Clone(original) = facts.origin else { return None };
                    let channel = catalog.endpoints[numbers.get(original)?].channel;
                    let index = catalog.endpoints.push_and_get_key(Endpoint {
                        channel,
                        side: facts.side,
                        is_clone: true,
                        name: None,
                        made_before: facts.made_before,
                        dropped_before: facts.dropped_before,
                    });
                    numbers.insert(number, index);
                    Some(index)
                });
                let Some(index) = known else { continue };
                let endpoint = &mut catalog.endpoints[index];
                endpoint.name = facts.name.as_deref().map(|name| readable(name).into_owned());
                if facts.made_before && !facts.dropped_before {
                    before[endpoint.channel][endpoint.side as usize] += 1;
                }
            }
        }
        for (channel, before) in catalog.channels.iter_mut().zip(before) {
            [channel.senders_before, channel.receivers_before] = before;
        }
    }

    fn extend_primitives(&self, catalog: &mut Catalog) {
        let all = self.drafts.iter_enumerated().flat_map(|(process, draft)| {
            draft.metadata.primitives.iter().map(move |(&number, facts)| (process, number, facts))
        });
        let is_new = |&(process, number, facts): &(ProcessIndex, u32, &PrimitiveFacts)| {
            facts.is_seen && catalog.numbers[process].primitives.get(number).is_none()
        };
        let mut new: Vec<(ProcessIndex, u32, &PrimitiveFacts)> = all.filter(is_new).collect();
        new.sort_by_cached_key(|&(process, number, facts)| {
            (self.time(catalog, process, facts.time), process, number)
        });
        for (process, number, facts) in new {
            let kind = PrimitiveKind::from_code(facts.kind);
            let label = match facts.name.as_deref() {
                None | Some("") => {
                    let type_name = primitive_type(kind, &facts.value_type);
                    default_label(&type_name, self.place(facts.place))
                }
                Some(name) => name.to_owned(),
            };
            let label = catalog.labels.primitive(process, &label);
            let index = catalog.primitives.push_and_get_key(Primitive {
                process,
                kind,
                label,
                value_type: facts.value_type.clone(),
                place: facts.place,
                size: facts.size,
            });
            catalog.numbers[process].primitives.insert(number, index);
        }
    }

    fn extend_callsites_and_tasks(&self, catalog: &mut Catalog) {
        for (process, draft) in self.drafts.iter_enumerated() {
            for (&number, facts) in &draft.metadata.callsites {
                if catalog.numbers[process].callsites.get(number).is_some() {
                    continue;
                }
                let index = catalog.callsites.push_and_get_key(Callsite {
                    process,
                    level: Level::from_code(facts.level),
                    place: facts.place,
                    target: readable(&facts.target).into_owned(),
                    name: readable(&facts.name).into_owned(),
                });
                catalog.numbers[process].callsites.insert(number, index);
            }
            let named = draft.metadata.tasks.iter().filter(|(_, task)| !task.name.is_empty());
            for (&task, facts) in named {
                let name = readable(&facts.name).into_owned();
                catalog.numbers[process].task_names.insert(task, name);
            }
        }
    }
}

/// By code: whether it is that of an operation of which only the time matters here.
const ONLY_TIME_MATTERS: [bool; 256] = {
    let mut table = [false; 256];
    let mut index = 0;
    while index < OperationKind::ALL.len() {
        table[OperationKind::ALL[index] as usize] = true;
        index += 1;
    }
    table[OperationKind::Spawn as usize] = false;
    table
};

/// The records of a block, while they are read.
struct Records<'a> {
    draft: &'a mut Draft,
    places: &'a mut Places,
    thread: u32,
    block: BlockPlaces,
    /// When the process began to record, as far as it is known.
    start: Ticks,
    /// Ticks since the process's start of the first and the last operation that are not in the
    /// draft's extent yet; the wrong way round if there are none.
    run: (i64, i64),
}

impl Records<'_> {
    const NO_RUN: (i64, i64) = (i64::MAX, i64::MIN);

    /// Reads unpacked records; returns how many bytes of them can be read, and why not more.
    fn raw(&mut self, bytes: &[u8]) -> (usize, Option<format::Error>) {
        let mut at = 0;
        while at < bytes.len() {
            for words in bytes[at..].as_chunks::<24>().0 {
                let first = u64::from_le_bytes(words.as_chunks().0[0]);
                if !ONLY_TIME_MATTERS[usize::from(first as u8)] {
                    break;
                }
                self.operation(Ticks(first >> 8));
                at += 24;
            }
            if at == bytes.len() {
                break;
            }
            match format::decode(&bytes[at..]) {
                Ok(record) => {
                    self.record(&record);
                    at += record.length;
                }
                Err(error) => return (at, Some(error.at(at as u64))),
            }
        }
        (at, None)
    }

    /// Reads the records of a packed block.
    fn packed(&mut self, content: &[u8], unpacker: &mut Unpacker) -> Result<(), format::Error> {
        unpacker.begin(content)?;
        // Few blocks have spawns, and to look for them takes time.
        let mut shapes = (0..unpacker.shapes()).map(|shape| unpacker.shape(shape as u16));
        let has_spawns = shapes.any(|(code, ..)| code == OperationKind::Spawn as u8);
        let mut room = [Operation::default(); 128];
        while let Some(piece) = unpacker.next(content, &mut room)? {
            let count = match piece {
                Piece::Operations(count) => count,
                Piece::Record(record, _) => {
                    self.record(&record);
                    continue;
                }
            };
            for &Operation { time, detail, shape } in &room[..count] {
                self.operation(Ticks(time));
                if !has_spawns {
                    continue;
                }
                let (code, endpoint, site) = unpacker.shape(shape);
                if code == OperationKind::Spawn as u8 {
                    let kind = OperationKind::Spawn;
                    let event = Event::Operation { kind, endpoint, site, detail };
                    self.record(&Record { time, event, length: 24 });
                }
            }
        }
        Ok(())
    }

    /// Takes in an operation, which says nothing about anything else.
    #[inline]
    fn operation(&mut self, ticks: Ticks) {
        let ticks = ticks.since(self.start);
        self.run = (self.run.0.min(ticks), self.run.1.max(ticks));
    }

    fn record(&mut self, record: &Record<'_>) {
        self.end_run();
        let Draft { process, metadata, extent, ended, .. } = &mut *self.draft;
        match record.event {
            Event::ProcessStarted {
                pid,
                parent,
                ticks,
                monotonic_ns,
                wall_ns,
                executable,
                arguments,
            } => {
                (process.pid, process.parent, process.wall_ns) = (pid, parent, wall_ns);
                let file = executable.rsplit('/').next().unwrap_or_default();
                if !file.is_empty() {
                    process.name = readable(file).into_owned();
                }
                process.command = readable(arguments).into_owned();
                process.clock = Clock::new(Ticks(ticks), Nanos::new(monotonic_ns));
                self.start = Ticks(ticks);
                return self.extend(Ticks(record.time), Ticks(record.time));
            }
            Event::ProcessEnded { monotonic_ns, code, signal } => {
                *ended = Some((Nanos::new(monotonic_ns), code, signal));
            }
            Event::Clock { monotonic_ns } => {
                process.clock.add(Ticks(record.time), Nanos::new(monotonic_ns));
            }
            Event::Host { name } => process.host = readable(name).into_owned(),
            Event::Forgotten { .. } => {
                // The recording shows what follows the discarded blocks.
                *extent = None;
                process.is_truncated = true;
            }
            _ => {}
        }
        metadata.apply(self.thread, record, self.places, &mut self.block);
        // Thread 0 describes the process: its records are no events of the run.
        if self.thread != 0 {
            self.extend(Ticks(record.time), Ticks(record.time));
        }
    }

    /// Adds the operations since the last record to the extent.
    fn end_run(&mut self) {
        if self.run != Self::NO_RUN && self.thread != 0 {
            let (first, last) = self.run;
            self.extend(Ticks::after(self.start, first), Ticks::after(self.start, last));
        }
        self.run = Self::NO_RUN;
    }

    fn extend(&mut self, first: Ticks, last: Ticks) {
        // Ticks wrap around.
        let order = |ticks: &Ticks| ticks.since(self.start);
        if let Some(thread) = self.draft.threads.get_mut(&self.thread) {
            thread.ticks = thread.ticks.into_iter().chain([first]).min_by_key(order);
        }
        let known = self.draft.extent.unwrap_or((first, last));
        let first = [known.0, first].into_iter().min_by_key(order);
        self.draft.extent = first.zip([known.1, last].into_iter().max_by_key(order));
    }
}
