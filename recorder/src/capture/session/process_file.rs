//! The file that one process records into, and the blocks in it.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::FileExt;

use format::{
    ALIGNMENT, BlockHeader, COPY, Event, FILE_HEADER_BYTES, MAX_RECORD, sealed_ring, word,
};
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;

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
    /// When the process started by the wall clock, in nanoseconds since 1970, or 0.
    pub(super) wall_ns: u64,
    /// The number of seals read so far.
    seals: u64,
    /// The records that are being moved; a field only to reuse the allocation.
    records: RefCell<Vec<u8>>,
}

/// A block that has been moved to the recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drained {
    at: u64,
    header: BlockHeader,
}

impl ProcessFile {
    pub(super) fn new(file: File) -> Self {
        let (executable, records) = (String::new(), RefCell::default());
        ProcessFile { file, pid: None, executable, wall_ns: 0, seals: 0, records }
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
        if let Event::ProcessStarted { pid, wall_ns, executable, .. } = record.event {
            (self.pid, self.wall_ns) = (Some(pid), wall_ns);
            executable.clone_into(&mut self.executable);
        }
        Ok(())
    }

    /// Calls `take` with each full block that it was not called with before, the oldest first.
    pub(super) fn read_full(
        &mut self,
        mut take: impl FnMut(&BlockHeader, &[u8]) -> io::Result<()>,
    ) -> io::Result<Vec<Drained>> {
        let Some(sealed) = word_at(&self.file, sealed_ring::COUNT)? else { return Ok(Vec::new()) };
        let mut drained = Vec::new();
        if sealed.saturating_sub(self.seals) > sealed_ring::SLOT_COUNT {
            // Slots were overwritten before they were read: look at every block.
            self.seals = sealed;
            let mut full = Vec::new();
            self.for_each_block(|at, header| {
                full.extend(header.is_full().then_some((at, *header)));
                Ok(())
            })?;
            sort_by_age(&mut full, |(_, header)| *header);
            for (at, _) in full {
                drained.extend(self.read_if_full(at, &mut take)?);
            }
        }
        while self.seals < sealed {
            let slot = word_at(&self.file, sealed_ring::slot_word(self.seals))?.unwrap_or_default();
            let Some(at) = sealed_ring::decode_slot(slot, self.seals) else { break };
            self.seals += 1;
            drained.extend(self.read_if_full(at, &mut take)?);
        }
        Ok(drained)
    }

    fn read_if_full(
        &self,
        at: u64,
        take: &mut impl FnMut(&BlockHeader, &[u8]) -> io::Result<()>,
    ) -> io::Result<Option<Drained>> {
        let full = || -> io::Result<Option<BlockHeader>> {
            let header = header_at(&self.file, at)?.and_then(|(header, _)| header);
            Ok(header.filter(BlockHeader::is_full))
        };
        let Some(first) = full()? else { return Ok(None) };
        // The words of a header may be read at different instants, but those of a full block no
        // longer change: if the second header is of the same block, its words belong together.
        let Some(header) = full()?.filter(|header| header.generation == first.generation) else {
            return Ok(None);
        };
        Ok(self.read_block(at, &header, take)?.then_some(Drained { at, header }))
    }

    /// Lets the process reuse the space of these blocks.
    pub(super) fn release(&self, drained: &[Drained]) -> io::Result<()> {
        for Drained { at, header } in drained {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            if header.generation == COPY
                && fallocate(&self.file, flags, *at, header.stride.into()).is_ok()
            {
                continue;
            }
            let word = at + (word::DRAINED * size_of::<u64>()) as u64;
            self.file.write_all_at(&header.generation.to_le_bytes(), word)?;
        }
        Ok(())
    }

    /// A hash that changes when more is recorded.
    pub(super) fn fingerprint(&self) -> io::Result<u64> {
        let mut hasher = DefaultHasher::new();
        self.for_each_block(|at, header| {
            (at, header.generation, header.committed).hash(&mut hasher);
            Ok(())
        })?;
        Ok(hasher.finish())
    }

    /// Calls `take` with each block that was not moved, full or not.
    pub(super) fn read_rest(
        &self,
        mut take: impl FnMut(&BlockHeader, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.for_each_block(|at, header| {
            if header.drained != header.generation {
                self.read_block(at, header, &mut take)?;
            }
            Ok(())
        })
    }

    /// Calls `visit` with the offset and header of every block that was ever used.
    fn for_each_block(
        &self,
        mut visit: impl FnMut(u64, &BlockHeader) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut at = FILE_HEADER_BYTES as u64;
        while let Some((header, step)) = header_at(&self.file, at)? {
            at = match header {
                Some(header) => {
                    if header.generation != 0 {
                        visit(at, &header)?;
                    }
                    at + step
                }
                // Copies that were moved left holes.
                None => match seek(&self.file, SeekFrom::Data(at)) {
                    Ok(data) if data > at => data,
                    Err(Errno::NXIO) => break,
                    _ => at + step,
                },
            };
        }
        Ok(())
    }

    /// Calls `take` with a block. Returns false if its space was reused in the meantime.
    fn read_block(
        &self,
        at: u64,
        header: &BlockHeader,
        take: &mut impl FnMut(&BlockHeader, &[u8]) -> io::Result<()>,
    ) -> io::Result<bool> {
        let mut records = self.records.borrow_mut();
        records.resize(header.committed as usize, 0);
        let length = read_at(&self.file, &mut records, at + BlockHeader::BYTES as u64)?;
        records.truncate(length);
        let now = header_at(&self.file, at)?.and_then(|(header, _)| header);
        let same = now.is_some_and(|now| header.is_still(&now));
        if same {
            take(header, &records)?;
        }
        Ok(same)
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

/// The header at this offset, if there is one, and the distance to the next; `None` at the end of
/// the file.
fn header_at(file: &File, at: u64) -> io::Result<Option<(Option<BlockHeader>, u64)>> {
    let mut bytes = [0; BlockHeader::BYTES];
    if read_at(file, &mut bytes, at)? < bytes.len() {
        return Ok(None);
    }
    // Damage is reported when the recording is read.
    let header = BlockHeader::decode(&bytes).ok().flatten();
    let step = header.map_or(ALIGNMENT as u64, |header| header.stride.into());
    Ok(Some((header, step)))
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
    fn a_block_whose_space_was_reused_is_not_taken() {
        let file = tempfile::tempfile().unwrap();
        let now = BlockHeader { stride: 256, thread: 1, generation: 2, ..BlockHeader::default() };
        let at = FILE_HEADER_BYTES as u64;
        file.write_all_at(&[&now.encode()[..], &[0; 192]].concat(), at).unwrap();
        let file = ProcessFile::new(file);
        let before = BlockHeader { generation: 1, ..now };
        let mut taken = 0;
        let mut take = |_: &BlockHeader, _: &[u8]| {
            taken += 1;
            Ok(())
        };
        assert!(!file.read_block(at, &before, &mut take).unwrap());
        assert!(file.read_block(at, &now, &mut take).unwrap());
        assert_eq!(taken, 1);
    }
}
