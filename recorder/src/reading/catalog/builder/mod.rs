//! The first pass over a recording: who and what is in it, and whether it can be read.

use std::collections::HashMap;

use anyhow::Result;
use format::packed::{Operation, Piece, Unpacker};
use format::{BlockHeader, Event, OperationKind, Record};

use crate::reading::catalog::{Callsite, Index, Outcome, Process, Site, level, readable};
use crate::reading::clock::{Clock, Start};
use crate::reading::{Block, Damage, Recording};

mod finish;

/// What the entities are made of, as it is met.
pub(in crate::reading) struct Census {
    /// With the index of the input that is damaged.
    damage: Vec<(usize, Damage)>,
    processes: Vec<Process>,
    threads: Vec<Met>,
    channels: Vec<Made>,
    /// Process, clone, original.
    clones: Vec<(usize, u32, u32)>,
    primitives: Vec<Seen>,
    /// By process and number.
    primitive_names: HashMap<(usize, u32), String>,
    endpoint_names: HashMap<(usize, u32), String>,
    task_names: HashMap<(usize, u32), String>,
    /// With their numbers.
    callsites: Vec<(u32, Callsite)>,
    spawns: Vec<Spawn>,
    sites: Vec<Site>,
    site_numbers: HashMap<Site, Index>,
    /// Process, nanoseconds, code, signal.
    ended: Vec<(usize, u64, u32, u32)>,
    /// By process: the ticks of the first and of the last event.
    extent: Vec<Option<(u64, u64)>>,
    /// What is known of threads whose first blocks a flight recorder has forgotten, by
    /// process and number.
    forgotten: HashMap<(usize, u32), Forgotten>,
    /// The number of the last of them.
    latest_forgotten: u32,
    /// Changes in the number of senders and receivers that happened before: process, side,
    /// endpoint, by how much.
    before: Vec<(usize, Side, u32, i64)>,
}

/// A side of a channel.
#[derive(Clone, Copy)]
enum Side {
    Sender,
    Receiver,
}

#[derive(Default)]
struct Forgotten {
    os_id: u64,
    sequence: u64,
    name: String,
    outcome: Option<Outcome>,
}

/// A thread, as its blocks tell it.
struct Met {
    process: usize,
    number: u32,
    os_id: u64,
    name: String,
    /// Of its first event.
    ticks: Option<u64>,
    dropped: u64,
    outcome: Option<Outcome>,
}

/// That a thread was spawned: by whom, unless a flight recorder has forgotten that.
struct Spawn {
    process: usize,
    by: u32,
    thread: u32,
    site: Option<Index>,
}

/// A primitive, as its event tells it.
struct Seen {
    process: usize,
    number: u32,
    kind: u32,
    site: Option<Index>,
    size: u64,
    value_type: String,
    ticks: u64,
}

/// A channel, as its event tells it.
struct Made {
    process: usize,
    ends: [u32; 2],
    bound: u64,
    message_type: String,
    name: String,
    site: Option<Index>,
    ticks: u64,
}

/// By code: whether it is that of an operation of which only the time counts here. One look at a
/// table is quicker than several comparisons.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut index = 0;
    while index < OperationKind::ALL.len() {
        plain[OperationKind::ALL[index] as usize] = true;
        index += 1;
    }
    plain[OperationKind::Spawn as usize] = false;
    plain
};

/// A block's records, as they are taken in.
struct Records<'a> {
    census: &'a mut Census,
    process: usize,
    thread: u32,
    /// Of the process, as it is known so far.
    start: Start,
    sites: HashMap<u32, Index>,
    /// The ticks since the process's start of the first and the last operation that the census
    /// was not told yet; the other way round if there is none.
    run: (i64, i64),
}

impl<'a> Records<'a> {
    const NO_RUN: (i64, i64) = (i64::MAX, i64::MIN);

    fn new(census: &'a mut Census, process: usize, thread: u32) -> Self {
        let start = census.processes[process].clock.start();
        Records { census, process, thread, start, sites: HashMap::new(), run: Self::NO_RUN }
    }

