//! `Receiver` and its iterators.

use std::fmt;
use std::panic::Location;
use std::sync::mpsc::{self, RecvError, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use format::OperationKind as Kind;

use super::endpoint::{Endpoint, Sinks};
use super::{End, Envelope};
use crate::Name;
use crate::platform::now;
use crate::schedule;
use crate::writer::{self, Site};

/// A recorded receiver.
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

    /// Receives a message, and waits for it if necessary. See [`std::sync::mpsc::Receiver::recv`].
    ///
    /// # Errors
    /// Returns an error if no message is left and all senders are dropped.
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

    /// Receives a message if there is one. See [`std::sync::mpsc::Receiver::try_recv`].
    ///
    /// # Errors
    /// Returns an error if there is no message; `Disconnected` if, in addition, all senders are
    /// dropped.
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

    /// Receives a message, and waits for it for at most `timeout`.
    ///
    /// See [`std::sync::mpsc::Receiver::recv_timeout`].
    ///
    /// # Errors
    /// Returns an error if no message arrives in time, or if no message is left and all senders
    /// are dropped.
    #[inline]
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        match &self.end {
            End::Plain(receiver) => receiver.recv_timeout(timeout),
            End::Recorded(receiver) => receiver.recv_timeout(timeout, Location::caller()),
        }
    }

    /// Returns an iterator that waits for each message. See [`std::sync::mpsc::Receiver::iter`].
    #[track_caller]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { rx: self, site: Location::caller() }
    }

    /// Returns an iterator over the messages that are there.
    ///
    /// See [`std::sync::mpsc::Receiver::try_iter`].
    #[track_caller]
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { rx: self, site: Location::caller() }
    }
}

impl<T> Recorded<T> {
    #[inline]
    fn recv(&self, site: Site) -> Result<T, RecvError> {
        let Some(sinks) = self.endpoint.sinks() else {
            return self.inner.recv().map(|envelope| envelope.value);
        };
        match self.inner.try_recv() {
            Ok(envelope) => Ok(self.received(sinks, Kind::Recv, site, envelope)),
            Err(TryRecvError::Disconnected) => {
                self.emit_failure(sinks, Kind::RecvDisconnected, site);
                Err(RecvError)
            }
            Err(TryRecvError::Empty) => {
                let wait = self.endpoint.begin_wait(sinks, Kind::RecvBegin, site, now(), 0);
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
        let Some(sinks) = self.endpoint.sinks() else {
            return self.inner.try_recv().map(|envelope| envelope.value);
        };
        self.inner
            .try_recv()
            .map(|envelope| self.received(sinks, Kind::TryRecv, site, envelope))
            .inspect_err(|error| match error {
                TryRecvError::Empty => self.emit_failure(sinks, Kind::TryRecvEmpty, site),
                TryRecvError::Disconnected => {
                    self.emit_failure(sinks, Kind::TryRecvDisconnected, site)
                }
            })
    }

    #[inline]
    fn recv_timeout(&self, timeout: Duration, site: Site) -> Result<T, RecvTimeoutError> {
        let Some(sinks) = self.endpoint.sinks() else {
            return self.inner.recv_timeout(timeout).map(|envelope| envelope.value);
        };
        match self.inner.try_recv() {
            Ok(envelope) => Ok(self.received(sinks, Kind::RecvTimeout, site, envelope)),
            Err(TryRecvError::Disconnected) => {
                self.emit_failure(sinks, Kind::RecvTimeoutDisconnected, site);
                Err(RecvTimeoutError::Disconnected)
            }
            Err(TryRecvError::Empty) => {
                let wait = self.endpoint.begin_wait(
                    sinks,
                    Kind::RecvTimeoutBegin,
                    site,
                    now(),
                    writer::timeout_detail(timeout),
                );
                match self.inner.recv_timeout(schedule::real_timeout(timeout)) {
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
    fn received(&self, sinks: Sinks, kind: Kind, site: Site, envelope: Envelope<T>) -> T {
        self.endpoint.emit(sinks, kind, site, now(), envelope.message.0);
        envelope.value
    }

    #[inline]
    fn emit_failure(&self, sinks: Sinks, kind: Kind, site: Site) {
        self.endpoint.emit(sinks, kind, site, now(), 0);
    }
}

// Recorded before the drop: the messages left in the queue are dropped after it.
impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let End::Recorded(receiver) = &self.end {
            receiver.endpoint.record_receiver_dropped();
        }
    }
}

impl<T> Name for Receiver<T> {
    fn set_name(&self, name: &str) {
        if let End::Recorded(receiver) = &self.end {
            receiver.endpoint.set_name(name);
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
        /// Its receives are recorded with the place that created the iterator: in your source, or
        /// in std's if std creates it, as in `(0..).zip(receiver)`.
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

        // Bounded as std's, which is derived.
        impl<$($a,)? T: fmt::Debug $(+ $a)?> fmt::Debug for $iterator<$($a,)? T> {
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
