//! `Sender` and `SyncSender`.

use std::fmt;
use std::panic::Location;
use std::sync::mpsc::{self, SendError, TrySendError};

use format::{Event, MessageId, OperationKind as Kind};

use super::endpoint::{Endpoint, Sinks};
use super::{End, Envelope};
use crate::bounded_text::BoundedText;
use crate::platform::now;
use crate::sync::mpsc::{builder::Label, known_types::KnownType};
use crate::writer::{self, Site};
use crate::{Name, recording};

/// A recorded sender.
struct Recorded<S, T> {
    inner: S,
    endpoint: Endpoint,
    /// `None` if values cannot be formatted.
    format: Option<ValueFormat<T>>,
}

/// How to format the values of messages.
enum ValueFormat<T> {
    /// As `Debug` does, for a known type.
    Known(KnownType<T>),
    /// With the program's own function.
    Label(Label<T>),
}

impl<T> Clone for ValueFormat<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ValueFormat<T> {}

impl<T> ValueFormat<T> {
    fn new(label: Option<Label<T>>) -> Option<Self> {
        label.map(ValueFormat::Label).or_else(|| KnownType::find().map(ValueFormat::Known))
    }

    fn fmt(self, value: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueFormat::Known(known) => known.fmt(value, f),
            ValueFormat::Label(label) => label(value, f),
        }
    }
}

impl<S, T> Recorded<S, T> {
    /// Gives the message its id. If values are recorded, records the value, before the send.
    #[inline(always)]
    fn wrap(&self, sinks: Sinks, value: T) -> Envelope<T> {
        let message = writer::next_message();
        if recording::value_limit() != 0 {
            self.record_value(sinks, message, &value);
        }
        Envelope { message, value }
    }

    #[inline(never)]
    fn record_value(&self, sinks: Sinks, message: MessageId, value: &T) {
        if let Some(format) = self.format
            && sinks.include_recording()
        {
            let value = BoundedText::written_by(recording::value_limit(), |text| {
                fmt::write(text, format_args!("{}", fmt::from_fn(|f| format.fmt(value, f))))
            });
            let value = value.as_str();
            writer::event(None, |_| Event::Value { message: message.0, value });
        }
    }
}

/// [`std::sync::mpsc::Sender`], recorded.
pub struct Sender<T> {
    end: End<mpsc::Sender<T>, Recorded<mpsc::Sender<Envelope<T>>, T>>,
}

impl<T> Recorded<mpsc::Sender<Envelope<T>>, T> {
    #[inline]
    fn send(&self, t: T, site: Site) -> Result<(), SendError<T>> {
        let Some(sinks) = self.endpoint.sinks() else {
            return self.inner.send(Envelope::plain(t)).map_err(open_send);
        };
        let envelope = self.wrap(sinks, t);
        let message = envelope.message.0;
        let start = now();
        match self.inner.send(envelope) {
            Ok(()) => {
                self.endpoint.emit(sinks, Kind::Send, site, start, message);
                Ok(())
            }
            Err(error) => {
                self.endpoint.emit(sinks, Kind::SendDisconnected, site, start, 0);
                Err(open_send(error))
            }
        }
    }
}

/// [`std::sync::mpsc::SyncSender`], recorded.
pub struct SyncSender<T> {
    end: End<mpsc::SyncSender<T>, Recorded<mpsc::SyncSender<Envelope<T>>, T>>,
}

impl<T> SyncSender<T> {
    /// Sends a message if there is room for it. See [`std::sync::mpsc::SyncSender::try_send`].
    ///
    /// # Errors
    /// Returns an error with the message if there is no room, or if the receiver is dropped.
    #[inline]
    #[track_caller]
    pub fn try_send(&self, t: T) -> Result<(), TrySendError<T>> {
        match &self.end {
            End::Plain(sender) => sender.try_send(t),
            End::Recorded(sender) => sender.try_send(t, Location::caller()),
        }
    }
}

