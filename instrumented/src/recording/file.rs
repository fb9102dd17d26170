//! The file that a process records into, and the rings of blocks in it that threads write to.
//!
//! The file begins with the file header, the block of the process and the page of sealed blocks.
//! Rings and copies of blocks follow in the order of their allocation. A thread begins with a
//! ring of the smallest size and moves to larger ones as it fills them. A ring returns to a pool
//! when its thread leaves it.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, io, process};

use format::packed::Packer;
use format::{
    BlockHeader, Event, FILE_HEADER_BYTES, HEADER_WORDS, MAX_RECORD, control, sealed_ring, word,
};

use super::block::{Block, Ring, store, store_unused};
use super::state::report_failure;
use crate::platform;

/// Bytes of the file's head: the file header, the block of the process, and the page that lists
/// sealed blocks.
const HEAD_BYTES: usize = sealed_ring::PAGE_OFFSET + sealed_ring::PAGE_BYTES;

/// The sizes of rings, from the smallest to the largest.
///
/// In a program with many threads most do little, so a thread begins small. A busy thread needs
/// room for everything that it writes until the recorder next drains it.
const RING_SIZES: [RingSize; 3] = [
    RingSize {
        block_bytes: SMALL_BLOCK_BYTES,
        blocks: 1,
        rings_per_mapping: 16,
        min_rings: 256,
        max_rings: usize::MAX,
        max_filled: 1,
    },
    RingSize {
        block_bytes: 16 << 10,
        blocks: 4,
        rings_per_mapping: 1,
        min_rings: 16,
        max_rings: usize::MAX,
        max_filled: 17,
    },
    RingSize {
        block_bytes: 64 << 10,
        blocks: 64,
        rings_per_mapping: 1,
        min_rings: 0,
        max_rings: 16,
        max_filled: u64::MAX,
    },
];
/// Bytes of a thread's first block.
pub(crate) const SMALL_BLOCK_BYTES: usize = 4096;

struct RingSize {
    /// Bytes of a block.
    block_bytes: usize,
    /// Blocks of a ring.
    blocks: usize,
    /// Number of rings that are mapped together.
    rings_per_mapping: usize,
    /// Below this number of rings, a thread is given a new ring instead of one whose blocks it
    /// would have to copy first.
    min_rings: usize,
    /// Maximum number of rings.
    max_rings: usize,
    /// A thread moves to a larger ring once it has filled this number of blocks in total.
    max_filled: u64,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The recording of this process: its file and the rings in it.
pub(crate) struct Recording {
    file: File,
    file_id: platform::FileId,
    process: u32,
    /// The recorder's control words, if `recorder` records this process.
    control: Option<&'static [AtomicU64]>,
    /// The block of the process.
    process_block: &'static [AtomicU64],
    /// The whole head of the file.
    head: &'static [AtomicU64],
    /// The end of the file, where rings and copies are allocated.
    end: AtomicU64,
    /// Total bytes of copies of blocks.
    copied: AtomicU64,
    /// For each of the [`RING_SIZES`]: the rings without a thread, each as the block to use next.
    pools: [Mutex<VecDeque<Block>>; RING_SIZES.len()],
    /// For each of the [`RING_SIZES`]: the number of rings.
    rings: [AtomicUsize; RING_SIZES.len()],
    /// A thread uses the one at its number modulo their count.
    copiers: [Mutex<Copier>; 4],
    /// Set after a failure: no block is begun any more.
    stopped: AtomicBool,
}

impl Recording {
    pub(super) fn new(
        file: File,
        process: u32,
        control: Option<&'static [AtomicU64]>,
    ) -> io::Result<Self> {
        let file_id = platform::file_id(&file)?;
        platform::allocate(&file, 0, HEAD_BYTES)?;
        let head = platform::map(&file, 0, HEAD_BYTES)?;
        let (file_header, rest) = head.split_at(FILE_HEADER_BYTES / size_of::<u64>());
        let process_words = (sealed_ring::PAGE_OFFSET - FILE_HEADER_BYTES) / size_of::<u64>();
        let (process_block, slots) = rest.split_at(process_words);
        store_unused(slots);
        let committed = write_process(process_block);
        let header = BlockHeader {
            stride: size_of_val(process_block) as u32,
            process,
            committed,
            generation: 1,
            ..BlockHeader::default()
        };
        store(process_block, header.words().into_iter());
        store(file_header, words_of(&format::file_header()));
        Ok(Recording {
            file,
            file_id,
            process,
            control,
            process_block,
            head,
            end: AtomicU64::new(HEAD_BYTES as u64),
            copied: AtomicU64::new(0),
            pools: [const { Mutex::new(VecDeque::new()) }; RING_SIZES.len()],
            rings: [const { AtomicUsize::new(0) }; RING_SIZES.len()],
            copiers: [const { Mutex::new(Copier::new()) }; 4],
            stopped: AtomicBool::new(false),
        })
    }

