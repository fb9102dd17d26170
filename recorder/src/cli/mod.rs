//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, value_parser};
use clap_complete::Shell;
use format::MAX_TEXT;

use crate::capture::hang::OnDeadlock;
use crate::capture::session::Retention;
use crate::export::sequence_chart;
use crate::export::sequence_chart::svg::Steps;
use crate::export::{ChartStyle, Output, UnknownEnding};
use crate::report::limits::{FailOn, Limits, MaxDepth, MaxLatency};

mod opening;
mod selection;

pub use opening::{Opening, Serving};
pub use selection::{SelectionOptions, WindowOptions};

/// Records channel programs and turns the recording into a timeline.
#[derive(Debug, Parser)]
#[command(name = "recorder", version, about, after_long_help = EXIT_STATUS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How much to say.
    #[command(flatten)]
    pub verbosity: Verbosity,
}

/// How much the recorder says of its own work.
#[derive(Args, Debug)]
#[command(next_help_heading = "Diagnostics")]
pub struct Verbosity {
    /// Says on stderr what the recorder does; -vv says more, -vvv all. Without it RUST_LOG
    /// decides. Example: RUST_LOG=recorder::capture=debug
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Says nothing on stderr but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Writes a timeline of the recorder itself, as a Chrome trace. Example: --self-trace me.json
    #[arg(long, value_name = "FILE", global = true)]
    pub self_trace: Option<PathBuf>,
}

