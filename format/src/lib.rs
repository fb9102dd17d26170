//! The byte format of a recording. This page is the specification.
//!
//! A **recording** is a file with the operations of one or more processes on channels, locks and
//! threads. The threads of the processes write it while they run, and each of them can be killed
//! between any two instructions. Nothing in the file therefore depends on a proper end: it has
//! no index, no trailer and no length that is filled in later.
//!
//! A word has 8 bytes. All numbers are little-endian.
//!
//! ```text
//! recording := file header (64 bytes), then blocks
//! block     := block header (64 bytes), then content
//! content   := records, or packed records
//! record    := one word (time and code), then the fields of the event, zero-padded to whole words
//! ```
//!
//! # File header
//! | bytes | content |
//! |---|---|
//! | 0–7 | [`MAGIC`] |
//! | 8–11 | version of the format, [`VERSION`] |
//! | 16–23 | number of sealed blocks while the file is written, see [`sealed_ring`] |
//! | others | zero |
//!
//! # Blocks
//! A block holds records of one thread of one process, in program order. Its header consists of
//! these words; [`BlockHeader`] describes the fields:
//!
//! | word | lower half | upper half |
//! |---|---|---|
//! | 0 | [`BLOCK_MAGIC`], or [`PACKED_MAGIC`] if the content is packed | stride |
//! | 1 | process | thread |
//! | 2 | sequence number, 64 bits | |
//! | 3 | committed | checksum |
//! | 4–7 | generation, sealed, drained, dropped: 64 bits each | |
//!
//! Blocks start at multiples of [`ALIGNMENT`], in any order; the blocks of a thread are ordered
//! by their sequence numbers. Where no block starts, a reader steps on by [`ALIGNMENT`] bytes:
//! space that was reserved and never written is zero. The stride is the distance to the first
//! place where the next block can start.
//!
//! If two blocks have the same process, thread and sequence number, one was moved and the other
//! is its original. A reader takes one whose checksum matches; of several the packed one, or else
//! the one with more committed bytes.
//!
//! Packed content holds the same records in about three bytes for an operation, see [`packed`].
//! The stride and the committed bytes are then those of the packed content.
//!
//! A block that was moved or packed has a checksum of its content and of the header words that
//! identify it, see [`BlockHeader::checksum_of`]. A reader verifies it and reports a block whose
//! bytes have changed, even if they still hold valid records. The checksum is 0 in blocks that
//! their thread still writes in mapped memory, and in versions 1 to 3.
//!
//! # Live blocks
//! A thread writes its blocks in memory that is mapped from the file of its process. It writes a
//! record and then raises `committed` with a release store, so committed records are complete
//! whenever the process ends.
//!
//! A thread reuses the places of its blocks. Each use of a place has its own `generation`. The
//! thread sets `sealed` to the generation when the block is full, and announces it in the
//! [`sealed_ring`]. The recorder then moves the block to the recording and sets `drained` to the
//! generation, and the thread may use the place again. Both words are only compared with the
//! generation for equality, so that a torn or late value is never mistaken for it.
//!
//! A thread that finds the place of its next block not drained moves the old block to the end of
//! the file, packed. The moved block has the generation [`COPY`], and its place is not used again.
//!
//! The recorder controls the processes through the file that [`control`] describes.
//!
//! # Records
//! The first word of a record is `time << 8 | code`. The time is in ticks of the process's clock,
//! modulo 2⁵⁶. [`Event::ProcessStarted`] has all 64 bits of the clock at the start, and
//! [`Event::Clock`] pairs ticks with nanoseconds of the monotonic clock.
//!
//! [`Event`] and [`OperationKind`] list all codes and fields. A number takes its 4 or 8 bytes, a list
//! that of its numbers. A text takes 4 bytes for its length, at most [`MAX_TEXT`], and its UTF-8
//! bytes.
//!
//! | codes | use |
//! |---|---|
//! | 1–15, 128–159 | events |
//! | 16–31, 160–175 | operations of senders |
//! | 32–47, 176–191 | operations of receivers, and selects |
//! | 48–79, 192–223 | operations on synchronisation primitives |
//! | 80–127, 224–239 | operations on threads, and those without a subject |
//! | 240–255 | reserved |
//!
//! The records of thread 0 are about the process: its start and its host, the facts that the
//! recorder adds, such as its end, and the facts that a flight recorder keeps of discarded blocks
//! ([`Event::Forgotten`]).
//!
//! # Operations
//! The record of an operation always has three words: time and code, endpoint and site, detail.
//! An operation that does not wait is one record. One that waits is two: the start of the wait,
//! and the end of the operation.
//!
//! A select waits for one of several arms, each of which is a send or a receive. Its records are
//! the arms, the select itself, and then the operation of the arm that was ready:
//!
//! ```text
//! 1000 SelectArm endpoint=2 arm=0 message=0
//! 1000 SelectArm endpoint=5 arm=1 message=1099511627777
//! 1000 SelectBegin endpoint=0 site=1 detail=2
//! 1900 SelectEnd endpoint=2 site=1 detail=0
//! 1900 Recv endpoint=2 site=1 detail=2199023255553
//! ```
//!
//! From [`TaskResumed`](Event::TaskResumed) to [`TaskSuspended`](Event::TaskSuspended) or
//! [`TaskEnded`](Event::TaskEnded) the records of a thread are those of a task.
//!
//! # Ids
//! Threads, tasks, channels, endpoints, synchronisation primitives and callsites are numbered from
//! 1 in their process. 0 means "not known". Sites are numbered in their block, so that each block
//! can be read without the others. The id of a message packs the number of the thread that sent
//! it and a count of that thread ([`MessageId`]). The id of a turn at a lock packs the number of
//! the lock and a count of the lock ([`Turn`]).
//!
//! # Versions
//! A change that an old reader would misread increments [`VERSION`]. A reader reads all versions
//! up to its own:
//! - 4 has a checksum for each moved block, a second range of codes for operations, several
//!   receivers of a channel, selects, tasks, and facts about processes that the recorder finds
//!   out: their executables, and the number and the states of their threads;
//! - 3 has operations and ends of threads, synchronisation primitives, panics, values, names of
//!   endpoints, and the spans and log messages of the crate `tracing`;
//! - 2 has packed blocks, and the events `Paused`, `Resumed` and `Forgotten`;
//! - 1 was the first.
//!
//! # Example
//! ```
//! use format::{Event, OperationKind};
//!
//! let event = Event::Operation {
//!     kind: OperationKind::Send,
//!     endpoint: 3,
//!     site: 1,
//!     detail: 42,
//! };
//! let mut bytes = [0; format::MAX_RECORD];
//! let length = event.encode(1_000, &mut bytes);
//! assert_eq!(length, 24);
//!
//! let record = format::decode(&bytes[..length]).unwrap();
//! assert_eq!((record.time, record.event, record.length), (1_000, event, 24));
//! assert_eq!(format::text::event(1_000, &event), "1000 Send endpoint=3 site=1 detail=42");
//! ```
#![forbid(unsafe_code)]

mod block;
pub mod checksum;
pub mod control;
mod earlier_run;
mod error;
mod event;
mod field;
mod id;
mod kind;
mod label;
mod operation;
pub mod packed;
pub mod sealed_ring;
pub mod text;

pub use block::{
    ALIGNMENT, BLOCK_MAGIC, BlockHeader, COPY, FILE_HEADER_BYTES, HEADER_WORDS, MAGIC,
    PACKED_MAGIC, VERSION, check_file_header, file_header, word,
};
pub use earlier_run::{EarlierRun, Spawned, Step};
pub use error::Error;
pub use event::{
    Event, MAX_CALLERS, MAX_RECORD, MAX_TEXT, NO_SYSCALL, Record, SELECT_ARM_CODE, TIME_BITS,
    UNBOUNDED, UNKNOWN_STATUS, decode,
};
pub use id::{MessageId, Turn};
pub use kind::{Arm, EndCause, PrimitiveKind, Stop, Strategy, ThreadState};
pub use label::{default_label, fetched_package, is_in_std, short_type};
pub use operation::{
    Call, Detail, DetailKind, OperationKind, Outcome, Phase, Subject, operation_words,
};
