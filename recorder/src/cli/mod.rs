//! The command line.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::report::limits::Limits;

mod check;
mod explore;
mod export;
mod record;
mod values;
mod viewer;

pub(crate) use explore::{ExploreArgs, ReplayArgs};
pub(crate) use export::{ExportArgs, SelectionOptions};
pub(crate) use record::{DEFAULT_VALUE_BYTES, RecordArgs, RecordOptions, RunArgs};
pub(crate) use viewer::{OpenArgs, ServeOptions, ViewArgs, ViewerOptions};

/// Records channels, locks and threads, and turns the recording into a timeline.
#[derive(Debug, Parser)]
#[command(name = "recorder", version, about, after_long_help = EXIT_STATUS)]
pub struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Diagnostics.
    #[command(flatten)]
    pub verbosity: Verbosity,
}

/// How much the recorder prints about its own work.
#[derive(Args, Debug)]
#[command(next_help_heading = "Diagnostics")]
pub struct Verbosity {
    /// Logs the recorder's own work to stderr; -vv logs more, -vvv everything. Without -v, RUST_LOG
    /// decides. Example: RUST_LOG=recorder::capture=debug
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Prints only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Writes a timeline of the recorder itself, as a Chrome trace. Example: --self-trace me.json
    #[arg(long, value_name = "FILE", global = true)]
    pub self_trace: Option<PathBuf>,
}

const EXIT_STATUS: &str = "\
Exit status:
  run, record  that of the program; 128 + N if signal N ended it; 124 after --timeout;
               123 if --on-deadlock kill ended it
  2            wrong usage
  1            failure: a program that cannot be run or built, a file that cannot be read
               or written, a recording that contradicts itself, nothing recorded, a trace
               that no page fetched, a report that exceeds its limits, an exercise that is
               not solved, outcomes that --fail-on names, a replay that differs
  128 + N      signal N interrupted an export or `recorder open`; no file was written
  0            otherwise";

