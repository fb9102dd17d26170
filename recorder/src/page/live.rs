//! Shows a run while it goes on.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use tracing::warn;

use super::server::Feeder;
use crate::capture;
use crate::capture::hang::Diagnoses;
use crate::capture::session::Feed;
use crate::live::{Follower, Keep, LiveListener, View, retain_present};
use crate::reading;
use crate::reading::catalog::Catalog;
use crate::replay::Next;
use crate::report::Report;
use crate::window::{ChunkInfo, Piece, Progress, WindowBuilder};

/// How often the page gets more of the run.
const INTERVAL: Duration = Duration::from_millis(100);

/// Makes the pieces of a run while it goes on.
struct LiveWindows {
    progress: Progress,
    pass: Pass,
}

/// Takes a piece that is complete.
type Pass = Box<dyn FnMut(Piece) -> reading::Result<()>>;

impl LiveListener for LiveWindows {
    type Note = Option<u8>;
    type Attached<'a> = WindowBuilder<'a, Pass>;

    fn attach(self, catalog: &Catalog) -> WindowBuilder<'_, Pass> {
        WindowBuilder::new(catalog, None, self.progress, self.pass)
    }

    fn detach(attached: WindowBuilder<'_, Pass>) -> Self {
        let (progress, pass) = attached.into_parts();
        LiveWindows { progress, pass }
    }
}

/// Starts to follow a run in a thread of its own, and passes it to the page until it is over; in the end
/// with what it `predicts`.
///
/// # Errors
/// There is no room for a thread.
pub fn follow(
    feed: Feed,
    feeder: Feeder,
    diagnoses: Diagnoses,
    with_dependencies: bool,
    predicts: bool,
) -> io::Result<()> {
    let follow = move || {
        if let Err(error) = try_to_follow(feed, &feeder, &diagnoses, with_dependencies, predicts) {
            warn!(error = format!("{:#}", anyhow::Error::from(error)), "the page gets no more");
        }
    };
    thread::Builder::new().name("page".to_owned()).spawn(follow).map(drop)
}

fn try_to_follow(
    feed: Feed,
    feeder: &Feeder,
    diagnoses: &Diagnoses,
    with_dependencies: bool,
    predicts: bool,
) -> capture::Result<()> {
    let (sender, chunks) = mpsc::channel();
    let store = Arc::clone(&feeder.store);
    let pass: Pass = Box::new(move |piece| {
        match piece {
            // The description is replaced before the chunks are passed on.
            Piece::Kinds(_) => {}
            // The receiver is there as long as the follower.
            Piece::Chunk(info, content) => drop(sender.send((info, content))),
            Piece::Tile { level, tile, content } => {
                store.add_segment(level, tile, &content).map_err(cannot_store)?;
            }
        }
        Ok(())
    });
    let progress = Progress::new(with_dependencies, feeder.store.tiles());
    let mut follower = Follower::new(feed, Keep::All, LiveWindows { progress, pass })?;
    let (mut size, mut diagnosed) = (0, 0);
    loop {
        let begin = Instant::now();
        let mut failure = None;
        let (followed, next) = follower.advance(|mut view| {
            let shown = show(&mut view, feeder, &chunks, &mut size);
            failure = shown.err();
            failure.is_none()
        })?;
        follower = followed;
        if let Some(error) = failure {
            return Err(error.into());
        }
        let hangs = diagnoses.get().len();
        if next == Next::Over {
            let recording = follower.recording();
            feeder.set_report(&match predicts {
                true => Report::with_predictions(recording)?,
                false => Report::new(recording)?,
            });
            feeder.set_done(follower.recording().catalog.end);
            return Ok(());
        }
        if hangs != diagnosed {
            let mut report = Report::new(follower.recording())?;
            retain_present(&mut report.findings, hangs > 0);
            feeder.set_report(&report);
            diagnosed = hangs;
        }
        thread::sleep(INTERVAL.saturating_sub(begin.elapsed()).max(begin.elapsed()));
    }
}

/// Passes what is new to the page.
fn show(
    view: &mut View<'_, '_, WindowBuilder<'_, Pass>>,
    feeder: &Feeder,
    chunks: &Receiver<(ChunkInfo, Vec<u8>)>,
    size: &mut usize,
) -> reading::Result<()> {
    let (recording, until) = (view.recording, view.until);
    let is_over = recording.complete_until().is_none() && until == view.known_until;
    let (state, builder) = view.parts();
    let open = match is_over {
        true => {
            builder.finish(state, recording.catalog.end)?;
            None
        }
        false => builder.open_chunk(state, until),
    };
    let kinds = builder.kinds();
    let known = count(&recording.catalog) + kinds.count();
    if is_over || known != *size {
        *size = known;
        feeder.set_run(recording, &kinds);
    }
    for (info, content) in chunks.try_iter() {
        feeder.store.add_chunk(info, &content).map_err(cannot_store)?;
    }
    feeder.store.set_open(open, until);
    Ok(())
}

/// How much is in a catalog.
fn count(catalog: &Catalog) -> usize {
    let Catalog { processes, threads, channels, endpoints, primitives, callsites, places, .. } =
        catalog;
    let ended = threads.iter().filter(|thread| thread.outcome.is_some()).count();
    processes.len()
        + threads.len()
        + ended
        + channels.len()
        + endpoints.len()
        + primitives.len()
        + callsites.len()
        + places.len()
}

fn cannot_store(source: io::Error) -> reading::Error {
    reading::Error::Io { name: "temporary files".to_owned(), source }
}