impl<T> Recorded<mpsc::SyncSender<Envelope<T>>, T> {
    #[inline]
    fn send(&self, t: T, site: Site) -> Result<(), SendError<T>> {
        let Some(sinks) = self.endpoint.sinks() else {
            return self.inner.send(Envelope::plain(t)).map_err(open_send);
        };
        let envelope = self.wrap(sinks, t);
        let message = envelope.message.0;
        let start = now();
        match self.inner.try_send(envelope) {
            Ok(()) => {
                self.endpoint.emit(sinks, Kind::Send, site, start, message);
                Ok(())
            }
            Err(TrySendError::Disconnected(envelope)) => {
                self.endpoint.emit(sinks, Kind::SendDisconnected, site, start, 0);
                Err(SendError(envelope.value))
            }
            Err(TrySendError::Full(envelope)) => {
                let wait = self.endpoint.begin_wait(sinks, Kind::SendBegin, site, start, message);
                let sent = self.inner.send(envelope);
                match sent {
                    Ok(()) => wait.end(Kind::SendEnd, message),
                    Err(_) => wait.end(Kind::SendEndDisconnected, 0),
                }
                sent.map_err(open_send)
            }
        }
    }

    #[inline]
    fn try_send(&self, t: T, site: Site) -> Result<(), TrySendError<T>> {
        let Some(sinks) = self.endpoint.sinks() else {
            return self.inner.try_send(Envelope::plain(t)).map_err(open_try_send);
        };
        let envelope = self.wrap(sinks, t);
        let message = envelope.message.0;
        let start = now();
        let sent = self.inner.try_send(envelope);
        let (kind, detail) = match sent {
            Ok(()) => (Kind::TrySend, message),
            Err(TrySendError::Full(_)) => (Kind::TrySendFull, 0),
            Err(TrySendError::Disconnected(_)) => (Kind::TrySendDisconnected, 0),
        };
        self.endpoint.emit(sinks, kind, site, start, detail);
        sent.map_err(open_try_send)
    }
}

#[inline]
fn open_send<T>(error: SendError<Envelope<T>>) -> SendError<T> {
    SendError(error.0.value)
}

#[inline]
fn open_try_send<T>(error: TrySendError<Envelope<T>>) -> TrySendError<T> {
    match error {
        TrySendError::Full(envelope) => TrySendError::Full(envelope.value),
        TrySendError::Disconnected(envelope) => TrySendError::Disconnected(envelope.value),
    }
}

impl<S: Clone, T> Recorded<S, T> {
    fn clone_at(&self, site: Site) -> Self {
        let inner = self.inner.clone();
        Recorded { inner, endpoint: self.endpoint.clone_at(site), format: self.format }
    }
}

macro_rules! impl_senders {
    ($($sender:ident)*) => { $(
        impl<T> $sender<T> {
            pub(super) fn plain(sender: mpsc::$sender<T>) -> Self {
                $sender { end: End::Plain(sender) }
            }

            pub(super) fn recorded(
                inner: mpsc::$sender<Envelope<T>>,
                endpoint: Endpoint,
                label: Option<Label<T>>,
            ) -> Self {
                let format = ValueFormat::new(label);
                $sender { end: End::Recorded(Recorded { inner, endpoint, format }) }
            }

            /// Sends a message.
            ///
            #[doc = concat!("See [`std::sync::mpsc::", stringify!($sender), "::send`].")]
            ///
            /// # Errors
            /// Returns an error with the message if the receiver is dropped.
            #[inline]
            #[track_caller]
            pub fn send(&self, t: T) -> Result<(), SendError<T>> {
                match &self.end {
                    End::Plain(sender) => sender.send(t),
                    End::Recorded(sender) => sender.send(t, Location::caller()),
                }
            }
        }

        impl<T> Clone for $sender<T> {
            #[track_caller]
            fn clone(&self) -> Self {
                let end = match &self.end {
                    End::Plain(sender) => End::Plain(sender.clone()),
                    End::Recorded(sender) => End::Recorded(sender.clone_at(Location::caller())),
                };
                $sender { end }
            }
        }

        // Recorded before the drop, and so before the end of a receive that it disconnects.
        impl<T> Drop for $sender<T> {
            fn drop(&mut self) {
                if let End::Recorded(sender) = &self.end {
                    sender.endpoint.record_sender_dropped();
                }
            }
        }

        impl<T> Name for $sender<T> {
            fn set_name(&self, name: &str) {
                if let End::Recorded(sender) = &self.end {
                    sender.endpoint.set_name(name);
                }
            }
        }

        impl<T> fmt::Debug for $sender<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($sender)).finish_non_exhaustive()
            }
        }
    )* };
}

impl_senders!(Sender SyncSender);
