//! Programs of several processes, and programs that record themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::command::{Place, Ran, run};
use crate::programs::program;

/// The numbers after this word, each on a line of its own.
fn numbers(ran: &Ran, word: &str) -> BTreeSet<u64> {
    let lines = ran.stdout.lines();
    lines.filter_map(|line| line.strip_prefix(word)?.trim().parse().ok()).collect()
}

/// The number of events of this kind by process, in a Chrome trace.
fn by_process(json: &[Value], is: impl Fn(&Value) -> bool) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for event in json.iter().filter(|event| is(event)) {
        *counts.entry(event["pid"].as_u64().unwrap()).or_default() += 1;
    }
    counts
}

#[test]
fn a_tree_of_processes_is_one_timeline() {
    let place = Place::new();
    let arguments = ["record", "-o", "x.json", "-o", "x.txt", "--", program("tree")];
    let ran = run(place.recorder(&arguments))
        .expect_status(0)
        .expect_no_damage()
        .expect_stderr("6 threads in 3 processes, ")
        .expect_stderr(": 3 channels, 30 messages sent, 30 received");
    let pids: BTreeSet<_> = &numbers(&ran, "parent") | &numbers(&ran, "child");
    assert_eq!(pids.len(), 3);

    let json = place.json("x.json");
    let each = |count| pids.iter().map(|&pid| (pid, count)).collect::<BTreeMap<_, usize>>();
    assert_eq!(by_process(&json, |event| event["name"] == "process_name"), each(1));
    assert_eq!(by_process(&json, |event| event["name"] == "thread_name"), each(2));
    // Where arrows start and end.
    let is_arrow = |event: &Value, end: &str| event["cat"] == "message" && event["ph"] == end;
    assert_eq!(by_process(&json, |event| is_arrow(event, "s")), each(10));
    assert_eq!(by_process(&json, |event| is_arrow(event, "t")), each(10));

    // An arrow belongs to one process.
    let arrows = |end: &str| {
        let arrows = json.iter().filter(|event| is_arrow(event, end));
        arrows.map(|event| (event["id"].as_u64(), event["pid"].as_u64())).collect::<BTreeSet<_>>()
    };
    assert_eq!(arrows("s"), arrows("t"));
    assert_eq!(arrows("s").len(), 30);

    // The status of the program itself is known, and of the others that they have ended.
    let text = place.text("x.txt");
    assert_eq!(text.count(&["ProcessStarted"]), 3);
    assert_eq!(text.count(&["ProcessEnded"]), 3);
    assert_eq!(text.count(&["RunEnded"]), 1);

    // All readable executables are described.
    let content = fs::read(program("tree")).unwrap();
    let events = text.events();
    let executables = events.iter().filter(|event| event.name == "Executable");
    let executables = executables.map(|event| (event.number("bytes"), event.number("hash")));
    let expected = (content.len() as u64, format::checksum::xxh64(&content, 0));
    assert_eq!(Vec::from_iter(executables), [expected; 3]);
}

#[test]
fn a_forked_child_leaves_its_parents_recording_alone() {
    for arguments in [&[][..], &["exit"]] {
        let place = Place::new();
        let mut command = place.recorder(&["record", "-o", "x.txt", "-o", "x.json", "--"]);
        command.arg(program("forks")).args(arguments);
        let ran = run(command)
            .expect_status(0)
            .expect_no_damage()
            .expect_stderr("2 threads in ")
            .expect_stderr(": 1 channel, 1010 messages sent, 1010 received\n");
        assert!(ran.stdout.ends_with("parent received 1010\nchild ended with 0\n"), "{ran:#?}");
        assert!(!ran.stderr.contains("never received"), "{ran:#?}");

        let text = place.text("x.txt");
        assert_eq!(text.count(&["Send"]), 1010);
        assert_eq!(text.received(), 1010);
        assert_eq!(text.dropped(), 0);
        let json = place.json("x.json");
        let names = by_process(&json, |event| event["name"] == "process_name");
        assert_eq!(names.into_keys().collect::<BTreeSet<_>>(), numbers(&ran, "parent"));
    }
}

#[test]
fn a_program_records_itself() {
    let place = Place::new();
    let mut command = place.command(program("records_itself"));
    command.arg("own.rec");
    let ran = run(command).expect_status(0).expect_stdout("done\n");
    assert_eq!(ran.stderr, "");
    assert_eq!(place.names(), ["own.rec"]);

    run(place.recorder(&["export", "own.rec", "-o", "x.json", "-o", "x.txt"]))
        .expect_status(0)
        .expect_no_damage()
        .expect_stderr("1 channel, 10 messages sent, 7 received")
        .expect_stderr("3 messages never received")
        .expect_stderr("wrote x.json");
    let text = place.text("x.txt");
    assert_eq!((text.sent(), text.received()), (10, 7));
    assert_eq!(text.count(&["ThreadEnded"]), 1);
    let json = place.json("x.json");
    let count = |name: &str| json.iter().filter(|event| event["name"] == name).count();
    assert_eq!((count("send own"), count("recv own")), (10, 7));
    // Each has a start and an end.
    assert_eq!((count("own in flight"), count("own never received")), (14, 6));
}

#[test]
fn a_program_that_records_itself_replaces_its_recording() {
    let place = Place::new();
    for _ in 0..2 {
        let mut command = place.command(program("records_itself"));
        command.arg("own.rec");
        run(command).expect_status(0);
    }
    assert_eq!(place.names(), ["own.rec"]);
    run(place.recorder(&["export", "own.rec", "-o", "x.txt"])).expect_status(0);
    assert_eq!(place.text("x.txt").sent(), 10);
}

#[test]
fn the_recorder_takes_over_a_program_that_would_record_itself() {
    let place = Place::new();
    run(place.recorder(&["record", "-o", "x.txt", "--", program("records_itself"), "own.rec"]))
        .expect_status(0)
        .expect_stdout("done\n")
        .expect_no_damage()
        .expect_stderr("10 messages sent, 7 received");
    assert_eq!(place.names(), ["x.txt"]);
}

#[test]
fn a_program_learns_that_its_recording_cannot_be_created() {
    let place = Place::new();
    let mut command = place.command(program("records_itself"));
    command.arg("missing/own.rec");
    run(command).expect_status(3).expect_stderr("No such file or directory");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_program_without_a_recorder_is_unchanged() {
    let place = Place::new();
    let mut command = place.command(program("count"));
    command.args(["100", "2"]);
    let ran = run(command).expect_status(0).expect_stdout("sent 200\nreceived 200\n");
    assert_eq!(ran.stderr, "");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_program_that_closes_all_files_gets_no_records_in_its_own_files() {
    let place = Place::new();
    let own = place.path("own");
    let program = program("closes_files");
    run(place.recorder(&["record", "-o", "x.txt", "--", program, own.to_str().unwrap()]))
        .expect_status(0)
        .expect_stdout("received 50000\n")
        .expect_stderr("the program has closed the recording's file");
    assert_eq!(std::fs::read(own).unwrap(), b"");
    // The events in the memory that it had mapped are recorded.
    assert!(place.text("x.txt").sent() > 0);
}
