//! `recorder show`.

use super::recordings::{open_recordings, watch_signals};
use super::results::Results;
use super::{Result, print_styled};
use crate::analysis::UnrecordedThreads;
use crate::cli::{ShowArgs, ViewerOptions};
use crate::export::sequence_chart::columns::{self, Columns};
use crate::export::sequence_chart::{ChartBuilder, ChartLimits};
use crate::reading;
use crate::report::Report;
use crate::report::summary::Summary;
use crate::terminal::console::Console;
use crate::timeline::builder;

pub(super) fn show(args: &ShowArgs, console: Console) -> Result<u8> {
    /// If stdout is not a terminal.
    const DEFAULT_WIDTH: usize = 80;
    let width = terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| width.0.into());
    let watch = watch_signals()?;
    let recordings = &args.input.recordings;
    let recording = console.with_progress(&watch, || open_recordings(recordings, &watch))?;
    let threads = args.threads.unwrap_or_else(|| columns::most_threads(width));
    let report =
        console.with_progress(&watch, || Report::new(&recording, UnrecordedThreads::Unknown))?;
    let mut chart = ChartBuilder::new(&recording, ChartLimits { events: args.events, threads });
    console.with_progress(&watch, || {
        builder::build(&recording, |item| {
            chart.item(item);
            Ok::<_, reading::Error>(())
        })
    })?;
    print_styled(Columns::new(&chart.finish(), width))?;
    let (summary, left_out) = (Summary::new(&report), Vec::new());
    let (findings, files) = (&[], &[]);
    let results = Results { recording: &recording, summary, left_out, findings, files };
    Ok(results.print(&ViewerOptions::default(), console))
}
