//! `recorder run` and `record`.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::exit_status::{FAILURE, USAGE};
use super::recordings::watched;
use super::written::{conclude, open_written, warn_if_too_large};
use crate::capture::run::{EndReason, RunOptions};
use crate::capture::session::{Collected, Retention, Session};
use crate::cli::{self, Opening, Options};
use crate::export::{self, Output, Prepared, Shown};
use crate::report::Report;
use crate::terminal::console::{Console, print as print_line};
use crate::workspace;

pub(super) fn run(
    name: &str,
    release: bool,
    options: &Options,
    opening: &Opening,
    args: Vec<OsString>,
    console: Console,
) -> Result<u8> {
    let program = workspace::find(&workspace::programs()?, name)?;
    let outputs = begin_outputs(options.outputs.clone(), name)?;
    let mut command = Command::new(program.build(release, console.is_quiet())?);
    command.args(args);
    record_command(command, name, outputs, options, options.values(cli::SHORT), opening, console)
}

pub(super) fn record(
    command: &[OsString],
    options: &Options,
    opening: &Opening,
    console: Console,
) -> Result<u8> {
    let Some((program, args)) = command.split_first() else { return Ok(USAGE) };
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
    let outputs = begin_outputs(options.outputs.clone(), &name)?;
    let mut command = Command::new(program);
    command.args(args);
    record_command(command, &name, outputs, options, options.values(0), opening, console)
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

fn record_command(
    command: Command,
    name: &str,
    outputs: Vec<Prepared>,
    options: &Options,
    values: u64,
    opening: &Opening,
    console: Console,
) -> Result<u8> {
    let keep = options.keep();
    let first = outputs.first().map_or(Path::new(name), Prepared::path);
    let directory = match first.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut session = Session::new(keep, options.paused, values, directory)?;
    let is_flight_recorder = matches!(keep, Retention::LastFor(_) | Retention::LastBytes(_));
    let run_options = RunOptions {
        timeout: options.timeout,
        on_deadlock: options.on_deadlock,
        snapshot_stem: is_flight_recorder.then(|| first.with_extension("")),
        console,
    };
    let finished = crate::capture::run::run(command, &mut session, &run_options)?;
    let status = finished.status();
    match finished.end_reason {
        Some(EndReason::TimedOut) => {
            console.print(format_args!("recorder: the timeout has ended {name}"));
        }
        Some(EndReason::Deadlocked) => {
            console.print(format_args!("recorder: ended {name}, which hung"))
        }
        None => {}
    }
    // A signal that came while the program ran was meant for it.
    let watch = watched()?;
    let collected = console.with_progress(&watch, || session.finish(&finished.exit, &watch));
    let Some(Collected { recording, error, reached_limit }) =
        collected.context("cannot collect the recording")?
    else {
        print_line(format_args!(
            "recorder: recorded nothing: {name} made no channel of `instrumented` that could be \
             recorded. Replace `use std::sync::mpsc` by `use instrumented::sync::mpsc` in its \
             source, and see that the feature `record` is on"
        ));
        return Ok(if status == 0 { FAILURE } else { status });
    };
    let trouble = error.or(finished.error);
    if let Some(trouble) = &trouble {
        print_line(format_args!("recorder: the recording is incomplete: {trouble:#}"));
    }
    if reached_limit {
        console.print("recorder: the recording ended early: it has reached --max-size");
    }
    let findings =
        console.with_progress(&watch, || Report::new(&recording, finished.outsiders))?.findings;
    let (mut summary, written) = console.with_progress(&watch, || {
        let shown = Shown { selection: None, max_events: options.detail.max_events };
        export::export(&recording, &findings, outputs, options.chart.style(), shown)
    })?;
    let hangs = findings.iter().filter(|finding| finding.code.is_hang());
    hangs.for_each(|finding| summary.leave_to_a_finding(&finding.threads));
    let reported = conclude(&recording, &summary, &findings, &written, opening, console);
    warn_if_too_large(&written, options.detail, console);
    let opened = open_written(&written, opening, &watch, console);
    Ok(match status {
        0 if trouble.is_some() => FAILURE,
        0 if reported == 0 => opened,
        0 => reported,
        status => status,
    })
}
