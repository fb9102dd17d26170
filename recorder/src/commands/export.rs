//! `recorder export`.

use super::Result;
use super::recordings::{open_recordings, watch_signals};
use super::results::Results;
use crate::analysis::UnrecordedThreads;
use crate::cli::ExportArgs;
use crate::export::{self, Exported, Options};
use crate::report::Report;
use crate::report::summary::Summary;
use crate::terminal::console::Console;
use crate::timeline::select::Selection;

pub(super) fn export(args: ExportArgs, console: Console) -> Result<u8> {
    let ExportArgs { input, outputs, chart, selection, detail, viewer } = args;
    let watch = watch_signals()?;
    let outputs = export::prepare(&outputs)?;
    let recordings = &input.recordings;
    let recording = console.with_progress(&watch, || open_recordings(recordings, &watch))?;
    let report =
        console.with_progress(&watch, || Report::new(&recording, UnrecordedThreads::Unknown))?;
    let findings = &report.findings;
    let selection = console
        .with_progress(&watch, || Selection::new(&selection.criteria(), &recording, findings))?;
    let Exported { files, left_out } = console.with_progress(&watch, || {
        let selection = selection.as_ref();
        let options = Options { selection, max_events: detail.max_events, chart: chart.style() };
        export::export(&recording, findings, outputs, options)
    })?;
    let summary = Summary::new(&report);
    // The findings are in the traces; `recorder report` prints them.
    let findings = &[];
    let results = Results { recording: &recording, summary, left_out, findings, files: &files };
    Ok(results.print_and_open(&viewer, detail, &watch, console))
}
