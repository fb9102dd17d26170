//! The file that a process records into, and the places in it that its threads write to.
//!
//! The file begins with the file header and the block of the process; after them come
//! rings and spilled blocks, in the order in which they were asked for. A thread begins
//! with a ring of the smallest size and climbs to larger ones as it fills them. Rings go
//! back to a pool when their thread is done with them.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, io, process};

use format::packed::Packer;
use format::{
    BlockHeader, Event, FILE_HEADER_BYTES, HEADER_WORDS, MAX_RECORD, control, seals, word,
};

use super::block::{Block, Ring, store, store_unused};
use super::state::complain;
use crate::platform;

/// How much of the file is its head: the file header, the block of the process, and the
/// page that says which blocks are sealed.
const HEAD: usize = seals::PAGE + seals::PAGE_BYTES;

/// What rings there are, from the smallest to the largest.
///
/// A thread goes from one size to the next when it has filled as many blocks as `filled`
/// says: most threads of a program with many do little, and what a busy one writes must
/// fit until somebody has come to drain it.
const SIZES: [Size; 3] = [
    Size {
        block: SMALL_BLOCK,
        blocks: 1,
        mapped_at_once: 16,
        plenty: 256,
        most: usize::MAX,
        filled: 1,
    },
    Size {
        block: 16 << 10,
        blocks: 4,
        mapped_at_once: 1,
        plenty: 16,
        most: usize::MAX,
        filled: 17,
    },
    Size { block: 64 << 10, blocks: 64, mapped_at_once: 1, plenty: 0, most: 16, filled: u64::MAX },
];
/// A thread's first block.
pub(crate) const SMALL_BLOCK: usize = 4096;

struct Size {
    /// Bytes of a block.
    block: usize,
    /// Blocks of a ring.
    blocks: usize,
    mapped_at_once: usize,
    /// As long as there are not so many rings of this size, a thread gets a new one rather
    /// than one that it would have to empty first.
    plenty: usize,
    /// How many rings of this size there are, at most.
    most: usize,
    /// How many blocks a thread has filled before it goes on in a larger ring.
    filled: u64,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is being recorded into.
pub(crate) struct Recording {
    file: File,
    identity: platform::Identity,
    process: u32,
    /// What `recorder` says, if it records this process.
    control: Option<&'static [AtomicU64]>,
    /// The block that tells of the process.
    head: &'static [AtomicU64],
    /// All of the file's head.
    words: &'static [AtomicU64],
    /// Where the file has room.
    end: AtomicU64,
    /// How many bytes were written out of their places.
    copied: AtomicU64,
    /// For each of the [`SIZES`]: where rings that no thread has are to be used next.
    pools: [Mutex<VecDeque<Block>>; SIZES.len()],
    /// For each of the [`SIZES`]: how many rings there are.
    rings: [AtomicUsize; SIZES.len()],
    /// A thread uses the one that its number says.
    copiers: [Mutex<Copier>; 4],
    stopped: AtomicBool,
}

impl Recording {
    pub(super) fn new(
        file: File,
        process: u32,
        control: Option<&'static [AtomicU64]>,
    ) -> io::Result<Self> {
        let identity = platform::identity(&file)?;
        platform::allocate(&file, 0, HEAD)?;
        let memory = platform::map(&file, 0, HEAD)?;
        let (file_header, rest) = memory.split_at(FILE_HEADER_BYTES / size_of::<u64>());
        let (head, slots) = rest.split_at((seals::PAGE - FILE_HEADER_BYTES) / size_of::<u64>());
        store_unused(slots);
        let committed = write_process(head);
        let header = BlockHeader {
            stride: size_of_val(head) as u32,
            process,
            committed,
            generation: 1,
            ..BlockHeader::default()
        };
        store(head, header.words().into_iter());
        store(file_header, words_of(&format::file_header()));
        Ok(Recording {
            file,
            identity,
            process,
            control,
            head,
            words: memory,
            end: AtomicU64::new(HEAD as u64),
            copied: AtomicU64::new(0),
            pools: [const { Mutex::new(VecDeque::new()) }; SIZES.len()],
            rings: [const { AtomicUsize::new(0) }; SIZES.len()],
            copiers: [const { Mutex::new(Copier::new()) }; 4],
            stopped: AtomicBool::new(false),
        })
    }

