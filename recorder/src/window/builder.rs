//! Makes chunks and tiles of the changes of a run.

use std::convert::Infallible;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use typed_index_collections::TiVec;

use super::EVENTS;
use super::chunk::{Chunk, ChunkInfo};
use super::kinds::{KindList, Kinds};
use super::tile::{Bins, Tiles, level_of};
use crate::reading::catalog::{Catalog, PrimitiveIndex, ThreadIndex};
use crate::reading::{self, Nanos, Recording};
use crate::replay::{Hold, Listener, Replay, RunState, Transition};
use crate::timeline::Part;
use crate::timeline::builder::{ItemSink, TimelineBuilder, Tracks};
use crate::timeline::fold::Fold;
use crate::timeline::item::{HeldLock, Item, Slice, State};
use crate::timeline::select::{Filter, Selection};

/// A piece of the run that is complete.
#[derive(Clone, Debug)]
pub enum Piece {
    /// The kinds of the events of the next chunk, and of those before: there are new ones.
    Kinds(KindList),
    /// The next chunk.
    Chunk(ChunkInfo, Vec<u8>),
    /// A segment of a tile.
    Tile {
        /// Its level.
        level: u32,
        /// Its number.
        tile: u64,
        /// Its content.
        content: Vec<u8>,
    },
}

/// What a [`WindowBuilder`] remembers between two events.
#[derive(Debug)]
pub struct Progress {
    with_dependencies: bool,
    tiles: Arc<Mutex<Tiles>>,
    tracks: Tracks,
    contents: Contents,
    position: Position,
}

/// What has happened since the chunk before.
#[derive(Clone, Debug, Default)]
struct Contents {
    /// The chunk that is not complete.
    chunk: Chunk,
    /// States that have not been put into it.
    states: Vec<State>,
    /// Locks that were held, and are not in it.
    holds: Vec<HeldLock>,
    /// The kinds of all events so far.
    kinds: Kinds,
}

/// How much of the run is in chunks.
#[derive(Debug)]
struct Position {
    /// A chunk is complete when it has this number of events.
    events: usize,
    has_started: bool,
    first_step: u64,
    /// How many kinds of events have been passed on.
    passed_kinds: usize,
    threads: Threads,
    /// The end of the chunk before.
    now: Nanos,
}

impl Progress {
    /// The start of a run. `with_dependencies` is that of [`Part`]; `tiles` has the tiles that are not
    /// complete.
    pub fn new(with_dependencies: bool, tiles: Arc<Mutex<Tiles>>) -> Self {
        let position = Position {
            events: EVENTS,
            has_started: false,
            first_step: 0,
            passed_kinds: 0,
            threads: Threads::default(),
            now: Nanos::ZERO,
        };
        let (tracks, contents) = (Tracks::default(), Contents::default());
        Progress { with_dependencies, tiles, tracks, contents, position }
    }

    /// The same in chunks of this many events.
    #[must_use]
    pub fn with_chunks_of(mut self, events: usize) -> Self {
        self.position.events = events;
        self
    }
}

/// Which threads live, and how much of their lives is in chunks.
#[derive(Clone, Debug, Default)]
struct Threads {
    /// Threads that have begun and whose states are not all in chunks.
    alive: Vec<ThreadIndex>,
    /// Until when the states of each are in chunks.
    known_until: TiVec<ThreadIndex, Nanos>,
}

/// Listens to a replay, and passes the pieces of the run to a function when they are complete.
#[derive(Debug)]
pub struct WindowBuilder<'a, P> {
    catalog: &'a Catalog,
    selection: Option<&'a Selection>,
    with_dependencies: bool,
    timeline: TimelineBuilder<'a, Collector<'a>>,
    tiles: Arc<Mutex<Tiles>>,
    pass: P,
    position: Position,
}

/// Takes the items of a timeline that are shown.
#[derive(Debug)]
struct Collector<'a> {
    contents: Contents,
    fold: Option<Fold>,
    filter: Option<Filter<'a>>,
}

impl ItemSink for Collector<'_> {
    type Error = reading::Error;

    #[inline]
    fn take(&mut self, item: &Item) -> reading::Result<()> {
        self.item(item);
        Ok(())
    }
}

impl Collector<'_> {
    #[inline]
    fn item(&mut self, item: &Item) {
        if let Some(fold) = &mut self.fold
            && !fold.shows(item)
        {
            return;
        }
        let Contents { chunk, kinds, states, holds } = &mut self.contents;
        let mut take = |item: &Item| {
            match item {
                // Where it began, there is a slice without end already.
                Item::Slice(slice) if slice.end.is_none() => {}
                Item::Slice(slice) => chunk.push(slice, kinds.number(slice)),
                Item::State(state) => states.push(*state),
                Item::Hold(hold) => holds.push(hold.clone()),
                Item::Flight(_) | Item::Counter(_) | Item::Merged(_) | Item::MergedStates(_) => {}
            }
            Ok::<_, Infallible>(())
        };
        let Ok(()) = match &mut self.filter {
            Some(filter) => filter.item(item, &mut take),
            None => take(item),
        };
    }

    /// Takes the start of a wait, which is a slice without end.
    fn wait_began(&mut self, wait: &Slice, selection: Option<&Selection>) {
        let is_shown = selection.is_none_or(|selection| selection.has_start(wait));
        let is_folded = self.fold.as_mut().is_some_and(|it| !it.shows(&Item::Slice(wait.clone())));
        if is_shown && !is_folded {
            let Contents { chunk, kinds, .. } = &mut self.contents;
            chunk.push(wait, kinds.number(wait));
        }
    }
}

