//! `std::sync::mpsc`, recorded: the same types, methods, errors and guarantees.
//!
//! std's documentation describes each item. There are two additions: [`named`] gives a channel a
//! name in the trace, and [`Builder`] also defines the text of its messages.
//!
//! ```
//! use instrumented::sync::mpsc;
//!
//! let (tx, rx) = mpsc::named("jobs").channel();
//! tx.send("sweep").unwrap();
//! assert_eq!(rx.recv(), Ok("sweep"));
//! ```

#[doc(no_inline)]
pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

mod builder;
pub use builder::{Builder, Label, Labelled, named};

#[cfg(feature = "record")]
mod known_types;
#[cfg(feature = "record")]
mod recorded;
#[cfg(feature = "tracing")]
pub(crate) use recorded::TARGET;
#[cfg(feature = "record")]
pub use recorded::{IntoIter, Iter, Receiver, Sender, SyncSender, TryIter, channel, sync_channel};
#[cfg(not(feature = "record"))]
mod unrecorded;
#[cfg(not(feature = "record"))]
#[doc(no_inline)]
pub use std::sync::mpsc::{
    IntoIter, Iter, Receiver, Sender, SyncSender, TryIter, channel, sync_channel,
};
