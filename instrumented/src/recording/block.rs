//! Blocks of mapped memory, and how a thread and whoever drains them agree on them.
//!
//! The thread begins a block, writes records into it, raises `committed` after each and
//! seals it. Whoever drains reads a sealed block and then sets `drained`, which is what
//! the thread looks at before it begins the next block in that place.

use format::{BlockHeader, word};

// Those of std; those of a model checker in the test of this module.
use super::atomic::{AtomicU64, Ordering, fence};

/// Mapped memory with room for some blocks of one size, which are used in turn.
#[derive(Clone, Copy)]
pub(crate) struct Ring {
    memory: &'static [AtomicU64],
    /// Where it is in the file, in bytes.
    offset: u64,
    blocks: usize,
    /// Whether all of it has room on the disk, and not only the blocks that are ready.
    pub(super) has_room: bool,
    /// So many of the blocks, from the first on, have room on the disk and a header.
    ready: usize,
    /// Which of the sizes of rings it has.
    pub(super) size: usize,
}

impl Ring {
    /// A ring of memory in which nothing stands yet.
    pub(super) fn new(
        memory: &'static [AtomicU64],
        offset: u64,
        blocks: usize,
        size: usize,
        has_room: bool,
    ) -> Self {
        Ring { memory, offset, blocks, has_room, ready: 0, size }
    }

    /// Where the ring is used first.
    pub(super) fn first(self) -> Block {
        Block { ring: self, index: 0 }
    }
}

/// A block of a ring: what a thread writes its records into.
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

    /// Where it is in the file, in bytes.
    pub(super) fn offset(self) -> u64 {
        self.ring.offset + (self.index * size_of_val(self.words())) as u64
    }

    /// The block whose turn it is after this one.
    pub(super) fn next(self) -> Self {
        Block { index: (self.index + 1) % self.ring.blocks, ..self }
    }

    /// Whether it has been used. If not, its memory must not be touched before it has room on
    /// the disk.
    pub(super) fn is_ready(self) -> bool {
        self.index < self.ring.ready
    }

    /// The same block, which has got room on the disk: one that has never been used.
    pub(super) fn made_ready(mut self) -> Self {
        self.ring.ready = self.index + 1;
        store_unused(self.words());
        self
    }

    /// Whether what it held, if anything, stands elsewhere as well.
    pub(super) fn is_vacant(self) -> bool {
        let words = self.words();
        let generation = words[word::GENERATION].load(Ordering::Relaxed);
        generation == 0 || words[word::DRAINED].load(Ordering::Acquire) == generation
    }

    /// What its header says of where its records belong.
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

    /// The thread that has written it.
    pub(super) fn owner(self) -> u32 {
        (self.words()[word::OWNER].load(Ordering::Relaxed) >> 32) as u32
    }

    /// Whether a thread can begin here at once.
    pub(super) fn can_be_used(self) -> bool {
        !self.is_ready() || self.is_vacant()
    }

    /// Makes the block a new, empty one. While its words change it counts as one that has
    /// never been used: a reader of a file that ends in the midst of this passes it over.
    pub(super) fn begin(self, process: u32, thread: u32, sequence: u64) {
        let words = self.words();
        let generation = words[word::GENERATION].load(Ordering::Relaxed) + 1;
        words[word::GENERATION].store(0, Ordering::Relaxed);
        // Who sees anything of the new block sees that the old one is gone.
        fence(Ordering::Release);
        words[word::COMMITTED].store(0, Ordering::Release);
        words[word::DROPPED].store(0, Ordering::Release);
        words[word::OWNER].store(u64::from(thread) << 32 | u64::from(process), Ordering::Release);
        words[word::SEQUENCE].store(sequence, Ordering::Release);
        words[word::GENERATION].store(generation, Ordering::Release);
    }

    pub(super) fn seal(self) {
        let words = self.words();
        let generation = words[word::GENERATION].load(Ordering::Relaxed);
        words[word::SEALED].store(generation, Ordering::Release);
    }
}

/// Makes `words` a block that has never been used.
pub(super) fn store_unused(words: &[AtomicU64]) {
    let header = BlockHeader { stride: size_of_val(words) as u32, ..BlockHeader::default() };
    store(words, header.words().into_iter());
}

/// Stores words from the last to the first: a header's first word says that it is there.
pub(super) fn store(
    to: &[AtomicU64],
    words: impl DoubleEndedIterator<Item = u64> + ExactSizeIterator,
) {
    for (to, word) in to[..words.len()].iter().zip(words).rev() {
        to.store(word, Ordering::Release);
    }
}
