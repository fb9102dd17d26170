//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand};

use crate::export::Output;
use crate::hang::OnDeadlock;
use crate::report::limits::{FailOn, Limits, MaxDepth, MaxLatency};
use crate::session::Keep;

/// Records channel programs and turns the recording into a timeline.
#[derive(Debug, Parser)]
#[command(name = "recorder", version, about, after_long_help = EXIT_STATUS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_STATUS: &str = "\
Exit status:
  run, record  that of the program; 128 + N if signal N ended it; 124 after --timeout;
               123 if it hung and --on-deadlock kill has ended it
  2            wrong usage
  1            failure: a program that cannot be run or built, a file that cannot be read
               or written, a recording that contradicts itself, nothing recorded, a report
               that does not keep to --fail-on, --max-latency or --max-depth
  0            otherwise";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the examples and binaries of this Cargo workspace that can be recorded
    ///
    /// Example: recorder list
    List,
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
    /// Example: recorder export run.rec -o run.json -o run.txt
    Export {
        /// A recording, its text form, or the directory of a run whose recorder was killed
        recording: PathBuf,
        /// Outputs.
        #[command(flatten)]
        outputs: RequiredOutputs,
    },
    /// Says why a run hung, where it waited and what it lost
    ///
    /// The first line names the cause, where it is and what to change; what the findings mean,
    /// and when they are made, is in docs/findings.md. The exit status is 1 if --fail-on,
    /// --max-latency or --max-depth say so.
    ///
    /// Example: recorder report run.rec
    Report {
        /// A recording, its text form, or the directory of a run whose recorder was killed
        recording: PathBuf,
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
    },
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

/// Which run is meant.
#[derive(Args, Debug)]
pub struct Running {
    /// The process number of the run's `recorder`; needed where there are several
    pub pid: Option<u32>,
}

const OUTPUT: &str = "\
Writes FILE; its ending says what: .json (Chrome trace), .pftrace (Perfetto trace), \
.rec (recording), .txt (event text). Can be given several times. Example: -o run.pftrace -o run.rec";

/// What `run` and `record` share.
#[derive(Args, Debug)]
pub struct Options {
    /// Files to write.
    #[arg(short, long = "output", value_name = "FILE", help = OUTPUT)]
    pub outputs: Vec<Output>,
    /// Ends the program after so long: asks it to (SIGTERM), and kills it two seconds
    /// later. Example: --timeout 30s
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
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
    #[arg(long, value_name = "SIZE")]
    pub max_size: Option<ByteSize>,
    /// Keeps only the newest, in memory (a flight recorder): so much time, or so many bytes.
    /// Written when the program ends or crashes, and meanwhile at SIGUSR1, `recorder keep`
    /// or `instrumented::recording::keep()`, as NAME.kept-1.rec beside the outputs.
    /// Example: --last 30s, --last 512MB
    #[arg(long, value_name = "DURATION|SIZE", value_parser = last, conflicts_with = "max_size")]
    pub last: Option<Keep>,
    /// Records no operations until `recorder resume`
    #[arg(long)]
    pub paused: bool,
}

impl Options {
    /// How much is to be kept.
    pub fn keep(&self) -> Keep {
        let limit = self.max_size.map(|size| Keep::UpTo(size.as_u64()));
        self.last.or(limit).unwrap_or(Keep::All)
    }
}

/// A time or a size.
fn last(text: &str) -> Result<Keep, String> {
    match (humantime::parse_duration(text), text.parse::<ByteSize>()) {
        (Ok(duration), _) => Ok(Keep::LastFor(duration)),
        (_, Ok(size)) => Ok(Keep::LastBytes(size.as_u64())),
        _ => Err("neither a time like 30s nor a size like 512MB".to_owned()),
    }
}

/// What `export` writes.
#[derive(Args, Debug)]
pub struct RequiredOutputs {
    /// Files to write.
    #[arg(short, long = "output", value_name = "FILE", help = OUTPUT, required = true)]
    pub outputs: Vec<Output>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
