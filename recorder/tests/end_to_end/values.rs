//! `--values`: the values of messages.

use crate::command::{Place, Ran, run};
use crate::event_text::{Event, Text};
use crate::programs::program;

/// Records the program `values`. Returns its output and the event text.
fn record(place: &Place, options: &[&str]) -> (Ran, Text) {
    let mut command = place.recorder(&["record", "-o", "x.txt"]);
    command.args(options).args(["--", program("values")]);
    let ran = run(command).expect_status(0).expect_no_damage();
    (ran, place.text("x.txt"))
}

fn values<'a>(events: &'a [Event<'_>]) -> Vec<&'a str> {
    events
        .iter()
        .filter(|event| event.name == "Value")
        .map(|event| event.escaped("value"))
        .collect()
}

#[test]
fn values_are_recorded_up_to_the_length_limit() {
    let place = Place::new();
    let (ran, text) = record(&place, &["--values=40"]);
    ran.expect_stdout("told Some(7)\ndone\n");
    let expected = [
        "-5",
        r#"\"a \\\"text\\\"\\n\""#,
        r#"(1, \"borrowed\")"#,
        "Job { id: 2 }",
        "job 3",
        "7",
        "told",
        "<Debug panicked>",
        "10",
        "12",
        &format!(r#"\"{}…"#, "é".repeat(18)),
        "11",
    ];
    assert_eq!(values(&text.events()), expected);
}

#[test]
fn each_value_precedes_its_send() {
    let place = Place::new();
    let (_, text) = record(&place, &["--values"]);
    let events = text.events();
    let mut followed = 0;
    for (index, value) in events.iter().enumerate().filter(|(_, event)| event.name == "Value") {
        let sent: Vec<_> = events[index..]
            .iter()
            .filter(|event| event.thread == value.thread && event.is_send())
            .filter(|event| event.number("detail") == value.number("message"))
            .map(|event| event.name)
            .collect();
        match sent[..] {
            [] => {}
            ["Send"] | ["SendBegin", "SendEnd"] => followed += 1,
            _ => panic!("{value:?}: {sent:?}"),
        }
    }
    // All values, except for the two that were not sent.
    assert_eq!((followed, values(&events).len()), (10, 12));
}

#[test]
fn values_are_not_recorded_by_default() {
    for options in [&[][..], &["--no-values"]] {
        let place = Place::new();
        let (ran, text) = record(&place, options);
        ran.expect_stdout("told None\ndone\n");
        assert_eq!(text.count(&["Value"]), 0);
        assert_eq!(text.sent(), 10);
    }
}

#[test]
fn a_panic_in_a_debug_implementation_is_not_printed() {
    let place = Place::new();
    let (ran, _) = record(&place, &["--values"]);
    assert!(!ran.stderr.contains("nobody is to see this"), "{ran:#?}");
    assert!(!ran.stderr.contains("panicked at"), "{ran:#?}");
}

#[test]
fn run_records_values() {
    use crate::programs::{target, workspace};
    for (options, count) in [(&[][..], 12), (&["--no-values"], 0)] {
        let place = Place::new();
        let output = place.path("x.txt");
        let mut command = place.recorder(&["run", "values", "-o"]);
        command.arg(&output).args(options);
        command.current_dir(workspace()).env("CARGO_TARGET_DIR", target());
        run(command).expect_status(0).expect_no_damage();
        assert_eq!(place.text("x.txt").count(&["Value"]), count);
    }
}

#[test]
fn endpoints_have_names() {
    let place = Place::new();
    let (_, text) = record(&place, &[]);
    let events = text.events();
    let named: Vec<_> = events.iter().filter(|event| event.name == "EndpointNamed").collect();
    let [named] = named[..] else { panic!("{named:?}") };
    assert_eq!(named.text("name"), "labelled");
    let made = events.iter().filter(|event| event.name == "ChannelCreated");
    let senders: Vec<_> = made.map(|event| event.number("sender")).collect();
    assert!(senders.contains(&named.number("endpoint")));
}

#[test]
fn an_invalid_length() {
    for values in ["--values=0", "--values=481", "--values=all", "--values=80 --no-values"] {
        let place = Place::new();
        let mut command = place.recorder(&["record"]);
        command.args(values.split(' ')).args(["--", "touch", "ran"]);
        run(command).expect_status(2).expect_stderr("--values");
        assert_eq!(place.names(), [""; 0]);
    }
}
