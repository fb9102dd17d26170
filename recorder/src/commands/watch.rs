//! `recorder watch`.

use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::slice;

use anyhow::{Context, anyhow};

use super::recordings::{Reader, print_damage};
use super::{Error, Result, print_json, print_styled};
use crate::capture;
use crate::capture::control::ActiveRun;
use crate::cli::WatchArgs;
use crate::layout::DEFAULT_WIDTH;
use crate::live::Snapshot;
use crate::live::figures::snapshot::FindingRow;
use crate::live::protocol::{Answer, Request};
use crate::reading::Nanos;
use crate::report::Report;
use crate::terminal::cancel::Interrupted;
use crate::terminal::console::Console;
use crate::terminal::width;
use crate::watch;
use crate::workspace::runs;

pub(super) fn watch(args: &WatchArgs, console: Console) -> Result<u8> {
    let prints = args.once || args.json;
    if !prints && !watch::has_terminal() {
        return Err(Error::Usage(
            "stdin and stdout must be a terminal; --once prints the tables as text".to_owned(),
        ));
    }
    let (snapshot, figures, status) = match source(args.run.as_deref())? {
        Source::Running(run) => {
            let request = if prints { Request::Figures } else { Request::Watch };
            let (snapshot, figures) = first_figures(&run, request)?;
            (snapshot, Some(figures), 0)
        }
        Source::Recording(path) => {
            let (snapshot, status) = at_end(path, console)?;
            (snapshot, None, status)
        }
    };
    if args.json {
        return print_json(&snapshot);
    }
    if prints {
        let width = width::of_stdout().unwrap_or(DEFAULT_WIDTH);
        return print_styled(watch::text(snapshot, width));
    }
    match watch::show(snapshot, figures) {
        Ok(()) => Ok(status),
        Err(error) => match error.downcast::<Interrupted>() {
            // Ctrl-C is a key while the tables are shown.
            Ok(interrupted) => Err(interrupted.into()),
            Err(error) => Err(error.into()),
        },
    }
}

/// What is shown.
enum Source<'a> {
    Running(ActiveRun),
    Recording(&'a Path),
}

fn source(run: Option<&Path>) -> Result<Source<'_>> {
    let Some(path) = run else {
        let found = ActiveRun::find(None).map_err(|error| match error {
            capture::Error::NoRun => Error::from(anyhow!(
                "{error}; `recorder watch NAME` shows the end of a run that is kept"
            )),
            other => other.into(),
        });
        return Ok(Source::Running(found?));
    };
    Ok(ActiveRun::of_argument(path)?.map_or(Source::Recording(path), Source::Running))
}

/// The first figures of a run, and the connection on which others follow.
fn first_figures(run: &ActiveRun, request: Request) -> Result<(Snapshot, BufReader<UnixStream>)> {
    let stream = run.connect()?;
    let cannot = || format!("cannot watch {run}");
    request.write(&stream).with_context(cannot)?;
    let mut figures = BufReader::new(stream);
    let answer = Answer::read(&mut figures).with_context(cannot)?;
    match answer {
        Some(Answer::Figures(snapshot)) => Ok((*snapshot, figures)),
        Some(Answer::Error(why)) => Err(anyhow!("{}: {why}", cannot()).into()),
        Some(Answer::Address(_)) | None => Err(anyhow!("{}: it has ended", cannot()).into()),
    }
}

/// The figures of a recording at its end, with all findings, and the exit status.
fn at_end(path: &Path, console: Console) -> Result<(Snapshot, u8)> {
    let path = path.to_owned();
    let reader = Reader::new(console)?;
    let recording = reader.open(&runs::recordings(slice::from_ref(&path))?)?;
    let status = print_damage(&recording);
    let snapshot = reader.with_progress(|| Snapshot::of_recording(&recording, Nanos::MAX))?;
    let report = reader.with_progress(|| Report::new(&recording))?;
    let findings = report.findings.iter().map(FindingRow::of).collect();
    let command = recording.catalog.processes.first().map(|process| process.name.clone());
    let ended = Some("recorded".to_owned());
    let command = command.unwrap_or_default();
    Ok((Snapshot { findings, command, ended, ..snapshot.over_the_run() }, status))
}
