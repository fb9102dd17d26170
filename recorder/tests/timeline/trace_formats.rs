use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use recorder::reading::catalog::ThreadIndex;
use recorder::reading::{Nanos, Recording};
use recorder::timeline::item::{Count, Counter, Flow, Item};

use crate::exported::{Facts, exports, exports_with_findings, facts_of};
use crate::invariants::slices;
use crate::shorthand::{items, recording};
use crate::simulated::{all_programs, read, whole_programs};

/// What both traces of a recording say.
fn facts(recording: &Recording) -> Facts {
    let (json, pftrace) = exports(recording);
    facts_of(&json, &pftrace)
}

/// Time and place of where arrows begin and end.
fn arrows_of(recording: &Recording, items: &[Item]) -> Vec<[(u64, (u64, u64)); 2]> {
    let at = |thread: ThreadIndex, time: Nanos| {
        let thread = &recording.catalog.threads[thread];
        (time.get(), (recording.catalog.processes[thread.process].track, thread.track))
    };
    let mut sources = HashMap::new();
    let mut arrows = Vec::new();
    for slice in slices(items) {
        let here = at(slice.thread, slice.begin);
        match &slice.flow {
            Some(Flow::Out(numbers)) => {
                sources.extend(numbers.clone().map(|arrow| (arrow, here)));
            }
            Some(Flow::In(arrow)) => arrows.push([sources[arrow], here]),
            None => {}
        }
        arrows.extend(slice.cause.map(|cause| [at(slice.thread, cause), here]));
    }
    arrows
}

proptest! {
    #[test]
    fn both_formats_hold_the_same_facts(simulated in whole_programs()) {
        let recording = read(&simulated);
        let facts = facts(&recording);
        // And all that there is to say.
        let items = items(&recording);
        let count = |which: fn(&Item) -> bool| items.iter().filter(|item| which(item)).count();
        let threads: HashSet<_> = items
            .iter()
            .filter_map(|item| match item {
                Item::Slice(slice) => Some(slice.thread),
                Item::State(state) => Some(state.thread),
                _ => None,
            })
            .collect();
        prop_assert_eq!(facts.threads.len(), threads.len());
        let of_threads = threads.iter().map(|&thread| recording.catalog.threads[thread].process);
        let of_channels = recording.catalog.channels.iter().map(|channel| channel.process);
        let processes: HashSet<_> = of_threads.chain(of_channels).collect();
        // A trace of nothing is still somebody's.
        let expected = match processes.len() {
            0 => recording.catalog.processes.len(),
            some => some,
        };
        prop_assert_eq!(facts.processes.len(), expected);
        prop_assert_eq!(facts.slices.len(), count(|item| matches!(item, Item::Slice(_))));
        prop_assert_eq!(facts.flights.len(), count(|item| matches!(item, Item::Flight(_))));
        prop_assert_eq!(facts.holds.len(), count(|item| matches!(item, Item::Hold(_))));
        // Each value is told once at a time.
        let counted: HashSet<_> = items
            .iter()
            .filter_map(|item| match item {
                Item::Counter(Counter { channel, count, time, value }) => {
                    Some((*channel, *count as u8, *time, *value))
                }
                Item::Slice(slice) => {
                    Some((slice.channel()?, Count::QueueDepth as u8, slice.begin, slice.depth?))
                }
                _ => None,
            })
            .collect();
        prop_assert_eq!(facts.counters.len(), counted.len());
        let mut arrows = facts.arrows().collect::<Vec<_>>();
        let mut expected = arrows_of(&recording, &items);
        arrows.sort();
        expected.sort();
        prop_assert_eq!(arrows, expected);
    }

    #[test]
    fn a_recording_with_gaps_has_the_same_facts_in_both_formats(
        simulated in all_programs(),
        length in 64usize..20_000,
    ) {
        let mut bytes = simulated.bytes();
        bytes.truncate(length);
        facts(&Recording::from_bytes(bytes).unwrap());
    }
}

#[test]
fn an_empty_recording_is_an_empty_trace() {
    let recording = Recording::from_bytes(format::file_header().into()).unwrap();
    assert_eq!(facts(&recording), Facts::default());
    assert_eq!(exports(&recording).0, b"[]\n");
}

