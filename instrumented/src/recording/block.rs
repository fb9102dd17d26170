//! Blocks of mapped memory, and the protocol between the thread that writes a block and the
//! drainer that copies it.
//!
//! The thread begins a block, writes records into it, raises `committed` after each, and seals
//! the block. The drainer copies a sealed block and then sets `drained`. The thread reads
//! `drained` before it begins the next block in the same place.

use format::{BlockHeader, word};

// std's atomics; in the test with a model checker, the model checker's.
use super::atomic::{AtomicU64, Ordering, fence};

/// Mapped memory with room for a number of blocks of one size, which are used in turn.
#[derive(Clone, Copy)]
pub(crate) struct Ring {
    memory: &'static [AtomicU64],
    /// Offset of the memory in the file, in bytes.
    offset: u64,
    /// Number of blocks.
    blocks: usize,
    /// Whether all blocks have disk space, not only the ready ones.
    pub(super) is_allocated: bool,
    /// Number of blocks, from the first on, that have disk space and a header.
    ready: usize,
    /// Index of the ring's size among the ring sizes.
    pub(super) size: usize,
}

impl Ring {
    /// A ring in memory that has not been used.
    pub(super) fn new(
        memory: &'static [AtomicU64],
        offset: u64,
        blocks: usize,
        size: usize,
        is_allocated: bool,
    ) -> Self {
        Ring { memory, offset, blocks, is_allocated, ready: 0, size }
    }

    /// The first block.
    pub(super) fn first(self) -> Block {
        Block { ring: self, index: 0 }
    }
}

/// A block of a ring: a place for the records of one thread.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    pub(super) ring: Ring,
    index: usize,
}

impl Block {
    /// Header and room for records.
    pub(crate) fn words(self) -> &'static [AtomicU64] {
        let length = self.ring.memory.len() / self.ring.blocks;
        &self.ring.memory[self.index * length..][..length]
    }

    /// Offset of the block in the file, in bytes.
    pub(super) fn offset(self) -> u64 {
        self.ring.offset + (self.index * size_of_val(self.words())) as u64
    }

    /// The block that follows this one in the ring.
    pub(super) fn next(self) -> Self {
        Block { index: (self.index + 1) % self.ring.blocks, ..self }
    }

    /// Whether the block has disk space and a header. If not, its memory must not be touched.
    pub(super) fn is_ready(self) -> bool {
        self.index < self.ring.ready
    }

    /// Writes the header of an unused block that has been given disk space, and returns the block
    /// as ready.
    pub(super) fn into_ready(mut self) -> Self {
        self.ring.ready = self.index + 1;
        store_unused(self.words());
        self
    }

    /// Whether the block's place can be used again: its content, if any, has been copied.
    pub(super) fn is_vacant(self) -> bool {
        let words = self.words();
        let generation = words[word::GENERATION].load(Ordering::Relaxed);
        generation == 0 || words[word::DRAINED].load(Ordering::Acquire) == generation
    }

    /// The fields of the header that say where the records belong.
    pub(super) fn header(self) -> BlockHeader {
        let words = self.words();
        BlockHeader {
            process: words[word::OWNER].load(Ordering::Relaxed) as u32,
            thread: self.owner(),
            sequence: words[word::SEQUENCE].load(Ordering::Relaxed),
            dropped: words[word::DROPPED].load(Ordering::Relaxed),
            ..BlockHeader::default()
        }
    }

    /// The number of the thread that wrote the block.
    pub(super) fn owner(self) -> u32 {
        (self.words()[word::OWNER].load(Ordering::Relaxed) >> 32) as u32
    }

    /// Whether a thread can begin a block here without copying anything first.
    pub(super) fn is_available(self) -> bool {
        !self.is_ready() || self.is_vacant()
    }

    /// Begins a new, empty block in this place.
    ///
    /// The generation is 0 while the other words change. A reader of a file that ends at that
    /// moment skips the block as unused.
    pub(super) fn begin(self, process: u32, thread: u32, sequence: u64) {
        let words = self.words();
        let generation = words[word::GENERATION].load(Ordering::Relaxed) + 1;
        words[word::GENERATION].store(0, Ordering::Relaxed);
        // A reader that sees any word of the new block also sees that the old one is gone.
        fence(Ordering::Release);
        words[word::COMMITTED].store(0, Ordering::Release);
        words[word::DROPPED].store(0, Ordering::Release);
        words[word::OWNER].store(u64::from(thread) << 32 | u64::from(process), Ordering::Release);
        words[word::SEQUENCE].store(sequence, Ordering::Release);
        words[word::GENERATION].store(generation, Ordering::Release);
    }

    /// Marks the block as complete.
    pub(super) fn seal(self) {
        let words = self.words();
        let generation = words[word::GENERATION].load(Ordering::Relaxed);
        words[word::SEALED].store(generation, Ordering::Release);
    }
}

/// Writes the header of an unused block to `words`.
pub(super) fn store_unused(words: &[AtomicU64]) {
    let header = BlockHeader { stride: size_of_val(words) as u32, ..BlockHeader::default() };
    store(words, header.words().into_iter());
}

/// Stores words from the last to the first: a header counts once its first word is there.
pub(super) fn store(
    to: &[AtomicU64],
    words: impl DoubleEndedIterator<Item = u64> + ExactSizeIterator,
) {
    for (to, word) in to[..words.len()].iter().zip(words).rev() {
        to.store(word, Ordering::Release);
    }
}