const EXIT_STATUS: &str = "\
Exit status:
  run, record  that of the program; 128 + N if signal N ended it; 124 after --timeout;
               123 if it hung and --on-deadlock kill has ended it
  2            wrong usage
  1            failure: a program that cannot be run or built, a file that cannot be read
               or written, a recording that contradicts itself, nothing recorded, a trace
               that nobody has fetched, a report that does not keep to its limits
  128 + N      signal N has interrupted an export, or the waiting of `recorder open`: no file
               is left
  0            otherwise";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the examples and binaries of this Cargo workspace that can be recorded
    ///
    /// Example: recorder list
    List {
        /// Prints a JSON array of objects with name, kind (bin or example), package, source
        /// and summary
        #[arg(long)]
        json: bool,
    },
    /// Builds and runs an example or binary of this Cargo workspace under recording
    ///
    /// Without -o, writes traces/NAME.json and traces/NAME.pftrace.
    ///
    /// Example: recorder run pipeline
    Run {
        /// The example or binary, as `recorder list` shows it
        name: String,
        /// Builds with optimisations. Example: recorder run pipeline --release
        #[arg(long)]
        release: bool,
        /// Outputs and timeout.
        #[command(flatten)]
        options: Options,
        /// What the program is given. Example: recorder run server -- --port 8080
        #[arg(last = true)]
        args: Vec<OsString>,
        /// To look at it at once.
        #[command(flatten)]
        opening: Opening,
    },
    /// Runs any command under recording
    ///
    /// stdin, stdout, stderr and exit status are the program's. Ctrl-C reaches it, and the
    /// trace is still written. Without -o, writes traces/COMMAND.json and
    /// traces/COMMAND.pftrace.
    ///
    /// Example: recorder record -o run.pftrace -- target/release/server --port 8080
    Record {
        /// Outputs and timeout.
        #[command(flatten)]
        options: Options,
        /// The command and what it is given
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
        /// To look at it at once.
        #[command(flatten)]
        opening: Opening,
    },
    /// Pauses the recording of a run: its operations are left out until `recorder resume`
    ///
    /// Example: recorder pause
    Pause(Running),
    /// Ends what `recorder pause` or `--paused` has begun
    ///
    /// Example: recorder resume
    Resume(Running),
    /// Has a run's flight recorder (`--last`) write out what it has
    ///
    /// Example: recorder keep
    Keep(Running),
    /// Turns a recording into something else
    ///
    /// Only the output itself is on stdout; the summary is on stderr.
    ///
    /// Example: recorder export run.rec -o run.json.gz -o run.txt
    ///
    /// Example: recorder export run.rec -o -.txt | grep Disconnected
    ///
    /// Example: recorder export server.rec client.rec -o both.pftrace
    Export {
        /// Recordings, their text forms, or directories of runs whose recorder was killed;
        /// several are put on one clock and shown as one
        #[arg(required = true, value_name = "RECORDING")]
        recordings: Vec<PathBuf>,
        /// Outputs.
        #[command(flatten)]
        outputs: RequiredOutputs,
        /// What charts show.
        #[command(flatten)]
        chart: ChartOptions,
        /// What pictures show.
        #[command(flatten)]
        selection: SelectionOptions,
        /// How much of it.
        #[command(flatten)]
        detail: DetailOptions,
        /// To look at it at once.
        #[command(flatten)]
        opening: Opening,
    },
    /// Says why a run hung, where it waited and what it lost
    ///
    /// The first line names the cause, where it is and what to change; what the findings mean,
    /// and when they are made, is in docs/findings.md. The exit status is 1 if --fail-on,
    /// --max-latency or --max-depth say so.
    ///
    /// Example: recorder report run.rec
    Report {
        /// Recordings, their text forms, or directories of runs whose recorder was killed;
        /// several are put on one clock and shown as one
        #[arg(required = true, value_name = "RECORDING")]
        recordings: Vec<PathBuf>,
        /// Writes JSON in place of text; docs/report-schema.md says what is in it
        #[arg(long)]
        json: bool,
        /// Limits.
        #[command(flatten)]
        limits: LimitOptions,
    },
    /// Says what changed from one run to another: findings, counts, and times beyond the noise
    ///
    /// Takes recordings, or reports that `recorder report --json` has written.
    ///
    /// Example: recorder diff before.rec after.rec
    Diff {
        /// The run that the other is compared with
        before: PathBuf,
        /// The other run
        after: PathBuf,
        /// Writes JSON in place of text; docs/report-schema.md says what is in it
        #[arg(long)]
        json: bool,
    },
    /// Shows a recording in the terminal: a column for each thread, a line for each event
    ///
    /// Example: recorder show run.rec
    Show {
        /// Recordings, their text forms, or directories of runs whose recorder was killed;
        /// several are put on one clock and shown as one
        #[arg(required = true, value_name = "RECORDING")]
        recordings: Vec<PathBuf>,
        /// Shows so many events, from the beginning and from the end
        #[arg(long, value_name = "N", default_value_t = 60)]
        events: usize,
        /// Shows so many threads [default: as many as there is room for]
        #[arg(long, value_name = "N")]
        threads: Option<usize>,
    },
    /// Opens a trace or a recording in the Perfetto UI in your browser
    ///
    /// Nothing leaves your machine: the browser loads the UI's page from the network, and the
    /// page fetches the trace from this command, which listens on 127.0.0.1, answers that
    /// page alone, and ends when it has the trace.
    ///
    /// Example: recorder open traces/pipeline.pftrace
    ///
    /// Example: recorder open run.rec --around deadlock
    Open {
        /// A trace (.pftrace, .json, also with .gz), or what `export` reads
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// How much of a recording to show.
        #[command(flatten)]
        detail: DetailOptions,
        /// What to look at first.
        #[command(flatten)]
        window: WindowOptions,
        /// Where and how.
        #[command(flatten)]
        serving: Serving,
    },
    /// Prints what a shell needs to complete the recorder's command lines
    ///
    /// Example: recorder completions bash > ~/.local/share/bash-completion/completions/recorder
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Prints the manual page, or writes those of all commands to a directory
    ///
    /// Example: recorder man ~/.local/share/man/man1
    Man {
        /// Where recorder.1, recorder-run.1 and so on are to be; it is made if it is not there
        directory: Option<PathBuf>,
    },
}

/// How much traces show of a run that is too large for a viewer.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct DetailOptions {
    /// In a trace (.json, .pftrace): shows the whole run in so many events at most. Findings,
    /// the longest waits, the slowest messages and all peaks are kept; what is short is merged
    /// into slices that say what it comes to. Example: --max-events 500000
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub max_events: Option<u64>,
}

impl DetailOptions {
    /// Why it makes no sense with these outputs, if so.
    fn refused(self, outputs: &[Output]) -> Option<String> {
        let no_trace = outputs.iter().all(|output| !output.kind().is_trace());
        (self.max_events.is_some() && !outputs.is_empty() && no_trace)
            .then(|| "--max-events is for traces (.json, .pftrace), and there is none".to_owned())
    }
}

/// What a report is held against.
#[derive(Args, Debug)]
pub struct LimitOptions {
    /// Fails if there are findings of these kinds. Example: --fail-on deadlock,lost-messages
    #[arg(long, value_name = "CODE,CODE|any")]
    pub fail_on: Option<FailOn>,
    /// Fails if messages of a channel took longer: half (p50), any percentile (p99.9), or all
    /// (max) of them. Can be given several times. Example: --max-latency jobs:p99=5ms
    #[arg(long, value_name = "CHANNEL:pN=DURATION")]
    pub max_latency: Vec<MaxLatency>,
    /// Fails if a channel held more messages. Can be given several times. Example:
    /// --max-depth jobs=100
    #[arg(long, value_name = "CHANNEL=N")]
    pub max_depth: Vec<MaxDepth>,
}