#[test]
fn threads_that_findings_are_about_are_shown_first() {
    let recording = recording(
        "thread 1 main
         0 channel numbers 1 2
         1 channel own 3 4
         10 Send 1 @1.1
         20 Send 1 @1.2
         thread 2 reader
         30 Recv 2 @1.1
         40 Recv 2 @1.2
         50 ThreadEnded
         thread 3 stuck
         60 Send 3 @3.1
         70 Recv 4 @3.1
         80 RecvBegin 4",
    );
    let in_order = |(json, pftrace): (Vec<u8>, Vec<u8>)| {
        let facts = facts_of(&json, &pftrace);
        let mut threads: Vec<_> = facts.ranks.into_iter().collect();
        threads.sort_by_key(|(_, rank)| *rank);
        threads.into_iter().map(|(place, _)| facts.threads[&place].clone()).collect::<Vec<_>>()
    };
    assert_eq!(in_order(exports(&recording)), ["main", "reader", "stuck"]);
    assert_eq!(in_order(exports_with_findings(&recording)), ["stuck", "main", "reader"]);
}

#[test]
fn every_argument_is_exported() {
    let facts = facts(&recording(
        "thread 1 main
         0 Site site=1 line=14 column=5 file=\"src/main.rs\"
         1 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=0 message_type=\"i32\" name=\"jobs\"
         20 SendBegin endpoint=1 site=1 detail=7
         35 SendEnd endpoint=1 site=1 detail=7
         thread 2 worker
         10 RecvTimeoutBegin 2 500
         30 RecvTimeoutEnd 2 7",
    ));
    let arguments: Vec<_> = facts
        .slices
        .iter()
        .map(|slice| {
            let arguments: Vec<_> =
                slice.arguments.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("{}: {}", slice.name, arguments.join(" "))
        })
        .collect();
    assert_eq!(
        arguments,
        [
            "channel jobs: channel=jobs site=src/main.rs:14:5",
            "send jobs (waiting): channel=jobs message=1 site=src/main.rs:14:5 waited_ns=9",
            "send jobs: channel=jobs message=1 site=src/main.rs:14:5 waited_ns=9",
            "send jobs (returning): channel=jobs message=1 site=src/main.rs:14:5 waited_ns=15",
            "recv_timeout jobs (waiting): channel=jobs message=1 timeout_ns=500 waited_ns=20",
            "recv jobs: channel=jobs latency_ns=10 message=1 operation=recv_timeout waited_ns=20",
        ]
    );
    let counters: Vec<_> = facts.counters.iter().map(|counter| counter.name.as_str()).collect();
    assert_eq!(counters[0], "jobs live senders");
    assert_eq!(counters.last(), Some(&"jobs queue depth, rendezvous"));
}

#[test]
fn every_text_survives() {
    let odd = "\"quoted\" \\u{1}\\u{9}\\u{a}\\u{7f} \u{e4}\u{6f22}\u{1f980} </script>";
    let quoted = odd.replace("\"quoted\"", "\\\"quoted\\\"");
    let plain = "\"quoted\" \u{1}\t\n\u{7f} \u{e4}\u{6f22}\u{1f980} </script>";
    let facts = facts(&recording(&format!(
        "block process=0 thread=0 sequence=0 dropped=0
         0 ProcessStarted pid=5 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 executable=\"/bin/{}\" arguments=\"{quoted}\"
         block process=0 thread=1 sequence=0 dropped=0
         0 ThreadStarted os_id=5 name=\"{quoted}\"
         0 Site site=1 line=14 column=5 file=\"{quoted}.rs\"
         1 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=0 message_type=\"{quoted}\" name=\"{quoted}\"",
        quoted.replace('/', "|"),
    )));
    assert_eq!(facts.processes[&5], plain.replace('/', "|"));
    assert_eq!(facts.threads[&(5, 5)], plain);
    assert_eq!(facts.slices[0].name, format!("channel {plain}"));
    assert_eq!(facts.slices[0].arguments["channel"], plain);
    assert_eq!(facts.slices[0].arguments["site"], format!("{plain}.rs:14:5"));
}

#[test]
fn every_nanosecond_survives_for_a_hundred_days() {
    let day = 86_400_000_000_000u64;
    let times =
        [1, 999, 1_000, 1_001, 123_456_789_012_345, 100 * day - 1, 100 * day, 100 * day + 1];
    let lines = times.map(|time| format!("{time} TryRecvEmpty 2\n"));
    let facts = facts(&recording(&format!("thread 1 main\n{}", lines.concat())));
    let begins: Vec<_> = facts.slices.iter().map(|slice| slice.begin).collect();
    assert_eq!(begins, times);
}

#[test]
fn recordings_of_every_version_have_the_same_facts_in_both_formats() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../format/tests/golden");
    let mut loaded = 0;
    for entry in std::fs::read_dir(golden).unwrap() {
        let path = entry.unwrap().path();
        let recording = Recording::open(&path).unwrap();
        let facts = facts(&recording);
        assert!(!facts.slices.is_empty(), "{}", path.display());
        loaded += 1;
    }
    assert!(loaded >= 8, "{loaded}");
}
