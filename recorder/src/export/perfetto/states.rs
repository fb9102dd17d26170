//! The states of threads.
//!
//! A span lasts through several states, so that one track cannot show both: states have a track of
//! their own, above that of the operations. A wait is shown there and nowhere else: the state has its
//! name and its attributes. What a thread does has one colour everywhere, whatever it waits for.

use std::collections::VecDeque;

use super::Perfetto;
use super::details;
use super::fields::track_event;
use super::packets::Track;
use super::sequence::{Category, Sequence};
use super::wire::Message;
use crate::export::attributes::{Attribute, Label};
use crate::reading::Nanos;
use crate::reading::catalog::ThreadIndex;
use crate::timeline::item::{Activity, MergedStates, Slice, SliceKind, State};

/// The waits of a thread whose states have not come yet: a state is known when the next begins.
#[derive(Debug, Default)]
pub(super) struct PendingWaits {
    waits: VecDeque<Wait>,
    /// The end of the latest state that has been written.
    stated_until: Nanos,
}

/// A wait, and the flows that lead to it from the evidence of findings.
#[derive(Debug)]
struct Wait {
    slice: Slice,
    evidence: Vec<u64>,
}

/// Maximum number of pending waits of a thread, which only waits without a pause in between can
/// reach.
const MAX_PENDING: usize = 256;

impl Wait {
    fn activity(&self) -> Option<Activity> {
        self.slice.kind.call().map(Activity::waiting_in)
    }

    /// When it is over. A wait ends a nanosecond before the instant in which its operation is over,
    /// which is on another track here.
    fn over(&self) -> Option<Nanos> {
        match self.slice.kind {
            SliceKind::Wait { .. } => self.slice.end.map(Nanos::after),
            _ => self.slice.end,
        }
    }
}

/// The text from which the viewer derives the colour of a state: see the tests.
fn colour(activity: Activity) -> &'static str {
    match activity {
        Activity::Running => "running 110",
        Activity::Send => "send 166",
        Activity::Recv => "recv 2151",
        Activity::Lock => "lock 437",
        Activity::Condvar => "condvar 230",
        Activity::Barrier => "barrier 760",
        Activity::Initialize => "initialize 92",
        Activity::Join => "join 110",
        Activity::Scope => "scope 1787",
        Activity::Park => "park 1116",
        Activity::Asleep => "asleep 1489",
        Activity::BlockedElsewhere => "blocked 293",
        Activity::NotRecorded => "paused 7",
    }
}

