//! A map by message, for messages that are in flight.
//!
//! A thread counts its messages up, so those in flight have numbers that are close together: each
//! thread's stand in a ring, at their numbers. Ids that are not like that go to a hash map, so that a
//! forged recording cannot make a ring large.

use std::collections::HashMap;

use format::MessageId;
use typed_index_collections::TiVec;

use crate::reading::Nanos;
use crate::reading::catalog::ProcessIndex;
use crate::reading::id_map::IdMap;

/// The key of a message: message ids are unique only in their process.
pub(crate) type MessageKey = (ProcessIndex, MessageId);

/// A map by message.
#[derive(Clone, Debug)]
pub(crate) struct InFlight<T> {
    /// By process: the index of each sending thread's ring.
    places: TiVec<ProcessIndex, IdMap<u32>>,
    rings: Vec<Ring<T>>,
    /// Messages that are too far from the others of their thread.
    outliers: HashMap<MessageKey, Flying<T>>,
}

/// A message in flight.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flying<T> {
    /// It is received after this time; `None` if there is no message here.
    pub(crate) since: Option<Nanos>,
    /// What it carries.
    pub(crate) message: T,
}

/// Messages of one thread: those whose numbers are less than the number of slots from `first`.
#[derive(Clone, Debug)]
struct Ring<T> {
    first: u64,
    /// Each message is at its number modulo the number of slots, which is a power of two.
    slots: Vec<Flying<T>>,
}

/// The number of slots of a new ring.
const MIN_SLOTS: usize = 8;

/// A ring may have this many empty slots, and as many as it has messages.
const SPARE: usize = 1024;

/// Where a message is in the map, until the next message is inserted: the indices of its ring, and of
/// its slot there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    ring: u32,
    slot: u32,
}

impl Place {
    /// It is an outlier.
    const OUTLIER: Place = Place { ring: u32::MAX, slot: 0 };
}

impl<T: Default> InFlight<T> {
    pub(crate) fn new(processes: usize) -> Self {
        let places = vec![IdMap::default(); processes].into();
        InFlight { places, rings: Vec::new(), outliers: HashMap::new() }
    }

    /// Makes room for more processes.
    pub(crate) fn extend(&mut self, processes: usize) {
        self.places.resize_with(processes, IdMap::default);
    }

    /// Where the message is, if it is in the map.
    #[inline(always)]
    pub(crate) fn find(&self, key: MessageKey) -> Option<Place> {
        if let Some(place) = self.place(key)
            && self.rings[place.ring as usize].slots[place.slot as usize].since.is_some()
        {
            return Some(place);
        }
        if self.outliers.is_empty() { None } else { self.find_outlier(key) }
    }

    /// The place in a ring that this message has, if it has one, whether it is there or not.
    #[inline(always)]
    fn place(&self, (process, id): MessageKey) -> Option<Place> {
        let ring = self.places[process].get(id.thread())?;
        let slot = self.rings[ring as usize].slot(id.count())?;
        Some(Place { ring, slot: slot as u32 })
    }

    #[cold]
    fn find_outlier(&self, key: MessageKey) -> Option<Place> {
        self.outliers.contains_key(&key).then_some(Place::OUTLIER)
    }

    /// The message, which is at this place.
    #[inline(always)]
    pub(crate) fn at(&mut self, place: Place, key: MessageKey) -> Option<&mut Flying<T>> {
        match self.rings.get_mut(place.ring as usize) {
            Some(ring) => ring.slots.get_mut(place.slot as usize),
            None => self.outliers.get_mut(&key),
        }
    }

    /// Removes the message, which is at this place.
    #[inline(always)]
    pub(crate) fn remove(&mut self, place: Place, key: MessageKey) {
        match self.rings.get_mut(place.ring as usize) {
            Some(ring) => ring.slots[place.slot as usize].since = None,
            None => drop(self.outliers.remove(&key)),
        }
    }

    /// Inserts a message that is received after `since`. What it carries is left over from some other
    /// message.
    #[inline(always)]
    pub(crate) fn insert(&mut self, key: MessageKey, since: Nanos) -> Place {
        if self.outliers.is_empty()
            && let Some(place) = self.place(key)
        {
            self.rings[place.ring as usize].slots[place.slot as usize].since = Some(since);
            return place;
        }
        self.insert_elsewhere(key, since)
    }

    /// Inserts a message whose ring may have to change.
    #[cold]
    fn insert_elsewhere(&mut self, key: MessageKey, since: Nanos) -> Place {
        let (process, id) = key;
        self.outliers.remove(&key);
        let ring = self.places[process].get(id.thread()).unwrap_or_else(|| {
            let ring = self.rings.len() as u32;
            self.rings.push(Ring { first: id.count(), slots: Vec::new() });
            self.places[process].insert(id.thread(), ring);
            ring
        });
        let ring = &mut self.rings[ring as usize];
        if ring.slot(id.count()).is_none() {
            for (number, left_behind) in ring.make_room(id.count()) {
                self.outliers.insert((process, MessageId::new(id.thread(), number)), left_behind);
            }
        }
        let place = self.place(key).unwrap_or(Place::OUTLIER);
        match self.rings.get_mut(place.ring as usize) {
            Some(ring) => ring.slots[place.slot as usize].since = Some(since),
            None => {
                let flying = Flying { since: Some(since), message: T::default() };
                self.outliers.insert(key, flying);
            }
        }
        place
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let in_rings = self.rings.iter_mut().flat_map(|ring| &mut ring.slots);
        let all = in_rings.filter(|slot| slot.since.is_some()).chain(self.outliers.values_mut());
        all.map(|flying| &mut flying.message)
    }
}

