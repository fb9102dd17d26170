//! What a flight recorder has: the newest blocks, in memory, and of those that it has
//! forgotten no more than the names of what is still there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Instant;

use format::packed::Packer;
use format::{BlockHeader, Event, MAX_RECORD, OperationKind};

use super::Keep;
use super::recording_writer::Log;

/// The newest blocks.
#[derive(Debug)]
pub(super) struct Newest {
    keep: Keep,
    /// Those of a thread in their order: who forgets one forgets all before it.
    blocks: VecDeque<Kept>,
    /// The newest of each thread, by process and thread.
    latest: HashMap<(u32, u32), u64>,
    /// How many bytes they take.
    bytes: u64,
    packer: Packer,
    processes: BTreeMap<u32, Forgotten>,
}

/// A block that is kept.
#[derive(Debug)]
struct Kept {
    since: Instant,
    /// Packed, if that pays, with its header.
    block: Vec<u8>,
}

/// What is still known from blocks of a process that are not kept.
#[derive(Clone, Debug, Default)]
struct Forgotten {
    threads: BTreeMap<u32, Thread>,
    channels: BTreeMap<u32, Channel>,
    /// The channel of each endpoint.
    endpoints: HashMap<u32, u32>,
    endpoint_names: BTreeMap<u32, String>,
    primitives: BTreeMap<u32, Primitive>,
    callsites: BTreeMap<u32, Callsite>,
    /// Where threads were spawned that have not ended.
    spawned: BTreeMap<u32, Option<Site>>,
    /// Threads that have ended and whose spawn is not forgotten yet.
    ended: HashSet<u32>,
}

#[derive(Clone, Debug, Default)]
struct Thread {
    os_id: u64,
    name: String,
    /// Its first block that is not forgotten.
    sequence: u64,
    /// Whether it has panicked, if it has returned.
    returned: Option<u32>,
}

#[derive(Clone, Debug, Default)]
struct Primitive {
    kind: u32,
    site: Option<Site>,
    size: u64,
    value_type: String,
    name: Option<String>,
}

#[derive(Clone, Debug)]
struct Callsite {
    level: u32,
    site: Option<Site>,
    target: String,
    name: String,
}

#[derive(Clone, Debug)]
struct Channel {
    /// When it was made, in ticks.
    time: u64,
    sender: u32,
    receiver: u32,
    site: Option<Site>,
    bound: u64,
    message_type: String,
    name: String,
    /// Clones: time, endpoint, original.
    clones: Vec<(u64, u32, u32)>,
    /// Its endpoints that were not dropped.
    alive: HashSet<u32>,
}

#[derive(Clone, Debug)]
struct Site {
    line: u32,
    column: u32,
    file: String,
}

impl Newest {
    pub(super) fn new(keep: Keep) -> Self {
        let packer = Packer::new();
        Newest {
            keep,
            blocks: VecDeque::new(),
            latest: HashMap::new(),
            bytes: 0,
            packer,
            processes: BTreeMap::new(),
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
            self.blocks.push_back(Kept { since: Instant::now(), block });
            return;
        }
        // Its thread had to write it itself, so it comes after newer ones.
        let is_newer = |kept: &Kept| {
            let other = self::header(&kept.block);
            (other.process, other.thread) == (process, thread) && other.sequence > sequence
        };
        let place = self.blocks.iter().position(is_newer).unwrap_or(0);
        let since = self.blocks.get(place).map_or_else(Instant::now, |newer| newer.since);
        self.blocks.insert(place, Kept { since, block });
    }

    /// Forgets blocks that are older, or take more room, than was asked for.
    pub(super) fn forget_the_oldest(&mut self) {
        while self.blocks.front().is_some_and(|oldest| match self.keep {
            Keep::LastFor(duration) => oldest.since.elapsed() > duration,
            Keep::LastBytes(bytes) => self.bytes > bytes,
            Keep::All | Keep::UpTo(_) => false,
        }) {
            if let Some(Kept { block, .. }) = self.blocks.pop_front() {
                self.bytes -= block.len() as u64;
                forget(&block, &mut self.processes);
            }
        }
    }

