//! `recorder`: see [`recorder::cli`].
#![forbid(unsafe_code)]

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::{fs, io};

use anyhow::{Context, Result};
use clap::Parser;
use recorder::analysis::Outsiders;
use recorder::cli::{self, Cli, Options, Running};
use recorder::control::Control;
use recorder::export::{self, Kind, Output, Prepared, Written};
use recorder::load::{Damage, Recording};
use recorder::report::json::Document;
use recorder::report::text::{self, Style};
use recorder::report::{Report, diff};
use recorder::run::{Care, Cut, Snapshots};
use recorder::session::{self, Collected, Keep, Session};
use recorder::summary::Summary;
use recorder::{run, workspace};

/// Wrong usage.
const USAGE: u8 = 2;
/// Failure of the recorder itself.
const FAILURE: u8 = 1;

fn main() -> ExitCode {
    let status = execute(Cli::parse()).unwrap_or_else(|error| {
        say(format_args!("recorder: {error:#}"));
        if error.is::<workspace::Unknown>() { USAGE } else { FAILURE }
    });
    ExitCode::from(status)
}

fn execute(cli: Cli) -> Result<u8> {
    match cli.command {
        cli::Command::List => list(),
        cli::Command::Run { name, release, options, args } => {
            let program = workspace::find(&workspace::programs()?, &name)?;
            let outputs = begin_outputs(options.outputs.clone(), &name)?;
            let mut command = Command::new(program.build(release)?);
            command.args(args);
            record(command, &name, outputs, &options)
        }
        cli::Command::Record { options, command } => {
            let Some((program, args)) = command.split_first() else { return Ok(USAGE) };
            let name =
                Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
            let outputs = begin_outputs(options.outputs.clone(), &name)?;
            let mut command = Command::new(program);
            command.args(args);
            record(command, &name, outputs, &options)
        }
        cli::Command::Pause(running) => control(&running, Control::pause),
        cli::Command::Resume(running) => control(&running, Control::resume),
        cli::Command::Keep(running) => control(&running, Control::keep),
        cli::Command::Export { recording, outputs } => {
            let recording = open(&recording)?;
            let outputs = export::prepare(&outputs.outputs)?;
            let (summary, written) = export::export(&recording, outputs)?;
            Ok(report(&recording, &summary, &written))
        }
        cli::Command::Report { recording, json, limits } => {
            let recording = open(&recording)?;
            let report = Report::new(&recording, Outsiders::Unknown)?;
            print(&if json { json_of(&report)? } else { text_of(&report)? })?;
            let exceeded = limits.limits().exceeded(&report);
            for line in &exceeded {
                say(format_args!("recorder: {line}"));
            }
            Ok(if exceeded.is_empty() { 0 } else { FAILURE })
        }
        cli::Command::Diff { before, after } => {
            let mut text = String::new();
            diff::write(&document(&before)?, &document(&after)?, &mut text)?;
            print(&text)?;
            Ok(0)
        }
    }
}

/// Opens a recording, or what is left of one whose recorder was killed.
fn open(path: &Path) -> Result<Recording> {
    if path.is_dir() {
        return session::recover(path).with_context(|| path.display().to_string());
    }
    Recording::open(path)
}

/// The report of a recording, or one that was written before.
fn document(path: &Path) -> Result<Document> {
    if path.extension().is_some_and(|ending| ending == "json") {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        return Document::parse(&text).with_context(|| path.display().to_string());
    }
    let recording = open(path)?;
    Ok(Document::new(&Report::new(&recording, Outsiders::Unknown)?))
}

fn json_of(report: &Report<'_>) -> Result<String> {
    Ok(serde_json::to_string_pretty(&Document::new(report))? + "\n")
}

fn text_of(report: &Report<'_>) -> Result<String> {
    let mut text = String::new();
    text::write(report, style(&io::stdout()), &mut text)?;
    Ok(text)
}

/// Colours only where somebody looks and has not asked for none.
fn style(out: &impl IsTerminal) -> Style {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
    Style { colours: wanted && out.is_terminal() }
}