    /// What `recorder` says, if it records this process.
    pub(super) fn control(&self) -> Option<&'static [AtomicU64]> {
        self.control
    }

    /// Whether `recorder` wants no operations now.
    pub(super) fn is_to_pause(&self) -> bool {
        self.control.is_some_and(|control| control[control::PAUSED].load(Ordering::Relaxed) != 0)
    }

    /// Counts an event that could not be recorded, where no block can hold the count.
    pub(crate) fn count_dropped(&self) {
        self.head[word::DROPPED].fetch_add(1, Ordering::Relaxed);
    }

    /// Begins `thread`'s block number `sequence`, which follows on `last`; seals `last`.
    ///
    /// `None` if the recording has stopped, be it long ago or now: then `last` stays open.
    pub(crate) fn begin_block(
        &self,
        thread: u32,
        sequence: u64,
        last: Option<Block>,
    ) -> Option<Block> {
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let next = self.next(sequence, last);
        match next.and_then(|block| self.make_ready(block)).and_then(|block| self.vacate(block)) {
            Ok(block) => {
                block.begin(self.process, thread, sequence);
                if let Some(last) = last {
                    self.seal(last);
                    if last.ring.size != block.ring.size {
                        self.give_back(last);
                    }
                }
                Some(block)
            }
            Err(error) => {
                if !self.stopped.swap(true, Ordering::Relaxed) {
                    complain(&error);
                }
                None
            }
        }
    }

    /// Seals a thread's last block and takes its ring back.
    pub(crate) fn end_block(&self, block: Block) {
        self.seal(block);
        self.give_back(block);
    }

    fn seal(&self, block: Block) {
        block.seal();
        self.announce(block.offset());
    }

    /// Says that the block at this place is sealed.
    fn announce(&self, offset: u64) {
        let number = self.words[seals::COUNT].fetch_add(1, Ordering::Relaxed);
        self.words[seals::word(number)].store(seals::slot(number, offset), Ordering::Release);
    }

    fn give_back(&self, block: Block) {
        lock(&self.pools[block.ring.size]).push_back(block.next());
    }

    /// Where a thread goes on that has filled `sequence` blocks.
    fn next(&self, sequence: u64, last: Option<Block>) -> io::Result<Block> {
        let Some(last) = last else { return self.take(0) };
        let size = last.ring.size;
        if sequence < SIZES[size].filled {
            return Ok(last.next());
        }
        match self.take(size + 1) {
            // There is always another ring of the second size.
            Err(error) if size > 0 && error.kind() == io::ErrorKind::QuotaExceeded => {
                Ok(last.next())
            }
            taken => taken,
        }
    }