    /// The recorder's control words, if `recorder` records this process.
    pub(super) fn control(&self) -> Option<&'static [AtomicU64]> {
        self.control
    }

    /// Whether the recorder requests a pause.
    pub(super) fn pause_requested(&self) -> bool {
        self.control.is_some_and(|control| control[control::PAUSED].load(Ordering::Relaxed) != 0)
    }

    /// Counts a dropped event of a thread that has no block for the count.
    pub(crate) fn count_dropped(&self) {
        self.process_block[word::DROPPED].fetch_add(1, Ordering::Relaxed);
    }

    /// Begins `thread`'s block number `sequence`, which follows `last`, and seals `last`.
    ///
    /// Returns `None` if the recording has stopped, now or earlier; `last` then stays open.
    pub(crate) fn begin_block(
        &self,
        thread: u32,
        sequence: u64,
        last: Option<Block>,
    ) -> Option<Block> {
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let next = self.next_block(sequence, last);
        match next.and_then(|block| self.make_ready(block)).and_then(|block| self.vacate(block)) {
            Ok(block) => {
                block.begin(self.process, thread, sequence);
                if let Some(last) = last {
                    self.seal(last);
                    if last.ring.size != block.ring.size {
                        self.return_ring(last);
                    }
                }
                Some(block)
            }
            Err(error) => {
                if !self.stopped.swap(true, Ordering::Relaxed) {
                    report_failure(&error);
                }
                None
            }
        }
    }

    /// Seals a thread's last block and returns its ring to the pool.
    pub(crate) fn end_block(&self, block: Block) {
        self.seal(block);
        self.return_ring(block);
    }

    fn seal(&self, block: Block) {
        block.seal();
        self.announce_sealed(block.offset());
    }

    /// Lists the block at this offset in the file as sealed, for the recorder.
    fn announce_sealed(&self, offset: u64) {
        let number = self.head[sealed_ring::COUNT].fetch_add(1, Ordering::Relaxed);
        self.head[sealed_ring::slot_word(number)]
            .store(sealed_ring::encode_slot(number, offset), Ordering::Release);
    }

    fn return_ring(&self, block: Block) {
        lock(&self.pools[block.ring.size]).push_back(block.next());
    }

    /// Returns the next block of a thread that has filled `sequence` blocks.
    fn next_block(&self, sequence: u64, last: Option<Block>) -> io::Result<Block> {
        let Some(last) = last else { return self.take_ring(0) };
        let size = last.ring.size;
        if sequence < RING_SIZES[size].max_filled {
            return Ok(last.next());
        }
        match self.take_ring(size + 1) {
            // No large ring is left. The thread stays in its ring of the second size.
            Err(error) if size > 0 && error.kind() == io::ErrorKind::QuotaExceeded => {
                Ok(last.next())
            }
            taken => taken,
        }
    }

