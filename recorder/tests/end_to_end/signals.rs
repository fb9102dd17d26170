//! Signals and `--timeout`: the trace is written, no matter how the program ends.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::command::{Place, Running, run, words};
use crate::programs::program;

#[test]
fn a_signal_to_the_recorder_reaches_the_program() {
    is_caught(Running::signal);
}

#[test]
fn a_signal_to_the_whole_group_reaches_the_program() {
    is_caught(Running::signal_group);
}

fn is_caught(send: fn(&Running, Signal)) {
    let place = Place::new();
    let command = place.recorder(&["record", "-o", "x.txt", "--", program("catches_sigint")]);
    let mut running = Running::start(command);
    running.wait_for("ready");
    send(&running, Signal::INT);
    running
        .finish()
        .expect_status(7)
        .expect_stdout("ready\ninterrupted\n")
        .expect_no_damage()
        .expect_stderr("wrote x.txt");
    assert!(place.text("x.txt").received() >= 1);
}

#[test]
fn a_signal_that_the_program_does_not_catch_ends_it() {
    for (signal, status) in
        [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129), (Signal::QUIT, 131)]
    {
        let place = Place::new();
        let command = place.recorder(&["record", "-o", "x.txt", "--", program("hang")]);
        let mut running = Running::start(command);
        running.wait_for("ready");
        running.signal(signal);
        running.finish().expect_status(status).expect_no_damage().expect_stderr("wrote x.txt");
        let text = place.text("x.txt");
        let events = text.events();
        let ended = events.iter().find(|event| event.name == "ProcessEnded").unwrap();
        assert_eq!(ended.number("signal"), status as u64 - 128);
    }
}

#[test]
fn a_signal_that_is_ignored_from_the_start_stays_so() {
    let place = Place::new();
    let script = format!(
        "trap '' HUP; exec '{}' record -o x.txt -- {}",
        env!("CARGO_BIN_EXE_recorder"),
        program("catches_sigint")
    );
    let mut command = place.command("sh");
    command.args(["-c", &script]);
    let mut running = Running::start(command);
    running.wait_for("ready");
    running.signal_group(Signal::HUP);
    running.signal(Signal::INT);
    running.finish().expect_status(7);
}

#[test]
fn the_timeout_ends_a_program_that_hangs() {
    let place = Place::new();
    let arguments = ["record", "--timeout", "2s", "-o", "x.txt", "-o", "x.json", "--"];
    let mut command = place.recorder(&arguments);
    command.arg(program("hang"));
    let ran = run(command)
        .expect_status(124)
        .expect_stdout("ready\n")
        .expect_no_damage()
        .expect_stderr("recorder: ended hang because --timeout expired");

    let text = place.text("x.txt");
    let threads = text.threads();
    let mut last = text.events();
    last.retain(|event| event.is_operation());
    last.reverse();
    last.sort_by_key(|event| event.thread);
    last.dedup_by_key(|event| event.thread);
    let mut waiting: Vec<_> = last
        .iter()
        .map(|event| (threads[&(event.process, event.thread)].as_str(), event.name))
        .collect();
    waiting.sort_unstable();
    assert_eq!(waiting, [("left", "RecvBegin"), ("right", "RecvBegin")]);

    let json = place.json("x.json");
    let mut open: Vec<_> = json
        .iter()
        .filter(|event| event["ph"] == "B")
        .map(|event| event["name"].as_str().unwrap())
        .collect();
    open.sort_unstable();
    assert_eq!(open, ["join left (waiting)", "recv to left (waiting)", "recv to right (waiting)"]);

    let source = include_str!("../programs/examples/hang.rs");
    for (thread, marker) in [("left", "in left {}"), ("right", "in right {}")] {
        let line = 1 + source.lines().position(|line| line.contains(marker)).unwrap();
        let place = format!("(recorder/tests/programs/examples/hang.rs:{line})");
        let wait = format!("{thread} waits in recv on \"to {thread}\" {place}");
        let said = words(&ran.stderr).contains(&wait);
        assert!(said, "{thread}, line {line}: {ran:#?}");
    }
}

#[test]
fn a_program_that_ends_in_time_is_left_alone() {
    let place = Place::new();
    let arguments = ["record", "--timeout", "1h", "-o", "x.txt", "--", program("exits"), "5"];
    let ran = run(place.recorder(&arguments)).expect_status(5);
    assert!(!ran.stderr.contains("timeout"), "{ran:#?}");
}

#[test]
fn a_program_that_ignores_sigterm_is_killed() {
    let place = Place::new();
    let started = Instant::now();
    let arguments = ["record", "--timeout", "1s", "-o", "x.txt", "--", program("ignores_sigterm")];
    run(place.recorder(&arguments))
        .expect_status(124)
        .expect_stdout("ready\n")
        .expect_no_damage()
        .expect_stderr("main waits in recv on \"silence\"");
    assert!(started.elapsed() >= Duration::from_secs(3));
    let text = place.text("x.txt");
    let events = text.events();
    let ended = events.iter().find(|event| event.name == "ProcessEnded").unwrap();
    assert_eq!(ended.number("signal"), 9);
}

#[test]
fn the_timeout_ends_every_process_that_is_recorded() {
    let place = Place::new();
    // The shell does not forward SIGTERM.
    let script = format!("{} & wait", program("hang"));
    let arguments = ["record", "--timeout", "2s", "-o", "x.txt", "--", "sh", "-c", &script];
    // This waits until every process has closed the output.
    run(place.recorder(&arguments)).expect_status(124).expect_stdout("ready\n").expect_no_damage();
}