impl LimitOptions {
    /// As the report takes them.
    pub fn limits(self) -> Limits {
        let LimitOptions { fail_on, max_latency, max_depth } = self;
        Limits { fail_on, max_latency, max_depth }
    }
}

/// What was said of this command contradicts itself.
fn refuse(name: &str, why: String) -> clap::error::Result<()> {
    let mut recorder = Cli::command();
    recorder.build();
    let command = recorder.find_subcommand_mut(name);
    Err(match command {
        Some(command) => command.error(ErrorKind::ArgumentConflict, why),
        None => recorder.error(ErrorKind::ArgumentConflict, why),
    })
}

impl Cli {
    /// Whether what was said makes sense as a whole.
    ///
    /// # Errors
    /// It does not; the error says so as the other usage errors do.
    pub fn check(&self) -> clap::error::Result<()> {
        if let Command::Export { outputs, selection, .. } = &self.command
            && let Some(why) = selection.refused(&outputs.outputs)
        {
            return refuse("export", why);
        }
        if let Command::Open { window, .. } = &self.command
            && let Some(why) = window.refused()
        {
            return refuse("open", why);
        }
        let (name, outputs, detail, opening) = match &self.command {
            Command::Run { options, opening, .. } => {
                ("run", &options.outputs, options.detail, opening)
            }
            Command::Record { options, opening, .. } => {
                ("record", &options.outputs, options.detail, opening)
            }
            Command::Export { outputs, detail, opening, .. } => {
                ("export", &outputs.outputs, *detail, opening)
            }
            _ => return Ok(()),
        };
        let refuse = |why: String| refuse(name, why);
        if let Some(why) = detail.refused(outputs) {
            return refuse(why);
        }
        if let Some(option) = opening.serving.given().filter(|_| !opening.open) {
            return refuse(format!("{option} is for --open, which is not there"));
        }
        if opening.open && !outputs.is_empty() && outputs.iter().all(Output::is_stdout) {
            return refuse("--open needs a file that was written, and there is none".to_owned());
        }
        for (index, output) in outputs.iter().enumerate() {
            let mut before = outputs[..index].iter();
            if before.any(|other| other.path() == output.path()) {
                return refuse(format!("{} is to be written twice", output.path().display()));
            }
        }
        if outputs.iter().filter(|output| output.is_stdout()).count() > 1 {
            return refuse("only one output can go to stdout".to_owned());
        }
        Ok(())
    }
}

/// Which run is meant.
#[derive(Args, Debug)]
pub struct Running {
    /// The process number of the run's `recorder`; needed where there are several
    pub pid: Option<u32>,
}

const OUTPUT: &str = "\
Writes FILE; its ending says what: .json (Chrome trace), .pftrace (Perfetto trace), both \
also with .gz, .svg (sequence chart), .mmd (Mermaid diagram), .rec (recording), .txt (event \
text). Can be given several times. Example: -o run.pftrace -o run.rec";

const OUTPUT_OR_STDOUT: &str = "\
Writes FILE; its ending says what: .json (Chrome trace), .pftrace (Perfetto trace), both \
also with .gz, .svg (sequence chart), .mmd (Mermaid diagram), .rec (recording), .txt (event \
text). -.json, -.txt and so on are stdout. Can be given several \
times. Example: -o run.pftrace -o -.txt";