    /// Adds all of it to `log`, and `rest`, which are blocks that are newer still.
    pub(super) fn write(&self, rest: &[Vec<u8>], log: &mut Log) {
        let mut processes = self.processes.clone();
        let mut blocks =
            self.blocks.iter().map(|kept| &kept.block).chain(oldest_first(rest)).peekable();
        let mut bytes = self.bytes + rest.iter().map(|block| block.len() as u64).sum::<u64>();
        while let Keep::LastBytes(most) = self.keep
            && bytes > most
            // What tells of the process stays.
            && let Some(block) = blocks.next_if(|block| header(block).thread != 0)
        {
            bytes -= block.len() as u64;
            forget(block, &mut processes);
        }
        // A block that its thread had to write itself comes later than those after it. If one
        // of these is forgotten, so is it.
        let mut kept = Vec::new();
        for block in blocks {
            if is_forgotten(block, &processes) {
                forget(block, &mut processes);
            } else {
                kept.push(block);
            }
        }
        for (&process, forgotten) in &processes {
            forgotten.write(process, log);
        }
        kept.into_iter().for_each(|block| log.add_block(block));
    }
}

/// The header of a block that is kept.
fn header(block: &[u8]) -> BlockHeader {
    let header = block.first_chunk();
    header.and_then(|header| BlockHeader::decode(header).ok().flatten()).unwrap_or_default()
}

/// Blocks of which nobody knows how old they are, but that each thread's follow on each other:
/// first those that most of their thread's have followed.
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

/// Whether a later block of its thread is forgotten.
fn is_forgotten(block: &[u8], processes: &BTreeMap<u32, Forgotten>) -> bool {
    let BlockHeader { process, thread, sequence, .. } = header(block);
    let thread = processes.get(&process).and_then(|of| of.threads.get(&thread));
    thread.is_some_and(|thread| sequence < thread.sequence)
}

/// Takes in a block that is not kept any more.
fn forget(block: &[u8], processes: &mut BTreeMap<u32, Forgotten>) {
    // What is no block, or cannot be unpacked, is not the recorder's to judge.
    if let Some((header, content)) = block.split_first_chunk()
        && let Ok(Some(header)) = BlockHeader::decode(header)
        && let Some(content) = content.get(..header.committed as usize)
        && let Ok(records) = format::packed::records(&header, content)
    {
        processes.entry(header.process).or_default().block(&header, &records);
    }
}

