//! What the operating system reports of threads while they record nothing.

use std::thread;
use std::time::Duration;

use recorder::analysis::{Analysis, UnrecordedThreads, analyse};
use recorder::reading::Recording;
use recorder::reading::catalog::{Observation, ProcessIndex};
use recorder::timeline::builder;
use recorder::timeline::item::{Activity, Item};
use rustix::process::{Pid, Signal, kill_process};

use crate::command::{Place, Running, run};
use crate::programs::program;

fn open(place: &Place) -> Recording {
    let recording = Recording::open(&place.path("x.rec")).unwrap();
    assert_eq!(recording.damage, []);
    recording
}

fn last_observation(recording: &Recording) -> &Observation {
    recording.catalog.processes[ProcessIndex::from(0)].last_observation.as_ref().unwrap()
}

/// What a thread of this name did when it was observed last.
fn activity<'r>(recording: &'r Recording, name: &str) -> &'r str {
    let threads = &last_observation(recording).threads;
    &threads.iter().find(|thread| thread.name == name).unwrap().activity
}

fn unrecorded_threads(analysis: &Analysis<'_>) -> UnrecordedThreads {
    analysis.unrecorded_threads(ProcessIndex::from(0))
}

#[test]
fn threads_that_wait_outside_are_in_the_recording() {
    let place = Place::new();
    let outputs = ["record", "--timeout", "500ms", "-o", "x.txt", "-o", "x.rec", "--"];
    let mut command = place.recorder(&outputs);
    command.arg(program("waits_outside"));
    let mut running = Running::start(command);
    let address = running.next_line();
    let ran = running.finish().expect_status(124).expect_no_damage();
    assert!(!ran.stderr.contains("hangs"), "{ran:#?}");

    let recording = open(&place);
    let accepts = format!("in accept4 on a socket that listens on {}", address.trim());
    assert_eq!(activity(&recording, "accepts"), accepts);
    assert_eq!(activity(&recording, "reads"), "in read on a pipe");
    assert_eq!(activity(&recording, "waits_outside"), "in futex without a timeout");

    let analysis = analyse(&recording).unwrap();
    assert_eq!(unrecorded_threads(&analysis), UnrecordedThreads::Some);
    let unrecorded = analysis.unrecorded(ProcessIndex::from(0)).map(|thread| &*thread.name);
    assert_eq!(unrecorded.collect::<Vec<_>>(), ["reads"]);
    for (thread, facts) in recording.catalog.threads.iter_enumerated() {
        let observed = analysis.observed(thread).unwrap();
        assert_eq!(observed.os_id, facts.os_id);
        let share = analysis.processor_time(thread).unwrap();
        assert!(share.from < share.to && share.on_cpu <= share.to, "{share:?}");
    }
    let is_blocked = |item: &Item| {
        matches!(item, Item::State(state) if state.activity == Activity::BlockedElsewhere
            && recording.catalog.threads[state.thread].name == "accepts")
    };
    assert!(builder::items(&recording).unwrap().iter().any(is_blocked));

    let text = place.text("x.txt");
    let events = text.events();
    let observed: Vec<_> = events.iter().filter(|it| it.name == "ThreadObserved").collect();
    let last = observed.last().unwrap().number("monotonic_ns");
    let last = observed.iter().filter(|it| it.number("monotonic_ns") == last);
    let mut names: Vec<_> = last.map(|it| it.text("name")).collect();
    names.sort_unstable();
    assert_eq!(names, ["accepts", "reads", "waits_outside"]);
    assert!(observed.iter().any(|it| it.text("detail") == accepts));
}

#[test]
fn a_deadlock_in_a_recording_of_all_threads_is_certain() {
    let place = Place::new();
    let arguments = ["record", "--on-deadlock", "kill", "-o", "x.rec", "--", program("hang")];
    let ran = run(place.recorder(&arguments)).expect_status(123).expect_no_damage();
    assert!(!ran.stderr.contains("likely"), "{ran:#?}");
    let ran = run(place.recorder(&["report", "x.rec"]));
    assert!(ran.stdout.contains("deadlock: ") && !ran.stdout.contains("likely"), "{ran:#?}");
    let recording = open(&place);
    assert_eq!(unrecorded_threads(&analyse(&recording).unwrap()), UnrecordedThreads::None);
}

#[test]
fn a_program_that_hangs_and_is_killed_was_observed_in_detail() {
    for retention in [&[][..], &["--last", "1h"]] {
        let place = Place::new();
        let arguments = [&["record", "-o", "x.rec"], retention, &["--"]].concat();
        let mut command = place.recorder(&arguments);
        command.args(["sh", "-c", "echo $$; exec \"$0\"", program("hang")]);
        let mut running = Running::start(command);
        let pid: i32 = running.next_line().trim().parse().unwrap();
        running.wait_for("ready");
        thread::sleep(Duration::from_millis(2_500));
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        running.finish().expect_status(137).expect_no_damage();
        let recording = open(&place);
        for thread in ["hang", "left", "right"] {
            assert_eq!(activity(&recording, thread), "in futex without a timeout");
        }
        // It was observed until the end, although nothing changed.
        let end = recording.catalog.end_of(ProcessIndex::from(0));
        let before = end.since(last_observation(&recording).time).get();
        assert!(before < 1_000_000_000, "{before}");
        assert_eq!(unrecorded_threads(&analyse(&recording).unwrap()), UnrecordedThreads::None);
    }
}

#[test]
fn a_signal_to_the_recorder_is_preceded_by_an_observation() {
    let place = Place::new();
    let mut running =
        Running::start(place.recorder(&["record", "-o", "x.rec", "--", program("hang")]));
    running.wait_for("ready");
    // The process may not have its head yet.
    thread::sleep(Duration::from_millis(50));
    running.signal(Signal::TERM);
    running.finish().expect_status(143).expect_no_damage();
    assert_eq!(activity(&open(&place), "hang"), "in futex without a timeout");
}

#[test]
fn observations_in_which_nothing_changes_are_not_written() {
    let place = Place::new();
    let arguments =
        ["record", "--timeout", "4s", "-o", "x.txt", "-o", "x.rec", "--", program("hang")];
    run(place.recorder(&arguments)).expect_status(124).expect_no_damage();
    let text = place.text("x.txt");
    let counts = text.counts();
    // There are up to 40 observations. Written are the first and the last without activities, two
    // that change, and those that are made for the analysis and before the end.
    assert!(counts["ThreadsCounted"] <= 12, "{counts:?}");
}
