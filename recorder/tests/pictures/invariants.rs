use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use format::{MessageId, Outcome, Phase};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use recorder::ordering::{Step, Steps};
use recorder::reading::{Deed, Recording};
use recorder::timeline::item::{Arrow, Category, Count, Fate, Flight, Item, Slice};

use crate::facts::exports;
use crate::hand::items;
use crate::simulation::{Simulated, programs, programs_with_gaps};

fn steps(recording: &Recording) -> Vec<Step> {
    let mut steps = Steps::new(recording).expect("the recording can be put in order");
    let next = || steps.next_step().expect("the recording can be read").cloned();
    std::iter::from_fn(next).collect()
}

/// What each thread did and when, by its own clock.
fn deeds(recording: &Recording) -> Vec<Vec<(u64, Deed)>> {
    let threads = 0..recording.entities.threads.len();
    threads
        .map(|thread| {
            let mut events = recording.events(thread);
            std::iter::from_fn(|| events.next_deed().expect("the recording can be read")).collect()
        })
        .collect()
}

/// The message that a deed sends (perhaps not at once) or receives, and in which process.
fn message(recording: &Recording, step: &Step) -> Option<(bool, (usize, MessageId))> {
    let Deed::Operation { kind, detail, .. } = step.deed else { return None };
    let sends = kind.call().is_send();
    let concerned =
        kind.outcome() == Outcome::Transferred || (sends && kind.phase() == Phase::Begin);
    let process = recording.entities.threads[step.thread].process;
    concerned.then_some((sends, (process, MessageId(detail))))
}

/// How many messages were sent and how many received, by channel.
fn transfers(recording: &Recording) -> Vec<(u64, u64)> {
    let mut sent = HashSet::new();
    let mut received = HashSet::new();
    for step in steps(recording) {
        let Deed::Operation { kind, subject: Some(channel), .. } = step.deed else { continue };
        let channel = channel.get();
        if let (Some((sends, message)), Outcome::Transferred) =
            (message(recording, &step), kind.outcome())
        {
            // What was received was sent, even if its sender has not come back.
            sent.insert((channel, message));
            if !sends {
                received.insert((channel, message));
            }
        }
    }
    let count =
        |of: &HashSet<(usize, _)>, channel| of.iter().filter(|of| of.0 == channel).count() as u64;
    let channels = 0..recording.entities.channels.len();
    channels.map(|channel| (count(&sent, channel), count(&received, channel))).collect()
}

pub(crate) fn slices(items: &[Item]) -> impl Iterator<Item = &Slice> {
    items.iter().filter_map(|item| if let Item::Slice(slice) = item { Some(slice) } else { None })
}

fn flights(items: &[Item]) -> impl Iterator<Item = &Flight> {
    items
        .iter()
        .filter_map(|item| if let Item::Flight(flight) = item { Some(flight) } else { None })
}

/// The arrows, and whether they end. None points back.
pub(crate) fn arrows(items: &[Item]) -> HashMap<u64, bool> {
    let mut sources = HashMap::new();
    let mut arrows = HashMap::new();
    for slice in slices(items) {
        match &slice.arrow {
            Some(Arrow::From(numbers)) => {
                for arrow in numbers.clone() {
                    assert_eq!(arrows.insert(arrow, false), None, "two arrows have one number");
                    sources.insert(arrow, slice.end.expect("an arrow begins at an end"));
                }
            }
            Some(Arrow::To(arrow)) => {
                let arrow = *arrow;
                assert!(sources[&arrow] < slice.begin, "an arrow points back");
                assert_eq!(arrows.insert(arrow, true), Some(false), "an arrow ends twice");
            }
            None => {}
        }
    }
    arrows
}

/// Begin and end of the flights of each lane.
fn lanes(items: &[Item]) -> HashMap<(usize, usize), Vec<(u64, u64)>> {
    let mut lanes: HashMap<_, Vec<_>> = HashMap::new();
    for flight in flights(items) {
        let lane = flight.lane.expect("there is room for all");
        lanes.entry((flight.channel, lane)).or_default().push((flight.begin, flight.end));
    }
    lanes.values_mut().for_each(|flights| flights.sort_unstable());
    lanes
}

/// Each thread's slices, in the order of their begins; what encloses comes first.
pub(crate) fn by_thread(items: &[Item]) -> HashMap<usize, Vec<Slice>> {
    let mut threads: HashMap<_, Vec<_>> = HashMap::new();
    for slice in slices(items) {
        threads.entry(slice.thread).or_default().push(slice.clone());
    }
    for slices in threads.values_mut() {
        let is_instant = |slice: &Slice| slice.end == Some(slice.begin);
        let end = |slice: &Slice| slice.end.unwrap_or(u64::MAX);
        slices.sort_by_key(|slice| (slice.begin, !is_instant(slice), Reverse(end(slice))));
    }
    threads
}

