//! The first pass over a recording: reads every record once and adds them to the catalog.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use format::packed::{Operation, Piece, Unpacker};
use format::{
    BlockHeader, EndCause, Event, OperationKind, PrimitiveKind, Record, UNBOUNDED, UNKNOWN_STATUS,
    default_label,
};
use typed_index_collections::TiVec;

use super::first_use::{FirstUse, FirstUses, Placed};
use super::flow_order::Uses;
use super::labels::{Labels, distinguish, primitive_type, program_name, readable, track};
use super::observation::{ObservationFacts, RecordedThreads};
use super::{
    Callsite, Catalog, Channel, ChannelIndex, Ended, Endpoint, FlowOrder, Frame, Frames, Level,
    Numbers, Pauses, PlaceIndex, Primitive, Process, ProcessIndex, RunEnd, Spawned, Thread,
    ThreadIndex, ThreadOutcome,
};
use crate::reading::alignment::{Alignment, align, refuse_duplicates};
use crate::reading::blocks::Block;
use crate::reading::clock::Clock;
use crate::reading::error::Result;
use crate::reading::id_map::IdMap;
use crate::reading::metadata::{
    BlockPlaces, EndpointFacts, EndpointOrigin, Metadata, Places, Side,
};
use crate::reading::source::Input;
use crate::reading::time::{Nanos, Ticks};
use crate::reading::{Damage, ResolveCallers};

/// Adds the records of blocks to the catalog.
#[derive(Debug, Default)]
pub(in crate::reading) struct CatalogBuilder {
    drafts: TiVec<ProcessIndex, Draft>,
    by_number: HashMap<u32, ProcessIndex>,
    pub(in crate::reading) places: Places,
    unpacker: Unpacker,
}

/// What the blocks of a process contain, as far as they have been read.
#[derive(Debug, Default)]
struct Draft {
    metadata: Metadata,
    threads: BTreeMap<u32, ThreadDraft>,
    /// Ticks of the first and of the last event.
    extent: Option<(Ticks, Ticks)>,
    /// With the time on the monotonic clock.
    ended: Option<Ended>,
    run_end: Option<RunEnd>,
    observations: ObservationFacts,
    first_uses: FirstUses,
    uses: Uses,
    /// Ticks of the events by which the recording paused, or went on, and whether it paused; with
    /// their threads.
    pauses: BTreeSet<(u32, u64, bool)>,
    frames: Frames,
    /// When the last event was that a flight recorder has discarded, if that is recorded.
    discarded_until: Option<Ticks>,
}

/// A thread, as far as its blocks have been read.
#[derive(Debug, Default)]
struct ThreadDraft {
    /// Of its first event.
    ticks: Option<Ticks>,
    /// Events dropped while its earlier blocks were written, and while its latest one was.
    dropped: (u64, u64),
    /// The sequence number of its latest block, whether it was packed, and how many bytes of it were
    /// stored.
    latest: Option<(u64, bool, usize)>,
}

impl Draft {
    /// Adds a function that a caller is in, if the event describes one.
    fn add_frame(&mut self, event: &Event<'_>) {
        if let Event::CallerResolved { caller, line, file, function } = *event {
            let (file, function) = (file.to_owned(), function.to_owned());
            self.frames.entry(caller).or_default().push(Frame { file, line, function });
        }
    }

    /// From when on a flight recorder has discarded no event, if it has discarded any: at the latest
    /// from the first event on that is left of each thread that has lost some.
    fn complete_from(&self, start: Ticks) -> Option<Ticks> {
        let threads = self.metadata.threads.iter();
        let forgotten = threads.filter(|(number, facts)| **number != 0 && facts.first_sequence > 0);
        let starts = forgotten.filter_map(|(number, _)| self.threads.get(number)?.ticks);
        self.discarded_until.or_else(|| starts.max_by_key(|ticks| ticks.since(start)))
    }
}

impl CatalogBuilder {
    /// Whether the block has not been read yet, or has grown since.
    pub(in crate::reading) fn is_new(&self, block: &Block) -> bool {
        let process = self.by_number.get(&block.process);
        let thread = process.and_then(|&it| self.drafts[it].threads.get(&block.header.thread));
        let latest = thread.and_then(|thread| thread.latest);
        // A block is packed when it is complete. It is smaller then.
        let state = (block.header.sequence, block.header.packed, block.stored());
        latest.is_none_or(|latest| latest < state)
    }

