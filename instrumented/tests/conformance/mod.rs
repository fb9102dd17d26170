//! The documented behaviour of std's `mpsc`, `thread` and primitives of `sync`, one topic per file.
//!
//! Each root next to this directory defines a `library` module with the implementation to test,
//! and includes the suite. Every test first calls `setup()`, so that a recording runs before
//! anything else happens.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is a failed assertion")]

mod barriers;
mod borrowed_messages;
mod capacity;
mod channel_signatures;
mod channel_traits;
mod condvars;
mod disconnect;
mod forgotten_endpoints;
mod formatting;
mod iterators;
mod lazy_locks;
mod message_drops;
mod message_order;
mod message_types;
mod mutexes;
mod nesting;
mod once;
mod parking;
mod rwlocks;
mod scopes;
mod static_endpoints;
mod stress;
mod thread_and_lock_types;
mod thread_locals;
mod threads;
mod timeouts;
mod unwinding;

// Shared by the topics.
mod channel_kinds;
mod sleeper;
mod tally;
