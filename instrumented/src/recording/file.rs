//! The file that a process records into, and the blocks that its threads write.
//!
//! The file begins with the file header and the block of the process; after them come
//! rings and spilled blocks, in the order in which they were asked for. A ring is mapped
//! memory with room for one small block or a few large ones. A thread begins with a
//! small ring and takes a large one when that is full. Rings go back to a pool when
//! their thread is done with them.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::{env, process};

use format::{BlockHeader, Event, FILE_HEADER_BYTES, HEADER_WORDS, MAX_RECORD, MessageId, word};

use crate::platform;

/// Where `recorder` says into what directory the processes that it runs record.
const SESSION: &str = "INSTRUMENTED_SESSION";

/// How much of the file is its head.
const HEAD: usize = 4096;
/// A thread's first block: most threads of a program with many do little.
pub(crate) const SMALL_BLOCK: usize = 4096;
/// So many small rings are mapped at once.
const SMALL_RINGS: usize = 16;
/// A busy thread's blocks.
const LARGE_BLOCK: usize = 64 << 10;
const LARGE_RING_BLOCKS: usize = 4;

static STATE: AtomicU8 = AtomicU8::new(State::Unknown as u8);
static RECORDING: OnceLock<Recording> = OnceLock::new();
/// Held while the process finds out, or decides, whether it is recorded.
static DECIDING: Mutex<()> = Mutex::new(());
/// The process that has, or had, a reason to hold it.
static DECIDER: AtomicU32 = AtomicU32::new(0);

#[repr(u8)]
enum State {
    /// Nobody has looked.
    Unknown,
    /// This process is not recorded.
    Off,
    /// This process is recorded.
    On,
}

/// Whether this process is recorded; false until [`prepare`] has found out.
#[inline]
pub(crate) fn on() -> bool {
    STATE.load(Ordering::Relaxed) == State::On as u8
}

/// Finds out whether this process is recorded, the first time that it is called.
pub(crate) fn prepare() -> bool {
    if STATE.load(Ordering::Acquire) == State::Unknown as u8 {
        match decide() {
            Some(deciding) => find_out(&deciding),
            None => set(State::Off),
        }
    }
    on()
}

/// Takes the right to decide; `None` in a child that was forked while its parent may have
/// been at it: there the lock may be held by a thread that the child has not got.
fn decide() -> Option<MutexGuard<'static, ()>> {
    let this = process::id();
    match DECIDER.compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed) {
        Err(other) if other != this => None,
        _ => Some(lock(&DECIDING)),
    }
}

/// The recording of this process, if there is one.
pub(crate) fn current() -> Option<&'static Recording> {
    if on() { RECORDING.get() } else { None }
}

#[cold]
fn find_out(_deciding: &MutexGuard<'_, ()>) {
    if STATE.load(Ordering::Acquire) != State::Unknown as u8 {
        return;
    }
    let Some(session) = env::var_os(SESSION) else {
        set(State::Off);
        return;
    };
    if let Err(error) = begin(|| create_part(Path::new(&session)), true) {
        set(State::Off);
        complain(&error);
    }
}

pub(super) fn start(path: &Path) -> io::Result<()> {
    let forked = || io::Error::other("a forked child cannot record itself");
    let deciding = decide().ok_or_else(forked)?;
    find_out(&deciding);
    if let Some(recording) = current() {
        if recording.by_recorder {
            return Ok(());
        }
        let message = "this process records itself already";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
    }
    // Another process may have the file that is there mapped, so that one is replaced
    // and not shortened; and a file that has not got its head yet has another name.
    let mut unfinished = OsString::from(path);
    unfinished.push(format!(".{}.new", process::id()));
    let created =
        || Ok((File::options().read(true).write(true).create_new(true).open(&unfinished)?, 0));
    begin(created, false).and_then(|()| fs::rename(&unfinished, path)).inspect_err(|_| {
        set(State::Off);
        let _ = fs::remove_file(&unfinished);
    })
}