    /// Takes in the records that stand here; gives how long those are that can be read, and why
    /// there are no more.
    fn all(&mut self, bytes: &[u8]) -> (usize, Option<format::Error>) {
        let mut at = 0;
        while at < bytes.len() {
            for words in bytes[at..].as_chunks::<24>().0 {
                let first = u64::from_le_bytes(words.as_chunks().0[0]);
                if !PLAIN[usize::from(first as u8)] {
                    break;
                }
                self.pass(first >> 8);
                at += 24;
            }
            if at == bytes.len() {
                break;
            }
            match format::decode(&bytes[at..]) {
                Ok(record) => {
                    self.other(&record);
                    at += record.length;
                }
                Err(error) => return (at, Some(error.at(at as u64))),
            }
        }
        (at, None)
    }

    /// Takes in the records of a packed block.
    fn packed(&mut self, content: &[u8], unpacker: &mut Unpacker) -> Result<(), format::Error> {
        unpacker.begin(content)?;
        let spawn = OperationKind::Spawn as u8;
        let mut shapes = (0..unpacker.shapes()).map(|shape| unpacker.shape(shape as u16));
        let has_spawns = shapes.any(|(code, ..)| code == spawn);
        let mut room = [Operation::default(); 128];
        while let Some(piece) = unpacker.next(content, &mut room)? {
            let count = match piece {
                Piece::Operations(count) => count,
                Piece::Record(record, _) => {
                    self.other(&record);
                    continue;
                }
            };
            for &Operation { time, detail, shape } in &room[..count] {
                self.pass(time);
                // Few blocks have any, and looking at each shape takes time.
                if !has_spawns {
                    continue;
                }
                let (code, endpoint, site) = unpacker.shape(shape);
                if code == spawn {
                    let kind = OperationKind::Spawn;
                    let event = Event::Operation { kind, endpoint, site, detail };
                    self.other(&Record { time, event, length: 24 });
                }
            }
        }
        Ok(())
    }

    /// Takes in an operation that tells of nothing more than itself.
    #[inline]
    fn pass(&mut self, ticks: u64) {
        let ticks = self.start.since(ticks);
        self.run = (self.run.0.min(ticks), self.run.1.max(ticks));
    }

    fn other(&mut self, record: &Record<'_>) {
        self.end_run();
        self.census.record(self.process, self.thread, record, &mut self.sites);
        self.start = self.census.processes[self.process].clock.start();
    }

    /// Tells the census of the operations since it was told last.
    fn end_run(&mut self) {
        if self.run != Self::NO_RUN && self.thread != 0 {
            let seen = [self.run.0, self.run.1].map(|since| self.start.at(since));
            self.census.seen(self.process, seen);
        }
        self.run = Self::NO_RUN;
    }
}

impl Census {
    pub(in crate::reading) fn take(recording: &mut Recording) -> Result<()> {
        let mut census = Census {
            damage: Vec::new(),
            processes: Vec::new(),
            threads: Vec::new(),
            channels: Vec::new(),
            clones: Vec::new(),
            primitives: Vec::new(),
            primitive_names: HashMap::new(),
            endpoint_names: HashMap::new(),
            task_names: HashMap::new(),
            callsites: Vec::new(),
            spawns: Vec::new(),
            sites: Vec::new(),
            site_numbers: HashMap::new(),
            ended: Vec::new(),
            extent: Vec::new(),
            forgotten: HashMap::new(),
            latest_forgotten: 0,
            before: Vec::new(),
        };
        let mut last: Option<Block> = None;
        let (mut content, mut unpacker) = (Vec::new(), Unpacker::default());
        for index in 0..recording.blocks.len() {
            let block = recording.blocks[index];
            recording.read_content(&block, &mut content)?;
            let readable = census.block(&block, &content, last.as_ref(), &mut unpacker);
            recording.blocks[index].readable = readable;
            last = Some(block);
        }
        census.finish(recording)
    }

