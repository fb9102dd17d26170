//! The flight recorder: the newest blocks, in memory, and the facts that they need from evicted
//! blocks.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Instant;

use format::packed::Packer;
use format::{BlockHeader, Event, OperationKind};

use super::Retention;
use super::recording_writer::{RecordingWriter, append_record};

/// The newest blocks of a run.
#[derive(Debug)]
pub(super) struct FlightRecorder {
    retention: Retention,
    /// Each thread's blocks in their order: a block is evicted after all before it.
    blocks: VecDeque<RecentBlock>,
    /// The newest block of each thread: its sequence number, by process and thread.
    latest: HashMap<(u32, u32), u64>,
    /// The size of all blocks.
    bytes: u64,
    packer: Packer,
    /// By process.
    evicted: BTreeMap<u32, EvictedState>,
}

#[derive(Debug)]
struct RecentBlock {
    since: Instant,
    /// With its header; packed, if that makes it smaller.
    block: Vec<u8>,
}

/// What later blocks of a process need from those that were evicted.
#[derive(Clone, Debug, Default)]
struct EvictedState {
    threads: BTreeMap<u32, EvictedThread>,
    /// The spawns of threads that have not ended.
    spawned: BTreeMap<u32, RetainedEvent>,
    /// Threads that ended before the block with their spawn was evicted.
    ended: HashSet<u32>,
    /// The spawns of tasks that have not ended.
    spawned_tasks: BTreeMap<u32, RetainedEvent>,
    /// Tasks that ended before the block with their spawn was evicted.
    ended_tasks: HashSet<u32>,
    channels: BTreeMap<u32, EvictedChannel>,
    /// The channel of each endpoint.
    endpoints: HashMap<u32, u32>,
    facts: BTreeMap<Fact, RetainedEvent>,
}

#[derive(Clone, Debug, Default)]
struct EvictedThread {
    os_id: u64,
    name: String,
    /// Its first block that was not evicted.
    sequence: u64,
    /// Whether it panicked, if it has returned.
    returned: Option<u32>,
    /// The tasks that it is running, the innermost last.
    running: Vec<u32>,
}

#[derive(Clone, Debug)]
struct EvictedChannel {
    created: RetainedEvent,
    sender: u32,
    receiver: u32,
    clones: Vec<EvictedClone>,
    /// The endpoints that were not dropped.
    alive: HashSet<u32>,
}

/// An endpoint that was cloned from another.
#[derive(Clone, Debug)]
struct EvictedClone {
    endpoint: u32,
    is_receiver: bool,
    cloned: RetainedEvent,
}

/// What a retained event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    EndpointName(u32),
    Primitive(u32),
    PrimitiveName(u32),
    Callsite(u32),
}

/// An event of an evicted block.
#[derive(Clone, Debug)]
struct RetainedEvent {
    time: u64,
    record: Vec<u8>,
    /// The record of the site that it refers to.
    site: Option<Vec<u8>>,
}

