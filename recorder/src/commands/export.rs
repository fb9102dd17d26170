//! `recorder export`.

use super::Result;
use super::recordings::Reader;
use super::results::Results;
use crate::cli::ExportArgs;
use crate::export::{self, Options};
use crate::terminal::console::Console;
use crate::timeline::Part;
use crate::timeline::select::Selection;
use crate::workspace::runs;

pub(super) fn export(args: &ExportArgs, console: Console) -> Result<u8> {
    let reader = Reader::new(console)?;
    let outputs = export::prepare(&args.outputs)?;
    let recording = reader.open(&runs::recordings(&args.input.recordings)?)?;
    let report = reader.report(&recording, &args.predictions)?;
    let findings = &report.findings;
    let selection = reader
        .with_progress(|| Selection::new(&args.selection.criteria(), &recording, findings))?;
    let max_events = args.detail.max_events;
    let part =
        Part { selection: selection.as_ref(), with_dependencies: args.selection.dependencies.all };
    let options =
        Options { part, max_events, chart: args.chart.style(), shows_source: !args.page.no_source };
    let exported = reader.with_progress(|| export::export(&report, outputs, options))?;
    // The findings are in the traces; `recorder report` prints them.
    let results = Results { report: &report, prints_findings: false, exported, kept: None };
    Ok(results.print_and_open(&args.viewer, max_events, &reader))
}
