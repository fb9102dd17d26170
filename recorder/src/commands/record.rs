//! `recorder run` and `record`.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use bytesize::ByteSize;
use cargo_metadata::Metadata;

use super::error::FAILURE;
use super::recordings::Reader;
use super::results::Results;
use super::{Error, Result, view};
use crate::build::cargo::{self, CargoCommand, Warnings};
use crate::build::{self, Build, Crates, NotRecorded, Request};
use crate::capture::hang::Diagnoses;
use crate::capture::run::{self, EndReason, RunOptions};
use crate::capture::session::{Collected, Session};
use crate::capture::{self, control, remaining};
use crate::cli::{DEFAULT_VALUE_BYTES, RecordArgs, RecordOptions, RunArgs};
use crate::export::{self, Kind, Options, Output, Prepared};
use crate::live::{Hub, metrics};
use crate::page::{self, Feeder, SourceReader};
use crate::reading::Recording;
use crate::reading::catalog::readable;
use crate::terminal::console::{self, Console};
use crate::timeline::Part;
use crate::workspace::runs::Runs;
use crate::workspace::{BuildOptions, Built, Program, Workspace, relative, suggest};

pub(super) fn run(args: &RunArgs, console: Console) -> Result<u8> {
    let workspace = Workspace::here()?;
    let program = workspace.find(args.name.as_deref()).map_err(Error::Usage)?;
    let name = &program.name;
    reject_misplaced(&args.misplaced, "run", name)?;
    // Before the build: an output that cannot be written is reported at once.
    let job = Job::new(name, &args.options, Runs::of(Some(&workspace)), console)?;
    let (built, records) =
        build_program(&workspace, program, &args.build, args.crates.crates(), false, console)?;
    let mut command = Command::new(built.executable);
    command.args(&args.args);
    job.execute(command, DEFAULT_VALUE_BYTES, records)
}

/// Rejects arguments for the program that are not after `--`.
pub(super) fn reject_misplaced(arguments: &[OsString], command: &str, name: &str) -> Result<()> {
    let Some(argument) = arguments.first() else { return Ok(()) };
    let arguments = arguments.join(OsStr::new(" "));
    Err(Error::Usage(format!(
        "unexpected argument {argument:?}; arguments of the program are after --: `recorder \
         {command} {name} -- {}`",
        arguments.display()
    )))
}

/// Builds a program of the workspace so that it is recorded.
pub(super) fn build_program(
    workspace: &Workspace,
    program: &Program,
    options: &BuildOptions,
    crates: Crates,
    scheduled: bool,
    console: Console,
) -> Result<(Built, Records)> {
    let metadata = program.metadata(options)?;
    check_names(&crates, &metadata)?;
    if program.depends_on_library(&metadata) {
        reject_selection(&crates, &program.name)?;
        return Ok((program.build(None, options, console.is_quiet())?, Records::Library));
    }
    let request = Request {
        target_directory: &workspace.target_directory,
        toolchain: None,
        targets: Vec::new(),
        crates,
        scheduled,
    };
    let build = prepare(&request, console)?;
    let built = program.build(Some(&build), options, console.is_quiet())?;
    note_not_recorded(&build.not_recorded(Some(&built.files)), console);
    Ok((built, Records::Std))
}

pub(super) fn record(args: &RecordArgs, console: Console) -> Result<u8> {
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Error::Usage("there is no command to record".to_owned()));
    };
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy();
    let job = Job::new(&name, &args.options, Runs::here(), console)?;
    let crates = args.crates.crates();
    let mut command = Command::new(program);
    command.args(arguments);
    let Some(cargo) = CargoCommand::parse(&args.command) else {
        reject_selection(&crates, &name)?;
        return job.execute(command, 0, Records::Unknown);
    };
    let Some(build) = prepare_cargo(&cargo, crates, "this package", false, console)? else {
        return job.execute(command, 0, Records::Library);
    };
    build.apply(&mut command);
    if let Some(mut first) = cargo.build_command() {
        build.apply(&mut first);
        let (status, artifacts) = cargo::build(first, Warnings::PrintedByNext)?;
        if !status.success() {
            return Ok(status.code().and_then(|code| code.try_into().ok()).unwrap_or(FAILURE));
        }
        note_not_recorded(&build.not_recorded(Some(&cargo::files(&artifacts))), console);
        return job.execute(command, 0, Records::Std);
    }
    let status = job.execute(command, 0, Records::Std);
    note_not_recorded(&build.not_recorded(None), console);
    status
}

