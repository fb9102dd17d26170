//! Finds the blocks of a recording.

use std::cmp::Reverse;

use format::{ALIGNMENT, BlockHeader, FILE_HEADER_BYTES};

use super::error::{Error, Result};
use super::source::Input;

/// Where the records of a block are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// The index of the input that it is read from.
    pub(super) input: usize,
    /// Unique over all inputs.
    pub(super) process: u32,
    /// The header, as it is stored: its process is unique only in its input.
    pub(super) header: BlockHeader,
    /// The place of the first record.
    pub(super) offset: u64,
    /// How many bytes of records can be read, if the block is not packed. A packed block ends
    /// where it cannot be unpacked.
    pub(super) readable: usize,
}

impl Block {
    /// The thread that wrote it: process and number.
    pub(super) fn owner(&self) -> (u32, u32) {
        (self.process, self.header.thread)
    }

    /// The number of bytes that are stored, packed or not.
    pub(super) fn stored(&self) -> usize {
        self.header.committed as usize
    }

    /// Reads its content as it is stored, or as much of it as there is.
    pub(super) fn read(&self, input: &Input, content: &mut Vec<u8>) -> Result<()> {
        // The header may claim more than there is.
        let there = input.length().saturating_sub(self.offset);
        content.resize(self.stored().min(usize::try_from(there).unwrap_or(usize::MAX)), 0);
        let length = input.read_at(content, self.offset)?;
        content.truncate(length);
        Ok(())
    }

    /// Verifies the checksum of its content. Content that is cut off is not verified: it is reported
    /// as such.
    pub(super) fn verify(&self, content: &[u8]) -> Result<(), format::Error> {
        if content.len() < self.stored() {
            return Ok(());
        }
        let start = self.offset - BlockHeader::BYTES as u64;
        self.header.verify(content).map_err(|error| error.at(start))
    }
}

/// The blocks of an input, and what cannot be read.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In reading order: by process, thread and sequence.
    pub(super) blocks: Vec<Block>,
    /// In the part of the input that is in its file.
    pub(super) unreadable: Vec<format::Error>,
    /// In the part that is in memory.
    pub(super) unreadable_in_memory: Vec<format::Error>,
}

/// Finds the blocks of an input, which is the `index`th. If it is a later state of an input that
/// grows, `known` is what was found in its file up to `searched`, else both are nothing.
///
/// # Errors
/// The input cannot be read, is not a recording, or is one of another version.
pub(super) fn find(index: usize, input: &Input, known: Found, searched: u64) -> Result<Found> {
    let Found { mut blocks, mut unreadable, .. } = known;
    let mut window = Window { input, memory: vec![0; Window::BYTES], at: 0, length: 0 };
    if searched == 0 {
        let start = window.from(0)?;
        match format::check_file_header(&start[..start.len().min(FILE_HEADER_BYTES)]) {
            Ok(()) => {}
            Err(error @ format::Error::Truncated { .. }) => unreadable.push(error),
            Err(source) => return Err(Error::Format { name: input.name().to_owned(), source }),
        }
    }
    let from = searched.max(FILE_HEADER_BYTES as u64);
    let from =
        find_until(input.file_length(), index, from, &mut window, &mut blocks, &mut unreadable)?;
    let mut unreadable_in_memory = Vec::new();
    find_until(u64::MAX, index, from, &mut window, &mut blocks, &mut unreadable_in_memory)?;
    // Of two copies, a packed one (it was complete) or else the longer one comes first.
    blocks.sort_by_key(|block| {
        let BlockHeader { sequence, packed, committed, .. } = block.header;
        (block.owner(), sequence, Reverse((packed, committed)))
    });
    remove_copies(input, &mut blocks, &mut unreadable)?;
    Ok(Found { blocks, unreadable, unreadable_in_memory })
}

/// Finds the blocks that start at `at` or later, and before `end`. Returns where the next can start.
fn find_until(
    end: u64,
    index: usize,
    mut at: u64,
    window: &mut Window<'_>,
    blocks: &mut Vec<Block>,
    unreadable: &mut Vec<format::Error>,
) -> Result<u64> {
    // Bytes between two blocks are reported once.
    let mut lost = false;
    while at < end {
        let rest = window.from(at)?;
        let Some(header) = rest.first_chunk::<{ BlockHeader::BYTES }>() else {
            if rest.iter().any(|&byte| byte != 0) {
                unreadable.push(format::Error::Truncated { offset: at });
            }
            break;
        };
        let step = match BlockHeader::decode(header) {
            Ok(Some(header)) => {
                lost = false;
                if header.generation != 0 {
                    blocks.push(Block {
                        input: index,
                        process: header.process,
                        header,
                        offset: at + BlockHeader::BYTES as u64,
                        readable: usize::MAX,
                    });
                }
                header.stride as usize
            }
            Ok(None) if header.iter().all(|&byte| byte == 0) || lost => ALIGNMENT,
            Ok(None) => {
                lost = true;
                let what = "these bytes belong to no block";
                unreadable.push(format::Error::Malformed { offset: at, what });
                ALIGNMENT
            }
            Err(error) => {
                lost = true;
                unreadable.push(error.at(at));
                ALIGNMENT
            }
        };
        at += step as u64;
    }
    Ok(at)
}

/// Of blocks with one process, thread and sequence number, keeps the first that is not damaged. They
/// are copies, or the header of one of them has changed.
fn remove_copies(
    input: &Input,
    blocks: &mut Vec<Block>,
    unreadable: &mut Vec<format::Error>,
) -> Result<()> {
    let identity = |block: &Block| (block.owner(), block.header.sequence);
    let mut content = Vec::new();
    for copies in blocks.chunk_by_mut(|one, other| identity(one) == identity(other)) {
        if copies.len() == 1 {
            continue;
        }
        let mut errors = Vec::new();
        for block in &*copies {
            block.read(input, &mut content)?;
            errors.push(block.verify(&content).err());
        }
        let first = errors.iter().position(Option::is_none).unwrap_or(0);
        // The first pass verifies the one that stays.
        errors.remove(first);
        copies.swap(0, first);
        unreadable.extend(errors.into_iter().flatten());
    }
    blocks.dedup_by_key(|block| identity(block));
    Ok(())
}

/// The part of an input that is in memory.
struct Window<'a> {
    input: &'a Input,
    memory: Vec<u8>,
    /// Where in the input it begins, and its length.
    at: u64,
    length: usize,
}

impl Window<'_> {
    const BYTES: usize = 1 << 20;

    /// The bytes from `at` on: at least a header's, unless the input ends before.
    fn from(&mut self, at: u64) -> Result<&[u8]> {
        let end = self.at + self.length as u64;
        if at < self.at || at + BlockHeader::BYTES as u64 > end {
            self.length = self.input.read_at(&mut self.memory, at)?;
            self.at = at;
        }
        Ok(&self.memory[(at - self.at) as usize..self.length])
    }
}
