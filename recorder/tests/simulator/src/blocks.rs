//! Recordings as blocks of records, and what can be missing from them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use format::{BlockHeader, Event, FILE_HEADER_BYTES, OperationKind};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::truth::Truth;

/// A block in its text form.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// The process.
    pub process: u32,
    /// The thread, or 0 for records about the process.
    pub thread: u32,
    /// The position among the thread's blocks, from 0.
    pub sequence: u64,
    /// How many events the thread could not record.
    pub dropped: u64,
    /// The records, one a line.
    pub records: Vec<String>,
    /// When it was full, in nanoseconds of the monotonic clock.
    pub(crate) full: u64,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Block { process, thread, sequence, dropped, .. } = *self;
        let header = BlockHeader { process, thread, sequence, dropped, ..BlockHeader::default() };
        writeln!(f, "{}", format::text::block(&header))?;
        self.records.iter().try_for_each(|record| writeln!(f, "{record}"))
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

/// A recording of a program that ran in the simulator.
#[derive(Clone)]
pub struct Simulated {
    /// The blocks, those of a process and of a thread one after the other.
    pub blocks: Vec<Block>,
    /// Whether all threads have the same clock.
    pub clocks_agree: bool,
    /// Whether the recording has paused.
    pub paused: bool,
    /// The truth about the run. It is that of the recording if the recording has not paused and
    /// nothing was taken out of it.
    pub truth: Truth,
}

/// As the text form, which can be copied from a failed test to a named one.
impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Simulated { clocks_agree, paused, truth, .. } = self;
        writeln!(f, "clocks agree: {clocks_agree}, paused: {paused}")?;
        write!(f, "{}", self.text())?;
        truth.threads.iter().try_for_each(|thread| writeln!(f, "{thread:?}"))?;
        truth.channels.iter().try_for_each(|channel| writeln!(f, "{channel:?}"))?;
        truth.locks.iter().try_for_each(|lock| writeln!(f, "{lock:?}"))
    }
}

impl Simulated {
    /// The recording in its text form.
    pub fn text(&self) -> String {
        let mut text = format::text::heading() + "\n";
        for block in &self.blocks {
            write!(text, "{block}").expect("a string takes every text");
        }
        text
    }

    /// The recording.
    pub fn bytes(&self) -> Vec<u8> {
        format::text::parse(&self.text()).expect("the text is a recording's")
    }

    /// Takes out some of the blocks.
    fn lose_blocks(&mut self, lost: &[Index]) {
        for lost in lost {
            if !self.blocks.is_empty() {
                self.blocks.remove(lost.index(self.blocks.len()));
            }
        }
    }

    /// Takes out the last records of a block; the thread has counted them.
    fn drop_records(&mut self, block: Index, count: usize) {
        let recorded = self.blocks.iter_mut().filter(|block| block.thread != 0);
        let mut recorded: Vec<_> = recorded.collect();
        if recorded.is_empty() {
            return;
        }
        let block = block.index(recorded.len());
        let Block { records, dropped, .. } = &mut *recorded[block];
        // What a thread is and the places that it names it has always room for.
        let is_event =
            |record: &&String| !record.contains("ThreadStarted") && !record.contains(" Site ");
        let count = count.min(records.iter().filter(is_event).count());
        records.truncate(records.len() - count);
        *dropped += count as u64;
    }

    /// Leaves the newest blocks, and of those that were full before them what a flight recorder
    /// keeps: the names of everything that still exists. So many parts of 256 are forgotten.
    pub fn forget(&mut self, parts: u8) {
        let mut full: Vec<_> = self.blocks.iter().filter(|block| block.thread != 0).collect();
        full.sort_by_key(|block| (block.full, block.sequence));
        let count = full.len() * usize::from(parts) / 256;
        let oldest =
            full[..count].iter().map(|block| (block.process, block.thread, block.sequence));
        let oldest: BTreeSet<_> = oldest.collect();
        let mut known: BTreeMap<u32, Known> = BTreeMap::new();
        self.blocks.retain(|block| {
            let forgotten = oldest.contains(&(block.process, block.thread, block.sequence));
            if forgotten {
                known.entry(block.process).or_default().take_in(block);
            }
            !forgotten
        });
        // The recorder adds this to the records about the process.
        for (process, known) in known {
            let about = |block: &Block| block.process == process && block.thread == 0;
            let place = self.blocks.iter().rposition(about).map_or(0, |last| last + 1);
            let sequence = self.blocks.iter().filter(|block| about(block)).count() as u64;
            let records = known.records();
            let block = Block { process, thread: 0, sequence, dropped: 0, records, full: 0 };
            self.blocks.insert(place, block);
        }
    }
}

/// What is still known of a process from blocks that are forgotten, as `recorder` writes it.
#[derive(Debug, Default)]
struct Known {
    /// By number: their first record, and the number of the first block that is left.
    threads: BTreeMap<u32, (String, u64)>,
    /// How the functions of threads have ended, in records.
    returned: BTreeMap<u32, String>,
    /// Threads that were spawned and have not ended.
    spawned: BTreeSet<u32>,
    ended: BTreeSet<u32>,
    /// Channels by number: the record, clones, and endpoints that are alive.
    channels: BTreeMap<u32, (String, Vec<String>, BTreeSet<u32>)>,
    /// The channel of each endpoint.
    endpoints: BTreeMap<u32, u32>,
    dropped: BTreeMap<u32, Vec<u32>>,
    /// Records about primitives and callsites.
    others: Vec<String>,
    /// When the last of the records was.
    until: u64,
}