/// Prepares a build in which a command of Cargo is recorded; `None` if what it runs records itself.
pub(super) fn prepare_cargo(
    cargo: &CargoCommand,
    crates: Crates,
    name: &str,
    scheduled: bool,
    console: Console,
) -> Result<Option<Build>> {
    let metadata = cargo.metadata()?;
    check_names(&crates, &metadata)?;
    if cargo.depends_on_library(&metadata) {
        reject_selection(&crates, name)?;
        return Ok(None);
    }
    if cargo.names_target_directory {
        return Err(Error::Usage(
            "programs that are recorded as they are have a target directory of their own; remove \
             --target-dir"
                .to_owned(),
        ));
    }
    let request = Request {
        target_directory: metadata.target_directory.as_std_path(),
        toolchain: cargo.toolchain.as_deref(),
        targets: cargo.targets.clone(),
        crates,
        scheduled,
    };
    Ok(Some(prepare(&request, console)?))
}

/// Checks that `--only` and `--without` name packages that exist.
fn check_names(crates: &Crates, metadata: &Metadata) -> Result<()> {
    let packages = || metadata.packages.iter().map(|package| package.name.as_str());
    for name in crates.only.iter().chain(&crates.without) {
        if !packages().any(|package| build::same_name(package, name)) {
            let hint = suggest(name, packages());
            return Err(Error::Usage(format!(
                "the workspace neither contains nor uses a package {name:?}{hint}"
            )));
        }
    }
    Ok(())
}

/// Rejects `--only` and `--without` for programs that are not recorded as they are.
fn reject_selection(crates: &Crates, name: &str) -> Result<()> {
    if *crates == Crates::default() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--only and --without are for programs that `recorder run` or `recorder record -- cargo` \
         builds and that do not depend on `instrumented`, unlike {name}"
    )))
}

fn prepare(request: &Request<'_>, console: Console) -> anyhow::Result<Build> {
    console.note(format_args!(
        "building with recorded channels, locks and threads in {}",
        relative(&request.target_directory.join("recorder")).display()
    ));
    Build::prepare(request)
}

/// Prints which runs of killed recorders take much room, perhaps in memory.
fn note_abandoned_runs(console: Console) {
    const MUCH: u64 = 100_000_000;
    for (directory, bytes) in control::abandoned().iter().filter(|(_, bytes)| *bytes >= MUCH) {
        let (directory, size) = (directory.display(), ByteSize(*bytes).display().si());
        console.note(format_args!(
            "a recorder that was killed has left {size} in {directory}: `recorder export \
             {directory} -o NAME.rec` saves the run, and `rm -r {directory}` frees the room"
        ));
    }
}

/// Prints which crates do not compile if they are recorded.
pub(super) fn note_not_recorded(crates: &[NotRecorded], console: Console) {
    for NotRecorded { package, name, reason, .. } in crates {
        console.note(format_args!(
            "not recorded: the crate {name} of {package}; it does not compile with recorded types \
             ({reason})"
        ));
    }
}

/// The maximum size of a Chrome trace that is written although nobody has asked for it. A Perfetto
/// trace of the same run has a third of that.
const MAX_DEFAULT_JSON_BYTES: u64 = 20_000_000;

/// What is recorded of a program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Records {
    /// The channels, locks and threads of std: it was built for that.
    Std,
    /// Those of the library, on which it depends.
    Library,
    /// Somebody else has built it.
    Unknown,
}

