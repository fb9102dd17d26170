//! The program's own `tracing` spans and events in the recording, and operations on channels in
//! the program's subscriber.
//!
//! Add [`layer`] to the program's subscriber, beside any other layers:
//!
//! ```
//! use instrumented::spans;
//! use tracing_subscriber::prelude::*;
//!
//! tracing_subscriber::registry().with(spans::layer()).init();
//!
//! let _span = tracing::info_span!("parse", file = "a.txt").entered();
//! tracing::warn!(line = 3, "no semicolon");
//! ```
//!
//! A process started by `recorder` is recorded even if it creates no channel. A process that
//! records itself is recorded from [`recording::start`] on, without the spans created before.
//! In a process that is not recorded the layer disables every callsite, so spans and events that
//! no other layer enables cost the same as without a subscriber.
//!
//! A span is recorded each time a thread enters and exits it, with its fields at that moment; an
//! event is recorded with its message and fields. Texts over 480 bytes are truncated. Nothing is
//! recorded while the recording is paused.
//!
//! # Channels in `tracing`
//! In the other direction, the program's subscriber receives the operations on channels, whether
//! or not the process is recorded. They have the target `instrumented::mpsc`. An operation that
//! does not wait is an event of level `TRACE`; a wait is a span of level `DEBUG`. Operations on a
//! channel that was created before a subscriber enabled this target are received only if the
//! process is recorded.
//!
//! | field | content |
//! |---|---|
//! | `channel` | the label of the channel in the trace; channels with the same name have the same label |
//! | `operation` | `send`, `try_send`, `recv`, `try_recv` or `recv_timeout`, also the name of the event or span |
//! | `message_id` | the number of the message in the text form of the recording (`-o run.txt`) |
//! | `outcome` | `sent`, `received`, `full`, `empty`, `disconnected` or `timed out` |
//! | `waited_ns`, `timeout_ns` | of a span: the duration of the wait, and its maximum |
//! | `site` | the place in the source, `src/main.rs:14:5` |
//!
//! The outcome of a span is set at its end; `fmt` prints it with
//! `with_span_events(FmtSpan::CLOSE)`. If a subscriber uses channels while it handles an
//! operation, it does not receive the operations on those. A subscriber that uses channels of
//! `instrumented` on a thread of its own must filter out their operations, or better use std's
//! channels; otherwise each operation that it handles causes another one.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use format::{Event, MAX_TEXT};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

use crate::bounded_text::BoundedText;
use crate::sync::mpsc::TARGET;
use crate::{recording, writer};

/// Returns a layer that records spans and events in the recording of this process.
///
/// It can be combined with any other layers and filters. See the [module](self) for an example.
pub fn layer<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    RecordSpans.with_filter(ProgramCallsites)
}

/// Whether a subscriber has asked the filter about a callsite.
static FILTER_USED: AtomicBool = AtomicBool::new(false);

/// Called when a recording has been started: makes subscribers ask the filter again.
pub(crate) fn recording_started() {
    // Without a subscriber, rebuilding the cache would enable all levels.
    if FILTER_USED.load(Ordering::SeqCst) {
        tracing_core::callsite::rebuild_interest_cache();
    }
}

/// Enables the program's own spans and events, if this process is recorded.
struct ProgramCallsites;

impl ProgramCallsites {
    fn is_enabled(metadata: &Metadata<'_>) -> bool {
        // The recording contains operations on channels anyway.
        if metadata.target() == TARGET {
            return false;
        }
        // Set before the check, so that a recording that starts in between sees it.
        FILTER_USED.store(true, Ordering::SeqCst);
        recording::is_recorded()
    }
}

impl<S> Filter<S> for ProgramCallsites {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        Self::is_enabled(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::is_enabled(metadata) { Interest::always() } else { Interest::never() }
    }
}

struct RecordSpans;

/// Data stored with each span.
struct SpanData {
    number: u64,
    fields: String,
}

