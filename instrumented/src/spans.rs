//! The program's own spans and events, those of the crate `tracing`, in the recording.
//!
//! Put [`layer`] into the program's subscriber, beside any others:
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
//! A process that is started by `recorder` is recorded, also if it makes no channel; one that
//! records itself is from [`recording::start`] on, without the spans that
//! were made before. In a process that nobody records the layer wants to hear of nothing,
//! so spans and events that no other layer wants cost what they cost without a subscriber.
//!
//! A span is recorded each time that a thread enters and leaves it, with its fields as they
//! are then; an event with its message and fields. Texts over 480 bytes are cut. While the
//! recording pauses nothing is recorded.
//!
//! # Channels in `tracing`
//! The other way round, operations on channels are told to the program's subscriber, whether
//! the process is recorded or not: with the target `instrumented::mpsc`, what did not wait as
//! an event of level `TRACE`, a wait as a span of level `DEBUG`. A channel that is made before
//! there is a subscriber that wants this is not told of, unless the process is recorded.
//!
//! | field | is |
//! |---|---|
//! | `channel` | what the channel is called in the picture; channels that have the same name are not told apart |
//! | `operation` | `send`, `try_send`, `recv`, `try_recv` or `recv_timeout`, also the event's or span's name |
//! | `message_id` | the number that the message has in the recording's event text (`-o run.txt`) |
//! | `outcome` | `sent`, `received`, `full`, `empty`, `disconnected` or `timed out` |
//! | `waited_ns`, `timeout_ns` | of a span: how long it took, and how long it was to take at most |
//! | `site` | where in the source, `src/main.rs:14:5` |
//!
//! What a span's outcome was is known at its end: `fmt` shows it with
//! `with_span_events(FmtSpan::CLOSE)`. A subscriber that uses channels while it is told of
//! one is not told of those; but one that uses channels of `instrumented` in a thread of its
//! own must filter them out, or better use std's: else it has always something new to tell.

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

use crate::shown::Text;
use crate::sync::mpsc::TARGET;
use crate::{recording, writer};

/// A layer that puts spans and events into the recording of this process.
pub fn layer<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    Spans.with_filter(OfTheProgram)
}

/// Whether a subscriber has asked if this process is recorded.
static ASKED: AtomicBool = AtomicBool::new(false);

/// A recording has begun: whoever was told that there is none asks again.
pub(crate) fn ask_again() {
    // Without a subscriber this would have all levels count as wanted.
    if ASKED.load(Ordering::SeqCst) {
        tracing_core::callsite::rebuild_interest_cache();
    }
}

/// Lets through what the program itself has to say, if this process is recorded.
struct OfTheProgram;

impl OfTheProgram {
    fn lets_through(metadata: &Metadata<'_>) -> bool {
        // What channels do is in the recording anyway.
        if metadata.target() == TARGET {
            return false;
        }
        // In this order: a recording that begins meanwhile sees that somebody has asked.
        ASKED.store(true, Ordering::SeqCst);
        recording::prepare()
    }
}

impl<S> Filter<S> for OfTheProgram {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        Self::lets_through(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::lets_through(metadata) { Interest::always() } else { Interest::never() }
    }
}

struct Spans;

/// What is kept with a span.
struct Kept {
    number: u64,
    fields: String,
}

impl<S> Layer<S> for Spans
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        // Before anything of the span is locked: a field's `Debug` is the program's.
        let fields = text(|fields| attributes.record(fields));
        if let Some(span) = context.span(id) {
            let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
            span.extensions_mut().replace(Kept { number, fields: fields.as_str().to_owned() });
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let more = text(|fields| values.record(fields));
        if let Some(span) = context.span(id)
            && let Some(Kept { fields, .. }) = span.extensions_mut().get_mut()
        {
            *fields = Text::of(MAX_TEXT, |text| {
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
            && let Some(Kept { number, fields }) = span.extensions().get()
        {
            let (callsite, span) = (callsite(span.metadata()), *number);
            writer::event(None, |_| Event::SpanEntered { callsite, span, fields });
            recording::follow();
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if recording::on()
            && let Some(span) = context.span(id)
            && let Some(Kept { number, .. }) = span.extensions().get()
        {
            writer::event(None, |_| Event::SpanExited { span: *number });
            recording::follow();
        }
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if recording::on() {
            let message = text(|fields| event.record(fields));
            let (callsite, message) = (callsite(event.metadata()), message.as_str());
            writer::event(None, |_| Event::Logged { callsite, message });
            recording::follow();
        }
    }
}

/// `message key=value key=value`.
struct Fields<'a>(&'a mut Text);

fn text(record: impl FnOnce(&mut Fields<'_>)) -> Text {
    let mut text = Text::new(MAX_TEXT);
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
        // A full text takes no more; there is nobody to tell.
        let _ = match field.name() {
            "message" => self.0.write_str(space),
            // Where a line of the crate `log` comes from.
            name if name.starts_with("log.") => return,
            name => write!(self.0, "{space}{name}="),
        };
        self.0.show(|text| write!(text, "{value:?}"));
    }
}

/// How many callsites a thread knows the numbers of, at most.
const KNOWN: usize = 64;

/// The number of a callsite, of which the recording is told the first time.
fn callsite(metadata: &'static Metadata<'static>) -> u32 {
    thread_local! {
        /// Addresses and numbers; which one is where depends on its address.
        static SEEN: [Cell<(usize, u32)>; KNOWN] = const { [const { Cell::new((0, 0)) }; KNOWN] };
    }
    let address = std::ptr::from_ref(metadata).addr();
    SEEN.with(|seen| {
        let seen = &seen[address / align_of::<Metadata<'_>>() % KNOWN];
        if seen.get().0 != address {
            seen.set((address, find_callsite(address, metadata)));
        }
        seen.get().1
    })
}

#[cold]
fn find_callsite(address: usize, metadata: &Metadata<'_>) -> u32 {
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
        // Within the lock: no thread uses a number of which the recording is not told yet.
        let event = |site| Event::Callsite { callsite: new, level, site, target, name };
        match (metadata.file(), metadata.line()) {
            (Some(file), Some(line)) => writer::event_at(file, line, event),
            _ => writer::event(None, event),
        }
        new
    })
}
