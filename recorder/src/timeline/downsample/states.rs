//! Threads' states: which are kept and which are merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::AddAssign;

use super::Sink;
use super::survey::Extent;
use super::time_slots::{Occupancy, TimeSlots};
use crate::reading::Nanos;
use crate::timeline::item::{Activity, Item, MergedStates, State};

/// Downsamples the states of a thread, which follow each other.
///
/// The longest are kept if they are long in a picture of the whole run, and so is a wait that never
/// ended. The states between those are merged by the time slot in which they begin. If the thread
/// mostly does the same in adjacent slots, those are merged, too.
#[derive(Debug)]
pub(super) struct StateDownsampler {
    /// Whether all states are kept.
    is_whole: bool,
    /// Shorter states are not kept.
    min_length: Nanos,
    /// Maximum number of states that are kept.
    max_kept: usize,
    longest: BinaryHeap<Reverse<LongState>>,
    /// When a wait began that never ended.
    stuck_since: Option<Nanos>,
    /// The slots in which states begin that may be merged.
    occupancy: Occupancy,
    slots: TimeSlots,
    /// When the kept states begin, in order.
    kept: Vec<Nanos>,
    /// The states of the newest time slot, and its number.
    newest: Option<(u64, StateRun)>,
    /// The states of the slots before it, in which the thread mostly does the same.
    before: Option<StateRun>,
    merged: MergedStatesCount,
}

/// How many states are merged, and into how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MergedStatesCount {
    pub(super) states: u64,
    pub(super) runs: u64,
}

impl AddAssign for MergedStatesCount {
    fn add_assign(&mut self, other: Self) {
        self.states += other.states;
        self.runs += other.runs;
    }
}

/// A state that may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LongState {
    length: Nanos,
    /// Of two with one length the earlier is kept.
    begin: Reverse<Nanos>,
}

/// States that follow each other, as one.
#[derive(Clone, Copy, Debug)]
struct StateRun {
    /// The state, if it is only one.
    only: Option<State>,
    states: MergedStates,
}

/// How many events a state that is kept takes at most: it divides what is merged around it.
const KEPT_STATE_EVENTS: u64 = 3;

/// A state is long if it takes at least this part of an even share of time. In a picture of a dozen
/// states that is some pixels; in a picture of more states than can be seen it is less than one.
const SHARE_PARTS: u64 = 4;

impl StateDownsampler {
    /// A thread with at most `max_events` states, which is at least three.
    pub(super) fn new(extent: Extent, max_events: u64) -> Self {
        let is_whole = extent.events <= max_events;
        let occupancy = Occupancy::new(extent, if is_whole { 1 } else { max_events });
        let shortest = extent.length().get() / max_events.saturating_mul(SHARE_PARTS);
        StateDownsampler {
            is_whole,
            min_length: Nanos::new(shortest),
            max_kept: usize::try_from(max_events / KEPT_STATE_EVENTS).unwrap_or(usize::MAX),
            longest: BinaryHeap::new(),
            stuck_since: None,
            slots: occupancy.divide(1),
            occupancy,
            kept: Vec::new(),
            newest: None,
            before: None,
            merged: MergedStatesCount::default(),
        }
    }

    /// Planning pass: there is this state.
    pub(super) fn mark(&mut self, state: &State) {
        if self.is_whole {
            return;
        }
        let Some(end) = state.end else {
            self.stuck_since = Some(state.begin);
            return;
        };
        self.occupancy.mark(state.begin);
        let length = end.since(state.begin);
        if length >= self.min_length {
            self.longest.push(Reverse(LongState { length, begin: Reverse(state.begin) }));
            if self.longest.len() > self.max_kept {
                self.longest.pop();
            }
        }
    }

