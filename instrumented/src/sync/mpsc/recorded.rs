//! The wrappers around std's endpoints.
//!
//! Each operation is tried first. Only if it cannot proceed does its wait begin, which
//! is an event of its own, before the blocking call is made. An endpoint that was made
//! while nobody recorded has the number 0 and is never recorded.

use std::any::type_name;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
use std::time::Duration;

use format::OperationKind as Kind;
use format::{Event, MessageId, UNBOUNDED};

use crate::platform::now;
use crate::recording;
use crate::writer::{self, Site};

static CHANNELS: AtomicU32 = AtomicU32::new(1);
static ENDPOINTS: AtomicU32 = AtomicU32::new(1);

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

    #[inline]
    fn marked(value: T) -> Self {
        Envelope { message: writer::next_message(), value }
    }
}

/// An endpoint as the recording knows it: its number, or 0.
struct Endpoint(u32);

impl Endpoint {
    #[inline]
    fn is_recorded(&self) -> bool {
        self.0 != 0 && recording::on()
    }

    #[inline]
    fn record(&self, kind: Kind, site: Site, time: u64, detail: u64) {
        writer::operation(kind, self.0, site, time, detail);
    }
}

/// A new channel's two endpoints, for the recording.
fn endpoints<T>(name: &str, bound: u64, site: Site) -> (Endpoint, Endpoint) {
    if !recording::prepare() {
        return (Endpoint(0), Endpoint(0));
    }
    let channel = CHANNELS.fetch_add(1, Ordering::Relaxed);
    let sender = ENDPOINTS.fetch_add(2, Ordering::Relaxed);
    let receiver = sender + 1;
    let message_type = type_name::<T>();
    writer::event(Some(site), |site| Event::ChannelCreated {
        channel,
        sender,
        receiver,
        site,
        bound,
        message_type,
        name,
    });
    (Endpoint(sender), Endpoint(receiver))
}

/// [`std::sync::mpsc::channel`], recorded.
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    named_channel("")
}

#[track_caller]
pub(super) fn named_channel<T>(name: &str) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::channel();
    let (tx, rx) = endpoints::<T>(name, UNBOUNDED, Location::caller());
    (Sender { inner: sender, endpoint: tx }, Receiver { inner: receiver, endpoint: rx })
}

/// [`std::sync::mpsc::sync_channel`], recorded.
#[must_use]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    named_sync_channel("", bound)
}

#[track_caller]
pub(super) fn named_sync_channel<T>(name: &str, bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::sync_channel(bound);
    let (tx, rx) = endpoints::<T>(name, bound as u64, Location::caller());
    (SyncSender { inner: sender, endpoint: tx }, Receiver { inner: receiver, endpoint: rx })
}

/// [`std::sync::mpsc::Sender`], recorded.
pub struct Sender<T> {
    inner: mpsc::Sender<Envelope<T>>,
    endpoint: Endpoint,
}

impl<T> Sender<T> {
    /// [`std::sync::mpsc::Sender::send`].
    ///
    /// # Errors
    /// The receiver is gone; the error gives the message back.
    #[inline]
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        if !self.endpoint.is_recorded() {
            return self.inner.send(Envelope::plain(t)).map_err(open_send);
        }
        let envelope = Envelope::marked(t);
        let message = envelope.message.0;
        let begin = now();
        let sent = self.inner.send(envelope);
        let (kind, detail) =
            if sent.is_ok() { (Kind::Send, message) } else { (Kind::SendDisconnected, 0) };
        self.endpoint.record(kind, Location::caller(), begin, detail);
        sent.map_err(open_send)
    }
}

/// [`std::sync::mpsc::SyncSender`], recorded.
pub struct SyncSender<T> {
    inner: mpsc::SyncSender<Envelope<T>>,
    endpoint: Endpoint,
}

