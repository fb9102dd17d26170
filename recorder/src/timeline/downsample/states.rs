//! Threads' states: which are kept and which are merged.

use std::cmp::Reverse;

use super::Sink;
use super::candidates::Heaviest;
use super::layout::Extent;
use super::left_out::LeftOut;
use super::time_slots::TimeSlots;
use crate::reading::Nanos;
use crate::timeline::item::{Activity, Item, MergedStates, State};

/// Downsamples the states of a thread, which follow each other.
///
/// The longest are kept if they are long in a picture of the whole run, and so is a wait that never
/// ended. The states between those are merged by the time slot in which they begin. If the thread
/// mostly does the same in adjacent slots, those are merged, too.
#[derive(Debug)]
pub(super) struct StateDownsampler {
    /// Shorter states are not kept.
    min_length: Nanos,
    /// Maximum number of states that are kept.
    max_kept: u64,
    /// The lengths and the starts of the longest states. Of two with one length the earlier is kept.
    longest: Heaviest<(Nanos, Reverse<Nanos>)>,
    /// When a wait began that never ended.
    stuck_since: Option<Nanos>,
    /// The slots in which states begin that may be merged.
    slots: TimeSlots,
    /// When the kept states begin, in order.
    kept: Vec<Nanos>,
    /// The states of the newest time slot, and its number.
    newest: Option<(u64, MergedStates)>,
    /// The states of the slots before it, in which the thread mostly does the same.
    before: Option<MergedStates>,
    /// How many states are merged, and into how many.
    merged: (u64, u64),
}

/// How many events a state that is kept takes at most: it divides what is merged around it.
const KEPT_STATE_EVENTS: u64 = 3;

/// A state is long if it takes at least this part of an even share of time. In a picture of a dozen
/// states that is some pixels; in a picture of more states than can be seen it is less than one.
const SHARE_PARTS: u64 = 4;

impl StateDownsampler {
    /// A thread with at most `max_events` states, which is at least three.
    pub(super) fn new(extent: Extent, max_events: u64) -> Self {
        let shortest = extent.length().get() / max_events.saturating_mul(SHARE_PARTS);
        let max_kept = max_events / KEPT_STATE_EVENTS;
        StateDownsampler {
            min_length: Nanos::new(shortest),
            max_kept,
            longest: Heaviest::new(max_kept),
            stuck_since: None,
            slots: TimeSlots::new(extent, max_events),
            kept: Vec::new(),
            newest: None,
            before: None,
            merged: (0, 0),
        }
    }

    /// Planning pass: there is this state.
    pub(super) fn mark(&mut self, state: &State) {
        let Some(end) = state.end else {
            self.stuck_since = Some(state.begin);
            return;
        };
        self.slots.mark(state.begin);
        let length = end.since(state.begin);
        if length >= self.min_length {
            self.longest.offer((length, Reverse(state.begin)));
        }
    }

    /// After the planning pass: decides which states are kept and how the others are merged, into
    /// at most `max_events`.
    pub(super) fn divide(&mut self, max_events: u64) {
        let max_long = self.max_kept - u64::from(self.stuck_since.is_some());
        let mut kept: Vec<_> = self
            .longest
            .take_sorted()
            .take(usize::try_from(max_long).unwrap_or(usize::MAX))
            .map(|(length, Reverse(begin))| (begin, begin + length))
            .collect();
        kept.sort_unstable();
        // Between two kept states with a gap there can be merged states in the same time slot as
        // merged states after them.
        let gaps = kept.windows(2).filter(|pair| pair[0].1 < pair[1].0).count();
        let divided = (gaps + usize::from(!kept.is_empty())) as u64;
        self.kept = kept.into_iter().map(|(begin, _)| begin).chain(self.stuck_since).collect();
        let taken = self.kept.len() as u64 + divided;
        self.slots.divide(max_events.saturating_sub(taken));
    }

    /// Output pass: takes the next state.
    pub(super) fn state<E>(&mut self, state: &State, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let next = match state.end {
            Some(end) if self.kept.binary_search(&state.begin).is_err() => one(state, end),
            _ => {
                self.flush(sink)?;
                return sink(&Item::State(*state));
            }
        };
        let slot = self.slots.at(state.begin);
        match &mut self.newest {
            Some((newest, states)) if *newest == slot => append(states, &next),
            _ => {
                self.end_slot(sink)?;
                self.newest = Some((slot, next));
            }
        }
        Ok(())
    }

    /// After the last state: passes on what remains, and counts what is merged.
    pub(super) fn finish<E>(
        mut self,
        left_out: &mut LeftOut,
        sink: &mut Sink<'_, E>,
    ) -> Result<(), E> {
        self.flush(sink)?;
        left_out.states.0 += self.merged.0;
        left_out.states.1 += self.merged.1;
        Ok(())
    }

    fn flush<E>(&mut self, sink: &mut Sink<'_, E>) -> Result<(), E> {
        self.end_slot(sink)?;
        self.before.take().map_or(Ok(()), |states| self.emit(states, sink))
    }

    fn end_slot<E>(&mut self, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let Some((_, states)) = self.newest.take() else { return Ok(()) };
        match &mut self.before {
            Some(before) if before.mostly() == states.mostly() => append(before, &states),
            before => {
                if let Some(before) = before.replace(states) {
                    self.emit(before, sink)?;
                }
            }
        }
        Ok(())
    }

    fn emit<E>(&mut self, states: MergedStates, sink: &mut Sink<'_, E>) -> Result<(), E> {
        if states.count == 1 {
            let MergedStates { thread, begin, end, .. } = states;
            let activity = states.mostly();
            return sink(&Item::State(State { thread, begin, end: Some(end), activity }));
        }
        self.merged.0 += states.count;
        self.merged.1 += 1;
        sink(&Item::MergedStates(states))
    }
}

/// A state that ends, as one to which others can be appended.
fn one(state: &State, end: Nanos) -> MergedStates {
    let State { thread, begin, activity, .. } = *state;
    let mut nanoseconds = [0; Activity::ALL.len()];
    nanoseconds[activity as usize] = end.since(begin).get();
    MergedStates { thread, begin, end, count: 1, nanoseconds }
}

/// Appends the states that come next.
fn append(states: &mut MergedStates, next: &MergedStates) {
    states.end = next.end;
    states.count += next.count;
    let times = states.nanoseconds.iter_mut().zip(next.nanoseconds);
    times.for_each(|(time, more)| *time += more);
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
        states.finish(&mut LeftOut::default(), &mut sink).expect("all items are states");
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
