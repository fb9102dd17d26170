//! `std::thread`, recorded: threads and their parents, joins, scopes, parking and sleep.
//!
//! std's documentation describes each item; items that are not recorded are re-exported. A thread
//! that was spawned in another way is recorded from its first recorded operation on, without a
//! parent. The same holds for a thread in which the global allocator has used a recorded lock
//! before the thread's function starts.
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
#[allow(deprecated, reason = "as in std")]
pub use current::{
    Thread, current, park, park_timeout, park_timeout_ms, sleep, sleep_ms, yield_now,
};
#[cfg(feature = "record")]
pub use scoped::{Scope, ScopedJoinHandle, scope};
#[cfg(feature = "record")]
pub use spawn::{Builder, JoinHandle, spawn};
#[doc(no_inline)]
pub use std::thread::*;
