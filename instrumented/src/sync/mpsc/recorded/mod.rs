//! The wrappers around std's endpoints.
//!
//! The first attempt at an operation never waits. Only if it cannot proceed, the start of a wait
//! is recorded, as an event of its own, before the blocking call. In a process that is not
//! recorded the endpoints are std's own, behind one branch.

use std::panic::Location;
use std::sync::mpsc;

use format::{MessageId, UNBOUNDED};

use super::builder::Label;

mod endpoint;
mod receiver;
mod sender;
#[cfg(feature = "tracing")]
mod subscriber;

pub use receiver::{IntoIter, Iter, Receiver, TryIter};
pub use sender::{Sender, SyncSender};
#[cfg(feature = "tracing")]
pub(crate) use subscriber::TARGET;

/// A message with its id, as it travels through std's channel.
#[repr(C)]
struct Envelope<T> {
    message: MessageId,
    value: T,
}

impl<T> Envelope<T> {
    /// An envelope for an operation that is not recorded.
    #[inline]
    fn plain(value: T) -> Self {
        Envelope { message: MessageId::UNKNOWN, value }
    }
}

/// std's own endpoint, or a recorded one.
///
/// All messages of a recorded channel travel in envelopes, even while the recording is paused.
enum End<P, R> {
    Plain(P),
    Recorded(R),
}

/// Creates an unbounded channel. See [`std::sync::mpsc::channel`].
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

/// Creates a channel with room for `bound` messages. See [`std::sync::mpsc::sync_channel`].
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
