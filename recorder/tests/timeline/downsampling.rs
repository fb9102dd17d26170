use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use recorder::analysis::findings::Finding;
use recorder::reading::catalog::{ChannelIndex, PrimitiveIndex, ThreadIndex};
use recorder::reading::{self, Nanos, Recording};
use recorder::report::Report;
use recorder::timeline::builder;
use recorder::timeline::downsample::Downsampler;
use recorder::timeline::item::{
    Activity, Count, Fate, Flight, Flow, HeldLock, Item, Merged, MergedStates, Row, Slice,
    SliceKind, State, Total,
};

use crate::exported::{exports_of, facts_of, states_of};
use crate::invariants::{arrows, by_thread, slices};
use crate::shorthand::{items, recording};
use crate::simulated::{all_programs, read};

/// The items of a picture with at most `max_events`, and the description of those that are left
/// out; `None` if there is nothing to leave out.
fn downsampled(
    recording: &Recording,
    max_events: u64,
    findings: &[Finding],
) -> Option<(Vec<Item>, String)> {
    let downsampler =
        Downsampler::new::<reading::Error>(max_events, &recording.catalog, findings, &|sink| {
            builder::build(recording, |item| sink(item))
        });
    let mut downsampler = downsampler.expect("the recording can be read")?;
    let mut shown = Vec::new();
    let mut sink = |item: &Item| {
        shown.push(item.clone());
        Ok::<_, reading::Error>(())
    };
    let built = builder::build(recording, |item| downsampler.item(item, &mut sink));
    built.expect("the recording can be read");
    let description = downsampler.finish(&mut sink).expect("a vector takes everything");
    Some((shown, description))
}

/// The maximum number of events, from the description.
fn max_events_of(description: &str) -> u64 {
    let (_, rest) = description.split_once("(at most ").expect("it has the maximum");
    let number = rest.split(' ').next().and_then(|number| number.parse().ok());
    number.expect("it is a number")
}

/// How many rows Perfetto makes of these items, in either trace.
fn events(items: &[Item]) -> u64 {
    let mut lanes = HashSet::new();
    let mut lane = |lane| 1 + u64::from(lanes.insert(lane));
    let count = |item: &Item| match item {
        // With the value of the depth counter.
        Item::Slice(slice) => 1 + u64::from(slice.depth.is_some() && slice.channel().is_some()),
        Item::State(_) | Item::MergedStates(_) | Item::Counter(_) => 1,
        Item::Flight(flight) => u64::from(flight.lane.is_some()),
        Item::Hold(hold) => hold.lane.map_or(0, |it| lane((hold.primitive, it))),
        Item::Merged(Merged { row: Row::Lock(primitive, it), .. }) => lane((*primitive, *it)),
        Item::Merged(_) => 1,
    };
    items.iter().map(count).sum()
}

/// The totals of a thread's slices, or of a lock's holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sums {
    count: u64,
    sends: u64,
    receives: u64,
    waits: u64,
    waited: u64,
    longest_wait: u64,
    latency: u64,
    slowest: u64,
    quickest: Option<u64>,
    held: u64,
    others_waited: u64,
}

type ThreadSums = BTreeMap<ThreadIndex, Sums>;
type LockSums = BTreeMap<PrimitiveIndex, Sums>;

