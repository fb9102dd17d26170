//! Slices that are alike: what they have in common is made once, and then only found.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHashMap;

use crate::reading::catalog::Entities;
use crate::timeline::item::{Category, On, Slice};

/// A word of the program's own. There are few, and each is mostly at one place in memory.
#[derive(Clone, Copy, Debug, Eq)]
pub(crate) struct Word(pub(crate) &'static str);

impl Word {
    /// Whether the two are at one place in memory.
    #[inline]
    fn is(self, other: Word) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl PartialEq for Word {
    #[inline]
    fn eq(&self, other: &Word) -> bool {
        self.is(*other) || self.0 == other.0
    }
}

impl Hash for Word {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let first = self.0.as_bytes().first().copied().unwrap_or(0);
        hasher.write_u16(u16::from_le_bytes([first, self.0.len() as u8]));
    }
}

/// What slices have in common that differ in thread, time and numbers, and in words that are not
/// part of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    verb: Word,
    note: Word,
    operation: Word,
    on: Option<On>,
    site: Option<usize>,
    /// If it has a name: its process and number.
    endpoint: Option<(usize, u32)>,
    instant: bool,
    category: Category,
}

impl Shape {
    #[inline]
    pub(crate) fn of(slice: &Slice, entities: &Entities) -> Self {
        let process = entities.threads[slice.thread].process;
        let is_named = |endpoint: &_| entities.endpoint_name(process, *endpoint).is_some();
        Shape {
            verb: Word(slice.verb),
            note: Word(slice.note),
            operation: Word(slice.operation),
            on: slice.on,
            site: slice.site,
            endpoint: slice.endpoint.filter(is_named).map(|endpoint| (process, endpoint)),
            instant: slice.end == Some(slice.begin),
            category: slice.category,
        }
    }

    /// Whether the two are the same at first sight.
    #[inline]
    fn is(&self, other: &Shape) -> bool {
        self.on == other.on
            && self.site == other.site
            && self.endpoint == other.endpoint
            && self.verb.is(other.verb)
            && self.note.is(other.note)
            && self.operation.is(other.operation)
            && self.instant == other.instant
            && self.category == other.category
    }
}

/// What was made of shapes.
///
/// Whoever makes a recording that is slow to look up harms nobody else: a fast hash is good
/// enough.
#[derive(Debug)]
pub(crate) struct Shapes<T> {
    all: Vec<T>,
    places: FxHashMap<Shape, usize>,
    /// Those that were met last, and where they are: the same few come again and again.
    recent: Vec<(Shape, usize)>,
    /// The oldest of those.
    oldest: usize,
}

/// So many shapes are kept: where there are more, most channels are used for little.
const MOST: usize = 1 << 13;
const RECENT: usize = 4;

impl<T> Shapes<T> {
    pub(crate) fn new() -> Self {
        Shapes { all: Vec::new(), places: FxHashMap::default(), recent: Vec::new(), oldest: 0 }
    }

    /// Where that is which was made of the shape, if it is known.
    #[inline]
    pub(crate) fn find(&mut self, shape: &Shape) -> Option<usize> {
        match self.recent.iter().find(|(known, _)| known.is(shape)) {
            Some(&(_, place)) => Some(place),
            None => self.find_older(shape),
        }
    }

    #[cold]
    fn find_older(&mut self, shape: &Shape) -> Option<usize> {
        let place = *self.places.get(shape)?;
        self.remember(*shape, place);
        Some(place)
    }

    /// Keeps what was made of a shape that is not known; gives its place.
    pub(crate) fn insert(&mut self, shape: Shape, made: T) -> usize {
        if self.all.len() == MOST {
            *self = Shapes::new();
        }
        let place = self.all.len();
        self.all.push(made);
        self.places.insert(shape, place);
        self.remember(shape, place);
        place
    }

    fn remember(&mut self, shape: Shape, place: usize) {
        if self.recent.len() < RECENT {
            self.recent.push((shape, place));
        } else {
            self.recent[self.oldest] = (shape, place);
            self.oldest = (self.oldest + 1) % RECENT;
        }
    }

    /// What is at this place.
    #[inline]
    pub(crate) fn at(&self, place: usize) -> &T {
        &self.all[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_found_until_there_are_too_many() {
        let shape = |site| Shape {
            verb: Word("send"),
            note: Word(""),
            operation: Word("send"),
            on: Some(On::Channel(1)),
            site: Some(site),
            endpoint: None,
            instant: true,
            category: Category::Channel,
        };
        let mut shapes = Shapes::new();
        for site in 0..MOST {
            assert_eq!(shapes.find(&shape(site)), None);
            let place = shapes.insert(shape(site), site);
            assert_eq!(shapes.at(place), &site);
        }
        for site in [0, MOST - 1, 5, 0, 1, 2, 3, 0] {
            let place = shapes.find(&shape(site)).unwrap();
            assert_eq!(shapes.at(place), &site);
        }
        // Equal words need not be at one place.
        let verb = Word(String::from("send").leak());
        assert!(shapes.find(&Shape { verb, ..shape(7) }).is_some());
        shapes.insert(shape(MOST), MOST);
        assert_eq!((shapes.find(&shape(0)), shapes.find(&shape(MOST))), (None, Some(0)));
    }
}
