//! An endpoint's number, and who is told of what is done with it: the recording and, with the
//! feature `tracing`, the program's subscriber.

use std::any::type_name;
use std::sync::atomic::{AtomicU32, Ordering};

use format::{Event, OperationKind as Kind};

#[cfg(feature = "tracing")]
use super::emitted;
use crate::platform::now;
use crate::recording;
use crate::writer::{self, Site};

static CHANNELS: AtomicU32 = AtomicU32::new(1);
static ENDPOINTS: AtomicU32 = AtomicU32::new(1);

/// Sender and receiver of a new channel, if anybody wants to be told of it.
pub(super) fn pair<T>(name: &str, bound: u64, site: Site) -> Option<(Endpoint, Endpoint)> {
    let is_recorded = recording::prepare();
    #[cfg(feature = "tracing")]
    let is_wanted = is_recorded || emitted::on();
    #[cfg(not(feature = "tracing"))]
    let is_wanted = is_recorded;
    if !is_wanted {
        return None;
    }
    let channel = CHANNELS.fetch_add(1, Ordering::Relaxed);
    let sender = ENDPOINTS.fetch_add(2, Ordering::Relaxed);
    let message_type = type_name::<T>();
    let endpoint = Endpoint {
        number: sender,
        #[cfg(feature = "tracing")]
        channel: emitted::Channel::new(name, message_type, site),
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
    channel: emitted::Channel,
    /// Whether the recording knows it: it may be for a subscriber alone.
    #[cfg(feature = "tracing")]
    is_recorded: bool,
}

/// Who wants to be told of an operation; asked once, at its begin.
#[derive(Clone, Copy)]
pub(super) struct Audience {
    #[cfg(feature = "tracing")]
    recording: bool,
    #[cfg(feature = "tracing")]
    subscriber: bool,
}

#[cfg(not(feature = "tracing"))]
impl Audience {
    #[inline(always)]
    pub(super) fn has_recording(self) -> bool {
        true
    }
}

#[cfg(not(feature = "tracing"))]
impl Endpoint {
    /// Who wants to be told of the operation that begins, if anybody does.
    #[inline(always)]
    pub(super) fn audience(&self) -> Option<Audience> {
        recording::on().then_some(Audience {})
    }

    fn is_recorded(&self) -> bool {
        true
    }

    /// Another endpoint of the same channel.
    fn sibling(&self, number: u32) -> Self {
        Endpoint { number }
    }
}

#[cfg(feature = "tracing")]
impl Audience {
    #[inline(always)]
    pub(super) fn has_recording(self) -> bool {
        self.recording
    }
}

#[cfg(feature = "tracing")]
impl Endpoint {
    /// Who wants to be told of the operation that begins, if anybody does.
    #[inline(always)]
    pub(super) fn audience(&self) -> Option<Audience> {
        let recording = self.is_recorded && recording::on();
        let subscriber = emitted::on();
        (recording || subscriber).then_some(Audience { recording, subscriber })
    }

    fn is_recorded(&self) -> bool {
        self.is_recorded
    }

    /// Another endpoint of the same channel.
    fn sibling(&self, number: u32) -> Self {
        Endpoint { number, channel: self.channel.clone(), is_recorded: self.is_recorded }
    }
}

impl Endpoint {
    /// Tells of an operation that did not wait.
    #[inline(always)]
    pub(super) fn tell(&self, to: Audience, kind: Kind, site: Site, time: u64, detail: u64) {
        if to.has_recording() {
            writer::operation(kind, self.number, site, time, detail);
        }
        #[cfg(feature = "tracing")]
        if to.subscriber {
            self.channel.emit(kind, site, detail);
        }
    }

    /// Tells that an operation begins to wait.
    #[inline(always)]
    pub(super) fn begin(
        &self,
        to: Audience,
        kind: Kind,
        site: Site,
        time: u64,
        detail: u64,
    ) -> Wait<'_> {
        if to.has_recording() {
            writer::operation(kind, self.number, site, time, detail);
        }
        Wait {
            endpoint: self,
            to,
            site,
            #[cfg(feature = "tracing")]
            span: to.subscriber.then(|| self.channel.enter(kind, site, detail)).flatten(),
        }
    }

    /// Records what is no operation.
    pub(super) fn event<'a>(&self, site: Option<Site>, event: impl Fn(u32) -> Event<'a>) {
        if self.is_recorded() {
            writer::event(site, event);
        }
    }

    pub(super) fn name(&self, name: &str) {
        self.event(None, |_| Event::EndpointNamed { endpoint: self.number, name });
    }

    /// The endpoint of a clone of this sender.
    pub(super) fn clone_at(&self, site: Site) -> Self {
        let sender = ENDPOINTS.fetch_add(1, Ordering::Relaxed);
        let from = self.number;
        self.event(Some(site), |site| Event::SenderCloned { sender, from, site });
        self.sibling(sender)
    }

    pub(super) fn sender_dropped(&self) {
        self.event(None, |_| Event::SenderDropped { endpoint: self.number });
    }

    pub(super) fn receiver_dropped(&self) {
        self.event(None, |_| Event::ReceiverDropped { endpoint: self.number });
    }
}

/// An operation that waits.
pub(super) struct Wait<'a> {
    endpoint: &'a Endpoint,
    to: Audience,
    site: Site,
    #[cfg(feature = "tracing")]
    span: Option<emitted::Wait>,
}

impl Wait<'_> {
    /// Tells how it came out.
    #[inline(always)]
    pub(super) fn end(self, kind: Kind, detail: u64) {
        if self.to.has_recording() {
            writer::operation(kind, self.endpoint.number, self.site, now(), detail);
        }
        #[cfg(feature = "tracing")]
        if let Some(span) = self.span {
            span.end(kind, detail);
        }
    }
}
