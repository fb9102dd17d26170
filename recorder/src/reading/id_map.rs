//! Maps from the numbers that a recording gives out to indices.

use std::collections::HashMap;

/// A map from numbers to indices.
///
/// A process counts its numbers up, so most stand in a table. Numbers that are far from the others
/// go to a hash map: a forged recording cannot make the table large.
#[derive(Clone, Debug)]
pub(crate) struct IdMap<I> {
    table: Vec<Option<I>>,
    outliers: HashMap<u32, I>,
    inserted: usize,
}

/// The table may have this many empty places, and…
const SPARE: usize = 64;
/// …this many places for each number in the map.
const PLACES_PER_NUMBER: usize = 8;

impl<I> Default for IdMap<I> {
    fn default() -> Self {
        IdMap { table: Vec::new(), outliers: HashMap::new(), inserted: 0 }
    }
}

impl<I: Copy> IdMap<I> {
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<I> {
        match self.table.get(number as usize) {
            Some(&Some(index)) => Some(index),
            _ if self.outliers.is_empty() => None,
            _ => self.outliers.get(&number).copied(),
        }
    }

    /// Maps `number` to `index`, whatever it was mapped to before.
    pub(crate) fn insert(&mut self, number: u32, index: I) {
        self.inserted += 1;
        let place = number as usize;
        if place < SPARE + PLACES_PER_NUMBER * self.inserted {
            self.table.resize(self.table.len().max(place + 1), None);
            self.table[place] = Some(index);
        } else {
            if let Some(entry) = self.table.get_mut(place) {
                *entry = None;
            }
            self.outliers.insert(number, index);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.table.clear();
        self.outliers.clear();
        self.inserted = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_map_whose_table_stays_small() {
        let mut ids = IdMap::default();
        let mut model = HashMap::new();
        for index in 0..2_000_usize {
            let number = match index % 4 {
                0 => u32::MAX - index as u32,
                1 => 3 * index as u32,
                _ => index as u32 / 2,
            };
            ids.insert(number, index);
            model.insert(number, index);
            assert!(ids.table.len() <= SPARE + PLACES_PER_NUMBER * model.len() * 2);
        }
        for number in (0..10_000).chain(u32::MAX - 2_000..=u32::MAX) {
            assert_eq!(ids.get(number), model.get(&number).copied(), "{number}");
        }
        ids.insert(3, 1);
        ids.insert(3, 2);
        assert_eq!(ids.get(3), Some(2));
        ids.clear();
        assert!((0..10_000).all(|number| ids.get(number).is_none()));
    }
}