impl Forgotten {
    /// Takes in a block that is not kept any more.
    fn block(&mut self, header: &BlockHeader, records: &[u8]) {
        let thread = self.threads.entry(header.thread).or_default();
        thread.sequence = thread.sequence.max(header.sequence + 1);
        let mut sites = HashMap::new();
        let mut at = 0;
        // What cannot be decoded is not the recorder's to judge.
        while let Ok(record) = format::decode(&records[at..]) {
            at += record.length;
            match record.event {
                Event::Site { site, line, column, file } => {
                    sites.insert(site, Site { line, column, file: file.to_owned() });
                }
                Event::ThreadStarted { os_id, name } => {
                    let thread = self.threads.entry(header.thread).or_default();
                    (thread.os_id, thread.name) = (os_id, name.to_owned());
                }
                Event::Returned { panicked } => {
                    self.threads.entry(header.thread).or_default().returned = Some(panicked);
                }
                Event::ThreadEnded {} => {
                    self.threads.remove(&header.thread);
                    if self.spawned.remove(&header.thread).is_none() {
                        self.ended.insert(header.thread);
                    }
                }
                Event::Operation { kind: OperationKind::Spawn, endpoint, site, .. } => {
                    let ended = self.ended.remove(&endpoint);
                    let site = sites.get(&site).cloned();
                    self.spawned.extend((!ended).then_some((endpoint, site)));
                }
                Event::PrimitiveSeen { primitive, kind, site, size, value_type } => {
                    let known = self.primitives.entry(primitive).or_default();
                    known.site = sites.get(&site).cloned();
                    (known.kind, known.size) = (kind, size);
                    known.value_type = value_type.to_owned();
                }
                Event::PrimitiveNamed { primitive, name } => {
                    self.primitives.entry(primitive).or_default().name = Some(name.to_owned());
                }
                Event::EndpointNamed { endpoint, name } => {
                    self.endpoint_names.insert(endpoint, name.to_owned());
                }
                Event::Callsite { callsite, level, site, target, name } => {
                    let site = sites.get(&site).cloned();
                    let (target, name) = (target.to_owned(), name.to_owned());
                    self.callsites.insert(callsite, Callsite { level, site, target, name });
                }
                Event::ChannelCreated {
                    channel,
                    sender,
                    receiver,
                    site,
                    bound,
                    message_type,
                    name,
                } => {
                    let made = Channel {
                        time: record.time,
                        sender,
                        receiver,
                        site: sites.get(&site).cloned(),
                        bound,
                        message_type: message_type.to_owned(),
                        name: name.to_owned(),
                        clones: Vec::new(),
                        alive: HashSet::from([sender, receiver]),
                    };
                    self.channels.insert(channel, made);
                    self.endpoints.extend([(sender, channel), (receiver, channel)]);
                }
                Event::SenderCloned { sender, from, .. } => {
                    if let Some(&channel) = self.endpoints.get(&from)
                        && let Some(made) = self.channels.get_mut(&channel)
                    {
                        made.clones.push((record.time, sender, from));
                        made.alive.insert(sender);
                        self.endpoints.insert(sender, channel);
                    }
                }
                Event::SenderDropped { endpoint } | Event::ReceiverDropped { endpoint } => {
                    self.dropped(endpoint);
                }
                _ => {}
            }
        }
    }

    /// Forgets what this endpoint is called, and its channel if it was the last.
    fn dropped(&mut self, endpoint: u32) {
        self.endpoint_names.remove(&endpoint);
        if let Some(&channel) = self.endpoints.get(&endpoint)
            && let Some(made) = self.channels.get_mut(&channel)
        {
            made.alive.remove(&endpoint);
            if made.alive.is_empty() {
                self.endpoints.retain(|_, of| *of != channel);
                self.channels.remove(&channel);
            }
        }
    }

    fn write(&self, process: u32, log: &mut Log) {
        let mut block = Block::default();
        for (&thread, Thread { os_id, name, sequence, returned }) in &self.threads {
            let (os_id, sequence) = (*os_id, *sequence);
            block.push(0, &Event::Forgotten { thread, os_id, sequence, name });
            if let Some(panicked) = *returned {
                block.push(0, &Event::Returned { panicked });
            }
            block.end_if_full(process, log);
        }
        for (&thread, site) in &self.spawned {
            let site = block.site(0, site.as_ref());
            let kind = OperationKind::Spawn;
            block.push(0, &Event::Operation { kind, endpoint: thread, site, detail: 0 });
            block.end_if_full(process, log);
        }
        self.write_channels(process, &mut block, log);
        for (&endpoint, name) in &self.endpoint_names {
            block.push(0, &Event::EndpointNamed { endpoint, name });
            block.end_if_full(process, log);
        }
        for (&primitive, known) in &self.primitives {
            let Primitive { kind, size, ref value_type, .. } = *known;
            let site = block.site(0, known.site.as_ref());
            block.push(0, &Event::PrimitiveSeen { primitive, kind, site, size, value_type });
            if let Some(name) = &known.name {
                block.push(0, &Event::PrimitiveNamed { primitive, name });
            }
            block.end_if_full(process, log);
        }
        for (&callsite, known) in &self.callsites {
            let Callsite { level, site, target, name } = known;
            let (level, site) = (*level, block.site(0, site.as_ref()));
            block.push(0, &Event::Callsite { callsite, level, site, target, name });
            block.end_if_full(process, log);
        }
        block.end(process, log);
    }

