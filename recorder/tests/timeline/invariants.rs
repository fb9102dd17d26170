use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use format::{MessageId, Outcome, Phase};
use proptest::prelude::*;
use recorder::ordering::{OrderedEvent, OrderedEvents};
use recorder::reading::catalog::{ChannelIndex, ProcessIndex, ThreadIndex};
use recorder::reading::{Event, Nanos, Recording};
use recorder::timeline::item::{Category, Count, Fate, Flight, Flow, Item, Slice};
use recorder_simulator::Simulated;

use crate::exported::exports;
use crate::shorthand::items;
use crate::simulated::{all_programs, channel_programs, read, unpaused_programs, whole_programs};

pub(crate) fn ordered(recording: &Recording) -> Vec<OrderedEvent> {
    let events = OrderedEvents::<()>::new(recording).expect("the recording can be read");
    let mut ordered = Vec::new();
    events.for_each(|event, _| ordered.push(*event)).expect("the recording can be read");
    ordered
}

/// The events of each thread, with times by its own clock.
fn recorded(recording: &Recording) -> Vec<Vec<(Nanos, Event)>> {
    let threads = recording.catalog.threads.keys();
    threads.map(|thread| events_of(recording, thread)).collect()
}

pub(crate) fn events_of(recording: &Recording, thread: ThreadIndex) -> Vec<(Nanos, Event)> {
    let mut events = Vec::new();
    let visited = recording.events(thread).for_each(|time, event| events.push((time, *event)));
    visited.expect("the recording can be read");
    events
}

/// A message, and the process that sends it.
type Message = (ProcessIndex, MessageId);

/// The message of an event that sends (perhaps not at once) or receives, and whether it sends.
fn message(recording: &Recording, ordered: &OrderedEvent) -> Option<(bool, Message)> {
    let Event::Operation(operation) = &ordered.event else { return None };
    let sends = operation.call.is_send();
    let concerned =
        operation.outcome == Outcome::Transferred || (sends && operation.phase == Phase::Begin);
    let process = recording.catalog.threads[ordered.thread].process;
    concerned.then_some((sends, (process, operation.message())))
}

