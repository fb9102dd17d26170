//! The critical path in the order of time, in bounded memory.
//!
//! Paths share their beginnings: a thread that takes over the path of another keeps a reference to
//! it. Segments shorter than a fixed part of the run are joined with each other, so that the number of
//! pieces is bounded, however long the run is.

use std::sync::Arc;

use super::critical_path::Segment;
use crate::reading::Nanos;
use crate::reading::catalog::ThreadIndex;

/// A stretch of a critical path: a segment, or several short ones that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The thread that the path is with; of a hand-over, the one that continues.
    pub thread: ThreadIndex,
    /// The segment; of several, one that takes much of the time.
    pub segment: Segment,
    /// Its start.
    pub from: Nanos,
    /// Its end.
    pub to: Nanos,
    /// The number of segments.
    pub count: u64,
    /// By how much `segment` outweighs the others: the counter of a majority vote.
    lead: Nanos,
}

impl Piece {
    /// A piece of one segment.
    pub(super) fn new(thread: ThreadIndex, segment: Segment, from: Nanos, to: Nanos) -> Self {
        Piece { thread, segment, from, to, count: 1, lead: to.since(from) }
    }

    fn length(&self) -> Nanos {
        self.to.since(self.from)
    }

    fn is_like(&self, other: &Piece) -> bool {
        self.thread == other.thread && self.segment == other.segment
    }

    /// Joins the piece that follows this one.
    ///
    /// Source of the vote: R. S. Boyer and J. S. Moore, "MJRTY: A Fast Majority Vote Algorithm",
    /// 1981.
    fn join(&mut self, next: &Piece) {
        if self.is_like(next) {
            self.lead += next.lead;
        } else if next.lead > self.lead {
            (self.thread, self.segment) = (next.thread, next.segment);
            self.lead = next.lead.since(self.lead);
        } else {
            self.lead = self.lead.since(next.lead);
        }
        self.to = next.to;
        self.count += next.count;
    }
}

/// The pieces of a path.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    last: Option<Piece>,
    before: Option<Arc<Earlier>>,
}

/// A piece that others follow, and those before it.
#[derive(Debug)]
struct Earlier {
    piece: Piece,
    before: Option<Arc<Earlier>>,
}

impl Pieces {
    /// Adds the next piece. Pieces that are shorter than `resolution` are joined with each other.
    pub(super) fn push(&mut self, piece: Piece, resolution: Nanos) {
        if piece.from >= piece.to {
            return;
        }
        match &mut self.last {
            Some(last) if last.count == 1 && last.is_like(&piece) => {
                last.to = piece.to;
                last.lead = last.length();
            }
            Some(last) if last.length() < resolution && piece.length() < resolution => {
                last.join(&piece);
            }
            last => {
                if let Some(piece) = last.replace(piece) {
                    let before = self.before.take();
                    self.before = Some(Arc::new(Earlier { piece, before }));
                }
            }
        }
    }

    /// Removes the part after `end`.
    pub(super) fn truncate(&mut self, end: Nanos) {
        while self.last.is_some_and(|last| last.from >= end) {
            let earlier = self.before.take();
            self.last = earlier.as_ref().map(|earlier| earlier.piece);
            self.before = earlier.and_then(|earlier| earlier.before.clone());
        }
        if let Some(last) = &mut self.last {
            last.to = last.to.min(end);
        }
    }

    /// All of them, in the order of time.
    pub(super) fn list(&self) -> Vec<Piece> {
        let mut pieces: Vec<_> = self.last.into_iter().collect();
        let mut next = &self.before;
        while let Some(earlier) = next {
            pieces.push(earlier.piece);
            next = &earlier.before;
        }
        pieces.reverse();
        pieces
    }
}

impl Drop for Pieces {
    /// A recursion could exhaust the stack.
    fn drop(&mut self) {
        let mut next = self.before.take();
        while let Some(mut earlier) = next.and_then(Arc::into_inner) {
            next = earlier.before.take();
        }
    }
}

impl PartialEq for Pieces {
    fn eq(&self, other: &Self) -> bool {
        self.list() == other.list()
    }
}

impl Eq for Pieces {}

#[cfg(test)]
mod tests {
    use super::*;

    const RESOLUTION: Nanos = Nanos::new(10);

    fn runs(thread: usize, from: u64, to: u64) -> Piece {
        let thread = ThreadIndex::from(thread);
        Piece::new(thread, Segment::Running(thread), Nanos::new(from), Nanos::new(to))
    }

    fn pieces(all: impl IntoIterator<Item = Piece>) -> Pieces {
        let mut pieces = Pieces::default();
        all.into_iter().for_each(|piece| pieces.push(piece, RESOLUTION));
        pieces
    }

    #[test]
    fn long_pieces_and_single_short_ones_stay() {
        let all = [runs(0, 0, 50), runs(1, 50, 53), runs(0, 53, 90)];
        assert_eq!(pieces(all).list(), all);
    }

    #[test]
    fn short_pieces_are_joined_under_the_longest() {
        let turns = (0..1000).map(|turn| match turn % 2 {
            0 => runs(0, turn / 2 * 5, turn / 2 * 5 + 4),
            _ => runs(1, turn / 2 * 5 + 4, turn / 2 * 5 + 5),
        });
        let list = pieces(turns).list();
        assert!(list.len() <= 500, "{} pieces of 2500 ns", list.len());
        assert!(list.iter().all(|piece| piece.thread == ThreadIndex::from(0)));
        assert_eq!(list.iter().map(|piece| piece.count).sum::<u64>(), 1000);
        assert!(list.windows(2).all(|pair| pair[0].to == pair[1].from));
    }

    #[test]
    fn paths_that_share_their_beginning_go_on_apart() {
        let first = pieces([runs(0, 0, 50), runs(1, 50, 90)]);
        let mut second = first.clone();
        second.truncate(Nanos::new(70));
        second.push(runs(2, 70, 100), RESOLUTION);
        assert_eq!(first.list(), [runs(0, 0, 50), runs(1, 50, 90)]);
        let mut cut = runs(1, 50, 90);
        cut.to = Nanos::new(70);
        assert_eq!(second.list(), [runs(0, 0, 50), cut, runs(2, 70, 100)]);
        second.truncate(Nanos::ZERO);
        assert_eq!(second.list(), []);
    }

    #[test]
    fn a_long_path_is_dropped_without_recursion() {
        let turns = (0..200_000).map(|turn| runs(turn as usize % 2, turn * 20, turn * 20 + 20));
        assert_eq!(pieces(turns).list().len(), 200_000);
    }
}
