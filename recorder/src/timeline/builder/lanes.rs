//! Side by side, where several things are at the same time.

use super::MOST_LANES;

/// Lanes, of which those with the lowest numbers are used first.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// From when on each is free, or was when it was taken.
    since: Vec<u64>,
    /// Which are free: a bit each.
    free: [u64; MOST_LANES.div_ceil(64)],
}

impl Lanes {
    /// A lane that is free at this time, if there is one.
    #[inline]
    pub(super) fn take(&mut self, time: u64) -> Option<usize> {
        for (word, free) in self.free.iter_mut().enumerate() {
            let mut rest = *free;
            while rest != 0 {
                let lane = 64 * word + rest.trailing_zeros() as usize;
                if self.since[lane] <= time {
                    *free &= !(1 << (lane % 64));
                    return Some(lane);
                }
                rest &= rest - 1;
            }
        }
        let lane = self.since.len();
        (lane < MOST_LANES).then(|| {
            self.since.push(time);
            lane
        })
    }

    /// The lane is free from this time on.
    #[inline]
    pub(super) fn give_back(&mut self, lane: Option<usize>, time: u64) {
        let Some(lane) = lane else { return };
        self.since[lane] = time;
        self.free[lane / 64] |= 1 << (lane % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_that_is_free_is_used_first_and_there_are_only_so_many() {
        let mut lanes = Lanes::default();
        let taken: Vec<_> = (0..MOST_LANES + 2).map(|_| lanes.take(0)).collect();
        let all = (0..MOST_LANES).map(Some).chain([None, None]);
        assert!(taken.into_iter().eq(all));
        lanes.give_back(Some(70), 10);
        lanes.give_back(Some(7), 30);
        lanes.give_back(None, 0);
        assert_eq!(lanes.take(9), None);
        assert_eq!(lanes.take(29), Some(70));
        lanes.give_back(Some(70), 30);
        assert_eq!([lanes.take(30), lanes.take(30), lanes.take(30)], [Some(7), Some(70), None]);
    }
}
