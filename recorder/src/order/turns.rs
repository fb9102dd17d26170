//! Whose turn it is.

/// The times of the threads' next steps, and which is the earliest: that of the thread with
/// the lowest index where there are several.
///
/// A tournament: each two meet, then the earlier ones of two pairs. After a change only the
/// matches of one thread are played again, and no branch depends on how they end.
#[derive(Debug)]
pub(super) struct Turns {
    /// By thread; [`NEVER`] where it has no turn.
    times: Vec<u64>,
    /// The thread that won each match: at 1 the last one, below each `n` those at `2n` and
    /// `2n + 1`, and the threads themselves at the bottom.
    winners: Vec<u32>,
}

const NEVER: u64 = u64::MAX;

impl Turns {
    /// Nobody's.
    pub(super) fn new(threads: usize) -> Self {
        let size = threads.next_power_of_two();
        let mut turns = Turns { times: vec![NEVER; size], winners: vec![0; 2 * size] };
        for thread in 0..size {
            turns.winners[size + thread] = thread as u32;
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
        let thread = self.winners[1] as usize;
        let time = self.times[thread];
        (time != NEVER).then_some((time, thread))
    }

    /// When this thread has its turn.
    #[inline]
    pub(super) fn set(&mut self, thread: usize, time: Option<u64>) {
        let mut time = time.unwrap_or(NEVER);
        self.times[thread] = time;
        let mut winner = thread as u32;
        let mut place = self.times.len() + thread;
        while place > 1 {
            let other = self.winners[place ^ 1];
            let other_time = self.times[other as usize];
            // Of two that are alike the one on the left has the lower index.
            let lost = (other_time < time) | ((other_time == time) & (place & 1 == 1));
            winner = if lost { other } else { winner };
            time = time.min(other_time);
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