impl FlightRecorder {
    pub(super) fn new(retention: Retention) -> Self {
        FlightRecorder {
            retention,
            blocks: VecDeque::new(),
            latest: HashMap::new(),
            bytes: 0,
            packer: Packer::new(),
            evicted: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, header: &BlockHeader, records: &[u8]) {
        let mut block = Vec::new();
        self.packer.block(header, records, &mut block);
        block.shrink_to_fit();
        self.bytes += block.len() as u64;
        let BlockHeader { process, thread, sequence, .. } = *header;
        let latest = self.latest.entry((process, thread)).or_insert(sequence);
        if sequence >= *latest {
            *latest = sequence;
            self.blocks.push_back(RecentBlock { since: Instant::now(), block });
            return;
        }
        // A block that its thread had to write itself arrives after newer ones.
        let is_newer = |recent: &RecentBlock| {
            let other = self::header(&recent.block);
            (other.process, other.thread) == (process, thread) && other.sequence > sequence
        };
        let at = self.blocks.iter().position(is_newer).unwrap_or(0);
        let since = self.blocks.get(at).map_or_else(Instant::now, |newer| newer.since);
        self.blocks.insert(at, RecentBlock { since, block });
    }

    /// Evicts the oldest blocks, as far as the retention requires.
    pub(super) fn evict(&mut self) {
        while self.blocks.front().is_some_and(|oldest| match self.retention {
            Retention::LastFor(duration) => oldest.since.elapsed() > duration,
            Retention::LastBytes(bytes) => self.bytes > bytes,
            Retention::All | Retention::UpTo(_) => false,
        }) {
            if let Some(RecentBlock { block, .. }) = self.blocks.pop_front() {
                self.bytes -= block.len() as u64;
                evict(&block, &mut self.evicted);
            }
        }
    }

    /// Writes a recording of all blocks, followed by those in `rest`, which are newer.
    pub(super) fn write(&self, rest: &[Vec<u8>], writer: &mut RecordingWriter) {
        let mut evicted = self.evicted.clone();
        let recent = self.blocks.iter().map(|recent| &recent.block);
        let mut blocks = recent.chain(oldest_first(rest)).peekable();
        let mut bytes = self.bytes + rest.iter().map(|block| block.len() as u64).sum::<u64>();
        while let Retention::LastBytes(max) = self.retention
            && bytes > max
            // Blocks about a process are never evicted.
            && let Some(block) = blocks.next_if(|block| header(block).thread != 0)
        {
            bytes -= block.len() as u64;
            evict(block, &mut evicted);
        }
        // A block that its thread had to write itself follows newer ones; if one of these was
        // evicted, it must be evicted too.
        let mut kept = Vec::new();
        for block in blocks {
            if is_before_evicted(block, &evicted) {
                evict(block, &mut evicted);
            } else {
                kept.push(block);
            }
        }
        for (&process, state) in &evicted {
            state.write(process, writer);
        }
        kept.into_iter().for_each(|block| writer.add_packed(block));
    }
}

/// The header of a stored block.
fn header(block: &[u8]) -> BlockHeader {
    let header = block.first_chunk();
    header.and_then(|header| BlockHeader::decode(header).ok().flatten()).unwrap_or_default()
}

/// Sorts blocks of unknown age by the number of later blocks of their thread, the most first.
/// Blocks about processes come last.
fn oldest_first(blocks: &[Vec<u8>]) -> impl Iterator<Item = &Vec<u8>> {
    let mut last = HashMap::new();
    for block in blocks {
        let BlockHeader { process, thread, sequence, .. } = header(block);
        let last = last.entry((process, thread)).or_insert(sequence);
        *last = sequence.max(*last);
    }
    let mut sorted: Vec<_> = blocks.iter().collect();
    sorted.sort_by_cached_key(|block| {
        let BlockHeader { process, thread, sequence, .. } = header(block);
        (thread == 0, Reverse(last[&(process, thread)] - sequence))
    });
    sorted.into_iter()
}

/// Whether a later block of the same thread was evicted.
fn is_before_evicted(block: &[u8], evicted: &BTreeMap<u32, EvictedState>) -> bool {
    let BlockHeader { process, thread, sequence, .. } = header(block);
    let thread = evicted.get(&process).and_then(|state| state.threads.get(&thread));
    thread.is_some_and(|thread| sequence < thread.sequence)
}

fn evict(block: &[u8], evicted: &mut BTreeMap<u32, EvictedState>) {
    // A damaged block leaves nothing behind.
    if let Some((header, content)) = block.split_first_chunk()
        && let Ok(Some(header)) = BlockHeader::decode(header)
        && let Some(content) = content.get(..header.committed as usize)
        && let Ok(records) = format::packed::records(&header, content)
    {
        evicted.entry(header.process).or_default().add(&header, &records);
    }
}

impl EvictedState {
    /// Adds the events of an evicted block.
    fn add(&mut self, header: &BlockHeader, records: &[u8]) {
        let thread = self.threads.entry(header.thread).or_default();
        thread.sequence = thread.sequence.max(header.sequence + 1);
        let mut sites = HashMap::new();
        let mut rest = records;
        // A damaged record ends the block.
        while let Ok(record) = format::decode(rest) {
            let (bytes, after) = rest.split_at(record.length);
            rest = after;
            let retain = |time: u64| {
                let mut event = record.event;
                let site = site_mut(&mut event).and_then(|site| sites.get(site));
                let site = site.map(|site: &&[u8]| site.to_vec());
                RetainedEvent { time, record: bytes.to_vec(), site }
            };
            match record.event {
                Event::Site { site, .. } => drop(sites.insert(site, bytes)),
                Event::ThreadStarted { os_id, name } => {
                    let thread = self.threads.entry(header.thread).or_default();
                    (thread.os_id, thread.name) = (os_id, name.to_owned());
                }
                Event::Returned { panicked } => {
                    self.threads.entry(header.thread).or_default().returned = Some(panicked);
                }
                Event::ThreadEnded {} => self.end_thread(header.thread),
                Event::Operation { kind: OperationKind::Spawn, endpoint, .. } => {
                    if !self.ended.remove(&endpoint) {
                        self.spawned.insert(endpoint, retain(0));
                    }
                }
                Event::ChannelCreated { channel, sender, receiver, .. } => {
                    self.create_channel(channel, sender, receiver, retain(record.time));
                }
                Event::SenderCloned { sender: endpoint, from, .. } => {
                    let cloned = retain(record.time);
                    self.clone_endpoint(
                        from,
                        EvictedClone { endpoint, is_receiver: false, cloned },
                    );
                }
                Event::ReceiverCloned { receiver: endpoint, from, .. } => {
                    let cloned = retain(record.time);
                    self.clone_endpoint(from, EvictedClone { endpoint, is_receiver: true, cloned });
                }
                Event::TaskSpawned { task, .. } => {
                    if !self.ended_tasks.remove(&task) {
                        self.spawned_tasks.insert(task, retain(0));
                    }
                }
                Event::TaskResumed { task } => {
                    self.threads.entry(header.thread).or_default().running.push(task);
                }
                Event::TaskSuspended { task } => self.suspend_task(header.thread, task),
                Event::TaskEnded { task } => self.end_task(header.thread, task),
                Event::SenderDropped { endpoint } | Event::ReceiverDropped { endpoint } => {
                    self.drop_endpoint(endpoint);
                }
                event => {
                    self.facts.extend(fact(&event).map(|fact| (fact, retain(0))));
                }
            }
        }
    }

