//! Follows a recording that grows.

use std::time::{Duration, Instant};

use crate::capture;
use crate::capture::session::Feed;
use crate::reading::catalog::Catalog;
use crate::reading::{self, Nanos, Recording};
use crate::replay::{Checkpoint, Listener, Message, Next, Replay, RunState};

/// A listener of a run that goes on: between two replays it lets go of the catalog, which grows then.
pub trait LiveListener: Sized {
    /// What it notes about each message in flight.
    type Note: Default;
    /// The listener while the run is replayed.
    type Attached<'a>: Listener<Note = Self::Note, Error = reading::Error>;

    /// Goes on listening. Everything in `catalog` that was there before has kept its index.
    fn attach(self, catalog: &Catalog) -> Self::Attached<'_>;

    /// Pauses listening.
    fn detach(attached: Self::Attached<'_>) -> Self;
}

/// Two listeners, of which the second notes nothing.
impl<A: LiveListener, B: LiveListener<Note = ()>> LiveListener for (A, B) {
    type Note = A::Note;
    type Attached<'a> = (A::Attached<'a>, B::Attached<'a>);

    fn attach(self, catalog: &Catalog) -> Self::Attached<'_> {
        (self.0.attach(catalog), self.1.attach(catalog))
    }

    fn detach((first, second): Self::Attached<'_>) -> Self {
        (A::detach(first), B::detach(second))
    }
}

/// Which blocks of a recording a follower remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All: [`Follower::recording`] can be read from its start. It takes a hundred bytes for each
    /// block of the recording, which has some thousand events.
    All,
    /// Those that have not been replayed. Memory does not grow with the number of events.
    New,
}

/// Follows a recording that grows.
pub struct Follower<L: LiveListener> {
    feed: Feed,
    keep: Keep,
    recording: Recording,
    checkpoint: Option<Checkpoint<L::Note>>,
    listener: L,
    /// The time of the last view.
    until: Nanos,
}

/// A run at a point of its replay.
pub struct View<'v, 'a, L: Listener> {
    /// The recording.
    pub recording: &'a Recording,
    /// The time of the last event; at the end of a pass, the time up to which the events are known.
    pub until: Nanos,
    /// The time up to which the events are known. Larger than `until` while the follower catches up.
    pub known_until: Nanos,
    replay: &'v mut Replay<'a, L>,
}

impl<'a, L: Listener<Error = reading::Error>> View<'_, 'a, L> {
    /// Replays a recording up to the first event at or after this time, and calls `show` there.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn at<T>(
        recording: &'a Recording,
        until: Nanos,
        listener: L,
        show: impl FnOnce(View<'_, 'a, L>) -> T,
    ) -> reading::Result<T> {
        let mut replay = Replay::new(recording, listener)?;
        while replay.step()? == Next::Event && replay.time() < until {}
        let until = until.min(recording.catalog.end);
        Ok(show(View { recording, until, known_until: until, replay: &mut replay }))
    }

    /// The catalog of the recording.
    pub fn catalog(&self) -> &'a Catalog {
        &self.recording.catalog
    }

    /// The state of the run.
    pub fn state(&self) -> &RunState {
        self.replay.state()
    }

    /// The listener.
    pub fn listener(&mut self) -> &mut L {
        self.replay.listener()
    }

    /// The state of the run, and the listener.
    pub fn parts(&mut self) -> (&RunState, &mut L) {
        self.replay.parts()
    }

    /// Messages that have been sent, or whose sends wait, and that have not been received, in no
    /// particular order.
    pub fn in_flight(&mut self) -> impl Iterator<Item = &Message> {
        self.replay.in_flight()
    }
}

impl<L: LiveListener> Follower<L> {
    /// A follower from the start of a run.
    ///
    /// # Errors
    /// None is expected.
    pub fn new(feed: Feed, keep: Keep, listener: L) -> reading::Result<Self> {
        let recording = Recording::from_bytes(format::file_header().to_vec())?;
        Ok(Follower { feed, keep, recording, checkpoint: None, listener, until: Nanos::ZERO })
    }

    /// The recording as of the last [`advance`](Self::advance).
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Replays what is new. Calls `show` at the end, and in between if that takes long; if it returns
    /// false, stops where it is. Returns the follower, and [`Next::Over`] if the run is over and all
    /// of it has been replayed.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn advance(
        mut self,
        mut show: impl FnMut(View<'_, '_, L::Attached<'_>>) -> bool,
    ) -> capture::Result<(Self, Next)> {
        /// How often `show` is called during a pass.
        const INTERVAL: Duration = Duration::from_millis(200);
        /// Number of events between two readings of the clock.
        const STEPS: usize = 1 << 12;
        let (input, complete_until) = self.feed.read()?;
        let feed = &mut self.feed;
        let mut resolve = |process, callers: &[u32]| feed.resolve_callers(process, callers);
        self.recording.update_until(input, complete_until, &mut resolve)?;
        let recording = &self.recording;
        let listener = self.listener.attach(&recording.catalog);
        let mut replay = match self.checkpoint {
            None => Replay::new(recording, listener)?,
            Some(checkpoint) => Replay::resume(recording, checkpoint, listener)?,
        };
        // The recorder can notice late that the run has ended.
        let known_until = recording.complete_until().unwrap_or(recording.catalog.end);
        let known_until = known_until.max(self.until);
        let mut shown = Instant::now();
        let next = loop {
            let next = run_steps(&mut replay, STEPS)?;
            if next != Next::Event {
                break next;
            }
            if shown.elapsed() >= INTERVAL {
                self.until = self.until.max(replay.time());
                let until = self.until;
                if !show(View { recording, until, known_until, replay: &mut replay }) {
                    break next;
                }
                shown = Instant::now();
            }
        };
        if next != Next::Event {
            self.until = known_until;
            show(View { recording, until: known_until, known_until, replay: &mut replay });
        }
        let (checkpoint, listener) = replay.into_checkpoint();
        self.listener = L::detach(listener);
        if self.keep == Keep::New {
            checkpoint.forget_earlier(&mut self.recording);
        }
        self.checkpoint = Some(checkpoint);
        Ok((self, next))
    }
}

/// Replays this many events, or as many as there are.
fn run_steps<L: Listener>(replay: &mut Replay<'_, L>, steps: usize) -> Result<Next, L::Error> {
    for _ in 0..steps {
        let next = replay.step()?;
        if next != Next::Event {
            return Ok(next);
        }
    }
    Ok(Next::Event)
}
