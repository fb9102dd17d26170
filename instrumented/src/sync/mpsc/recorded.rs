//! The wrappers around std's endpoints.
//!
//! Each operation is tried first. Only if it cannot proceed does its wait begin, which
//! is an event of its own, before the blocking call is made. In a process that is not
//! recorded the endpoints are std's own, behind one branch.

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

/// An endpoint of a process that is not recorded is std's own. One that is carries marked
/// messages, also while the recording pauses.
enum End<P, R> {
    Plain(P),
    Recorded(Recorded<R>),
}

/// std's endpoint, and its number in the recording.
struct Recorded<E> {
    inner: E,
    endpoint: u32,
}

impl<E> Recorded<E> {
    #[inline(always)]
    fn record(&self, kind: Kind, site: Site, time: u64, detail: u64) {
        writer::operation(kind, self.endpoint, site, time, detail);
    }
}

/// What a channel's two ends are made of, if this process is recorded.
fn number_endpoints<T>(name: &str, bound: u64, site: Site) -> Option<(u32, u32)> {
    if !recording::prepare() {
        return None;
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
    Some((sender, receiver))
}

/// [`std::sync::mpsc::channel`], recorded.
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    named_channel("")
}

#[track_caller]
pub(super) fn named_channel<T>(name: &str) -> (Sender<T>, Receiver<T>) {
    let numbers = number_endpoints::<T>(name, UNBOUNDED, Location::caller());
    let (sender, receiver) = ends(numbers, mpsc::channel, mpsc::channel);
    (Sender { end: sender }, Receiver { end: receiver })
}

/// [`std::sync::mpsc::sync_channel`], recorded.
#[must_use]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    named_sync_channel("", bound)
}

#[track_caller]
pub(super) fn named_sync_channel<T>(name: &str, bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let numbers = number_endpoints::<T>(name, bound as u64, Location::caller());
    let plain = || mpsc::sync_channel(bound);
    let (sender, receiver) = ends(numbers, plain, || mpsc::sync_channel(bound));
    (SyncSender { end: sender }, Receiver { end: receiver })
}

/// Both ends of a channel, recorded if they have numbers.
fn ends<PS, PR, RS, RR>(
    numbers: Option<(u32, u32)>,
    plain: impl FnOnce() -> (PS, PR),
    recorded: impl FnOnce() -> (RS, RR),
) -> (End<PS, RS>, End<PR, RR>) {
    match numbers {
        None => {
            let (sender, receiver) = plain();
            (End::Plain(sender), End::Plain(receiver))
        }
        Some((tx, rx)) => {
            let (sender, receiver) = recorded();
            (
                End::Recorded(Recorded { inner: sender, endpoint: tx }),
                End::Recorded(Recorded { inner: receiver, endpoint: rx }),
            )
        }
    }
}

/// [`std::sync::mpsc::Sender`], recorded.
pub struct Sender<T> {
    end: End<mpsc::Sender<T>, mpsc::Sender<Envelope<T>>>,
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

impl<T> Recorded<mpsc::Sender<Envelope<T>>> {
    #[inline]
    fn send(&self, t: T, site: Site) -> Result<(), SendError<T>> {
        if !recording::on() {
            return self.inner.send(Envelope::plain(t)).map_err(open_send);
        }
        let envelope = Envelope::marked(t);
        let message = envelope.message.0;
        let begin = now();
        match self.inner.send(envelope) {
            Ok(()) => {
                self.record(Kind::Send, site, begin, message);
                Ok(())
            }
            Err(error) => {
                self.record(Kind::SendDisconnected, site, begin, 0);
                Err(open_send(error))
            }
        }
    }
}

/// [`std::sync::mpsc::SyncSender`], recorded.
pub struct SyncSender<T> {
    end: End<mpsc::SyncSender<T>, mpsc::SyncSender<Envelope<T>>>,
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

impl<T> Recorded<mpsc::SyncSender<Envelope<T>>> {
    #[inline]
    fn send(&self, t: T, site: Site) -> Result<(), SendError<T>> {
        if !recording::on() {
            return self.inner.send(Envelope::plain(t)).map_err(open_send);
        }
        let envelope = Envelope::marked(t);
        let message = envelope.message.0;
        let begin = now();
        match self.inner.try_send(envelope) {
            Ok(()) => {
                self.record(Kind::Send, site, begin, message);
                Ok(())
            }
            Err(TrySendError::Disconnected(envelope)) => {
                self.record(Kind::SendDisconnected, site, begin, 0);
                Err(SendError(envelope.value))
            }
            Err(TrySendError::Full(envelope)) => {
                self.record(Kind::SendBegin, site, begin, message);
                let sent = self.inner.send(envelope);
                let (kind, detail) = match sent {
                    Ok(()) => (Kind::SendEnd, message),
                    Err(_) => (Kind::SendEndDisconnected, 0),
                };
                self.record(kind, site, now(), detail);
                sent.map_err(open_send)
            }
        }
    }

