//! `Receiver` and its iterators.

use std::fmt;
use std::panic::Location;
use std::sync::mpsc::{self, RecvError, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use format::OperationKind as Kind;

use super::endpoint::{Audience, Endpoint};
use super::{End, Envelope};
use crate::Name;
use crate::platform::now;
use crate::writer::{self, Site};

/// A receiver that is recorded.
struct Recorded<T> {
    inner: mpsc::Receiver<Envelope<T>>,
    endpoint: Endpoint,
}

/// [`std::sync::mpsc::Receiver`], recorded.
pub struct Receiver<T> {
    end: End<mpsc::Receiver<T>, Recorded<T>>,
}

impl<T> Receiver<T> {
    pub(super) fn plain(receiver: mpsc::Receiver<T>) -> Self {
        Receiver { end: End::Plain(receiver) }
    }

    pub(super) fn recorded(inner: mpsc::Receiver<Envelope<T>>, endpoint: Endpoint) -> Self {
        Receiver { end: End::Recorded(Recorded { inner, endpoint }) }
    }

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

impl<T> Recorded<T> {
    #[inline]
    fn recv(&self, site: Site) -> Result<T, RecvError> {
        let Some(to) = self.endpoint.audience() else {
            return self.inner.recv().map(|envelope| envelope.value);
        };
        match self.inner.try_recv() {
            Ok(envelope) => Ok(self.received(to, Kind::Recv, site, envelope)),
            Err(TryRecvError::Disconnected) => {
                self.missed(to, Kind::RecvDisconnected, site);
                Err(RecvError)
            }
            Err(TryRecvError::Empty) => {
                let wait = self.endpoint.begin(to, Kind::RecvBegin, site, now(), 0);
                match self.inner.recv() {
                    Ok(Envelope { message, value }) => {
                        wait.end(Kind::RecvEnd, message.0);
                        Ok(value)
                    }
                    Err(RecvError) => {
                        wait.end(Kind::RecvEndDisconnected, 0);
                        Err(RecvError)
                    }
                }
            }
        }
    }

    #[inline]
    fn try_recv(&self, site: Site) -> Result<T, TryRecvError> {
        let Some(to) = self.endpoint.audience() else {
            return self.inner.try_recv().map(|envelope| envelope.value);
        };
        self.inner
            .try_recv()
            .map(|envelope| self.received(to, Kind::TryRecv, site, envelope))
            .inspect_err(|error| match error {
                TryRecvError::Empty => self.missed(to, Kind::TryRecvEmpty, site),
                TryRecvError::Disconnected => self.missed(to, Kind::TryRecvDisconnected, site),
            })
    }

    #[inline]
    fn recv_timeout(&self, timeout: Duration, site: Site) -> Result<T, RecvTimeoutError> {
        let Some(to) = self.endpoint.audience() else {
            return self.inner.recv_timeout(timeout).map(|envelope| envelope.value);
        };
        match self.inner.try_recv() {
            Ok(envelope) => Ok(self.received(to, Kind::RecvTimeout, site, envelope)),
            Err(TryRecvError::Disconnected) => {
                self.missed(to, Kind::RecvTimeoutDisconnected, site);
                Err(RecvTimeoutError::Disconnected)
            }
            Err(TryRecvError::Empty) => {
                let wait = self.endpoint.begin(
                    to,
                    Kind::RecvTimeoutBegin,
                    site,
                    now(),
                    writer::nanoseconds(timeout),
                );
                match self.inner.recv_timeout(timeout) {
                    Ok(Envelope { message, value }) => {
                        wait.end(Kind::RecvTimeoutEnd, message.0);
                        Ok(value)
                    }
                    Err(error) => {
                        let kind = match error {
                            RecvTimeoutError::Timeout => Kind::RecvTimeoutExpired,
                            RecvTimeoutError::Disconnected => Kind::RecvTimeoutEndDisconnected,
                        };
                        wait.end(kind, 0);
                        Err(error)
                    }
                }
            }
        }
    }

    #[inline]
    fn received(&self, to: Audience, kind: Kind, site: Site, envelope: Envelope<T>) -> T {
        self.endpoint.tell(to, kind, site, now(), envelope.message.0);
        envelope.value
    }

    #[inline]
    fn missed(&self, to: Audience, kind: Kind, site: Site) {
        self.endpoint.tell(to, kind, site, now(), 0);
    }
}

// Told before it happens: what still lies in the queue is dropped after it.
impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let End::Recorded(receiver) = &self.end {
            receiver.endpoint.receiver_dropped();
        }
    }
}

impl<T> Name for Receiver<T> {
    fn set_name(&self, name: &str) {
        if let End::Recorded(receiver) = &self.end {
            receiver.endpoint.name(name);
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