    /// Takes a ring of this size from the pool, or allocates one, and returns its next block.
    ///
    /// Fails with [`QuotaExceeded`](io::ErrorKind::QuotaExceeded) if the pool is empty and there
    /// are already as many rings as allowed.
    fn take_ring(&self, size: usize) -> io::Result<Block> {
        let RingSize {
            block_bytes, mut blocks, rings_per_mapping, mut min_rings, max_rings, ..
        } = RING_SIZES[size];
        if self.control.is_none() {
            // Without a recorder threads copy their blocks themselves. Large rings are then kept
            // small enough for the cache, and a ring whose blocks its next thread would have to
            // copy is avoided longer.
            blocks = blocks.min(2);
            min_rings *= 16;
        }
        let is_enough = self.rings[size].load(Ordering::Relaxed) >= min_rings;
        // The ring that was returned first is the one most likely to be drained.
        let pooled =
            lock(&self.pools[size]).pop_front_if(|block| is_enough || block.is_available());
        if let Some(block) = pooled {
            return Ok(block);
        }
        if self.rings[size].fetch_add(rings_per_mapping, Ordering::Relaxed) >= max_rings {
            self.rings[size].fetch_sub(rings_per_mapping, Ordering::Relaxed);
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let ring_bytes = block_bytes * blocks;
        let (memory, offset) = self.map(ring_bytes * rings_per_mapping)?;
        // Rings that are mapped together are also allocated together.
        let is_allocated = rings_per_mapping > 1;
        if is_allocated {
            platform::allocate(self.file()?, offset, ring_bytes * rings_per_mapping)?;
        }
        let mut rings = memory
            .chunks_exact(ring_bytes / size_of::<u64>())
            .zip((offset..).step_by(ring_bytes))
            .map(|(memory, offset)| Ring::new(memory, offset, blocks, size, is_allocated).first());
        let first = rings.next().ok_or(io::ErrorKind::OutOfMemory)?;
        lock(&self.pools[size]).extend(rings);
        Ok(first)
    }

    /// Returns the file, after a check that its descriptor still refers to it.
    ///
    /// A program that closes descriptors which it did not open may since have opened a file of
    /// its own under the same number.
    fn file(&self) -> io::Result<&File> {
        if platform::file_id(&self.file)? != self.file_id {
            return Err(io::Error::other("the program has closed the recording's file"));
        }
        Ok(&self.file)
    }

    /// Maps new memory at the end of the file, without disk space. Returns it with its offset.
    fn map(&self, bytes: usize) -> io::Result<(&'static [AtomicU64], u64)> {
        let offset = self.reserve(bytes as u64, platform::page_bytes());
        Ok((platform::map(self.file()?, offset, bytes)?, offset))
    }

    /// Allocates disk space for a block that has none. Except in the smallest rings, space is
    /// allocated block by block, as blocks are used.
    fn make_ready(&self, block: Block) -> io::Result<Block> {
        if block.is_ready() {
            return Ok(block);
        }
        if !block.ring.is_allocated {
            platform::allocate(self.file()?, block.offset(), size_of_val(block.words()))?;
        }
        Ok(block.into_ready())
    }

    /// Copies the previous content of `block` to the end of the file, unless it is drained.
    fn vacate(&self, block: Block) -> io::Result<Block> {
        if !block.is_vacant() {
            let copier = &self.copiers[block.owner() as usize % self.copiers.len()];
            let mut copier = lock(copier);
            let copy = copier.copy(block)?;
            let offset = self.reserve_for_copy(copy.len() as u64)?;
            let file = self.file()?;
            set_word(copy, word::SEALED, format::COPY);
            // The kernel writes page by page, and the process can be killed in between. A copy
            // that crosses a page boundary is written as unused first and marked as valid last.
            let page = platform::page_bytes();
            if offset / page != (offset + copy.len() as u64 - 1) / page {
                let (header, records) = copy.split_at_mut(BlockHeader::BYTES);
                set_word(header, word::GENERATION, 0);
                platform::write(file, header, offset)?;
                platform::write(file, records, offset + BlockHeader::BYTES as u64)?;
                set_word(header, word::GENERATION, format::COPY);
                platform::write(file, header, offset)?;
            } else {
                set_word(copy, word::GENERATION, format::COPY);
                platform::write(file, copy, offset)?;
            }
            self.announce_sealed(offset);
        }
        Ok(block)
    }

    /// Reserves `bytes` at the end of the file and returns their offset, a multiple of
    /// `alignment`.
    fn reserve(&self, bytes: u64, alignment: u64) -> u64 {
        let reserve = |end: u64| Some(end.next_multiple_of(alignment) + bytes);
        match self.end.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve) {
            Ok(end) | Err(end) => end.next_multiple_of(alignment),
        }
    }