/// How many messages were sent and how many of them received, by channel: those of which a part of
/// the send is recorded.
fn transfers(recording: &Recording) -> Vec<(u64, u64)> {
    let (mut begun, mut sent, mut received) = (HashSet::new(), HashSet::new(), HashSet::new());
    for ordered in ordered(recording) {
        let Event::Operation(operation) = ordered.event else { continue };
        let Some(channel) = operation.channel() else { continue };
        let Some((sends, message)) = message(recording, &ordered) else { continue };
        if sends {
            begun.insert(message);
        }
        // A message that was received was sent, even if its sender has not returned.
        if operation.outcome == Outcome::Transferred && begun.contains(&message) {
            sent.insert((channel, message));
            if !sends {
                received.insert((channel, message));
            }
        }
    }
    let count = |of: &HashSet<(ChannelIndex, Message)>, channel| {
        of.iter().filter(|of| of.0 == channel).count() as u64
    };
    let channels = recording.catalog.channels.keys();
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
        match &slice.flow {
            Some(Flow::Out(numbers)) => {
                for arrow in numbers.clone() {
                    assert_eq!(arrows.insert(arrow, false), None, "two arrows have one number");
                    sources.insert(arrow, slice.end.expect("an arrow begins at an end"));
                }
            }
            Some(Flow::In(arrow)) => {
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
fn lanes(items: &[Item]) -> HashMap<(ChannelIndex, u8), Vec<(Nanos, Nanos)>> {
    let mut lanes: HashMap<_, Vec<_>> = HashMap::new();
    for flight in flights(items) {
        let lane = flight.lane.expect("there is room for all");
        lanes.entry((flight.channel, lane)).or_default().push((flight.begin, flight.end));
    }
    lanes.values_mut().for_each(|flights| flights.sort_unstable());
    lanes
}

/// Each thread's slices, in the order of their begins; what encloses comes first.
pub(crate) fn by_thread(items: &[Item]) -> HashMap<ThreadIndex, Vec<Slice>> {
    let mut threads: HashMap<_, Vec<_>> = HashMap::new();
    for slice in slices(items) {
        threads.entry(slice.thread).or_default().push(slice.clone());
    }
    for slices in threads.values_mut() {
        let end = |slice: &Slice| slice.end.unwrap_or(Nanos::MAX);
        slices.sort_by_key(|slice| (slice.begin, !slice.is_instant(), Reverse(end(slice))));
    }
    threads
}

proptest! {
    #[test]
    fn every_event_is_ordered_once_in_thread_order_and_never_too_early(simulated in channel_programs()) {
        let recording = read(&simulated);
        let recorded = recorded(&recording);
        let mut by_thread = vec![Vec::new(); recorded.len()];
        for ordered in ordered(&recording) {
            by_thread[usize::from(ordered.thread)].push((ordered.time, ordered.event));
        }
        for (ordered, recorded) in by_thread.iter().zip(&recorded) {
            let events = |of: &[(Nanos, Event)]| Vec::from_iter(of.iter().map(|event| event.1));
            prop_assert_eq!(events(ordered), events(recorded));
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
    fn every_receive_is_ordered_after_the_start_of_its_send(simulated in unpaused_programs()) {
        let recording = read(&simulated);
        let mut begun = HashMap::new();
        let mut now = Nanos::ZERO;
        for ordered in ordered(&recording) {
            match message(&recording, &ordered) {
                Some((true, message)) => {
                    begun.entry(message).or_insert(ordered.time);
                }
                Some((false, message)) => {
                    // A receive waits in vain for a send that was about to be recorded, and so does
                    // everything that its thread does after it.
                    let Some(begun) = begun.get(&message) else { break };
                    // Room for the instant of the hand-over is between the two.
                    prop_assert!(begun.after().after() <= ordered.time);
                }
                None => {}
            }
            prop_assert!(ordered.time >= now);
            now = ordered.time;
        }
    }

    #[test]
    fn times_follow_the_clocks(simulated in channel_programs()) {
        let recording = read(&simulated);
        let times = recorded(&recording).into_iter().flatten().map(|(time, _)| time);
        let times: Vec<_> = times.collect();
        // The first channel is made a few nanoseconds after the start; all clocks are 200 ahead.
        if let Some(first) = times.iter().min() {
            prop_assert!((200..500).contains(&first.get()), "{first}");
        }
        prop_assert!(times.iter().all(|time| *time <= recording.catalog.end));
    }

    #[test]
    fn every_message_has_one_arrow_and_one_flight(simulated in unpaused_programs()) {
        let recording = read(&simulated);
        let items = items(&recording);
        let arrows = arrows(&items);
        let flying: Vec<_> = flights(&items).map(|flight| (flight.flow, flight.fate == Fate::Lost)).collect();
        let sent = slices(&items).filter(|slice| {
            slice.category() == Category::Channel && matches!(slice.flow, Some(Flow::Out(_)))
        });
        prop_assert_eq!(flying.len(), sent.count());
        prop_assert!(flying.iter().all(|(arrow, lost)| arrows[arrow] != *lost));
    }

    #[test]
    fn counters_end_at_the_number_of_unreceived_messages(simulated in unpaused_programs()) {
        let recording = read(&simulated);
        let items = items(&recording);
        let room = |channel: ChannelIndex| recording.catalog.channels[channel].bound.map_or(u64::MAX, |bound| bound.max(1));
        let mut depths = HashMap::new();
        for item in &items {
            if let Item::Counter(counter) = item && counter.count == Count::QueueDepth {
                depths.insert(counter.channel, counter.value);
                prop_assert!(counter.value <= room(counter.channel));
            }
        }
        for (channel, (sent, received)) in recording.catalog.channels.keys().zip(transfers(&recording)) {
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
    fn slices_of_a_thread_do_not_overlap(simulated in channel_programs()) {
        let recording = read(&simulated);
        for slices in by_thread(&items(&recording)).values() {
            let apart = |pair: &[Slice]| pair[0].end.is_some_and(|end| end <= pair[1].begin);
            prop_assert!(slices.windows(2).all(apart), "{slices:?}");
        }
    }

    #[test]
    fn there_are_no_more_lanes_than_messages(simulated in whole_programs()) {
        let recording = read(&simulated);
        let items = items(&recording);
        for (channel, (sent, _)) in recording.catalog.channels.keys().zip(transfers(&recording)) {
            let mut here = flights(&items).filter(|flight| flight.channel == channel);
            prop_assert!(here.all(|flight| flight.lane.is_some_and(|lane| u64::from(lane) < sent)));
        }
    }

    #[test]
    fn arrows_point_forward_and_nothing_overlaps_even_with_gaps(
        simulated in all_programs(),
    ) {
        let recording = read(&simulated);
        let items = items(&recording);
        arrows(&items);
        for flights in lanes(&items).values() {
            prop_assert!(flights.iter().all(|flight| flight.0 <= flight.1));
            prop_assert!(flights.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{flights:?}");
        }
        for slices in by_thread(&items).values() {
            // What has begun and not ended when another slice begins encloses that.
            let mut open: Vec<Nanos> = Vec::new();
            for slice in slices {
                open.retain(|end| *end > slice.begin);
                let end = slice.end.unwrap_or(Nanos::MAX);
                prop_assert!(open.iter().all(|enclosing| end <= *enclosing), "{slices:?}");
                open.push(end);
            }
        }
        let steps = ordered(&recording).len();
        prop_assert_eq!(steps, recorded(&recording).iter().map(Vec::len).sum::<usize>());
    }

    #[test]
    fn the_order_of_the_blocks_in_the_file_does_not_matter(
        (simulated, shuffled) in whole_programs().prop_flat_map(|simulated| {
            let blocks = Just(simulated.blocks.clone()).prop_shuffle();
            (Just(simulated), blocks)
        })
    ) {
        let shuffled = Simulated { blocks: shuffled, ..simulated.clone() };
        prop_assert!(exports(&read(&simulated)) == exports(&read(&shuffled)));
    }
}