proptest! {
    #[test]
    fn every_event_comes_once_in_its_threads_order_and_never_too_early(simulated in programs()) {
        let recording = simulated.recording();
        let deeds = deeds(&recording);
        let mut ordered = vec![Vec::new(); deeds.len()];
        for step in steps(&recording) {
            ordered[step.thread].push((step.time, step.deed));
        }
        for (ordered, recorded) in ordered.iter().zip(&deeds) {
            let only_deeds = |events: &[(u64, Deed)]| events.iter().map(|event| event.1).collect::<Vec<_>>();
            prop_assert_eq!(only_deeds(ordered), only_deeds(recorded));
            prop_assert!(ordered.windows(2).all(|pair| pair[0].0 < pair[1].0));
            for (at, recorded) in ordered.iter().zip(recorded) {
                prop_assert!(at.0 >= recorded.0);
                if simulated.clocks_agree {
                    prop_assert_eq!(at.0, recorded.0);
                }
            }
        }
    }

    #[test]
    fn every_receive_comes_after_its_send_has_begun(simulated in programs()) {
        let recording = simulated.recording();
        let mut begun = HashMap::new();
        let mut now = 0;
        for step in steps(&recording) {
            prop_assert!(step.time >= now);
            now = step.time;
            match message(&recording, &step) {
                Some((true, message)) => {
                    begun.entry(message).or_insert(step.time);
                }
                // Room for the instant of the hand-over is between the two.
                Some((false, message)) => prop_assert!(begun[&message] + 2 <= step.time),
                None => {}
            }
        }
    }

    #[test]
    fn times_are_those_of_the_clocks(simulated in programs()) {
        let recording = simulated.recording();
        let first = deeds(&recording).iter().filter_map(|deeds| deeds.first().copied()).min_by_key(|deed| deed.0);
        // The first channel is made a few nanoseconds after the start; all clocks are 200 ahead.
        if let Some((time, _)) = first {
            prop_assert!((200..500).contains(&time), "{time}");
        }
        prop_assert!(deeds(&recording).iter().flatten().all(|deed| deed.0 <= recording.entities.end));
    }

    #[test]
    fn every_message_has_one_arrow_and_one_flight(simulated in programs()) {
        let recording = simulated.recording();
        let items = items(&recording);
        let arrows = arrows(&items);
        let flying: Vec<_> = flights(&items).map(|flight| (flight.arrow, flight.fate == Fate::Lost)).collect();
        let sent = slices(&items).filter(|slice| {
            slice.category == Category::Channel && matches!(slice.arrow, Some(Arrow::From(_)))
        });
        prop_assert_eq!(flying.len(), sent.count());
        prop_assert!(flying.iter().all(|(arrow, lost)| arrows[arrow] != *lost));
    }

    #[test]
    fn counters_end_at_what_is_left(simulated in programs()) {
        let recording = simulated.recording();
        let items = items(&recording);
        let room = |channel: usize| recording.entities.channels[channel].bound.map_or(u64::MAX, |bound| bound.max(1));
        let mut depths = HashMap::new();
        for item in &items {
            if let Item::Counter(counter) = item && counter.what == Count::QueueDepth {
                depths.insert(counter.channel, counter.value);
                prop_assert!(counter.value <= room(counter.channel));
            }
        }
        for (channel, (sent, received)) in transfers(&recording).into_iter().enumerate() {
            let here = |flight: &&Flight| flight.channel == channel;
            // A message that was taken and whose receive was cut off has left room for another.
            prop_assert_eq!(depths[&channel], room(channel).min(sent - received));
            prop_assert_eq!(flights(&items).filter(here).count() as u64, sent);
            prop_assert_eq!(flights(&items).filter(here).filter(|flight| flight.fate == Fate::Lost).count() as u64, sent - received);
            let mut numbers: Vec<_> = flights(&items).filter(here).map(|flight| flight.message).collect();
            numbers.sort_unstable();
            prop_assert!(numbers.into_iter().eq(1..=sent));
        }
    }

    #[test]
    fn slices_of_a_thread_come_one_after_the_other(simulated in programs()) {
        let recording = simulated.recording();
        for slices in by_thread(&items(&recording)).values() {
            let apart = |pair: &[Slice]| pair[0].end.is_some_and(|end| end <= pair[1].begin);
            prop_assert!(slices.windows(2).all(apart), "{slices:?}");
        }
    }

    #[test]
    fn there_is_no_lane_too_many(simulated in programs()) {
        let recording = simulated.recording();
        let items = items(&recording);
        for (channel, (sent, _)) in transfers(&recording).into_iter().enumerate() {
            let mut here = flights(&items).filter(|flight| flight.channel == channel);
            prop_assert!(here.all(|flight| flight.lane.is_some_and(|lane| (lane as u64) < sent)));
        }
    }

    #[test]
    fn with_and_without_gaps_nothing_runs_back_or_overlaps(
        simulated in prop_oneof![programs(), programs_with_gaps()],
    ) {
        let recording = simulated.recording();
        let items = items(&recording);
        arrows(&items);
        for flights in lanes(&items).values() {
            prop_assert!(flights.iter().all(|flight| flight.0 <= flight.1));
            prop_assert!(flights.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{flights:?}");
        }
        for slices in by_thread(&items).values() {
            // What has begun and not ended when another slice begins encloses that.
            let mut open: Vec<u64> = Vec::new();
            for slice in slices {
                open.retain(|end| *end > slice.begin);
                let end = slice.end.unwrap_or(u64::MAX);
                prop_assert!(open.iter().all(|enclosing| end <= *enclosing), "{slices:?}");
                open.push(end);
            }
        }
        let steps = steps(&recording).len();
        prop_assert_eq!(steps, deeds(&recording).iter().map(Vec::len).sum::<usize>());
    }

    #[test]
    fn the_order_of_the_blocks_in_the_file_does_not_matter(
        (simulated, shuffled) in programs().prop_flat_map(|simulated| {
            let blocks = Just(simulated.blocks.clone()).prop_shuffle();
            (Just(simulated), blocks)
        })
    ) {
        same_files(&simulated, &Simulated { blocks: shuffled, ..simulated.clone() })?;
    }
}

fn same_files(one: &Simulated, other: &Simulated) -> TestCaseResult {
    prop_assert!(exports(&one.recording()) == exports(&other.recording()));
    Ok(())
}
