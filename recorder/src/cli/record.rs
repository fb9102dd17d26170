//! Arguments of `recorder run` and `record`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, value_parser};
use format::MAX_TEXT;

use super::PredictionOptions;
use super::export::{ChartOptions, DependencyOptions, DetailOptions, PageOptions};
use super::values;
use super::viewer::ViewerOptions;
use crate::build::Crates;
use crate::capture::hang::OnDeadlock;
use crate::capture::session::Retention;
use crate::export::Output;
use crate::workspace::BuildOptions;

/// How many bytes of each value `recorder run` and `--values` record.
pub(crate) const DEFAULT_VALUE_BYTES: u16 = 80;

const OUTPUT: &str = "\
Writes FILE; its extension selects the format: .json (Chrome trace), .pftrace (Perfetto trace), \
both also with .gz, .html (page that shows the run, in one file), .svg (sequence chart), .mmd (Mermaid diagram), .rec (recording), .txt (event \
text). Can be given several times. Example: -o run.pftrace -o run.rec";

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// The example or binary, as listed by `recorder list` [default: the only one]
    pub(crate) name: Option<String>,
    /// Arguments that are not after `--`.
    #[arg(hide = true)]
    pub(crate) misplaced: Vec<OsString>,
    #[command(flatten)]
    pub(crate) build: BuildOptions,
    #[command(flatten)]
    pub(crate) crates: CratesOptions,
    /// The program's arguments. Example: recorder run server -- --port 8080
    #[arg(last = true)]
    pub(crate) args: Vec<OsString>,
    #[command(flatten)]
    pub(crate) options: RecordOptions,
}

#[derive(Args, Debug)]
pub(crate) struct RecordArgs {
    /// The command and its arguments, after options of `record`
    #[arg(required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<OsString>,
    #[command(flatten)]
    pub(crate) crates: CratesOptions,
    #[command(flatten)]
    pub(crate) options: RecordOptions,
}

/// Which crates of a program are recorded.
#[derive(Args, Debug)]
pub(crate) struct CratesOptions {
    /// Records only these packages [default: the program's own and all that it depends on].
    /// Example: --only my-program,crossbeam-channel
    #[arg(long, value_name = "PACKAGE", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Records all packages except these. Example: --without rayon-core
    #[arg(long, value_name = "PACKAGE", value_delimiter = ',')]
    pub(crate) without: Vec<String>,
}

impl CratesOptions {
    pub(crate) fn crates(&self) -> Crates {
        Crates { only: self.only.clone(), without: self.without.clone() }
    }
}

/// Options of a recording.
#[derive(Args, Debug)]
pub(crate) struct RecordOptions {
    #[arg(
        short,
        long = "output",
        value_name = "FILE",
        help = OUTPUT,
        value_parser = values::output_file,
        allow_hyphen_values = true
    )]
    pub(crate) outputs: Vec<Output>,
    /// Ends the program after this time: sends SIGTERM, and SIGKILL two seconds later. Example:
    /// --timeout 30s
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub(crate) timeout: Option<Duration>,
    /// What to do if the program hangs, besides reporting why: `wait` lets it run, `kill` ends it
    /// as --timeout does. It hangs if every thread waits for another, without a timeout, and none
    /// can continue. Example: --on-deadlock kill
    #[arg(
        long,
        value_enum,
        value_name = "wait|kill",
        default_value_t,
        hide_possible_values = true
    )]
    pub(crate) on_deadlock: OnDeadlock,
    /// Limits the recording on disk: at this size the recording stops, and the program runs on.
    /// Example: --max-size 2GB
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    pub(crate) max_size: Option<ByteSize>,
    /// Keeps only the most recent events, in memory (a flight recorder): those of the last
    /// DURATION, or up to SIZE bytes. They are written when the program ends or crashes. While it
    /// runs, SIGUSR1, `recorder keep` and `instrumented::recording::keep()` save a copy as
    /// NAME.kept-1.rec beside the outputs. Example: --last 30s, --last 512MB
    #[arg(
        long,
        value_name = "DURATION|SIZE",
        value_parser = values::duration_or_size,
        conflicts_with = "max_size"
    )]
    pub(crate) last: Option<Retention>,
    /// Serves the figures of the run to Prometheus while it goes on, as OpenMetrics at
    /// http://ADDRESS/metrics. Other machines can reach it only if ADDRESS is not of the loopback
    /// interface. Example: --metrics 127.0.0.1:9464
    #[arg(
        long,
        value_name = "ADDRESS",
        value_parser = values::address,
        conflicts_with = "last"
    )]
    pub(crate) metrics: Option<SocketAddr>,
    /// Records no operations until `recorder resume`
    #[arg(long)]
    pub(crate) paused: bool,
    /// Records the values of messages, up to BYTES bytes of each [without BYTES: 80]; the default
    /// for `run`. Shows numbers, strings, tuples of these, and values for which the program defines
    /// a format (`mpsc::Builder`). Example: --values=200
    #[arg(
        long,
        value_name = "BYTES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "80",
        value_parser = value_parser!(u16).range(1..=MAX_TEXT as i64),
    )]
    pub(crate) values: Option<u16>,
    /// Records no values of messages, which may be secret; the default for `record`
    #[arg(long, conflicts_with = "values")]
    pub(crate) no_values: bool,
    #[command(flatten)]
    pub(crate) predictions: PredictionOptions,
    #[command(flatten)]
    pub(crate) chart: ChartOptions,
    #[command(flatten)]
    pub(crate) page: PageOptions,
    #[command(flatten)]
    pub(crate) detail: DetailOptions,
    #[command(flatten)]
    pub(crate) dependencies: DependencyOptions,
    /// Shows the run in the browser while it goes on, as `recorder view` does, and afterwards until
    /// Ctrl-C
    #[arg(long, help_heading = "Opening in the browser", group = "shown", conflicts_with = "last")]
    pub(crate) view: bool,
    #[command(flatten)]
    pub(crate) viewer: ViewerOptions,
}

impl RecordOptions {
    /// How much of the run to keep.
    pub(crate) fn retention(&self) -> Retention {
        let limit = self.max_size.map(|size| Retention::UpTo(size.as_u64()));
        self.last.or(limit).unwrap_or(Retention::All)
    }

    /// The maximum number of bytes to record of each message's value.
    pub(crate) fn value_bytes(&self, default: u16) -> u64 {
        if self.no_values { 0 } else { self.values.unwrap_or(default).into() }
    }
}
