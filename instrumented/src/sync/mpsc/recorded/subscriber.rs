//! Emits operations on channels to the program's own `tracing` subscriber.
//!
//! An operation that does not wait is an event of level `TRACE`; a wait is a span of level
//! `DEBUG`. Both have the target [`TARGET`].

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

use crate::panics::catch_silently;
use crate::writer::Site;

/// The target of events and spans about channels.
pub(crate) const TARGET: &str = "instrumented::mpsc";

/// Represents the callsites of all events: a subscriber enables either all of them or none.
static EVENTS: DefaultCallsite = DefaultCallsite::new(&EVENT);
static EVENT: Metadata<'static> = metadata! {
    name: "operation",
    target: TARGET,
    level: Level::TRACE,
    fields: &["channel", "operation", "message_id", "outcome", "site"],
    callsite: &EVENTS,
    kind: CallsiteKind::EVENT,
};

/// Represents the callsites of all spans.
static SPANS: DefaultCallsite = DefaultCallsite::new(&SPAN);
static SPAN: Metadata<'static> = metadata! {
    name: "wait",
    target: TARGET,
    level: Level::DEBUG,
    fields: &["channel", "operation", "message_id", "timeout_ns", "outcome", "waited_ns", "site"],
    callsite: &SPANS,
    kind: CallsiteKind::SPAN,
};

/// Whether a subscriber has enabled operations on channels.
///
/// False while this thread emits an operation: the channels that a subscriber itself uses to
/// handle an operation are not emitted.
#[inline(always)]
pub(super) fn on() -> bool {
    LevelFilter::current() >= LevelFilter::DEBUG && (is_enabled(&EVENTS) || is_enabled(&SPANS))
}

#[inline]
fn is_enabled(callsite: &'static DefaultCallsite) -> bool {
    !callsite.interest().is_never() && !EMITTING.get()
}

thread_local! {
    /// Set while this thread runs a subscriber's code.
    static EMITTING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `emit`, and with it the subscriber's code, which may use channels. A panic, as some
/// subscribers raise in destructors of thread-locals, is hidden from the program.
fn emitting<R>(emit: impl FnOnce() -> R) -> Option<R> {
    let outer = EMITTING.replace(true);
    let result = catch_silently(emit);
    EMITTING.set(outer);
    result
}

/// Invokes the macro `$emit` with the name of the call. Names of events and spans must be literals.
macro_rules! with_call_name {
    ($kind:ident, $emit:ident) => {
        match $kind.call() {
            Call::Send => $emit!("send"),
            Call::TrySend => $emit!("try_send"),
            Call::Recv => $emit!("recv"),
            Call::TryRecv => $emit!("try_recv"),
            _ => $emit!("recv_timeout"),
        }
    };
}

/// The data of a channel that its events and spans contain.
#[derive(Clone)]
pub(super) struct Channel {
    /// The label of the channel, as in a trace.
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

    /// Emits an operation that does not wait.
    #[inline(never)]
    pub(super) fn emit(&self, kind: Kind, site: Site, detail: u64) {
        if !is_enabled(&EVENTS) {
            return;
        }
        let channel = &*self.label;
        let (message_id, outcome) = (message_id(detail), outcome(kind));
        macro_rules! emit_event {
            ($name:literal) => {
                event!(
                    name: $name,
                    target: TARGET,
                    Level::TRACE,
                    { channel, operation = $name, message_id, outcome, %site }
                )
            };
        }
        emitting(|| with_call_name!(kind, emit_event));
    }

    /// Opens the span of an operation that waits.
    #[inline(never)]
    pub(super) fn begin_wait(&self, kind: Kind, site: Site, detail: u64) -> Option<Wait> {
        let channel = &*self.label;
        let (message_id, timeout_ns) = match kind.call() {
            Call::RecvTimeout => (None, Some(detail)),
            _ => (message_id(detail), None),
        };
        macro_rules! new_span {
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
        let span = emitting(|| with_call_name!(kind, new_span).entered())?;
        Some(Wait { span, started: Instant::now() })
    }
}

/// The open span of an operation that waits.
pub(super) struct Wait {
    span: EnteredSpan,
    started: Instant,
}

impl Wait {
    /// Records the outcome and closes the span.
    #[inline(never)]
    pub(super) fn end(self, kind: Kind, detail: u64) {
        let waited = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        emitting(|| {
            if let Some(id) = message_id(detail) {
                self.span.record("message_id", id);
            }
            self.span.record("outcome", outcome(kind));
            self.span.record("waited_ns", waited);
            drop(self.span);
        });
    }
}

/// The id of the message, as in the recording.
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
