//! What is known of messages that are on their way, by their ids.
//!
//! A thread numbers its messages one by one, so those that are on their way stand close
//! together: each thread's are in a ring, at their numbers. Ids that are not like that
//! cost a map's time, and never room for what is not there.

use std::collections::HashMap;

use format::MessageId;

use crate::reading::id_map::Indices;

/// A message, told apart from those of other processes.
pub(crate) type MessageKey = (usize, MessageId);

/// A map by message.
#[derive(Debug)]
pub(crate) struct Messages<T> {
    /// By process: where the ring is of each thread that sends.
    places: Vec<Indices>,
    rings: Vec<Ring<T>>,
    /// Messages that are too far from the others of their thread.
    others: HashMap<MessageKey, T>,
}

/// Messages of one thread: those with so many numbers from the first on as there are slots.
#[derive(Debug)]
struct Ring<T> {
    first: u64,
    /// Each at its number modulo their count, which is a power of two.
    slots: Vec<Option<T>>,
}

/// So many numbers a ring has at first.
const LEAST: usize = 8;

/// So many numbers without a message a ring may have, and as many as it has messages.
const SPARE: usize = 1024;

impl<T> Messages<T> {
    /// No messages, of so many processes.
    pub(crate) fn new(processes: usize) -> Self {
        Messages {
            places: vec![Indices::default(); processes],
            rings: Vec::new(),
            others: HashMap::new(),
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: MessageKey) -> Option<&mut T> {
        match slot(&self.places, &mut self.rings, key).and_then(Option::as_mut) {
            None if !self.others.is_empty() => self.others.get_mut(&key),
            message => message,
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, key: MessageKey) -> Option<T> {
        match slot(&self.places, &mut self.rings, key).and_then(Option::take) {
            None if !self.others.is_empty() => self.others.remove(&key),
            message => message,
        }
    }

    /// Removes the message if it `may` go; gives what is known of it, and whether it is gone.
    #[inline]
    pub(crate) fn remove_if(
        &mut self,
        key: MessageKey,
        may: impl FnOnce(T) -> bool,
    ) -> Option<(T, bool)>
    where
        T: Copy,
    {
        if let Some(slot) = slot(&self.places, &mut self.rings, key)
            && let Some(message) = *slot
        {
            let gone = may(message);
            if gone {
                *slot = None;
            }
            return Some((message, gone));
        }
        if self.others.is_empty() {
            return None;
        }
        let message = *self.others.get(&key)?;
        let gone = may(message);
        if gone {
            self.others.remove(&key);
        }
        Some((message, gone))
    }

    /// In place of what there was of this message.
    #[inline]
    pub(crate) fn insert(&mut self, key: MessageKey, message: T) {
        if !self.others.is_empty() {
            self.others.remove(&key);
        }
        match slot(&self.places, &mut self.rings, key) {
            Some(slot) => *slot = Some(message),
            None => self.insert_elsewhere(key, message),
        }
    }

    /// A message for which there is no slot yet.
    #[cold]
    fn insert_elsewhere(&mut self, key: MessageKey, message: T) {
        let (process, id) = key;
        let place = match self.places[process].get(id.thread()) {
            Some(place) => place.get(),
            None => {
                self.rings.push(Ring { first: id.count(), slots: Vec::new() });
                self.places[process].insert(id.thread(), self.rings.len() - 1);
                self.rings.len() - 1
            }
        };
        let ring = &mut self.rings[place];
        for (number, left_behind) in ring.make_room(id.count()) {
            self.others.insert((process, MessageId::new(id.thread(), number)), left_behind);
        }
        match ring.slot(id.count()) {
            Some(slot) => *slot = Some(message),
            None => drop(self.others.insert(key, message)),
        }
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let in_rings = self.rings.iter_mut().flat_map(|ring| ring.slots.iter_mut().flatten());
        in_rings.chain(self.others.values_mut())
    }

    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        let in_rings = self.rings.into_iter().flat_map(|ring| ring.slots.into_iter().flatten());
        in_rings.chain(self.others.into_values())
    }
}

/// The slot of this message, if its thread's ring has one. In line, since every event asks.
#[inline(always)]
fn slot<'a, T>(
    places: &[Indices],
    rings: &'a mut [Ring<T>],
    (process, id): MessageKey,
) -> Option<&'a mut Option<T>> {
    let place = places[process].get(id.thread())?;
    rings[place.get()].slot(id.count())
}

impl<T> Ring<T> {
    #[inline]
    fn slot(&mut self, number: u64) -> Option<&mut Option<T>> {
        let count = self.slots.len();
        if number.wrapping_sub(self.first) >= count as u64 {
            return None;
        }
        self.slots.get_mut(number as usize & count.wrapping_sub(1))
    }

