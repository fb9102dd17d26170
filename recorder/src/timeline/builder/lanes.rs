//! Lanes for things that overlap in time.

use super::MAX_LANES;
use crate::reading::Nanos;

/// Lanes, of which those with the lowest numbers are used first.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes {
    /// Since when each is free, or was when it was taken.
    since: Vec<Nanos>,
    /// Which are free: a bit each.
    free: [u64; MAX_LANES.div_ceil(64)],
}

impl Lanes {
    /// Takes a lane that is free at this time, if there is one.
    #[inline]
    pub(super) fn take(&mut self, time: Nanos) -> Option<u8> {
        for (word, free) in self.free.iter_mut().enumerate() {
            let mut rest = *free;
            while rest != 0 {
                let lane = 64 * word + rest.trailing_zeros() as usize;
                if self.since[lane] <= time {
                    *free &= !(1 << (lane % 64));
                    return Some(lane as u8);
                }
                rest &= rest - 1;
            }
        }
        let lane = self.since.len();
        (lane < MAX_LANES).then(|| {
            self.since.push(time);
            lane as u8
        })
    }

    /// The lane is free from this time on.
    #[inline]
    pub(super) fn give_back(&mut self, lane: Option<u8>, time: Nanos) {
        let Some(lane) = lane.map(usize::from) else { return };
        self.since[lane] = time;
        self.free[lane / 64] |= 1 << (lane % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_lane_is_used_first_and_their_number_is_limited() {
        let at = Nanos::new;
        let mut lanes = Lanes::default();
        let taken: Vec<_> = (0..MAX_LANES + 2).map(|_| lanes.take(at(0))).collect();
        let all = (0..MAX_LANES as u8).map(Some).chain([None, None]);
        assert!(taken.into_iter().eq(all));
        lanes.give_back(Some(70), at(10));
        lanes.give_back(Some(7), at(30));
        lanes.give_back(None, at(0));
        assert_eq!(lanes.take(at(9)), None);
        assert_eq!(lanes.take(at(29)), Some(70));
        lanes.give_back(Some(70), at(30));
        assert_eq!([30; 3].map(|time| lanes.take(at(time))), [Some(7), Some(70), None]);
    }
}