    fn end_thread(&mut self, thread: u32) {
        self.threads.remove(&thread);
        if self.spawned.remove(&thread).is_none() {
            self.ended.insert(thread);
        }
    }

    fn create_channel(&mut self, channel: u32, sender: u32, receiver: u32, created: RetainedEvent) {
        let (clones, alive) = (Vec::new(), HashSet::from([sender, receiver]));
        self.channels.insert(channel, EvictedChannel { created, sender, receiver, clones, alive });
        self.endpoints.extend([(sender, channel), (receiver, channel)]);
    }

    fn clone_endpoint(&mut self, from: u32, mut clone: EvictedClone) {
        if let Some(&number) = self.endpoints.get(&from)
            && let Some(channel) = self.channels.get_mut(&number)
        {
            channel.alive.insert(clone.endpoint);
            self.endpoints.insert(clone.endpoint, number);
            // Nothing shows where an endpoint was cloned.
            clone.cloned.site = None;
            channel.clones.push(clone);
        }
    }

    /// Removes a task, and those inside it, from the tasks that the thread is running.
    fn suspend_task(&mut self, thread: u32, task: u32) {
        let Some(EvictedThread { running, .. }) = self.threads.get_mut(&thread) else { return };
        if let Some(depth) = running.iter().rposition(|running| *running == task) {
            running.truncate(depth);
        }
    }

    fn end_task(&mut self, thread: u32, task: u32) {
        self.suspend_task(thread, task);
        if self.spawned_tasks.remove(&task).is_none() {
            self.ended_tasks.insert(task);
        }
    }

    /// Discards an endpoint's name, and with the last endpoint the channel.
    fn drop_endpoint(&mut self, endpoint: u32) {
        self.facts.remove(&Fact::EndpointName(endpoint));
        if let Some(&number) = self.endpoints.get(&endpoint)
            && let Some(channel) = self.channels.get_mut(&number)
        {
            channel.alive.remove(&endpoint);
            if channel.alive.is_empty() {
                self.endpoints.retain(|_, of| *of != number);
                self.channels.remove(&number);
            }
        }
    }

