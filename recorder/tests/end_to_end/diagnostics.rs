//! The recorder's log, its timeline of itself, and `--quiet`.

use std::collections::BTreeSet;
use std::process::Command;

use crate::command::{Place, Ran, run};
use crate::programs::program;

/// `recorder record OPTIONS -o x.rec -- count 10 1`
fn record(place: &Place, options: &[&str]) -> Command {
    let mut command = place.recorder(options);
    command.args(["record", "-o", "x.rec", "--", program("count"), "10", "1"]);
    command.env_remove("RUST_LOG");
    command
}

/// The number of log lines.
fn logged(ran: &Ran) -> usize {
    ran.stderr.lines().filter(|line| line.contains(" recorder::")).count()
}

#[test]
fn logging_is_off_by_default() {
    let place = Place::new();
    let ran = run(record(&place, &[])).expect_status(0);
    assert_eq!(logged(&ran), 0, "{ran:#?}");

    let info = run(record(&place, &["-v"])).expect_status(0);
    assert!(logged(&info) >= 5, "{info:#?}");
    // Messages to the user are not part of the log, and do not change with it.
    let info = info.expect_stderr("\n3 threads in ").expect_stderr("\nwrote x.rec (");
    assert!(!info.stderr.contains('\u{1b}'), "{info:#?}");
    assert!(!info.stderr.contains("DEBUG"), "{info:#?}");
    // Repeated actions while the program runs.
    let mut recorder = place.recorder(&["-vvv", "record", "--on-deadlock", "kill"]);
    recorder.args(["-o", "x.rec", "--", program("hang")]).env_remove("RUST_LOG");
    run(recorder)
        .expect_status(123)
        .expect_stderr("TRACE")
        .expect_stderr("recorder::capture::session");
}

#[test]
fn rust_log_is_respected() {
    let place = Place::new();
    for (filter, expected) in [("recorder::reading=info", true), ("off", false), ("[}", false)] {
        let mut command = record(&place, &[]);
        command.env("RUST_LOG", filter);
        let ran = run(command).expect_status(0);
        assert_eq!(logged(&ran) > 0, expected, "{filter}: {ran:#?}");
        assert!(!ran.stderr.contains("recorder::capture::run"), "{ran:#?}");
    }
    let mut command = record(&place, &["--quiet"]);
    command.env("RUST_LOG", "debug");
    assert_eq!(run(command).expect_status(0).stderr, "");
}

#[test]
fn quiet_prints_only_errors() {
    let place = Place::new();
    let ran = run(record(&place, &["--quiet"])).expect_status(0);
    assert_eq!(ran.stderr, "", "{ran:#?}");
    let ran = run(place.recorder(&["export", "--quiet", "x.rec", "-o", "x.json"]));
    assert_eq!(ran.expect_status(0).stderr, "");
    run(place.recorder(&["export", "--quiet", "missing.rec", "-o", "x.json"]))
        .expect_status(1)
        .expect_stderr("recorder: missing.rec: ");
    run(place.recorder(&["record", "--quiet", "--", "true"]))
        .expect_status(1)
        .expect_stderr("recorder: recorded nothing");
}

#[test]
fn a_timeline_of_the_recorder_itself() {
    let place = Place::new();
    // The program hangs, so that its blocks are drained before it ends.
    let arguments = ["record", "--on-deadlock", "kill", "-o", "x.rec", "--", program("hang")];
    run(place.recorder(&[&["--self-trace", "self.json"], &arguments[..]].concat()))
        .expect_status(123);
    let timeline = place.json("self.json");
    let begun: BTreeSet<_> = timeline
        .iter()
        .filter(|event| event["ph"] == "B")
        .filter_map(|event| event["name"].as_str())
        .collect();
    for stage in ["run", "drain", "collect", "load", "analyse", "export", "write"] {
        assert!(begun.contains(stage), "{stage} is not in {begun:?}");
    }
    assert!(timeline.iter().any(|event| event["ph"] == "i" && event["name"] == "collected"));
    let count = |phase: &str| timeline.iter().filter(|event| event["ph"] == phase).count();
    assert_eq!(count("B"), count("E"));

    let before = place.bytes("x.rec");
    run(record(&place, &["--self-trace", "missing/self.json"]))
        .expect_status(1)
        .expect_stdout("")
        .expect_stderr("recorder: cannot write the timeline missing/self.json: ");
    assert!(place.bytes("x.rec") == before);
}
