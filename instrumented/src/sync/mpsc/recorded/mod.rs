//! The wrappers around std's endpoints.
//!
//! Each operation is tried first. Only if it cannot proceed does its wait begin, which
//! is an event of its own, before the blocking call is made. In a process that is not
//! recorded the endpoints are std's own, behind one branch.

use std::panic::Location;
use std::sync::mpsc;

use format::{MessageId, UNBOUNDED};

use super::builder::Label;

#[cfg(feature = "tracing")]
mod emitted;
mod endpoint;
mod receiver;
mod sender;

#[cfg(feature = "tracing")]
pub(crate) use emitted::TARGET;
pub use receiver::{IntoIter, Iter, Receiver, TryIter};
pub use sender::{Sender, SyncSender};

/// What travels: the message and who it is.
#[repr(C)]
struct Envelope<T> {
    message: MessageId,
    value: T,
}

impl<T> Envelope<T> {
    /// For an operation that is not recorded.
    #[inline]
    fn plain(value: T) -> Self {
        Envelope { message: MessageId::UNKNOWN, value }
    }
}

/// An endpoint of a process that is not recorded is std's own. One that is carries marked
/// messages, also while the recording pauses.
enum End<P, R> {
    Plain(P),
    Recorded(R),
}

/// [`std::sync::mpsc::channel`], recorded.
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    channel_with("", None)
}

#[track_caller]
pub(super) fn channel_with<T>(name: &str, label: Option<Label<T>>) -> (Sender<T>, Receiver<T>) {
    match endpoint::pair::<T>(name, UNBOUNDED, Location::caller()) {
        None => {
            let (sender, receiver) = mpsc::channel();
            (Sender::plain(sender), Receiver::plain(receiver))
        }
        Some((tx, rx)) => {
            let (sender, receiver) = mpsc::channel();
            (Sender::recorded(sender, tx, label), Receiver::recorded(receiver, rx))
        }
    }
}

/// [`std::sync::mpsc::sync_channel`], recorded.
#[must_use]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    sync_channel_with("", None, bound)
}

#[track_caller]
pub(super) fn sync_channel_with<T>(
    name: &str,
    label: Option<Label<T>>,
    bound: usize,
) -> (SyncSender<T>, Receiver<T>) {
    match endpoint::pair::<T>(name, bound as u64, Location::caller()) {
        None => {
            let (sender, receiver) = mpsc::sync_channel(bound);
            (SyncSender::plain(sender), Receiver::plain(receiver))
        }
        Some((tx, rx)) => {
            let (sender, receiver) = mpsc::sync_channel(bound);
            (SyncSender::recorded(sender, tx, label), Receiver::recorded(receiver, rx))
        }
    }
}
