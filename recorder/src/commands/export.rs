//! `recorder export`.

use super::Result;
use super::recordings::{open_recordings, watch_signals};
use super::results::Results;
use crate::analysis::Outsiders;
use crate::cli::ExportArgs;
use crate::export::{self, Shown};
use crate::report::Report;
use crate::terminal::console::Console;
use crate::timeline::select::Selection;

pub(super) fn export(args: ExportArgs, console: Console) -> Result<u8> {
    let ExportArgs { input, outputs, chart, selection, detail, viewer } = args;
    let watch = watch_signals()?;
    let outputs = export::prepare(&outputs)?;
    let recordings = &input.recordings;
    let recording = console.with_progress(&watch, || open_recordings(recordings, &watch))?;
    let wanted = selection.wanted();
    let has_trace = outputs.iter().any(|output| output.kind().is_trace());
    let findings = match has_trace || wanted.around.is_some() {
        true => {
            console.with_progress(&watch, || Report::new(&recording, Outsiders::Unknown))?.findings
        }
        false => Vec::new(),
    };
    let (summary, files) = console.with_progress(&watch, || {
        let selection = Selection::new(&wanted, &recording, &findings)?;
        let shown = Shown { selection: selection.as_ref(), max_events: detail.max_events };
        export::export(&recording, &findings, outputs, chart.style(), shown)
    })?;
    // The findings are in the traces; `recorder report` prints them.
    let results = Results { recording: &recording, summary, findings: &[], files: &files };
    Ok(results.print_and_open(&viewer, detail, &watch, console))
}
