//! What the recorder tells of its own work: to stderr, and as a timeline of itself.

use std::env;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal};

use anyhow::{Context, Result};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level};
use tracing_chrome::{ChromeLayerBuilder, EventOrSpan, FlushGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::Verbosity;

/// Keeps the recorder's own timeline open; it is whole when this is dropped.
#[must_use = "the timeline ends when this is dropped"]
pub struct Diagnostics {
    _timeline: Option<FlushGuard>,
}

/// Begins to tell what the recorder does: on stderr as much as the number of `-v` says, or else
/// `RUST_LOG`; and all of it to the file of `--self-trace`, as a Chrome trace.
///
/// # Errors
/// The file cannot be written.
pub fn start(verbosity: &Verbosity) -> Result<Diagnostics> {
    let log = log_filter(verbosity).map(|filter| {
        tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(has_colours())
            .with_timer(tracing_subscriber::fmt::time::uptime())
            .with_span_events(FmtSpan::CLOSE)
            .with_filter(filter)
    });
    let mut guard = None;
    let layer = match &verbosity.self_trace {
        None => None,
        Some(path) => {
            let file = File::create(path)
                .with_context(|| format!("cannot write the timeline {}", path.display()))?;
            let (layer, flush) = ChromeLayerBuilder::new()
                .writer(BufWriter::new(file))
                .include_args(true)
                .include_locations(false)
                .name_fn(Box::new(|what| match what {
                    EventOrSpan::Event(event) => message(event),
                    EventOrSpan::Span(span) => span.name().to_owned(),
                }))
                .build();
            guard = Some(flush);
            Some(layer.with_filter(ours(Level::TRACE)))
        }
    };
    if log.is_some() || layer.is_some() {
        tracing_subscriber::registry().with(log).with(layer).init();
    }
    Ok(Diagnostics { _timeline: guard })
}

/// What an event says, without its fields.
fn message(event: &Event<'_>) -> String {
    struct Message(String);
    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }
    let mut message = Message(String::new());
    event.record(&mut message);
    message.0
}

/// What is told on stderr, if anything is.
fn log_filter(verbosity: &Verbosity) -> Option<Targets> {
    match verbosity.verbose {
        0 if verbosity.quiet => None,
        // What is no filter of ours may be one of the program that we run.
        0 => env::var("RUST_LOG").ok()?.parse().ok().filter(|targets: &Targets| {
            targets.iter().any(|(_, level)| level > LevelFilter::OFF)
                || targets.default_level().is_some_and(|level| level > LevelFilter::OFF)
        }),
        1 => Some(ours(Level::INFO)),
        2 => Some(ours(Level::DEBUG)),
        _ => Some(ours(Level::TRACE)),
    }
}

fn ours(level: Level) -> Targets {
    Targets::new().with_target("recorder", level)
}

fn has_colours() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