/// Passes all pieces of a recording to `pass`. `tiles` has those that are not complete meanwhile.
///
/// # Errors
/// The recording cannot be read, or `pass` fails.
pub fn build<E: From<reading::Error>>(
    recording: &Recording,
    part: Part<'_>,
    tiles: Arc<Mutex<Tiles>>,
    pass: impl FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let progress = Progress::new(part.with_dependencies, tiles);
    let builder = WindowBuilder::new(&recording.catalog, part.selection, progress, pass);
    Replay::new(recording, builder)?.finish().map(drop)
}

impl<'a, P> WindowBuilder<'a, P> {
    /// A builder that goes on with the run where `progress` is.
    pub fn new(
        catalog: &'a Catalog,
        selection: Option<&'a Selection>,
        progress: Progress,
        pass: P,
    ) -> Self {
        let Progress { with_dependencies, tiles, tracks, contents, mut position } = progress;
        position.threads.known_until.resize(catalog.threads.len(), Nanos::ZERO);
        let fold = if with_dependencies { None } else { Fold::new(catalog) };
        let filter = selection.map(|selection| Filter::new(selection, catalog));
        let collector = Collector { contents, fold, filter };
        let timeline = TimelineBuilder::resume(catalog, collector, tracks);
        WindowBuilder { catalog, selection, with_dependencies, timeline, tiles, pass, position }
    }

    /// The progress, with which another builder can go on, and the function that takes the pieces.
    pub fn into_parts(self) -> (Progress, P) {
        let WindowBuilder { with_dependencies, timeline, tiles, pass, position, .. } = self;
        let (Collector { contents, .. }, tracks) = timeline.into_parts();
        (Progress { with_dependencies, tiles, tracks, contents, position }, pass)
    }

    fn contents(&mut self) -> &mut Contents {
        &mut self.timeline.sink_mut().contents
    }

    /// The kinds of all events so far.
    pub fn kinds(&mut self) -> KindList {
        KindList::from(&self.contents().kinds)
    }

    /// The chunk that is not complete, as it is at `now`; `None` if nothing has happened in it.
    pub fn open_chunk(&mut self, state: &RunState, now: Nanos) -> Option<(ChunkInfo, Vec<u8>)> {
        let Contents { mut chunk, states, holds, .. } = self.contents().clone();
        let mut threads = self.position.threads.clone();
        chunk.now = chunk.now.max(now.get());
        self.fill(&mut chunk, &mut threads, states, holds, Some(state));
        self.position.has_started.then(|| encode(&mut chunk, self.position.first_step))
    }

    /// Puts states and held locks into a chunk: those that are over, and, if there is a `state`, those
    /// that go on, up to its end.
    fn fill(
        &self,
        chunk: &mut Chunk,
        threads: &mut Threads,
        mut states: Vec<State>,
        holds: Vec<HeldLock>,
        state: Option<&RunState>,
    ) {
        let catalog = self.catalog;
        let now = Nanos::new(chunk.now);
        if let Some(state) = state {
            for thread in &threads.alive {
                let push = |piece| states.push(piece);
                self.timeline.present_states(state, *thread, now, push);
            }
        }
        for piece in states {
            let State { thread, begin, end, .. } = piece;
            let begin = begin.max(threads.known_until[thread]);
            let end = end.unwrap_or_else(|| catalog.end_of_thread(thread));
            let cut = match self.selection {
                Some(selection) => selection.cut_state(thread, begin, end),
                None => Some((begin, end)),
            };
            if let Some((begin, end)) = cut
                && begin < end
            {
                chunk.states.push(State { begin, end: Some(end), ..piece });
                threads.known_until[thread] = end;
                // What never ends goes on after the last event.
                chunk.now = chunk.now.max(end.get());
            }
        }
        for hold in holds {
            let end = hold.end.unwrap_or_else(|| catalog.end_of_thread(hold.thread));
            chunk.hold(&hold, hold.begin.max(self.position.now), end, false);
            chunk.now = chunk.now.max(end.get());
        }
        let Some(state) = state else { return };
        for &thread in &threads.alive {
            for &primitive in &state.threads[thread].holds {
                let known = state.primitives[primitive].holds.iter();
                for hold in known.filter(|hold| hold.thread == thread) {
                    let begin = hold.begin.max(self.position.now);
                    chunk.hold(&held_lock(primitive, hold), begin, now, true);
                }
            }
        }
        threads.alive.retain(|thread| {
            let known = &state.threads[*thread];
            known.ended.is_none() || threads.known_until[*thread] < known.last
        });
    }
}