/// What `run` and `record` share.
#[derive(Args, Debug)]
pub struct Options {
    /// Files to write.
    #[arg(short, long = "output", value_name = "FILE", help = OUTPUT, value_parser = file, allow_hyphen_values = true)]
    pub outputs: Vec<Output>,
    /// Ends the program after so long: asks it to (SIGTERM), and kills it two seconds
    /// later. Example: --timeout 30s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// What to do if the program hangs, beside saying why: `wait` leaves it as it is, `kill`
    /// ends it as --timeout would. It hangs if every thread waits for another, without a
    /// limit in time, and none can go on. Example: --on-deadlock kill
    #[arg(
        long,
        value_enum,
        value_name = "wait|kill",
        default_value_t,
        hide_possible_values = true
    )]
    pub on_deadlock: OnDeadlock,
    /// Limits what is kept on disk: once the recording takes so much room it ends, and the
    /// program runs on. Example: --max-size 2GB
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_size: Option<ByteSize>,
    /// Keeps only the newest, in memory (a flight recorder): so much time, or so many bytes.
    /// Written when the program ends or crashes, and meanwhile at SIGUSR1, `recorder keep`
    /// or `instrumented::recording::keep()`, as NAME.kept-1.rec beside the outputs.
    /// Example: --last 30s, --last 512MB
    #[arg(long, value_name = "DURATION|SIZE", value_parser = last, conflicts_with = "max_size")]
    pub last: Option<Retention>,
    /// Records no operations until `recorder resume`
    #[arg(long)]
    pub paused: bool,
    /// Records what messages are, up to so many bytes of each [without BYTES: 80]; `run` does it
    /// unless told otherwise. Shown are numbers, texts, tuples of them, and what the program
    /// says how to show (`mpsc::Builder`). Example: --values=200
    #[arg(
        long,
        value_name = "BYTES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "80",
        value_parser = value_parser!(u16).range(1..=MAX_TEXT as i64),
    )]
    pub values: Option<u16>,
    /// Records no message's value, as they may be secret; `record` does not unless told to
    #[arg(long, conflicts_with = "values")]
    pub no_values: bool,
    /// What charts show.
    #[command(flatten)]
    pub chart: ChartOptions,
    /// How much traces show.
    #[command(flatten)]
    pub detail: DetailOptions,
}

/// What sequence charts (.svg and .mmd) show.
#[derive(Args, Clone, Copy, Debug)]
pub struct ChartOptions {
    /// In a chart (.svg): what a step down is
    #[arg(long, value_enum, default_value_t, value_name = "STEPS")]
    pub steps: Steps,
    /// In a chart (.svg, .mmd): so many events, from the beginning and from the end
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub events: usize,
    /// In a chart (.svg, .mmd): so many threads
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub threads: usize,
}

impl ChartOptions {
    /// The same, as `export` takes it.
    pub fn style(self) -> ChartStyle {
        let limits = sequence_chart::Limits { events: self.events, threads: self.threads };
        ChartStyle { limits, steps: self.steps }
    }
}

/// How many bytes of a value say enough of it.
pub const SHORT: u16 = 80;

impl Options {
    /// How much is to be kept.
    pub fn keep(&self) -> Retention {
        let limit = self.max_size.map(|size| Retention::UpTo(size.as_u64()));
        self.last.or(limit).unwrap_or(Retention::All)
    }

    /// How many bytes of a message's value are to be recorded, at most: `usual` if nothing is
    /// said.
    pub fn values(&self, usual: u16) -> u64 {
        if self.no_values { 0 } else { self.values.unwrap_or(usual).into() }
    }
}

/// An output that is a file: stdout is that of the program.
fn file(text: &str) -> Result<Output, String> {
    let output: Output = text.parse().map_err(|error: UnknownEnding| error.to_string())?;
    if output.is_stdout() {
        let path = output.path().display();
        return Err(format!(
            "stdout is the program's; write a file, and then `recorder export FILE -o {path}` \
             (a file of this name is ./{path})"
        ));
    }
    Ok(output)
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text).map_err(|_| "not a time like 500ms, 30s or 5min")
}

fn size(text: &str) -> Result<ByteSize, &'static str> {
    text.parse().map_err(|_| "not a size like 512MB or 2GB")
}

/// A time or a size.
fn last(text: &str) -> Result<Retention, String> {
    match (humantime::parse_duration(text), text.parse::<ByteSize>()) {
        (Ok(duration), _) => Ok(Retention::LastFor(duration)),
        (_, Ok(size)) => Ok(Retention::LastBytes(size.as_u64())),
        _ => Err("neither a time like 30s nor a size like 512MB".to_owned()),
    }
}

/// What `export` writes.
#[derive(Args, Debug)]
pub struct RequiredOutputs {
    /// Files to write.
    #[arg(short, long = "output", value_name = "FILE", help = OUTPUT_OR_STDOUT, required = true, allow_hyphen_values = true)]
    pub outputs: Vec<Output>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_without_a_number_are_short() {
        for (arguments, values) in [
            (&["recorder", "record", "--values", "--", "x"][..], u64::from(SHORT)),
            (&["recorder", "record", "--values=200", "--", "x"], 200),
            (&["recorder", "record", "--", "x"], 7),
            (&["recorder", "record", "--no-values", "--", "x"], 0),
        ] {
            let cli = Cli::try_parse_from(arguments).unwrap();
            let Command::Record { options, .. } = cli.command else { panic!("{arguments:?}") };
            assert_eq!(options.values(7), values, "{arguments:?}");
        }
    }
}
