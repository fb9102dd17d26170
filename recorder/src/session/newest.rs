//! What a flight recorder has: the newest blocks, in memory, and of those that it has
//! forgotten no more than the names of what is still there.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Instant;

use format::packed::Packer;
use format::{BlockHeader, Event, MAX_RECORD};

use super::Keep;
use super::log::Log;

/// The newest blocks.
#[derive(Debug)]
pub(super) struct Newest {
    keep: Keep,
    blocks: VecDeque<Kept>,
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
}

#[derive(Clone, Debug, Default)]
struct Thread {
    os_id: u64,
    name: String,
    /// Its first block that is not forgotten.
    sequence: u64,
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
        Newest { keep, blocks: VecDeque::new(), bytes: 0, packer, processes: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, header: &BlockHeader, records: &[u8]) {
        let mut block = Vec::new();
        self.packer.block(header, records, &mut block);
        block.shrink_to_fit();
        self.bytes += block.len() as u64;
        self.blocks.push_back(Kept { since: Instant::now(), block });
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
        let mut blocks = self.blocks.iter().map(|kept| &kept.block);
        let mut bytes = self.bytes + rest.iter().map(|block| block.len() as u64).sum::<u64>();
        while let Keep::LastBytes(most) = self.keep
            && bytes > most
            && let Some(block) = blocks.next()
        {
            bytes -= block.len() as u64;
            forget(block, &mut processes);
        }
        // A block that its thread had to write itself comes later than those after it. If one
        // of these is forgotten, so is it.
        let mut kept = Vec::new();
        for block in blocks.chain(rest) {
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

/// Whether a later block of its thread is forgotten.
fn is_forgotten(block: &[u8], processes: &BTreeMap<u32, Forgotten>) -> bool {
    let header = block.first_chunk().and_then(|header| BlockHeader::decode(header).ok().flatten());
    header.is_some_and(|header| {
        let thread = processes.get(&header.process).and_then(|of| of.threads.get(&header.thread));
        thread.is_some_and(|thread| header.sequence < thread.sequence)
    })
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
                Event::ThreadEnded {} => drop(self.threads.remove(&header.thread)),
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

    /// Forgets the channel of this endpoint, if it was the last.
    fn dropped(&mut self, endpoint: u32) {
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
        for (&thread, Thread { os_id, name, sequence }) in &self.threads {
            let (os_id, sequence) = (*os_id, *sequence);
            block.push(0, &Event::Forgotten { thread, os_id, sequence, name });
            block.end_if_full(process, log);
        }
        for (&channel, made) in &self.channels {
            let Channel { sender, receiver, bound, .. } = *made;
            let site = made.site.as_ref().map_or(0, |Site { line, column, file }| {
                block.sites += 1;
                let site = block.sites;
                block.push(made.time, &Event::Site { site, line: *line, column: *column, file });
                site
            });
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
        block.end(process, log);
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
