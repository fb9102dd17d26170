//! The choices of a run, and the part of them that leads to a prediction.

use std::collections::BTreeMap;

use format::{BlockHeader, Event, Phase};

use crate::explore::order::events;

/// What a thread did from one choice to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    thread: u32,
    /// The steps of its thread before it: operations, their starts and ends, and what is about
    /// endpoints.
    before: u64,
    /// The operations that its thread has completed after it.
    completed: u64,
}

/// All turns of a run, in order.
#[derive(Debug)]
pub(super) struct Trace {
    turns: Vec<Turn>,
}

impl Trace {
    /// Reads the blocks of a process in which all choices were recorded; `None` if one is missing.
    pub(super) fn new(blocks: &[(BlockHeader, Vec<u8>)]) -> Option<Self> {
        let process = blocks.first()?.0.process;
        let mut turns: BTreeMap<u64, Turn> = BTreeMap::new();
        let mut last = (0, None);
        let (mut steps, mut completed) = (0, 0);
        for (header, records) in blocks {
            let thread = header.thread;
            if header.process != process || thread == 0 {
                continue;
            }
            if thread != last.0 {
                last = (thread, None);
                (steps, completed) = (0, 0);
            }
            for event in events(records) {
                match event {
                    Event::Chosen { step, .. } => {
                        last.1 = Some(step);
                        turns.insert(step, Turn { thread, before: steps, completed });
                    }
                    Event::Operation { kind, .. } => {
                        steps += 1;
                        completed += u64::from(kind.phase() != Phase::Begin);
                    }
                    Event::ChannelCreated { .. }
                    | Event::SenderCloned { .. }
                    | Event::ReceiverCloned { .. }
                    | Event::SenderDropped { .. }
                    | Event::ReceiverDropped { .. } => steps += 1,
                    _ => {}
                }
                if let Some(turn) = last.1.and_then(|step| turns.get_mut(&step)) {
                    turn.completed = completed;
                }
            }
        }
        let is_complete = turns.keys().zip(0..).all(|(&step, number)| step == number);
        is_complete.then(|| Trace { turns: turns.into_values().collect() })
    }

    /// The turns that begin before each thread has done as many steps, in their order; then one of each
    /// of the `last` threads.
    pub(super) fn schedule(
        &self,
        before: &BTreeMap<u32, u64>,
        last: impl Iterator<Item = u32>,
    ) -> Schedule {
        let is_in = |turn: &&Turn| before.get(&turn.thread).is_some_and(|&it| turn.before < it);
        let turns = self.turns.iter().filter(is_in).copied();
        Schedule { turns: turns.collect(), last: last.collect() }
    }
}

/// A schedule, as far as it is determined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    turns: Vec<Turn>,
    last: Vec<u32>,
}

impl Schedule {
    /// The thread of each choice.
    pub(super) fn threads(&self) -> impl Iterator<Item = u32> {
        self.turns.iter().map(|turn| turn.thread).chain(self.last.iter().copied())
    }

    /// Corrects the schedule where a thread did not have to wait in the actual run, because another one
    /// did less: its next turn would have been the end of the wait. Returns whether there was such a
    /// place.
    pub(super) fn correct(&mut self, actual: &Trace) -> bool {
        for (index, (turn, actual)) in self.turns.iter().zip(&actual.turns).enumerate() {
            if turn.thread != actual.thread {
                return false;
            }
            if actual.completed == turn.completed {
                continue;
            }
            let Turn { thread, .. } = *turn;
            let mut later = (index + 1..).zip(&self.turns[index + 1..]);
            let next = later.find(|(_, later)| later.thread == thread);
            return match next {
                Some((next, _)) if actual.completed > turn.completed => {
                    self.turns[index].completed = actual.completed;
                    self.turns.remove(next);
                    true
                }
                _ => false,
            };
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(thread: u32, before: u64, completed: u64) -> Turn {
        Turn { thread, before, completed }
    }

    #[test]
    fn a_schedule_has_the_turns_before_the_prediction_and_one_of_each_of_its_threads() {
        let turns = vec![turn(1, 0, 1), turn(2, 0, 1), turn(1, 1, 2), turn(2, 1, 2), turn(3, 0, 1)];
        let before = BTreeMap::from([(1, 2), (2, 1)]);
        let schedule = Trace { turns }.schedule(&before, [2, 1].into_iter());
        assert_eq!(schedule.threads().collect::<Vec<_>>(), [1, 2, 1, 2, 1]);
    }

    #[test]
    fn a_wait_that_is_not_needed_any_more_is_left_out() {
        let turns = vec![turn(1, 0, 0), turn(2, 0, 1), turn(1, 1, 1), turn(1, 2, 2)];
        let mut schedule = Schedule { turns, last: vec![2] };
        let actual = Trace { turns: vec![turn(1, 0, 1), turn(2, 0, 1), turn(1, 1, 2)] };
        assert!(schedule.correct(&actual));
        assert_eq!(schedule.threads().collect::<Vec<_>>(), [1, 2, 1, 2]);
        assert!(!schedule.correct(&actual));
    }
}