    /// Takes in a block; gives how many bytes of its records can be read, if it is not packed.
    fn block(
        &mut self,
        block: &Block,
        content: &[u8],
        last: Option<&Block>,
        unpacker: &mut Unpacker,
    ) -> usize {
        let process = self.process(block);
        let BlockHeader { thread, sequence, dropped, packed, committed, .. } = block.header;
        let expected = match last {
            Some(last) if last.owner() == block.owner() => last.header.sequence + 1,
            _ => self.begin_thread(process, thread),
        };
        if let Some(thread) = self.threads.last_mut().filter(|_| thread != 0) {
            thread.dropped = thread.dropped.saturating_add(dropped);
        }
        let mismatch = block.verify(content).err().map(Damage::Unreadable);
        self.damage.extend(mismatch.map(|damage| (block.input, damage)));
        let mut records = Records::new(self, process, thread);
        let (readable, error) = if packed {
            (0, records.packed(content, unpacker).err())
        } else {
            let (readable, error) = records.all(content);
            let end = content.len();
            let is_cut = end < committed as usize;
            let cut = is_cut.then_some(format::Error::Truncated { offset: end as u64 });
            (readable, error.or(cut))
        };
        records.end_run();
        let unreadable = |error: format::Error| Damage::Unreadable(error.at(block.offset));
        self.damage.extend(error.map(|error| (block.input, unreadable(error))));
        if sequence > expected {
            let of = match self.threads.last() {
                _ if thread == 0 => format!("process {:?}", self.processes[process].name),
                Some(Met { name, .. }) if !name.is_empty() => format!("thread {name:?}"),
                _ => format!("thread {thread}"),
            };
            let missing = Damage::MissingBlocks { of, count: sequence - expected };
            self.damage.push((block.input, missing));
        }
        readable
    }

    /// A thread's blocks begin; gives the number of the first that is to be there.
    fn begin_thread(&mut self, process: usize, number: u32) -> u64 {
        if number == 0 {
            return 0;
        }
        let known = self.forgotten.remove(&(process, number));
        let Forgotten { os_id, sequence, name, outcome } = known.unwrap_or_default();
        self.threads.push(Met { process, number, os_id, name, ticks: None, dropped: 0, outcome });
        sequence
    }

    /// The index of a block's process.
    fn process(&mut self, block: &Block) -> usize {
        let number = block.process;
        match self.processes.last() {
            Some(process) if process.number == number => self.processes.len() - 1,
            // Blocks come in the order of their processes' numbers.
            _ => {
                self.processes.push(Process {
                    number,
                    recording: block.input,
                    pid: 0,
                    track: 0,
                    name: format!("process {number}"),
                    command: String::new(),
                    parent: 0,
                    host: String::new(),
                    wall_ns: 0,
                    clock: Clock::new(0, 0),
                    ended: None,
                    recorded_until: 0,
                    forgotten: false,
                });
                self.extent.push(None);
                self.processes.len() - 1
            }
        }
    }