impl<T: Default> Ring<T> {
    /// The index of this number's slot, if it has one.
    #[inline]
    fn slot(&self, number: u64) -> Option<usize> {
        let count = self.slots.len();
        (number.wrapping_sub(self.first) < count as u64)
            .then(|| number as usize & count.wrapping_sub(1))
    }

    /// Ensures that this number has a slot, unless it is below the first; returns the messages
    /// that have lost theirs.
    fn make_room(&mut self, number: u64) -> Vec<(u64, Flying<T>)> {
        if number < self.first {
            return Vec::new();
        }
        let slots = self.slots.len();
        let messages = self.slots.iter().filter(|slot| slot.since.is_some()).count();
        let mut numbers = self.first..self.first + slots as u64;
        let has_message =
            |number: &u64| self.slot(*number).is_some_and(|slot| self.slots[slot].since.is_some());
        let first = numbers.find(has_message);
        let first = first.unwrap_or(number);
        let wanted = ((number - first) as usize + 1).next_power_of_two();
        if wanted <= MIN_SLOTS.max(2 * messages + SPARE) {
            // At least half of the slots are free then: this does not happen again soon.
            self.move_to(first, slots.max(2 * wanted).max(MIN_SLOTS))
        } else {
            // Old messages that hold up so much room become outliers.
            self.move_to(first.max(number - slots as u64 / 2), slots.max(MIN_SLOTS))
        }
    }

    /// Gives the ring `count` slots for the numbers from `first` on; returns the messages that
    /// have lost theirs.
    fn move_to(&mut self, first: u64, count: usize) -> Vec<(u64, Flying<T>)> {
        let mut left_behind = Vec::new();
        let before = std::mem::replace(&mut self.first, first);
        let mask = (self.slots.len() as u64).wrapping_sub(1);
        let number_of = |place: usize| before + ((place as u64).wrapping_sub(before) & mask);
        for (place, slot) in self.slots.iter_mut().enumerate() {
            if number_of(place) < first && slot.since.is_some() {
                left_behind.push((number_of(place), std::mem::take(slot)));
            }
        }
        if count != self.slots.len() {
            let old = std::mem::take(&mut self.slots);
            self.slots.resize_with(count, Flying::default);
            for (place, flying) in old.into_iter().enumerate() {
                let is_there = flying.since.is_some();
                if let Some(slot) = self.slot(number_of(place)).filter(|_| is_there) {
                    self.slots[slot] = flying;
                }
            }
        }
        left_behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The number of places.
    fn room<T: Default>(messages: &InFlight<T>) -> usize {
        messages.rings.iter().map(|ring| ring.slots.len()).sum::<usize>() + messages.outliers.len()
    }

    fn put<T: Default>(messages: &mut InFlight<T>, key: MessageKey, message: T) {
        let place = messages.insert(key, Nanos::ZERO);
        messages.at(place, key).unwrap().message = message;
    }

    fn take<T: Copy + Default>(messages: &mut InFlight<T>, key: MessageKey) -> Option<T> {
        let place = messages.find(key)?;
        let message = messages.at(place, key).map(|flying| flying.message);
        messages.remove(place, key);
        message
    }

    #[test]
    fn a_message_that_is_never_received_does_not_hold_up_room() {
        let mut messages = InFlight::new(1);
        let key = |count| (ProcessIndex::from(0), MessageId::new(1, count));
        put(&mut messages, key(1), 1);
        for count in 2..100_000 {
            put(&mut messages, key(count), count);
            assert_eq!(take(&mut messages, key(count)), Some(count));
            assert!(room(&messages) <= 2 * SPARE + 1);
        }
        assert_eq!(take(&mut messages, key(1)), Some(1));
        assert_eq!(messages.values_mut().count(), 0);
    }

    #[test]
    fn forged_ids_do_not_make_rings_large() {
        let mut messages = InFlight::new(1);
        for index in 0..1_000 {
            let count = if index % 2 == 0 { index } else { (1 << 40) - 1 - index };
            let thread = MessageId::MAX_THREAD - 1_000 * index as u32;
            put(&mut messages, (ProcessIndex::from(0), MessageId::new(1, count)), index);
            put(&mut messages, (ProcessIndex::from(0), MessageId::new(thread, count)), index);
        }
        assert!(room(&messages) <= 1_000 * MIN_SLOTS + 2 * SPARE + 2_000);
        assert_eq!(messages.values_mut().map(|value| *value).sum::<u64>(), 999 * 1_000);
    }

    proptest! {
        #[test]
        fn it_is_a_map(
            steps in prop::collection::vec(
                (0usize..2, 0u32..3, prop_oneof![0u64..50, 0u64..5_000, Just(1 << 39)], 0u8..5),
                0..400,
            ),
        ) {
            let mut messages = InFlight::new(2);
            let mut model = HashMap::new();
            for (value, (process, thread, count, what)) in steps.into_iter().enumerate() {
                let key = (ProcessIndex::from(process), MessageId::new(thread, count));
                match what {
                    0 => prop_assert_eq!(take(&mut messages, key), model.remove(&key)),
                    1 => {
                        let found = messages.find(key);
                        let found = found.and_then(|place| messages.at(place, key));
                        let found = found.map(|flying| flying.message);
                        prop_assert_eq!(found, model.get(&key).copied());
                    }
                    _ => {
                        put(&mut messages, key, value);
                        model.insert(key, value);
                    }
                }
            }
            let sorted = |mut values: Vec<usize>| {
                values.sort_unstable();
                values
            };
            let there = sorted(messages.values_mut().map(|value| *value).collect());
            prop_assert_eq!(there, sorted(model.into_values().collect()));
        }
    }
}
