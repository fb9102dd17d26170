//! `std::sync` and `std::thread`, recorded.
//!
//! Replace `std::sync` with `instrumented::sync` and `std::thread` with `instrumented::thread`
//! in a program's `use` lines, and start it with `recorder run` or `recorder record`. Every send
//! and receive is then recorded with its thread, time, channel, message and place in the source,
//! and so are the operations of threads and locks. A program that is started in any other way
//! behaves as it did before.
//!
//! ```
//! use instrumented::sync::mpsc;
//! use instrumented::thread;
//!
//! let (tx, rx) = mpsc::channel();
//! let worker = thread::spawn(move || tx.send(1).unwrap());
//! assert_eq!(rx.recv(), Ok(1));
//! worker.join().unwrap();
//! ```
//!
//! Paths mirror std's: [`sync`], [`thread`] and [`time`] contain everything that `std::sync`,
//! `std::thread` and `std::time` contain, wrapped or re-exported, so search-and-replace compiles.
//! [`sync::mpsc::named`] gives a channel a name in the trace and leads to a builder for the text
//! of its messages; [`Name`] gives a name to a lock or an endpoint. A program that was not
//! started by `recorder` can record itself with [`recording::start`].
//!
//! # What does not change
//! All types wrap std's: the same queue, capacity, blocking, errors and poisoning, and no extra
//! thread. An operation takes no lock, allocates nothing and makes no system call, except the
//! rare one that begins a new block of the recording. If a recording fails, one line on stderr
//! gives the reason and the program continues. Panics are recorded by a hook that then calls the
//! previous hook; if the program sets its own hook later, that hook replaces this one.
//!
//! # Features
//! - `record` (default): without it the types are std's own and the crate is empty.
//! - `tracing`: the program's spans and events are recorded, and its subscriber receives the
//!   operations on channels; see the module `spans`.
//!
//! Recording works on Linux on x86-64 and aarch64. Elsewhere the crate compiles and does not
//! record.
#![deny(unsafe_code)]

#[cfg(feature = "record")]
mod bounded_text;
mod name;
#[cfg(feature = "record")]
mod panics;
#[cfg(feature = "record")]
mod platform;
pub mod recording;
#[cfg(feature = "record")]
mod schedule;
#[cfg(feature = "tracing")]
pub mod spans;
pub mod sync;
pub mod thread;
#[cfg(feature = "record")]
pub mod time;
#[cfg(not(feature = "record"))]
pub use std::time;
#[cfg(feature = "record")]
mod writer;

pub use name::Name;
