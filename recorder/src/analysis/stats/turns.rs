//! Threads that are spawned and joined one at a time.

use crate::reading::Nanos;
use crate::reading::catalog::{PlaceIndex, ThreadIndex};

/// Threads that one thread spawned at one place, each after it had joined the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns {
    /// Where it spawned them.
    pub(crate) spawned_at: Option<PlaceIndex>,
    /// Where it last joined one.
    pub(crate) joined_at: Option<PlaceIndex>,
    /// How many it spawned.
    pub(crate) count: u64,
    /// How long the joins waited in all.
    pub(crate) joining: Nanos,
    /// When it spawned the first.
    pub(crate) first: Nanos,
    /// When it had joined the last.
    pub(crate) last: Nanos,
    /// The one that it spawned last.
    latest: Option<ThreadIndex>,
    is_joined: bool,
}

impl Turns {
    /// The first thread is spawned.
    fn new(time: Nanos, child: Option<ThreadIndex>, place: Option<PlaceIndex>) -> Self {
        Turns {
            spawned_at: place,
            joined_at: None,
            count: 1,
            joining: Nanos::ZERO,
            first: time,
            last: time,
            latest: child,
            is_joined: false,
        }
    }
}

/// The turns of one thread: the present ones and the longest.
#[derive(Clone, Debug, Default)]
pub(crate) struct TurnsOfThread {
    now: Option<Turns>,
    longest: Option<Turns>,
}

impl TurnsOfThread {
    pub(super) fn spawned(
        &mut self,
        time: Nanos,
        child: Option<ThreadIndex>,
        place: Option<PlaceIndex>,
    ) {
        match &mut self.now {
            Some(turns) if turns.is_joined && turns.spawned_at == place => {
                turns.count += 1;
                (turns.latest, turns.is_joined) = (child, false);
            }
            _ => {
                self.keep_longest();
                self.now = Some(Turns::new(time, child, place));
            }
        }
    }

    pub(super) fn joined(
        &mut self,
        time: Nanos,
        child: ThreadIndex,
        place: Option<PlaceIndex>,
        waited: Nanos,
    ) {
        if let Some(turns) = self.now.as_mut().filter(|turns| turns.latest == Some(child)) {
            turns.is_joined = true;
            turns.joining += waited;
            turns.last = time;
            turns.joined_at = place;
        }
    }

    fn keep_longest(&mut self) {
        let is_longer = |turns: &Turns| self.longest.is_none_or(|it| turns.joining > it.joining);
        if let Some(turns) = self.now.take().filter(is_longer) {
            self.longest = Some(turns);
        }
    }

    /// Those in which the joins waited longest.
    pub(crate) fn longest(&self) -> Option<Turns> {
        [self.now, self.longest].into_iter().flatten().max_by_key(|turns| turns.joining)
    }
}
