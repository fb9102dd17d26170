use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use format::Call;
use proptest::prelude::*;
use recorder::analysis::findings::Finding;
use recorder::reading::catalog::ChannelIndex;
use recorder::reading::{self, Nanos, Recording};
use recorder::report::Report;
use recorder::timeline::builder;
use recorder::timeline::item::{Category, Count, Flow, Item, SliceKind};
use recorder::timeline::select::{Criteria, Error, Filter, Selection};

use crate::exported::{Facts, exports, exports_of, facts_of};
use crate::invariants::slices;
use crate::shorthand::{items, recording};
use crate::simulated::{interrupted_channel_programs, read};

/// The selected items, without the description of those that are left out.
pub(crate) fn selected(recording: &Recording, criteria: &Criteria) -> Vec<Item> {
    let findings = match criteria.around {
        Some(_) => findings(recording),
        None => Vec::new(),
    };
    let selection = Selection::new(criteria, recording, &findings).expect("it is in the recording");
    let selection = selection.expect("there are criteria");
    let mut filter = Filter::new(&selection, &recording.catalog);
    let mut selected = Vec::new();
    let mut sink = |item: &Item| {
        selected.push(item.clone());
        Ok::<_, reading::Error>(())
    };
    let built = builder::build(recording, |item| filter.item(item, &mut sink));
    built.expect("the recording can be read");
    filter.finish(&mut sink).expect("a vector takes everything");
    selected.retain(|item| !is_left_out(item));
    selected
}

/// Whether the item describes the items that are left out.
pub(crate) fn is_left_out(item: &Item) -> bool {
    matches!(item, Item::Slice(slice) if slice.kind == SliceKind::LeftOut)
}

fn findings(recording: &Recording) -> Vec<Finding> {
    Report::new(recording).expect("it can be read").findings
}

/// `thread begin..end name`, and `->` or `<-` where an arrow begins or ends.
fn lines(recording: &Recording, criteria: &Criteria) -> Vec<String> {
    let mut shown: Vec<_> = slices(&selected(recording, criteria)).cloned().collect();
    shown.sort_by_key(|slice| (slice.begin, slice.thread));
    let line = |slice: &recorder::timeline::item::Slice| {
        let arrow = match slice.flow {
            Some(Flow::Out(_)) => " ->",
            Some(Flow::In(_)) => " <-",
            None => "",
        };
        format!(
            "{} {}..{} {}{}{arrow}",
            recording.catalog.threads[slice.thread].name,
            slice.begin.get(),
            slice.end.map_or(String::new(), |end| end.get().to_string()),
            slice.name(&recording.catalog),
            slice.message.map_or(String::new(), |number| format!(" #{number}")),
        )
    };
    shown.iter().map(line).collect()
}

/// The latest value of each channel, and its time.
type Latest = HashMap<ChannelIndex, (Nanos, u64)>;

/// A queue depth: its channel, its time and its value.
fn depth(item: &Item) -> Option<(ChannelIndex, (Nanos, u64))> {
    match item {
        Item::Counter(counter) if counter.count == Count::QueueDepth => {
            Some((counter.channel, (counter.time, counter.value)))
        }
        Item::Slice(slice) => Some((slice.channel()?, (slice.begin, slice.depth?))),
        _ => None,
    }
}

/// Keeps a channel's latest depth; depths are not in order of time.
fn keep_latest(latest: &mut Latest, item: &Item) {
    if let Some((channel, depth)) = depth(item) {
        let kept = latest.entry(channel).or_default();
        if depth.0 >= kept.0 {
            *kept = depth;
        }
    }
}

pub(crate) fn nanoseconds(time: u64) -> Option<Duration> {
    Some(Duration::from_nanos(time))
}

fn named(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}