    /// The thread that wrote a block, if it is in the catalog.
    pub(in crate::reading) fn thread(
        &self,
        catalog: &Catalog,
        block: &Block,
    ) -> Option<ThreadIndex> {
        let process = *self.by_number.get(&block.process)?;
        catalog.thread_with_number(process, block.header.thread)
    }

    /// Reads a block, after the earlier ones of its thread. Reading one again that has grown does no
    /// harm. Returns how many bytes of its records can be read, if it is not packed, and its damage.
    pub(in crate::reading) fn read(
        &mut self,
        catalog: &mut Catalog,
        block: &Block,
        content: &[u8],
    ) -> (usize, Vec<Damage>) {
        let index = self.process(catalog, block);
        let (process, draft) = (&mut catalog.processes[index], &mut self.drafts[index]);
        let BlockHeader { thread: number, sequence, dropped, packed, .. } = block.header;
        let first = draft.metadata.threads.get(&number).map_or(0, |it| it.first_sequence);
        let thread = draft.threads.entry(number).or_default();
        let expected = match thread.latest {
            Some((latest, ..)) if latest == sequence => latest,
            Some((latest, ..)) => {
                thread.dropped = (thread.dropped.0.saturating_add(thread.dropped.1), 0);
                latest + 1
            }
            None => first,
        };
        thread.latest = Some((sequence, packed, block.stored()));
        thread.dropped.1 = dropped;
        let mut records = Records {
            places: &mut self.places,
            start: process.clock.start(),
            process,
            draft,
            thread: number,
            block: BlockPlaces::new(block.process),
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
        if records.draft.first_uses.is_looking() {
            records.find_first_uses(&content[..readable], packed.then_some(&self.unpacker));
        }
        let errors = [block.verify(content).err(), error.map(|error| error.at(block.offset))];
        let mut damage: Vec<_> = errors.into_iter().flatten().map(Damage::Unreadable).collect();
        if let Some(count @ 1..) = sequence.checked_sub(expected) {
            damage.push(Damage::MissingBlocks { of: self.owner(catalog, index, number), count });
        }
        (readable, damage)
    }

    /// `thread "main"`
    fn owner(&self, catalog: &Catalog, process: ProcessIndex, thread: u32) -> String {
        match self.drafts[process].metadata.threads.get(&thread).map(|facts| &*facts.name) {
            _ if thread == 0 => format!("process {:?}", catalog.processes[process].name),
            Some(name) if !name.is_empty() => format!("thread {name:?}"),
            _ => format!("thread {thread}"),
        }
    }

    fn process(&mut self, catalog: &mut Catalog, block: &Block) -> ProcessIndex {
        let number = block.process;
        *self.by_number.entry(number).or_insert_with(|| {
            self.drafts.push(Draft::default());
            catalog.processes.push_and_get_key(Process {
                number,
                recording: block.input,
                name: format!("process {number}"),
                ..Process::default()
            })
        })
    }

    /// Adds everything that has been read to the catalog. What is in it already keeps its index.
    /// `resolve` finds the callers whose places are not known. Returns how the clocks were put on one
    /// if there are several inputs.
    ///
    /// # Errors
    /// One run is in two of the recordings.
    pub(in crate::reading) fn extend(
        &mut self,
        catalog: &mut Catalog,
        inputs: &[Input],
        resolve: Option<&mut ResolveCallers<'_>>,
    ) -> Result<Option<Alignment>> {
        extend_processes(catalog);
        let alignment = match inputs {
            [] | [_] => None,
            _ => Some(self.align(catalog, inputs)?),
        };
        self.extend_times(catalog);
        let known = catalog.places.len();
        catalog.places.extend(self.places.list.iter().skip(known).cloned());
        self.find_calls(catalog);
        if let Some(resolve) = resolve {
            self.resolve_callers(catalog, resolve);
        }
        self.extend_threads(catalog);
        self.extend_observations(catalog);
        self.extend_channels(catalog);
        self.extend_endpoints(catalog);
        self.extend_uses(catalog);
        catalog.flow_order = FlowOrder::of(catalog);
        self.extend_primitives(catalog);
        self.extend_callsites_and_tasks(catalog);
        Ok(alignment)
    }

    fn find_calls(&self, catalog: &mut Catalog) {
        let frames = catalog.processes.iter().zip(&self.drafts);
        let frames = frames.map(|(process, draft)| (process.number, &draft.frames)).collect();
        catalog.find_calls(&frames);
    }

    /// Finds the callers whose places are not known yet. Each is looked for once.
    fn resolve_callers(&mut self, catalog: &mut Catalog, resolve: &mut ResolveCallers<'_>) {
        let mut has_any = false;
        for (process, draft) in catalog.processes.iter().zip(&mut self.drafts) {
            let callers = catalog.unresolved_callers(process.number);
            if callers.is_empty() {
                continue;
            }
            has_any = true;
            let records = resolve(process.number, &callers);
            for caller in callers {
                draft.frames.entry(caller).or_default();
            }
            let mut rest = &*records;
            while let Ok(record) = format::decode(rest) {
                rest = &rest[record.length..];
                draft.add_frame(&record.event);
            }
        }
        if has_any {
            self.find_calls(catalog);
        }
    }

    /// Puts the clocks of several recordings on one.
    fn align(&mut self, catalog: &mut Catalog, inputs: &[Input]) -> Result<Alignment> {
        let names: Vec<_> = inputs.iter().map(Input::name).collect();
        refuse_duplicates(&names, &catalog.processes)?;
        let mut starts: Vec<Option<Nanos>> = vec![None; inputs.len()];
        for (process, draft) in catalog.processes.iter().zip(&self.drafts) {
            let first = draft.extent.map(|(first, _)| process.clock.nanoseconds(first));
            let start = &mut starts[process.recording];
            *start = (*start).into_iter().chain(first).min();
        }
        let (shifts, alignment) = align(&names, &catalog.processes, &starts);
        for (process, draft) in catalog.processes.iter_mut().zip(&mut self.drafts) {
            let shift = shifts[process.recording];
            process.clock.shift(shift);
            if let Some(ended) = &mut draft.ended {
                ended.time += shift;
            }
            draft.observations.shift(shift);
        }
        Ok(alignment)
    }

    /// Sets the trace's start, and the times at which the processes and their recordings end.
    fn extend_times(&self, catalog: &mut Catalog) {
        let extents = catalog.processes.iter().zip(&self.drafts).filter_map(|(process, draft)| {
            let (first, _) = draft.extent?;
            Some(process.clock.nanoseconds(first))
        });
        catalog.origin = catalog.origin.or(extents.min());
        let origin = catalog.origin();
        let mut ends: HashMap<usize, Nanos> = HashMap::new();
        let mut run_ends: HashMap<usize, RunEnd> = HashMap::new();
        for (process, draft) in catalog.processes.iter_mut().zip(&self.drafts) {
            let end = ends.entry(process.recording).or_default();
            if let Some(run_end) = draft.run_end {
                run_ends.insert(process.recording, run_end);
            }
            if let Some((_, last)) = draft.extent {
                *end = process.clock.nanoseconds(last).since(origin).max(*end);
            }
            if let Some(ended) = draft.ended {
                let time = ended.time.min(Nanos::LATEST).since(origin);
                *end = time.max(*end);
                process.ended = Some(Ended { time, ..ended });
            }
        }
        let complete_from = catalog.processes.iter().zip(&self.drafts);
        let complete_from = complete_from.filter_map(|(process, draft)| {
            let clock = &process.clock;
            draft.complete_from(clock.start()).map(|ticks| clock.nanoseconds(ticks))
        });
        let complete_from = complete_from.max().unwrap_or_default().since(origin);
        catalog.end = ends.values().copied().max().unwrap_or_default();
        let complete_from = complete_from.min(catalog.end);
        catalog.complete_from = complete_from;
        for (process, draft) in catalog.processes.iter_mut().zip(&self.drafts) {
            process.recorded_until = ends[&process.recording];
            process.run_end = run_ends.get(&process.recording).copied();
            let time = |ticks| process.clock.nanoseconds(Ticks(ticks)).since(origin);
            let pauses = draft.pauses.iter().map(|&(_, ticks, paused)| (time(ticks), paused));
            let mut pauses: Vec<_> = pauses.collect();
            pauses.sort_unstable();
            let end = process.ended.map_or(process.recorded_until, |ended| ended.time);
            let complete_from = process.is_truncated.then_some(complete_from);
            process.pauses = Pauses::new(pauses, complete_from, end);
        }
    }

    /// The facts of all processes whose numbers are not among `known` yet, sorted by `key`, then by
    /// process and number.
    fn new_facts<'d, F, I: Copy, K: Ord>(
        &'d self,
        catalog: &Catalog,
        facts: impl Fn(&'d Draft) -> &'d BTreeMap<u32, F>,
        known: impl Fn(&Numbers) -> &IdMap<I>,
        key: impl Fn(ProcessIndex, &F) -> K,
    ) -> Vec<(ProcessIndex, u32, &'d F)> {
        let all = self.drafts.iter_enumerated().flat_map(|(process, draft)| {
            facts(draft).iter().map(move |(&number, facts)| (process, number, facts))
        });
        let is_new = |&(process, number, _): &(ProcessIndex, u32, _)| {
            known(&catalog.numbers[process]).get(number).is_none()
        };
        let mut new: Vec<_> = all.filter(is_new).collect();
        new.sort_by_cached_key(|&(process, _, facts)| key(process, facts));
        new
    }

    fn extend_threads(&self, catalog: &mut Catalog) {
        let time = |process, thread: &ThreadDraft| {
            thread.ticks.map_or(Nanos::LATEST, |ticks| catalog.time(process, ticks))
        };
        let mut new =
            self.new_facts(catalog, |draft| &draft.threads, |numbers| &numbers.threads, time);
        // Thread 0 describes the process.
        new.retain(|&(_, number, _)| number != 0);
        for (process, number, _) in new {
            let Metadata { threads, spawns, .. } = &self.drafts[process].metadata;
            let (os_id, name) =
                threads.get(&number).map_or((0, ""), |facts| (facts.os_id, &facts.name));
            let place = spawns.get(&number).and_then(|spawn| spawn.place);
            let default = format!("thread {number}");
            let thread = Placed::Thread(number);
            let name = readable(name);
            let (name, _) = self.label(catalog, process, thread, &name, &default, place);
            let index = catalog.threads.push_and_get_key(Thread {
                process,
                number,
                os_id,
                track: track(os_id, number, &mut catalog.labels[process].tracks),
                name,
                dropped: 0,
                spawned: None,
                outcome: None,
                samples: Vec::new(),
                blocked: Vec::new(),
                began_before: false,
            });
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
            let facts = metadata.threads.get(&thread.number);
            thread.began_before = facts.is_some_and(|facts| facts.first_sequence > 0);
            let returned = facts.and_then(|facts| facts.returned);
            thread.outcome = returned.map(|panicked| match panicked {
                true => ThreadOutcome::Panicked,
                false => ThreadOutcome::Returned,
            });
        }
    }

    fn extend_observations(&self, catalog: &mut Catalog) {
        let origin = catalog.origin();
        for (process, draft) in self.drafts.iter_enumerated() {
            let numbers = &catalog.numbers[process].threads;
            let threads = draft.threads.iter().filter_map(|(&number, thread)| {
                let index = numbers.get(number)?;
                Some((catalog.threads[index].os_id, catalog.time(process, thread.ticks?), index))
            });
            let threads = RecordedThreads::new(threads);
            catalog.processes[process].last_observation = draft.observations.last(origin, &threads);
            draft.observations.extend_threads(origin, &threads, &mut catalog.threads);
        }
    }

    /// A name that the program gave, or else a type and where the thing was made: `Job @ main.rs:14`.
    /// If that is inside the standard library, it is the place of its first use outside it, or else
    /// the thread that made it: `Job of main`. Returns the place as well.
    fn label(
        &self,
        catalog: &Catalog,
        process: ProcessIndex,
        it: Placed,
        name: &str,
        type_name: &str,
        made_at: Option<PlaceIndex>,
    ) -> (String, Option<PlaceIndex>) {
        let Draft { metadata, first_uses, .. } = &self.drafts[process];
        let first_use = first_uses.get(it);
        // A dependency is better than nothing, and the call that led there better than a later use.
        let in_dependency = made_at.filter(|&made_at| {
            let place = &catalog.places[made_at];
            place.called.is_some()
                || first_use.is_some_and(|first| first.place.is_none())
                    && place.dependency().is_some()
        });
        let place = in_dependency.or(first_use.map_or(made_at, |first| first.place));
        if !name.is_empty() {
            return (name.to_owned(), place);
        }
        let known = place.map(|place| catalog.places[place].label_place());
        let known = known.as_ref().map(|(file, line)| (&**file, *line));
        let mut label = default_label(type_name, known);
        if let Some(FirstUse { made_by, place: None }) = first_use
            && place.is_none()
            && let Some(thread) = metadata.thread_in_words(made_by)
        {
            label += &format!(" of {}", readable(&thread));
        }
        (label, place)
    }

    fn extend_channels(&self, catalog: &mut Catalog) {
        let new = self.new_facts(
            catalog,
            |draft| &draft.metadata.channels,
            |numbers| &numbers.channels,
            |process, facts| {
                (catalog.time(process, facts.time), process, facts.sender, facts.receiver)
            },
        );
        for (process, number, facts) in new {
            let (name, made) = (&facts.name, Placed::Channel(number));
            let (label, place) =
                self.label(catalog, process, made, name, &facts.message_type, facts.place);
            let channel = catalog.channels.next_key();
            let numbers = &mut catalog.numbers[process];
            numbers.channels.insert(number, channel);
            let [sender, _] = [(facts.sender, Side::Sender), (facts.receiver, Side::Receiver)].map(
                |(number, side)| {
                    let facts = &self.drafts[process].metadata.endpoints[&number];
                    let endpoint = endpoint(channel, side, false, facts);
                    let index = catalog.endpoints.push_and_get_key(endpoint);
                    numbers.endpoints.insert(number, index);
                    index
                },
            );
            catalog.channels.push(Channel {
                process,
                label: distinguish(&label, &mut catalog.labels[process].channels),
                message_type: facts.message_type.clone(),
                bound: (facts.bound != UNBOUNDED).then_some(facts.bound),
                place,
                sender,
                senders_before: 0,
                receivers_before: 0,
            });
        }
    }

    /// Adds the endpoints that are clones, names all endpoints, and counts those that were made before
    /// the recording.
    fn extend_endpoints(&self, catalog: &mut Catalog) {
        for channel in &mut catalog.channels {
            (channel.senders_before, channel.receivers_before) = (0, 0);
        }
        for (numbers, draft) in catalog.numbers.iter_mut().zip(&self.drafts) {
            let numbers = &mut numbers.endpoints;
            // A clone's number is larger than that of its original.
            for (&number, facts) in &draft.metadata.endpoints {
                let known = numbers.get(number).or_else(|| {
                    let EndpointOrigin::Clone(original) = facts.origin else { return None };
                    let channel = catalog.endpoints[numbers.get(original)?].channel;
                    let endpoint = endpoint(channel, facts.side, true, facts);
                    let index = catalog.endpoints.push_and_get_key(endpoint);
                    numbers.insert(number, index);
                    Some(index)
                });
                let Some(index) = known else { continue };
                let endpoint = &mut catalog.endpoints[index];
                endpoint.name = facts.name.as_deref().map(|name| readable(name).into_owned());
                if facts.made_before && !facts.dropped_before {
                    let channel = &mut catalog.channels[endpoint.channel];
                    match endpoint.side {
                        Side::Sender => channel.senders_before += 1,
                        Side::Receiver => channel.receivers_before += 1,
                    }
                }
            }
        }
    }

    fn extend_uses(&self, catalog: &mut Catalog) {
        for (process, draft) in self.drafts.iter_enumerated() {
            draft.uses.extend(process, catalog);
        }
    }

    fn extend_primitives(&self, catalog: &mut Catalog) {
        let mut new = self.new_facts(
            catalog,
            |draft| &draft.metadata.primitives,
            |numbers| &numbers.primitives,
            |process, facts| catalog.time(process, facts.time),
        );
        new.retain(|(.., facts)| facts.is_seen);
        for (process, number, facts) in new {
            let kind = PrimitiveKind::from_code(facts.kind);
            let name = facts.name.as_deref().unwrap_or_default();
            let kind_and_value = primitive_type(kind, &facts.value_type);
            let made = Placed::Primitive(number);
            let (label, place) =
                self.label(catalog, process, made, name, &kind_and_value, facts.place);
            let index = catalog.primitives.push_and_get_key(Primitive {
                process,
                kind,
                label: distinguish(&label, &mut catalog.labels[process].primitives),
                value_type: facts.value_type.clone(),
                place,
                size: facts.size,
            });
            catalog.numbers[process].primitives.insert(number, index);
        }
    }

    fn extend_callsites_and_tasks(&self, catalog: &mut Catalog) {
        for (process, draft) in self.drafts.iter_enumerated() {
            let numbers = &mut catalog.numbers[process];
            for (&number, facts) in &draft.metadata.callsites {
                if numbers.callsites.get(number).is_some() {
                    continue;
                }
                let index = catalog.callsites.push_and_get_key(Callsite {
                    process,
                    level: Level::from_code(facts.level),
                    place: facts.place,
                    target: readable(&facts.target).into_owned(),
                    name: readable(&facts.name).into_owned(),
                });
                numbers.callsites.insert(number, index);
            }
            let named = draft.metadata.tasks.iter().filter(|(_, task)| !task.name.is_empty());
            let names = named.map(|(&task, facts)| (task, readable(&facts.name).into_owned()));
            numbers.task_names.extend(names);
        }
    }
}

fn extend_processes(catalog: &mut Catalog) {
    let known = catalog.numbers.len();
    let tracks = catalog.processes.iter().take(known).map(|process| process.track);
    let mut tracks: HashSet<u64> = tracks.collect();
    for process in catalog.processes.iter_mut().skip(known) {
        process.track = track(process.pid.into(), process.number, &mut tracks);
        catalog.numbers.push(Numbers::default());
        catalog.labels.push(Labels::default());
    }
    for process in &mut catalog.processes {
        process.clock.settle();
    }
}

impl Catalog {
    /// When something happened, since the trace's start.
    fn time(&self, process: ProcessIndex, ticks: Ticks) -> Nanos {
        self.processes[process].clock.nanoseconds(ticks).since(self.origin())
    }
}

fn endpoint(channel: ChannelIndex, side: Side, is_clone: bool, facts: &EndpointFacts) -> Endpoint {
    let EndpointFacts { made_before, dropped_before, .. } = *facts;
    Endpoint { channel, side, is_clone, name: None, made_before, dropped_before }
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
    process: &'a mut Process,
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
                let [first, second] = [0, 1].map(|at| u64::from_le_bytes(words.as_chunks().0[at]));
                let code = first as u8;
                if !ONLY_TIME_MATTERS[usize::from(code)] {
                    break;
                }
                self.operation(Ticks(first >> 8));
                self.draft.uses.add(self.thread, code, second as u32);
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
        let mut has_spawns = false;
        for shape in 0..unpacker.shapes() {
            let (code, endpoint, _) = unpacker.shape(shape as u16);
            has_spawns |= code == OperationKind::Spawn as u8;
            self.draft.uses.add(self.thread, code, endpoint);
        }
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

    /// Looks in the operations of the block for the first uses of what was made inside the standard
    /// library.
    fn find_first_uses(&mut self, readable: &[u8], packed: Option<&Unpacker>) {
        let first_uses = &mut self.draft.first_uses;
        match packed {
            Some(unpacker) => first_uses.packed(self.thread, unpacker, &self.block, self.places),
            None => first_uses.raw(self.thread, readable, &self.block, self.places),
        }
    }

    fn record(&mut self, record: &Record<'_>) {
        self.end_run();
        let process = &mut *self.process;
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
                let file = program_name(executable);
                if !file.is_empty() {
                    process.name = readable(file).into_owned();
                }
                process.command = readable(arguments).into_owned();
                process.clock = Clock::new(Ticks(ticks), Nanos::new(monotonic_ns));
                self.start = Ticks(ticks);
                return self.extend(Ticks(record.time), Ticks(record.time));
            }
            Event::ProcessEnded { monotonic_ns, code, signal } => {
                let time = Nanos::new(monotonic_ns);
                let is_status_known = signal != UNKNOWN_STATUS;
                let signal = if is_status_known { signal } else { 0 };
                self.draft.ended = Some(Ended { time, code, signal, is_status_known });
            }
            Event::RunEnded { code, signal, cause, .. } => {
                let cause = EndCause::from_code(cause);
                self.draft.run_end = Some(RunEnd { code, signal, cause });
            }
            Event::Clock { monotonic_ns } => {
                process.clock.add(Ticks(record.time), Nanos::new(monotonic_ns));
            }
            Event::ThreadsCounted { .. } | Event::ThreadObserved { .. } => {
                self.draft.observations.add(&record.event);
            }
            Event::CallerResolved { .. } => self.draft.add_frame(&record.event),
            Event::Host { name } => process.host = readable(name).into_owned(),
            Event::Forgotten { .. } => {
                // The recording shows what follows the discarded blocks.
                self.draft.extent = None;
                process.is_truncated = true;
                if record.time > 0 {
                    self.draft.discarded_until = Some(Ticks(record.time));
                }
            }
            Event::Paused {} | Event::Resumed {} => {
                let paused = matches!(record.event, Event::Paused {});
                self.draft.pauses.insert((self.thread, record.time, paused));
            }
            _ => {}
        }
        let Draft { metadata, first_uses, .. } = &mut *self.draft;
        metadata.apply(self.thread, record, self.places, &mut self.block);
        first_uses.record(self.thread, &record.event, &self.block, self.places);
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