    /// After the planning pass: decides which states are kept and how the others are merged, into
    /// at most `max_events`.
    pub(super) fn divide(&mut self, max_events: u64) {
        if self.stuck_since.is_some() && self.longest.len() == self.max_kept {
            self.longest.pop();
        }
        let mut kept: Vec<_> = self
            .longest
            .drain()
            .map(|Reverse(LongState { length, begin: Reverse(begin) })| (begin, begin + length))
            .collect();
        kept.sort_unstable();
        // Between two kept states with a gap there can be merged states in the same time slot as
        // merged states after them.
        let gaps = kept.windows(2).filter(|pair| pair[0].1 < pair[1].0).count();
        let divided = (gaps + usize::from(!kept.is_empty())) as u64;
        self.kept = kept.into_iter().map(|(begin, _)| begin).chain(self.stuck_since).collect();
        let taken = self.kept.len() as u64 + divided;
        self.slots = self.occupancy.divide(max_events.saturating_sub(taken));
    }

    /// Output pass: takes the next state.
    pub(super) fn state<E>(&mut self, state: &State, sink: &mut Sink<'_, E>) -> Result<(), E> {
        if self.is_whole {
            return sink(&Item::State(*state));
        }
        let end = match state.end {
            Some(end) if self.kept.binary_search(&state.begin).is_err() => end,
            _ => {
                self.flush(sink)?;
                return sink(&Item::State(*state));
            }
        };
        let slot = self.slots.at(state.begin);
        let run = StateRun::of(state, end);
        match &mut self.newest {
            Some((newest, states)) if *newest == slot => states.add(&run),
            _ => {
                self.end_slot(sink)?;
                self.newest = Some((slot, run));
            }
        }
        Ok(())
    }

    /// After the last state: passes on what remains, and returns what is merged.
    pub(super) fn finish<E>(&mut self, sink: &mut Sink<'_, E>) -> Result<MergedStatesCount, E> {
        self.flush(sink)?;
        Ok(self.merged)
    }

    fn flush<E>(&mut self, sink: &mut Sink<'_, E>) -> Result<(), E> {
        self.end_slot(sink)?;
        self.before.take().map_or(Ok(()), |run| self.emit(&run, sink))
    }

    fn end_slot<E>(&mut self, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let Some((_, run)) = self.newest.take() else { return Ok(()) };
        match &mut self.before {
            Some(before) if before.states.mostly() == run.states.mostly() => before.add(&run),
            before => {
                if let Some(before) = before.replace(run) {
                    self.emit(&before, sink)?;
                }
            }
        }
        Ok(())
    }

    fn emit<E>(&mut self, run: &StateRun, sink: &mut Sink<'_, E>) -> Result<(), E> {
        if let Some(state) = run.only {
            return sink(&Item::State(state));
        }
        self.merged.states += run.states.count;
        self.merged.runs += 1;
        sink(&Item::MergedStates(run.states))
    }
}

impl StateRun {
    fn of(state: &State, end: Nanos) -> Self {
        let State { thread, begin, activity, .. } = *state;
        let mut nanoseconds = [0; Activity::ALL.len()];
        nanoseconds[activity as usize] = end.since(begin).get();
        let states = MergedStates { thread, begin, end, count: 1, nanoseconds };
        StateRun { only: Some(*state), states }
    }

