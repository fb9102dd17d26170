//! The block protocol under a model checker: a thread that writes blocks in one place, and
//! somebody who drains it, in every interleaving and with every value that the memory model
//! allows a load to see.
//!
//! The thread's side is the crate's own module. The other side reads through the file, word
//! by word as here, and judges by the same functions of `format`; each of its system calls
//! is at least the fence that stands for it here.
#![cfg(feature = "record")]
#![allow(dead_code, reason = "the module has more than is tried here")]

use std::sync::Mutex;

use format::{BlockHeader, HEADER_WORDS, word};
use loom::sync::Arc;
use loom::thread;

mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering, fence};
}

#[path = "../src/recording/block.rs"]
mod block;

use atomic::{AtomicU64, Ordering, fence};
use block::{Block, Ring};

const RECORDS: usize = 1;
/// Header and record, and what is left to a multiple of 64 bytes.
const WORDS: usize = 16;
const THREAD: u32 = 1;

/// Sequence number and record of every block that has been moved.
type Moved = Arc<Mutex<Vec<(u64, u64)>>>;

/// What block number `sequence` holds.
fn record(sequence: u64) -> u64 {
    sequence + 100
}

/// Reads a header as `recorder` does, but for what is the same in all blocks here.
fn header(words: &[AtomicU64]) -> BlockHeader {
    let read = |word: usize| words[word].load(Ordering::Relaxed);
    let header = BlockHeader {
        sequence: read(word::SEQUENCE),
        committed: read(word::COMMITTED),
        generation: read(word::GENERATION),
        sealed: read(word::SEALED),
        drained: read(word::DRAINED),
        ..BlockHeader::default()
    };
    // The end of a system call.
    fence(Ordering::Acquire);
    header
}

/// Looks for a full block and moves it, as `recorder` does.
fn drain(words: &[AtomicU64], moved: &Moved) {
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
        assert_eq!(before.committed, (RECORDS * size_of::<u64>()) as u64);
        moved.lock().expect("nobody panics").push((before.sequence, record));
        fence(Ordering::Release);
        words[word::DRAINED].store(before.generation, Ordering::Relaxed);
    }
}

/// Writes `blocks` blocks, as a thread does, in the only place there is.
fn write(mut place: Block, blocks: u64, moved: &Moved) -> Block {
    for sequence in 0..blocks {
        if !place.is_vacant() {
            // The thread writes it elsewhere itself.
            let words = place.words();
            let record = words[HEADER_WORDS].load(Ordering::Relaxed);
            moved.lock().expect("nobody panics").push((place.header().sequence, record));
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
fn every_block_is_moved_as_it_was_written() {
    const BLOCKS: u64 = 2;
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let memory: Vec<AtomicU64> = (0..WORDS).map(|_| AtomicU64::new(0)).collect();
        // One that is leaked is one for the whole of the process's life, as a mapping is.
        let memory: &'static [AtomicU64] = Vec::leak(memory);
        let place = Ring::new(memory, 0, 1, 0, true).first().made_ready();
        let moved = Moved::default();
        let drainer = thread::spawn({
            let moved = Arc::clone(&moved);
            move || drain(memory, &moved)
        });
        write(place, BLOCKS, &moved);
        drainer.join().expect("nobody panics");
        // What is left is taken at the end.
        drain(memory, &moved);

        let mut moved = moved.lock().expect("nobody panics").clone();
        moved.sort_unstable();
        // The same block can have been moved by both; then both have moved the same.
        moved.dedup();
        let expected: Vec<_> = (0..BLOCKS).map(|sequence| (sequence, record(sequence))).collect();
        assert_eq!(moved, expected);
    });
}
