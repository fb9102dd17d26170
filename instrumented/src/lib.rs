//! `std::sync::mpsc`, recorded.
//!
//! Replace `std::sync` by `instrumented::sync` in a program's `use` lines and start it
//! with `recorder run` or `recorder record`: every send and receive is recorded with
//! its thread, time, channel, message and place in the source. Started in any other
//! way the program does what it did before.
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
//! A channel gets a name for the picture with [`sync::mpsc::named`]; a program that is
//! not started by `recorder` can record itself with [`recording::start`].
//!
//! # What the program does not notice
//! Endpoints wrap std's endpoints: same queue, same capacity, same blocking, same
//! errors, no thread of ours. An operation takes no lock, allocates nothing and makes
//! no system call, but for the rare one that begins a new block of the recording. A
//! recording that fails says so once on stderr and lets the program run on.
//!
//! # Features
//! `record` (default): without it the types are std's own and the crate is empty.
//! Recording works on Linux on x86-64 and aarch64; elsewhere the crate compiles and
//! does not record.
#![deny(unsafe_code)]

mod name;
#[cfg(feature = "record")]
mod panics;
#[cfg(feature = "record")]
mod platform;
pub mod recording;
pub mod sync;
pub mod thread;
#[cfg(feature = "record")]
mod writer;

pub use name::Name;