    /// Sees to it that this number has a slot, unless it is below the first; gives the messages
    /// that have lost theirs.
    fn make_room(&mut self, number: u64) -> Vec<(u64, T)> {
        if number < self.first {
            return Vec::new();
        }
        let slots = self.slots.len();
        let there = self.slots.iter().flatten().count();
        let mut numbers = self.first..self.first + slots as u64;
        let begin = numbers.find(|&number| self.slot(number).is_some_and(|slot| slot.is_some()));
        let begin = begin.unwrap_or(number);
        let wanted = ((number - begin) as usize + 1).next_power_of_two();
        if wanted <= LEAST.max(2 * there + SPARE) {
            // At least half of them are free then, so that this is not done soon again.
            self.move_to(begin, slots.max(2 * wanted).max(LEAST))
        } else {
            // What holds up so much room goes elsewhere.
            self.move_to(begin.max(number - slots as u64 / 2), slots.max(LEAST))
        }
    }

    /// Has so many slots, for the numbers from `first` on; gives the messages that have lost
    /// theirs.
    fn move_to(&mut self, first: u64, count: usize) -> Vec<(u64, T)> {
        let mut left_behind = Vec::new();
        let before = std::mem::replace(&mut self.first, first);
        let mask = (self.slots.len() as u64).wrapping_sub(1);
        let number_of = |place: usize| before + ((place as u64).wrapping_sub(before) & mask);
        for (place, slot) in self.slots.iter_mut().enumerate() {
            if number_of(place) < first {
                left_behind.extend(slot.take().map(|message| (number_of(place), message)));
            }
        }
        if count != self.slots.len() {
            let old = std::mem::take(&mut self.slots);
            self.slots.resize_with(count, || None);
            for (place, message) in old.into_iter().enumerate() {
                if let Some(slot) = self.slot(number_of(place)).filter(|_| message.is_some()) {
                    *slot = message;
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

    /// How many places there are.
    fn room<T>(messages: &Messages<T>) -> usize {
        messages.rings.iter().map(|ring| ring.slots.len()).sum::<usize>() + messages.others.len()
    }

    #[test]
    fn a_message_that_nobody_receives_does_not_hold_up_room() {
        let mut messages = Messages::new(1);
        let key = |count| (0, MessageId::new(1, count));
        messages.insert(key(1), 1);
        for count in 2..100_000 {
            messages.insert(key(count), count);
            assert_eq!(messages.remove(key(count)), Some(count));
            assert!(room(&messages) <= 2 * SPARE + 1);
        }
        assert_eq!(messages.remove(key(1)), Some(1));
        assert_eq!(messages.into_values().count(), 0);
    }

    #[test]
    fn forged_ids_take_no_room_for_what_is_not_there() {
        let mut messages = Messages::new(1);
        for index in 0..1_000 {
            let count = if index % 2 == 0 { index } else { (1 << 40) - 1 - index };
            let thread = MessageId::MAX_THREAD - 1_000 * index as u32;
            messages.insert((0, MessageId::new(1, count)), index);
            messages.insert((0, MessageId::new(thread, count)), index);
        }
        assert!(room(&messages) <= 1_000 * LEAST + 2 * SPARE + 2_000);
        assert_eq!(messages.into_values().sum::<u64>(), 999 * 1_000);
    }

    proptest! {
        #[test]
        fn it_is_a_map(
            steps in prop::collection::vec(
                (0usize..2, 0u32..3, prop_oneof![0u64..50, 0u64..5_000, Just(1 << 39)], 0u8..5),
                0..400,
            ),
        ) {
            let mut messages = Messages::new(2);
            let mut model = HashMap::new();
            for (value, (process, thread, count, what)) in steps.into_iter().enumerate() {
                let key = (process, MessageId::new(thread, count));
                match what {
                    0 if value % 3 == 0 => {
                        let may = value % 2 == 0;
                        let there = model.get(&key).map(|&message| (message, may));
                        prop_assert_eq!(messages.remove_if(key, |_| may), there);
                        model.retain(|other, _| !may || *other != key);
                    }
                    0 => prop_assert_eq!(messages.remove(key), model.remove(&key)),
                    1 => prop_assert_eq!(messages.get_mut(key), model.get_mut(&key)),
                    _ => {
                        messages.insert(key, value);
                        model.insert(key, value);
                    }
                }
            }
            let sorted = |mut values: Vec<usize>| {
                values.sort_unstable();
                values
            };
            let there = sorted(messages.values_mut().map(|value| *value).collect());
            prop_assert_eq!(&there, &sorted(model.into_values().collect()));
            prop_assert_eq!(there, sorted(messages.into_values().collect()));
        }
    }
}