impl<S> Layer<S> for RecordSpans
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        // Formatted before the span is locked: a field's `Debug` is the program's own code.
        let fields = text(|fields| attributes.record(fields));
        if let Some(span) = context.span(id) {
            let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
            span.extensions_mut().replace(SpanData { number, fields: fields.as_str().to_owned() });
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let more = text(|fields| values.record(fields));
        if let Some(span) = context.span(id)
            && let Some(SpanData { fields, .. }) = span.extensions_mut().get_mut()
        {
            *fields = BoundedText::written_by(MAX_TEXT, |text| {
                let space = if fields.is_empty() { "" } else { " " };
                write!(text, "{fields}{space}{}", more.as_str())
            })
            .as_str()
            .to_owned();
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if recording::on()
            && let Some(span) = context.span(id)
            && let Some(SpanData { number, fields }) = span.extensions().get()
        {
            let (callsite, span) = (callsite(span.metadata()), *number);
            writer::event(None, |_| Event::SpanEntered { callsite, span, fields });
            recording::pause_if_requested();
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if recording::on()
            && let Some(span) = context.span(id)
            && let Some(SpanData { number, .. }) = span.extensions().get()
        {
            writer::event(None, |_| Event::SpanExited { span: *number });
            recording::pause_if_requested();
        }
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if recording::on() {
            let message = text(|fields| event.record(fields));
            let (callsite, message) = (callsite(event.metadata()), message.as_str());
            writer::event(None, |_| Event::Logged { callsite, message });
            recording::pause_if_requested();
        }
    }
}

/// Formats fields as `message key=value key=value`.
struct Fields<'a>(&'a mut BoundedText);

fn text(record: impl FnOnce(&mut Fields<'_>)) -> BoundedText {
    let mut text = BoundedText::new(MAX_TEXT);
    record(&mut Fields(&mut text));
    text
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let space = if self.0.as_str().is_empty() { "" } else { " " };
        // An error means a full text, which needs no handling.
        let _ = match field.name() {
            "message" => self.0.write_str(space),
            // Fields for the origin of a record of the crate `log`.
            name if name.starts_with("log.") => return,
            name => write!(self.0, "{space}{name}="),
        };
        self.0.append(|text| write!(text, "{value:?}"));
    }
}

/// Number of slots in a thread's cache of callsite numbers.
const CACHE_SLOTS: usize = 64;

/// Returns the number of a callsite. Records the callsite the first time.
fn callsite(metadata: &'static Metadata<'static>) -> u32 {
    thread_local! {
        /// Addresses and numbers. The address of a callsite determines its slot.
        static CACHE: [Cell<(usize, u32)>; CACHE_SLOTS] =
            const { [const { Cell::new((0, 0)) }; CACHE_SLOTS] };
    }
    let address = std::ptr::from_ref(metadata).addr();
    CACHE.with(|cache| {
        let slot = &cache[address / align_of::<Metadata<'_>>() % CACHE_SLOTS];
        if slot.get().0 != address {
            slot.set((address, register_callsite(address, metadata)));
        }
        slot.get().1
    })
}

#[cold]
fn register_callsite(address: usize, metadata: &Metadata<'_>) -> u32 {
    static NUMBERS: Mutex<BTreeMap<usize, u32>> = Mutex::new(BTreeMap::new());
    let mut numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    let new = numbers.len() as u32 + 1;
    *numbers.entry(address).or_insert_with(|| {
        let level = match *metadata.level() {
            Level::ERROR => 1,
            Level::WARN => 2,
            Level::INFO => 3,
            Level::DEBUG => 4,
            Level::TRACE => 5,
        };
        let name = if metadata.is_span() { metadata.name() } else { "" };
        let target = metadata.target();
        // Recorded under the lock, so that no thread uses a number before it is recorded.
        let event = |site| Event::Callsite { callsite: new, level, site, target, name };
        match (metadata.file(), metadata.line()) {
            (Some(file), Some(line)) => writer::event_at(file, line, event),
            _ => writer::event(None, event),
        }
        new
    })
}
