use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use proptest::prelude::*;
use recorder::analysis::Outsiders;
use recorder::analysis::findings::Finding;
use recorder::reading::Recording;
use recorder::report::Report;
use recorder::timeline::builder::play;
use recorder::timeline::item::{Arrow, Category, Count, Counter, Item, LEFT_OUT};
use recorder::timeline::select::{Filter, NotThere, Selection, Wanted};

use crate::facts::{Facts, exports, exports_of, of_chrome, of_perfetto};
use crate::hand::{items, recording};
use crate::invariants::slices;
use crate::simulation::programs_with_gaps;

/// What a picture of this shows, without what it says of the rest.
pub(crate) fn selected(recording: &Recording, wanted: &Wanted) -> Vec<Item> {
    let findings = match wanted.around {
        Some(_) => findings(recording),
        None => Vec::new(),
    };
    let selection = Selection::new(wanted, recording, &findings).expect("it is there");
    let selection = selection.expect("something is asked for");
    let mut filter = Filter::new(&selection, recording);
    let mut shown = Vec::new();
    let mut tell = |item: &Item| {
        shown.push(item.clone());
        Ok(())
    };
    play(recording, &mut |item| filter.item(item, &mut tell)).expect("it can be played");
    filter.finish(&mut tell).expect("it can be told");
    shown.retain(|item| !matches!(item, Item::Slice(slice) if slice.verb == LEFT_OUT));
    shown
}

fn findings(recording: &Recording) -> Vec<Finding> {
    Report::new(recording, Outsiders::Unknown).expect("it can be read").findings
}

/// `thread begin..end name`, and `->` or `<-` where an arrow begins or ends.
fn lines(recording: &Recording, wanted: &Wanted) -> Vec<String> {
    let mut shown: Vec<_> = slices(&selected(recording, wanted)).cloned().collect();
    shown.sort_by_key(|slice| (slice.begin, slice.thread));
    let line = |slice: &recorder::timeline::item::Slice| {
        let arrow = match slice.arrow {
            Some(Arrow::From(_)) => " ->",
            Some(Arrow::To(_)) => " <-",
            None => "",
        };
        format!(
            "{} {}..{} {}{}{arrow}",
            recording.entities.threads[slice.thread].name,
            slice.begin,
            slice.end.map_or(String::new(), |end| end.to_string()),
            slice.name(&recording.entities),
            slice.message.map_or(String::new(), |number| format!(" #{number}")),
        )
    };
    shown.iter().map(line).collect()
}

