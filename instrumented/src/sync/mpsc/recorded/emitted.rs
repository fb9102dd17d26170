//! Operations on channels, for the program's own subscriber of the crate `tracing`.
//!
//! What did not wait is an event of level `TRACE`, a wait is a span of level `DEBUG`; both
//! have the target [`TARGET`].

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use format::{Call, MessageId, OperationKind as Kind, Outcome};
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::span::EnteredSpan;
use tracing::{Level, event, span};
use tracing_core::callsite::DefaultCallsite;
use tracing_core::{Kind as CallsiteKind, Metadata, metadata};

use crate::panics::quietly;
use crate::writer::Site;

/// What operations on channels say they are of.
pub(crate) const TARGET: &str = "instrumented::mpsc";

/// Stands for the events of all calls: a subscriber that wants one wants this.
static EVENTS: DefaultCallsite = DefaultCallsite::new(&EVENT);
static EVENT: Metadata<'static> = metadata! {
    name: "operation",
    target: TARGET,
    level: Level::TRACE,
    fields: &["channel", "operation", "message_id", "outcome", "site"],
    callsite: &EVENTS,
    kind: CallsiteKind::EVENT,
};

/// Stands for the spans of all calls.
static WAITS: DefaultCallsite = DefaultCallsite::new(&WAIT);
static WAIT: Metadata<'static> = metadata! {
    name: "wait",
    target: TARGET,
    level: Level::DEBUG,
    fields: &["channel", "operation", "message_id", "timeout_ns", "outcome", "waited_ns", "site"],
    callsite: &WAITS,
    kind: CallsiteKind::SPAN,
};

/// Whether a subscriber wants to be told of the operation that begins, or of the channel that
/// is made. One that is told already is not told of the channels that it uses for that itself.
#[inline(always)]
pub(super) fn on() -> bool {
    LevelFilter::current() >= LevelFilter::DEBUG && (wants(&EVENTS) || wants(&WAITS))
}

#[inline]
fn wants(callsite: &'static DefaultCallsite) -> bool {
    !callsite.interest().is_never() && !TELLING.get()
}

thread_local! {
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

/// Has a subscriber told, which may use channels for it. If it panics, as some do in destructors
/// of a thread's local data, that is none of the program's business.
fn telling<R>(tell: impl FnOnce() -> R) -> Option<R> {
    let outer = TELLING.replace(true);
    let told = quietly(tell);
    TELLING.set(outer);
    told
}

/// Has `$tell!` make an event or a span of the call's name: names are static.
macro_rules! by_call {
    ($kind:ident, $tell:ident) => {
        match $kind.call() {
            Call::Send => $tell!("send"),
            Call::TrySend => $tell!("try_send"),
            Call::Recv => $tell!("recv"),
            Call::TryRecv => $tell!("try_recv"),
            _ => $tell!("recv_timeout"),
        }
    };
}

/// What is told of a channel.
#[derive(Clone)]
pub(super) struct Channel {
    /// What it is called in the picture, too.
    label: Arc<str>,
}

impl Channel {
    pub(super) fn new(name: &str, message_type: &str, site: Site) -> Self {
        let label = match name {
            "" => format::default_label(message_type, Some((site.file(), site.line()))).into(),
            name => name.into(),
        };
        Channel { label }
    }

    /// Tells of an operation that did not wait.
    #[inline(never)]
    pub(super) fn emit(&self, kind: Kind, site: Site, detail: u64) {
        if !wants(&EVENTS) {
            return;
        }
        let channel = &*self.label;
        let (message_id, outcome) = (message_id(detail), outcome(kind));
        macro_rules! tell {
            ($name:literal) => {
                event!(
                    name: $name,
                    target: TARGET,
                    Level::TRACE,
                    { channel, operation = $name, message_id, outcome, %site }
                )
            };
        }
        telling(|| by_call!(kind, tell));
    }

    /// Tells that an operation begins to wait.
    #[inline(never)]
    pub(super) fn enter(&self, kind: Kind, site: Site, detail: u64) -> Option<Wait> {
        let channel = &*self.label;
        let (message_id, timeout_ns) = match kind.call() {
            Call::RecvTimeout => (None, Some(detail)),
            _ => (message_id(detail), None),
        };
        macro_rules! open {
            ($name:literal) => {
                span!(
                    target: TARGET,
                    Level::DEBUG,
                    $name,
                    channel,
                    operation = $name,
                    message_id,
                    timeout_ns,
                    outcome = Empty,
                    waited_ns = Empty,
                    %site,
                )
            };
        }
        let span = telling(|| by_call!(kind, open).entered())?;
        Some(Wait { span, begun: Instant::now() })
    }
}

/// A span that is open while an operation waits.
pub(super) struct Wait {
    span: EnteredSpan,
    begun: Instant,
}

impl Wait {
    /// Tells how it came out.
    #[inline(never)]
    pub(super) fn end(self, kind: Kind, detail: u64) {
        let waited = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        telling(|| {
            if let Some(id) = message_id(detail) {
                self.span.record("message_id", id);
            }
            self.span.record("outcome", outcome(kind));
            self.span.record("waited_ns", waited);
            drop(self.span);
        });
    }
}

/// The number that the recording has for the message as well.
fn message_id(detail: u64) -> Option<u64> {
    (MessageId(detail) != MessageId::UNKNOWN).then_some(detail)
}

fn outcome(kind: Kind) -> &'static str {
    match kind.outcome() {
        Outcome::Transferred if kind.call().is_send() => "sent",
        Outcome::Transferred => "received",
        Outcome::Full => "full",
        Outcome::Empty => "empty",
        Outcome::Disconnected => "disconnected",
        Outcome::TimedOut => "timed out",
        Outcome::Pending | Outcome::Acquired | Outcome::Held | Outcome::Done => "",
    }
}