/// Opens a file, writes its head and turns the recording on.
fn begin(open: impl FnOnce() -> io::Result<(File, u32)>, by_recorder: bool) -> io::Result<()> {
    let (file, process) = open()?;
    platform::choose();
    let recording = Recording::new(file, process, by_recorder)?;
    if RECORDING.set(recording).is_err() {
        return Err(io::Error::other("this process cannot start a second recording"));
    }
    platform::in_forked_child(forget_in_forked_child);
    set(State::On);
    Ok(())
}

/// Makes the file of the first process number that is free.
fn create_part(session: &Path) -> io::Result<(File, u32)> {
    for process in 0..u32::MAX {
        let path = session.join(format!("{process}.part"));
        match File::options().read(true).write(true).create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return Ok((file?, process)),
        }
    }
    Err(io::Error::other("the session has no process number left"))
}

/// A forked child shares the parent's mapped memory. It does not write there: it is not
/// recorded, unless it executes another program, which begins anew.
extern "C" fn forget_in_forked_child() {
    set(State::Off);
}

fn set(state: State) {
    STATE.store(state as u8, Ordering::Release);
}

/// Says once why there is no recording, or no more of it.
fn complain(error: &io::Error) {
    platform::complain(&format!("instrumented: not recording (any more): {error}\n"));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is being recorded into.
pub(crate) struct Recording {
    file: File,
    identity: platform::Identity,
    process: u32,
    by_recorder: bool,
    /// The block that tells of the process.
    head: &'static [AtomicU64],
    /// Where the file has room.
    end: AtomicU64,
    threads: AtomicU32,
    small: Mutex<VecDeque<Ring>>,
    large: Mutex<VecDeque<Ring>>,
    stopped: AtomicBool,
}

impl Recording {
    fn new(file: File, process: u32, by_recorder: bool) -> io::Result<Self> {
        let identity = platform::identity(&file)?;
        let memory = platform::map(&file, 0, HEAD)?;
        let (file_header, head) = memory.split_at(FILE_HEADER_BYTES / size_of::<u64>());
        let committed = write_process_started(head);
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
            by_recorder,
            head,
            end: AtomicU64::new(HEAD as u64),
            threads: AtomicU32::new(1),
            small: Mutex::new(VecDeque::new()),
            large: Mutex::new(VecDeque::new()),
            stopped: AtomicBool::new(false),
        })
    }

    /// A number for a thread that was not seen before, or `None` if there are no more.
    pub(crate) fn number_thread(&self) -> Option<u32> {
        let number = self.threads.fetch_add(1, Ordering::Relaxed);
        (1..=MessageId::MAX_THREAD).contains(&number).then_some(number)
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
        let next = match last {
            None => self.take_small(),
            Some(Block { ring, .. }) if ring.blocks == 1 => self.take_large(),
            Some(Block { ring, index }) => Ok(Block { ring, index: (index + 1) % ring.blocks }),
        };
        match next.and_then(|block| self.vacate(block)) {
            Ok(block) => {
                block.begin(self.process, thread, sequence);
                if let Some(last) = last {
                    last.seal();
                    if last.ring.blocks == 1 {
                        lock(&self.small).push_back(last.ring);
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
        block.seal();
        let pool = if block.ring.blocks == 1 { &self.small } else { &self.large };
        lock(pool).push_back(block.ring);
    }

    fn take_small(&self) -> io::Result<Block> {
        let mut pool = lock(&self.small);
        if pool.is_empty() {
            let memory = self.map(SMALL_BLOCK * SMALL_RINGS)?;
            let rings = memory.chunks_exact(SMALL_BLOCK / size_of::<u64>());
            pool.extend(rings.map(|memory| Ring::new(memory, 1)));
        }
        // The one that was given back first is the one most likely to be drained.
        let ring = pool.pop_front().ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Block { ring, index: 0 })
    }

    fn take_large(&self) -> io::Result<Block> {
        let pooled = lock(&self.large).pop_front();
        let ring = match pooled {
            Some(ring) => ring,
            None => Ring::new(self.map(LARGE_BLOCK * LARGE_RING_BLOCKS)?, LARGE_RING_BLOCKS),
        };
        Ok(Block { ring, index: 0 })
    }

    /// The file, if it is still what it was: a program that closes files that it has not
    /// opened can have a file of its own in this one's place.
    fn file(&self) -> io::Result<&File> {
        if platform::identity(&self.file)? != self.identity {
            return Err(io::Error::other("the program has closed the recording's file"));
        }
        Ok(&self.file)
    }

    fn map(&self, bytes: usize) -> io::Result<&'static [AtomicU64]> {
        let page = platform::page_bytes();
        let reserve = |end: u64| Some(end.next_multiple_of(page) + bytes as u64);
        let end = match self.end.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve) {
            Ok(end) | Err(end) => end,
        };
        platform::map(self.file()?, end.next_multiple_of(page), bytes)
    }

    /// Sees to it that what `block` held before stands elsewhere too.
    fn vacate(&self, block: Block) -> io::Result<Block> {
        let words = block.words();
        let generation = words[word::GENERATION].load(Ordering::Relaxed);
        if generation != 0 && words[word::DRAINED].load(Ordering::Acquire) != generation {
            let offset = self.end.fetch_add(size_of_val(words) as u64, Ordering::Relaxed);
            let (header, records) = words.split_at(HEADER_WORDS);
            let file = self.file()?;
            let copy: [AtomicU64; HEADER_WORDS] =
                std::array::from_fn(|at| AtomicU64::new(header[at].load(Ordering::Relaxed)));
            // Until all of it is there a reader finds a place that has never been used.
            copy[word::GENERATION].store(0, Ordering::Relaxed);
            platform::write_words(file, &copy, offset)?;
            platform::write_words(file, records, offset + BlockHeader::BYTES as u64)?;
            copy[word::GENERATION].store(generation, Ordering::Relaxed);
            platform::write_words(file, &copy, offset)?;
        }
        Ok(block)
    }
}

