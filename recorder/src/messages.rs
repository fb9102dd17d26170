//! What is known of messages that are on their way, by their ids.
//!
//! A thread numbers its messages one by one, so those that are on their way stand close
//! together: each thread's are in a queue, at their numbers. Ids that are not like that
//! cost a map's time, and never room for what is not there.

use std::collections::{HashMap, VecDeque};

use format::MessageId;

use crate::indices::{Index, Indices};

/// A message, told apart from those of other processes.
pub(crate) type MessageKey = (usize, MessageId);

/// A map by message.
#[derive(Debug)]
pub(crate) struct Messages<T> {
    /// By process: where the queue is of each thread that sends.
    places: Vec<Indices>,
    queues: Vec<Queue<T>>,
    /// Messages that are too far from the others of their thread.
    others: HashMap<MessageKey, T>,
}

/// Messages of one thread.
#[derive(Debug)]
struct Queue<T> {
    /// The number of the first.
    base: u64,
    messages: VecDeque<Option<T>>,
    /// How many are there.
    count: usize,
}

/// So many numbers without a message a queue may hold, and as many as it has messages.
const SPARE: usize = 1024;

impl<T> Messages<T> {
    /// No messages, of so many processes.
    pub(crate) fn new(processes: usize) -> Self {
        Messages {
            places: vec![Indices::default(); processes],
            queues: Vec::new(),
            others: HashMap::new(),
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: MessageKey) -> Option<&mut T> {
        let place = self.places[key.0].get(key.1.thread()).map(Index::get);
        match place.and_then(|place| self.queues[place].get_mut(key.1.count())) {
            None if !self.others.is_empty() => self.others.get_mut(&key),
            message => message,
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, key: MessageKey) -> Option<T> {
        let place = self.places[key.0].get(key.1.thread()).map(Index::get);
        match place.and_then(|place| self.queues[place].remove(key.1.count())) {
            None if !self.others.is_empty() => self.others.remove(&key),
            message => message,
        }
    }

    /// In place of what there was of this message.
    #[inline]
    pub(crate) fn insert(&mut self, key: MessageKey, message: T) {
        let (process, id) = key;
        let place = self.places[process].get(id.thread()).map(Index::get);
        let place = place.unwrap_or_else(|| self.begin_queue(process, id.thread()));
        if !self.others.is_empty() {
            self.others.remove(&key);
        }
        let queue = &mut self.queues[place];
        let end = queue.base + queue.messages.len() as u64;
        if queue.count == 0 || id.count() > end + SPARE as u64 {
            // What is still on its way is left behind.
            while queue.count > 0 {
                queue.leave_behind((process, id.thread()), &mut self.others);
            }
            queue.messages.clear();
            queue.base = id.count();
        }
        if id.count() < queue.base {
            self.others.insert(key, message);
            return;
        }
        queue.insert(id.count(), message);
        while queue.messages.len() > 2 * queue.count + SPARE {
            queue.leave_behind((process, id.thread()), &mut self.others);
        }
    }

    #[cold]
    fn begin_queue(&mut self, process: usize, thread: u32) -> usize {
        self.queues.push(Queue { base: 0, messages: VecDeque::new(), count: 0 });
        self.places[process].insert(thread, self.queues.len() - 1);
        self.queues.len() - 1
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let queued = self.queues.iter_mut().flat_map(|queue| queue.messages.iter_mut().flatten());
        queued.chain(self.others.values_mut())
    }

    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        let queued = self.queues.into_iter().flat_map(|queue| queue.messages.into_iter().flatten());
        queued.chain(self.others.into_values())
    }
}

impl<T> Queue<T> {
    #[inline]
    fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let index = usize::try_from(number.checked_sub(self.base)?).ok()?;
        self.messages.get_mut(index)?.as_mut()
    }

    #[inline]
    fn remove(&mut self, number: u64) -> Option<T> {
        let index = usize::try_from(number.checked_sub(self.base)?).ok()?;
        let message = self.messages.get_mut(index)?.take()?;
        self.count -= 1;
        while let Some(None) = self.messages.front() {
            self.messages.pop_front();
            self.base += 1;
        }
        Some(message)
    }

    /// Puts a message at its number, which is not below the first and not far beyond the last.
    #[inline]
    fn insert(&mut self, number: u64, message: T) {
        let index = (number - self.base) as usize;
        while self.messages.len() <= index {
            self.messages.push_back(None);
        }
        self.count += usize::from(self.messages[index].replace(message).is_none());
    }

    /// Has the first number's message elsewhere, if there is one.
    #[cold]
    fn leave_behind(&mut self, (process, thread): (usize, u32), to: &mut HashMap<MessageKey, T>) {
        if let Some(message) = self.messages.pop_front().flatten() {
            to.insert((process, MessageId::new(thread, self.base)), message);
            self.count -= 1;
        }
        self.base += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How many places there are.
    fn room<T>(messages: &Messages<T>) -> usize {
        messages.queues.iter().map(|queue| queue.messages.len()).sum::<usize>()
            + messages.others.len()
    }

    #[test]
    fn a_message_that_nobody_receives_does_not_hold_up_room() {
        let mut messages = Messages::new(1);
        let key = |count| (0, MessageId::new(1, count));
        messages.insert(key(1), 1);
        for count in 2..100_000 {
            messages.insert(key(count), count);
            assert_eq!(messages.remove(key(count)), Some(count));
            assert!(room(&messages) <= SPARE + 5);
        }
        assert_eq!(messages.remove(key(1)), Some(1));
        assert_eq!(room(&messages), 0);
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
        assert_eq!(room(&messages), 2_000);
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
