//! What std promises of `mpsc`, one topic per file, whoever provides it.
//!
//! Each root next to this directory provides a `library` and includes the suite. Every
//! test begins with `begin()`, so that nothing happens before a recording runs.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

mod capacity;
mod disconnect;
mod drops;
mod iterators;
mod leaks;
mod lifetimes;
mod nesting;
mod order;
mod payloads;
mod signatures;
mod statics;
mod stress;
mod text;
mod thread_locals;
mod timeouts;
mod traits;
mod unwinding;

// Shared by the topics.
mod asleep;
mod kinds;
mod tally;
