//! Finds the thread whose next event is the earliest.

use crate::reading::Nanos;
use crate::reading::catalog::ThreadIndex;

/// The times of the threads' next events. The earliest wins; of several, the thread with the
/// lowest index.
///
/// A tournament tree: two threads meet, then the winners of two matches. A change replays only
/// the matches of one thread, and no branch depends on how they end.
#[derive(Clone, Debug)]
pub(super) struct Tournament {
    /// The time of each match's winner, or [`NEVER`], and the winner if there is one. The final is
    /// at 1; the winner at `n` is that of `2n` and `2n + 1`; the threads themselves are the second
    /// half.
    winners: Vec<(u64, u32)>,
}

const NEVER: u64 = u64::MAX;

impl Tournament {
    /// A tournament without events.
    pub(super) fn new(threads: usize) -> Self {
        Tournament { winners: vec![(NEVER, 0); 2 * threads.next_power_of_two()] }
    }

    /// The earliest time and its thread.
    #[inline]
    pub(super) fn first(&self) -> Option<(Nanos, ThreadIndex)> {
        let (time, thread) = self.winners[1];
        (time != NEVER).then(|| (Nanos::new(time), ThreadIndex::from(thread as usize)))
    }

    /// Sets the time of this thread's next event.
    #[inline]
    pub(super) fn set(&mut self, thread: ThreadIndex, time: Option<Nanos>) {
        let mut winner = (time.map_or(NEVER, Nanos::get), usize::from(thread) as u32);
        let mut place = self.winners.len() / 2 + usize::from(thread);
        self.winners[place] = winner;
        while place > 1 {
            let other = self.winners[place ^ 1];
            // Of two equal ones, the left one has the lower index.
            let lost = (other.0 < winner.0) | ((other.0 == winner.0) & (place & 1 == 1));
            winner.1 = if lost { other.1 } else { winner.1 };
            winner.0 = winner.0.min(other.0);
            place /= 2;
            self.winners[place] = winner;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_earliest_wins(
            threads in 1usize..20,
            changes in prop::collection::vec((0usize..20, prop::option::of(0u64..10)), 0..100),
        ) {
            let mut tournament = Tournament::new(threads);
            let mut times = vec![None; threads];
            for (thread, time) in changes {
                let thread = thread % threads;
                tournament.set(thread.into(), time.map(Nanos::new));
                times[thread] = time;
                let all = times.iter().enumerate();
                let first = all.filter_map(|(thread, time)| Some((Nanos::new((*time)?), ThreadIndex::from(thread)))).min();
                prop_assert_eq!(tournament.first(), first);
            }
        }
    }
}
