//! Diagnostics of the recorder itself: a log on stderr, and a timeline.

use std::env;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter};

use anstream::{AutoStream, ColorChoice};
use anyhow::{Context, Result};
use tracing::field::Field;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level};
use tracing_chrome::{ChromeLayerBuilder, EventOrSpan, FlushGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::Verbosity;

/// Starts logging to stderr, as detailed as `-v` or else `RUST_LOG` requires, and writing a Chrome
/// trace to the file of `--self-trace`. The returned guard writes the rest of the trace on drop.
///
/// # Errors
/// The file cannot be written.
pub fn start(verbosity: &Verbosity) -> Result<Option<FlushGuard>> {
    let log = log_filter(verbosity).map(|filter| {
        tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(AutoStream::choice(&io::stderr()) != ColorChoice::Never)
            .with_timer(tracing_subscriber::fmt::time::uptime())
            .with_span_events(FmtSpan::CLOSE)
            .with_filter(filter)
    });
    let (layer, guard) = match &verbosity.self_trace {
        None => (None, None),
        Some(path) => {
            let file = File::create(path)
                .with_context(|| format!("cannot write the timeline {}", path.display()))?;
            let (layer, flush) = ChromeLayerBuilder::new()
                .writer(BufWriter::new(file))
                .include_args(true)
                .include_locations(false)
                .name_fn(Box::new(|item| match item {
                    EventOrSpan::Event(event) => message(event),
                    EventOrSpan::Span(span) => span.name().to_owned(),
                }))
                .build();
            (Some(layer.with_filter(own_targets(Level::TRACE))), Some(flush))
        }
    };
    if log.is_some() || layer.is_some() {
        tracing_subscriber::registry().with(log).with(layer).init();
    }
    Ok(guard)
}

/// The message of an event, without its fields.
fn message(event: &Event<'_>) -> String {
    let mut message = String::new();
    event.record(&mut |field: &Field, value: &dyn fmt::Debug| {
        if field.name() == "message" {
            message = format!("{value:?}");
        }
    });
    message
}

/// The filter of the log, if there is one.
fn log_filter(verbosity: &Verbosity) -> Option<Targets> {
    match verbosity.verbose {
        0 if verbosity.quiet => None,
        // A value that we cannot parse may be meant for the program that we run.
        0 => env::var("RUST_LOG").ok()?.parse().ok().filter(|targets: &Targets| {
            targets.iter().any(|(_, level)| level > LevelFilter::OFF)
                || targets.default_level().is_some_and(|level| level > LevelFilter::OFF)
        }),
        1 => Some(own_targets(Level::INFO)),
        2 => Some(own_targets(Level::DEBUG)),
        _ => Some(own_targets(Level::TRACE)),
    }
}

fn own_targets(level: Level) -> Targets {
    Targets::new().with_target("recorder", level)
}