/// `main` sends two jobs; `worker` receives each and sends a result of it, after which it has
/// waited for a lock in the first.
const JOBS: &str = "\
    thread 1 main
    0 channel jobs 1 2
    1 channel results 3 4
    10 Send 1 @1.1
    50 Send 1 @1.2
    60 RecvBegin 4
    81 RecvEnd 4 @2.1
    90 Recv 4 @2.2
    thread 2 worker
    5 RecvBegin 2
    15 RecvEnd 2 @1.1
    20 mutex state 1
    20 LockBegin 1 0
    30 LockEnd 1 1
    31 Unlock 1 1
    70 Send 3 @2.1
    75 Recv 2 @1.2
    85 Send 3 @2.2
";

/// `main` waits for what nobody will send, and `other` has nothing to do with it.
const FORGOTTEN: &str = "\
    thread 1 main
    0 channel jobs 1 2
    10000 RecvBegin 2
    thread 2 other
    0 channel others 3 4
    5 Send 3 @2.1
    8 Recv 4 @2.1
    20000 SenderDropped endpoint=3";

#[test]
fn a_window_cuts_items_that_extend_beyond_it() {
    let recording = recording(JOBS);
    let criteria = Criteria { from: nanoseconds(25), to: nanoseconds(75), ..Criteria::default() };
    let shown = lines(&recording, &criteria);
    assert_eq!(
        shown,
        [
            "worker 25..29 lock state (waiting)",
            "worker 30..30 lock state",
            "worker 31..31 unlock state",
            "main 50..50 send jobs #2 ->",
            "main 60..75 recv results (waiting) #1",
            "worker 70..70 send results #1 ->",
            "worker 75..75 recv jobs #2 <-",
        ]
    );
}

#[test]
fn an_arrow_without_its_start_is_omitted() {
    let recording = recording(JOBS);
    let criteria = Criteria { from: nanoseconds(60), ..Criteria::default() };
    let shown = lines(&recording, &criteria);
    assert!(shown.contains(&"worker 75..75 recv jobs #2".to_owned()), "{shown:#?}");
    let criteria = Criteria { threads: named("wor*"), ..Criteria::default() };
    let shown = lines(&recording, &criteria);
    assert!(shown.iter().all(|line| line.starts_with("worker ")), "{shown:#?}");
    assert!(shown.contains(&"worker 15..15 recv jobs #1".to_owned()), "{shown:#?}");
}

#[test]
fn a_flight_is_shown_if_one_of_its_ends_is() {
    let recording = recording(JOBS);
    let flights = |criteria: &Criteria| {
        let mut flights: Vec<(usize, u64, u64)> = selected(&recording, criteria)
            .iter()
            .filter_map(|item| match item {
                Item::Flight(flight) => {
                    Some((flight.channel.into(), flight.begin.get(), flight.end.get()))
                }
                _ => None,
            })
            .collect();
        flights.sort_unstable();
        flights
    };
    let all = [(0, 10, 15), (0, 50, 75), (1, 70, 81), (1, 85, 90)];
    for thread in ["main", "worker"] {
        assert_eq!(flights(&Criteria { threads: named(thread), ..Criteria::default() }), all);
    }
    assert_eq!(flights(&Criteria { channels: named("jobs"), ..Criteria::default() }), all[..2]);
    let criteria = Criteria { from: nanoseconds(60), to: nanoseconds(72), ..Criteria::default() };
    assert_eq!(flights(&criteria), [(0, 60, 72), (1, 70, 72)]);
}

#[test]
fn counters_start_with_their_value_at_the_time() {
    let recording = recording(JOBS);
    let depths = |criteria: &Criteria| -> Vec<(usize, u64, u64)> {
        let depths = selected(&recording, criteria).iter().filter_map(depth).collect::<Vec<_>>();
        depths
            .into_iter()
            .map(|(channel, (time, value))| (channel.into(), time.get(), value))
            .collect()
    };
    let criteria = Criteria {
        from: nanoseconds(60),
        to: nanoseconds(72),
        channels: named("jobs"),
        ..Criteria::default()
    };
    assert_eq!(depths(&criteria), [(0, 60, 1)]);
    let criteria = Criteria { from: nanoseconds(60), to: nanoseconds(72), ..Criteria::default() };
    assert_eq!(depths(&criteria), [(1, 60, 0), (1, 70, 1), (0, 60, 1)]);
}

