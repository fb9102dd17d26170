//! Shows a run while it goes on.

use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::warn;

use super::server::Feeder;
use crate::capture;
use crate::capture::hang::Diagnoses;
use crate::capture::session::Feed;
use crate::live::{Follower, Keep, LiveListener, View};
use crate::reading;
use crate::reading::catalog::Catalog;
use crate::replay::{Listener, Next, RunState, Transition};
use crate::report::Report;
use crate::timeline::Part;
use crate::window::{ChunkInfo, Piece, Progress, Store, WindowBuilder};

/// How often the page gets more of the run.
const INTERVAL: Duration = Duration::from_millis(100);

/// Makes the pieces of a run while it goes on.
struct LiveWindows {
    progress: Progress,
    with_dependencies: bool,
    pass: Pass,
    store: Arc<Store>,
}

/// A function that takes pieces.
type Pass = Box<dyn FnMut(Piece) -> reading::Result<()>>;

/// Chunks that the store gets once the description of the run has what they refer to.
type Pending = Mutex<Vec<(ChunkInfo, Vec<u8>)>>;

/// A listener, with what makes it another time.
struct Attached<'a> {
    builder: WindowBuilder<'a, Pass>,
    with_dependencies: bool,
    store: Arc<Store>,
}

impl Listener for Attached<'_> {
    type Note = Option<u8>;
    type Error = reading::Error;

    #[inline]
    fn on(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        lane: &mut Option<u8>,
    ) -> reading::Result<()> {
        self.builder.on(state, transition, lane)
    }
}

impl LiveListener for LiveWindows {
    type Note = Option<u8>;
    type Attached<'a> = Attached<'a>;

    fn attach(self, catalog: &Catalog) -> Attached<'_> {
        let LiveWindows { progress, with_dependencies, pass, store } = self;
        let part = Part { selection: None, with_dependencies };
        let builder = WindowBuilder::new(catalog, part, progress, store.tiles(), pass);
        Attached { builder, with_dependencies, store }
    }

    fn detach(Attached { builder, with_dependencies, store }: Attached<'_>) -> Self {
        let (progress, pass) = builder.into_parts();
        LiveWindows { progress, with_dependencies, pass, store }
    }
}

/// Starts to follow a run in a thread of its own, and passes it to the page until it is over.
///
/// # Errors
/// There is no room for a thread.
pub fn follow(
    feed: Feed,
    feeder: Feeder,
    diagnoses: Diagnoses,
    with_dependencies: bool,
) -> io::Result<()> {
    let follow = move || {
        if let Err(error) = try_to_follow(feed, &feeder, &diagnoses, with_dependencies) {
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
) -> capture::Result<()> {
    let pending = Arc::new(Pending::default());
    let store = Arc::clone(&feeder.store);
    let pass: Pass = Box::new({
        let (pending, store) = (Arc::clone(&pending), Arc::clone(&store));
        move |piece| {
            match piece {
                // The description is replaced before the chunks are passed on.
                Piece::Kinds(_) => {}
                Piece::Chunk(info, content) => lock(&pending).push((info, content)),
                Piece::Tile { level, tile, content } => {
                    store.add_segment(level, tile, &content).map_err(cannot_store)?;
                }
            }
            Ok(())
        }
    });
    let progress = Progress::default();
    let windows = LiveWindows { progress, with_dependencies, pass, store: Arc::clone(&store) };
    let mut follower = Follower::new(feed, Keep::All, windows)?;
    let (mut size, mut diagnosed) = (0, 0);
    loop {
        let begin = Instant::now();
        let mut failure = None;
        let (followed, next) = follower.advance(|mut view| {
            let stored = show(&mut view, feeder, &pending, &mut size);
            failure = stored.err();
            failure.is_none()
        })?;
        follower = followed;
        if let Some(error) = failure {
            return Err(error.into());
        }
        let hangs = diagnoses.get().len();
        if next == Next::Over || (hangs != diagnosed && hangs > 0) {
            feeder.set_report(&Report::new(follower.recording())?);
        }
        diagnosed = hangs;
        if next == Next::Over {
            feeder.set_done(follower.recording().catalog.end);
            return Ok(());
        }
        thread::sleep(INTERVAL.saturating_sub(begin.elapsed()).max(begin.elapsed()));
    }
}

/// Passes what is new to the page.
fn show(
    view: &mut View<'_, '_, Attached<'_>>,
    feeder: &Feeder,
    pending: &Pending,
    size: &mut usize,
) -> reading::Result<()> {
    let (recording, until) = (view.recording, view.until);
    let is_over = recording.complete_until().is_none() && until == view.known_until;
    let state = view.state().clone();
    let builder = &mut view.listener().builder;
    if is_over {
        builder.finish(&state, recording.catalog.end)?;
    }
    let open = if is_over { None } else { builder.open_chunk(&state, until) };
    let kinds = builder.kinds();
    let known = count(&recording.catalog) + kinds.count();
    if is_over || known != *size {
        *size = known;
        feeder.set_run(recording, &kinds);
    }
    for (info, content) in mem::take(&mut *lock(pending)) {
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

fn lock(pending: &Pending) -> MutexGuard<'_, Vec<(ChunkInfo, Vec<u8>)>> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}