    /// Adds the states that come next.
    fn add(&mut self, next: &StateRun) {
        let (states, next) = (&mut self.states, &next.states);
        self.only = None;
        states.end = next.end;
        states.count += next.count;
        let times = states.nanoseconds.iter_mut().zip(next.nanoseconds);
        times.for_each(|(time, more)| *time += more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::catalog::ThreadIndex;

    const ACTIVITIES: [Activity; 2] = [Activity::Running, Activity::Recv];

    fn state(begin: Nanos, end: Option<Nanos>, activity: Activity) -> State {
        State { thread: ThreadIndex::from(0), begin, end, activity }
    }

    /// A thread that alternates between two activities, with these lengths.
    fn alternating(lengths: impl IntoIterator<Item = u64>) -> Vec<State> {
        let mut begin = Nanos::ZERO;
        let next = |(length, activity): (u64, &Activity)| {
            let end = begin + Nanos::new(length);
            let state = state(begin, Some(end), *activity);
            begin = end;
            state
        };
        lengths.into_iter().zip(ACTIVITIES.iter().cycle()).map(next).collect()
    }

    /// Downsamples states to `max_events`.
    fn downsampled(all: &[State], max_events: u64) -> Vec<String> {
        let mut extent = Extent::default();
        all.iter().for_each(|state| extent.add(state.begin));
        let mut states = StateDownsampler::new(extent, max_events);
        all.iter().for_each(|state| states.mark(state));
        states.divide(max_events);
        let mut items = Vec::new();
        let mut sink = |item: &Item| {
            items.push(match item {
                Item::State(State { begin, end: Some(end), activity, .. }) => {
                    format!("{begin:?}..{end:?} {}", activity.name())
                }
                Item::State(State { begin, activity, .. }) => {
                    format!("{begin:?}.. {}", activity.name())
                }
                Item::MergedStates(states @ MergedStates { begin, end, count, .. }) => {
                    let times = states.times().into_iter();
                    let times: Vec<_> = times.map(|(at, ns)| (at.name(), ns)).collect();
                    format!("{begin:?}..{end:?} {count}: {times:?}")
                }
                other => return Err(format!("it is not a state: {other:?}")),
            });
            Ok(())
        };
        all.iter()
            .try_for_each(|state| states.state(state, &mut sink))
            .expect("all items are states");
        states.finish(&mut sink).expect("all items are states");
        items
    }

    #[test]
    fn few_states_are_kept_as_they_are() {
        let all = alternating([10, 30, 20]);
        assert_eq!(
            downsampled(&all, 3),
            ["0..10 running", "10..40 waiting in recv", "40..60 running"]
        );
    }

    #[test]
    fn slots_with_mostly_the_same_activity_are_merged_and_a_long_wait_is_kept() {
        let mut lengths = [7, 3].repeat(100);
        lengths[101] = 400;
        assert_eq!(
            downsampled(&alternating(lengths), 12),
            [
                "0..507 101: [(\"running\", 357), (\"waiting in recv\", 150)]",
                "507..907 waiting in recv",
                "907..1397 98: [(\"running\", 343), (\"waiting in recv\", 147)]",
            ]
        );
    }

    #[test]
    fn a_thread_that_starts_to_wait_more_becomes_another_merged_state() {
        let lengths = [[7, 3].repeat(100), [3, 7].repeat(100)].concat();
        // The change is located as exactly as the time slots allow.
        assert_eq!(
            downsampled(&alternating(lengths), 12),
            [
                "0..947 189: [(\"running\", 665), (\"waiting in recv\", 282)]",
                "947..2000 211: [(\"waiting in recv\", 718), (\"running\", 335)]",
            ]
        );
    }

    #[test]
    fn a_wait_that_never_ends_is_kept() {
        // Another long state is only kept if there is room for both.
        let mut all = alternating((0..99).map(|it| if it == 50 { 505 } else { 5 }));
        all.push(state(Nanos::new(995), None, Activity::Lock));
        for max_events in 3..20 {
            let kept = downsampled(&all, max_events);
            assert!(kept.len() as u64 <= max_events, "{kept:?}");
            assert_eq!(kept[kept.len() - 1], "995.. waiting in lock");
        }
    }

    #[test]
    fn there_are_never_more_than_the_maximum() {
        // Long states among short ones, adjacent and not, and rarely the same activity for long.
        let (mut random, mut at) = (1_u64, 0);
        let mut all = alternating((0..1_000).map(|it| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if it % 9 < 2 || it % 4 == 0 { 100 + it } else { 1 + (random >> 32) % 20 }
        }));
        for (number, state) in (0..).zip(&mut all) {
            at = (at + 1 + number * number % 11) % Activity::ALL.len();
            state.activity = Activity::ALL[at];
        }
        for max_events in 3..400 {
            let count = downsampled(&all, max_events).len() as u64;
            assert!((max_events / 3..=max_events).contains(&count), "{max_events}: {count}");
        }
    }
}