    fn record(
        &mut self,
        process: usize,
        thread: u32,
        record: &Record<'_>,
        sites: &mut HashMap<u32, Index>,
    ) {
        let mut before = |side, endpoint, change| {
            if thread == 0 {
                self.before.push((process, side, endpoint, change));
            }
        };
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
                let known = &mut self.processes[process];
                (known.pid, known.parent, known.wall_ns) = (pid, parent, wall_ns);
                let file = executable.rsplit('/').next().unwrap_or_default();
                if !file.is_empty() {
                    known.name = readable(file).into_owned();
                }
                known.command = readable(arguments).into_owned();
                known.clock = Clock::new(ticks, monotonic_ns);
            }
            Event::ProcessEnded { monotonic_ns, code, signal } => {
                self.ended.push((process, monotonic_ns, code, signal));
                return;
            }
            Event::Clock { monotonic_ns } => {
                self.processes[process].clock.add(record.time, monotonic_ns)
            }
            Event::ThreadStarted { os_id, name } => {
                if let Some(thread) = self.threads.last_mut() {
                    thread.os_id = os_id;
                    thread.name = readable(name).into_owned();
                }
            }
            Event::Host { name } => {
                self.processes[process].host = readable(name).into_owned();
                return;
            }
            Event::Site { site, line, column, file } => {
                if let Some(place) = self.place(file, line, column) {
                    sites.insert(site, place);
                }
            }
            Event::ChannelCreated { sender, receiver, site, bound, message_type, name, .. } => {
                before(Side::Sender, sender, 1);
                before(Side::Receiver, receiver, 1);
                self.channels.push(Made {
                    process,
                    ends: [sender, receiver],
                    bound,
                    message_type: message_type.to_owned(),
                    name: name.to_owned(),
                    site: sites.get(&site).copied(),
                    ticks: record.time,
                });
            }
            Event::SenderCloned { sender, from, .. } => {
                before(Side::Sender, sender, 1);
                self.clones.push((process, sender, from));
            }
            Event::ReceiverCloned { receiver, from, .. } => {
                before(Side::Receiver, receiver, 1);
                self.clones.push((process, receiver, from));
            }
            Event::SenderDropped { endpoint } => before(Side::Sender, endpoint, -1),
            Event::ReceiverDropped { endpoint } => before(Side::Receiver, endpoint, -1),
            Event::TaskSpawned { task, name, .. } => {
                if !name.is_empty() {
                    self.task_names.insert((process, task), readable(name).into_owned());
                }
            }
            Event::Forgotten { thread, os_id, sequence, name } => {
                let known =
                    Forgotten { os_id, sequence, name: readable(name).into_owned(), outcome: None };
                self.forgotten.insert((process, thread), known);
                self.latest_forgotten = thread;
                // What this process has to show begins with what is not forgotten.
                self.extent[process] = None;
                self.processes[process].forgotten = true;
            }
            Event::Operation { kind: OperationKind::Spawn, endpoint, site, .. } => {
                let site = sites.get(&site).copied();
                self.spawns.push(Spawn { process, by: thread, thread: endpoint, site });
            }
            Event::Returned { panicked } => {
                let outcome = if panicked == 0 { Outcome::Returned } else { Outcome::Panicked };
                let key = (process, self.latest_forgotten);
                if thread != 0 {
                    let met = self.threads.last_mut();
                    met.into_iter().for_each(|met| met.outcome = Some(outcome));
                } else if let Some(known) = self.forgotten.get_mut(&key) {
                    known.outcome = Some(outcome);
                }
            }
            Event::Panicked { line, column, file, .. } => drop(self.place(file, line, column)),
            Event::PrimitiveSeen { primitive, kind, site, size, value_type } => {
                self.primitives.push(Seen {
                    process,
                    number: primitive,
                    kind,
                    site: sites.get(&site).copied(),
                    size,
                    value_type: value_type.to_owned(),
                    ticks: record.time,
                });
            }
            Event::PrimitiveNamed { primitive, name } => {
                self.primitive_names.insert((process, primitive), name.to_owned());
            }
            Event::EndpointNamed { endpoint, name } => {
                self.endpoint_names.insert((process, endpoint), readable(name).into_owned());
            }
            Event::Callsite { callsite, level: number, site, target, name } => {
                let made = Callsite {
                    process,
                    level: level(number),
                    site: sites.get(&site).copied(),
                    target: readable(target).into_owned(),
                    name: readable(name).into_owned(),
                };
                self.callsites.push((callsite, made));
            }
            Event::ThreadEnded {}
            | Event::SelectArm { .. }
            | Event::TaskResumed { .. }
            | Event::TaskSuspended { .. }
            | Event::TaskEnded { .. }
            | Event::ThreadsCounted { .. }
            | Event::ThreadObserved { .. }
            | Event::Executable { .. }
            | Event::Paused {}
            | Event::Resumed {}
            | Event::Value { .. }
            | Event::SpanEntered { .. }
            | Event::SpanExited { .. }
            | Event::Logged { .. }
            | Event::Operation { .. } => {}
        }
        // Of what was before there is only the process's start, if nothing is forgotten.
        if thread == 0 && !matches!(record.event, Event::ProcessStarted { .. }) {
            return;
        }
        self.seen(process, [record.time, record.time]);
    }

    /// The index of a place in the source.
    fn place(&mut self, file: &str, line: u32, column: u32) -> Option<Index> {
        let place = Site { file: file.to_owned(), line, column };
        if let Some(&index) = self.site_numbers.get(&place) {
            return Some(index);
        }
        let index = Index::new(self.sites.len())?;
        self.sites.push(place.clone());
        self.site_numbers.insert(place, index);
        Some(index)
    }

    /// Takes in the first and the last of some times in a thread of this process.
    fn seen(&mut self, process: usize, [first, last]: [u64; 2]) {
        // Ticks wrap around.
        let start = self.processes[process].clock.start();
        let order = |ticks: &u64| start.since(*ticks);
        if let Some(thread) = self.threads.last_mut().filter(|thread| thread.process == process) {
            thread.ticks = thread.ticks.into_iter().chain([first]).min_by_key(order);
        }
        let extent = &mut self.extent[process];
        let known = extent.unwrap_or((first, last));
        let first = [known.0, first].into_iter().min_by_key(order);
        *extent = first.zip([known.1, last].into_iter().max_by_key(order));
    }
}
