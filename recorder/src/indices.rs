//! From numbers that a recording gives out to indices.

use std::collections::HashMap;

/// A map from numbers to indices. Numbers are given out one by one, so most stand in a
/// table; those that are too far from the others cost a map's time, and no room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Indices {
    /// [`NONE`] where there is none.
    near: Vec<u32>,
    far: HashMap<u32, usize>,
    /// How many were inserted.
    count: usize,
}

const NONE: u32 = u32::MAX;
/// So many numbers may be without an index, and this many times those that have one.
const SPARE: usize = 64;
const TIMES: usize = 8;

impl Indices {
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<usize> {
        match self.near.get(number as usize) {
            Some(&index) if index != NONE => Some(index as usize),
            _ if self.far.is_empty() => None,
            _ => self.far.get(&number).copied(),
        }
    }

    /// In place of the index that the number had.
    pub(crate) fn insert(&mut self, number: u32, index: usize) {
        self.count += 1;
        let place = number as usize;
        match u32::try_from(index) {
            Ok(near) if near != NONE && place < SPARE + TIMES * self.count => {
                self.near.resize(self.near.len().max(place + 1), NONE);
                self.near[place] = near;
            }
            _ => {
                if let Some(near) = self.near.get_mut(place) {
                    *near = NONE;
                }
                self.far.insert(number, index);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.near.clear();
        self.far.clear();
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_map_and_takes_no_room_for_what_is_not_there() {
        let mut indices = Indices::default();
        let mut model = HashMap::new();
        for index in 0..2_000_usize {
            let number = match index % 4 {
                0 => u32::MAX - index as u32,
                1 => 3 * index as u32,
                _ => index as u32 / 2,
            };
            let index = if index % 100 == 0 { usize::MAX - index } else { index };
            indices.insert(number, index);
            model.insert(number, index);
            assert!(indices.near.len() <= SPARE + TIMES * model.len() * 2);
        }
        for number in (0..10_000).chain(u32::MAX - 2_000..=u32::MAX) {
            assert_eq!(indices.get(number), model.get(&number).copied(), "{number}");
        }
        indices.insert(3, 1);
        indices.insert(3, usize::MAX);
        assert_eq!(indices.get(3), Some(usize::MAX));
        indices.clear();
        assert!((0..10_000).all(|number| indices.get(number).is_none()));
    }
}