    /// A place in a ring of this size.
    fn take(&self, size: usize) -> io::Result<Block> {
        // The one that was given back first is the one most likely to be drained.
        let Size { block, mut blocks, mapped_at_once, mut plenty, most, .. } = SIZES[size];
        if self.control.is_none() {
            // Nobody will come to drain a ring: a large one is better small enough for
            // the cache, and one of a thread that is gone is emptied late.
            blocks = blocks.min(2);
            plenty *= 16;
        }
        let is_plenty = self.rings[size].load(Ordering::Relaxed) >= plenty;
        let pooled = lock(&self.pools[size]).pop_front_if(|block| is_plenty || block.can_be_used());
        if let Some(block) = pooled {
            return Ok(block);
        }
        if self.rings[size].fetch_add(mapped_at_once, Ordering::Relaxed) >= most {
            self.rings[size].fetch_sub(mapped_at_once, Ordering::Relaxed);
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let ring = block * blocks;
        let (memory, offset) = self.map(ring * mapped_at_once)?;
        // Rings that are mapped together get their room together, too.
        let has_room = mapped_at_once > 1;
        if has_room {
            platform::allocate(self.file()?, offset, ring * mapped_at_once)?;
        }
        let mut rings = memory
            .chunks_exact(ring / size_of::<u64>())
            .zip((offset..).step_by(ring))
            .map(|(memory, offset)| Ring::new(memory, offset, blocks, size, has_room).first());
        let first = rings.next().ok_or(io::ErrorKind::OutOfMemory)?;
        lock(&self.pools[size]).extend(rings);
        Ok(first)
    }

    /// The file, if it is still what it was: a program that closes files that it has not
    /// opened can have a file of its own in this one's place.
    fn file(&self) -> io::Result<&File> {
        if platform::identity(&self.file)? != self.identity {
            return Err(io::Error::other("the program has closed the recording's file"));
        }
        Ok(&self.file)
    }

    /// New memory without room on the disk, and where it is in the file.
    fn map(&self, bytes: usize) -> io::Result<(&'static [AtomicU64], u64)> {
        let offset = self.reserve(bytes as u64, platform::page_bytes());
        Ok((platform::map(self.file()?, offset, bytes)?, offset))
    }

    /// Gets room on the disk for a block that has none: a large ring gets it bit by bit.
    fn make_ready(&self, block: Block) -> io::Result<Block> {
        if block.is_ready() {
            return Ok(block);
        }
        if !block.ring.has_room {
            platform::allocate(self.file()?, block.offset(), size_of_val(block.words()))?;
        }
        Ok(block.made_ready())
    }

    /// Sees to it that what `block` held before stands elsewhere too.
    fn vacate(&self, block: Block) -> io::Result<Block> {
        if !block.is_vacant() {
            let copier = &self.copiers[block.owner() as usize % self.copiers.len()];
            let mut copier = lock(copier);
            let copy = copier.copy(block)?;
            let offset = self.reserve_for_copy(copy.len() as u64)?;
            let file = self.file()?;
            set_word(copy, word::SEALED, format::COPY);
            // The kernel writes a page at a time, and can be told to stop in between. Until
            // all of it is there a reader finds a place that has never been used.
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
            self.announce(offset);
        }
        Ok(block)
    }

    /// Room for so many bytes at the file's end, from a multiple of `alignment` on.
    fn reserve(&self, bytes: u64, alignment: u64) -> u64 {
        let reserve = |end: u64| Some(end.next_multiple_of(alignment) + bytes);
        match self.end.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve) {
            Ok(end) | Err(end) => end.next_multiple_of(alignment),
        }
    }

    /// Room for a copy, unless copies take as much already as they may.
    fn reserve_for_copy(&self, bytes: u64) -> io::Result<u64> {
        let limit =
            self.control.map_or(0, |control| control[control::LIMIT].load(Ordering::Relaxed));
        let copied = self.copied.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if limit != 0 && copied > limit {
            return Err(io::Error::other("it has reached the size that was allowed"));
        }
        Ok(self.reserve(bytes, 1))
    }
}

/// Sets a word of a header.
fn set_word(header: &mut [u8], word: usize, value: u64) {
    header[word * size_of::<u64>()..][..size_of::<u64>()].copy_from_slice(&value.to_le_bytes());
}

/// Packs blocks that have to be written out of their places.
struct Copier {
    records: Vec<u8>,
    packer: Packer,
    packed: Vec<u8>,
}

impl Copier {
    const fn new() -> Self {
        Copier { records: Vec::new(), packer: Packer::new(), packed: Vec::new() }
    }

