//! Indices, and from numbers that a recording gives out to them.

use std::collections::HashMap;
use std::num::NonZeroU32;

/// An index into one of the lists of the [`Entities`](crate::reading::catalog::Entities). It takes
/// four bytes, an `Option` of it too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Index(
    /// One more than the index.
    NonZeroU32,
);

impl Index {
    /// This index; `None` where it is too large for four bytes.
    #[inline]
    pub fn new(index: usize) -> Option<Self> {
        let next = u32::try_from(index).ok()?.checked_add(1)?;
        NonZeroU32::new(next).map(Index)
    }

    /// The index as a list takes it.
    #[inline]
    pub fn get(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.get().fmt(f)
    }
}

/// A map from numbers to indices. Numbers are given out one by one, so most stand in a
/// table; those that are too far from the others cost a map's time, and no room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Indices {
    near: Vec<Option<Index>>,
    far: HashMap<u32, Index>,
    /// How many were inserted.
    count: usize,
}

/// So many numbers may be without an index, and this many times those that have one.
const SPARE: usize = 64;
const TIMES: usize = 8;

impl Indices {
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<Index> {
        match self.near.get(number as usize) {
            Some(&Some(index)) => Some(index),
            _ if self.far.is_empty() => None,
            _ => self.far.get(&number).copied(),
        }
    }

    /// In place of the index that the number had. What is too large for an index is left out.
    pub(crate) fn insert(&mut self, number: u32, index: usize) {
        let Some(index) = Index::new(index) else { return };
        self.count += 1;
        let place = number as usize;
        if place < SPARE + TIMES * self.count {
            self.near.resize(self.near.len().max(place + 1), None);
            self.near[place] = Some(index);
        } else {
            if let Some(near) = self.near.get_mut(place) {
                *near = None;
            }
            self.far.insert(number, index);
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
            indices.insert(number, index);
            model.insert(number, index);
            assert!(indices.near.len() <= SPARE + TIMES * model.len() * 2);
        }
        for number in (0..10_000).chain(u32::MAX - 2_000..=u32::MAX) {
            assert_eq!(
                indices.get(number).map(Index::get),
                model.get(&number).copied(),
                "{number}"
            );
        }
        indices.insert(3, 1);
        indices.insert(3, 2);
        assert_eq!(indices.get(3), Index::new(2));
        indices.clear();
        assert!((0..10_000).all(|number| indices.get(number).is_none()));
    }

    #[test]
    fn an_index_is_what_it_was_made_of_and_takes_no_more_room_if_there_may_be_none() {
        let largest = u32::MAX as usize - 1;
        for index in [0, 1, largest] {
            assert_eq!(Index::new(index).map(Index::get), Some(index));
        }
        assert_eq!(Index::new(largest + 1), None);
        assert_eq!(size_of::<Option<Index>>(), 4);
    }
}
