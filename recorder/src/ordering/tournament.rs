//! Whose turn it is.

/// The times of the threads' next steps, and which is the earliest: that of the thread with
/// the lowest index where there are several.
///
/// A tournament: each two meet, then the earlier ones of two pairs. After a change only the
/// matches of one thread are played again, and no branch depends on how they end.
#[derive(Debug)]
pub(super) struct Turns {
    /// Who won each match, and when it has its turn, or [`NEVER`]: at 1 the last one, below each
    /// `n` those at `2n` and `2n + 1`, and the threads themselves in the second half.
    winners: Vec<(u64, u32)>,
}

const NEVER: u64 = u64::MAX;

impl Turns {
    /// Nobody's.
    pub(super) fn new(threads: usize) -> Self {
        let size = threads.next_power_of_two();
        let mut turns = Turns { winners: vec![(NEVER, 0); 2 * size] };
        for thread in 0..size {
            turns.winners[size + thread].1 = thread as u32;
        }
        // No match was played yet.
        for thread in 0..size {
            turns.set(thread, None);
        }
        turns
    }

    /// The earliest time and its thread.
    #[inline]
    pub(super) fn first(&self) -> Option<(u64, usize)> {
        let (time, thread) = self.winners[1];
        (time != NEVER).then_some((time, thread as usize))
    }

    /// When this thread has its turn.
    #[inline]
    pub(super) fn set(&mut self, thread: usize, time: Option<u64>) {
        let mut winner = (time.unwrap_or(NEVER), thread as u32);
        let mut place = self.winners.len() / 2 + thread;
        self.winners[place] = winner;
        while place > 1 {
            let other = self.winners[place ^ 1];
            // Of two that are alike the one on the left has the lower index.
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
        fn the_earliest_is_first(
            threads in 1usize..20,
            changes in prop::collection::vec((0usize..20, prop::option::of(0u64..10)), 0..100),
        ) {
            let mut turns = Turns::new(threads);
            let mut times = vec![None; threads];
            for (thread, time) in changes {
                let thread = thread % threads;
                turns.set(thread, time);
                times[thread] = time;
                let all = times.iter().enumerate();
                let first = all.filter_map(|(thread, time)| Some(((*time)?, thread))).min();
                prop_assert_eq!(turns.first(), first);
            }
        }
    }
}
