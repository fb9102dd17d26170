//! The spans and events of the crate `tracing` in the recording, and channel operations in a
//! `tracing` subscriber.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::command::{Place, run};
use crate::event_text::{Event, Text};
use crate::programs::traced;

/// An operation: its name, its channel, its outcome, and the number of the message or 0.
type Operation = (&'static str, String, &'static str, u64);

/// Runs the program `traced` under the recorder.
fn record(place: &Place, what: &str) -> Text {
    run(place.recorder(&["record", "-o", "x.txt", "--", traced("traced"), what]))
        .expect_status(0)
        .expect_stdout("done\n")
        .expect_no_damage();
    place.text("x.txt")
}

/// The operations of each thread in the recording, by thread name.
fn recorded(text: &Text) -> BTreeMap<String, Vec<Operation>> {
    let threads = text.threads();
    let mut channels: HashMap<u64, String> = HashMap::new();
    for (made, place) in text.places() {
        if made.name == "ChannelCreated" {
            let line = place.split(':').nth(1).unwrap();
            let label = match made.text("name") {
                "" => format!("{} @ traced.rs:{line}", made.text("message_type")),
                name => name.to_owned(),
            };
            for end in ["sender", "receiver"] {
                channels.insert(made.number(end), label.clone());
            }
        }
    }
    let mut operations: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in text.events().iter().filter(|event| event.is_operation()) {
        let channel = channels[&event.number("endpoint")].clone();
        let message = event.number("detail");
        let (name, outcome) = match event.name {
            "Send" | "SendEnd" => ("send", "sent"),
            "TrySend" => ("try_send", "sent"),
            "TrySendFull" => ("try_send", "full"),
            "Recv" | "RecvEnd" => ("recv", "received"),
            "RecvDisconnected" | "RecvEndDisconnected" => ("recv", "disconnected"),
            "TryRecvEmpty" => ("try_recv", "empty"),
            "RecvTimeoutExpired" => ("recv_timeout", "timed out"),
            "SendBegin" | "RecvBegin" | "RecvTimeoutBegin" => continue,
            other => panic!("{other}"),
        };
        let thread = threads[&(event.process, event.thread)].clone();
        operations.entry(thread).or_default().push((name, channel, outcome, message));
    }
    operations
}

/// The operations of each thread in the trace of tracing-chrome.
fn traced_operations(trace: &[Value]) -> BTreeMap<String, Vec<Operation>> {
    let names: HashMap<_, _> = trace
        .iter()
        .filter(|event| event["ph"] == "M")
        .map(|event| (event["tid"].as_u64(), event["args"]["name"].as_str().unwrap()))
        .collect();
    let mut operations: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in trace.iter().filter(|event| event["cat"] == "instrumented::mpsc") {
        // An operation that did not wait is an instant; the end of a span has all fields.
        if event["ph"] == "B" {
            continue;
        }
        // It writes all values with `Debug`.
        let field = |name| event["args"][name].as_str().map(|text| text.trim_matches('"'));
        let known = |name| {
            let known = ["send", "try_send", "recv", "try_recv", "recv_timeout"];
            let outcomes = ["sent", "full", "received", "disconnected", "empty", "timed out"];
            known.into_iter().chain(outcomes).find(|known| Some(*known) == name).unwrap()
        };
        assert_eq!(event["name"].as_str(), field("operation"));
        let place = field("site").unwrap();
        assert!(place.starts_with("recorder/tests/programs/examples/traced.rs:"), "{place}");
        assert_eq!(event["ph"] == "E", field("waited_ns").is_some(), "{event}");
        let message = field("message_id").map_or(0, |number| number.parse().unwrap());
        let thread = names[&event["tid"].as_u64()].to_owned();
        operations.entry(thread).or_default().push((
            known(field("operation")),
            field("channel").unwrap().to_owned(),
            known(field("outcome")),
            message,
        ));
    }
    operations
}

#[test]
fn the_recording_and_tracing_agree_about_channels() {
    let place = Place::new();
    let mut recorded = recorded(&record(&place, "channels"));
    let by_tracing = traced_operations(&place.json("chrome.json"));
    // A layer uses this channel while it handles the operations on the others.
    let mut by_the_layer = 0;
    for operations in recorded.values_mut() {
        let all = operations.len();
        operations.retain(|(_, channel, ..)| channel != "told");
        by_the_layer += all - operations.len();
    }
    assert!(by_the_layer > 0);
    assert_eq!(by_tracing, recorded);
    let sent =
        |outcome| by_tracing.values().flatten().filter(|(_, _, is, _)| *is == outcome).count();
    assert_eq!((sent("sent"), sent("received"), sent("full")), (8, 8, 1));
}