    /// Reserves `bytes` for a copy. Fails if copies would exceed their size limit.
    fn reserve_for_copy(&self, bytes: u64) -> io::Result<u64> {
        let limit =
            self.control.map_or(0, |control| control[control::LIMIT].load(Ordering::Relaxed));
        let copied = self.copied.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if limit != 0 && copied > limit {
            return Err(io::Error::other("the recording has reached its size limit"));
        }
        Ok(self.reserve(bytes, 1))
    }
}

/// Sets a word of a header.
fn set_word(header: &mut [u8], word: usize, value: u64) {
    header[word * size_of::<u64>()..][..size_of::<u64>()].copy_from_slice(&value.to_le_bytes());
}

/// Makes packed copies of blocks, with buffers that are used again.
struct Copier {
    records: Vec<u8>,
    packer: Packer,
    packed: Vec<u8>,
}

impl Copier {
    const fn new() -> Self {
        Copier { records: Vec::new(), packer: Packer::new(), packed: Vec::new() }
    }

    /// Returns a copy of `block`, packed if that makes it smaller.
    fn copy(&mut self, block: Block) -> io::Result<&mut [u8]> {
        let words = block.words();
        let (header, records) = words.split_at(HEADER_WORDS);
        let committed = header[word::COMMITTED].load(Ordering::Relaxed) as u32 as usize;
        self.records.clear();
        self.packed.clear();
        // Lack of memory for a copy must not abort the program.
        let no_memory = |_| io::Error::from(io::ErrorKind::OutOfMemory);
        self.records.try_reserve(size_of_val(words)).map_err(no_memory)?;
        self.packed.try_reserve(size_of_val(words)).map_err(no_memory)?;
        self.packer.reserve(size_of_val(words)).map_err(no_memory)?;
        self.records.resize(committed, 0);
        for (to, word) in self.records.as_chunks_mut().0.iter_mut().zip(records) {
            *to = word.load(Ordering::Relaxed).to_le_bytes();
        }
        self.packer.block(&block.header(), &self.records, &mut self.packed);
        Ok(&mut self.packed)
    }
}

/// Writes the records about the process after the header of its block. Returns their length in
/// bytes.
fn write_process(process_block: &[AtomicU64]) -> u32 {
    let executable = env::current_exe().unwrap_or_default();
    let arguments: Vec<_> =
        env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let (ticks, monotonic_ns) = platform::calibration();
    let started = Event::ProcessStarted {
        pid: process::id(),
        parent: platform::parent_id(),
        ticks,
        monotonic_ns,
        wall_ns: platform::wall_ns(),
        executable: &executable.to_string_lossy(),
        arguments: &arguments.join(" "),
    };
    let mut bytes = [0; 2 * MAX_RECORD];
    let mut length = started.encode(ticks, &mut bytes);
    if let Some(name) = platform::host_name() {
        length += Event::Host { name: &name }.encode(ticks, &mut bytes[length..]);
    }
    store(&process_block[HEADER_WORDS..], words_of(&bytes[..length]));
    length as u32
}

