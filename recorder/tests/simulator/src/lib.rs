//! Random programs, their recordings, and what really happened in them.
//!
//! The crate knows the format and nothing of what reads it, so that tests of the reader do not
//! depend on how it works inside.
//!
//! - [`machine`] is what channels, locks and threads do;
//! - [`programs`] are random programs with everything in them, as [`Simulated`] recordings with
//!   the [`truth`] about them;
//! - [`program`] are small programs with a text, and runs of them step by step;
//! - [`traffic`] are long recordings of messages, for benchmarks.
#![forbid(unsafe_code)]

mod blocks;
mod journal;
pub mod machine;
mod observation;
pub mod program;
mod random;
pub mod traffic;
pub mod truth;

pub use blocks::{Block, Simulated, as_flight_recordings, with_dropped_records, with_gaps};
pub use observation::with_observations;
pub use random::{Features, programs};
