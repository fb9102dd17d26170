//! `recorder view`.

use std::io::BufReader;
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::recordings::{Reader, print_damage};
use super::{Error, Result};
use crate::capture::control::ActiveRun;
use crate::cli::{PredictionOptions, ViewArgs};
use crate::live::protocol::{Answer, Request};
use crate::page::{Feeder, SourceReader};
use crate::reading::Recording;
use crate::terminal::browser;
use crate::terminal::console::{self, Console};
use crate::timeline::Part;
use crate::timeline::select::{Criteria, Selection};
use crate::window::{self, ChunkInfo, KindList, Piece};
use crate::workspace::runs;

pub(super) fn view(args: &ViewArgs, console: Console) -> Result<u8> {
    if let [argument] = &*args.runs
        && let Some(run) = ActiveRun::of_argument(argument)?
    {
        let address = address_of(&run)?;
        announce(&address, &run.to_string(), "until it ends", args.serve.no_browser, console);
        return Ok(0);
    }
    let paths = runs::recordings(&args.runs)?;
    let reader = Reader::new(console)?;
    let recording = reader.open(&paths)?;
    let status = print_damage(&recording);
    if let Some(alignment) = &recording.alignment {
        console.print(alignment);
    }
    let name = name_of(&paths);
    let sources = (!args.page.no_source).then(|| SourceReader::new(recording.path()));
    let feeder = Feeder::new(&name, false, sources)?;
    feeder.set_run(&recording, &KindList::default());
    let view = initial_view(&args.window.criteria(), &recording, &reader)?;
    let address = feeder.serve(args.serve.port)? + &view;
    announce(&address, &name, "until Ctrl-C", args.serve.no_browser, console);
    let part = Part { selection: None, with_dependencies: args.dependencies.all };
    feed(&feeder, &recording, part)?;
    feeder.set_report(&reader.report(&recording, &args.predictions)?);
    wait(&reader)?;
    Ok(status)
}

/// The address of the page of a run that goes on, which its recorder serves.
fn address_of(run: &ActiveRun) -> Result<String> {
    let cannot = || format!("cannot view {run}");
    let stream = run.connect()?;
    Request::View.write(&stream).with_context(cannot)?;
    match Answer::read(&mut BufReader::new(stream)).with_context(cannot)? {
        Some(Answer::Address(address)) => Ok(address),
        Some(Answer::Error(why)) => Err(anyhow!("{}: {why}", cannot()).into()),
        Some(Answer::Figures(_)) | None => Err(anyhow!("{}: it has ended", cannot()).into()),
    }
}

/// The name of the runs in these files.
fn name_of(paths: &[PathBuf]) -> String {
    let stems =
        paths.iter().map(|path| path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy());
    stems.collect::<Vec<_>>().join(", ")
}

/// The part of the page's address that defines its view: nothing if it shows the whole run.
fn initial_view(criteria: &Criteria, recording: &Recording, reader: &Reader) -> Result<String> {
    let findings = match criteria.around {
        Some(_) => reader.report(recording, &PredictionOptions::default())?.findings,
        None => Vec::new(),
    };
    let selection = reader.with_progress(|| Selection::new(criteria, recording, &findings))?;
    Ok(selection.map_or_else(String::new, |selection| {
        let (from, to) = selection.window();
        format!("#timeline&from={}&to={}", from.get(), to.min(recording.catalog.end).get())
    }))
}

/// Opens the page in the browser, or prints its address.
pub(super) fn announce(address: &str, name: &str, until: &str, no_browser: bool, console: Console) {
    console.print(format_args!("showing {name} {until}; nothing leaves your machine"));
    if no_browser {
        console::print(format_args!("open this in a browser: {address}"));
    } else if let Err(error) = browser::start(address) {
        console::error(format_args!(
            "cannot start a browser: {error:#}; open this in a browser on this machine: {address}"
        ));
    }
}

/// Makes the pieces of a recording, which are compressed in a thread of their own.
fn feed(feeder: &Feeder, recording: &Recording, part: Part<'_>) -> Result<()> {
    /// Maximum number of chunks that wait to be compressed.
    const MAX_WAITING: usize = 8;
    let store = &feeder.store;
    thread::scope(|scope| {
        let (sender, chunks) = sync_channel::<(ChunkInfo, Vec<u8>)>(MAX_WAITING);
        let storing = scope.spawn(move || {
            chunks.iter().try_for_each(|(info, content)| store.add_chunk(info, &content))
        });
        let built = window::build(recording, part, store.tiles(), |piece| {
            match piece {
                Piece::Kinds(kinds) => feeder.set_run(recording, &kinds),
                // If the other thread has failed, it returns the error.
                Piece::Chunk(info, content) => {
                    sender.send((info, content)).map_err(|_| cannot_store())?;
                }
                Piece::Tile { level, tile, content } => {
                    store.add_segment(level, tile, &content).map_err(anyhow::Error::from)?;
                }
            }
            Ok::<_, Error>(())
        });
        drop(sender);
        match storing.join() {
            Ok(stored) => stored.map_err(anyhow::Error::from)?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        built?;
        feeder.set_done(recording.catalog.end);
        Ok(())
    })
}

fn cannot_store() -> anyhow::Error {
    anyhow!("the pieces of the run cannot be stored")
}

/// Waits for a signal.
pub(super) fn wait(reader: &Reader) -> Result<()> {
    const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(50);
    while let Ok(()) = reader.watch.check() {
        thread::sleep(SIGNAL_CHECK_INTERVAL);
    }
    Ok(())
}
