//! Arguments of `recorder export`.

use clap::{Args, value_parser};

use super::InputOptions;
use super::selection::SelectionOptions;
use super::viewer::ViewerOptions;
use crate::export::sequence_chart::ChartLimits;
use crate::export::sequence_chart::svg::Steps;
use crate::export::{ChartStyle, Output};

const OUTPUT: &str = "\
Writes FILE; its extension selects the format: .json (Chrome trace), .pftrace (Perfetto trace), \
both also with .gz, .svg (sequence chart), .mmd (Mermaid diagram), .rec (recording), .txt (event \
text). -.json, -.txt and so on write to stdout. Can be given several times. Example: \
-o run.pftrace -o -.txt";

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) input: InputOptions,
    #[arg(
        short,
        long = "output",
        value_name = "FILE",
        help = OUTPUT,
        required = true,
        allow_hyphen_values = true
    )]
    pub(crate) outputs: Vec<Output>,
    #[command(flatten)]
    pub(crate) chart: ChartOptions,
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    #[command(flatten)]
    pub(crate) detail: DetailOptions,
    #[command(flatten)]
    pub(crate) viewer: ViewerOptions,
}

/// What sequence charts (.svg and .mmd) show.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ChartOptions {
    /// In a chart (.svg): the meaning of the vertical axis
    #[arg(long, value_enum, default_value_t, value_name = "STEPS")]
    pub(crate) steps: Steps,
    /// In a chart (.svg, .mmd): maximum number of events, taken from the start and the end of the
    /// run
    #[arg(long, value_name = "N", default_value_t = ChartLimits::default().events)]
    pub(crate) events: usize,
    /// In a chart (.svg, .mmd): maximum number of threads
    #[arg(long, value_name = "N", default_value_t = ChartLimits::default().threads)]
    pub(crate) threads: usize,
}

impl ChartOptions {
    /// Converts the options for the export.
    pub(crate) fn style(self) -> ChartStyle {
        let limits = ChartLimits { events: self.events, threads: self.threads };
        ChartStyle { limits, steps: self.steps }
    }
}

/// How much traces show of a run that is too large for a viewer.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct DetailOptions {
    /// In a trace (.json, .pftrace): maximum number of events. Findings, the longest waits, the
    /// slowest messages and all peaks are kept; short items are merged into slices that show their
    /// totals. Example: --max-events 500000
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) max_events: Option<u64>,
}