fn sums(recording: &Recording, items: &[Item]) -> (ThreadSums, LockSums) {
    let (mut threads, mut locks) = (BTreeMap::<_, Sums>::new(), BTreeMap::<_, Sums>::new());
    for item in items {
        match item {
            Item::Slice(slice) if slice.kind != SliceKind::LeftOut => {
                let sums = threads.entry(slice.thread).or_default();
                sums.count += 1;
                sums.sends += u64::from(slice.is_sent());
                sums.receives += u64::from(slice.is_received());
                if let Some(latency) = slice.latency {
                    let latency = latency.get();
                    sums.latency += latency;
                    sums.slowest = sums.slowest.max(latency);
                    sums.quickest = Some(sums.quickest.unwrap_or(latency).min(latency));
                }
                if let Some(end) = slice.end.filter(|_| slice.is_wait()) {
                    let is_rest = matches!(slice.kind, SliceKind::Returning { .. });
                    let waited = slice.waited.filter(|_| !is_rest);
                    let waited = waited.unwrap_or_else(|| end.since(slice.begin)).get();
                    sums.waits += 1;
                    sums.waited += waited;
                    sums.longest_wait = sums.longest_wait.max(waited);
                }
            }
            Item::Hold(hold) if hold.lane.is_some() => {
                let sums = locks.entry(hold.primitive).or_default();
                sums.count += 1;
                let end = hold.end.unwrap_or(recording.catalog.end);
                sums.held += end.since(hold.begin).get();
                sums.others_waited += hold.others_waited.get();
            }
            Item::Merged(merged) => {
                let sums = match merged.row {
                    Row::Thread(thread) => threads.entry(thread).or_default(),
                    Row::Lock(primitive, _) => locks.entry(primitive).or_default(),
                };
                add(sums, merged);
            }
            _ => {}
        }
    }
    (threads, locks)
}

fn add(sums: &mut Sums, merged: &Merged) {
    let of = |wanted: Total| {
        let total = merged.totals.iter().find(|(total, _)| *total == wanted);
        total.map_or(0, |(_, value)| *value)
    };
    sums.count += of(Total::Merged);
    sums.sends += of(Total::Sends);
    sums.receives += of(Total::Receives);
    sums.waits += of(Total::Waits);
    sums.waited += of(Total::Waited);
    sums.longest_wait = sums.longest_wait.max(of(Total::LongestWait));
    sums.latency += of(Total::LatencySum);
    sums.slowest = sums.slowest.max(of(Total::LatencyMax));
    if of(Total::LatencySum) > 0 {
        let quickest = of(Total::LatencyMin);
        sums.quickest = Some(sums.quickest.unwrap_or(quickest).min(quickest));
    }
    sums.held += of(Total::Held);
    sums.others_waited += of(Total::OthersWaited);
    let named: u64 = merged.kinds.iter().map(|(.., count)| count).sum();
    assert_eq!(named + merged.others + of(Total::Waits), of(Total::Merged), "{merged:?}");
}

/// The slices, merged ones too as if they were slices.
fn as_slices(items: &[Item]) -> Vec<Item> {
    let model = slices(items).next().expect("one describes what is left out");
    let as_slice = |item: &Item| match item {
        Item::Slice(_) => Some(item.clone()),
        Item::Merged(Merged { row: Row::Thread(thread), begin, end, .. }) => {
            let (thread, begin, end) = (*thread, *begin, Some(*end));
            Some(Item::Slice(Slice { thread, begin, end, flow: None, ..model.clone() }))
        }
        _ => None,
    };
    items.iter().filter_map(as_slice).collect()
}

fn slices_nest(items: &[Item]) -> TestCaseResult {
    for slices in by_thread(&as_slices(items)).values() {
        let mut open: Vec<Nanos> = Vec::new();
        for slice in slices {
            open.retain(|end| *end > slice.begin);
            let end = slice.end.unwrap_or(Nanos::MAX);
            let times: Vec<_> = slices.iter().map(|it| (it.begin, it.end, it.kind)).collect();
            prop_assert!(open.iter().all(|enclosing| end <= *enclosing), "{times:?}");
            open.push(end);
        }
    }
    Ok(())
}

