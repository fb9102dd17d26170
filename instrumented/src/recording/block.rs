//! Blocks of mapped memory, and how a thread and whoever drains them agree on them.
//!
//! The thread begins a block, writes records into it, raises `committed` after each and
//! seals it. Whoever drains reads a sealed block and then sets `drained`, which is what
//! the thread looks at before it begins the next block in that place.

use std::sync::atomic::{AtomicU64, Ordering};

use format::{BlockHeader, HEADER_WORDS, word};

/// Mapped memory with room for some blocks of one size, which are used in turn.
#[derive(Clone, Copy)]
pub(crate) struct Ring {
    memory: &'static [AtomicU64],
    blocks: usize,
    /// Which of the sizes of rings it has.
    pub(super) size: usize,
}

impl Ring {
    /// Makes a ring of new memory: every block there is one that has never been used,
    /// so that a reader can step from one to the next.
    pub(super) fn new(memory: &'static [AtomicU64], blocks: usize, size: usize) -> Self {
        let ring = Ring { memory, blocks, size };
        for index in 0..blocks {
            let words = Block { ring, index }.words();
            let header =
                BlockHeader { stride: size_of_val(words) as u32, ..BlockHeader::default() };
            store(words, header.words().into_iter());
        }
        ring
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

    /// The block whose turn it is after this one.
    pub(super) fn next(self) -> Self {
        Block { index: (self.index + 1) % self.ring.blocks, ..self }
    }

    /// Whether what it held, if anything, stands elsewhere as well.
    pub(super) fn is_vacant(self) -> bool {
        let words = self.words();
        let generation = words[word::GENERATION].load(Ordering::Relaxed);
        generation == 0 || words[word::DRAINED].load(Ordering::Acquire) == generation
    }

    /// A copy of its header, as of a block that is nowhere yet.
    pub(super) fn copied_header(self) -> [AtomicU64; HEADER_WORDS] {
        let words = self.words();
        let copy: [AtomicU64; HEADER_WORDS] =
            std::array::from_fn(|at| AtomicU64::new(words[at].load(Ordering::Relaxed)));
        copy[word::GENERATION].store(0, Ordering::Relaxed);
        copy[word::SEALED].store(format::COPY, Ordering::Relaxed);
        copy
    }

    /// Makes the block a new, empty one. While its words change it counts as one that has
    /// never been used: a reader of a file that ends in the midst of this passes it over.
    pub(super) fn begin(self, process: u32, thread: u32, sequence: u64) {
        let words = self.words();
        let generation = words[word::GENERATION].load(Ordering::Relaxed) + 1;
        words[word::GENERATION].store(0, Ordering::Release);
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

/// Stores words from the last to the first: a header's first word says that it is there.
pub(super) fn store(
    to: &[AtomicU64],
    words: impl DoubleEndedIterator<Item = u64> + ExactSizeIterator,
) {
    for (to, word) in to[..words.len()].iter().zip(words).rev() {
        to.store(word, Ordering::Release);
    }
}
