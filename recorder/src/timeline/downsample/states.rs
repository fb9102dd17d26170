//! Threads' states: what of them is merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use anyhow::Result;

use super::survey::Extent;
use super::time_slots::{Busy, Pieces};
use crate::timeline::item::{Activity, Item, MergedStates, State};

/// The states of a thread, one after the other.
///
/// The longest are kept whole if they are long where the picture shows the whole run, and a wait
/// that never ended is. What is between those is merged where it begins, by time; and what is
/// mostly the same in one piece of time and in the next is one.
#[derive(Debug)]
pub(super) struct States {
    /// Whether all of them are kept.
    whole: bool,
    /// What is shorter is not kept whole.
    least: u64,
    /// So many are kept whole at most.
    most: usize,
    longest: BinaryHeap<Reverse<Candidate>>,
    /// A wait that never ended begins then.
    stuck: Option<u64>,
    /// When there is something to merge.
    busy: Busy,
    pieces: Pieces,
    /// When those begin that are kept whole, in order.
    kept: Vec<u64>,
    /// What is merged in the newest piece, and in those before that it may be one with.
    newest: Option<(u64, Run)>,
    before: Option<Run>,
    /// How many were merged, and how many there are in place of those.
    pub(super) merged: u64,
    pub(super) runs: u64,
}

/// A state that may be kept whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    length: u64,
    /// Of two of one length the earlier is kept.
    begin: Reverse<u64>,
}

/// States that are one.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// If it is only one, that.
    only: Option<State>,
    states: MergedStates,
}

/// Of what there is room for, one in so many is a state that is kept whole. Each divides what is
/// merged around it.
const KEPT: u64 = 3;

/// A state is long if it takes such a part of an even share of time: still some pixels where a
/// dozen are shown, and less than one where that would be too many to see.
const LONG: u64 = 4;

impl States {
    /// Those of a thread, with room for so many events, which is no less than three.
    pub(super) fn new(extent: Extent, room: u64) -> Self {
        let whole = extent.events <= room;
        let busy = Busy::new(extent, if whole { 1 } else { room });
        States {
            whole,
            least: (extent.last - extent.first) / room.saturating_mul(LONG),
            most: usize::try_from(room / KEPT).unwrap_or(usize::MAX),
            longest: BinaryHeap::new(),
            stuck: None,
            pieces: busy.divide(1),
            busy,
            kept: Vec::new(),
            newest: None,
            before: None,
            merged: 0,
            runs: 0,
        }
    }

    /// There is this one.
    pub(super) fn mark(&mut self, state: &State) {
        if self.whole {
            return;
        }
        let Some(end) = state.end else {
            self.stuck = Some(state.begin);
            return;
        };
        self.busy.mark(state.begin);
        let length = end - state.begin;
        if length >= self.least {
            self.longest.push(Reverse(Candidate { length, begin: Reverse(state.begin) }));
            if self.longest.len() > self.most {
                self.longest.pop();
            }
        }
    }

    /// All of them are known: so many events are there at most.
    pub(super) fn divide(&mut self, room: u64) {
        if self.stuck.is_some() && self.longest.len() == self.most {
            self.longest.pop();
        }
        let mut kept: Vec<_> = self
            .longest
            .drain()
            .map(|Reverse(Candidate { length, begin: Reverse(begin) })| (begin, begin + length))
            .collect();
        kept.sort_unstable();
        // What is merged between two that do not touch may be in one piece of time with what is
        // merged after them.
        let apart = kept.windows(2).filter(|pair| pair[0].1 < pair[1].0).count();
        let dividing = (apart + usize::from(!kept.is_empty())) as u64;
        self.kept = kept.into_iter().map(|(begin, _)| begin).chain(self.stuck).collect();
        self.pieces = self.busy.divide(room.saturating_sub(self.kept.len() as u64 + dividing));
    }

    pub(super) fn state(
        &mut self,
        state: &State,
        tell: &mut dyn FnMut(&Item) -> Result<()>,
    ) -> Result<()> {
        if self.whole {
            return tell(&Item::State(*state));
        }
        let end = match state.end {
            Some(end) if self.kept.binary_search(&state.begin).is_err() => end,
            _ => {
                self.finish(tell)?;
                return tell(&Item::State(*state));
            }
        };
        let piece = self.pieces.of(state.begin);
        let run = Run::of(state, end);
        match &mut self.newest {
            Some((newest, states)) if *newest == piece => states.add(&run),
            _ => {
                self.end_piece(tell)?;
                self.newest = Some((piece, run));
            }
        }
        Ok(())
    }

    /// Tells what is not told yet.
    pub(super) fn finish(&mut self, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
        self.end_piece(tell)?;
        self.before.take().map_or(Ok(()), |run| self.tell(&run, tell))
    }

