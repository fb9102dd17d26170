//! The text of endpoints and errors, and the identity of the errors with std's.

use std::error::Error;
use std::fmt::Debug;

use crate::library::{setup, sync::mpsc};

fn check(value: &impl Debug, short: &str, long: &str) {
    assert_eq!(format!("{value:?}"), short);
    assert_eq!(format!("{value:#?}"), long);
}

/// A message without `Debug`, which endpoints must not require.
struct Opaque;

#[test]
fn endpoints_are_formatted_as_in_std() {
    setup();
    let (tx, rx) = mpsc::channel::<Opaque>();
    check(&tx, "Sender { .. }", "Sender { .. }");
    check(&rx, "Receiver { .. }", "Receiver { .. }");
    assert!(tx.send(Opaque).is_ok());
    check(&rx, "Receiver { .. }", "Receiver { .. }");
    drop(rx);
    check(&tx, "Sender { .. }", "Sender { .. }");

    let (tx, rx) = mpsc::sync_channel::<Opaque>(3);
    check(&tx, "SyncSender { .. }", "SyncSender { .. }");
    check(&rx, "Receiver { .. }", "Receiver { .. }");
    assert_eq!(format!("{:>20?}", (tx, 1)), "(SyncSender { .. },                    1)");
}

#[test]
fn iterators_are_formatted_as_in_std() {
    setup();
    let (_tx, rx) = mpsc::channel::<i32>();
    check(&rx.iter(), "Iter { rx: Receiver { .. } }", "Iter {\n    rx: Receiver { .. },\n}");
    check(
        &rx.try_iter(),
        "TryIter { rx: Receiver { .. } }",
        "TryIter {\n    rx: Receiver { .. },\n}",
    );
    check(
        &rx.into_iter(),
        "IntoIter { rx: Receiver { .. } }",
        "IntoIter {\n    rx: Receiver { .. },\n}",
    );
}

#[test]
fn errors_are_formatted_as_in_std() {
    setup();
    let (tx, rx) = mpsc::sync_channel(0);
    let full = tx.try_send(1).unwrap_err();
    check(&full, "TrySendError::Full(..)", "TrySendError::Full(..)");
    assert_eq!(full.to_string(), "sending on a full channel");
    let empty = rx.try_recv().unwrap_err();
    check(&empty, "Empty", "Empty");
    assert_eq!(empty.to_string(), "receiving on an empty channel");
    let late = rx.recv_timeout(std::time::Duration::ZERO).unwrap_err();
    check(&late, "Timeout", "Timeout");
    assert_eq!(late.to_string(), "timed out waiting on channel");

    drop(rx);
    let lost = tx.send(1).unwrap_err();
    check(&lost, "SendError { .. }", "SendError { .. }");
    assert_eq!(lost.to_string(), "sending on a closed channel");
    let lost = tx.try_send(1).unwrap_err();
    check(&lost, "TrySendError::Disconnected(..)", "TrySendError::Disconnected(..)");
    assert_eq!(lost.to_string(), "sending on a closed channel");

    let (_, rx) = mpsc::channel::<()>();
    let gone = rx.recv().unwrap_err();
    check(&gone, "RecvError", "RecvError");
    assert_eq!(gone.to_string(), "receiving on a closed channel");
    let gone = rx.try_recv().unwrap_err();
    check(&gone, "Disconnected", "Disconnected");
    assert_eq!(gone.to_string(), "receiving on a closed channel");
    let gone = rx.recv_timeout(std::time::Duration::MAX).unwrap_err();
    check(&gone, "Disconnected", "Disconnected");
    assert_eq!(gone.to_string(), "channel is empty and sending half is closed");
}

/// Functions that take std's errors.
mod of_std {
    use std::sync::mpsc;

    pub(super) fn send<T>(error: mpsc::SendError<T>) -> T {
        error.0
    }

    pub(super) fn try_send<T>(error: mpsc::TrySendError<T>) -> T {
        match error {
            mpsc::TrySendError::Full(message) | mpsc::TrySendError::Disconnected(message) => {
                message
            }
        }
    }

    pub(super) fn receive(
        _: [mpsc::RecvError; 1],
        _: [mpsc::TryRecvError; 2],
        _: [mpsc::RecvTimeoutError; 2],
    ) {
    }
}

#[test]
fn errors_are_stds_own_types() {
    setup();
    assert_eq!(of_std::send(mpsc::SendError(1)), 1);
    assert_eq!(of_std::try_send(mpsc::TrySendError::Full(2)), 2);
    assert_eq!(of_std::try_send(mpsc::TrySendError::Disconnected(3)), 3);
    of_std::receive(
        [mpsc::RecvError],
        [mpsc::TryRecvError::Empty, mpsc::TryRecvError::Disconnected],
        [mpsc::RecvTimeoutError::Timeout, mpsc::RecvTimeoutError::Disconnected],
    );
}

#[test]
fn errors_convert_as_in_std() {
    setup();
    let error: mpsc::TrySendError<_> = mpsc::SendError(4).into();
    assert_eq!(error, mpsc::TrySendError::Disconnected(4));
    let error: mpsc::TryRecvError = mpsc::RecvError.into();
    assert_eq!(error, mpsc::TryRecvError::Disconnected);
    let error: mpsc::RecvTimeoutError = mpsc::RecvError.into();
    assert_eq!(error, mpsc::RecvTimeoutError::Disconnected);
}

#[test]
fn errors_can_be_propagated() {
    setup();
    fn all() -> Result<u8, Box<dyn Error>> {
        let (tx, rx) = mpsc::sync_channel(1);
        tx.send(1_u8)?;
        rx.recv()?;
        tx.try_send(2)?;
        rx.try_recv()?;
        tx.send(3)?;
        rx.recv_timeout(std::time::Duration::ZERO)?;
        drop(rx);
        Err(tx.send(4).unwrap_err().into())
    }
    let error = all().unwrap_err();
    assert!(error.is::<std::sync::mpsc::SendError<u8>>());
    assert!(error.source().is_none());
}
