//! Channels with names, and with texts for their messages.

use std::fmt::{self, Debug};

#[cfg(feature = "record")]
use super::recorded;
use super::{Receiver, Sender, SyncSender};
#[cfg(not(feature = "record"))]
use super::{channel, sync_channel};

/// Returns a builder for channels with this name in the trace.
///
/// A channel without a name is labelled with its message type and the place that created it. A
/// name over 480 bytes is truncated.
///
/// ```
/// use instrumented::sync::mpsc;
///
/// let (tx, rx) = mpsc::named("jobs").sync_channel(8);
/// tx.send(1).unwrap();
/// assert_eq!(rx.recv(), Ok(1));
/// ```
#[must_use]
pub const fn named(name: &str) -> Builder<'_> {
    Builder { name }
}

/// Creates channels with a name, or with texts for their messages; [`named`] is a shortcut.
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
/// // Named "jobs". Values are not recorded: the type is not one of the known types.
/// let (tx, rx) = mpsc::named("jobs").channel::<Job>();
/// # drop((tx, rx));
/// // Values are recorded as written by `Debug`: `Job { id: 1, body: [1, 2, 3] }`.
/// let (tx, rx) = mpsc::named("jobs").debug::<Job>().channel();
/// # drop((tx, rx));
/// // Without a name, and with values in a format of your own: `job 1`.
/// let (tx, rx) = mpsc::Builder::new().label(|job: &Job, f| write!(f, "job {}", job.id)).channel();
/// tx.send(Job { id: 1, body: vec![1, 2, 3] }).unwrap();
/// assert_eq!(rx.recv().unwrap().id, 1);
/// ```
///
/// # Values of messages
/// Values of the known types are recorded without further ado: numbers, `bool`, `char`, `()`,
/// `String`, `&str`, tuples of two of these, of three of the most common ones, and of three and
/// four of one type. For values of other types, use [`debug`](Self::debug) or
/// [`label`](Self::label).
///
/// Values are recorded only if that is enabled, as they may be secret. `recorder run` records 80
/// bytes of each. `recorder record` records none without the option `--values`. A program that
/// records itself enables them with [`recording::values`](crate::recording::values).
#[derive(Clone, Copy, Debug, Default)]
pub struct Builder<'a> {
    name: &'a str,
}

impl<'a> Builder<'a> {
    /// Returns a builder for channels without a name.
    #[must_use]
    pub const fn new() -> Self {
        named("")
    }

    /// Records values as written by their [`Debug`] implementation, with the rules of
    /// [`label`](Self::label).
    #[must_use]
    pub const fn debug<T: Debug>(self) -> Labelled<'a, T> {
        self.label(T::fmt)
    }

    /// Records values as written by `label`.
    ///
    /// The sending thread calls `label` just before the send, and only while values are recorded.
    /// It may block and use channels, like any code that runs before the send. Once it has
    /// written the maximum number of bytes, further writes return an error.
    ///
    /// If `label` panics, the recorded value is `<Debug panicked>` and the program continues. In
    /// a build with `panic = "abort"` the panic ends the program.
    #[must_use]
    pub const fn label<T>(self, label: Label<T>) -> Labelled<'a, T> {
        Labelled { name: self.name, label }
    }

    /// Creates an unbounded channel. See [`channel`](super::channel).
    #[must_use]
    #[track_caller]
    pub fn channel<T>(self) -> (Sender<T>, Receiver<T>) {
        #[cfg(feature = "record")]
        return recorded::channel_with(self.name, None);
        #[cfg(not(feature = "record"))]
        channel()
    }

    /// Creates a channel with room for `bound` messages. See [`sync_channel`](super::sync_channel).
    #[must_use]
    #[track_caller]
    pub fn sync_channel<T>(self, bound: usize) -> (SyncSender<T>, Receiver<T>) {
        #[cfg(feature = "record")]
        return recorded::sync_channel_with(self.name, None, bound);
        #[cfg(not(feature = "record"))]
        sync_channel(bound)
    }
}

/// Writes the text of a message: a function, or a closure that captures nothing.
pub type Label<T> = fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result;

/// A [`Builder`] with a text for the messages.
#[derive(Debug)]
pub struct Labelled<'a, T> {
    #[cfg_attr(not(feature = "record"), expect(dead_code, reason = "nothing is recorded"))]
    name: &'a str,
    #[cfg_attr(not(feature = "record"), expect(dead_code, reason = "nothing is recorded"))]
    label: Label<T>,
}

impl<T> Labelled<'_, T> {
    /// Creates an unbounded channel. See [`channel`](super::channel).
    #[must_use]
    #[track_caller]
    pub fn channel(self) -> (Sender<T>, Receiver<T>) {
        #[cfg(feature = "record")]
        return recorded::channel_with(self.name, Some(self.label));
        #[cfg(not(feature = "record"))]
        channel()
    }

    /// Creates a channel with room for `bound` messages. See [`sync_channel`](super::sync_channel).
    #[must_use]
    #[track_caller]
    pub fn sync_channel(self, bound: usize) -> (SyncSender<T>, Receiver<T>) {
        #[cfg(feature = "record")]
        return recorded::sync_channel_with(self.name, Some(self.label), bound);
        #[cfg(not(feature = "record"))]
        sync_channel(bound)
    }
}