impl<T> SyncSender<T> {
    /// [`std::sync::mpsc::SyncSender::send`].
    ///
    /// # Errors
    /// The receiver is gone; the error gives the message back.
    #[inline]
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        if !self.endpoint.is_recorded() {
            return self.inner.send(Envelope::plain(t)).map_err(open_send);
        }
        let envelope = Envelope::marked(t);
        let message = envelope.message.0;
        let site = Location::caller();
        let begin = now();
        match self.inner.try_send(envelope) {
            Ok(()) => {
                self.endpoint.record(Kind::Send, site, begin, message);
                Ok(())
            }
            Err(TrySendError::Disconnected(envelope)) => {
                self.endpoint.record(Kind::SendDisconnected, site, begin, 0);
                Err(SendError(envelope.value))
            }
            Err(TrySendError::Full(envelope)) => {
                self.endpoint.record(Kind::SendBegin, site, begin, message);
                let sent = self.inner.send(envelope);
                let end = now();
                let (kind, detail) = if sent.is_ok() {
                    (Kind::SendEnd, message)
                } else {
                    (Kind::SendEndDisconnected, 0)
                };
                self.endpoint.record(kind, site, end, detail);
                sent.map_err(open_send)
            }
        }
    }

    /// [`std::sync::mpsc::SyncSender::try_send`].
    ///
    /// # Errors
    /// There is no room, or the receiver is gone; the error gives the message back.
    #[inline]
    #[track_caller]
    pub fn try_send(&self, t: T) -> Result<(), TrySendError<T>> {
        if !self.endpoint.is_recorded() {
            return self.inner.try_send(Envelope::plain(t)).map_err(open_try_send);
        }
        let envelope = Envelope::marked(t);
        let message = envelope.message.0;
        let begin = now();
        let sent = self.inner.try_send(envelope);
        let (kind, detail) = match sent {
            Ok(()) => (Kind::TrySend, message),
            Err(TrySendError::Full(_)) => (Kind::TrySendFull, 0),
            Err(TrySendError::Disconnected(_)) => (Kind::TrySendDisconnected, 0),
        };
        self.endpoint.record(kind, Location::caller(), begin, detail);
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

macro_rules! both_senders {
    ($($sender:ident)*) => { $(
        impl<T> Clone for $sender<T> {
            #[track_caller]
            fn clone(&self) -> Self {
                let inner = self.inner.clone();
                let mut endpoint = Endpoint(0);
                if self.endpoint.is_recorded() {
                    endpoint = Endpoint(ENDPOINTS.fetch_add(1, Ordering::Relaxed));
                    let (sender, from) = (endpoint.0, self.endpoint.0);
                    writer::event(Some(Location::caller()), |site| {
                        Event::SenderCloned { sender, from, site }
                    });
                }
                $sender { inner, endpoint }
            }
        }

        // Told before it happens: a receive that it ends comes after it.
        impl<T> Drop for $sender<T> {
            fn drop(&mut self) {
                if self.endpoint.is_recorded() {
                    let endpoint = self.endpoint.0;
                    writer::event(None, |_| Event::SenderDropped { endpoint });
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

/// [`std::sync::mpsc::Receiver`], recorded.
pub struct Receiver<T> {
    inner: mpsc::Receiver<Envelope<T>>,
    endpoint: Endpoint,
}

impl<T> Receiver<T> {
    /// [`std::sync::mpsc::Receiver::recv`].
    ///
    /// # Errors
    /// No message is left and every sender is gone.
    #[inline]
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.recv_at(Location::caller())
    }

    #[inline]
    fn recv_at(&self, site: Site) -> Result<T, RecvError> {
        if !self.endpoint.is_recorded() {
            return self.inner.recv().map(|envelope| envelope.value);
        }
        match self.inner.try_recv() {
            Ok(envelope) => Ok(self.received(Kind::Recv, site, envelope)),
            Err(TryRecvError::Disconnected) => {
                self.missed(Kind::RecvDisconnected, site);
                Err(RecvError)
            }
            Err(TryRecvError::Empty) => {
                self.endpoint.record(Kind::RecvBegin, site, now(), 0);
                match self.inner.recv() {
                    Ok(envelope) => Ok(self.received(Kind::RecvEnd, site, envelope)),
                    Err(RecvError) => {
                        self.missed(Kind::RecvEndDisconnected, site);
                        Err(RecvError)
                    }
                }
            }
        }
    }

    /// [`std::sync::mpsc::Receiver::try_recv`].
    ///
    /// # Errors
    /// There is no message, now or (if every sender is gone) for ever.
    #[inline]
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.try_recv_at(Location::caller())
    }

    #[inline]
    fn try_recv_at(&self, site: Site) -> Result<T, TryRecvError> {
        if !self.endpoint.is_recorded() {
            return self.inner.try_recv().map(|envelope| envelope.value);
        }
        self.inner
            .try_recv()
            .map(|envelope| self.received(Kind::TryRecv, site, envelope))
            .inspect_err(|error| match error {
                TryRecvError::Empty => self.missed(Kind::TryRecvEmpty, site),
                TryRecvError::Disconnected => self.missed(Kind::TryRecvDisconnected, site),
            })
    }

    /// [`std::sync::mpsc::Receiver::recv_timeout`].
    ///
    /// # Errors
    /// No message came in time, or no message is left and every sender is gone.
    #[inline]
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        if !self.endpoint.is_recorded() {
            return self.inner.recv_timeout(timeout).map(|envelope| envelope.value);
        }
        let site = Location::caller();
        match self.inner.try_recv() {
            Ok(envelope) => Ok(self.received(Kind::RecvTimeout, site, envelope)),
            Err(TryRecvError::Disconnected) => {
                self.missed(Kind::RecvTimeoutDisconnected, site);
                Err(RecvTimeoutError::Disconnected)
            }
            Err(TryRecvError::Empty) => {
                let nanoseconds = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
                self.endpoint.record(Kind::RecvTimeoutBegin, site, now(), nanoseconds);
                self.inner
                    .recv_timeout(timeout)
                    .map(|envelope| self.received(Kind::RecvTimeoutEnd, site, envelope))
                    .inspect_err(|error| match error {
                        RecvTimeoutError::Timeout => self.missed(Kind::RecvTimeoutExpired, site),
                        RecvTimeoutError::Disconnected => {
                            self.missed(Kind::RecvTimeoutEndDisconnected, site);
                        }
                    })
            }
        }
    }

    #[inline]
    fn received(&self, kind: Kind, site: Site, envelope: Envelope<T>) -> T {
        self.endpoint.record(kind, site, now(), envelope.message.0);
        envelope.value
    }

    #[inline]
    fn missed(&self, kind: Kind, site: Site) {
        self.endpoint.record(kind, site, now(), 0);
    }

    /// [`std::sync::mpsc::Receiver::iter`].
    #[track_caller]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { rx: self, site: Location::caller() }
    }

    /// [`std::sync::mpsc::Receiver::try_iter`].
    #[track_caller]
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { rx: self, site: Location::caller() }
    }
}

// Told before it happens: what still lies in the queue is dropped after it.
impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if self.endpoint.is_recorded() {
            let endpoint = self.endpoint.0;
            writer::event(None, |_| Event::ReceiverDropped { endpoint });
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    #[track_caller]
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    #[track_caller]
    fn into_iter(self) -> IntoIter<T> {
        IntoIter { rx: self, site: Location::caller() }
    }
}

macro_rules! iterators {
    ($(
        $(#[$doc:meta])*
        $iterator:ident $(<$a:lifetime>)? ($receiver:ty) $receive:ident;
    )*) => { $(
        $(#[$doc])*
        ///
        /// Its receives are recorded as made where the iterator was: in your source, or in
        /// std's where std makes it, as in `(0..).zip(receiver)`.
        pub struct $iterator<$($a,)? T $(: $a)?> {
            rx: $receiver,
            site: Site,
        }

        impl<$($a,)? T> Iterator for $iterator<$($a,)? T> {
            type Item = T;

            #[inline]
            fn next(&mut self) -> Option<T> {
                self.rx.$receive(self.site).ok()
            }
        }

        impl<$($a,)? T> fmt::Debug for $iterator<$($a,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($iterator)).field("rx", &self.rx).finish()
            }
        }
    )* };
}

iterators! {
    /// [`std::sync::mpsc::Iter`], recorded.
    Iter<'a>(&'a Receiver<T>) recv_at;
    /// [`std::sync::mpsc::TryIter`], recorded.
    TryIter<'a>(&'a Receiver<T>) try_recv_at;
    /// [`std::sync::mpsc::IntoIter`], recorded.
    IntoIter(Receiver<T>) recv_at;
}
