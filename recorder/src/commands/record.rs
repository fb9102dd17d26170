//! `recorder run` and `record`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::error::FAILURE;
use super::recordings::watch_signals;
use super::results::Results;
use super::{Error, Result};
use crate::analysis::UnrecordedThreads;
use crate::capture::run::{self, EndReason, RunOptions, RunOutcome};
use crate::capture::session::{Collected, Session};
use crate::cli::{DEFAULT_VALUE_BYTES, RecordArgs, RecordOptions, RunArgs};
use crate::export::{self, Exported, Options, Output, Prepared};
use crate::reading::Recording;
use crate::report::Report;
use crate::report::summary::Summary;
use crate::terminal::cancel::Watch;
use crate::terminal::console::{self, Chain, Console};
use crate::workspace;

pub(super) fn run(args: RunArgs, console: Console) -> Result<u8> {
    let program = workspace::find(&workspace::programs()?, &args.name)?;
    // Before the build: an output that cannot be written is reported at once.
    let job = Job::new(&args.name, &args.options, console)?;
    let mut command = Command::new(program.build(args.release, console.is_quiet())?);
    command.args(args.args);
    job.execute(command, DEFAULT_VALUE_BYTES)
}

pub(super) fn record(args: RecordArgs, console: Console) -> Result<u8> {
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Error::Usage("there is no command to record".to_owned()));
    };
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy();
    let job = Job::new(&name, &args.options, console)?;
    let mut command = Command::new(program);
    command.args(arguments);
    job.execute(command, 0)
}

/// A program to record, and the files to write.
struct Job<'a> {
    name: &'a str,
    outputs: Vec<Prepared>,
    options: &'a RecordOptions,
    console: Console,
}

impl<'a> Job<'a> {
    fn new(name: &'a str, options: &'a RecordOptions, console: Console) -> Result<Self> {
        let outputs = match &options.outputs[..] {
            [] => export::prepare(&default_outputs(name)?)?,
            outputs => export::prepare(outputs)?,
        };
        Ok(Job { name, outputs, options, console })
    }

    /// Runs the program, writes the outputs and returns the exit status.
    fn execute(self, command: Command, default_value_bytes: u16) -> Result<u8> {
        let value_bytes = self.options.value_bytes(default_value_bytes);
        let mut session = self.start_session(value_bytes)?;
        let outcome = run::run(command, &mut session, &self.run_options())?;
        if let Some(reason) = outcome.end_reason {
            let reason = match reason {
                EndReason::TimedOut => "--timeout expired",
                EndReason::Deadlocked => "it hung",
            };
            self.console.note(format_args!("ended {} because {reason}", self.name));
        }
        // Earlier signals were for the program.
        let watch = watch_signals()?;
        let collected = self
            .console
            .with_progress(&watch, || session.finish(&outcome.exit, &watch))
            .map_err(|error| Error::from(error).context("cannot collect the recording"))?;
        let status = outcome.status();
        let Some(collected) = collected else {
            self.print_nothing_recorded();
            return Ok(if status == 0 { FAILURE } else { status });
        };
        let is_complete = self.print_completeness(&collected, &outcome);
        let output_status =
            self.write_outputs(&collected.recording, outcome.unrecorded_threads, &watch)?;
        Ok(match status {
            0 if !is_complete => FAILURE,
            0 => output_status,
            status => status,
        })
    }

    /// The path of the first output, or the name of the program.
    fn first_path(&self) -> &Path {
        self.outputs.first().map_or(Path::new(self.name), Prepared::path)
    }

    fn start_session(&self, value_bytes: u64) -> Result<Session> {
        let directory = match self.first_path().parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let retention = self.options.retention();
        Ok(Session::new(retention, self.options.paused, value_bytes, directory)?)
    }

    fn run_options(&self) -> RunOptions {
        let is_flight_recorder = self.options.last.is_some();
        RunOptions {
            timeout: self.options.timeout,
            on_deadlock: self.options.on_deadlock,
            snapshot_stem: is_flight_recorder.then(|| self.first_path().with_extension("")),
            console: self.console,
        }
    }

    fn print_nothing_recorded(&self) {
        console::error(format_args!(
            "recorded nothing: {} created no channel of `instrumented` that could be recorded. \
             Replace `use std::sync::mpsc` with `use instrumented::sync::mpsc` in its source, and \
             check that the feature `record` is enabled",
            self.name
        ));
    }

    /// Prints what is missing from the recording. Returns whether no error is the reason.
    fn print_completeness(&self, collected: &Collected, outcome: &RunOutcome) -> bool {
        let error = collected.error.as_ref().or(outcome.error.as_ref());
        if let Some(error) = error {
            console::error(format_args!("the recording is incomplete: {}", Chain(error)));
        }
        if collected.reached_limit {
            self.console.note("the recording ended early: it reached --max-size");
        }
        error.is_none()
    }

    /// Writes, prints and opens the outputs. Returns the exit status.
    fn write_outputs(
        self,
        recording: &Recording,
        unrecorded_threads: UnrecordedThreads,
        watch: &Watch,
    ) -> Result<u8> {
        let Job { outputs, options, console, .. } = self;
        let report = console.with_progress(watch, || Report::new(recording, unrecorded_threads))?;
        let findings = &report.findings;
        let Exported { files, left_out } = console.with_progress(watch, || {
            let (max_events, chart) = (options.detail.max_events, options.chart.style());
            let options = Options { selection: None, max_events, chart };
            export::export(recording, findings, outputs, options)
        })?;
        let summary = Summary::new(&report).without_hangs();
        let results = Results { recording, summary, left_out, findings, files: &files };
        Ok(results.print_and_open(&options.viewer, options.detail, watch, console))
    }
}

/// The outputs that are written without `-o`.
fn default_outputs(name: &str) -> anyhow::Result<[Output; 2]> {
    fs::create_dir_all("traces").context("cannot create the directory traces")?;
    let output = |extension| format!("traces/{name}.{extension}").parse();
    Ok([output("json")?, output("pftrace")?])
}