/// Mapped memory with room for `blocks` blocks.
#[derive(Clone, Copy)]
struct Ring {
    memory: &'static [AtomicU64],
    blocks: usize,
}

impl Ring {
    /// Makes a ring of new memory: every block there is one that has never been used,
    /// so that a reader can step from one to the next.
    fn new(memory: &'static [AtomicU64], blocks: usize) -> Self {
        let ring = Ring { memory, blocks };
        for index in 0..blocks {
            let words = Block { ring, index }.words();
            let header =
                BlockHeader { stride: size_of_val(words) as u32, ..BlockHeader::default() };
            store(words, header.words().into_iter());
        }
        ring
    }
}

/// A block of a ring: what a thread writes its records into.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    ring: Ring,
    index: usize,
}

impl Block {
    /// Header and room for records.
    pub(crate) fn words(self) -> &'static [AtomicU64] {
        let length = self.ring.memory.len() / self.ring.blocks;
        &self.ring.memory[self.index * length..][..length]
    }

    /// Makes the block a new, empty one. While its words change it counts as one that has
    /// never been used: a reader of a file that ends in the midst of this passes it over.
    fn begin(self, process: u32, thread: u32, sequence: u64) {
        let words = self.words();
        let generation = words[word::GENERATION].load(Ordering::Relaxed) + 1;
        words[word::GENERATION].store(0, Ordering::Release);
        words[word::COMMITTED].store(0, Ordering::Release);
        words[word::DROPPED].store(0, Ordering::Release);
        words[word::OWNER].store(u64::from(thread) << 32 | u64::from(process), Ordering::Release);
        words[word::SEQUENCE].store(sequence, Ordering::Release);
        words[word::GENERATION].store(generation, Ordering::Release);
    }

    fn seal(self) {
        let words = self.words();
        let generation = words[word::GENERATION].load(Ordering::Relaxed);
        words[word::SEALED].store(generation, Ordering::Release);
    }
}

