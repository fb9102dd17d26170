//! `recorder show`.

use super::recordings::Reader;
use super::results::Results;
use super::{Result, print_styled};
use crate::cli::ShowArgs;
use crate::export::Exported;
use crate::export::sequence_chart::columns::{self, Columns};
use crate::export::sequence_chart::{ChartBuilder, ChartLimits};
use crate::reading;
use crate::terminal::console::Console;
use crate::timeline::builder;

pub(super) fn show(args: &ShowArgs, console: Console) -> Result<u8> {
    /// If stdout is not a terminal.
    const DEFAULT_WIDTH: usize = 80;
    let width = terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| width.0.into());
    let reader = Reader::new(console)?;
    let recording = reader.open(&args.input.recordings)?;
    let threads = args.threads.unwrap_or_else(|| columns::most_threads(width));
    let report = reader.report(&recording)?;
    let mut chart = ChartBuilder::new(&recording, ChartLimits { events: args.events, threads });
    reader.with_progress(|| {
        builder::build(&recording, |item| {
            chart.item(item);
            Ok::<_, reading::Error>(())
        })
    })?;
    print_styled(Columns::new(&chart.finish(), width))?;
    let exported = Exported::default();
    let results = Results { report: &report, prints_findings: false, exported };
    Ok(results.print(false, console))
}