    #[inline]
    fn try_send(&self, t: T, site: Site) -> Result<(), TrySendError<T>> {
        if !recording::on() {
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
        self.record(kind, site, begin, detail);
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
                if let End::Recorded(Recorded { endpoint, .. }) = self.end {
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

impl<S: Clone> Recorded<S> {
    fn clone_at(&self, site: Site) -> Self {
        let inner = self.inner.clone();
        let sender = ENDPOINTS.fetch_add(1, Ordering::Relaxed);
        let from = self.endpoint;
        writer::event(Some(site), |site| Event::SenderCloned { sender, from, site });
        Recorded { inner, endpoint: sender }
    }
}

/// [`std::sync::mpsc::Receiver`], recorded.
pub struct Receiver<T> {
    end: End<mpsc::Receiver<T>, mpsc::Receiver<Envelope<T>>>,
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
        match &self.end {
            End::Plain(receiver) => receiver.recv(),
            End::Recorded(receiver) => receiver.recv(site),
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
        match &self.end {
            End::Plain(receiver) => receiver.try_recv(),
            End::Recorded(receiver) => receiver.try_recv(site),
        }
    }

    /// [`std::sync::mpsc::Receiver::recv_timeout`].
    ///
    /// # Errors
    /// No message came in time, or no message is left and every sender is gone.
    #[inline]
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        match &self.end {
            End::Plain(receiver) => receiver.recv_timeout(timeout),
            End::Recorded(receiver) => receiver.recv_timeout(timeout, Location::caller()),
        }
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

impl<T> Recorded<mpsc::Receiver<Envelope<T>>> {
    #[inline]
    fn recv(&self, site: Site) -> Result<T, RecvError> {
        if !recording::on() {
            return self.inner.recv().map(|envelope| envelope.value);
        }
        match self.inner.try_recv() {
            Ok(envelope) => Ok(self.received(Kind::Recv, site, envelope)),
            Err(TryRecvError::Disconnected) => {
                self.missed(Kind::RecvDisconnected, site);
                Err(RecvError)
            }
            Err(TryRecvError::Empty) => {
                self.record(Kind::RecvBegin, site, now(), 0);
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

    #[inline]
    fn try_recv(&self, site: Site) -> Result<T, TryRecvError> {
        if !recording::on() {
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

    #[inline]
    fn recv_timeout(&self, timeout: Duration, site: Site) -> Result<T, RecvTimeoutError> {
        if !recording::on() {
            return self.inner.recv_timeout(timeout).map(|envelope| envelope.value);
        }
        match self.inner.try_recv() {
            Ok(envelope) => Ok(self.received(Kind::RecvTimeout, site, envelope)),
            Err(TryRecvError::Disconnected) => {
                self.missed(Kind::RecvTimeoutDisconnected, site);
                Err(RecvTimeoutError::Disconnected)
            }
            Err(TryRecvError::Empty) => {
                let detail = writer::nanoseconds(timeout);
                self.record(Kind::RecvTimeoutBegin, site, now(), detail);
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
        self.record(kind, site, now(), envelope.message.0);
        envelope.value
    }

    #[inline]
    fn missed(&self, kind: Kind, site: Site) {
        self.record(kind, site, now(), 0);
    }
}

// Told before it happens: what still lies in the queue is dropped after it.
impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let End::Recorded(Recorded { endpoint, .. }) = self.end {
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