/// Stores words from the last to the first: a header's first word says that it is there.
fn store(to: &[AtomicU64], words: impl DoubleEndedIterator<Item = u64> + ExactSizeIterator) {
    for (to, word) in to[..words.len()].iter().zip(words).rev() {
        to.store(word, Ordering::Release);
    }
}

/// Writes the process's first record behind the header of its block; gives its length.
fn write_process_started(head: &[AtomicU64]) -> u64 {
    let executable = env::current_exe().unwrap_or_default();
    let arguments: Vec<_> =
        env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let (ticks, monotonic_ns) = platform::calibration();
    let event = Event::ProcessStarted {
        pid: process::id(),
        parent: platform::parent_id(),
        ticks,
        monotonic_ns,
        wall_ns: platform::wall_ns(),
        executable: &executable.to_string_lossy(),
        arguments: &arguments.join(" "),
    };
    let mut bytes = [0; MAX_RECORD];
    let length = event.encode(ticks, &mut bytes);
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

    use super::*;

    const THREAD: u32 = 1;

    fn recording() -> Recording {
        Recording::new(tempfile::tempfile().unwrap(), 0, false).unwrap()
    }

    /// Goes through a thread's blocks up to its last in the large ring; gives that.
    fn fill_the_large_ring(recording: &Recording) -> Block {
        let mut block = None;
        for sequence in 0..=LARGE_RING_BLOCKS as u64 {
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
        let record = format::decode(&records[..header.committed as usize]).unwrap();
        assert!(matches!(record.event, Event::ProcessStarted { pid, .. } if pid == process::id()));
    }

    #[test]
    fn a_thread_begins_small_and_goes_on_large() {
        let recording = recording();
        let small = recording.begin_block(THREAD, 0, None).unwrap();
        let large = recording.begin_block(THREAD, 1, Some(small)).unwrap();
        assert_eq!(size_of_val(small.words()), SMALL_BLOCK);
        assert_eq!(size_of_val(large.words()), LARGE_BLOCK);
        assert_eq!(header(small).sealed, header(small).generation);
        assert_ne!(header(large).sealed, header(large).generation);
        assert_eq!((header(large).thread, header(large).sequence), (THREAD, 1));
    }

    #[test]
    fn a_block_is_written_elsewhere_before_its_place_is_used_again() {
        let recording = recording();
        let last = fill_the_large_ring(&recording);
        let end = recording.end.load(Ordering::Relaxed);
        recording.begin_block(THREAD, 5, Some(last)).unwrap();

        let mut bytes = [0; BlockHeader::BYTES];
        recording.file.read_exact_at(&mut bytes, end).unwrap();
        let copy = BlockHeader::decode(&bytes).unwrap().unwrap();
        assert_eq!((copy.thread, copy.sequence, copy.committed), (THREAD, 1, 8));
        assert_eq!(recording.file.metadata().unwrap().len(), end + LARGE_BLOCK as u64);
    }

    #[test]
    fn nobody_finds_a_block_elsewhere_before_all_of_it_is_there() {
        const ROUNDS: u64 = 500;
        let recording = recording();
        let mut block = fill_the_large_ring(&recording);
        let written = AtomicBool::new(false);
        let newest = |found: &mut u64| {
            let at = recording.end.load(Ordering::Relaxed) - LARGE_BLOCK as u64;
            let mut bytes = [0; BlockHeader::BYTES + 8];
            // The file may not be so long yet.
            if recording.file.read_exact_at(&mut bytes, at).is_err() {
                return;
            }
            let (header, record) = bytes.split_first_chunk().unwrap();
            if let Ok(Some(header)) = BlockHeader::decode(header)
                && header.generation != 0
                && header.sequence > LARGE_RING_BLOCKS as u64
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
            let first = LARGE_RING_BLOCKS as u64 + 1;
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
        let last = fill_the_large_ring(&recording);
        let end = recording.end.load(Ordering::Relaxed);
        let first = Block { index: 0, ..last };
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
        let mapped = (SMALL_BLOCK * SMALL_RINGS) as u64;
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
