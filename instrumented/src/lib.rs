//! `std::sync` and `std::thread`, recorded.
//!
//! Replace `std::sync` by `instrumented::sync` and `std::thread` by `instrumented::thread` in
//! a program's `use` lines and start it with `recorder run` or `recorder record`: every send
//! and receive is recorded with its thread, time, channel, message and place in the source,
//! and so is what threads and locks do. Started in any other way the program does what it did
//! before.
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
//! Paths mirror std's: [`sync`] and [`thread`] have everything that `std::sync` and
//! `std::thread` have, wrapped or re-exported, so that search-and-replace compiles.
//! A channel gets a name for the picture with [`sync::mpsc::named`], which also says how its
//! messages are shown; a lock or an endpoint gets one with [`Name`]. A program that is not
//! started by `recorder` can record itself with [`recording::start`].
//!
//! # What the program does not notice
//! All types wrap std's: same queue, same capacity, same blocking, same errors, same poison,
//! no thread of ours. An operation takes no lock, allocates nothing and makes
//! no system call, but for the rare one that begins a new block of the recording. A
//! recording that fails says so once on stderr and lets the program run on. A panic is
//! recorded by a hook that then calls the one that was there; a program that sets its own hook
//! later has that one alone.
//!
//! # Features
//! - `record` (default): without it the types are std's own and the crate is empty.
//! - `tracing`: the program's spans and events are recorded, and its subscriber is told of
//!   channels; see the module `spans`.
//!
//! Recording works on Linux on x86-64 and aarch64; elsewhere the crate compiles and
//! does not record.
#![deny(unsafe_code)]

mod name;
#[cfg(feature = "record")]
mod panics;
#[cfg(feature = "record")]
mod platform;
pub mod recording;
#[cfg(feature = "record")]
mod shown;
#[cfg(feature = "tracing")]
pub mod spans;
pub mod sync;
pub mod thread;
#[cfg(feature = "record")]
mod writer;

pub use name::Name;