/// Converts a record's bytes to words.
pub(crate) fn words_of(bytes: &[u8]) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator {
    bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;
    use std::sync::atomic::AtomicBool;

    use super::*;

    const THREAD: u32 = 1;
    const SECOND: &RingSize = &RING_SIZES[1];
    const LARGEST: &RingSize = &RING_SIZES[RING_SIZES.len() - 1];

    /// A recording with control words, as if `recorder` recorded this process.
    fn recording() -> Recording {
        static CONTROL: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];
        Recording::new(tempfile::tempfile().unwrap(), 0, Some(&CONTROL)).unwrap()
    }

    /// Writes a thread's blocks until its ring of the second size is full. Returns the last block.
    fn fill_second_ring(recording: &Recording) -> Block {
        write_blocks(recording, None, 0..=SECOND.blocks as u64)
    }

    /// Writes the blocks with these numbers, which follow `block`. Returns the last one.
    fn write_blocks(
        recording: &Recording,
        mut block: Option<Block>,
        sequences: impl IntoIterator<Item = u64>,
    ) -> Block {
        for sequence in sequences {
            block = recording.begin_block(THREAD, sequence, block);
            block.unwrap().words()[word::COMMITTED].store(8, Ordering::Relaxed);
        }
        block.unwrap()
    }

    fn header(block: Block) -> BlockHeader {
        let bytes: Vec<u8> = block.words()[..HEADER_WORDS]
            .iter()
            .flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes())
            .collect();
        BlockHeader::decode(bytes.first_chunk().unwrap()).unwrap().unwrap()
    }

    #[test]
    fn the_head_describes_the_process() {
        let recording = recording();
        let mut bytes = [0; HEAD_BYTES];
        recording.file.read_exact_at(&mut bytes, 0).unwrap();
        format::check_file_header(&bytes).unwrap();
        let (header, records) = bytes[FILE_HEADER_BYTES..].split_at(BlockHeader::BYTES);
        let header = BlockHeader::decode(header.first_chunk().unwrap()).unwrap().unwrap();
        assert_eq!((header.process, header.thread, header.generation), (0, 0, 1));
        let records = &records[..header.committed as usize];
        let started = format::decode(records).unwrap();
        assert!(matches!(started.event, Event::ProcessStarted { pid, .. } if pid == process::id()));
        let host = format::decode(&records[started.length..]).unwrap();
        let name = platform::host_name().unwrap();
        assert_eq!(host.event, Event::Host { name: &name });
        assert_eq!(started.length + host.length, records.len());
    }

    #[test]
    fn a_thread_begins_with_a_small_ring_and_moves_to_larger_ones() {
        let recording = recording();
        let small = recording.begin_block(THREAD, 0, None).unwrap();
        let second = recording.begin_block(THREAD, 1, Some(small)).unwrap();
        assert_eq!(size_of_val(small.words()), SMALL_BLOCK_BYTES);
        assert_eq!(size_of_val(second.words()), SECOND.block_bytes);
        assert_eq!(header(small).sealed, header(small).generation);
        assert_ne!(header(second).sealed, header(second).generation);
        assert_eq!((header(second).thread, header(second).sequence), (THREAD, 1));

        let last = write_blocks(&recording, Some(second), 2..SECOND.max_filled);
        assert_eq!(size_of_val(last.words()), SECOND.block_bytes);
        let largest = recording.begin_block(THREAD, SECOND.max_filled, Some(last)).unwrap();
        assert_eq!(size_of_val(largest.words()), LARGEST.block_bytes);
    }

    #[test]
    fn the_number_of_the_largest_rings_is_limited() {
        let recording = recording();
        for thread in 0..=LARGEST.max_rings {
            let last = write_blocks(&recording, None, 0..=SECOND.max_filled);
            let expected = if thread < LARGEST.max_rings { LARGEST } else { SECOND };
            assert_eq!(size_of_val(last.words()), expected.block_bytes, "thread {thread}");
        }
    }

    #[test]
    fn a_block_is_copied_before_its_place_is_used_again() {
        let recording = recording();
        let last = fill_second_ring(&recording);
        let end = recording.end.load(Ordering::Relaxed);
        recording.begin_block(THREAD, 5, Some(last)).unwrap();

        let mut bytes = [0; BlockHeader::BYTES];
        recording.file.read_exact_at(&mut bytes, end).unwrap();
        let copy = BlockHeader::decode(&bytes).unwrap().unwrap();
        assert_eq!((copy.thread, copy.sequence, copy.committed), (THREAD, 1, 8));
        assert_eq!(recording.file.metadata().unwrap().len(), end + u64::from(copy.stride));
        assert_eq!((copy.generation, copy.sealed), (format::COPY, format::COPY));
    }

    #[test]
    fn a_reader_never_finds_an_incomplete_copy() {
        const ROUNDS: u64 = 500;
        let recording = recording();
        // From this block on, the previous content of each place is copied first.
        let first = SECOND.max_filled + LARGEST.blocks as u64;
        let mut block = write_blocks(&recording, None, 0..first);
        let written = AtomicBool::new(false);
        let check_newest = |found: &mut u64| {
            // Bytes of a copy with one record: the header and a word, padded.
            let at = recording.end.load(Ordering::Relaxed) - 128;
            let mut bytes = [0; BlockHeader::BYTES + 8];
            // The file may still be shorter.
            if recording.file.read_exact_at(&mut bytes, at).is_err() {
                return;
            }
            let (header, record) = bytes.split_first_chunk().unwrap();
            if let Ok(Some(header)) = BlockHeader::decode(header)
                && header.generation != 0
                && header.sequence >= first
            {
                assert_eq!(header.committed, 8);
                assert_eq!(record, header.sequence.to_le_bytes());
                *found += 1;
            }
        };
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut found = 0;
                while !written.load(Ordering::Relaxed) {
                    check_newest(&mut found);
                }
                check_newest(&mut found);
                found
            });
            for sequence in first..first + ROUNDS {
                block = recording.begin_block(THREAD, sequence, Some(block)).unwrap();
                block.words()[HEADER_WORDS].store(sequence, Ordering::Relaxed);
                block.words()[word::COMMITTED].store(8, Ordering::Relaxed);
            }
            written.store(true, Ordering::Relaxed);
            assert!(reader.join().unwrap() > 0);
        });
    }

    #[test]
    fn a_drained_block_is_not_copied() {
        let recording = recording();
        let last = fill_second_ring(&recording);
        let end = recording.end.load(Ordering::Relaxed);
        let first = last.next();
        first.words()[word::DRAINED].store(header(first).generation, Ordering::Relaxed);
        let next = recording.begin_block(THREAD, 5, Some(last)).unwrap();
        assert_eq!(recording.end.load(Ordering::Relaxed), end);
        assert_eq!(
            (header(next).sequence, header(next).committed, header(next).generation),
            (5, 0, 2)
        );
    }

    #[test]
    fn rings_are_reused_by_other_threads() {
        let recording = recording();
        for thread in 1..=10_000 {
            let block = recording.begin_block(thread, 0, None).unwrap();
            block.words()[word::DRAINED].store(header(block).generation, Ordering::Relaxed);
            recording.end_block(block);
        }
        let mapped = (SMALL_BLOCK_BYTES * RING_SIZES[0].rings_per_mapping) as u64;
        assert!(
            recording.end.load(Ordering::Relaxed)
                <= HEAD_BYTES as u64 + platform::page_bytes() + mapped
        );
    }

    #[test]
    fn a_stopped_recording_counts_dropped_events() {
        let recording = recording();
        let open = recording.begin_block(THREAD, 0, None).unwrap();
        recording.stopped.store(true, Ordering::Relaxed);
        assert!(recording.begin_block(THREAD, 1, Some(open)).is_none());
        assert_ne!(header(open).sealed, header(open).generation);
        recording.count_dropped();
        assert_eq!(recording.process_block[word::DROPPED].load(Ordering::Relaxed), 1);
    }
}