/// A command of the recorder.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the examples and binaries of this Cargo workspace
    ///
    /// Example: recorder list
    List(ListArgs),
    /// Builds and records an example or binary of this Cargo workspace
    ///
    /// Records the channels, locks and threads of std, in the program and in all crates that it
    /// uses, without a change to their source. A program that depends on `instrumented` is built as
    /// usual and records itself.
    ///
    /// Without -o, keeps the run: writes NAME.rec, NAME.pftrace and NAME.json (if that is not larger
    /// than 20 MB) to the folder traces of the workspace, or else to target/recorder. `recorder
    /// report NAME`, `show`, `open`, `export` and `diff` find it there.
    ///
    /// Example: recorder run pipeline
    ///
    /// Example: recorder run server -- --port 8080
    Run(RunArgs),
    /// Records any command
    ///
    /// A program that Cargo builds and runs, as in `cargo test`, is recorded as with `recorder run`.
    /// Any other program must use `instrumented`.
    ///
    /// The command shares the recorder's stdin, stdout and stderr, and determines its exit status.
    /// Ctrl-C reaches the command, and the recording is still written. Without -o, keeps the run
    /// as `recorder run` does, under the name of the command.
    ///
    /// Example: recorder record cargo test --release
    ///
    /// Example: recorder record -o run.pftrace -- target/release/server --port 8080
    Record(RecordArgs),
    /// Checks an exercise: runs the program several times, and judges the recorded runs
    ///
    /// Facts decide, such as how many messages were received and whether the program ends, and not
    /// the text of the program. A fact that is not met comes with its place and, with --hint, one
    /// hint after the other. Without an exercise, checks all of the workspace, a line each.
    ///
    /// A teacher describes an exercise in a file of facts: docs/exercises.md. The exit status is 1 if
    /// an exercise is not solved.
    ///
    /// Example: recorder check 4
    ///
    /// Example: recorder check 4 --hint
    Check(CheckArgs),
    /// Runs a program again and again, each time under another order of its threads
    ///
    /// Finds hangs, panics, failures and lost messages that need a particular order. One thread at a
    /// time goes on, and at each operation on a channel, a lock or a thread the next one is chosen.
    /// Sleeps and timeouts take no time. What is not recorded, such as atomics, files and sockets, is
    /// not controlled.
    ///
    /// Prints all outcomes with the numbers of their runs. The run with the fewest switches is kept
    /// for each, as NAME-hang-1, NAME-panic-1 and so on, for `recorder replay`, `report`, `view` and
    /// `show`. The program gets no input, and its output is not shown. docs/exploring.md has more.
    ///
    /// Example: recorder explore server
    ///
    /// Example: recorder explore server --for 5min -- --port 8080
    ///
    /// Example: recorder explore -- cargo test shutdown
    Explore(ExploreArgs),
    /// Makes the run of a recording happen again, or names the first difference
    ///
    /// The run must be one that `recorder explore` has kept. A program of the workspace is built
    /// again. Another command, such as a debugger, can start it.
    ///
    /// The exit status is 1 if something else happened.
    ///
    /// Example: recorder replay server-hang-1
    ///
    /// Example: recorder replay server-hang-1 --shrink
    ///
    /// Example: recorder replay server-hang-1 -- gdb --args target/recorder/debug/server
    Replay(ReplayArgs),
    /// Pauses the recording of a run: its operations are left out until `recorder resume`
    ///
    /// Example: recorder pause
    Pause(ControlArgs),
    /// Resumes a recording that `recorder pause` or `--paused` has paused
    ///
    /// Example: recorder resume
    Resume(ControlArgs),
    /// Saves the current contents of a run's flight recorder (`--last`)
    ///
    /// Example: recorder keep
    Keep(ControlArgs),
    /// Shows what the threads and channels of a run do now, in the terminal
    ///
    /// Run it in another terminal while `recorder run` or `recorder record` records a program. The
    /// tables change several times a second: what each thread waits for and since when, and the rate,
    /// depth and latencies of each channel. The program is not slowed down. When the run ends, its
    /// last state stays.
    ///
    /// Keys: arrows or j and k select a row, Tab another table, Enter shows more of the row; s or a
    /// number sorts; p pauses the display; q quits.
    ///
    /// Example: recorder watch
    ///
    /// Example: recorder watch 1234 --once
    Watch(WatchArgs),
    /// Exports recordings as traces, charts, event text or one recording
    ///
    /// Only the output itself goes to stdout; the summary goes to stderr.
    ///
    /// Example: recorder export run.rec -o run.json.gz -o run.txt
    ///
    /// Example: recorder export run.rec -o -.txt | grep Disconnected
    ///
    /// Example: recorder export server.rec client.rec -o both.pftrace
    Export(ExportArgs),
    /// Reports why a run hung, where it waited and what it lost
    ///
    /// The first line names the cause, its location and the fix. docs/findings.md explains each
    /// finding. The exit status is 1 if --fail-on, --max-latency or --max-depth is violated, or
    /// cannot be checked because events are missing.
    ///
    /// Example: recorder report
    ///
    /// Example: recorder report pipeline
    ///
    /// Example: recorder report run.rec --fail-on deadlock
    Report(ReportArgs),
    /// Compares two runs: findings, counts, and changes of times beyond the noise
    ///
    /// Takes names of runs, recordings, or reports written by `recorder report --json`. Without
    /// arguments, compares the last two runs of a program.
    ///
    /// Example: recorder diff
    ///
    /// Example: recorder diff before.rec after.rec
    Diff(DiffArgs),
    /// Shows a recording in the terminal: a column for each thread, a line for each event
    ///
    /// Example: recorder show pipeline
    ///
    /// Example: recorder show run.rec --thread main --thread 'worker-*' --channel jobs
    Show(ShowArgs),
    /// Shows a run in your browser: timeline, findings, messages, belts
    ///
    /// Needs no network: this command serves the page on 127.0.0.1, under an address that cannot be
    /// guessed, until Ctrl-C. `-o NAME.html` of `recorder run`, `record` and `export` writes the same
    /// page as one file.
    ///
    /// Example: recorder view pipeline
    View(ViewArgs),
    /// Shows the course on threads and channels in your browser
    ///
    /// Each lesson is a page with a program, a recorded run of it, and questions to answer before the
    /// page shows what happens. The pages are files that need no network. They are written to
    /// ~/.cache/recorder/course, where the browser keeps what was answered, or with -o to another
    /// directory.
    ///
    /// Example: recorder learn
    ///
    /// Example: recorder learn 1
    ///
    /// Example: recorder learn -o course
    Learn(LearnArgs),
    /// Opens a run or a trace in the Perfetto UI in your browser
    ///
    /// Nothing leaves your machine: the browser loads the UI's page from the network, and the
    /// page fetches the trace from this command, which listens on 127.0.0.1, answers only that
    /// page, and ends once the page has the trace.
    ///
    /// Example: recorder open pipeline
    ///
    /// Example: recorder open run.rec --around deadlock
    Open(OpenArgs),
    /// Prints a script that completes the recorder's command lines in a shell
    ///
    /// Example: echo 'source <(recorder completions bash)' >> ~/.bashrc
    Completions(CompletionsArgs),
    /// Prints the manual page, or writes those of all commands to a directory
    ///
    /// Example: recorder man ~/.cargo/share/man/man1
    Man(ManArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Prints a JSON array of objects with name, kind (bin or example), package, source and summary
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// The number or the name of an exercise of this workspace, or the path of its file of facts
    /// [default: all exercises]
    pub(crate) exercise: Option<String>,
    /// Shows the next hint for the last run, without another run
    #[arg(long, requires = "exercise", conflicts_with_all = ["json", "runs"])]
    pub(crate) hint: bool,
    /// How many runs must show the facts [default: 5, or as the file of facts requires]
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<NonZeroU32>,
    /// Prints a JSON array of results; docs/exercises.md describes it
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `recorder pause`, `resume` and `keep`.
#[derive(Args, Debug)]
pub(crate) struct ControlArgs {
    /// The process ID of the run's `recorder`; required if several are running
    pub(crate) pid: Option<u32>,
}

#[derive(Args, Debug)]
pub(crate) struct WatchArgs {
    /// The name of the program, or the process ID of the run's `recorder`; required if several are
    /// running. Or the name of a run that is kept, or a recording: shows it at its end
    pub(crate) run: Option<PathBuf>,
    /// Prints the tables once, as text
    #[arg(long)]
    pub(crate) once: bool,
    /// Prints the figures once, as JSON; docs/reference.md describes them
    #[arg(long, conflicts_with = "once")]
    pub(crate) json: bool,
}

/// The recordings to read.
#[derive(Args, Debug)]
pub(crate) struct InputOptions {
    /// Names of runs, recordings, their text forms, or the directories of runs whose recorder was
    /// killed; several are shown together, on one clock [default: the newest run]
    #[arg(value_name = "RUN")]
    pub(crate) recordings: Vec<PathBuf>,
}

/// Whether findings include what did not happen.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct PredictionOptions {
    /// Leaves out possible deadlocks: hangs that did not happen, but could in another order
    #[arg(long)]
    pub(crate) no_predictions: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) input: InputOptions,
    /// Prints JSON instead of text; docs/report-schema.md describes it
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) predictions: PredictionOptions,
    #[command(flatten)]
    pub(crate) limits: Limits,
}