    fn write_channels(&self, process: u32, block: &mut Block, log: &mut Log) {
        for (&channel, made) in &self.channels {
            let Channel { sender, receiver, bound, .. } = *made;
            let site = block.site(made.time, made.site.as_ref());
            let (message_type, name) = (&made.message_type, &made.name);
            let event = Event::ChannelCreated {
                channel,
                sender,
                receiver,
                site,
                bound,
                message_type,
                name,
            };
            block.push(made.time, &event);
            for &(time, sender, from) in &made.clones {
                block.push(time, &Event::SenderCloned { sender, from, site: 0 });
            }
            let senders = made.clones.iter().map(|(_, clone, _)| *clone).chain([sender]);
            for endpoint in senders.filter(|sender| !made.alive.contains(sender)) {
                block.push(made.time, &Event::SenderDropped { endpoint });
            }
            block.end_if_full(process, log);
        }
    }
}

/// Records of a block that is being made.
#[derive(Default)]
struct Block {
    records: Vec<u8>,
    sites: u32,
}

impl Block {
    fn push(&mut self, time: u64, event: &Event<'_>) {
        let mut record = [0; MAX_RECORD];
        let length = event.encode(time, &mut record);
        self.records.extend_from_slice(&record[..length]);
    }

    /// Tells of a place; gives its number in this block.
    fn site(&mut self, time: u64, site: Option<&Site>) -> u32 {
        let Some(Site { line, column, file }) = site else { return 0 };
        self.sites += 1;
        let site = self.sites;
        self.push(time, &Event::Site { site, line: *line, column: *column, file });
        site
    }

    fn end_if_full(&mut self, process: u32, log: &mut Log) {
        const FULL: usize = 64 << 10;
        if self.records.len() >= FULL {
            self.end(process, log);
        }
    }

