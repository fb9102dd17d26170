//! `std::thread`, recorded: threads and who made them, joins, scopes, parking and sleep.
//!
//! What each item does is std's own documentation; what is not recorded is re-exported.
//! Threads that were made in another way are recorded from their first recorded operation on.
//! (So are those in which the global allocator has used a recorded lock before they begin: who
//! made them is not known.)
//!
//! ```
//! use instrumented::thread;
//!
//! let worker = thread::Builder::new().name("worker".into()).spawn(|| 1 + 1)?;
//! assert_eq!(worker.join().unwrap(), 2);
//! # std::io::Result::Ok(())
//! ```

#[cfg(feature = "record")]
mod current;
#[cfg(feature = "record")]
mod scoped;
#[cfg(feature = "record")]
mod spawn;
#[cfg(feature = "record")]
mod unchecked;

#[cfg(feature = "record")]
#[allow(deprecated, reason = "as std's")]
pub use current::{
    Thread, current, park, park_timeout, park_timeout_ms, sleep, sleep_ms, yield_now,
};
#[cfg(feature = "record")]
pub use scoped::{Scope, ScopedJoinHandle, scope};
#[cfg(feature = "record")]
pub use spawn::{Builder, JoinHandle, spawn};
#[doc(no_inline)]
pub use std::thread::*;