    fn write(&self, process: u32, writer: &mut RecordingWriter) {
        let mut blocks = BlockBuilder { process, writer, records: Vec::new(), sites: 0 };
        for (&thread, EvictedThread { os_id, name, sequence, returned, running }) in &self.threads {
            let (os_id, sequence) = (*os_id, *sequence);
            blocks.push(0, &Event::Forgotten { thread, os_id, sequence, name });
            if let Some(panicked) = *returned {
                blocks.push(0, &Event::Returned { panicked });
            }
            for &task in running {
                blocks.push(0, &Event::TaskResumed { task });
            }
            blocks.finish_if_full();
        }
        for spawn in self.spawned.values().chain(self.spawned_tasks.values()) {
            blocks.push_retained(spawn);
            blocks.finish_if_full();
        }
        for EvictedChannel { created, sender, receiver, clones, alive } in self.channels.values() {
            blocks.push_retained(created);
            clones.iter().for_each(|clone| blocks.push_retained(&clone.cloned));
            let clones = clones.iter().map(|clone| (clone.endpoint, clone.is_receiver));
            let endpoints = clones.chain([(*sender, false), (*receiver, true)]);
            let dropped = endpoints.filter(|(endpoint, _)| !alive.contains(endpoint));
            for (endpoint, is_receiver) in dropped {
                let event = match is_receiver {
                    true => Event::ReceiverDropped { endpoint },
                    false => Event::SenderDropped { endpoint },
                };
                blocks.push(created.time, &event);
            }
            blocks.finish_if_full();
        }
        for fact in self.facts.values() {
            blocks.push_retained(fact);
            blocks.finish_if_full();
        }
        blocks.finish();
    }
}

fn fact(event: &Event<'_>) -> Option<Fact> {
    Some(match *event {
        Event::EndpointNamed { endpoint, .. } => Fact::EndpointName(endpoint),
        Event::PrimitiveSeen { primitive, .. } => Fact::Primitive(primitive),
        Event::PrimitiveNamed { primitive, .. } => Fact::PrimitiveName(primitive),
        Event::Callsite { callsite, .. } => Fact::Callsite(callsite),
        _ => return None,
    })
}

/// The number of the site that an event defines or refers to, if it is one that is retained.
fn site_mut<'a>(event: &'a mut Event<'_>) -> Option<&'a mut u32> {
    match event {
        Event::Site { site, .. }
        | Event::Operation { site, .. }
        | Event::ChannelCreated { site, .. }
        | Event::SenderCloned { site, .. }
        | Event::ReceiverCloned { site, .. }
        | Event::TaskSpawned { site, .. }
        | Event::PrimitiveSeen { site, .. }
        | Event::Callsite { site, .. } => Some(site),
        _ => None,
    }
}

/// Builds blocks about a process.
struct BlockBuilder<'a> {
    process: u32,
    writer: &'a mut RecordingWriter,
    records: Vec<u8>,
    /// The number of sites in the block.
    sites: u32,
}