#[test]
fn a_journey_has_the_causes_and_the_consequences_of_a_message() {
    let recording = recording(JOBS);
    let journey = |message: &str| {
        lines(&recording, &Criteria { message: Some(message.to_owned()), ..Criteria::default() })
    };
    let first = [
        "worker 5..14 recv jobs (waiting) #1",
        "main 10..10 send jobs #1 ->",
        "worker 15..15 recv jobs #1 <-",
        "worker 20..29 lock state (waiting)",
        "main 60..80 recv results (waiting) #1",
        "worker 70..70 send results #1 ->",
        "main 81..81 recv results #1 <-",
    ];
    assert_eq!(journey("jobs#1"), first);
    assert_eq!(journey("results#1"), first);
    assert_eq!(
        journey("results#2"),
        [
            "main 50..50 send jobs #2 ->",
            "worker 75..75 recv jobs #2 <-",
            "worker 85..85 send results #2 ->",
            "main 90..90 recv results #2 <-",
        ]
    );
}

#[test]
fn a_journey_leads_back_along_one_branch() {
    let recording = recording(
        "thread 1 main
        0 channel jobs 1 2
        1 channel results 3 4
        10 Send 1 @1.1
        thread 2 worker
        20 Recv 2 @1.1
        30 Send 3 @2.1
        40 Send 3 @2.2",
    );
    let journey = |message: &str| {
        lines(&recording, &Criteria { message: Some(message.to_owned()), ..Criteria::default() })
    };
    assert_eq!(journey("jobs#1").len(), 4);
    assert_eq!(
        journey("results#2"),
        [
            "main 10..10 send jobs #1 ->",
            "worker 20..20 recv jobs #1 <-",
            "worker 40..40 send results #2 ->",
        ]
    );
}

#[test]
fn a_selection_around_a_finding_has_its_threads_and_its_time() {
    let recording = recording(FORGOTTEN);
    for name in ["forgotten-sender", "1"] {
        let shown =
            lines(&recording, &Criteria { around: Some(name.to_owned()), ..Criteria::default() });
        assert_eq!(shown, ["main 10000.. recv jobs (waiting)"]);
    }
}

#[test]
fn findings_are_cut_to_the_part_that_is_shown() {
    let recording = recording(FORGOTTEN);
    let findings = findings(&recording);
    let finding = &findings[0];
    let span = |finding: &Finding| (finding.span.0.get(), finding.span.1.get());
    let shown = |criteria: &Criteria| {
        let selection = Selection::new(criteria, &recording, &findings).unwrap().unwrap();
        selection.findings(&findings).iter().map(span).collect::<Vec<_>>()
    };
    let window =
        |from, to| Criteria { from: nanoseconds(from), to: nanoseconds(to), ..Criteria::default() };
    assert_eq!(span(finding), (10_000, 20_000));
    assert_eq!(shown(&window(15_000, 16_000))[0], (15_000, 16_000));
    assert_eq!(shown(&window(0, 50)), [(0u64, 0u64); 0]);
    assert_eq!(
        shown(&Criteria { threads: named("main"), ..Criteria::default() })[0],
        span(finding)
    );
    let other = shown(&Criteria { threads: named("other"), ..Criteria::default() });
    assert!(!other.contains(&span(finding)), "{other:?}");
}