impl Known {
    fn take_in(&mut self, block: &Block) {
        let text = format!("{}\n{block}", format::text::heading());
        let bytes = format::text::parse(&text).expect("the text is a recording's");
        let mut bytes = &bytes[FILE_HEADER_BYTES + BlockHeader::BYTES..];
        let thread = block.thread;
        self.threads.entry(thread).or_default().1 = block.sequence + 1;
        // Behind the last record there may be padding.
        for line in &block.records {
            let time = line.split(' ').next().and_then(|time| time.parse().ok());
            self.until = self.until.max(time.expect("a record begins with its time"));
            let record = format::decode(bytes).expect("a record follows");
            bytes = &bytes[record.length..];
            self.record(thread, line, &record.event);
        }
    }

    fn record(&mut self, thread: u32, line: &str, event: &Event<'_>) {
        match *event {
            Event::ThreadStarted { os_id, name } => {
                let names = format!("os_id={os_id} name=\"{name}\"");
                self.threads.entry(thread).or_default().0 = names;
            }
            Event::Returned { panicked } => {
                self.returned.insert(thread, format!("0 Returned panicked={panicked}"));
            }
            Event::ThreadEnded {} => {
                self.threads.remove(&thread);
                if !self.spawned.remove(&thread) {
                    self.ended.insert(thread);
                }
            }
            Event::Operation { kind: OperationKind::Spawn, endpoint, .. } => {
                let has_ended = self.ended.remove(&endpoint);
                self.spawned.extend((!has_ended).then_some(endpoint));
            }
            Event::ChannelCreated { channel, sender, receiver, .. } => {
                let alive = BTreeSet::from([sender, receiver]);
                self.channels.insert(channel, (unplaced(line), Vec::new(), alive));
                self.endpoints.extend([(sender, channel), (receiver, channel)]);
            }
            Event::SenderCloned { sender, from, .. } => {
                if let Some(&channel) = self.endpoints.get(&from)
                    && let Some((_, clones, alive)) = self.channels.get_mut(&channel)
                {
                    clones.push(unplaced(line));
                    alive.insert(sender);
                    self.endpoints.insert(sender, channel);
                }
            }
            Event::SenderDropped { endpoint } | Event::ReceiverDropped { endpoint } => {
                if let Some(&channel) = self.endpoints.get(&endpoint)
                    && let Some((_, _, alive)) = self.channels.get_mut(&channel)
                {
                    alive.remove(&endpoint);
                    if matches!(event, Event::SenderDropped { .. }) {
                        self.dropped.entry(channel).or_default().push(endpoint);
                    }
                    if alive.is_empty() {
                        self.channels.remove(&channel);
                    }
                }
            }
            Event::PrimitiveSeen { .. }
            | Event::PrimitiveNamed { .. }
            | Event::EndpointNamed { .. }
            | Event::Callsite { .. } => {
                let (_, event) = line.split_once(' ').expect("a time stands before the event");
                self.others.push(unplaced(&format!("0 {event}")));
            }
            _ => {}
        }
    }

    fn records(&self) -> Vec<String> {
        let mut records = Vec::new();
        let until = self.until;
        if self.threads.is_empty() {
            records.push(format!("{until} Forgotten thread=0 sequence=0 os_id=0 name=\"\""));
        }
        for (thread, (names, sequence)) in &self.threads {
            let names = if names.is_empty() { "os_id=0 name=\"\"" } else { names };
            records.push(format!("{until} Forgotten thread={thread} sequence={sequence} {names}"));
            records.extend(self.returned.get(thread).cloned());
        }
        for thread in &self.spawned {
            records.push(format!("0 Spawn endpoint={thread} site=0 detail=0"));
        }
        for (channel, (made, clones, _)) in &self.channels {
            records.push(made.clone());
            records.extend(clones.iter().cloned());
            for dropped in self.dropped.get(channel).into_iter().flatten() {
                let time = made.split(' ').next().unwrap_or("0");
                records.push(format!("{time} SenderDropped endpoint={dropped}"));
            }
        }
        records.extend(self.others.iter().cloned());
        records
    }
}

/// A record without its place, which is known by a number of its block.
fn unplaced(record: &str) -> String {
    let Some(place) = record.find(" site=") else { return record.to_owned() };
    let rest = &record[place + 6..];
    let after = rest.find(' ').unwrap_or(rest.len());
    format!("{} site=0{}", &record[..place], &rest[after..])
}

/// The same recordings without one to three of their blocks.
pub fn with_gaps(programs: impl Strategy<Value = Simulated>) -> impl Strategy<Value = Simulated> {
    (programs, prop::collection::vec(any::<Index>(), 1..4)).prop_map(|(mut simulated, lost)| {
        simulated.lose_blocks(&lost);
        simulated
    })
}

/// The same recordings without the last records of some blocks, for which there was no room.
pub fn with_dropped_records(
    programs: impl Strategy<Value = Simulated>,
) -> impl Strategy<Value = Simulated> {
    let dropped = prop::collection::vec((any::<Index>(), 1..6usize), 1..4);
    (programs, dropped).prop_map(|(mut simulated, dropped)| {
        dropped.iter().for_each(|&(block, count)| simulated.drop_records(block, count));
        simulated
    })
}

/// The same recordings as a flight recorder keeps them.
pub fn as_flight_recordings(
    programs: impl Strategy<Value = Simulated>,
) -> impl Strategy<Value = Simulated> {
    (programs, any::<u8>()).prop_map(|(mut simulated, parts)| {
        simulated.forget(parts);
        simulated
    })
}
