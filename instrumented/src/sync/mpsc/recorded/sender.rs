//! `Sender` and `SyncSender`.

use std::fmt;
use std::panic::Location;
use std::sync::mpsc::{self, SendError, TrySendError};

use format::{Event, MessageId, OperationKind as Kind};

use super::endpoint::{Audience, Endpoint};
use super::{End, Envelope};
use crate::platform::now;
use crate::shown::Text;
use crate::sync::mpsc::{builder::Label, peek::Peek};
use crate::writer::{self, Site};
use crate::{Name, recording};

/// A sender that is recorded.
struct Recorded<S, T> {
    inner: S,
    endpoint: Endpoint,
    show: Option<Show<T>>,
}

/// How messages are shown.
enum Show<T> {
    /// Their type is known.
    Peek(Peek<T>),
    /// The program has said how.
    Label(Label<T>),
}

impl<T> Clone for Show<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Show<T> {}

impl<T> Show<T> {
    fn new(label: Option<Label<T>>) -> Option<Self> {
        label.map(Show::Label).or_else(|| Peek::new().map(Show::Peek))
    }

    fn fmt(self, value: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Show::Peek(peek) => peek.fmt(value, f),
            Show::Label(label) => label(value, f),
        }
    }
}

impl<S, T> Recorded<S, T> {
    /// The message with its number. If values are recorded, what it is stands before its send.
    #[inline(always)]
    fn mark(&self, to: Audience, value: T) -> Envelope<T> {
        let message = writer::next_message();
        if recording::values_limit() != 0 {
            self.tell_value(to, message, &value);
        }
        Envelope { message, value }
    }

    #[inline(never)]
    fn tell_value(&self, to: Audience, message: MessageId, value: &T) {
        if let Some(show) = self.show
            && to.has_recording()
        {
            let value = Text::of(recording::values_limit(), |text| {
                fmt::write(text, format_args!("{}", fmt::from_fn(|f| show.fmt(value, f))))
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

impl<T> Sender<T> {
    /// [`std::sync::mpsc::Sender::send`].
    ///
    /// # Errors
    /// The receiver is gone; the error gives the message back.
    #[inline]
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        match &self.end {
            End::Plain(sender) => sender.send(t),
            End::Recorded(sender) => sender.send(t, Location::caller()),
        }
    }
}

impl<T> Recorded<mpsc::Sender<Envelope<T>>, T> {
    #[inline]
    fn send(&self, t: T, site: Site) -> Result<(), SendError<T>> {
        let Some(to) = self.endpoint.audience() else {
            return self.inner.send(Envelope::plain(t)).map_err(open_send);
        };
        let envelope = self.mark(to, t);
        let message = envelope.message.0;
        let begin = now();
        match self.inner.send(envelope) {
            Ok(()) => {
                self.endpoint.tell(to, Kind::Send, site, begin, message);
                Ok(())
            }
            Err(error) => {
                self.endpoint.tell(to, Kind::SendDisconnected, site, begin, 0);
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
    /// [`std::sync::mpsc::SyncSender::send`].
    ///
    /// # Errors
    /// The receiver is gone; the error gives the message back.
    #[inline]
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        match &self.end {
            End::Plain(sender) => sender.send(t),
            End::Recorded(sender) => sender.send(t, Location::caller()),
        }
    }

    /// [`std::sync::mpsc::SyncSender::try_send`].
    ///
    /// # Errors
    /// There is no room, or the receiver is gone; the error gives the message back.
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
        let Some(to) = self.endpoint.audience() else {
            return self.inner.send(Envelope::plain(t)).map_err(open_send);
        };
        let envelope = self.mark(to, t);
        let message = envelope.message.0;
        let begin = now();
        match self.inner.try_send(envelope) {
            Ok(()) => {
                self.endpoint.tell(to, Kind::Send, site, begin, message);
                Ok(())
            }
            Err(TrySendError::Disconnected(envelope)) => {
                self.endpoint.tell(to, Kind::SendDisconnected, site, begin, 0);
                Err(SendError(envelope.value))
            }
            Err(TrySendError::Full(envelope)) => {
                let wait = self.endpoint.begin(to, Kind::SendBegin, site, begin, message);
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
        let Some(to) = self.endpoint.audience() else {
            return self.inner.try_send(Envelope::plain(t)).map_err(open_try_send);
        };
        let envelope = self.mark(to, t);
        let message = envelope.message.0;
        let begin = now();
        let sent = self.inner.try_send(envelope);
        let (kind, detail) = match sent {
            Ok(()) => (Kind::TrySend, message),
            Err(TrySendError::Full(_)) => (Kind::TrySendFull, 0),
            Err(TrySendError::Disconnected(_)) => (Kind::TrySendDisconnected, 0),
        };
        self.endpoint.tell(to, kind, site, begin, detail);
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
        Recorded { inner, endpoint: self.endpoint.clone_at(site), show: self.show }
    }
}

macro_rules! both_senders {
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
                let show = Show::new(label);
                $sender { end: End::Recorded(Recorded { inner, endpoint, show }) }
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

        // Told before it happens: a receive that it ends comes after it.
        impl<T> Drop for $sender<T> {
            fn drop(&mut self) {
                if let End::Recorded(sender) = &self.end {
                    sender.endpoint.sender_dropped();
                }
            }
        }

        impl<T> Name for $sender<T> {
            fn set_name(&self, name: &str) {
                if let End::Recorded(sender) = &self.end {
                    sender.endpoint.name(name);
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

both_senders!(Sender SyncSender);
