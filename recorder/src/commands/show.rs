//! `recorder show`.

use super::recordings::Reader;
use super::results::Results;
use super::{Result, print_styled};
use crate::cli::{PredictionOptions, ShowArgs};
use crate::export::Exported;
use crate::export::sequence_chart::columns::{self, Columns};
use crate::export::sequence_chart::{ChartBuilder, ChartLimits};
use crate::layout::DEFAULT_WIDTH;
use crate::reading;
use crate::terminal::console::Console;
use crate::terminal::width;
use crate::timeline::select::Selection;
use crate::timeline::{Part, pass};
use crate::workspace::runs;

pub(super) fn show(args: &ShowArgs, console: Console) -> Result<u8> {
    let width = width::of_stdout().unwrap_or(DEFAULT_WIDTH);
    let reader = Reader::new(console)?;
    let recording = reader.open(&runs::recordings(&args.input.recordings)?)?;
    let report = reader.report(&recording, &PredictionOptions::default())?;
    let selection = reader.with_progress(|| {
        Selection::new(&args.selection.criteria(), &recording, &report.findings)
    })?;
    let fitting = columns::most_threads(width);
    let threads = args.threads.unwrap_or(fitting).min(fitting);
    let limits = ChartLimits { events: args.events, threads };
    let mut chart = ChartBuilder::new(&recording, &report.findings, limits);
    let part =
        Part { selection: selection.as_ref(), with_dependencies: args.selection.dependencies.all };
    let left_out = reader.with_progress(|| {
        pass(&recording, part, |_| (), &mut |item| {
            chart.item(item);
            Ok::<_, reading::Error>(())
        })
    })?;
    print_styled(Columns::new(&chart.finish(), width))?;
    let exported = Exported { left_out, ..Exported::default() };
    let results = Results { report: &report, prints_findings: false, exported, kept: None };
    Ok(results.print(false, console))
}
