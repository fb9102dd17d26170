//! `std::sync`, with its channels, locks and other primitives recorded and everything else
//! re-exported.
//!
//! std's documentation describes each item. The first attempt to take a lock never waits; only
//! if the lock is held, the start of a wait is recorded before the call that blocks. Give a
//! primitive a name in the trace with [`Name::set_name`](crate::Name::set_name).
//!
//! ```
//! use instrumented::Name;
//! use instrumented::sync::Mutex;
//!
//! static TOTAL: Mutex<u32> = Mutex::new(0);
//!
//! TOTAL.set_name("total");
//! *TOTAL.lock().unwrap() += 1;
//! ```

#[cfg(feature = "record")]
mod barrier;
#[cfg(feature = "record")]
mod condvar;
#[cfg(feature = "record")]
mod lazy_lock;
#[cfg(feature = "record")]
mod lock;
pub mod mpsc;
#[cfg(feature = "record")]
mod mutex;
#[cfg(feature = "record")]
mod mutex_ref;
#[cfg(feature = "record")]
mod once;
#[cfg(feature = "record")]
mod once_lock;
#[cfg(feature = "record")]
mod rwlock;
#[cfg(feature = "record")]
pub(crate) mod tag;

#[cfg(feature = "record")]
pub use barrier::Barrier;
#[cfg(feature = "record")]
pub use condvar::Condvar;
#[cfg(feature = "record")]
pub use lazy_lock::LazyLock;
#[cfg(feature = "record")]
pub use mutex::{Mutex, MutexGuard};
#[cfg(feature = "record")]
#[allow(deprecated, reason = "as in std")]
pub use once::ONCE_INIT;
#[cfg(feature = "record")]
pub use once::Once;
#[cfg(feature = "record")]
pub use once_lock::OnceLock;
#[cfg(feature = "record")]
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
#[doc(no_inline)]
pub use std::sync::*;