#[test]
fn an_unknown_name_is_an_error_with_suggestions() {
    let recording = recording(JOBS);
    for (criteria, why) in [
        (
            Criteria { threads: named("wroker"), ..Criteria::default() },
            "the recording has no thread \"wroker\"; it has \"worker\", \"main\"",
        ),
        (
            Criteria { from: nanoseconds(2000), ..Criteria::default() },
            "the recording is 90 ns long: there is nothing after 2.0 µs",
        ),
        (
            Criteria { message: Some("jobs#3".to_owned()), ..Criteria::default() },
            "channel \"jobs\" has no message 3; it has 1 to 2",
        ),
        (
            Criteria { message: Some("jbos#1".to_owned()), ..Criteria::default() },
            "the recording has no channel \"jbos\"; it has \"jobs\", \"results\"",
        ),
        (
            Criteria { message: Some("jobs".to_owned()), ..Criteria::default() },
            "\"jobs\" is not a message: write a channel and a number, such as jobs#7",
        ),
        (
            Criteria { around: Some("deadlock".to_owned()), ..Criteria::default() },
            "the report has no finding \"deadlock\"",
        ),
    ] {
        let error = Selection::new(&criteria, &recording, &[]).unwrap_err();
        assert!(matches!(error, Error::NotInRecording(_)), "{error:?}");
        assert!(error.to_string().starts_with(why), "{error}");
    }
}

/// Both traces of this, which say the same.
fn traces(recording: &Recording, items: &[Item]) -> ([String; 2], Facts) {
    let (json, pftrace) = exports_of(recording, items);
    let facts = facts_of(&json, &pftrace);
    ([json, pftrace].map(|trace| String::from_utf8_lossy(&trace).into_owned()), facts)
}

#[test]
fn a_trace_of_a_part_does_not_name_the_rest() {
    let recording = recording(FORGOTTEN);
    for (criteria, there, rest) in [
        (Criteria { threads: named("other"), ..Criteria::default() }, "others", ["main", "jobs"]),
        (Criteria { channels: named("jobs"), ..Criteria::default() }, "main", ["other", "others"]),
    ] {
        let (traces, _) = traces(&recording, &selected(&recording, &criteria));
        for trace in traces {
            assert!(trace.contains(there), "{criteria:?}: {trace}");
            assert!(!rest.iter().any(|name| trace.contains(name)), "{criteria:?}: {trace}");
        }
    }
    // Nothing is in it, and still it is somebody's.
    let (_, facts) = traces(&recording, &[]);
    assert_eq!(facts.processes.len(), 1);
    assert!(facts.threads.is_empty());
}

/// Channels without names: one of a type, two of another, and one whose sender has a name.
const TYPES: &str = "thread 1 main
     0 Site site=1 line=14 column=5 file=\"src/main.rs\"
     1 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=9 message_type=\"my::Record\" name=\"\"
     2 ChannelCreated channel=2 sender=3 receiver=4 site=1 bound=9 message_type=\"my::Line\" name=\"\"
     3 ChannelCreated channel=3 sender=5 receiver=6 site=1 bound=9 message_type=\"my::Line\" name=\"\"
     4 ChannelCreated channel=4 sender=7 receiver=8 site=1 bound=9 message_type=\"u8\" name=\"\"
     5 EndpointNamed endpoint=7 name=\"bytes\"
     11 Send endpoint=1 site=1 detail=1099511627777
     12 Send endpoint=3 site=1 detail=1099511627778
     13 Send endpoint=7 site=1 detail=1099511627779";

