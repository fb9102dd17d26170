//! What std promises of `mpsc`, `thread` and the primitives of `sync`, one topic per file,
//! whoever provides it.
//!
//! Each root next to this directory provides a `library` and includes the suite. Every
//! test begins with `begin()`, so that nothing happens before a recording runs.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

mod barriers;
mod capacity;
mod condvars;
mod disconnect;
mod drops;
mod iterators;
mod lazy_locks;
mod leaks;
mod lifetimes;
mod mutexes;
mod nesting;
mod onces;
mod order;
mod parking;
mod payloads;
mod primitives;
mod rwlocks;
mod scopes;
mod signatures;
mod statics;
mod stress;
mod text;
mod thread_locals;
mod threads;
mod timeouts;
mod traits;
mod unwinding;

// Shared by the topics.
mod asleep;
mod kinds;
mod tally;