impl BlockBuilder<'_> {
    fn push(&mut self, time: u64, event: &Event<'_>) {
        append_record(&mut self.records, time, event);
    }

    fn push_retained(&mut self, event: &RetainedEvent) {
        let mut number = 0;
        if let Some(site) = &event.site {
            self.sites += 1;
            number = self.sites;
            self.push_with_site(event.time, site, number);
        }
        self.push_with_site(event.time, &event.record, number);
    }

    /// Pushes a record, in which a site has another number in this block.
    fn push_with_site(&mut self, time: u64, record: &[u8], number: u32) {
        if let Ok(mut record) = format::decode(record) {
            site_mut(&mut record.event).into_iter().for_each(|site| *site = number);
            self.push(time, &record.event);
        }
    }

    fn finish_if_full(&mut self) {
        const FULL_BYTES: usize = 64 << 10;
        if self.records.len() >= FULL_BYTES {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if !self.records.is_empty() {
            self.writer.add_process_block(self.process, &self.records);
        }
        self.records.clear();
        self.sites = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Recording;
    use crate::reading::catalog::Outcome;
    use crate::terminal::cancel::Watch;

    const SITE: Event<'_> = Event::Site { site: 1, line: 14, column: 5, file: "src/main.rs" };
    const STARTED: Event<'_> = Event::ProcessStarted {
        pid: 1,
        parent: 0,
        ticks: 0,
        monotonic_ns: 0,
        wall_ns: 0,
        executable: "",
        arguments: "",
    };

    fn block(thread: u32, sequence: u64, events: &[Event<'_>]) -> (BlockHeader, Vec<u8>) {
        let mut records = Vec::new();
        for (time, event) in (100..).zip(events) {
            append_record(&mut records, time, event);
        }
        (BlockHeader { thread, sequence, ..BlockHeader::default() }, records)
    }

    fn started(os_id: u64, name: &str) -> Event<'_> {
        Event::ThreadStarted { os_id, name }
    }

    fn spawn(thread: u32) -> Event<'static> {
        Event::Operation { kind: OperationKind::Spawn, endpoint: thread, site: 1, detail: 0 }
    }

    fn primitive(primitive: u32, kind: u32, size: u64, value_type: &str) -> Event<'_> {
        Event::PrimitiveSeen { primitive, kind, site: 1, size, value_type }
    }

    /// The recording of a flight recorder with `rest` as its newest blocks, and then `more`.
    fn recording(
        recorder: &FlightRecorder,
        rest: &[Vec<u8>],
        more: &[(BlockHeader, Vec<u8>)],
    ) -> Recording {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = RecordingWriter::new(folder.path()).unwrap();
        recorder.write(rest, &mut writer);
        more.iter().for_each(|(header, records)| writer.add(header, records));
        writer.flush().unwrap();
        writer.into_recording(&Watch::default()).unwrap()
    }

    #[test]
    fn later_blocks_keep_the_names_and_sites_of_evicted_ones() {
        let mut recorder = FlightRecorder::new(Retention::LastBytes(0));
        let callsite =
            Event::Callsite { callsite: 1, level: 2, site: 1, target: "pool", name: "handle" };
        let main = [
            started(1, "main"),
            SITE,
            primitive(7, 1, 0, "a::Jobs"),
            primitive(8, 4, 3, ""),
            Event::PrimitiveNamed { primitive: 8, name: "phase" },
            callsite,
            Event::EndpointNamed { endpoint: 5, name: "to worker" },
            spawn(2),
            spawn(3),
        ];
        for (thread, events) in [
            (3, &[started(3, ""), Event::ThreadEnded {}][..]),
            (1, &main),
            (2, &[started(2, ""), Event::Returned { panicked: 1 }]),
        ] {
            let (header, records) = block(thread, 0, events);
            recorder.add(&header, &records);
        }
        recorder.evict();
        // Thread 3 has ended: neither it nor its spawn is needed any more.
        let state = &recorder.evicted[&0];
        assert_eq!((state.spawned.len(), state.ended.len(), state.threads.len()), (1, 0, 2));

        let more = [
            block(0, 0, &[STARTED]),
            block(1, 1, &[Event::Paused {}]),
            block(2, 1, &[Event::ThreadEnded {}]),
        ];
        let recording = recording(&recorder, &[], &more);
        assert_eq!(recording.damage, []);
        let entities = &recording.entities;
        let threads: Vec<_> =
            entities.threads.iter().map(|thread| (thread.name.as_str(), thread.outcome)).collect();
        let panicked = Some(Outcome::Panicked);
        assert_eq!(threads, [("main", None), ("thread 2 @ main.rs:14", panicked)]);
        let labels: Vec<_> = entities.primitives.iter().map(|of| of.label.as_str()).collect();
        assert_eq!(labels, ["Mutex<Jobs> @ main.rs:14", "phase"]);
        assert_eq!(entities.callsites[0].name, "handle");
        assert_eq!(entities.endpoint_name(0, 5), Some("to worker"));
    }

    #[test]
    fn later_blocks_keep_the_receivers_and_tasks_of_evicted_ones() {
        let main = [
            started(1, "main"),
            Event::ChannelCreated {
                channel: 1,
                sender: 1,
                receiver: 2,
                site: 0,
                bound: 1,
                message_type: "u8",
                name: "jobs",
            },
            Event::ReceiverCloned { receiver: 3, from: 2, site: 0 },
            Event::ReceiverCloned { receiver: 4, from: 3, site: 0 },
            Event::ReceiverDropped { endpoint: 2 },
            Event::TaskSpawned { task: 1, by: 0, site: 0, name: "accept" },
            Event::TaskSpawned { task: 2, by: 1, site: 0, name: "ended" },
            Event::TaskEnded { task: 2 },
            Event::TaskResumed { task: 1 },
        ];
        // Ended before the block with its spawn, by another thread, was evicted.
        let other = [
            Event::TaskEnded { task: 3 },
            Event::TaskSpawned { task: 3, by: 0, site: 0, name: "late" },
        ];
        let mut recorder = FlightRecorder::new(Retention::LastBytes(0));
        for (thread, events) in [(1, &main[..]), (2, &other)] {
            let (header, records) = block(thread, 0, events);
            recorder.add(&header, &records);
        }
        recorder.evict();
        let state = &recorder.evicted[&0];
        assert_eq!(state.threads[&1].running, [1]);
        assert_eq!((state.spawned_tasks.len(), state.ended_tasks.len()), (1, 0));

        let operation = |kind, endpoint| Event::Operation { kind, endpoint, site: 0, detail: 0 };
        let rest = [
            operation(OperationKind::TryRecvEmpty, 4),
            Event::ReceiverDropped { endpoint: 3 },
            operation(OperationKind::TryRecvEmpty, 4),
        ];
        let recording = recording(&recorder, &[], &[block(0, 0, &[]), block(1, 1, &rest)]);
        assert_eq!(recording.damage, []);
        let entities = &recording.entities;
        assert_eq!(entities.channels[0].receivers_before, 2);
        assert!((1..=4).all(|endpoint| entities.channel_of(0, endpoint).is_some()));
        let names = [1, 2, 3].map(|task| entities.task_name(0, task));
        assert_eq!(names, [Some("accept"), None, None]);
        // The thread is still running the task.
        let blocks: Vec<_> = recording.blocks().map(|block| block.unwrap()).collect();
        let of_process = |header: &BlockHeader| (header.thread, header.sequence) == (0, 1);
        let (_, records) = blocks.iter().find(|(header, _)| of_process(header)).unwrap();
        let first = format::decode(records).unwrap();
        let second = format::decode(&records[first.length..]).unwrap();
        assert!(matches!(first.event, Event::Forgotten { thread: 1, .. }));
        assert_eq!(second.event, Event::TaskResumed { task: 1 });
    }

    #[test]
    fn a_late_block_is_evicted_before_newer_ones_of_its_thread() {
        let mut recorder = FlightRecorder::new(Retention::LastBytes(0));
        for (thread, sequence) in [(1, 0), (1, 2), (2, 5), (1, 3), (1, 1), (2, 4)] {
            let (header, records) = block(thread, sequence, &[started(0, "")]);
            recorder.add(&header, &records);
        }
        let order = recorder.blocks.iter().map(|recent| {
            let BlockHeader { thread, sequence, .. } = header(&recent.block);
            (thread, sequence)
        });
        assert!(order.eq([(1, 0), (1, 1), (1, 2), (2, 4), (2, 5), (1, 3)]));
        recorder.retention = Retention::LastBytes(recorder.bytes / 2);
        recorder.evict();
        let evicted = &recorder.evicted;
        assert_eq!((evicted[&0].threads[&1].sequence, recorder.blocks.len()), (3, 3));
        assert!(!recorder.blocks.iter().any(|recent| is_before_evicted(&recent.block, evicted)));
    }

    #[test]
    fn the_size_limit_includes_blocks_that_were_not_drained() {
        let mut packer = Packer::new();
        let mut packed = |thread, sequence, name| {
            let (header, records) = block(thread, sequence, &[started(0, name)]);
            let mut block = Vec::new();
            packer.block(&header, &records, &mut block);
            block
        };
        // Blocks that their threads had to write themselves come after newer ones.
        let rest = [
            packed(0, 0, "process"),
            packed(1, 3, "newest"),
            packed(2, 9, "newest"),
            packed(1, 1, "oldest"),
            packed(1, 2, "older"),
            packed(2, 8, "older"),
        ];
        let bytes = rest[0].len() as u64;
        assert!(rest.iter().all(|block| block.len() as u64 == bytes));
        for (room, kept) in [(6, "11 12 13 28 29"), (4, "13 28 29"), (3, "13 29"), (0, "")] {
            let recorder = FlightRecorder::new(Retention::LastBytes(room * bytes));
            let recording = recording(&recorder, &rest, &[]);
            let blocks: Vec<_> = recording.blocks().map(|block| block.unwrap().0).collect();
            let found: Vec<_> = blocks
                .iter()
                .filter(|header| header.thread != 0)
                .map(|header| format!("{}{}", header.thread, header.sequence))
                .collect();
            assert_eq!(found.join(" "), kept, "room for {room}");
            assert!(blocks.iter().any(|header| header.thread == 0));
        }
    }
}