    fn end(&mut self, process: u32, log: &mut Log) {
        if !self.records.is_empty() {
            log.tell(process, &self.records);
        }
        *self = Block::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::catalog::Outcome;
    use crate::terminal::cancel::Watch;

    fn block(thread: u32, sequence: u64, events: &[Event<'_>]) -> (BlockHeader, Vec<u8>) {
        let mut block = Block::default();
        for (time, event) in (100..).zip(events) {
            block.push(time, event);
        }
        (BlockHeader { thread, sequence, ..BlockHeader::default() }, block.records)
    }

    #[test]
    fn what_is_forgotten_is_still_known() {
        let spawn = |endpoint| Event::Operation {
            kind: OperationKind::Spawn,
            endpoint,
            site: 1,
            detail: 0,
        };
        let forgotten = [
            block(3, 0, &[Event::ThreadStarted { os_id: 3, name: "" }, Event::ThreadEnded {}]),
            block(
                1,
                0,
                &[
                    Event::ThreadStarted { os_id: 1, name: "main" },
                    Event::Site { site: 1, line: 14, column: 5, file: "src/main.rs" },
                    Event::PrimitiveSeen {
                        primitive: 7,
                        kind: 1,
                        site: 1,
                        size: 0,
                        value_type: "a::Jobs",
                    },
                    Event::PrimitiveSeen {
                        primitive: 8,
                        kind: 4,
                        site: 1,
                        size: 3,
                        value_type: "",
                    },
                    Event::PrimitiveNamed { primitive: 8, name: "phase" },
                    Event::Callsite {
                        callsite: 1,
                        level: 2,
                        site: 1,
                        target: "pool",
                        name: "handle",
                    },
                    Event::EndpointNamed { endpoint: 5, name: "to worker" },
                    spawn(2),
                    spawn(3),
                ],
            ),
            block(
                2,
                0,
                &[Event::ThreadStarted { os_id: 2, name: "" }, Event::Returned { panicked: 1 }],
            ),
        ];
        let mut newest = Newest::new(Keep::LastBytes(0));
        for (header, records) in &forgotten {
            newest.add(header, records);
        }
        newest.forget_the_oldest();
        // All that has ended, and where it was spawned, is not needed any more.
        let known = &newest.processes[&0];
        assert_eq!((known.spawned.len(), known.ended.len(), known.threads.len()), (1, 0, 2));

        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::new(folder.path()).unwrap();
        newest.write(&[], &mut log);
        let started = Event::ProcessStarted {
            pid: 1,
            parent: 0,
            ticks: 0,
            monotonic_ns: 0,
            wall_ns: 0,
            executable: "",
            arguments: "",
        };
        let rest = [(0, 0, started), (1, 1, Event::Paused {}), (2, 1, Event::ThreadEnded {})];
        for (thread, sequence, event) in rest {
            let (header, records) = block(thread, sequence, &[event]);
            log.add(&header, &records);
        }
        log.flush().unwrap();
        let recording = log.open(&Watch::default()).unwrap();
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
    fn what_comes_late_is_forgotten_before_what_is_newer() {
        let mut newest = Newest::new(Keep::LastBytes(0));
        let named = Event::ThreadStarted { os_id: 0, name: "" };
        for (thread, sequence) in [(1, 0), (1, 2), (2, 5), (1, 3), (1, 1), (2, 4)] {
            let (header, records) = block(thread, sequence, &[named]);
            newest.add(&header, &records);
        }
        let places = newest.blocks.iter().map(|kept| {
            let BlockHeader { thread, sequence, .. } = header(&kept.block);
            (thread, sequence)
        });
        assert!(places.eq([(1, 0), (1, 1), (1, 2), (2, 4), (2, 5), (1, 3)]));
        newest.keep = Keep::LastBytes(newest.bytes / 2);
        newest.forget_the_oldest();
        let forgotten = &newest.processes[&0].threads;
        assert_eq!((forgotten[&1].sequence, newest.blocks.len()), (3, 3));
        assert!(!newest.blocks.iter().any(|kept| is_forgotten(&kept.block, &newest.processes)));
    }

    #[test]
    fn what_was_not_moved_in_time_is_no_more_than_may_be_kept() {
        let mut packer = Packer::new();
        let mut packed = |thread, sequence, event| {
            let (header, records) = block(thread, sequence, &[event]);
            let mut block = Vec::new();
            packer.block(&header, &records, &mut block);
            block
        };
        let named = |name| Event::ThreadStarted { os_id: 0, name };
        // Blocks that their threads had to write themselves come after newer ones.
        let rest = [
            packed(0, 0, named("process")),
            packed(1, 3, named("newest")),
            packed(2, 9, named("newest")),
            packed(1, 1, named("oldest")),
            packed(1, 2, named("older")),
            packed(2, 8, named("older")),
        ];
        let bytes = rest[0].len() as u64;
        assert!(rest.iter().all(|block| block.len() as u64 == bytes));
        for (room, kept) in [(6, "13 29 11 12 28"), (4, "13 28 29"), (3, "13 29"), (0, "")] {
            let newest = Newest::new(Keep::LastBytes(room * bytes));
            let folder = tempfile::tempdir().unwrap();
            let mut log = Log::new(folder.path()).unwrap();
            newest.write(&rest, &mut log);
            log.flush().unwrap();
            let recording = log.open(&Watch::default()).unwrap();
            let mut blocks: Vec<_> = recording.blocks().map(|block| block.unwrap().0).collect();
            blocks.retain(|header| header.sequence < 100);
            let found: Vec<_> = blocks
                .iter()
                .filter(|header| header.thread != 0)
                .map(|header| format!("{}{}", header.thread, header.sequence))
                .collect();
            let mut kept: Vec<_> = kept.split_whitespace().collect();
            kept.sort_unstable();
            assert_eq!(found, kept, "room for {room}");
            assert!(blocks.iter().any(|header| header.thread == 0));
        }
    }
}