/// Writes to stdout. Who reads no further has seen enough.
fn print(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

fn control(running: &Running, act: fn(&Control) -> io::Result<()>) -> Result<u8> {
    act(&Control::find(running.pid)?)?;
    Ok(0)
}

fn list() -> Result<u8> {
    let programs: Vec<_> =
        workspace::programs()?.into_iter().filter(|program| program.listed).collect();
    let width = programs.iter().map(|program| program.name.len()).max().unwrap_or(0);
    for program in &programs {
        writeln!(io::stdout(), "{:width$}  {}", program.name, program.summary())?;
    }
    if programs.is_empty() {
        say("recorder: no package of this workspace depends on `instrumented`");
    }
    Ok(0)
}

/// Begins the files that were asked for, or those that are written if none was.
fn begin_outputs(mut outputs: Vec<Output>, name: &str) -> Result<Vec<Prepared>> {
    if outputs.is_empty() {
        fs::create_dir_all("traces").context("cannot make the directory traces")?;
        for ending in ["json", "pftrace"] {
            outputs.push(format!("traces/{name}.{ending}").parse()?);
        }
    }
    export::prepare(&outputs)
}

fn record(command: Command, name: &str, outputs: Vec<Prepared>, options: &Options) -> Result<u8> {
    let keep = options.keep();
    let first = outputs.first().map_or(Path::new(name), Prepared::path);
    let directory = match first.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut session = Session::new(keep, options.paused, directory)?;
    let snapshots = matches!(keep, Keep::LastFor(_) | Keep::LastBytes(_))
        .then(|| Snapshots { stem: first.with_extension("") });
    let care = Care {
        timeout: options.timeout,
        on_deadlock: options.on_deadlock,
        snapshots,
        say: |line| say(line),
    };
    let finished = run::run(command, &mut session, &care);
    let finished = finished.map_err(|error| {
        let missing =
            error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::NotFound);
        if missing { error.context("there is no such program") } else { error }
    })?;
    let status = finished.status();
    match finished.cut {
        Some(Cut::TimedOut) => say(format_args!("recorder: the timeout has ended {name}")),
        Some(Cut::Deadlocked) => say(format_args!("recorder: ended {name}, which hung")),
        None => {}
    }
    let Some(Collected { recording, trouble, full }) =
        session.finish(&finished.ending).context("cannot collect the recording")?
    else {
        say(format_args!(
            "recorder: recorded nothing: {name} made no channel of `instrumented` that could be \
             recorded. Replace `use std::sync::mpsc` by `use instrumented::sync::mpsc` in its \
             source, and see that the feature `record` is on"
        ));
        return Ok(if status == 0 { FAILURE } else { status });
    };
    let trouble = trouble.or(finished.trouble);
    if let Some(trouble) = &trouble {
        say(format_args!("recorder: the recording is incomplete: {trouble:#}"));
    }
    if full {
        say("recorder: the recording ended early: it has reached --max-size");
    }
    let (summary, written) = export::export(&recording, outputs)?;
    let reported = report(&recording, &summary, &written);
    Ok(match status {
        0 if trouble.is_some() => FAILURE,
        0 => reported,
        status => status,
    })
}

/// Says it on stderr. If nobody listens there, that is no failure.
fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Says what there was and what was written; gives the exit status.
fn report(recording: &Recording, summary: &Summary<'_>, written: &[Written]) -> u8 {
    const SHOWN: usize = 10;
    for damage in recording.damage.iter().take(SHOWN) {
        say(format_args!("recorder: damaged: {damage}; the rest is there"));
    }
    if recording.damage.len() > SHOWN {
        let more = recording.damage.len() - SHOWN;
        say(format_args!("recorder: damaged in {more} more places"));
    }
    say(summary.to_string().trim_end());
    for Written { path, bytes, .. } in written {
        say(format_args!("wrote {} ({})", path.display(), size(*bytes)));
    }
    if written.iter().any(|file| matches!(file.kind, Kind::Chrome | Kind::Perfetto)) {
        say("to look at a trace, open https://ui.perfetto.dev and drop the file on the page; \
             it stays on your machine");
    }
    if recording.damage.iter().any(Damage::is_malformed) { FAILURE } else { 0 }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