#[test]
fn a_subscriber_receives_operations_without_a_recorder() {
    let place = Place::new();
    let mut command = place.command(traced("traced"));
    command.arg("channels");
    run(command).expect_status(0).expect_stdout("done\n");
    let by_tracing = traced_operations(&place.json("chrome.json"));
    let messages = |outcome: &str| {
        let mut messages: Vec<_> = by_tracing
            .values()
            .flatten()
            .filter(|(_, _, is, _)| *is == outcome)
            .map(|(_, channel, _, message)| (channel.as_str(), *message))
            .collect();
        messages.sort_unstable();
        messages
    };
    assert_eq!(messages("sent"), messages("received"));
    let mut numbers: Vec<_> = messages("sent").into_iter().map(|(_, number)| number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((numbers.len(), numbers.contains(&0)), (8, false));
}

#[test]
fn a_program_without_channels_is_recorded() {
    let place = Place::new();
    let text = record(&place, "span");
    let events = text.events();
    // The number of these depends on timing.
    let by_time = ["Clock", "ThreadsCounted", "ThreadObserved"];
    let names = events.iter().map(|event| event.name);
    let names: Vec<_> = names.filter(|name| !by_time.contains(name)).collect();
    let expected = [
        "ProcessStarted",
        "Host",
        "ProcessEnded",
        "RunEnded",
        "Executable",
        "ThreadStarted",
        "Site",
        "Callsite",
        "SpanEntered",
        "Site",
        "Callsite",
        "Logged",
        "SpanExited",
        "ThreadEnded",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_recording_that_starts_later_has_the_spans_created_after_its_start() {
    let place = Place::new();
    let mut command = place.command(traced("traced"));
    command.arg("later");
    run(command).expect_status(0).expect_stdout("done\n");
    run(place.recorder(&["export", "own.rec", "-o", "x.txt"])).expect_status(0).expect_no_damage();
    let text = place.text("x.txt");
    let events = text.events();
    let names = events.iter().map(|event| event.name);
    let names: Vec<_> = names.filter(|name| !["Clock", "Site"].contains(name)).collect();
    let expected = [
        "ProcessStarted",
        "Host",
        "ThreadStarted",
        "Callsite",
        "SpanEntered",
        "Callsite",
        "Logged",
        "SpanExited",
        "SpanEntered",
        "Logged",
        "SpanExited",
        "ThreadEnded",
    ];
    assert_eq!(names, expected);
    let fields = events.iter().filter(|event| event.name == "SpanEntered");
    let fields: Vec<_> = fields.map(|event| event.escaped("fields")).collect();
    assert_eq!(fields, [r#"name=\"one\""#, r#"name=\"two\""#]);
}

#[test]
fn spans_and_events_are_recorded_with_their_fields() {
    let place = Place::new();
    let text = record(&place, "spans");
    let events = text.events();
    let callsites: HashMap<_, _> = events
        .iter()
        .filter(|event| event.name == "Callsite")
        .map(|event| (event.number("callsite"), event))
        .collect();
    let logged = |thread| -> Vec<String> {
        let of_tracing = ["SpanEntered", "SpanExited", "Logged"];
        events
            .iter()
            .filter(|event| event.thread == thread && of_tracing.contains(&event.name))
            .map(|event| describe(event, &callsites))
            .collect()
    };
    let expected = [
        r#"enters 1: 3 traced outer: number=1 text=\"a b\" again=1"#,
        "4 elsewhere: looking answer=42",
        "leaves 1",
        r#"enters 1: 3 traced outer: number=1 text=\"a b\" again=1"#,
        "4 elsewhere: looking answer=42",
        "leaves 1",
        "2 traced: odd telling=told",
        "3 traced: broken=<Debug panicked>",
        "5 traced: number=1.5",
        "enters 2: 5 traced begins before the pause: ",
        "leaves 3",
        "3 traced: recorded again",
    ];
    assert_eq!(logged(1), expected);
    let other = text.threads().into_iter().find(|(_, name)| name == "other").unwrap().0.1;
    let expected = [
        r#"enters 1: 3 traced outer: number=1 text=\"a b\" again=1 later=\"now\" again=2"#,
        "1 traced: bad",
        "leaves 1",
    ];
    assert_eq!(logged(other), expected);

    // Both layers received the events, and the channel operations of a `Debug` are recorded.
    assert_eq!((text.sent(), text.received()), (2, 1));
    let source = include_str!("../programs/examples/traced.rs");
    let (called, place) =
        text.places().into_iter().find(|(event, _)| event.name == "Callsite").unwrap();
    let line = place.split(':').nth(1).unwrap().parse::<usize>().unwrap();
    assert_eq!(called.text("name"), "outer");
    assert!(source.lines().nth(line - 1).unwrap().contains("info_span!(\"outer\""));
}

fn describe(event: &Event<'_>, callsites: &HashMap<u64, &Event<'_>>) -> String {
    let callsite = || {
        let callsite = callsites[&event.number("callsite")];
        let name = callsite.text("name");
        let space = if name.is_empty() { "" } else { " " };
        format!("{} {}{space}{name}", callsite.number("level"), callsite.text("target"))
    };
    match event.name {
        "SpanEntered" => {
            format!("enters {}: {}: {}", event.number("span"), callsite(), event.escaped("fields"))
        }
        "SpanExited" => format!("leaves {}", event.number("span")),
        _ => format!("{}: {}", callsite(), event.escaped("message")),
    }
}