impl Records {
    /// Why a program of this kind may have recorded nothing.
    pub(super) fn reason_for_nothing(self, name: &str) -> String {
        match self {
            Records::Std if name == "cargo" => {
                "no program that cargo ran used a channel, lock or thread of std".to_owned()
            }
            Records::Std => format!("{name} used no channel, lock or thread of std"),
            Records::Library => format!(
                "{name} used no channel, lock or thread of `instrumented`. Replace `use std::sync` \
                 with `use instrumented::sync` in its source, and check that the feature `record` \
                 is enabled"
            ),
            Records::Unknown => format!(
                "{name} used no channel, lock or thread, or it was not built to be recorded. To \
                 build and record a program of a Cargo workspace, use `recorder run NAME` or \
                 `recorder record -- cargo run`"
            ),
        }
    }
}

/// Adds to an error that the command which is not found is a program of the workspace.
pub(super) fn suggest_program(error: capture::Error) -> Error {
    if let capture::Error::NoSuchProgram(name, _) = &error
        && let Ok(workspace) = Workspace::here()
        && workspace.programs.iter().any(|program| program.name == *name)
    {
        return Error::Usage(format!(
            "there is no command {name}, but a program of this workspace: try `recorder run {name}`"
        ));
    }
    error.into()
}

/// Prints which processes of the program go on, and how to record them.
fn print_remaining(pids: &[u32], console: Console) {
    // Those that were about to end have ended meanwhile.
    for pid in pids {
        let Some(name) = remaining::name_if_running(*pid) else { continue };
        console.print(format_args!(
            "{name} goes on as process {pid}, and is no longer recorded; to record all of it, start \
             it in the foreground (many daemons have an option for that)"
        ));
    }
}

/// The file name of a program, and its arguments.
fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words: Vec<_> =
        [program].into_iter().chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    readable(&words.join(" ")).into_owned()
}

/// A program to record, and the files to write.
struct Job<'a> {
    name: &'a str,
    outputs: Vec<Prepared>,
    /// Where the run is kept, if the user names no outputs.
    runs: Option<Runs>,
    options: &'a RecordOptions,
    console: Console,
}

impl<'a> Job<'a> {
    /// Without outputs in `options`, the run is kept among `runs`.
    fn new(
        name: &'a str,
        options: &'a RecordOptions,
        runs: Runs,
        console: Console,
    ) -> Result<Self> {
        note_abandoned_runs(console);
        let runs = Some(runs).filter(|_| options.outputs.is_empty());
        let outputs = match &runs {
            None => export::prepare(&options.outputs)?,
            Some(runs) => {
                runs.create()?;
                let kinds = [Kind::Recording, Kind::Perfetto, Kind::Chrome];
                let outputs =
                    kinds.map(|kind| Output::new(runs.file(name, kind.extension()), kind));
                let mut prepared = export::prepare(&outputs)?;
                prepared[2].max_bytes = Some(MAX_DEFAULT_JSON_BYTES);
                prepared
            }
        };
        Ok(Job { name, outputs, runs, options, console })
    }

