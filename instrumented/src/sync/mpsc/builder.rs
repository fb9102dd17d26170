//! Channels with names, and with messages that say what they are.

use std::fmt::{self, Debug};

#[cfg(feature = "record")]
use super::recorded;
use super::{Receiver, Sender, SyncSender};
#[cfg(not(feature = "record"))]
use super::{channel, sync_channel};

/// Gives the channel that is made next a name for the picture.
///
/// Without one a channel is called by its message type and the place that made it. Texts
/// over 480 bytes are cut.
#[must_use]
pub const fn named(name: &str) -> Builder<'_> {
    Builder { name }
}

/// Makes channels of which the picture tells more; [`named`] is the short way to one.
///
/// ```
/// use instrumented::sync::mpsc;
///
/// #[derive(Debug)]
/// struct Job {
///     id: u32,
///     body: Vec<u8>,
/// }
///
/// // Called "jobs"; what the messages are is not shown: the type is none of std's simple ones.
/// let (tx, rx) = mpsc::named("jobs").channel::<Job>();
/// # drop((tx, rx));
/// // Shown as `Debug` writes them: `Job { id: 1, body: [1, 2, 3] }`.
/// let (tx, rx) = mpsc::named("jobs").debug::<Job>().channel();
/// # drop((tx, rx));
/// // Shown as you like, on a channel without a name: `job 1`.
/// let (tx, rx) = mpsc::Builder::new().label(|job: &Job, f| write!(f, "job {}", job.id)).channel();
/// tx.send(Job { id: 1, body: vec![1, 2, 3] }).unwrap();
/// assert_eq!(rx.recv().unwrap().id, 1);
/// ```
///
/// # What messages are
/// Numbers, `bool`, `char`, `()`, `String`, `&str`, tuples of two of these, of three of the most
/// common ones, and of three and four of one type are shown without being asked for; others with
/// [`debug`](Self::debug) or [`label`](Self::label). They are shown only if the recording is
/// to have values: `recorder run` records 80 bytes of each, `recorder record` none unless
/// `--values` is given, as they may be secret, and a program that records itself says so with
/// [`recording::values`](crate::recording::values).
#[derive(Clone, Copy, Debug, Default)]
pub struct Builder<'a> {
    name: &'a str,
}

impl<'a> Builder<'a> {
    /// For a channel without a name.
    #[must_use]
    pub const fn new() -> Self {
        named("")
    }

    /// Shows messages as their [`Debug`] does; see [`label`](Self::label) for what that may do.
    #[must_use]
    pub const fn debug<T: Debug>(self) -> Labelled<'a, T> {
        self.label(T::fmt)
    }

    /// Shows messages as `label` writes them.
    ///
    /// It is called by the thread that sends, just before it does, and only while values are
    /// recorded. It is not called on if it has written as much as is recorded of a value. If it
    /// panics the value says so and the program goes on, unless panics abort it: in a build with
    /// `panic = "abort"` a label that panics ends the program. It may block, and use channels,
    /// as any code that runs before the send.
    #[must_use]
    pub const fn label<T>(self, label: Label<T>) -> Labelled<'a, T> {
        Labelled { name: self.name, label }
    }

    /// [`channel`](super::channel).
    #[must_use]
    #[track_caller]
    pub fn channel<T>(self) -> (Sender<T>, Receiver<T>) {
        #[cfg(feature = "record")]
        return recorded::channel_with(self.name, None);
        #[cfg(not(feature = "record"))]
        channel()
    }

    /// [`sync_channel`](super::sync_channel).
    #[must_use]
    #[track_caller]
    pub fn sync_channel<T>(self, bound: usize) -> (SyncSender<T>, Receiver<T>) {
        #[cfg(feature = "record")]
        return recorded::sync_channel_with(self.name, None, bound);
        #[cfg(not(feature = "record"))]
        sync_channel(bound)
    }
}

/// Writes what a message is: a function, or a closure that captures nothing.
pub type Label<T> = fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result;

/// A [`Builder`] that knows how messages are shown.
#[derive(Debug)]
pub struct Labelled<'a, T> {
    #[cfg_attr(not(feature = "record"), expect(dead_code, reason = "nothing is recorded"))]
    name: &'a str,
    #[cfg_attr(not(feature = "record"), expect(dead_code, reason = "nothing is recorded"))]
    label: Label<T>,
}

impl<T> Labelled<'_, T> {
    /// [`channel`](super::channel).
    #[must_use]
    #[track_caller]
    pub fn channel(self) -> (Sender<T>, Receiver<T>) {
        #[cfg(feature = "record")]
        return recorded::channel_with(self.name, Some(self.label));
        #[cfg(not(feature = "record"))]
        channel()
    }

    /// [`sync_channel`](super::sync_channel).
    #[must_use]
    #[track_caller]
    pub fn sync_channel(self, bound: usize) -> (SyncSender<T>, Receiver<T>) {
        #[cfg(feature = "record")]
        return recorded::sync_channel_with(self.name, Some(self.label), bound);
        #[cfg(not(feature = "record"))]
        sync_channel(bound)
    }
}