#[derive(Args, Debug)]
pub(crate) struct DiffArgs {
    /// The first run; alone, the name of a program whose last two runs are compared [default: that
    /// of the newest run]
    pub(crate) before: Option<PathBuf>,
    /// The run that is compared with the first
    pub(crate) after: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) predictions: PredictionOptions,
    /// Prints JSON instead of text; docs/report-schema.md describes it
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) input: InputOptions,
    /// Maximum number of events, taken from the start and the end of the run
    #[arg(long, value_name = "N", value_parser = values::number, default_value_t = 60)]
    pub(crate) events: usize,
    /// Maximum number of threads [default: as many as fit, which is also the limit]
    #[arg(long, value_name = "N", value_parser = values::number)]
    pub(crate) threads: Option<usize>,
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
}

#[derive(Args, Debug)]
pub(crate) struct LearnArgs {
    /// The number or the name of a lesson [default: the index of all lessons]
    #[arg(value_name = "LESSON")]
    pub(crate) lesson: Option<String>,
    /// Writes the pages to this directory, and opens nothing: the page of the lesson, or those of
    /// all lessons and an index. Creates the directory if it does not exist
    #[arg(short, long, value_name = "DIRECTORY")]
    pub(crate) output: Option<PathBuf>,
    /// Prints the path of the page instead of starting a browser
    #[arg(long, conflicts_with = "output")]
    pub(crate) no_browser: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// The directory for recorder.1, recorder-run.1 and so on; created if it does not exist
    pub(crate) directory: Option<PathBuf>,
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
    fn values_have_a_default_number_of_bytes() {
        for (arguments, bytes) in [
            (&["recorder", "record", "--values", "--", "x"][..], u64::from(DEFAULT_VALUE_BYTES)),
            (&["recorder", "record", "--values=200", "--", "x"], 200),
            (&["recorder", "record", "--", "x"], 7),
            (&["recorder", "record", "--no-values", "--", "x"], 0),
        ] {
            let cli = Cli::try_parse_from(arguments).unwrap();
            let Command::Record(args) = cli.command else { panic!("{arguments:?}") };
            assert_eq!(args.options.value_bytes(7), bytes, "{arguments:?}");
        }
    }
}
