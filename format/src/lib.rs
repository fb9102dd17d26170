//! What a recording is, byte for byte. This page is the specification.
//!
//! A **recording** is one file that holds what the operations of one or more
//! processes on channels, locks and threads were. It is written while the program runs, by threads that can
//! be killed between any two instructions, so nothing in it depends on a proper
//! end: there is no index, no trailer and no length that is filled in later.
//!
//! All numbers are little-endian.
//!
//! ```text
//! recording := file header (64 bytes), then blocks
//! block     := block header (64 bytes), then records
//! record    := 1 word (time and code), then the event's fields, zero-padded to whole words
//! ```
//!
//! # File header
//! | bytes | what |
//! |---|---|
//! | 0–7 | [`MAGIC`] |
//! | 8–11 | format version, [`VERSION`] |
//! | 16–23 | while the file is written: how many blocks were sealed ([`sealed_ring`]) |
//! | others | zero |
//!
//! # Blocks
//! A block holds records of one thread of one process, in program order. Blocks
//! start at multiples of [`ALIGNMENT`] and may stand in any order; those of one
//! thread are put in order by their sequence numbers. Where no block starts, a
//! reader moves on by [`ALIGNMENT`] bytes: room that was reserved and never
//! written is zero. If two blocks have the same process, thread and sequence
//! number (one was copied out of a ring and the other is the ring's original),
//! one that is packed counts, else the one with more committed bytes. See
//! [`BlockHeader`] for the fields.
//!
//! The records of a block stand there as they are, or [`packed`] in about three bytes
//! for an operation; then the block's first word says `PACK` in place of `BLCK`, and
//! `committed` and the stride are those of the packed content.
//!
//! A thread's live blocks are in memory that is mapped from the file. The thread
//! writes a record, then raises `committed` with a release store: what lies below
//! `committed` is whole, whenever the process ends. Each use of a place in the file
//! has its own `generation`. The block can be moved out once `sealed` equals it;
//! whoever moved it sets `drained` to it, and the place may be used again. Both are
//! only ever compared for equality with the generation, so a torn or late value can
//! not be mistaken for it. A thread that finds the place of its next block not drained
//! writes that one, packed, to the end of the file: its generation is [`COPY`], and its
//! place is not used again. Which blocks are sealed is told in [`sealed_ring`], so that nobody
//! has to look for them; what the recorder tells the processes is in [`control`].
//!
//! # Records
//! The first word is `time << 8 | code`. Time is in ticks of the process's clock,
//! modulo 2⁵⁶; [`Event::ProcessStarted`] has the full value at the start and
//! [`Event::Clock`] events pair ticks with nanoseconds of the monotonic clock.
//! Codes and fields are the tables in [`Event`] and [`OperationKind`]: numbers take
//! their 4 or 8 bytes, a text takes a 4-byte length (at most [`MAX_TEXT`]) and its
//! UTF-8 bytes.
//!
//! Ids are numbers from 1 that are unique in their process: threads, channels,
//! endpoints, synchronisation primitives and callsites. Zero means "not known". Sites are numbered per block, so that every
//! block can be read without the others. A message is named by the thread that sent
//! it and that thread's own count ([`MessageId`]), what a thread does with a lock by the lock
//! and the lock's own count ([`Turn`]).
//!
//! Blocks of thread 0 tell of the process: its start, its host and its end, and, if a flight recorder has
//! forgotten the oldest, what is still known of that ([`Event::Forgotten`]).
//!
//! # Versions
//! A change that an old reader would misread changes [`VERSION`]. A reader knows all
//! versions up to its own:
//! - 3 has threads' operations and ends, synchronisation primitives, panics, values, names
//!   of endpoints, and what the program tells `tracing`;
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
mod error;
mod event;
mod field;
mod id;
mod label;
mod operation;
pub mod packed;
pub mod sealed_ring;
pub mod text;

pub use block::{
    ALIGNMENT, BLOCK_MAGIC, BlockHeader, COPY, FILE_HEADER_BYTES, HEADER_WORDS, MAGIC,
    PACKED_MAGIC, VERSION, check_file_header, file_header, word,
};
pub use error::Error;
pub use event::{Event, MAX_RECORD, MAX_TEXT, Record, TIME_BITS, UNBOUNDED, decode};
pub use id::{MessageId, Turn};
pub use label::{default_label, short_type};
pub use operation::{
    Call, Detail, DetailKind, OperationKind, Outcome, Phase, PrimitiveKind, Subject,
    operation_words,
};
