//! Every kind of event: its count and its call sites in the recording.

use std::collections::{BTreeMap, BTreeSet};

use crate::command::{Place, run};
use crate::programs::program;

const SOURCE: &str = include_str!("../programs/examples/every_outcome.rs");
const FILE: &str = "recorder/tests/programs/examples/every_outcome.rs";

/// The number of events of each kind that `every_outcome` causes.
const COUNTS: [(&str, usize); 35] = [
    ("ProcessStarted", 1),
    ("ProcessEnded", 1),
    ("Executable", 1),
    ("Host", 1),
    ("Spawn", 10),
    ("ThreadStarted", 11),
    ("Returned", 10),
    ("RunEnded", 1),
    ("ThreadEnded", 11),
    ("ChannelCreated", 13),
    ("ReceiverDropped", 13),
    ("SenderCloned", 6),
    ("SenderDropped", 19),
    ("Send", 23),
    ("SendDisconnected", 2),
    ("SendBegin", 4),
    ("SendEnd", 2),
    ("SendEndDisconnected", 2),
    ("TrySend", 2),
    ("TrySendFull", 2),
    ("TrySendDisconnected", 1),
    ("Recv", 14),
    ("RecvDisconnected", 2),
    ("RecvBegin", 4),
    ("RecvEnd", 3),
    ("RecvEndDisconnected", 1),
    ("TryRecv", 3),
    ("TryRecvEmpty", 4),
    ("TryRecvDisconnected", 3),
    ("RecvTimeout", 1),
    ("RecvTimeoutDisconnected", 1),
    ("RecvTimeoutBegin", 3),
    ("RecvTimeoutEnd", 1),
    ("RecvTimeoutExpired", 1),
    ("RecvTimeoutEndDisconnected", 1),
];

fn record(place: &Place) {
    let arguments = ["record", "-o", "x.txt", "-o", "x.json", "--", program("every_outcome")];
    run(place.recorder(&arguments))
        .expect_status(0)
        .expect_no_damage()
        .expect_stderr("11 threads in ")
        .expect_stderr(": 13 channels, 27 messages sent, 22 received")
        .expect_stderr("5 messages never received");
}

#[test]
fn every_event_is_recorded_as_often_as_it_happened() {
    let place = Place::new();
    record(&place);
    let text = place.text("x.txt");
    let mut counts = text.counts();
    // The number of these depends on blocks and timing.
    assert!(counts.remove("Site").is_some() && counts.remove("Clock").is_some());
    // So does the number of these, which the recorder writes if the run is not very short.
    counts.retain(|name, _| !["ThreadsCounted", "ThreadObserved"].contains(name));
    // A thread that is joined may have ended by then, or not.
    let [join, begin, end] =
        ["Join", "JoinBegin", "JoinEnd"].map(|name| counts.remove(name).unwrap_or(0));
    assert_eq!((join + begin, begin), (10, end));
    assert_eq!(counts, BTreeMap::from(COUNTS));
    assert_eq!(text.dropped(), 0);
}

#[test]
fn call_sites_are_those_in_the_source() {
    let place = Place::new();
    record(&place);
    let text = place.text("x.txt");
    let places = text.places();
    for (event, expected, method) in [
        ("SendDisconnected", "tx.send(3), Err", "send"),
        ("TrySendDisconnected", "tx.try_send(5)", "try_send"),
        ("SendEnd", "clone.send(2)", "send"),
        ("SendEndDisconnected", "tx.send(4))", "send"),
        ("RecvBegin", "\"receiver, disconnected\"", "recv"),
        ("RecvTimeoutExpired", "recv_timeout(soon)", "recv_timeout"),
        ("RecvTimeoutEnd", "\"receiver, in time\"", "recv_timeout"),
        ("TryRecv", "rx.try_iter()", "try_iter"),
        ("Recv", "rx.iter().take(2)", "iter"),
        ("Recv", "(&rx).into_iter()", "into_iter"),
        ("Recv", "assert_eq!(rx.into_iter()", "into_iter"),
        ("SenderCloned", "let clone_of_clone", "clone"),
        ("ChannelCreated", "named(\"carrier\")", "channel"),
        ("ChannelCreated", "mpsc::channel()", "mpsc::channel"),
    ] {
        let mut lines = SOURCE.lines().enumerate().filter(|(_, line)| line.contains(expected));
        let (index, line) = lines.next().unwrap();
        assert!(lines.next().is_none(), "{expected} is there more than once");
        // The call, not the channel or thread of the same name before it.
        let column = 1 + line.rfind(&format!("{method}(")).unwrap();
        let place = format!("{FILE}:{}:{column}", index + 1);
        assert!(
            places.iter().any(|(found, at)| found.name == event && *at == place),
            "{event} at {place}: {places:#?}"
        );
    }
    // All call sites, and none in the library.
    assert!(places.iter().all(|(_, place)| place.starts_with(FILE)), "{places:#?}");
}

#[test]
fn channels_have_their_names_and_are_distinguishable() {
    let place = Place::new();
    record(&place);
    let json = place.json("x.json");
    let channels: BTreeSet<_> =
        json.iter().filter_map(|event| event["args"]["channel"].as_str()).collect();
    let line = 1 + SOURCE.lines().position(|line| line.contains("mpsc::channel()")).unwrap();
    let nameless = format!("() @ every_outcome.rs:{line}");
    let expected = [
        "unbounded",
        "bounded",
        "full",
        "receives",
        "empty",
        "timeouts",
        "iterators",
        &nameless,
        "twins",
        "twins [2]",
        "carrier",
        "carried",
        "rendezvous",
    ];
    assert_eq!(channels, BTreeSet::from(expected));
    // Each of the twins has its own two messages.
    for twin in ["twins", "twins [2]"] {
        let name = format!("recv {twin}");
        let messages: Vec<_> = json
            .iter()
            .filter(|event| event["name"] == *name)
            .filter_map(|event| event["args"]["message"].as_u64())
            .collect();
        assert_eq!(messages, [1, 2]);
    }
}
