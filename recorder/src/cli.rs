//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, value_parser};
use format::MAX_TEXT;

use crate::export::Output;
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
  run, record  that of the program; 128 + N if signal N ended it; 124 after --timeout
  2            wrong usage
  1            failure: a program that cannot be run or built, a file that cannot be read
               or written, a recording that contradicts itself, nothing recorded
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
}

/// How many bytes of a value say enough of it.
pub const SHORT: u16 = 80;

impl Options {
    /// How much is to be kept.
    pub fn keep(&self) -> Keep {
        let limit = self.max_size.map(|size| Keep::UpTo(size.as_u64()));
        self.last.or(limit).unwrap_or(Keep::All)
    }

    /// How many bytes of a message's value are to be recorded, at most: `usual` if nothing is
    /// said.
    pub fn values(&self, usual: u16) -> u64 {
        if self.no_values { 0 } else { self.values.unwrap_or(usual).into() }
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