/// The bytes of a chunk, and where it is.
fn encode(chunk: &mut Chunk, first_step: u64) -> (ChunkInfo, Vec<u8>) {
    let (begin, end) = chunk.extent();
    let info = ChunkInfo {
        begin: Nanos::new(begin),
        end: Nanos::new(end),
        level: level_of(end - begin),
        first_step,
        events: chunk.len() as u64,
    };
    (info, chunk.encode(first_step))
}

/// A lock that is still held, as an item.
fn held_lock(primitive: PrimitiveIndex, hold: &Hold) -> HeldLock {
    HeldLock {
        primitive,
        thread: hold.thread,
        is_shared: hold.is_shared,
        lane: None,
        begin: hold.begin,
        end: None,
        is_release_recorded: false,
        place: hold.place,
        turn: hold.turn,
        others_waited: Nanos::ZERO,
    }
}

impl<P, E> WindowBuilder<'_, P>
where
    P: FnMut(Piece) -> Result<(), E>,
{
    /// Passes on what is left of a run that is over at `now`, although not all of its ends were
    /// recorded.
    ///
    /// # Errors
    /// The function that takes the pieces fails.
    pub fn finish(&mut self, state: &RunState, now: Nanos) -> Result<(), E> {
        let chunk = &mut self.contents().chunk;
        chunk.now = chunk.now.max(now.get());
        self.end_chunk(Some(state))?;
        self.close_tiles()
    }

    fn close_tiles(&mut self) -> Result<(), E> {
        let mut tiles = self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
        tiles.close_before(u64::MAX, |level, tile, content| {
            (self.pass)(Piece::Tile { level, tile, content })
        })
    }

    /// Starts a chunk with the present state.
    fn start_chunk(&mut self, state: &RunState) {
        let alive = self.position.threads.alive.iter();
        let open = alive.filter_map(|&thread| {
            let wait = state.threads[thread].wait.as_ref().filter(|it| it.overtaken.is_none())?;
            Some(self.timeline.open_wait(thread, wait))
        });
        let open: Vec<_> = open.collect();
        let position = &mut self.position;
        position.has_started = true;
        let Contents { chunk, kinds, .. } = &mut self.timeline.sink_mut().contents;
        let waits: Vec<_> = open.into_iter().map(|wait| (kinds.number(&wait), wait)).collect();
        chunk.start(self.catalog, state, position.now, &waits, &position.threads.alive);
    }

    /// Passes the chunk on, and what of the tiles is complete with it.
    fn end_chunk(&mut self, state: Option<&RunState>) -> Result<(), E> {
        let contents = self.contents();
        let mut chunk = mem::take(&mut contents.chunk);
        let (states, holds) = (mem::take(&mut contents.states), mem::take(&mut contents.holds));
        let mut threads = mem::take(&mut self.position.threads);
        self.fill(&mut chunk, &mut threads, states, holds, state);
        self.position.threads = threads;
        let level = level_of(chunk.extent().1 - chunk.extent().0);
        let bins = Bins::of_chunk(&chunk, level);
        let position = &mut self.position;
        let (info, bytes) = encode(&mut chunk, position.first_step);
        position.first_step += info.events;
        position.now = info.end;
        let kinds = &self.timeline.sink_mut().contents.kinds;
        if kinds.len() > position.passed_kinds {
            position.passed_kinds = kinds.len();
            (self.pass)(Piece::Kinds(KindList::from(kinds)))?;
        }
        (self.pass)(Piece::Chunk(info, bytes))?;
        let mut tiles = self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
        tiles.add(bins, level);
        tiles.close_before(info.begin.get(), |level, tile, content| {
            (self.pass)(Piece::Tile { level, tile, content })
        })
    }
}

impl<P, E> Listener for WindowBuilder<'_, P>
where
    P: FnMut(Piece) -> Result<(), E>,
    E: From<reading::Error>,
{
    type Note = Option<u8>;
    type Error = E;

    #[inline]
    fn on(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        lane: &mut Option<u8>,
    ) -> Result<(), E> {
        if !self.position.has_started {
            self.start_chunk(state);
        }
        self.timeline.on(state, transition, lane)?;
        match transition {
            Transition::ThreadSeen { thread, .. } => self.position.threads.alive.push(*thread),
            Transition::WaitBegan { thread, wait } => {
                let wait = self.timeline.open_wait(*thread, wait);
                self.timeline.sink_mut().wait_began(&wait, self.selection);
            }
            Transition::Finished => {
                self.end_chunk(None)?;
                return self.close_tiles();
            }
            _ => {}
        }
        if self.contents().chunk.len() >= self.position.events {
            self.end_chunk(Some(state))?;
            self.start_chunk(state);
        }
        Ok(())
    }
}