impl Perfetto<'_> {
    /// Takes a wait, which is written with its state.
    pub(super) fn wait(&mut self, slice: &Slice, evidence: Vec<u64>) {
        let PendingWaits { waits, stated_until } = &mut self.waits[slice.thread];
        waits.push_back(Wait { slice: slice.clone(), evidence });
        if waits.len() > MAX_PENDING {
            let (oldest, from) = (waits.pop_front(), *stated_until);
            self.waits_within(slice.thread, oldest, (from, None));
        }
    }

    pub(super) fn state(&mut self, state: &State) {
        let State { thread, begin, end, activity } = *state;
        let waits = self.take_waits(thread, end);
        let (own, others): (Vec<_>, Vec<_>) =
            waits.into_iter().partition(|wait| wait.activity() == Some(activity));
        let track = self.thread_tracks(thread).states;
        if own.is_empty() {
            self.packets.event(track, begin, None, |event, sequence| {
                sequence.kind(event, track_event::SLICE_BEGIN, Category::STATE);
                sequence.constant_name(event, activity.name(), "");
                sequence.colour(event, colour(activity));
            });
            self.waits_within(thread, others, (begin, end));
            return self.end_state(track, end);
        }
        // Several waits without a pause in between are one state, which they divide.
        let mut from = begin;
        for (place, wait) in own.iter().enumerate() {
            let until = own.get(place + 1).map_or(end, |next| Some(next.slice.begin.max(from)));
            self.named_state(track, wait, activity, (from, until));
            from = until.unwrap_or(from);
        }
    }

    pub(super) fn merged_states(&mut self, states: &MergedStates) {
        let MergedStates { thread, begin, end, .. } = *states;
        let track = self.thread_tracks(thread).states;
        let mostly = states.mostly();
        self.packets.event(track, begin, None, |event, sequence| {
            sequence.kind(event, track_event::SLICE_BEGIN, Category::STATE);
            sequence.constant_name(event, mostly.name(), " (mostly)");
            sequence.colour(event, colour(mostly));
            sequence.number(event, Attribute::TotalMerged, states.count);
            for (activity, time) in states.times() {
                sequence.number(event, Attribute::of_time(activity), time);
            }
        });
        // The longest waits are shown in it.
        let waits = self.take_waits(thread, Some(end));
        self.waits_within(thread, waits, (begin, Some(end)));
        self.end_state(track, Some(end));
    }

    /// Writes the waits whose states never came.
    pub(super) fn finish_waits(&mut self) {
        for thread in self.catalog.threads.keys() {
            let from = self.waits[thread].stated_until;
            let waits = self.take_waits(thread, None);
            self.waits_within(thread, waits, (from, None));
        }
    }

    /// The pending waits of a thread that begin before this time, until which it has a state.
    fn take_waits(&mut self, thread: ThreadIndex, before: Option<Nanos>) -> Vec<Wait> {
        let PendingWaits { waits, stated_until } = &mut self.waits[thread];
        *stated_until = before.unwrap_or(Nanos::MAX);
        let is_before = |wait: &Wait| before.is_none_or(|before| wait.slice.begin < before);
        let count = waits.iter().take_while(|wait| is_before(wait)).count();
        waits.drain(..count).collect()
    }

    /// Writes waits as slices within this time.
    fn waits_within(
        &mut self,
        thread: ThreadIndex,
        waits: impl IntoIterator<Item = Wait>,
        (mut from, until): (Nanos, Option<Nanos>),
    ) {
        let limit = until.unwrap_or(Nanos::MAX);
        for wait in waits {
            let track = self.thread_tracks(thread).states;
            let activity = wait.activity().unwrap_or(Activity::Running);
            let begin = wait.slice.begin.clamp(from, limit);
            let end = wait.over().or(until).map(|over| over.clamp(begin, limit));
            self.named_state(track, &wait, activity, (begin, end));
            from = end.unwrap_or(begin);
        }
    }

    /// Writes a state with the name and the attributes of a wait.
    fn named_state(
        &mut self,
        track: Track,
        wait: &Wait,
        activity: Activity,
        (begin, end): (Nanos, Option<Nanos>),
    ) {
        let catalog = self.catalog;
        let fill = |event: &mut Message, sequence: &mut Sequence| {
            sequence.template(event, &wait.slice, catalog);
            sequence.colour(event, colour(activity));
            let name = Label::Constant(activity.name());
            sequence.label(event, Attribute::State, name, catalog);
            details(event, sequence, &wait.slice, &wait.evidence);
        };
        self.packets.event(track, begin, None, fill);
        self.end_state(track, end);
    }

    fn end_state(&mut self, track: Track, end: Option<Nanos>) {
        if let Some(end) = end {
            self.packets.end(track, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hue, below 360, and the lightness, from 40 to 79, that the viewer gives a slice
    /// (`getColorForSlice` in `ui/src/components/colorizer.ts`, `hash` in `ui/src/base/hash.ts`).
    fn hue_and_lightness(text: &str) -> (i32, i32) {
        let hash = |text: &str, max: i32| {
            let step = |hash: i32, unit: u16| {
                // JavaScript multiplies with 53 bits, and takes the lowest 32 of the result.
                let product = f64::from(hash ^ i32::from(unit)) * 16_777_619.0;
                product as i64 as i32
            };
            let hash = text.encode_utf16().fold(18_652_613, step);
            (i64::from(hash).abs() % i64::from(max)) as i32
        };
        (hash(text, 360), hash(&format!("{text}x"), 40) + 40)
    }

    fn of(activity: Activity) -> (i32, i32) {
        hue_and_lightness(colour(activity))
    }

    #[test]
    fn the_colours_are_those_of_the_viewer() {
        // Seen in v52: rgb(135, 179, 240) and rgb(198, 55, 145).
        assert_eq!(hue_and_lightness("running"), (248, 72));
        assert_eq!(hue_and_lightness("waiting in recv"), (336, 48));
    }

    #[test]
    fn running_is_green_recorded_waits_are_warm_and_the_rest_is_blue() {
        for activity in Activity::ALL {
            let (hue, _) = of(activity);
            let expected = match activity {
                Activity::Running => 120..=140,
                Activity::Asleep => 225..=240,
                Activity::BlockedElsewhere => 205..=220,
                Activity::NotRecorded => 180..=195,
                _ => -90..=60,
            };
            let hue = if hue > 260 { hue - 360 } else { hue };
            assert!(expected.contains(&hue), "{activity:?}: {hue}");
        }
    }

    #[test]
    fn no_two_states_have_the_same_colour() {
        for (place, one) in Activity::ALL.into_iter().enumerate() {
            for other in &Activity::ALL[..place] {
                let ((hue, light), (other_hue, other_light)) = (of(one), of(*other));
                let distance = (hue - other_hue).abs();
                let distance = distance.min(360 - distance) + (light - other_light).abs();
                assert!(distance >= 16, "{one:?} and {other:?}: {distance}");
            }
        }
    }
}