    /// Runs the program, writes the outputs and returns the exit status.
    fn execute(self, command: Command, default_value_bytes: u16, records: Records) -> Result<u8> {
        let Job { name, options, console, .. } = self;
        let first_path =
            self.outputs.first().map_or(Path::new(name), |prepared| prepared.output.path());
        let directory = match first_path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let value_bytes = options.value_bytes(default_value_bytes);
        let mut session =
            Session::new(options.retention(), options.paused, value_bytes, directory)?;
        let diagnoses = Diagnoses::default();
        let hub = Hub::new(&session, command_line(&command), diagnoses.clone());
        if let Some(mut page) = self.page(&session, &diagnoses)? {
            if options.view {
                let address = page()?;
                let no_browser = options.viewer.serve.no_browser;
                view::announce(&address, name, "until Ctrl-C", no_browser, console);
            }
            hub.set_view(page);
        }
        if let Some(address) = options.metrics {
            let address = metrics::serve(hub.share(), address)?;
            console.note(format_args!("metrics at http://{address}/metrics"));
        }
        let run_options = RunOptions {
            timeout: options.timeout,
            on_deadlock: options.on_deadlock,
            // `--last` makes it a flight recorder.
            snapshot_stem: options.last.map(|_| first_path.with_extension("")),
            diagnoses,
            announces_hangs: true,
            console,
        };
        let outcome = run::run(command, &mut session, &run_options).map_err(suggest_program)?;
        hub.end(outcome.in_words());
        if let Some(reason) = outcome.end_reason {
            let reason = match reason {
                EndReason::TimedOut => "--timeout expired",
                EndReason::Deadlocked => "it hung",
            };
            console.note(format_args!("ended {name} because {reason}"));
        }
        // Earlier signals were for the program.
        let reader = Reader::new(console)?;
        let collected = reader
            .with_progress(|| session.finish(&outcome.exit, &reader.watch))
            .map_err(|error| Error::from(error).context("cannot collect the recording"))?;
        hub.finish();
        let status = outcome.status();
        let Some(Collected { recording, error, reached_limit }) = collected else {
            print_remaining(&outcome.remaining, console);
            console::error(format_args!("recorded nothing: {}", records.reason_for_nothing(name)));
            return Ok(if status == 0 { FAILURE } else { status });
        };
        let error = error.or(outcome.error).map(anyhow::Error::from);
        if let Some(error) = &error {
            console::error(format_args!("the recording is incomplete: {error:#}"));
        }
        if reached_limit {
            console.note("the recording ended early: it reached --max-size");
        }
        let output_status = self.write_outputs(&recording, &reader)?;
        print_remaining(&outcome.remaining, console);
        if options.view && !outcome.was_terminated {
            console.print("the page is served until Ctrl-C");
            view::wait(&reader)?;
        }
        Ok(match status {
            0 if error.is_some() => FAILURE,
            0 => output_status,
            status => status,
        })
    }

    /// A function that serves the page of the run, and returns its address; `None` for a flight
    /// recorder, which does not keep all of the run.
    fn page(
        &self,
        session: &Session,
        diagnoses: &Diagnoses,
    ) -> Result<Option<impl FnMut() -> anyhow::Result<String> + Send + use<>>> {
        let Some(feed) = session.feed()? else { return Ok(None) };
        let (no_source, all) = (self.options.page.no_source, self.options.dependencies.all);
        let predicts = !self.options.predictions.no_predictions;
        let (name, diagnoses) = (self.name.to_owned(), diagnoses.clone());
        let mut feed = Some(feed);
        let mut address = None;
        Ok(Some(move || {
            if let Some(feed) = feed.take() {
                let sources = (!no_source).then(|| SourceReader::new(Path::new(".")));
                let feeder = Feeder::new(&name, true, sources)?;
                address = Some(feeder.serve(0)?);
                page::live::follow(feed, feeder, diagnoses.clone(), all, predicts)
                    .context("cannot start a thread")?;
            }
            address.clone().context("the page cannot be served")
        }))
    }

    /// Writes, prints and opens the outputs. Returns the exit status.
    fn write_outputs(self, recording: &Recording, reader: &Reader) -> Result<u8> {
        let Job { name, outputs, runs, options, .. } = self;
        // The new recording is worth more than the old one.
        if let Some(runs) = &runs
            && let Err(error) = runs.keep_previous(name)
        {
            console::error(format_args!("cannot keep the recording of the last run: {error}"));
        }
        let report = reader.report(recording, &options.predictions)?;
        let max_events = options.detail.max_events;
        let part = Part { selection: None, with_dependencies: options.dependencies.all };
        let export_options = Options {
            part,
            max_events,
            chart: options.chart.style(),
            shows_source: !options.page.no_source,
        };
        let exported = reader.with_progress(|| export::export(&report, outputs, export_options))?;
        let kept = runs.as_ref().map(|runs| (runs, name));
        let results = Results { report: &report, prints_findings: true, exported, kept };
        Ok(results.print_and_open(&options.viewer, max_events, reader))
    }
}
