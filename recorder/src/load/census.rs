//! The first pass over a recording: who and what is in it, and whether it can be read.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use format::{Event, OperationKind, Record, UNBOUNDED, default_label};

use super::{Block, Damage, Recording, Records};
use crate::clock::{Clock, LATEST};
use crate::entities::{Channel, Ended, Entities, Process, Site, Thread, distinguish, unique};
use crate::indices::Indices;

/// What the entities are made of, as it is met.
pub(super) struct Census {
    damage: Vec<Damage>,
    processes: Vec<Process>,
    threads: Vec<Met>,
    channels: Vec<Made>,
    /// Process, clone, original.
    clones: Vec<(usize, u32, u32)>,
    sites: Vec<Site>,
    site_numbers: HashMap<Site, usize>,
    /// Process, nanoseconds, code, signal.
    ended: Vec<(usize, u64, u32, u32)>,
    /// By process: the ticks of the first and of the last event.
    extent: Vec<Option<(u64, u64)>>,
    /// What is known of threads whose first blocks a flight recorder has forgotten, by
    /// process and number.
    forgotten: HashMap<(usize, u32), Forgotten>,
    /// Changes in the number of senders that happened before: process, endpoint, by how much.
    before: Vec<(usize, u32, i64)>,
}

struct Forgotten {
    os_id: u64,
    sequence: u64,
    name: String,
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
}

/// A channel, as its event tells it.
struct Made {
    process: usize,
    ends: [u32; 2],
    bound: u64,
    message_type: String,
    name: String,
    site: Option<usize>,
    ticks: u64,
}

impl Census {
    pub(super) fn take(recording: &mut Recording) -> Result<()> {
        let mut census = Census {
            damage: Vec::new(),
            processes: Vec::new(),
            threads: Vec::new(),
            channels: Vec::new(),
            clones: Vec::new(),
            sites: Vec::new(),
            site_numbers: HashMap::new(),
            ended: Vec::new(),
            extent: Vec::new(),
            forgotten: HashMap::new(),
            before: Vec::new(),
        };
        let mut last: Option<Block> = None;
        let mut records = Records::default();
        for index in 0..recording.blocks.len() {
            let block = recording.blocks[index];
            let cut = recording.read_all(&block, &mut records)?;
            let readable = census.block(&block, &records.bytes, cut, last.as_ref());
            recording.blocks[index].readable = readable;
            last = Some(block);
        }
        census.finish(recording);
        Ok(())
    }

    /// Takes in a block; gives how many of its bytes can be read.
    fn block(
        &mut self,
        block: &Block,
        bytes: &[u8],
        cut: Option<format::Error>,
        last: Option<&Block>,
    ) -> usize {
        let process = self.process(block.process);
        let expected = match last {
            Some(last) if (last.process, last.thread) == (block.process, block.thread) => {
                last.sequence + 1
            }
            _ => self.begin_thread(process, block.thread),
        };
        if let Some(thread) = self.threads.last_mut().filter(|_| block.thread != 0) {
            thread.dropped = thread.dropped.saturating_add(block.dropped);
        }
        let mut sites = HashMap::new();
        let mut at = 0;
        let mut error = cut;
        while at < bytes.len() {
            at += self.operations(process, block.thread, &bytes[at..]);
            if at == bytes.len() {
                break;
            }
            match format::decode(&bytes[at..]) {
                Ok(record) => {
                    self.record(process, block.thread, &record, &mut sites);
                    at += record.length;
                }
                Err(found) => {
                    // In a packed block a record has no place of its own.
                    let place = if block.packed { 0 } else { at as u64 };
                    error = Some(found.at(block.offset + place));
                    break;
                }
            }
        }
        self.damage.extend(error.map(Damage::Unreadable));
        if block.sequence > expected {
            let of = match self.threads.last() {
                _ if block.thread == 0 => format!("process {:?}", self.processes[process].name),
                Some(Met { name, .. }) if !name.is_empty() => format!("thread {name:?}"),
                _ => format!("thread {}", block.thread),
            };
            self.damage.push(Damage::MissingBlocks { of, count: block.sequence - expected });
        }
        at
    }