    fn end_piece(&mut self, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
        let Some((_, run)) = self.newest.take() else { return Ok(()) };
        match &mut self.before {
            Some(before) if before.states.mostly() == run.states.mostly() => before.add(&run),
            before => {
                if let Some(before) = before.replace(run) {
                    self.tell(&before, tell)?;
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, run: &Run, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
        if let Some(state) = run.only {
            return tell(&Item::State(state));
        }
        self.merged += run.states.count;
        self.runs += 1;
        tell(&Item::MergedStates(run.states))
    }
}

impl Run {
    fn of(state: &State, end: u64) -> Self {
        let State { thread, begin, activity, .. } = *state;
        let mut nanoseconds = [0; Activity::ALL.len()];
        nanoseconds[activity as usize] = end - begin;
        let states = MergedStates { thread, begin, end, count: 1, nanoseconds };
        Run { only: Some(*state), states }
    }

    /// One more, or some, that come next.
    fn add(&mut self, next: &Run) {
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

    const WAITS: [Activity; 2] = [Activity::Running, Activity::Recv];

    /// A thread that goes from one of two activities to the other, for so long each.
    fn alternating(lengths: impl IntoIterator<Item = u64>) -> Vec<State> {
        let mut begin = 0;
        let state = |(length, activity): (u64, &Activity)| {
            let end = begin + length;
            let state = State { thread: 0, begin, end: Some(end), activity: *activity };
            begin = end;
            state
        };
        lengths.into_iter().zip(WAITS.iter().cycle()).map(state).collect()
    }

    /// What is shown of them.
    fn shown(all: &[State], room: u64) -> Vec<String> {
        let mut extent = Extent::default();
        all.iter().for_each(|state| extent.add(state.begin));
        let mut states = States::new(extent, room);
        all.iter().for_each(|state| states.mark(state));
        states.divide(room);
        let mut shown = Vec::new();
        let mut tell = |item: &Item| {
            shown.push(match item {
                Item::State(State { begin, end: Some(end), activity, .. }) => {
                    format!("{begin}..{end} {}", activity.name())
                }
                Item::State(State { begin, activity, .. }) => {
                    format!("{begin}.. {}", activity.name())
                }
                Item::MergedStates(states @ MergedStates { begin, end, count, .. }) => {
                    let times = states.times().into_iter();
                    let times: Vec<_> = times.map(|(at, ns)| (at.name(), ns)).collect();
                    format!("{begin}..{end} {count}: {times:?}")
                }
                other => panic!("it is no state: {other:?}"),
            });
            Ok(())
        };
        all.iter().try_for_each(|state| states.state(state, &mut tell)).expect("a vector takes it");
        states.finish(&mut tell).expect("a vector takes it");
        shown
    }

    #[test]
    fn few_states_are_shown_as_they_are() {
        let all = alternating([10, 30, 20]);
        assert_eq!(shown(&all, 3), ["0..10 running", "10..40 waiting in recv", "40..60 running"]);
    }

    #[test]
    fn what_is_mostly_the_same_is_one_and_a_long_wait_stays() {
        let mut lengths = [7, 3].repeat(100);
        lengths[101] = 400;
        assert_eq!(
            shown(&alternating(lengths), 12),
            [
                "0..507 101: [(\"running\", 357), (\"waiting in recv\", 150)]",
                "507..907 waiting in recv",
                "907..1397 98: [(\"running\", 343), (\"waiting in recv\", 147)]",
            ]
        );
    }

    #[test]
    fn a_thread_that_begins_to_wait_more_is_seen_to() {
        let lengths = [[7, 3].repeat(100), [3, 7].repeat(100)].concat();
        // (as exactly as there is room for pieces of time)
        assert_eq!(
            shown(&alternating(lengths), 12),
            [
                "0..947 189: [(\"running\", 665), (\"waiting in recv\", 282)]",
                "947..2000 211: [(\"waiting in recv\", 718), (\"running\", 335)]",
            ]
        );
    }

    #[test]
    fn a_wait_that_never_ends_stays_open() {
        // (another long one is only kept where there is room for both)
        let mut all = alternating((0..99).map(|it| if it == 50 { 505 } else { 5 }));
        all.push(State { thread: 0, begin: 995, end: None, activity: Activity::Lock });
        for room in 3..20 {
            let shown = shown(&all, room);
            assert!(shown.len() as u64 <= room, "{shown:?}");
            assert_eq!(shown[shown.len() - 1], "995.. waiting in lock");
        }
    }

    #[test]
    fn there_are_never_more_than_there_is_room_for() {
        // Long ones among short ones, next to each other and not, and seldom the same for long.
        let (mut random, mut at) = (1_u64, 0);
        let mut all = alternating((0..1_000).map(|it| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if it % 9 < 2 || it % 4 == 0 { 100 + it } else { 1 + (random >> 32) % 20 }
        }));
        for (number, state) in (0..).zip(&mut all) {
            at = (at + 1 + number * number % 11) % Activity::ALL.len();
            state.activity = Activity::ALL[at];
        }
        for room in 3..400 {
            let shown = shown(&all, room);
            assert!(shown.len() as u64 <= room, "{room}: {}", shown.len());
            assert!(shown.len() as u64 >= room / 3, "{room}: {}", shown.len());
        }
    }
}
