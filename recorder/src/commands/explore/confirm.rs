//! `recorder explore --confirm`.

use std::ffi::OsString;
use std::path::Path;
use std::slice;

use super::{launch, launch_program, options, progress_line};
use crate::analysis::findings::words::counted;
use crate::build::cargo::CargoCommand;
use crate::capture;
use crate::cli::{ExploreArgs, PredictionOptions};
use crate::commands::error::FAILURE;
use crate::commands::record::{reject_misplaced, suggest_program};
use crate::commands::recordings::Reader;
use crate::commands::{Error, Result, print_json, print_styled};
use crate::explore::confirm::json::Document;
use crate::explore::confirm::text::Text;
use crate::explore::confirm::{self, Tally, Target};
use crate::explore::kept::{self, Kept};
use crate::explore::launch::{Launch, Started};
use crate::explore::order::Order;
use crate::explore::outcome::Kind;
use crate::reading::{self, Recording};
use crate::terminal::console::{self, Console};
use crate::terminal::width;
use crate::workspace::Workspace;
use crate::workspace::runs::{self, Runs};

/// Tries the possible deadlocks that are predicted from a run. Returns the exit status.
pub(super) fn confirm(args: &ExploreArgs, run: &Path, console: Console) -> Result<u8> {
    if args.name.is_none() && CargoCommand::parse(&args.args).is_some() {
        return Err(Error::Usage(
            "--confirm runs one program: name it, or the command that starts it".to_owned(),
        ));
    }
    let reader = Reader::new(console)?;
    let path = runs::recordings(slice::from_ref(&run.to_owned()))?.remove(0);
    let recording = reader.open(slice::from_ref(&path))?;
    let mut targets = confirm::targets(&reader.report(&recording, &PredictionOptions::default())?);
    let run = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut tally = Tally::default();
    let mut names = vec![None; targets.len()];
    let mut is_changed = false;
    let mut name = run.clone();
    if !targets.is_empty() {
        let (program, launch) = program(args, &path, &recording, console)?;
        name = program;
        tally = try_all(args, &launch, &reader, &name, &mut targets)?;
        names = keep(args, &launch, &reader, &name, &targets)?;
        let hashes = [&recording]
            .into_iter()
            .chain(targets.iter().filter_map(|it| Some(&it.confirmed.as_ref()?.run.recording)));
        let hashes = hashes.map(executable).collect::<Result<Vec<_>>>()?;
        is_changed = hashes.iter().any(|it| *it != hashes[0]) || !tally.were_seen;
    }
    if args.json {
        print_json(&Document::new(&name, &targets, &names, tally))?;
    } else {
        let width = width::for_stdout();
        let (run, targets, names) = (&*run, &*targets, &*names);
        print_styled(Text { run, targets, names, tally, is_changed, width })?;
    }
    let confirmed = names.iter().flatten().count();
    let fails = args.fail_on.as_ref().is_some_and(|it| it.0.contains(&Kind::Hang));
    if confirmed > 0 && fails {
        let confirmed = counted(confirmed as u64, "possible deadlock");
        console::error(format_args!("confirmed {confirmed}"));
        return Ok(FAILURE);
    }
    Ok(0)
}

/// The hash of the executable of a run.
fn executable(recording: &Recording) -> Result<Option<u64>> {
    let blocks: Vec<_> = recording.blocks().collect::<reading::Result<_>>()?;
    Ok(Order::new(&blocks, None).executable)
}

/// The program of a run, and how to start it: as the command line says, as the exploration did that
/// has kept the run, or else as a program of the workspace with the arguments of the run.
fn program(
    args: &ExploreArgs,
    path: &Path,
    recording: &Recording,
    console: Console,
) -> Result<(String, Launch)> {
    if args.name.is_some() || !args.args.is_empty() && args.name.is_none() {
        return launch(args, console);
    }
    let run = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(Kept { launch, .. }) = Kept::read(path)? {
        let name = match &launch.program {
            Some(program) => program.name.clone(),
            None => {
                let executable = launch.words.first().map(Path::new).and_then(Path::file_name);
                executable.map_or(run, |name| name.to_string_lossy().into_owned())
            }
        };
        return match &launch.program {
            Some(_) => {
                let arguments: Vec<_> = launch.words[1..].iter().map(OsString::from).collect();
                launch_program(args, Some(&name), &arguments, console)
            }
            None => Ok((name, launch)),
        };
    }
    let started = Started::of(recording);
    let workspace = Workspace::here().ok();
    let known = workspace.as_ref().and_then(|it| started.program(&run, it));
    match known {
        Some(name) => {
            reject_misplaced(&args.misplaced, "explore", name)?;
            launch_program(args, Some(name), &started.arguments, console)
        }
        None => Err(Error::Usage(format!(
            "{run} is a run of {}, which is no program of this workspace; `recorder explore \
             --confirm {run} -- COMMAND` names the command",
            started.executable
        ))),
    }
}

fn try_all(
    args: &ExploreArgs,
    launch: &Launch,
    reader: &Reader,
    name: &str,
    targets: &mut [Target],
) -> Result<Tally> {
    let line = reader.console.shows_progress().then(progress_line);
    let show = |tally: &Tally, targets: &[Target]| {
        if let Some(line) = &line {
            let confirmed = targets.iter().filter(|it| it.confirmed.is_some()).count();
            line.set_message(format!(
                "trying {name}: {} schedules, {confirmed} of {} confirmed",
                tally.runs,
                targets.len()
            ));
            line.tick();
        }
    };
    let command = || launch.command();
    let tally = confirm::confirm(&command, options(args, launch), &reader.watch, targets, show);
    if let Some(line) = line {
        line.finish_and_clear();
    }
    tally.map_err(|error| match error {
        capture::Error::NothingRecorded => Error::Failed(anyhow::anyhow!(
            "{name} used no channel, lock or thread, or it was not built to be recorded, so its \
             schedule cannot be controlled"
        )),
        error => suggest_program(error),
    })
}

/// Keeps the runs that hung, and removes those of the last exploration. Returns the name of the run for
/// each prediction.
fn keep(
    args: &ExploreArgs,
    launch: &Launch,
    reader: &Reader,
    name: &str,
    targets: &[Target],
) -> Result<Vec<Option<String>>> {
    let runs = Runs::here();
    runs.create()?;
    kept::remove(&runs, name, &[Kind::Hang])?;
    let mut number = 0;
    let names = targets.iter().map(|target| {
        let Some(confirmed) = &target.confirmed else { return Ok(None) };
        number += 1;
        let name = format!("{name}-{}-{number}", Kind::Hang);
        let kept = Kept {
            launch: launch.clone(),
            kind: Kind::Hang.name().to_owned(),
            title: confirmed.outcome.title.clone(),
            max_steps: args.max_steps,
            early_ns: args.early_ns(),
        };
        reader.with_progress(|| kept.write(&runs, &name, &confirmed.run.recording))?;
        Ok(Some(name))
    });
    names.collect()
}