    /// A copy of `block`, packed if that pays.
    fn copy(&mut self, block: Block) -> io::Result<&mut [u8]> {
        let words = block.words();
        let (header, records) = words.split_at(HEADER_WORDS);
        let committed = header[word::COMMITTED].load(Ordering::Relaxed) as usize;
        self.records.clear();
        self.packed.clear();
        // The program must not end where we find no memory.
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

/// Writes what there is to say of the process behind the header of its block; gives how long
/// that is.
fn write_process(head: &[AtomicU64]) -> u64 {
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
    store(&head[HEADER_WORDS..], words_of(&bytes[..length]));
    length as u64
}

/// A record's bytes as the words that are stored.
pub(crate) fn words_of(bytes: &[u8]) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator {
    bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;
    use std::sync::atomic::AtomicBool;

    use super::*;

    const THREAD: u32 = 1;
    const SECOND: &Size = &SIZES[1];
    const LARGEST: &Size = &SIZES[SIZES.len() - 1];

    /// A recording that somebody may drain.
    fn recording() -> Recording {
        static CONTROL: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];
        Recording::new(tempfile::tempfile().unwrap(), 0, Some(&CONTROL)).unwrap()
    }

    /// Goes through a thread's blocks up to its last in the second ring; gives that.
    fn fill_the_second_ring(recording: &Recording) -> Block {
        go_on(recording, None, 0..=SECOND.blocks as u64)
    }

    /// Goes on from `block` through these blocks; gives the last.
    fn go_on(
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
    fn the_head_tells_of_the_process() {
        let recording = recording();
        let mut bytes = [0; HEAD];
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
    fn a_thread_begins_small_and_climbs() {
        let recording = recording();
        let small = recording.begin_block(THREAD, 0, None).unwrap();
        let second = recording.begin_block(THREAD, 1, Some(small)).unwrap();
        assert_eq!(size_of_val(small.words()), SMALL_BLOCK);
        assert_eq!(size_of_val(second.words()), SECOND.block);
        assert_eq!(header(small).sealed, header(small).generation);
        assert_ne!(header(second).sealed, header(second).generation);
        assert_eq!((header(second).thread, header(second).sequence), (THREAD, 1));

        let last = go_on(&recording, Some(second), 2..SECOND.filled);
        assert_eq!(size_of_val(last.words()), SECOND.block);
        let largest = recording.begin_block(THREAD, SECOND.filled, Some(last)).unwrap();
        assert_eq!(size_of_val(largest.words()), LARGEST.block);
    }

    #[test]
    fn there_are_only_so_many_of_the_largest_rings() {
        let recording = recording();
        for thread in 0..=LARGEST.most {
            let last = go_on(&recording, None, 0..=SECOND.filled);
            let expected = if thread < LARGEST.most { LARGEST } else { SECOND };
            assert_eq!(size_of_val(last.words()), expected.block, "thread {thread}");
        }
    }

    #[test]
    fn a_block_is_written_elsewhere_before_its_place_is_used_again() {
        let recording = recording();
        let last = fill_the_second_ring(&recording);
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
    fn nobody_finds_a_block_elsewhere_before_all_of_it_is_there() {
        const ROUNDS: u64 = 500;
        let recording = recording();
        // From here on each block is written elsewhere first.
        let first = SECOND.filled + LARGEST.blocks as u64;
        let mut block = go_on(&recording, None, 0..first);
        let written = AtomicBool::new(false);
        let newest = |found: &mut u64| {
            // The header and a word.
            let at = recording.end.load(Ordering::Relaxed) - 128;
            let mut bytes = [0; BlockHeader::BYTES + 8];
            // The file may not be so long yet.
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
                    newest(&mut found);
                }
                newest(&mut found);
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
    fn a_drained_block_is_not() {
        let recording = recording();
        let last = fill_the_second_ring(&recording);
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
    fn rings_are_used_again_by_other_threads() {
        let recording = recording();
        for thread in 1..=10_000 {
            let block = recording.begin_block(thread, 0, None).unwrap();
            block.words()[word::DRAINED].store(header(block).generation, Ordering::Relaxed);
            recording.end_block(block);
        }
        let mapped = (SMALL_BLOCK * SIZES[0].mapped_at_once) as u64;
        assert!(
            recording.end.load(Ordering::Relaxed) <= HEAD as u64 + platform::page_bytes() + mapped
        );
    }

    #[test]
    fn a_recording_that_has_stopped_counts_what_it_loses() {
        let recording = recording();
        let open = recording.begin_block(THREAD, 0, None).unwrap();
        recording.stopped.store(true, Ordering::Relaxed);
        assert!(recording.begin_block(THREAD, 1, Some(open)).is_none());
        assert_ne!(header(open).sealed, header(open).generation);
        recording.count_dropped();
        assert_eq!(recording.head[word::DROPPED].load(Ordering::Relaxed), 1);
    }
}
