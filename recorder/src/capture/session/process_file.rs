//! What one process records: its file, and the blocks in it.

use std::cell::RefCell;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::FileExt;

use anyhow::Result;
use format::{ALIGNMENT, BlockHeader, COPY, Event, FILE_HEADER_BYTES, MAX_RECORD, seals, word};
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;

use crate::reading::read_at;

/// What one process records.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    /// The process, once its file has a head.
    pub(super) pid: Option<u32>,
    /// How many seals we have seen.
    seals: u64,
    /// The records that are being moved; kept for its room.
    records: RefCell<Vec<u8>>,
}

/// A block that stands elsewhere now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drained {
    at: u64,
    header: BlockHeader,
}

impl Part {
    pub(super) fn new(file: File) -> Self {
        Part { file, pid: None, seals: 0, records: RefCell::default() }
    }

    /// Finds out what process this is, if its file has got its head already.
    pub(super) fn identify(&mut self) -> Result<()> {
        let mut head = [0; FILE_HEADER_BYTES + BlockHeader::BYTES + MAX_RECORD];
        if self.pid.is_some()
            || read_at(&self.file, &mut head, 0)? < head.len()
            || format::check_file_header(&head).is_err()
        {
            return Ok(());
        }
        let record = format::decode(&head[FILE_HEADER_BYTES + BlockHeader::BYTES..])?;
        if let Event::ProcessStarted { pid, .. } = record.event {
            self.pid = Some(pid);
        }
        Ok(())
    }

    /// Calls `take` with each block that is full.
    pub(super) fn read_full(
        &mut self,
        mut take: impl FnMut(&BlockHeader, &[u8]),
    ) -> Result<Vec<Drained>> {
        let Some(seals) = word_at(&self.file, seals::COUNT)? else { return Ok(Vec::new()) };
        let mut drained = Vec::new();
        if seals - self.seals.min(seals) > seals::SLOT_COUNT {
            // Slots have been written again.
            self.seals = seals;
            let mut places = Vec::new();
            self.for_each_block(|at, _| {
                places.push(at);
                Ok(())
            })?;
            for at in places {
                drained.extend(self.read_if_full(at, &mut take)?);
            }
        }
        while self.seals < seals {
            let slot = word_at(&self.file, seals::word(self.seals))?.unwrap_or_default();
            let Some(at) = seals::place(slot, self.seals) else { break };
            self.seals += 1;
            drained.extend(self.read_if_full(at, &mut take)?);
        }
        Ok(drained)
    }

    fn read_if_full(
        &self,
        at: u64,
        take: &mut impl FnMut(&BlockHeader, &[u8]),
    ) -> Result<Option<Drained>> {
        let full = || -> Result<Option<BlockHeader>> {
            let header = header_at(&self.file, at)?.and_then(|(header, _)| header);
            Ok(header.filter(BlockHeader::is_full))
        };
        let Some(first) = full()? else { return Ok(None) };
        // The words that were read can be of different instants. Those of a block that is
        // full stay, so now they belong together, if it is the same block.
        let Some(header) = full()?.filter(|header| header.generation == first.generation) else {
            return Ok(None);
        };
        Ok(self.read_block(at, &header, take)?.then_some(Drained { at, header }))
    }

    /// Lets the process use the places of these blocks again.
    pub(super) fn vacate(&self, drained: &[Drained]) -> io::Result<()> {
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

    /// A number that is another one when more is recorded.
    pub(super) fn progress(&self) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        self.for_each_block(|at, header| {
            (at, header.generation, header.committed).hash(&mut hasher);
            Ok(())
        })?;
        Ok(hasher.finish())
    }

    /// Calls `take` with each block that does not stand elsewhere, full or not.
    pub(super) fn read_rest(&self, mut take: impl FnMut(&BlockHeader, &[u8])) -> Result<()> {
        self.for_each_block(|at, header| {
            if header.drained != header.generation {
                self.read_block(at, header, &mut take)?;
            }
            Ok(())
        })
    }

    /// Calls `visit` with the place and header of every block that is or was there.
    fn for_each_block(&self, mut visit: impl FnMut(u64, &BlockHeader) -> Result<()>) -> Result<()> {
        let mut at = FILE_HEADER_BYTES as u64;
        while let Some((header, step)) = header_at(&self.file, at)? {
            at = match header {
                Some(header) => {
                    if header.generation != 0 {
                        visit(at, &header)?;
                    }
                    at + step
                }
                // Copies that were moved have left holes.
                None => match seek(&self.file, SeekFrom::Data(at)) {
                    Ok(data) if data > at => data,
                    Err(Errno::NXIO) => break,
                    _ => at + step,
                },
            };
        }
        Ok(())
    }

    /// Gives a block to `take`; false if its place was used again in the meantime.
    fn read_block(
        &self,
        at: u64,
        header: &BlockHeader,
        take: &mut impl FnMut(&BlockHeader, &[u8]),
    ) -> Result<bool> {
        let mut records = self.records.borrow_mut();
        records.resize(header.committed as usize, 0);
        let length = read_at(&self.file, &mut records, at + BlockHeader::BYTES as u64)?;
        records.truncate(length);
        let now = header_at(&self.file, at)?.and_then(|(header, _)| header);
        let same = now.is_some_and(|now| header.is_still(&now));
        if same {
            take(header, &records);
        }
        Ok(same)
    }
}

/// This word of the file, if it is so long.
fn word_at(file: &File, word: usize) -> Result<Option<u64>> {
    let mut bytes = [0; 8];
    let length = read_at(file, &mut bytes, (word * size_of::<u64>()) as u64)?;
    Ok((length == bytes.len()).then(|| u64::from_le_bytes(bytes)))
}

/// The header at this place, if there is one, and how far it is to the next place.
fn header_at(file: &File, at: u64) -> Result<Option<(Option<BlockHeader>, u64)>> {
    let mut bytes = [0; BlockHeader::BYTES];
    if read_at(file, &mut bytes, at)? < bytes.len() {
        return Ok(None);
    }
    // What is no header here is not the recorder's to judge: whoever loads it will.
    let header = BlockHeader::decode(&bytes).ok().flatten();
    let step = header.map_or(ALIGNMENT as u64, |header| header.stride.into());
    Ok(Some((header, step)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_whose_place_is_used_again_is_not_taken() {
        let file = tempfile::tempfile().unwrap();
        let now = BlockHeader { stride: 256, thread: 1, generation: 2, ..BlockHeader::default() };
        let at = FILE_HEADER_BYTES as u64;
        file.write_all_at(&[&now.encode()[..], &[0; 192]].concat(), at).unwrap();
        let part = Part::new(file);
        let before = BlockHeader { generation: 1, ..now };
        let mut taken = 0;
        assert!(!part.read_block(at, &before, &mut |_, _| taken += 1).unwrap());
        assert!(part.read_block(at, &now, &mut |_, _| taken += 1).unwrap());
        assert_eq!(taken, 1);
    }
}