    /// Takes in the operations that stand here, one after the other; gives how long they are.
    fn operations(&mut self, process: usize, thread: u32, bytes: &[u8]) -> usize {
        let clock = &self.processes[process].clock;
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        let mut count = 0;
        for record in bytes.as_chunks::<24>().0 {
            if OperationKind::from_code(record[0]).is_none() {
                break;
            }
            let ticks = clock.since_start(u64::from_le_bytes(record.as_chunks().0[0]) >> 8);
            (first, last) = (first.min(ticks), last.max(ticks));
            count += 1;
        }
        if count > 0 && thread != 0 {
            let seen = [first, last].map(|since| clock.at(since));
            self.seen(process, seen);
        }
        24 * count
    }

    /// A thread's blocks begin; gives the number of the first that is to be there.
    fn begin_thread(&mut self, process: usize, number: u32) -> u64 {
        if number == 0 {
            return 0;
        }
        let known = self.forgotten.remove(&(process, number));
        let Forgotten { os_id, sequence, name } =
            known.unwrap_or(Forgotten { os_id: 0, sequence: 0, name: String::new() });
        self.threads.push(Met { process, number, os_id, name, ticks: None, dropped: 0 });
        sequence
    }

    /// The index of the process with this number.
    fn process(&mut self, number: u32) -> usize {
        match self.processes.last() {
            Some(process) if process.number == number => self.processes.len() - 1,
            // Blocks come in the order of their processes' numbers.
            _ => {
                self.processes.push(Process {
                    number,
                    pid: 0,
                    track: 0,
                    name: format!("process {number}"),
                    command: String::new(),
                    clock: Clock::new(0, 0),
                    ended: None,
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
        sites: &mut HashMap<u32, usize>,
    ) {
        let mut before = |endpoint, change| {
            if thread == 0 {
                self.before.push((process, endpoint, change));
            }
        };
        match record.event {
            Event::ProcessStarted { pid, ticks, monotonic_ns, executable, arguments, .. } => {
                let known = &mut self.processes[process];
                known.pid = pid;
                let file = executable.rsplit('/').next().unwrap_or_default();
                if !file.is_empty() {
                    known.name = file.to_owned();
                }
                known.command = arguments.to_owned();
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
                    thread.name = name.to_owned();
                }
            }
            Event::Site { site, line, column, file } => {
                let place = Site { file: file.to_owned(), line, column };
                let number = *self.site_numbers.entry(place).or_insert_with_key(|place| {
                    self.sites.push(place.clone());
                    self.sites.len() - 1
                });
                sites.insert(site, number);
            }
            Event::ChannelCreated { sender, receiver, site, bound, message_type, name, .. } => {
                before(sender, 1);
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
                before(sender, 1);
                self.clones.push((process, sender, from));
            }
            Event::SenderDropped { endpoint } => before(endpoint, -1),
            Event::Forgotten { thread, os_id, sequence, name } => {
                let known = Forgotten { os_id, sequence, name: name.to_owned() };
                self.forgotten.insert((process, thread), known);
                // What this process has to show begins with what is not forgotten.
                self.extent[process] = None;
            }
            _ => {}
        }
        // Of what was before there is only the process's start, if nothing is forgotten.
        if thread == 0 && !matches!(record.event, Event::ProcessStarted { .. }) {
            return;
        }
        self.seen(process, [record.time, record.time]);
    }

    /// Takes in the first and the last of some times in a thread of this process.
    fn seen(&mut self, process: usize, [first, last]: [u64; 2]) {
        // Ticks wrap around.
        let clock = &self.processes[process].clock;
        let order = |ticks: &u64| clock.since_start(*ticks);
        if let Some(thread) = self.threads.last_mut().filter(|thread| thread.process == process) {
            thread.ticks = thread.ticks.into_iter().chain([first]).min_by_key(order);
        }
        let extent = &mut self.extent[process];
        let known = extent.unwrap_or((first, last));
        let first = [known.0, first].into_iter().min_by_key(order);
        *extent = first.zip([known.1, last].into_iter().max_by_key(order));
    }

    fn finish(mut self, recording: &mut Recording) {
        for process in &mut self.processes {
            process.clock.settle();
        }
        let clocks: Vec<_> = self.processes.iter().map(|process| process.clock.clone()).collect();
        let seen = || {
            self.extent
                .iter()
                .enumerate()
                .filter_map(|(process, extent)| Some((process, (*extent)?)))
        };
        let origin = seen()
            .map(|(process, extent)| clocks[process].nanoseconds(extent.0))
            .min()
            .unwrap_or(0);
        let time =
            |process: usize, ticks| clocks[process].nanoseconds(ticks).saturating_sub(origin);
        let mut end = seen().map(|(process, extent)| time(process, extent.1)).max().unwrap_or(0);
        for (process, monotonic_ns, code, signal) in self.ended {
            let at = monotonic_ns.min(LATEST).saturating_sub(origin);
            end = end.max(at);
            self.processes[process].ended = Some(Ended { time: at, code, signal });
        }
        let mut pids = HashSet::new();
        for process in &mut self.processes {
            process.track = unique(track(process.pid.into(), process.number), &mut pids);
        }

        self.threads.sort_by_cached_key(|&Met { process, number, ticks, .. }| {
            (ticks.map_or(LATEST, |ticks| time(process, ticks)), process, number)
        });
        let mut ids = vec![HashSet::new(); self.processes.len()];
        let mut numbers = vec![Indices::default(); self.processes.len()];
        for (index, thread) in self.threads.iter().enumerate() {
            numbers[thread.process].insert(thread.number, index);
        }
        let threads = self.threads.into_iter().map(
            |Met { process, number, os_id, name, dropped, .. }| Thread {
                process,
                number,
                os_id,
                dropped,
                track: unique(track(os_id, number), &mut ids[process]),
                name: if name.is_empty() { format!("thread {number}") } else { name },
            },
        );

        self.channels
            .sort_by_cached_key(|made| (time(made.process, made.ticks), made.process, made.ends));
        let mut labels = vec![HashMap::new(); self.processes.len()];
        let mut endpoints = vec![Indices::default(); self.processes.len()];
        let channels = self.channels.into_iter().enumerate().map(|(index, made)| {
            for endpoint in made.ends {
                endpoints[made.process].insert(endpoint, index);
            }
            let label = if made.name.is_empty() {
                let site = made.site.map(|site| &self.sites[site]);
                default_label(&made.message_type, site.map(|site| (&*site.file, site.line)))
            } else {
                made.name
            };
            Channel {
                process: made.process,
                label: distinguish(&label, &mut labels[made.process]),
                message_type: made.message_type,
                bound: (made.bound != UNBOUNDED).then_some(made.bound),
                site: made.site,
                senders_before: 0,
            }
        });
        let mut channels: Vec<_> = channels.collect();
        // A clone's number is greater than that of what was cloned.
        self.clones.sort_unstable();
        for (process, clone, original) in self.clones {
            if let Some(channel) = endpoints[process].get(original) {
                endpoints[process].insert(clone, channel);
            }
        }
        for (process, endpoint, change) in self.before {
            if let Some(channel) = endpoints[process].get(endpoint) {
                let senders: &mut u64 = &mut channels[channel].senders_before;
                *senders = senders.saturating_add_signed(change);
            }
        }
        recording.damage.extend(self.damage);
        recording.origin = origin;
        recording.site_numbers = self.site_numbers;
        recording.entities = Entities {
            threads: threads.collect(),
            processes: self.processes,
            channels,
            sites: self.sites,
            endpoints,
            numbers,
            end,
        };
    }
}

/// The operating system's number, or one that takes its place where it is not known.
fn track(os_id: u64, number: u32) -> u64 {
    /// Above every number that Linux gives to a thread.
    const STAND_IN: u64 = 1 << 22;
    if os_id == 0 { STAND_IN + u64::from(number) } else { os_id }
}
