//! The identity of an endpoint, and the sinks of its operations: the recording and, with the
//! feature `tracing`, the program's subscriber.

use std::any::type_name;
use std::sync::atomic::{AtomicU32, Ordering};

use format::{Event, OperationKind as Kind};

#[cfg(feature = "tracing")]
use super::subscriber;
use crate::platform::now;
use crate::recording;
use crate::writer::{self, Site};

static NEXT_CHANNEL: AtomicU32 = AtomicU32::new(1);
static NEXT_ENDPOINT: AtomicU32 = AtomicU32::new(1);

/// Creates the sender and the receiver of a new channel. Returns `None` if its operations are
/// neither recorded nor emitted.
pub(super) fn pair<T>(name: &str, bound: u64, site: Site) -> Option<(Endpoint, Endpoint)> {
    let is_recorded = recording::is_recorded();
    #[cfg(feature = "tracing")]
    let has_sink = is_recorded || subscriber::on();
    #[cfg(not(feature = "tracing"))]
    let has_sink = is_recorded;
    if !has_sink {
        return None;
    }
    let channel = NEXT_CHANNEL.fetch_add(1, Ordering::Relaxed);
    let sender = NEXT_ENDPOINT.fetch_add(2, Ordering::Relaxed);
    let message_type = type_name::<T>();
    let endpoint = Endpoint {
        number: sender,
        #[cfg(feature = "tracing")]
        channel: subscriber::Channel::new(name, message_type, site),
        #[cfg(feature = "tracing")]
        is_recorded,
    };
    let receiver = endpoint.sibling(sender + 1);
    endpoint.event(Some(site), |site| Event::ChannelCreated {
        channel,
        sender,
        receiver: receiver.number,
        site,
        bound,
        message_type,
        name,
    });
    Some((endpoint, receiver))
}

/// A channel's endpoint.
pub(super) struct Endpoint {
    number: u32,
    #[cfg(feature = "tracing")]
    channel: subscriber::Channel,
    /// Whether the recording contains the channel. If not, the endpoint exists for a subscriber.
    #[cfg(feature = "tracing")]
    is_recorded: bool,
}

/// The sinks of an operation, determined once at its start.
#[derive(Clone, Copy)]
pub(super) struct Sinks {
    #[cfg(feature = "tracing")]
    recording: bool,
    #[cfg(feature = "tracing")]
    subscriber: bool,
}

#[cfg(not(feature = "tracing"))]
impl Sinks {
    #[inline(always)]
    pub(super) fn include_recording(self) -> bool {
        true
    }
}

#[cfg(not(feature = "tracing"))]
impl Endpoint {
    /// Determines the sinks of an operation that starts now. Returns `None` if there are none.
    #[inline(always)]
    pub(super) fn sinks(&self) -> Option<Sinks> {
        recording::on().then_some(Sinks {})
    }

    fn is_recorded(&self) -> bool {
        true
    }

    /// Creates another endpoint of the same channel.
    fn sibling(&self, number: u32) -> Self {
        Endpoint { number }
    }
}

#[cfg(feature = "tracing")]
impl Sinks {
    #[inline(always)]
    pub(super) fn include_recording(self) -> bool {
        self.recording
    }
}

#[cfg(feature = "tracing")]
impl Endpoint {
    /// Determines the sinks of an operation that starts now. Returns `None` if there are none.
    #[inline(always)]
    pub(super) fn sinks(&self) -> Option<Sinks> {
        let recording = self.is_recorded && recording::on();
        let subscriber = subscriber::on();
        (recording || subscriber).then_some(Sinks { recording, subscriber })
    }

    fn is_recorded(&self) -> bool {
        self.is_recorded
    }

    /// Creates another endpoint of the same channel.
    fn sibling(&self, number: u32) -> Self {
        Endpoint { number, channel: self.channel.clone(), is_recorded: self.is_recorded }
    }
}

impl Endpoint {
    /// Records and emits an operation that does not wait.
    #[inline(always)]
    pub(super) fn emit(&self, sinks: Sinks, kind: Kind, site: Site, time: u64, detail: u64) {
        if sinks.include_recording() {
            writer::operation(kind, self.number, site, time, detail);
        }
        #[cfg(feature = "tracing")]
        if sinks.subscriber {
            self.channel.emit(kind, site, detail);
        }
    }

    /// Records and emits that an operation begins to wait.
    #[inline(always)]
    pub(super) fn begin_wait(
        &self,
        sinks: Sinks,
        kind: Kind,
        site: Site,
        time: u64,
        detail: u64,
    ) -> Wait<'_> {
        if sinks.include_recording() {
            writer::operation_with_callers(kind, self.number, site, time, detail);
        }
        Wait {
            endpoint: self,
            sinks,
            site,
            #[cfg(feature = "tracing")]
            span: sinks.subscriber.then(|| self.channel.begin_wait(kind, site, detail)).flatten(),
        }
    }

    /// Records an event that is not an operation.
    pub(super) fn event<'a>(&self, site: Option<Site>, event: impl Fn(u32) -> Event<'a>) {
        if self.is_recorded() {
            writer::event(site, event);
        }
    }

    pub(super) fn set_name(&self, name: &str) {
        self.event(None, |_| Event::EndpointNamed { endpoint: self.number, name });
    }

    /// Creates the endpoint of a clone of this sender.
    pub(super) fn clone_at(&self, site: Site) -> Self {
        let sender = NEXT_ENDPOINT.fetch_add(1, Ordering::Relaxed);
        let from = self.number;
        self.event(Some(site), |site| Event::SenderCloned { sender, from, site });
        self.sibling(sender)
    }

    pub(super) fn record_sender_dropped(&self) {
        recording::begin_operation();
        self.event(None, |_| Event::SenderDropped { endpoint: self.number });
    }

    pub(super) fn record_receiver_dropped(&self) {
        recording::begin_operation();
        self.event(None, |_| Event::ReceiverDropped { endpoint: self.number });
    }
}

/// An operation that waits.
pub(super) struct Wait<'a> {
    endpoint: &'a Endpoint,
    sinks: Sinks,
    site: Site,
    #[cfg(feature = "tracing")]
    span: Option<subscriber::Wait>,
}

impl Wait<'_> {
    /// Records and emits the outcome.
    #[inline(always)]
    pub(super) fn end(self, kind: Kind, detail: u64) {
        if self.sinks.include_recording() {
            writer::operation(kind, self.endpoint.number, self.site, now(), detail);
        }
        #[cfg(feature = "tracing")]
        if let Some(span) = self.span {
            span.end(kind, detail);
        }
    }
}
