//! Time, evenly divided.
//!
//! Programs work in bursts. So that a picture has most detail where most happens, time is divided
//! as finely as there is room for the pieces in which something does.

use super::survey::Extent;

/// Time in pieces of one length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces {
    first: u64,
    width: u64,
}

impl Pieces {
    /// All that begins there in so many pieces at most.
    fn new(extent: Extent, most: u64) -> Self {
        Pieces { first: extent.first, width: 1 + (extent.last - extent.first) / most.max(1) }
    }

    /// The number of the piece in which this is.
    pub(super) fn of(self, time: u64) -> u64 {
        time.saturating_sub(self.first) / self.width
    }

    /// Where the next piece begins.
    pub(super) fn end(self, number: u64) -> u64 {
        (number + 1).saturating_mul(self.width).saturating_add(self.first)
    }
}

/// In which of very short pieces something happens.
#[derive(Clone, Debug)]
pub(super) struct Busy {
    pieces: Pieces,
    /// A bit for each.
    bits: Vec<u64>,
}

/// So much shorter than evenly divided are the shortest pieces, at most.
const FINEST: u64 = 64;

impl Busy {
    /// Before anything happens there. Later there is to be room for so many pieces, or some more.
    pub(super) fn new(extent: Extent, most: u64) -> Self {
        let pieces = Pieces::new(extent, most.saturating_mul(FINEST));
        let words = 1 + pieces.of(extent.last) / u64::from(u64::BITS);
        Busy { pieces, bits: vec![0; words as usize] }
    }

    pub(super) fn mark(&mut self, time: u64) {
        let number = self.pieces.of(time);
        if let Some(word) = self.bits.get_mut((number / u64::from(u64::BITS)) as usize) {
            *word |= 1 << (number % u64::from(u64::BITS));
        }
    }

    /// The shortest pieces of which something is in so many at most.
    pub(super) fn divide(&self, most: u64) -> Pieces {
        let Pieces { first, width } = self.pieces;
        let mut times = 1;
        while self.count(times) > most.max(1) {
            times = (times + 1).max(times * 5 / 4);
        }
        Pieces { first, width: width.saturating_mul(times) }
    }

    /// In how many pieces something is that are so many times as long.
    fn count(&self, times: u64) -> u64 {
        let bits = u64::from(u64::BITS);
        let (mut count, mut last) = (0, None);
        for (word, &set) in (0..).zip(&self.bits) {
            let mut set = set;
            while set != 0 {
                let number = (word * bits + u64::from(set.trailing_zeros())) / times;
                count += u64::from(last.replace(number) != Some(number));
                set &= set - 1;
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_are_divided_finely_and_never_into_too_many_pieces() {
        let extent = Extent { events: 2_000, first: 100, last: 1_000_100 };
        for (times, most) in [
            // Two bursts at the ends, and nothing in between.
            ((0..1_000).map(|it| 100 + it).chain((0..1_000).map(|it| 999_101 + it)).collect(), 10),
            // All the time.
            ((0..2_000).map(|it| 100 + it * 500).collect::<Vec<u64>>(), 10),
            (vec![100, 1_000_100], 1),
        ] {
            let mut busy = Busy::new(extent, most);
            times.iter().for_each(|&time| busy.mark(time));
            let pieces = busy.divide(most);
            let mut used: Vec<_> = times.iter().map(|&time| pieces.of(time)).collect();
            used.dedup();
            assert!(used.len() as u64 <= most, "{pieces:?}");
            let evenly = 1 + 1_000_000 / most;
            assert!(pieces.width < 2 * evenly, "{pieces:?}");
            if times[1] == 101 {
                assert!(pieces.width * 32 < evenly, "{pieces:?}");
            }
        }
    }
}
