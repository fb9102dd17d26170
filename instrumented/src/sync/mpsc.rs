//! `std::sync::mpsc`, recorded: the same types, methods, errors and promises.
//!
//! What each item does is std's own documentation. Added is [`named`], which gives a
//! channel the name that it has in the picture.
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

#[cfg(feature = "record")]
mod recorded;
#[cfg(feature = "record")]
pub use recorded::{IntoIter, Iter, Receiver, Sender, SyncSender, TryIter, channel, sync_channel};
#[cfg(not(feature = "record"))]
#[doc(no_inline)]
pub use std::sync::mpsc::{
    IntoIter, Iter, Receiver, Sender, SyncSender, TryIter, channel, sync_channel,
};

/// Gives the channel that is made next a name for the picture.
///
/// Without one a channel is called by its message type and the place that made it. Texts
/// over 480 bytes are cut.
#[must_use]
pub const fn named(name: &str) -> Named<'_> {
    Named { name }
}

/// A channel's name, and the constructors that take it; from [`named`].
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    #[cfg_attr(not(feature = "record"), expect(dead_code, reason = "nothing is recorded"))]
    name: &'a str,
}

impl Named<'_> {
    /// [`channel`], named.
    #[must_use]
    #[track_caller]
    pub fn channel<T>(self) -> (Sender<T>, Receiver<T>) {
        #[cfg(feature = "record")]
        return recorded::named_channel(self.name);
        #[cfg(not(feature = "record"))]
        channel()
    }

    /// [`sync_channel`], named.
    #[must_use]
    #[track_caller]
    pub fn sync_channel<T>(self, bound: usize) -> (SyncSender<T>, Receiver<T>) {
        #[cfg(feature = "record")]
        return recorded::named_sync_channel(self.name, bound);
        #[cfg(not(feature = "record"))]
        sync_channel(bound)
    }
}
