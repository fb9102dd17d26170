//! The crate `tracing`: a program's own spans and events in the recording, and what its
//! channels do in its own subscriber.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::command::{Place, run};
use crate::event_text::{Event, Text};
use crate::programs::traced;

/// An operation: its name, its channel, its outcome, and the message's number or 0.
type Operation = (&'static str, String, &'static str, u64);

/// Runs the program `traced` under the recorder.
fn record(place: &Place, what: &str) -> Text {
    run(place.recorder(&["record", "-o", "x.txt", "--", traced("traced"), what]))
        .expect_status(0)
        .expect_stdout("done\n")
        .expect_no_damage();
    place.text("x.txt")
}

/// What the recording says that each thread did, by its name.
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

/// What tracing-chrome says that each thread did.
fn told(trace: &[Value]) -> BTreeMap<String, Vec<Operation>> {
    let names: HashMap<_, _> = trace
        .iter()
        .filter(|event| event["ph"] == "M")
        .map(|event| (event["tid"].as_u64(), event["args"]["name"].as_str().unwrap()))
        .collect();
    let mut operations: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in trace.iter().filter(|event| event["cat"] == "instrumented::mpsc") {
        // What did not wait is an instant; of a span the end has all fields.
        if event["ph"] == "B" {
            continue;
        }
        // It writes all values as `Debug` does.
        let field = |name| event["args"][name].as_str().map(|text| text.trim_matches('"'));
        let known = |name| {
            let known = ["send", "try_send", "recv", "try_recv", "recv_timeout"];
            let outcomes = ["sent", "full", "received", "disconnected", "empty", "timed out"];
            known.into_iter().chain(outcomes).find(|known| Some(*known) == name).unwrap()
        };
        assert_eq!(event["name"].as_str(), field("operation"));
        let place = field("site").unwrap();
        assert!(place.starts_with("recorder/tests/programs/src/bin/traced.rs:"), "{place}");
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
fn both_tell_the_same_of_channels() {
    let place = Place::new();
    let mut recorded = recorded(&record(&place, "channels"));
    let told = told(&place.json("chrome.json"));
    // On this a layer is at work while it is told of the others.
    let mut by_the_layer = 0;
    for operations in recorded.values_mut() {
        let all = operations.len();
        operations.retain(|(_, channel, ..)| channel != "told");
        by_the_layer += all - operations.len();
    }
    assert!(by_the_layer > 0);
    assert_eq!(told, recorded);
    let sent = |outcome| told.values().flatten().filter(|(_, _, is, _)| *is == outcome).count();
    assert_eq!((sent("sent"), sent("received"), sent("full")), (8, 8, 1));
}

#[test]
fn a_subscriber_is_told_where_nobody_records() {
    let place = Place::new();
    let mut command = place.command(traced("traced"));
    command.arg("channels");
    run(command).expect_status(0).expect_stdout("done\n");
    let told = told(&place.json("chrome.json"));
    let messages = |outcome: &str| {
        let mut messages: Vec<_> = told
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
    let names: Vec<_> =
        events.iter().map(|event| event.name).filter(|name| *name != "Clock").collect();
    let expected = [
        "ProcessStarted",
        "Host",
        "ProcessEnded",
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
fn a_recording_that_begins_later_has_the_spans_that_are_made_from_then_on() {
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
fn spans_and_events_are_there_with_their_fields() {
    let place = Place::new();
    let text = record(&place, "spans");
    let events = text.events();
    let callsites: HashMap<_, _> = events
        .iter()
        .filter(|event| event.name == "Callsite")
        .map(|event| (event.number("callsite"), event))
        .collect();
    let told = |thread| -> Vec<String> {
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
    assert_eq!(told(1), expected);
    let other = text.threads().into_iter().find(|(_, name)| name == "other").unwrap().0.1;
    let expected = [
        r#"enters 1: 3 traced outer: number=1 text=\"a b\" again=1 later=\"now\" again=2"#,
        "1 traced: bad",
        "leaves 1",
    ];
    assert_eq!(told(other), expected);

    // Both layers were at work, and what a `Debug` does with channels is there.
    assert_eq!((text.sent(), text.received()), (2, 1));
    let source = include_str!("../programs/src/bin/traced.rs");
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
