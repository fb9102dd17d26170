//! What one process records: its file, and the blocks in it.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use anyhow::Result;
use format::{
    ALIGNMENT, BlockHeader, COPY, Event, FILE_HEADER_BYTES, MAX_RECORD, SEALS_WORD, word,
};
use rustix::fs::{FallocateFlags, fallocate};

use crate::load::read_at;

/// What one process records.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    /// The process, once its file has a head.
    pub(super) pid: Option<u32>,
    /// How many blocks had been sealed when we looked for full ones.
    seals: u64,
    /// Where blocks are, or can be.
    places: Vec<u64>,
    /// Where the next place will be.
    end: u64,
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
        Part {
            file,
            pid: None,
            seals: 0,
            places: Vec::new(),
            end: FILE_HEADER_BYTES as u64,
            records: RefCell::default(),
        }
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
        let mut seals = [0; 8];
        let length = read_at(&self.file, &mut seals, (SEALS_WORD * size_of::<u64>()) as u64)?;
        let seals = u64::from_le_bytes(seals);
        if length < size_of::<u64>() || seals == self.seals {
            return Ok(Vec::new());
        }
        self.seals = seals;
        self.find_places()?;
        let mut drained = Vec::new();
        for &at in &self.places {
            let Some(header) = self.full_block_at(at)? else { continue };
            // The words of a header that is being written can be of different instants.
            // Those of a block that is full stay, so now they belong together.
            let Some(header) = self.full_block_at(at)?.filter(|now| *now == header) else {
                continue;
            };
            if self.read_block(at, &header, &mut take)? {
                drained.push(Drained { at, header });
            }
        }
        Ok(drained)
    }

    /// Lets the process use the places of these blocks again.
    pub(super) fn vacate(&mut self, drained: &[Drained]) -> io::Result<()> {
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
        if drained.iter().any(|drained| drained.header.generation == COPY) {
            let gone =
                |at: &u64| drained.iter().any(|one| one.at == *at && one.header.generation == COPY);
            self.places.retain(|at| !gone(at));
        }
        Ok(())
    }

    /// Calls `take` with each block that does not stand elsewhere, full or not.
    pub(super) fn read_rest(&self, mut take: impl FnMut(&BlockHeader, &[u8])) -> Result<()> {
        let mut at = FILE_HEADER_BYTES as u64;
        while let Some((header, step)) = header_at(&self.file, at)? {
            if let Some(header) = header
                .filter(|header| header.generation != 0 && header.drained != header.generation)
            {
                self.read_block(at, &header, &mut take)?;
            }
            at += step;
        }
        Ok(())
    }

    /// Goes on where the last search for places has ended.
    fn find_places(&mut self) -> Result<()> {
        while let Some((Some(header), step)) = header_at(&self.file, self.end)? {
            if header.thread != 0 || header.generation == 0 {
                self.places.push(self.end);
            }
            self.end += step;
        }
        Ok(())
    }

    fn full_block_at(&self, at: u64) -> Result<Option<BlockHeader>> {
        let header = header_at(&self.file, at)?.and_then(|(header, _)| header);
        Ok(header.filter(|header| {
            header.generation != 0
                && header.sealed == header.generation
                && header.drained != header.generation
        }))
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
        let same = now.is_some_and(|now| {
            now.generation == header.generation && now.committed >= header.committed
        });
        if same {
            take(header, &records);
        }
        Ok(same)
    }
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
