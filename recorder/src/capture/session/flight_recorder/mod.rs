//! The flight recorder: the newest blocks, in memory, and the facts in evicted blocks that later
//! blocks refer to.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Bound;
use std::time::Instant;

use format::BlockHeader;
use format::packed::Packer;

use super::Retention;
use super::process_file::sort_by_age;
use super::recording_writer::RecordingWriter;

mod evicted;
mod facts_writer;
#[cfg(test)]
mod tests;

use evicted::Evicted;

/// The newest blocks of a run.
#[derive(Debug)]
pub(super) struct FlightRecorder {
    retention: Retention,
    blocks: BTreeMap<Age, RecentBlock>,
    /// By process and thread: the ages of its blocks, by their sequence numbers.
    threads: HashMap<(u32, u32), BTreeMap<u64, Age>>,
    /// The number of blocks that have arrived.
    arrived: u64,
    /// The size of all blocks.
    bytes: u64,
    packer: Packer,
    evicted: Evicted,
}

/// The order in which blocks are evicted: that in which they arrived, but each block after all
/// before it of its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Age {
    /// The number of blocks that had arrived with it, or with the next block of its thread if that
    /// arrived earlier.
    arrived: u64,
    process: u32,
    thread: u32,
    sequence: u64,
}

#[derive(Debug)]
struct RecentBlock {
    since: Instant,
    /// With its header; packed, if that makes it smaller.
    block: Vec<u8>,
}

impl FlightRecorder {
    pub(super) fn new(retention: Retention) -> Self {
        FlightRecorder {
            retention,
            blocks: BTreeMap::new(),
            threads: HashMap::new(),
            arrived: 0,
            bytes: 0,
            packer: Packer::new(),
            evicted: Evicted::default(),
        }
    }

    /// Adds a block, and evicts old ones.
    pub(super) fn add(&mut self, header: &BlockHeader, records: &[u8]) {
        if self.evicted.has_later(header) {
            self.evicted.add(header, records);
            return;
        }
        let BlockHeader { process, thread, sequence, .. } = *header;
        let siblings = self.threads.entry((process, thread)).or_default();
        if siblings.contains_key(&sequence) {
            // The thread has written the block itself, after it was read.
            return;
        }
        self.arrived += 1;
        // A block that its thread had to write itself arrives after newer ones.
        let newer = siblings.range((Bound::Excluded(sequence), Bound::Unbounded)).next();
        let newer = newer.and_then(|(_, age)| Some((age.arrived, self.blocks.get(age)?.since)));
        let (arrived, since) = newer.unwrap_or_else(|| (self.arrived, Instant::now()));
        let age = Age { arrived, process, thread, sequence };
        siblings.insert(sequence, age);
        let mut block = Vec::new();
        self.packer.block(header, records, &mut block);
        block.shrink_to_fit();
        self.bytes += block.len() as u64;
        self.blocks.insert(age, RecentBlock { since, block });
        self.evict();
    }

    /// Evicts the oldest blocks, as far as the retention requires.
    pub(super) fn evict(&mut self) {
        while let Some(oldest) = self.blocks.first_entry() {
            let is_too_old = match self.retention {
                Retention::LastFor(duration) => oldest.get().since.elapsed() > duration,
                Retention::LastBytes(bytes) => self.bytes > bytes,
                Retention::All | Retention::UpTo(_) => false,
            };
            if !is_too_old {
                return;
            }
            let (Age { process, thread, sequence, .. }, RecentBlock { block, .. }) =
                oldest.remove_entry();
            self.bytes -= block.len() as u64;
            if let Some(siblings) = self.threads.get_mut(&(process, thread)) {
                siblings.remove(&sequence);
                if siblings.is_empty() {
                    self.threads.remove(&(process, thread));
                }
            }
            self.evicted.add_block(&block);
        }
    }

    /// Writes a recording of all blocks, followed by those in `rest`, which are newer.
    pub(super) fn write(&self, rest: &[Vec<u8>], writer: &mut RecordingWriter) -> io::Result<()> {
        let mut evicted = self.evicted.clone();
        let recent = self.blocks.values().map(|recent| &recent.block);
        let mut rest: Vec<_> = rest.iter().collect();
        sort_by_age(&mut rest, |block| header(block));
        let mut blocks = recent.chain(rest.iter().copied()).peekable();
        let mut bytes = self.bytes + rest.iter().map(|block| block.len() as u64).sum::<u64>();
        while let Retention::LastBytes(max) = self.retention
            && bytes > max
            // Blocks about a process are never evicted.
            && let Some(block) = blocks.next_if(|block| header(block).thread != 0)
        {
            bytes -= block.len() as u64;
            evicted.add_block(block);
        }
        // A block that its thread had to write itself follows newer ones; if one of these was
        // evicted, it must be evicted too.
        let mut kept = Vec::new();
        for block in blocks {
            if evicted.has_later(&header(block)) {
                evicted.add_block(block);
            } else {
                kept.push(block);
            }
        }
        let owners = kept.iter().map(|block| header(block)).map(|it| (it.process, it.thread));
        evicted.write(&owners.collect(), writer);
        for block in kept {
            writer.add_packed(block);
            writer.flush_if_full()?;
        }
        Ok(())
    }
}

/// The header of a stored block.
fn header(block: &[u8]) -> BlockHeader {
    let header = block.first_chunk();
    header.and_then(|header| BlockHeader::decode(header).ok().flatten()).unwrap_or_default()
}
