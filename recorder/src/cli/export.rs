//! Arguments of `recorder export`.

use std::time::Duration;

use clap::Args;

use super::viewer::ViewerOptions;
use super::{InputOptions, PredictionOptions, values};
use crate::export::sequence_chart::ChartLimits;
use crate::export::sequence_chart::svg::Steps;
use crate::export::{ChartStyle, Output};
use crate::timeline::select::Criteria;

const OUTPUT: &str = "\
Writes FILE; its extension selects the format: .json (Chrome trace), .pftrace (Perfetto trace), \
both also with .gz, .html (page that shows the run, in one file), .svg (sequence chart), .mmd (Mermaid diagram), .rec (recording), .txt (event \
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
    pub(crate) predictions: PredictionOptions,
    #[command(flatten)]
    pub(crate) chart: ChartOptions,
    #[command(flatten)]
    pub(crate) page: PageOptions,
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    #[command(flatten)]
    pub(crate) detail: DetailOptions,
    #[command(flatten)]
    pub(crate) viewer: ViewerOptions,
}

/// How much of a run charts show, and how.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ChartOptions {
    /// In a chart (.svg): the meaning of the vertical axis
    #[arg(long, value_enum, default_value_t, value_name = "STEPS")]
    steps: Steps,
    /// In a chart (.svg, .mmd): maximum number of events, taken from the start and the end of the
    /// run
    #[arg(
        long,
        value_name = "N",
        value_parser = values::number,
        default_value_t = ChartLimits::default().events
    )]
    events: usize,
    /// In a chart (.svg, .mmd): maximum number of threads
    #[arg(
        long,
        value_name = "N",
        value_parser = values::number,
        default_value_t = ChartLimits::default().threads
    )]
    threads: usize,
    /// In a chart (.svg): a slide of 1920 × 1080 with large text: at most twelve rows of what matters,
    /// with the code beside it
    #[arg(long, conflicts_with_all = ["steps", "events", "threads"])]
    slide: bool,
}

impl ChartOptions {
    /// Converts the options for the export.
    pub(crate) fn style(self) -> ChartStyle {
        let ChartOptions { steps, events, threads, slide } = self;
        ChartStyle { is_slide: slide, steps, limits: ChartLimits { events, threads } }
    }
}

/// What pages contain.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct PageOptions {
    /// In a page (.html) or a slide (.svg): leaves out the lines of source
    #[arg(long)]
    pub(crate) no_source: bool,
}

/// The part of a run that is shown, in traces and charts (.json, .pftrace, .svg, .mmd) or in the
/// terminal.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Part of the run")]
pub(crate) struct SelectionOptions {
    /// Start of the time window, relative to the start of the run. Example: --from 1.2s --to 1.5s
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) from: Option<Duration>,
    /// End of the time window, relative to the start of the run
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) to: Option<Duration>,
    /// Shows only the threads of this name, in which * matches any characters. Can be given several
    /// times, as can --channel and --process. Example: --thread 'worker-*'
    #[arg(id = "thread", long, value_name = "NAME")]
    pub(crate) threads: Vec<String>,
    /// Shows only the channel of this name, or of this message type if only one channel has it.
    /// Example: --channel jobs
    #[arg(long = "channel", value_name = "NAME")]
    pub(crate) channels: Vec<String>,
    /// Shows only the processes of this name or process ID. Example: --process server
    #[arg(long = "process", value_name = "NAME|PID")]
    pub(crate) processes: Vec<String>,
    /// Shows only the threads and the time of a finding, given by its code or by its number in
    /// `recorder report`. Example: --around deadlock, --around 1
    #[arg(long, value_name = "FINDING")]
    pub(crate) around: Option<String>,
    /// Shows only one message's journey: what led to it, and what its receiver sent because of it.
    /// Example: --message jobs#7
    #[arg(long, value_name = "CHANNEL#NUMBER")]
    pub(crate) message: Option<String>,
    #[command(flatten)]
    pub(crate) dependencies: DependencyOptions,
}

/// Whether dependencies are shown, in the picture of a program that was recorded as it is.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct DependencyOptions {
    /// Shows also what dependencies do among themselves, in a program that was recorded as it is
    #[arg(long)]
    pub(crate) all: bool,
}

impl SelectionOptions {
    /// Converts the options for the selection.
    pub(crate) fn criteria(&self) -> Criteria {
        let SelectionOptions { from, to, threads, channels, processes, around, message, .. } =
            self.clone();
        Criteria { from, to, threads, channels, processes, around, message }
    }
}

/// How much traces show of a run that is too large for a viewer.
#[derive(Args, Debug)]
pub(crate) struct DetailOptions {
    /// In a trace (.json, .pftrace): maximum number of events. Findings, the longest waits, the
    /// slowest messages and all peaks are kept; short items are merged into slices that show their
    /// totals. Example: --max-events 500000
    #[arg(long, value_name = "N", value_parser = values::positive_count)]
    pub(crate) max_events: Option<u64>,
}