/// The holds in a lane of a lock do not overlap.
fn holds_are_apart(items: &[Item]) -> TestCaseResult {
    let mut lanes: HashMap<_, Vec<(Nanos, Nanos)>> = HashMap::new();
    for item in items {
        match item {
            Item::Hold(HeldLock { primitive, lane: Some(lane), begin, end, .. }) => {
                let lane = lanes.entry((*primitive, *lane)).or_default();
                lane.push((*begin, end.unwrap_or(Nanos::MAX)));
            }
            Item::Merged(Merged { row: Row::Lock(primitive, lane), begin, end, .. }) => {
                lanes.entry((*primitive, *lane)).or_default().push((*begin, *end));
            }
            _ => {}
        }
    }
    for lane in lanes.values_mut() {
        lane.sort_unstable();
        prop_assert!(lane.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{lane:?}");
    }
    Ok(())
}

/// The lowest, highest and last value of each counter, as the viewer has them.
fn extremes(items: &[Item]) -> BTreeMap<(ChannelIndex, bool), (u64, u64, u64)> {
    let mut values: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for item in items {
        let (which, time, value) = match item {
            Item::Counter(counter) => {
                let is_depth = counter.count == Count::QueueDepth;
                ((counter.channel, is_depth), counter.time, counter.value)
            }
            Item::Slice(slice) => match (slice.channel(), slice.depth) {
                (Some(channel), Some(depth)) => ((channel, true), slice.begin, depth),
                _ => continue,
            },
            _ => continue,
        };
        values.entry(which).or_default().push((time, value));
    }
    let of = |values: &mut Vec<(Nanos, u64)>| {
        values.sort_by_key(|(time, _)| *time);
        let only = || values.iter().map(|(_, value)| *value);
        let last = only().next_back().expect("a counter has values");
        (only().min().expect("it has"), only().max().expect("it has"), last)
    };
    values.iter_mut().map(|(&which, values)| (which, of(values))).collect()
}

/// Time in nanoseconds, by thread and activity.
type Times = BTreeMap<(ThreadIndex, Activity), u64>;

fn times(items: &[Item], end_of_trace: Nanos) -> Times {
    let mut times = Times::new();
    for item in items {
        let (thread, of) = match item {
            Item::State(State { thread, begin, end, activity }) => {
                let end = end.unwrap_or(end_of_trace.max(*begin));
                (*thread, vec![(*activity, end.since(*begin).get())])
            }
            Item::MergedStates(states) => (states.thread, states.times()),
            _ => continue,
        };
        for (activity, time) in of {
            *times.entry((thread, activity)).or_default() += time;
        }
    }
    times
}

/// The start and the end of the states of a thread, and their number.
type Life = (Nanos, Option<Nanos>, u64);

fn lives(items: &[Item]) -> Result<BTreeMap<ThreadIndex, Life>, TestCaseError> {
    let mut lives = BTreeMap::new();
    for item in items {
        let (thread, begin, end, count) = match item {
            Item::State(State { thread, begin, end, .. }) => (*thread, *begin, *end, 1),
            Item::MergedStates(states @ MergedStates { thread, begin, end, count, .. }) => {
                let times = states.times();
                prop_assert_eq!(
                    end.since(*begin).get(),
                    times.iter().map(|(_, time)| time).sum::<u64>()
                );
                prop_assert!(times.is_sorted_by(|one, next| one.1 >= next.1), "{times:?}");
                prop_assert!(*count >= 2);
                (*thread, *begin, Some(*end), *count)
            }
            _ => continue,
        };
        let life = lives.entry(thread).or_insert((begin, Some(begin), 0));
        prop_assert_eq!(life.1, Some(begin), "there is a gap, or two at a time");
        *life = (life.0, end, life.2 + count);
    }
    Ok(lives)
}

/// The states that are shown are some of those of the run, or merged from them.
fn states_are_consistent(recording: &Recording, all: &[Item], shown: &[Item]) -> TestCaseResult {
    let end = recording.catalog.end;
    let whole = times(all, end);
    prop_assert_eq!(&whole, &times(shown, end));
    prop_assert_eq!(lives(all)?, lives(shown)?);
    let states = |items: &[Item]| -> HashSet<(ThreadIndex, Nanos, Option<Nanos>, Activity)> {
        let state = |item: &Item| match item {
            Item::State(it) => Some((it.thread, it.begin, it.end, it.activity)),
            _ => None,
        };
        items.iter().filter_map(state).collect()
    };
    let (before, kept) = (states(all), states(shown));
    prop_assert!(kept.is_subset(&before));
    for state in before.iter().filter(|(.., end, _)| end.is_none()) {
        prop_assert!(kept.contains(state), "{state:?} is not there");
    }
    // The trace says the same.
    let mut written: BTreeMap<(String, String), u64> = BTreeMap::new();
    for state in states_of(&exports_of(recording, shown).1).into_iter().flatten() {
        let length = state.end.unwrap_or(end.get().max(state.begin)) - state.begin;
        match state.name.strip_suffix(" (mostly)") {
            None => *written.entry((state.thread, state.name)).or_default() += length,
            Some(_) => {
                for (name, value) in state.arguments.iter().filter(|(name, _)| *name != "merged") {
                    let name = name.strip_suffix("_ns").expect("it is a time").replace('_', " ");
                    let name = name.replace("not recorded", "not recorded (paused)");
                    let time = value.parse::<u64>().expect("it is a number");
                    *written.entry((state.thread.clone(), name)).or_default() += time;
                }
            }
        }
    }
    let mut expected: BTreeMap<_, u64> = BTreeMap::new();
    for ((thread, activity), time) in whole {
        let thread = recording.catalog.threads[thread].name.clone();
        *expected.entry((thread, activity.name().to_owned())).or_default() += time;
    }
    // A state that begins where the trace ends takes no time.
    written.retain(|_, time| *time > 0);
    expected.retain(|_, time| *time > 0);
    prop_assert_eq!(written, expected);
    Ok(())
}

fn flights(items: &[Item]) -> impl Iterator<Item = &Flight> {
    items.iter().filter_map(|item| if let Item::Flight(it) = item { Some(it) } else { None })
}

/// Checks all properties that hold for each recording and each maximum.
fn is_consistent(recording: &Recording, max_events: u64) -> TestCaseResult {
    let all = items(recording);
    let findings = Report::new(recording).expect("it can be read").findings;
    let drawn: u64 = findings.iter().map(|finding| 1 + finding.evidence.len() as u64).sum();
    let Some((shown, description)) = downsampled(recording, max_events, &findings) else {
        prop_assert!(events(&all) + drawn <= max_events);
        return Ok(());
    };
    prop_assert!(events(&all) + drawn > max_events);
    let allowed = max_events_of(&description);
    prop_assert!(events(&shown) + drawn <= allowed, "{} of {allowed}", events(&shown) + drawn);
    let rows = recording.catalog.threads.len() + 2 * recording.catalog.channels.len();
    let lanes: HashSet<_> = all
        .iter()
        .filter_map(|item| match item {
            Item::Hold(hold) => hold.lane.map(|lane| (hold.primitive, lane)),
            _ => None,
        })
        .collect();
    let threads = recording.catalog.threads.len() as u64;
    let needed = 4 * rows as u64 + 3 * threads + 5 * lanes.len() as u64 + drawn + 1;
    prop_assert!(
        allowed == max_events || max_events < 2 * needed + 3 * (drawn + threads),
        "{max_events} {description}"
    );

    prop_assert_eq!(sums(recording, &all), sums(recording, &shown));
    states_are_consistent(recording, &all, &shown)?;
    slices_nest(&shown)?;
    holds_are_apart(&shown)?;
    prop_assert_eq!(extremes(&all), extremes(&shown));
    let arrows = arrows(&shown);
    prop_assert!(arrows.values().all(|ends| *ends), "{arrows:?}");

    // What is kept is as it was.
    let kept: HashSet<_> = slices(&all).map(|it| (it.thread, it.begin, it.end, it.kind)).collect();
    for slice in slices(&shown).filter(|slice| slice.kind != SliceKind::LeftOut) {
        prop_assert!(kept.contains(&(slice.thread, slice.begin, slice.end, slice.kind)));
    }
    for flight in flights(&shown) {
        let before = flights(&all).find(|before| before.flow == flight.flow);
        prop_assert_eq!(before.map(|it| (it.begin, it.end)), Some((flight.begin, flight.end)));
        let received = flight.fate == Fate::Received;
        prop_assert_eq!(arrows.contains_key(&flight.flow), received);
    }
    for shows in findings.iter().flat_map(|finding| &finding.evidence) {
        let at = |slice: &&Slice| (slice.thread, slice.begin) == (shows.thread, shows.time);
        prop_assert!(
            slices(&all).find(at).is_none() || slices(&shown).any(|slice| at(&slice)),
            "{shows:?} is not there"
        );
    }
    // What is because of a receive is so of one that is there.
    let received: HashSet<_> = slices(&shown)
        .filter(|slice| slice.is_received())
        .map(|slice| (slice.thread, slice.begin))
        .collect();
    for slice in slices(&shown) {
        prop_assert!(slice.cause.is_none_or(|cause| received.contains(&(slice.thread, cause))));
    }
    let (json, pftrace) = exports_of(recording, &shown);
    facts_of(&json, &pftrace);
    Ok(())
}

/// Checks that the worst waits and latencies are kept where there is room for some.
fn keeps_the_worst(recording: &Recording, max_events: u64) -> TestCaseResult {
    let all = items(recording);
    let Some((shown, _)) = downsampled(recording, max_events, &[]) else { return Ok(()) };
    let is_there = |slice: &Slice| {
        let here = |other: &Slice| {
            (other.thread, other.begin, other.end) == (slice.thread, slice.begin, slice.end)
        };
        slices(&shown).any(here)
    };
    for slice in slices(&all)
        .filter(|slice| slice.end.is_none() || matches!(slice.kind, SliceKind::ThreadEnded { .. }))
    {
        prop_assert!(is_there(slice), "{slice:?}");
    }
    // A stall is seen.
    let length = |state: &State| state.end.map_or(Nanos::MAX, |end| end.since(state.begin));
    let mut longest: BTreeMap<ThreadIndex, State> = BTreeMap::new();
    for item in &all {
        if let Item::State(state) = item {
            let longest = longest.entry(state.thread).or_insert(*state);
            if length(longest) < length(state) {
                *longest = *state;
            }
        }
    }
    for state in
        longest.into_values().filter(|it| length(it).get() > recording.catalog.end.get() / 10)
    {
        prop_assert!(shown.contains(&Item::State(state)), "{state:?} is not there");
    }
    let length = |slice: &Slice| slice.end.map_or(Nanos::ZERO, |end| end.since(slice.begin));
    let waits = |items: &[Item]| slices(items).filter(|it| it.is_wait()).map(length).max();
    prop_assert_eq!(waits(&all), waits(&shown));
    let slowest = |items: &[Item]| {
        let arrived = slices(items).filter(|it| matches!(it.flow, Some(Flow::In(_))));
        arrived.filter_map(|slice| slice.latency).max()
    };
    prop_assert_eq!(slowest(&all), slowest(&shown));
    Ok(())
}

proptest! {
    #[test]
    fn downsampling_preserves_totals(
        program in all_programs(),
        max_events in 1u64..600,
    ) {
        is_consistent(&read(&program), max_events)?;
    }

    #[test]
    fn the_longest_waits_and_latencies_are_kept(
        program in all_programs(),
        max_events in 300u64..600,
    ) {
        keeps_the_worst(&read(&program), max_events)?;
    }
}

/// `main` sends a hundred messages, of which the seventieth waits for long, and the receiver waits
/// for the next, and at the end for one that never comes.
fn hundred() -> String {
    let mut main = "thread 1 main\n0 channel jobs 1 2\n".to_owned();
    let mut worker = "thread 2 worker\n".to_owned();
    for number in 1..=100 {
        let (sent, late) = (number * 100, if number == 70 { 5_000 } else { 0 });
        let pause = if number > 70 { 10_000 } else { 0 };
        main += &format!("{} Send 1 @1.{number}\n", sent + pause);
        worker += &format!("{} Recv 2 @1.{number}\n", sent + pause + late + 10);
        if number == 70 {
            worker += &format!("{} RecvBegin 2\n", sent + late + 20);
            main += &format!("{} Send 1 @1.101\n", sent + 9_000);
            worker += &format!("{} RecvEnd 2 @1.101\n", sent + 9_010);
        }
    }
    worker += "30000 RecvBegin 2\n";
    main + &worker
}

#[test]
fn a_merged_slice_has_the_totals_of_its_slices() {
    let recording = recording(&hundred());
    assert!(downsampled(&recording, 700, &[]).is_none());
    let (shown, description) = downsampled(&recording, 100, &[]).expect("there is more");
    assert_eq!(max_events_of(&description), 100);
    assert!(description.starts_with("left out: "), "{description}");
    let catalog = &recording.catalog;
    let merged: Vec<_> = shown
        .iter()
        .filter_map(|item| match item {
            Item::Merged(merged) => Some((merged.name(catalog), merged.contents(catalog), merged)),
            _ => None,
        })
        .collect();
    assert!(!merged.is_empty());
    for (name, contents, Merged { row, begin, end, totals, .. }) in merged {
        let count = totals[0].1;
        assert_eq!(totals[0].0, Total::Merged);
        match row {
            Row::Thread(thread) if *thread == 0.into() => {
                assert_eq!(
                    (name.as_str(), contents),
                    ("send jobs (merged)", format!("{count} send jobs"))
                );
                assert_eq!(end.since(*begin).get(), (count - 1) * 100);
            }
            _ => {
                assert_eq!(
                    (name.as_str(), contents),
                    ("recv jobs (merged)", format!("{count} recv jobs"))
                );
                let latency = [Total::LatencyMin, Total::LatencyMean, Total::LatencyMax];
                let known = totals.iter().filter(|(total, _)| latency.contains(total));
                assert!(known.map(|(_, value)| *value).eq([10, 10, 10]), "{totals:?}");
            }
        }
    }
    let descriptions: Vec<_> =
        slices(&shown).filter(|slice| slice.kind == SliceKind::LeftOut).collect();
    assert_eq!(descriptions.len(), 1);
    let text = descriptions[0].text.as_deref().expect("it describes what is left out");
    assert_eq!(format!("left out: {text}"), description);
    // The slow message and the long waits are there, with all that belongs to them.
    let names: Vec<_> = slices(&shown).map(|it| (it.begin.get(), it.name(catalog))).collect();
    for (begin, name) in [
        (7_000, "send jobs"),
        (12_010, "recv jobs"),
        (12_020, "recv jobs (waiting)"),
        (16_000, "send jobs"),
        (16_010, "recv jobs"),
        (30_000, "recv jobs (waiting)"),
    ] {
        assert!(names.contains(&(begin, name.to_owned())), "{name} at {begin}: {names:#?}");
    }
    for message in [70, 71] {
        assert!(flights(&shown).any(|flight| flight.message == message), "{message}");
    }
}

#[test]
fn a_merged_slice_of_mostly_waits_is_named_so() {
    let mut text = "thread 1 main\n0 channel jobs 1 2\n".to_owned();
    let mut worker = "thread 2 worker\n".to_owned();
    for number in 1..=100 {
        text += &format!("{} Send 1 @1.{number}\n", number * 100);
        worker += &format!("{} RecvBegin 2\n", number * 100 - 80);
        worker += &format!("{} RecvEnd 2 @1.{number}\n", number * 100 + 10);
    }
    let recording = recording(&(text + &worker));
    let (shown, _) = downsampled(&recording, 100, &[]).expect("there is more");
    let names: HashSet<_> = shown
        .iter()
        .filter_map(|item| match item {
            Item::Merged(merged) => Some(merged.name(&recording.catalog)),
            _ => None,
        })
        .collect();
    let expected = ["recv jobs (merged, mostly waiting)", "send jobs (merged)"].map(String::from);
    assert_eq!(names, HashSet::from(expected));
}

#[test]
fn a_limit_below_the_minimum_is_raised_to_it() {
    let recording = recording(&hundred());
    let (shown, description) = downsampled(&recording, 3, &[]).expect("there is more");
    assert!(
        description.ends_with(", the minimum for this many threads and channels)"),
        "{description}"
    );
    assert!(
        events(&shown) <= max_events_of(&description) && max_events_of(&description) < 40,
        "{description}"
    );
}