/// Keeps a channel's latest value, and when it came; they are not told in order.
fn keep_latest(latest: &mut HashMap<usize, (u64, u64)>, counter: &Counter) {
    let kept = latest.entry(counter.channel).or_default();
    if counter.time >= kept.0 {
        *kept = (counter.time, counter.value);
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
fn a_window_cuts_what_reaches_beyond_it() {
    let recording = recording(JOBS);
    let wanted = Wanted { from: nanoseconds(25), to: nanoseconds(75), ..Wanted::default() };
    let shown = lines(&recording, &wanted);
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
fn an_arrow_whose_begin_is_left_out_is_none() {
    let recording = recording(JOBS);
    let wanted = Wanted { from: nanoseconds(60), ..Wanted::default() };
    let shown = lines(&recording, &wanted);
    assert!(shown.contains(&"worker 75..75 recv jobs #2".to_owned()), "{shown:#?}");
    let wanted = Wanted { threads: named("wor*"), ..Wanted::default() };
    let shown = lines(&recording, &wanted);
    assert!(shown.iter().all(|line| line.starts_with("worker ")), "{shown:#?}");
    assert!(shown.contains(&"worker 15..15 recv jobs #1".to_owned()), "{shown:#?}");
}

#[test]
fn a_message_flies_if_one_of_its_ends_is_shown() {
    let recording = recording(JOBS);
    let flights = |wanted: &Wanted| {
        let mut flights: Vec<_> = selected(&recording, wanted)
            .iter()
            .filter_map(|item| match item {
                Item::Flight(flight) => Some((flight.channel, flight.begin, flight.end)),
                _ => None,
            })
            .collect();
        flights.sort_unstable();
        flights
    };
    let all = [(0, 10, 15), (0, 50, 75), (1, 70, 81), (1, 85, 90)];
    for thread in ["main", "worker"] {
        assert_eq!(flights(&Wanted { threads: named(thread), ..Wanted::default() }), all);
    }
    assert_eq!(flights(&Wanted { channels: named("jobs"), ..Wanted::default() }), all[..2]);
    let wanted = Wanted { from: nanoseconds(60), to: nanoseconds(72), ..Wanted::default() };
    assert_eq!(flights(&wanted), [(0, 60, 72), (1, 70, 72)]);
}

#[test]
fn counters_begin_with_what_they_are_at_the_time() {
    let recording = recording(JOBS);
    let depths = |wanted: &Wanted| -> Vec<_> {
        let shown = selected(&recording, wanted).into_iter();
        let shown = shown.filter_map(|item| match item {
            Item::Counter(counter) if counter.what == Count::QueueDepth => {
                Some((counter.channel, counter.time, counter.value))
            }
            _ => None,
        });
        shown.collect()
    };
    let wanted = Wanted {
        from: nanoseconds(60),
        to: nanoseconds(72),
        channels: named("jobs"),
        ..Wanted::default()
    };
    assert_eq!(depths(&wanted), [(0, 60, 1)]);
    let wanted = Wanted { from: nanoseconds(60), to: nanoseconds(72), ..Wanted::default() };
    assert_eq!(depths(&wanted), [(1, 60, 0), (1, 70, 1), (0, 60, 1)]);
}

#[test]
fn a_journey_is_what_led_to_a_message_and_what_it_led_to() {
    let recording = recording(JOBS);
    let journey = |message: &str| {
        lines(&recording, &Wanted { message: Some(message.to_owned()), ..Wanted::default() })
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
fn of_what_a_message_led_to_only_one_branch_leads_back() {
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
        lines(&recording, &Wanted { message: Some(message.to_owned()), ..Wanted::default() })
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
fn around_a_finding_are_its_threads_and_its_time() {
    let recording = recording(FORGOTTEN);
    for name in ["forgotten-sender", "1"] {
        let shown =
            lines(&recording, &Wanted { around: Some(name.to_owned()), ..Wanted::default() });
        assert_eq!(shown, ["main 10000.. recv jobs (waiting)"]);
    }
}

#[test]
fn findings_are_cut_to_the_part_that_is_shown() {
    let recording = recording(FORGOTTEN);
    let findings = findings(&recording);
    let finding = &findings[0];
    let shown = |wanted: &Wanted| {
        let selection = Selection::new(wanted, &recording, &findings).unwrap().unwrap();
        selection.findings(&findings).iter().map(|finding| finding.span).collect::<Vec<_>>()
    };
    let window =
        |from, to| Wanted { from: nanoseconds(from), to: nanoseconds(to), ..Wanted::default() };
    assert_eq!(finding.span, (10_000, 20_000));
    assert_eq!(shown(&window(15_000, 16_000))[0], (15_000, 16_000));
    assert_eq!(shown(&window(0, 50)), [(0u64, 0u64); 0]);
    assert_eq!(shown(&Wanted { threads: named("main"), ..Wanted::default() })[0], finding.span);
    let other = shown(&Wanted { threads: named("other"), ..Wanted::default() });
    assert!(!other.contains(&finding.span), "{other:?}");
}

#[test]
fn what_is_not_there_is_said() {
    let recording = recording(JOBS);
    for (wanted, why) in [
        (
            Wanted { threads: named("wroker"), ..Wanted::default() },
            "the recording has no thread \"wroker\"; there is \"worker\", \"main\"",
        ),
        (
            Wanted { from: nanoseconds(2000), ..Wanted::default() },
            "the recording is 90 ns long: there is nothing after 2.0 µs",
        ),
        (
            Wanted { message: Some("jobs#3".to_owned()), ..Wanted::default() },
            "channel \"jobs\" has no message 3; it has 1 to 2",
        ),
        (
            Wanted { message: Some("jbos#1".to_owned()), ..Wanted::default() },
            "the recording has no channel \"jbos\"; there is \"jobs\", \"results\"",
        ),
        (
            Wanted { message: Some("jobs".to_owned()), ..Wanted::default() },
            "\"jobs\" is no message like jobs#7",
        ),
        (
            Wanted { around: Some("deadlock".to_owned()), ..Wanted::default() },
            "the report has no finding \"deadlock\"",
        ),
    ] {
        let error = Selection::new(&wanted, &recording, &[]).unwrap_err();
        assert!(error.is::<NotThere>(), "{error:#}");
        assert!(error.to_string().starts_with(why), "{error}");
    }
}

/// Both traces of this, which say the same.
fn traces(recording: &Recording, items: &[Item]) -> ([String; 2], Facts) {
    let (json, pftrace) = exports_of(recording, items);
    let facts = of_chrome(&json);
    assert_eq!(facts, of_perfetto(&pftrace));
    ([json, pftrace].map(|trace| String::from_utf8_lossy(&trace).into_owned()), facts)
}

#[test]
fn a_trace_of_a_part_does_not_name_the_rest() {
    let recording = recording(FORGOTTEN);
    for (wanted, there, rest) in [
        (Wanted { threads: named("other"), ..Wanted::default() }, "others", ["main", "jobs"]),
        (Wanted { channels: named("jobs"), ..Wanted::default() }, "main", ["other", "others"]),
    ] {
        let (traces, _) = traces(&recording, &selected(&recording, &wanted));
        for trace in traces {
            assert!(trace.contains(there), "{wanted:?}: {trace}");
            assert!(!rest.iter().any(|name| trace.contains(name)), "{wanted:?}: {trace}");
        }
    }
    // Nothing is in it, and still it is somebody's.
    let (_, facts) = traces(&recording, &[]);
    assert_eq!(facts.processes.len(), 1);
    assert!(facts.threads.is_empty());
}

#[test]
fn a_channel_that_nobody_uses_is_in_the_picture_of_the_run() {
    let recording = recording("thread 1 main\n0 channel idle 1 2\n0 mutex state 1");
    let (json, pftrace) = exports(&recording);
    let facts = of_chrome(&json);
    assert_eq!(facts, of_perfetto(&pftrace));
    let counters: Vec<_> = facts.counters.iter().map(|counter| &counter.name).collect();
    assert_eq!(counters, ["idle live senders", "idle queue depth"]);
}

proptest! {
    /// Each thread that is named has something to show, and each that has is named.
    #[test]
    fn a_trace_has_the_threads_that_are_in_the_picture(
        program in programs_with_gaps(),
        nth in 0usize..1_000,
        from in 0u64..1_000,
    ) {
        let recording = program.recording();
        let threads = &recording.entities.threads;
        prop_assume!(!threads.is_empty());
        let wanted = Wanted {
            from: nanoseconds(recording.entities.end * from / 1_000),
            threads: named(&threads[nth % threads.len()].name),
            ..Wanted::default()
        };
        let shown = selected(&recording, &wanted);
        let expected: BTreeMap<_, _> = shown
            .iter()
            .filter_map(|item| match item {
                Item::Slice(slice) => Some(&threads[slice.thread]),
                Item::State(state) => Some(&threads[state.thread]),
                _ => None,
            })
            .map(|thread| {
                let process = recording.entities.processes[thread.process].track;
                ((process, thread.track), thread.name.clone())
            })
            .collect();
        let (_, facts) = traces(&recording, &shown);
        prop_assert_eq!(&facts.threads, &expected);
    }

    /// A selection of everything is everything.
    #[test]
    fn everything_is_everything(program in programs_with_gaps()) {
        let recording = program.recording();
        prop_assume!(!recording.entities.threads.is_empty());
        let wanted = Wanted { threads: named("*"), ..Wanted::default() };
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
        let (all, shown) = (items(&recording), selected(&recording, &wanted));
        prop_assert_eq!(count(&all), count(&shown));
        let all: Vec<_> = slices(&all).collect();
        prop_assert_eq!(all, slices(&shown).collect::<Vec<_>>());
    }

    /// Whatever the window, nothing is outside, no arrow lacks its begin, and the last value of a
    /// counter is right.
    #[test]
    fn a_window_is_a_picture_of_its_own(
        program in programs_with_gaps(),
        from in 0u64..1_000,
        length in 0u64..1_000,
    ) {
        let recording = program.recording();
        let end = recording.entities.end;
        let (from, to) = (end * from / 1_000, end * (from + length).min(1_000) / 1_000);
        let wanted =
            Wanted { from: nanoseconds(from), to: nanoseconds(to), ..Wanted::default() };
        let shown = selected(&recording, &wanted);
        let inside = |begin: u64, end: Option<u64>| {
            from <= begin && end.is_none_or(|end| begin <= end && end <= to)
        };
        let (mut open, mut received) = (HashSet::new(), HashSet::new());
        let mut last = HashMap::new();
        for item in &shown {
            match item {
                Item::Slice(slice) => {
                    prop_assert!(inside(slice.begin, slice.end));
                    match &slice.arrow {
                        Some(Arrow::From(arrows)) => open.extend(arrows.clone()),
                        Some(Arrow::To(arrow)) => prop_assert!(open.remove(arrow)),
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
                    if counter.what == Count::QueueDepth {
                        keep_latest(&mut last, counter);
                    }
                }
            }
        }
        let mut expected = HashMap::new();
        for item in items(&recording) {
            if let Item::Counter(counter) = item
                && counter.what == Count::QueueDepth
                && counter.time <= to
            {
                keep_latest(&mut expected, &counter);
            }
        }
        let values = |latest: HashMap<usize, (u64, u64)>| -> BTreeMap<_, _> {
            latest.into_iter().map(|(channel, (_, value))| (channel, value)).collect()
        };
        prop_assert_eq!(values(last), values(expected));
    }

    /// A journey is connected: but for the first, whatever is sent is sent by who received.
    #[test]
    fn a_journey_is_one_chain(program in programs_with_gaps(), nth in 0usize..1_000) {
        let recording = program.recording();
        let all = items(&recording);
        let sent: Vec<_> = slices(&all)
            .filter(|slice| matches!(slice.arrow, Some(Arrow::From(_))))
            .filter(|slice| slice.category == Category::Channel)
            .filter_map(|slice| Some((slice.channel()?, slice.message?)))
            .collect();
        prop_assume!(!sent.is_empty());
        let (channel, number) = sent[nth % sent.len()];
        let label = &recording.entities.channels[channel].label;
        let message = Some(format!("{label}#{number}"));
        let labels = recording.entities.channels.iter().filter(|other| other.label == *label);
        prop_assume!(labels.count() == 1);
        let shown = selected(&recording, &Wanted { message, ..Wanted::default() });
        let mut received = HashSet::new();
        let (mut sends, mut roots, mut met) = (0, 0, false);
        for slice in slices(&shown) {
            match &slice.arrow {
                Some(Arrow::From(_)) => {
                    sends += 1;
                    roots += usize::from(!received.contains(&slice.thread));
                    met |= slice.channel() == Some(channel) && slice.message == Some(number);
                }
                Some(Arrow::To(_)) => drop(received.insert(slice.thread)),
                None => prop_assert!(slice.is_wait() || slice.operation == "sleep"),
            }
        }
        prop_assert!(met && sends > 0);
        prop_assert_eq!(roots, 1);
    }
}
