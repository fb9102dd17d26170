//! A run in pieces that a viewer can ask for: the events of a time, and sums for zooming out.
//!
//! A [`WindowBuilder`] listens to a replay and makes, in one pass,
//!
//! - *chunks*: about [`EVENTS`] successive events each, with the state of the run at their start, so
//!   that each can be understood alone ([`chunk`]);
//! - *tiles*: for each level `k`, what happened in bins of 2^k nanoseconds, 256 bins a tile
//!   ([`tile`]).
//!
//! A chunk of duration `d` adds to the tiles of all levels whose bins are not shorter than `d / 64`;
//! the first of them is its *level*. A window is answered at one level: by the tiles of that level,
//! and by the events of the chunks whose own level is higher. There are few of those: each is at
//! least 64 bins long. So the cost of a window depends on its number of pixels, and not on the
//! length of the run, and its sums are exact.
//!
//! A chunk is complete when the next begins. The states of its threads are those that were known by
//! then. (If the end of a wait is not recorded, it may turn out later that the thread had gone on.)
//!
//! All numbers are varints (unsigned LEB128); signed ones are zigzag-encoded before. A piece
//! consists of columns, each after its length in bytes. The first column is the header, and begins
//! with [`VERSION`].

mod builder;
mod catalog;
pub mod chunk;
mod columns;
mod kinds;
mod store;
pub mod tile;

pub use builder::{Piece, Progress, WindowBuilder, build};
pub use catalog::RunDocument;
pub use chunk::ChunkInfo;
pub use kinds::KindList;
pub use store::{IndexDocument, Store, compress};

/// The version of the pieces, and of the documents beside them.
pub const VERSION: u64 = 1;

/// A chunk is complete when it has this number of events.
pub const EVENTS: usize = 8192;
