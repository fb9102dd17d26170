//! The file that one process records into, and the blocks in it.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::iter;
use std::os::unix::fs::FileExt;

use format::{
    ALIGNMENT, BlockHeader, COPY, Event, FILE_HEADER_BYTES, MAX_RECORD, sealed_ring, word,
};
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;

use super::Store;
use crate::capture::Result;
use crate::reading::read_at;

/// The file that one process records into.
#[derive(Debug)]
pub(super) struct ProcessFile {
    file: File,
    /// The process ID, once the file has its head.
    pub(super) pid: Option<u32>,
    /// The path of the executable, or empty.
    pub(super) executable: String,
    /// When the process started to record by the wall clock, in nanoseconds since 1970, or 0.
    pub(super) wall_ns: u64,
    /// The same by the monotonic clock.
    pub(super) monotonic_ns: u64,
    /// The number of slots of the ring of sealed blocks that were read so far.
    slots_read: u64,
}

impl ProcessFile {
    pub(super) fn new(file: File) -> Self {
        let executable = String::new();
        ProcessFile { file, pid: None, executable, wall_ns: 0, monotonic_ns: 0, slots_read: 0 }
    }

    /// Reads the process ID, if the file has its head already.
    pub(super) fn identify(&mut self) -> Result<()> {
        let mut head = [0; FILE_HEADER_BYTES + BlockHeader::BYTES + MAX_RECORD];
        if self.pid.is_some()
            || read_at(&self.file, &mut head, 0)? < head.len()
            || format::check_file_header(&head).is_err()
        {
            return Ok(());
        }
        let record = format::decode(&head[FILE_HEADER_BYTES + BlockHeader::BYTES..])?;
        if let Event::ProcessStarted { pid, wall_ns, monotonic_ns, executable, .. } = record.event {
            (self.pid, self.wall_ns, self.monotonic_ns) = (Some(pid), wall_ns, monotonic_ns);
            executable.clone_into(&mut self.executable);
        }
        Ok(())
    }

    /// Moves the full blocks to `store`, the oldest first. Returns the number of blocks.
    pub(super) fn drain(&mut self, store: &mut Store) -> io::Result<usize> {
        let (mut drained, mut records) = (Vec::new(), Vec::new());
        for at in self.sealed_blocks()? {
            if let Some(header) = self.read_full(at, &mut records)? {
                store.add(&header, &records)?;
                drained.push((at, header));
            }
        }
        // The process may overwrite the blocks only once they are safe.
        store.flush()?;
        drained.iter().try_for_each(|(at, header)| self.release(*at, header))?;
        Ok(drained.len())
    }

    /// The offsets of the blocks that were sealed since the last call, the oldest first.
    fn sealed_blocks(&mut self) -> io::Result<Vec<u64>> {
        let Some(sealed) = word_at(&self.file, sealed_ring::COUNT)? else { return Ok(Vec::new()) };
        if sealed.saturating_sub(self.slots_read) > sealed_ring::SLOT_COUNT {
            // Slots were overwritten before they were read: look at every block.
            self.slots_read = sealed;
            let mut blocks: Vec<_> = self.blocks().collect::<io::Result<_>>()?;
            blocks.retain(|(_, header)| header.is_full());
            sort_by_age(&mut blocks, |(_, header)| *header);
            return Ok(blocks.into_iter().map(|(at, _)| at).collect());
        }
        let mut offsets = Vec::new();
        while self.slots_read < sealed {
            let slot =
                word_at(&self.file, sealed_ring::slot_word(self.slots_read))?.unwrap_or_default();
            let Some(at) = sealed_ring::decode_slot(slot, self.slots_read) else { break };
            self.slots_read += 1;
            offsets.push(at);
        }
        Ok(offsets)
    }

    fn read_full(&self, at: u64, records: &mut Vec<u8>) -> io::Result<Option<BlockHeader>> {
        let full =
            || -> io::Result<_> { Ok(header_at(&self.file, at)?.filter(BlockHeader::is_full)) };
        let Some(first) = full()? else { return Ok(None) };
        // The words of a header may be read at different instants, but those of a full block no
        // longer change: if the second header is of the same block, its words belong together.
        match full()? {
            Some(header) if header.generation == first.generation => self.read(at, header, records),
            _ => Ok(None),
        }
    }

    /// Lets the process reuse the space of a block.
    fn release(&self, at: u64, header: &BlockHeader) -> io::Result<()> {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        if header.generation == COPY
            && fallocate(&self.file, flags, at, header.stride.into()).is_ok()
        {
            return Ok(());
        }
        let word = at + (word::DRAINED * size_of::<u64>()) as u64;
        self.file.write_all_at(&header.generation.to_le_bytes(), word)
    }

    /// A hash that changes when more is recorded.
    pub(super) fn fingerprint(&self) -> io::Result<u64> {
        let mut hasher = DefaultHasher::new();
        for block in self.blocks() {
            let (at, header) = block?;
            (at, header.generation, header.committed).hash(&mut hasher);
        }
        Ok(hasher.finish())
    }