#[test]
fn a_channel_is_selected_by_its_label_or_name_or_type() {
    let recording = recording(TYPES);
    let sends = |channel: &str| {
        let criteria = Criteria { channels: vec![channel.to_owned()], ..Criteria::default() };
        let sends = lines(&recording, &criteria).into_iter().filter(|line| line.contains("send"));
        sends.map(|line| line.split_once(" send ").unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    for name in ["Record @ main.rs:14", "Record", "my::Record", "Rec*"] {
        assert_eq!(sends(name), ["Record @ main.rs:14 #1 ->"], "{name}");
    }
    assert_eq!(sends("bytes"), ["u8 @ main.rs:14 #1 ->"]);
    assert_eq!(sends("Line*"), ["Line @ main.rs:14 #1 ->"]);
    let error = |criteria: Criteria| Selection::new(&criteria, &recording, &[]).unwrap_err();
    let by_type = Criteria { channels: vec!["Line".to_owned()], ..Criteria::default() };
    assert_eq!(
        error(by_type).to_string(),
        "several channels have the message type \"Line\": \"Line @ main.rs:14\", \
         \"Line @ main.rs:14 [2]\"; select one by its name"
    );
    let unknown = Criteria { channels: vec!["i8".to_owned()], ..Criteria::default() };
    assert!(error(unknown).to_string().starts_with("the recording has no channel \"i8\"; it has "));
    let journey =
        |message: &str| Criteria { message: Some(message.to_owned()), ..Criteria::default() };
    let travels = lines(&recording, &journey("Record#1"));
    assert_eq!(travels.len(), 1, "{travels:?}");
    assert!(travels[0].ends_with(" send Record @ main.rs:14 #1 ->"), "{travels:?}");
    assert!(error(journey("Line#1")).to_string().starts_with("several channels have the message"));
}

#[test]
fn an_unused_channel_is_in_the_trace() {
    let recording = recording("thread 1 main\n0 channel idle 1 2\n0 mutex state 1");
    let (json, pftrace) = exports(&recording);
    let facts = facts_of(&json, &pftrace);
    let counters: Vec<_> = facts.counters.iter().map(|counter| &counter.name).collect();
    assert_eq!(counters, ["idle live senders", "idle queue depth"]);
}

proptest! {
    /// Each thread that is named has something to show, and each that has is named.
    #[test]
    fn a_trace_names_exactly_the_threads_with_items(
        program in interrupted_channel_programs(),
        nth in 0usize..1_000,
        from in 0u64..1_000,
    ) {
        let recording = read(&program);
        let threads = &recording.catalog.threads;
        prop_assume!(!threads.is_empty());
        let criteria = Criteria {
            from: nanoseconds(recording.catalog.end.get() * from / 1_000),
            threads: named(&threads.raw[nth % threads.len()].name),
            ..Criteria::default()
        };
        let shown = selected(&recording, &criteria);
        let expected: BTreeMap<_, _> = shown
            .iter()
            .filter_map(|item| match item {
                Item::Slice(slice) => Some(&threads[slice.thread]),
                Item::State(state) => Some(&threads[state.thread]),
                _ => None,
            })
            .map(|thread| {
                let process = recording.catalog.processes[thread.process].track;
                ((process, thread.track), thread.name.clone())
            })
            .collect();
        let (_, facts) = traces(&recording, &shown);
        prop_assert_eq!(&facts.threads, &expected);
    }

    /// A selection of everything is everything.
    #[test]
    fn a_selection_of_all_threads_is_complete(program in interrupted_channel_programs()) {
        let recording = read(&program);
        prop_assume!(!recording.catalog.threads.is_empty());
        let criteria = Criteria { threads: named("*"), ..Criteria::default() };
        let count = |items: &[Item]| {
            let mut counts = [0; 2];
            for item in items {
                match item {
                    Item::Slice(_) => counts[0] += 1,
                    Item::Flight(_) => counts[1] += 1,
                    _ => {}
                }
            }
            counts
        };
        let (all, shown) = (items(&recording), selected(&recording, &criteria));
        prop_assert_eq!(count(&all), count(&shown));
        let all: Vec<_> = slices(&all).collect();
        prop_assert_eq!(all, slices(&shown).collect::<Vec<_>>());
    }

    /// Whatever the window, nothing is outside, no arrow lacks its begin, and the last value of a
    /// counter is right.
    #[test]
    fn a_window_is_consistent_on_its_own(
        program in interrupted_channel_programs(),
        from in 0u64..1_000,
        length in 0u64..1_000,
    ) {
        let recording = read(&program);
        let end = recording.catalog.end.get();
        let (from, to) = (end * from / 1_000, end * (from + length).min(1_000) / 1_000);
        let criteria =
            Criteria { from: nanoseconds(from), to: nanoseconds(to), ..Criteria::default() };
        let shown = selected(&recording, &criteria);
        let (first_time, last_time) = (Nanos::new(from), Nanos::new(to));
        let inside = |begin: Nanos, end: Option<Nanos>| {
            first_time <= begin && end.is_none_or(|end| begin <= end && end <= last_time)
        };
        let (mut open, mut received) = (HashSet::new(), HashSet::new());
        let mut last = HashMap::new();
        for item in &shown {
            keep_latest(&mut last, item);
            match item {
                Item::Slice(slice) => {
                    prop_assert!(inside(slice.begin, slice.end));
                    match &slice.flow {
                        Some(Flow::Out(arrows)) => open.extend(arrows.clone()),
                        Some(Flow::In(arrow)) => prop_assert!(open.remove(arrow)),
                        None => {}
                    }
                    if slice.latency.is_some() {
                        received.insert((slice.thread, slice.begin));
                    }
                    let shown = |cause| received.contains(&(slice.thread, cause));
                    prop_assert!(slice.cause.is_none_or(shown));
                }
                Item::State(state) => prop_assert!(inside(state.begin, state.end)),
                Item::Flight(flight) => prop_assert!(inside(flight.begin, Some(flight.end))),
                Item::Hold(hold) => prop_assert!(inside(hold.begin, hold.end)),
                Item::Merged(_) | Item::MergedStates(_) => panic!("nothing merges them: {item:?}"),
                Item::Counter(counter) => {
                    prop_assert!(inside(counter.time, Some(counter.time)));
                }
            }
        }
        let mut expected = HashMap::new();
        for item in items(&recording) {
            if depth(&item).is_some_and(|(_, (time, _))| time <= last_time) {
                keep_latest(&mut expected, &item);
            }
        }
        let values = |latest: Latest| -> BTreeMap<_, _> {
            latest.into_iter().map(|(channel, (_, value))| (channel, value)).collect()
        };
        prop_assert_eq!(values(last), values(expected));
    }

    /// A journey is connected: but for the first, whatever is sent is sent by who received.
    #[test]
    fn a_journey_is_one_chain(program in interrupted_channel_programs(), nth in 0usize..1_000) {
        let recording = read(&program);
        let all = items(&recording);
        let channels = &recording.catalog.channels;
        let has_unique_label = |channel: ChannelIndex| {
            let label = &channels[channel].label;
            channels.iter().filter(|other| other.label == *label).count() == 1
        };
        let sent: Vec<_> = slices(&all)
            .filter(|slice| matches!(slice.flow, Some(Flow::Out(_))))
            .filter(|slice| slice.category() == Category::Channel)
            .filter_map(|slice| Some((slice.channel()?, slice.message?)))
            .filter(|(channel, _)| has_unique_label(*channel))
            .collect();
        if sent.is_empty() {
            return Ok(());
        }
        let (channel, number) = sent[nth % sent.len()];
        let message = Some(format!("{}#{number}", channels[channel].label));
        let shown = selected(&recording, &Criteria { message, ..Criteria::default() });
        let mut received = HashSet::new();
        let (mut sends, mut roots, mut met) = (0, 0, false);
        for slice in slices(&shown) {
            match &slice.flow {
                Some(Flow::Out(_)) => {
                    sends += 1;
                    roots += usize::from(!received.contains(&slice.thread));
                    met |= slice.channel() == Some(channel) && slice.message == Some(number);
                }
                Some(Flow::In(_)) => drop(received.insert(slice.thread)),
                None => prop_assert!(slice.is_wait() || slice.kind.call() == Some(Call::Sleep)),
            }
        }
        prop_assert!(met && sends > 0);
        prop_assert_eq!(roots, 1);
    }
}
