//! The flight recorder: the newest blocks, in memory, and the facts in evicted blocks that later
//! blocks refer to.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use format::BlockHeader;
use format::packed::Packer;

use super::process_file::sort_by_age;
use super::recording_writer::RecordingWriter;

mod evicted;
mod facts_writer;
#[cfg(test)]
mod tests;

use evicted::Evicted;

/// The newest blocks of a run.
#[derive(Debug, Default)]
pub(super) struct FlightRecorder {
    /// Blocks that arrived earlier than this are evicted.
    max_age: Duration,
    /// The oldest blocks are evicted while there are more bytes than this.
    max_bytes: u64,
    /// Blocks with their headers in the order in which they are evicted: that in which they
    /// arrived, but each block after all before it of its thread.
    blocks: BTreeMap<(Instant, BlockId), Vec<u8>>,
    /// When each block arrived, or the next block of its thread if that arrived earlier.
    arrivals: BTreeMap<BlockId, Instant>,
    /// Observations of processes, with the time and the number of the process, in the order of
    /// time. The last one of each process is in `last_observations`.
    observations: VecDeque<(Instant, u32, Vec<u8>)>,
    /// By the number of the process. They are not evicted.
    last_observations: BTreeMap<u32, (Instant, Vec<u8>)>,
    /// The size of all blocks and observations.
    bytes: u64,
    packer: Packer,
    evicted: Evicted,
}

/// The process, thread and sequence number of a block.
type BlockId = (u32, u32, u64);

impl FlightRecorder {
    /// A recorder that keeps the newest blocks, up to this age and this size.
    pub(super) fn new(max_age: Duration, max_bytes: u64) -> Self {
        FlightRecorder { max_age, max_bytes, ..FlightRecorder::default() }
    }

    /// Adds a block, and evicts old ones.
    pub(super) fn add(&mut self, header: &BlockHeader, records: &[u8]) {
        if self.evicted.has_later(header) {
            self.evicted.add(header, records);
            return;
        }
        let BlockHeader { process, thread, sequence, .. } = *header;
        let id = (process, thread, sequence);
        if self.arrivals.contains_key(&id) {
            // The thread has written the block itself, after it was read.
            return;
        }
        // A block that its thread had to write itself arrives after newer ones.
        let newer = self.arrivals.range(id..=(process, thread, u64::MAX)).next();
        let arrival = newer.map_or_else(Instant::now, |(_, arrival)| *arrival);
        self.arrivals.insert(id, arrival);
        let mut block = Vec::new();
        self.packer.block(header, records, &mut block);
        block.shrink_to_fit();
        self.bytes += block.len() as u64;
        self.blocks.insert((arrival, id), block);
        self.evict();
    }

    /// Adds the records of an observation of a process.
    pub(super) fn add_observation(&mut self, process: u32, records: Vec<u8>) {
        self.bytes += records.len() as u64;
        let last = self.last_observations.insert(process, (Instant::now(), records));
        self.observations.extend(last.map(|(time, records)| (time, process, records)));
        self.evict();
    }

    /// Evicts the oldest blocks and observations: those above the maximum age or size.
    pub(super) fn evict(&mut self) {
        let (max_bytes, max_age) = (self.max_bytes, self.max_age);
        let must_go = |time: Instant, bytes: u64| bytes > max_bytes || time.elapsed() > max_age;
        loop {
            let observation = self.observations.front().map(|(time, ..)| *time);
            let block = self.blocks.first_entry();
            let block = block.filter(|it| observation.is_none_or(|time| it.key().0 <= time));
            if let Some(oldest) = block {
                if !must_go(oldest.key().0, self.bytes) {
                    break;
                }
                let ((_, id), block) = oldest.remove_entry();
                self.arrivals.remove(&id);
                self.bytes -= block.len() as u64;
                self.evicted.add_block(&block);
            } else {
                let bytes = self.bytes;
                let oldest = self.observations.pop_front_if(|(time, ..)| must_go(*time, bytes));
                let Some((.., records)) = oldest else { break };
                self.bytes -= records.len() as u64;
            }
        }
    }

    /// Writes a recording of all blocks, followed by those in `rest`, which are newer.
    pub(super) fn write(&self, rest: &[Vec<u8>], writer: &mut RecordingWriter) -> io::Result<()> {
        let mut evicted = self.evicted.clone();
        let mut rest: Vec<_> = rest.iter().collect();
        sort_by_age(&mut rest, |block| header(block));
        let mut blocks = self.blocks.values().chain(rest.iter().copied()).peekable();
        let mut bytes = self.bytes + rest.iter().map(|block| block.len() as u64).sum::<u64>();
        while bytes > self.max_bytes
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
        let last = self.last_observations.iter();
        let last = last.map(|(&process, (_, records))| (process, records));
        let earlier = self.observations.iter().map(|(_, process, records)| (*process, records));
        for (process, records) in earlier.chain(last) {
            writer.add_process_block(process, records);
        }
        for block in kept {
            writer.add_packed(block)?;
        }
        Ok(())
    }
}

/// The header of a stored block.
fn header(block: &[u8]) -> BlockHeader {
    let header = block.first_chunk();
    header.and_then(|header| BlockHeader::decode(header).ok().flatten()).unwrap_or_default()
}
