//! Every kind of channel behind one sender type, for behaviour that must not depend on the kind.

use std::sync::mpsc::{SendError, TrySendError};

use crate::library::sync::mpsc;

pub(crate) enum AnySender<T> {
    Unbounded(mpsc::Sender<T>),
    Bounded(mpsc::SyncSender<T>),
}

impl<T> Clone for AnySender<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Unbounded(sender) => Self::Unbounded(sender.clone()),
            Self::Bounded(sender) => Self::Bounded(sender.clone()),
        }
    }
}

impl<T> AnySender<T> {
    pub(crate) fn send(&self, message: T) -> Result<(), SendError<T>> {
        match self {
            Self::Unbounded(sender) => sender.send(message),
            Self::Bounded(sender) => sender.send(message),
        }
    }

    /// Sends without waiting. An unbounded channel always has room.
    pub(crate) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        match self {
            Self::Unbounded(sender) => Ok(sender.send(message)?),
            Self::Bounded(sender) => sender.try_send(message),
        }
    }
}

/// Runs the test once for each kind. The test must not depend on room in the channel.
pub(crate) fn each<T>(test: impl Fn(AnySender<T>, mpsc::Receiver<T>)) {
    bounded([0, 1, 3, 64], &test);
    unbounded(&test);
}

/// Runs the test once for each kind with room for eight messages.
pub(crate) fn each_with_room<T>(test: impl Fn(AnySender<T>, mpsc::Receiver<T>)) {
    bounded([8, 100], &test);
    unbounded(&test);
}

fn bounded<T, const N: usize>(bounds: [usize; N], test: &impl Fn(AnySender<T>, mpsc::Receiver<T>)) {
    for bound in bounds {
        // Printed only if the test fails.
        println!("with a channel of bound {bound}");
        let (tx, rx) = mpsc::sync_channel(bound);
        test(AnySender::Bounded(tx), rx);
    }
}

fn unbounded<T>(test: &impl Fn(AnySender<T>, mpsc::Receiver<T>)) {
    println!("with an unbounded channel");
    let (tx, rx) = mpsc::channel();
    test(AnySender::Unbounded(tx), rx);
}
