//! The block protocol under a model checker: a thread writes blocks in one place while a drainer
//! copies them, in every interleaving and with every value that the memory model allows a load
//! to return.
//!
//! The thread's side is the crate's own module. The drainer of `recorder` reads the file instead
//! of memory, and applies the same functions of `format`. Each of its system calls orders memory
//! at least as strongly as the fence that represents it here.
#![cfg(test)]
#![allow(dead_code, reason = "the test does not use the whole module")]

use std::sync::Mutex;

use format::{BlockHeader, HEADER_WORDS, word};
use loom::sync::Arc;
use loom::thread;

mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering, fence};
}

#[path = "../../../src/recording/block.rs"]
mod block;

use atomic::{AtomicU64, Ordering, fence};
use block::{Block, Ring};

const RECORDS: usize = 1;
/// Header and record, padded to a multiple of 64 bytes.
const WORDS: usize = 16;
const THREAD: u32 = 1;

/// Sequence number and record of every block that has been copied.
type Copied = Arc<Mutex<Vec<(u64, u64)>>>;

/// The record of block number `sequence`.
fn record(sequence: u64) -> u64 {
    sequence + 100
}

/// Reads a header as `recorder` does, except for the fields that do not vary here.
fn header(words: &[AtomicU64]) -> BlockHeader {
    let read = |word: usize| words[word].load(Ordering::Relaxed);
    let header = BlockHeader {
        sequence: read(word::SEQUENCE),
        committed: read(word::COMMITTED) as u32,
        generation: read(word::GENERATION),
        sealed: read(word::SEALED),
        drained: read(word::DRAINED),
        ..BlockHeader::default()
    };
    // The end of a system call.
    fence(Ordering::Acquire);
    header
}

/// Copies the block if it is full, as `recorder` does.
fn drain(words: &[AtomicU64], copied: &Copied) {
    let first = header(words);
    if !first.is_full() {
        return;
    }
    let before = header(words);
    if !before.is_full() || before.generation != first.generation {
        return;
    }
    let record = words[HEADER_WORDS].load(Ordering::Relaxed);
    fence(Ordering::Acquire);
    if before.is_still(&header(words)) {
        assert_eq!(before.committed, (RECORDS * size_of::<u64>()) as u32);
        copied.lock().expect("no thread panics").push((before.sequence, record));
        fence(Ordering::Release);
        words[word::DRAINED].store(before.generation, Ordering::Relaxed);
    }
}

/// Writes `blocks` blocks as a thread does, all in the same place.
fn write(mut place: Block, blocks: u64, copied: &Copied) -> Block {
    for sequence in 0..blocks {
        if !place.is_vacant() {
            // The thread copies the previous block itself.
            let words = place.words();
            let record = words[HEADER_WORDS].load(Ordering::Relaxed);
            copied.lock().expect("no thread panics").push((place.header().sequence, record));
        }
        place.begin(0, THREAD, sequence);
        let words = place.words();
        words[HEADER_WORDS].store(record(sequence), Ordering::Relaxed);
        words[word::COMMITTED].store((RECORDS * size_of::<u64>()) as u64, Ordering::Release);
        place.seal();
        place = place.next();
    }
    place
}

#[test]
fn every_block_is_copied_as_it_was_written() {
    const BLOCKS: u64 = 2;
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let memory: Vec<AtomicU64> = (0..WORDS).map(|_| AtomicU64::new(0)).collect();
        // Leaked, so that it lives as long as the process, like a mapping.
        let memory: &'static [AtomicU64] = Vec::leak(memory);
        let place = Ring::new(memory, 0, 1, 0, true).first().into_ready();
        let copied = Copied::default();
        let drainer = thread::spawn({
            let copied = Arc::clone(&copied);
            move || drain(memory, &copied)
        });
        write(place, BLOCKS, &copied);
        drainer.join().expect("no thread panics");
        // A block that is left is copied at the end.
        drain(memory, &copied);

        let mut copied = copied.lock().expect("no thread panics").clone();
        copied.sort_unstable();
        // Both sides may have copied the same block; then both copies must be the same.
        copied.dedup();
        let expected: Vec<_> = (0..BLOCKS).map(|sequence| (sequence, record(sequence))).collect();
        assert_eq!(copied, expected);
    });
}
