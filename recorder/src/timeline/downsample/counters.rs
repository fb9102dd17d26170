//! Counters with fewer values, among which are all peaks.

use anyhow::Result;

use super::survey::Extent;
use super::time_slots::{Busy, Pieces};
use crate::timeline::item::{Counter, Item};

/// A counter. Time is divided evenly, and of each piece the lowest and the highest value are
/// kept and the last: until the next piece the counter has that.
#[derive(Debug)]
pub(super) struct Gauge {
    /// Whether all of its values are kept.
    whole: bool,
    /// When it has values.
    busy: Busy,
    pieces: Pieces,
    /// How many values have come.
    passed: u64,
    piece: Option<Piece>,
    /// How many values were left out.
    pub(super) left_out: u64,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    number: u64,
    values: u64,
    lowest: Value,
    highest: Value,
    last: Value,
}

/// A value, and how many came before it.
#[derive(Clone, Copy, Debug)]
struct Value {
    counter: Counter,
    place: u64,
}

/// So many values are kept of each piece.
const KEPT: u64 = 3;

impl Gauge {
    /// One that has room for so many values, and no fewer than three.
    pub(super) fn new(extent: Extent, level: u64) -> Self {
        let whole = extent.events <= level;
        let busy = Busy::new(extent, if whole { 1 } else { level / KEPT });
        Gauge { whole, pieces: busy.divide(1), busy, passed: 0, piece: None, left_out: 0 }
    }

    /// It has a value then.
    pub(super) fn mark(&mut self, time: u64) {
        if !self.whole {
            self.busy.mark(time);
        }
    }

    /// All its values are known: so many are kept at most.
    pub(super) fn divide(&mut self, level: u64) {
        self.pieces = self.busy.divide(level / KEPT);
    }

    pub(super) fn counter(
        &mut self,
        counter: Counter,
        tell: &mut dyn FnMut(&Item) -> Result<()>,
    ) -> Result<()> {
        if self.whole {
            return tell(&Item::Counter(counter));
        }
        let number = self.pieces.of(counter.time);
        let value = Value { counter, place: self.passed };
        self.passed += 1;
        // Values may come late: by a nanosecond, or at the end where clocks differ.
        match &mut self.piece {
            Some(piece) if number <= piece.number => {
                piece.add(value);
                Ok(())
            }
            _ => {
                self.finish(tell)?;
                let (lowest, highest, last) = (value, value, value);
                self.piece = Some(Piece { number, values: 1, lowest, highest, last });
                Ok(())
            }
        }
    }

    /// Tells what is not told yet.
    pub(super) fn finish(&mut self, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
        let Some(Piece { values, lowest, highest, last, .. }) = self.piece.take() else {
            return Ok(());
        };
        let mut kept = vec![lowest, highest, last];
        kept.sort_unstable_by_key(Value::order);
        kept.dedup_by_key(|value| value.place);
        self.left_out += values - kept.len() as u64;
        kept.iter().try_for_each(|value| tell(&Item::Counter(value.counter)))
    }
}

impl Piece {
    fn add(&mut self, value: Value) {
        self.values += 1;
        if value.counter.value < self.lowest.counter.value {
            self.lowest = value;
        }
        if value.counter.value > self.highest.counter.value {
            self.highest = value;
        }
        if value.order() > self.last.order() {
            self.last = value;
        }
    }
}

impl Value {
    fn order(&self) -> (u64, u64) {
        (self.counter.time, self.place)
    }
}
