//! Facts are judged by a recording.

use std::path::Path;

use recorder::check::{End, Facts, Run, Verdict, judge::judge};
use recorder::reading::Recording;
use recorder::report::Report;

/// The facts that are not met by a recording of this directory: their names, and what happened
/// instead.
fn unmet(recording: &str, end: End, facts: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check").join(recording);
    let recording = Recording::open(&path).unwrap();
    let report = Report::new(&recording).unwrap();
    let text = format!("title = \"x\"\n{facts}");
    let facts = Facts::parse(&text, Path::new("facts.toml")).unwrap();
    let run = Run { report: Some(&report), end, output: "done\n" };
    let unmet = |verdict: Verdict| {
        let name = serde_json::to_value(verdict.fact).unwrap();
        Some((name.as_str().unwrap().to_owned(), verdict.unmet?.join("; ")))
    };
    judge(&facts, &run).unwrap().into_iter().filter_map(unmet).collect()
}

/// Asserts which facts are not met, and what is said of each.
#[track_caller]
fn assert_unmet(recording: &str, end: End, facts: &str, expected: &[(&str, &str)]) {
    let unmet = unmet(recording, end, facts);
    let names: Vec<_> = unmet.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, expected.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{unmet:#?}");
    for ((_, found), (_, part)) in unmet.iter().zip(expected) {
        assert!(found.contains(part), "{part:?} is not in {found:?}");
    }
}

const EXITED: End = End::Exited(0);

#[test]
fn a_program_that_hangs_is_explained_by_the_finding() {
    let facts = "[[messages]]\nsent = 3\nreceived = 3\nsent_by = [\"Anna\", \"Ben\", \"Carla\"]\n\
                 received_by = [\"main\"]\nsenders = 3\nreceivers = 1\nmax_depth = 1\npolls = 0\n\
                 timeouts = 0\n[run]\nchannels = 1";
    let explained = "main waits in recv on \"i32 @ 04_forgotten_sender.rs:13\" \
                     (exercises/src/bin/04_forgotten_sender.rs:25): the Sender made at \
                     exercises/src/bin/04_forgotten_sender.rs:13 is still alive";
    assert_unmet("forgotten_sender.txt", End::Hung, facts, &[("ends", explained)]);
}

#[test]
fn counts_say_who_did_how_many_where() {
    let facts = "[[messages]]\ncarries = \"u32\"\nsent = 11\nreceived = { min = 2 }\n\
                 sent_by = [\"Ben\", \"Carla\"]\nsenders = 2\nmax_depth = 9\ntimeouts = 1\n\
                 [run]\nchannels = 1\nno_findings = [\"deadlock\", \"lost-messages\"]";
    let lost = "9 of 10 sent to \"u32 @ 09_lose_nothing_at_shutdown.rs:13\" were still queued";
    let expected = [
        ("sent", "main sent 10 (exercises/src/bin/09_lose_nothing_at_shutdown.rs:29)"),
        ("received", lost),
        ("sent_by", "only main sent any; there was no thread Carla"),
        ("senders", "main did"),
        ("max_depth", "\"u32 @ 09_lose_nothing_at_shutdown.rs:13\" held 10 messages"),
        ("timeouts", "it never did"),
        ("channels", "2 were: \"u32 @ 09_lose_nothing_at_shutdown.rs:13\" and \"() @ "),
        ("no_findings", lost),
    ];
    assert_unmet("lost.txt", EXITED, facts, &expected);
}

#[test]
fn only_channels_with_the_type_of_message_count() {
    let facts = "messages = [{ carries = \"()\", sent = 1, received = 1 }, { sent = 11 }]";
    assert_unmet("lost.txt", EXITED, facts, &[]);
    assert_unmet("lost.txt", EXITED, "messages = [{ carries = \"u8\", sent = 0 }]", &[]);
}

#[test]
fn values_are_received_in_their_order() {
    let facts = |values: &str| format!("[[messages]]\ncalled = \"result\"\nvalues = {values}");
    let in_order = facts("[\"20\", \"10\", \"30\"]");
    assert_unmet("forgotten_sender.txt", EXITED, &in_order, &[]);
    for (values, expected) in [
        ("[\"10\", \"20\", \"30\"]", "result 1 was 20, and not 10"),
        ("[\"20\"]", "received: 20, 10 and 30"),
    ] {
        let expected = [("values", expected)];
        assert_unmet("forgotten_sender.txt", EXITED, &facts(values), &expected);
    }
    let other = "[[messages]]\ncarries = \"u8\"\nvalues = [\"1\"]";
    assert_unmet("lost.txt", EXITED, other, &[("values", "none was received")]);
}

#[test]
fn speed_is_a_part_of_the_work() {
    // Three workers take turns: 12 jobs of 10 ms.
    let facts = "[run]\nwork = \"120ms\"\nmax_time_percent = 100";
    assert_unmet("pool.txt", EXITED, facts, &[]);
    let facts = "[run]\nwork = \"130ms\"\nmax_time_percent = 99";
    let expected = [("work", "they worked for 125."), ("max_time_percent", "work one at a time")];
    assert_unmet("pool.txt", EXITED, facts, &expected);
}

#[test]
fn status_and_output_are_those_of_the_program() {
    let facts = "[run]\nprints = [\"done\", \"ready\"]";
    let expected =
        [("status", "it ended with status 101"), ("prints", "without `ready`: it printed `done`")];
    assert_unmet("pool.txt", End::Exited(101), facts, &expected);
    assert_unmet("pool.txt", End::Exited(3), "[run]\nstatus = 3", &[]);
    assert_unmet("pool.txt", End::Signalled(11), "", &[("status", "signal 11 ended it")]);
}