    /// The header and records of each block that was not moved, full or not.
    pub(super) fn rest(&self) -> impl Iterator<Item = io::Result<(BlockHeader, Vec<u8>)>> {
        self.blocks().filter_map(|block| match block {
            Ok((_, header)) if header.drained == header.generation => None,
            Ok((at, header)) => {
                let mut records = Vec::new();
                let read = self.read(at, header, &mut records);
                read.map(|header| header.map(|header| (header, records))).transpose()
            }
            Err(error) => Some(Err(error)),
        })
    }

    /// The offset and header of every block that was ever used.
    fn blocks(&self) -> impl Iterator<Item = io::Result<(u64, BlockHeader)>> {
        let mut next = FILE_HEADER_BYTES as u64;
        let mut next_block = move || {
            loop {
                let at = next;
                if let Some(header) = header_at(&self.file, at)? {
                    next += u64::from(header.stride);
                    if header.generation != 0 {
                        return Ok(Some((at, header)));
                    }
                } else {
                    // Copies that were moved left holes.
                    next = match seek(&self.file, SeekFrom::Data(at)) {
                        Ok(data) => data.max(at + ALIGNMENT as u64),
                        Err(Errno::NXIO) => return Ok(None),
                        Err(error) => return Err(error.into()),
                    };
                }
            }
        };
        iter::from_fn(move || next_block().transpose())
    }

    /// Reads the records of a block into a buffer, which can be used again: fresh memory would be
    /// cleared for each block. `None` if the block's space was reused in the meantime.
    fn read(
        &self,
        at: u64,
        header: BlockHeader,
        records: &mut Vec<u8>,
    ) -> io::Result<Option<BlockHeader>> {
        records.resize(header.committed as usize, 0);
        let length = read_at(&self.file, records, at + BlockHeader::BYTES as u64)?;
        if length < records.len() && header.checksum != 0 {
            // The recorder was killed while it moved the block. It had not released the original.
            return Ok(None);
        }
        records.truncate(length);
        let now = header_at(&self.file, at)?;
        Ok(now.is_some_and(|now| header.is_still(&now)).then_some(header))
    }
}

/// Sorts blocks of unknown age by the number of later blocks of their thread, the most first.
/// Blocks about processes come last.
pub(super) fn sort_by_age<T>(blocks: &mut [T], header: impl Fn(&T) -> BlockHeader) {
    let mut newest = HashMap::new();
    for block in &*blocks {
        let BlockHeader { process, thread, sequence, .. } = header(block);
        let newest = newest.entry((process, thread)).or_insert(sequence);
        *newest = sequence.max(*newest);
    }
    blocks.sort_by_cached_key(|block| {
        let BlockHeader { process, thread, sequence, .. } = header(block);
        (thread == 0, Reverse(newest[&(process, thread)] - sequence))
    });
}

/// This word of the file, or `None` if the file is shorter.
fn word_at(file: &File, word: usize) -> io::Result<Option<u64>> {
    let mut bytes = [0; 8];
    let length = read_at(file, &mut bytes, (word * size_of::<u64>()) as u64)?;
    Ok((length == bytes.len()).then(|| u64::from_le_bytes(bytes)))
}

/// The header at this offset; `None` if no block starts there.
fn header_at(file: &File, at: u64) -> io::Result<Option<BlockHeader>> {
    let mut bytes = [0; BlockHeader::BYTES];
    let length = read_at(file, &mut bytes, at)?;
    // Damage is reported when the recording is read.
    Ok(BlockHeader::decode(&bytes).ok().flatten().filter(|_| length == bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_block_has_the_most_later_blocks_of_its_thread() {
        // Places in a ring are used in turn.
        let mut blocks = [(1, 3), (1, 1), (1, 2), (0, 0), (2, 9), (2, 8)];
        sort_by_age(&mut blocks, |&(thread, sequence)| BlockHeader {
            thread,
            sequence,
            ..BlockHeader::default()
        });
        assert_eq!(blocks, [(1, 1), (1, 2), (2, 8), (1, 3), (2, 9), (0, 0)]);
    }

    #[test]
    fn a_moved_block_that_is_cut_off_is_not_taken() {
        let file = tempfile::tempfile().unwrap();
        let header = BlockHeader {
            stride: 256,
            committed: 192,
            generation: 1,
            checksum: 7,
            ..BlockHeader::default()
        };
        let at = FILE_HEADER_BYTES as u64;
        file.write_all_at(&[&header.encode()[..], &[0; 191]].concat(), at).unwrap();
        let file = ProcessFile::new(file);
        let mut records = Vec::new();
        assert!(file.read(at, header, &mut records).unwrap().is_none());
        file.file.write_all_at(&[0], at + 255).unwrap();
        assert!(file.read(at, header, &mut records).unwrap().is_some());
    }

    #[test]
    fn a_block_whose_space_was_reused_is_not_taken() {
        let file = tempfile::tempfile().unwrap();
        let now = BlockHeader { stride: 256, thread: 1, generation: 2, ..BlockHeader::default() };
        let at = FILE_HEADER_BYTES as u64;
        file.write_all_at(&[&now.encode()[..], &[0; 192]].concat(), at).unwrap();
        let file = ProcessFile::new(file);
        let before = BlockHeader { generation: 1, ..now };
        let mut records = Vec::new();
        assert!(file.read(at, before, &mut records).unwrap().is_none());
        assert!(file.read(at, now, &mut records).unwrap().is_some());
    }
}
