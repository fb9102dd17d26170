use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use proptest::prelude::*;
use recorder::analysis::critical_path::Segment;
use recorder::analysis::stats::channels::User;
use recorder::reading::Recording;
use recorder::reading::catalog::ThreadIndex;
use recorder::replay::ChannelState;
use recorder::report::Report;
use recorder::report::diff::Difference;
use recorder::report::json::{ChannelRecord, Document, SideRecord};
use recorder::report::limits::{FailOn, Limits};
use recorder::timeline::item::{Ending, Item, Slice, SliceKind};
use serde_json::json;
use typed_index_collections::TiVec;

use crate::shorthand::{self, observed, recording};
use crate::simulated::{all_programs, read, unpaused_programs, whole_programs};

/// A pipeline of three threads, of which the second is the slow one, and a message that is lost.
const PIPELINE: &str = "thread 1 read
     0 Site site=1 line=10 column=1 file=\"src/main.rs\"
     0 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=2 message_type=\"i32\" name=\"numbers\"
     1000 channel squares 3 4
     2000 Spawn 2
     3000 Spawn 3
     10000 Send 1 @1.1
     20000 Send 1 @1.2
     30000 SendBegin 1 @1.3
     70500 SendEnd 1 @1.3
     71000 SenderDropped endpoint=1
     72000 ThreadEnded
     thread 2 square
     5000 RecvBegin 2
     10500 RecvEnd 2 @1.1
     60000 Send 3 @2.1
     70000 Recv 2 @1.2
     120000 Send 3 @2.2
     130000 Recv 2 @1.3
     180000 Send 3 @2.3
     181000 SenderDropped endpoint=3
     182000 ReceiverDropped endpoint=2
     183000 ThreadEnded
     thread 3 add
     6000 RecvBegin 4
     61000 RecvEnd 4 @2.1
     62000 RecvBegin 4
     121000 RecvEnd 4 @2.2
     181500 ReceiverDropped endpoint=4
     190000 ThreadEnded";

fn report(recording: &Recording) -> Report<'_> {
    Report::new(recording).expect("the recording can be read")
}

/// A text without its line breaks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The report without its colours.
fn plain(recording: &Recording) -> String {
    anstream::adapter::strip_str(&report(recording).to_string()).to_string()
}

#[test]
fn the_text_report_is_unchanged() {
    let text = plain(&recording(PIPELINE));
    assert_eq!(text, include_str!("report.txt"), "\n{text}");
    let fits = |line: &str| line.chars().count() <= 100;
    assert!(text.lines().all(fits), "{text}");
}

#[test]
fn a_finding_that_came_about_in_steps_lists_them_below_its_headline() {
    let recording = recording(PIPELINE);
    let mut report = report(&recording);
    let steps = |from: u32| (from..from + 2).map(|step| format!("step {step}")).collect();
    report.findings[0].chain = steps(1);
    report.findings.push(report.findings[0].clone());
    report.findings[1].chain = steps(3);
    // Else it would be one more like the first.
    report.findings[1].channels.clear();
    let text = anstream::adapter::strip_str(&report.to_string()).to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[2..4], ["    step 1", "    step 2"], "{text}");
    // Each is printed once.
    assert_eq!(text.matches("step 1").count(), 1, "{text}");
    let what = lines.iter().position(|line| line.ends_with("step 3")).expect("it has steps");
    assert_eq!(lines[what..what + 2], ["       step 3", "       step 4"], "{text}");
    assert!(lines[what - 1].starts_with("     "), "{text}");
    assert!(lines[what + 2].starts_with("     → "), "{text}");

    let summary = anstream::adapter::strip_str(&report.text(100).headlines()).to_string();
    let steps: Vec<_> = summary.lines().filter(|line| line.contains("step")).collect();
    assert_eq!(steps, ["    step 1", "    step 2", "    step 3", "    step 4"], "{summary}");
    let document = Document::new(&report);
    assert_eq!(document.findings[0].chain, ["step 1", "step 2"]);
    // Of another run, they differ in their times.
    report.findings[0].chain = Vec::new();
    let other = Document::new(&report);
    assert_eq!(Difference::new(&document, &other).come, []);
}

/// A loop makes this many channels, and sends a message to each that is never received. Another line
/// makes one more. Then a loop spawns as many threads, which wait for the first but for one.
fn made_in_loops(count: u32) -> String {
    let mut text = String::from(
        "thread 1 main
         0 Site site=1 line=15 column=5 file=\"src/main.rs\"
         0 Site site=2 line=16 column=5 file=\"src/main.rs\"
         0 Site site=3 line=20 column=5 file=\"src/main.rs\"\n",
    );
    for number in 0..=count {
        let (sender, receiver) = (2 * number + 1, 2 * number + 2);
        let site = if number == count { 2 } else { 1 };
        text += &format!(
            "{}1 ChannelCreated channel={sender} sender={sender} receiver={receiver} site={site} \
             bound=4 message_type=\"u64\" name=\"\"
             {}2 Send endpoint={sender} site={site} detail={}
             {}3 ReceiverDropped endpoint={receiver}
             {}4 Spawn endpoint={} site=3 detail=0\n",
            number + 1,
            number + 1,
            (1_u64 << 40) + u64::from(number) + 1,
            number + 1,
            number + 1,
            number + 2
        );
    }
    for number in 0..=count {
        let waits = if number == 3 { "YieldNow 0" } else { "ParkBegin 0" };
        text += &format!(
            "block process=0 thread={} sequence=0 dropped=0
             200 ThreadStarted os_id=10{number} name=\"worker {}\"
             201 {waits}
             10000 SleepBegin 0\n",
            number + 2,
            number + 1
        );
    }
    text
}

#[test]
fn a_bottleneck_is_named_only_where_it_explains_the_run() {
    // A thousand times slower, and without its loss.
    let slow = |text: &str| {
        let lines = text.lines().map(|line| match line.trim().split_once(' ') {
            Some((time, rest)) if time.parse::<u64>().is_ok() => format!("{time}000 {rest}\n"),
            _ => format!("{line}\n"),
        });
        lines.collect::<String>()
    };
    let healthy = PIPELINE.replace("181500 Rec", "181200 Recv 4 @2.3\n181500 Rec");
    let line = |text: &str, width| report(&recording(text)).text(width).bottleneck();
    assert_eq!(
        line(&slow(&healthy), 120).as_deref(),
        Some(
            "bottleneck: square sets the pace: it runs for 57% of the run; if it were faster, the \
             run would be shorter by at most\n  109.5 ms"
        )
    );
    // A short run, and one with a finding.
    assert_eq!(line(&healthy, 100), None);
    assert_eq!(line(&slow(PIPELINE), 100), None);
    let has_section = |text: &str| plain(&recording(text)).contains("\nBottleneck\n");
    assert!(has_section(PIPELINE));
    // The process went on for as long again, and then for longer.
    let ends_at = |time: u64| {
        let process = format!(
            "block process=0 thread=0 sequence=0 dropped=0
             0 ProcessStarted pid=5 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 executable=\"one\" \
             arguments=\"\"
             0 ProcessEnded monotonic_ns={time} code=0 signal=0\n"
        );
        process + &healthy
    };
    assert!(has_section(&ends_at(370_000)));
    assert!(!has_section(&ends_at(400_000)));
}

/// Threads and channels with long names, of which each waits for its own.
fn long_names() -> String {
    let thread = |number: u32| {
        format!(
            "block process=0 thread={number} sequence=0 dropped=0
             0 ThreadStarted os_id=10{number} name=\"worker of the pool number {number}\"
             0 Site site=1 line={number} column=5 file=\"src/configuration.rs\"
             {number} ChannelCreated channel={number} sender={number}1 receiver={number}2 site=1 \
             bound={number} message_type=\"alloc::boxed::Box<dyn core::ops::FnOnce() + Send>\" \
             name=\"\"
             {number}00 Send endpoint={number}1 site=1 detail={}
             {number}000 ReceiverDropped endpoint={number}2
             {number}001 SendDisconnected endpoint={number}1 site=1 detail=0
             {number}002 RecvBegin endpoint={number}2 site=1 detail=0
             {number}0000000002 RecvEnd endpoint={number}2 site=1 detail=0\n",
            (u64::from(number) << 40) + 1,
        )
    };
    (10..=22).map(thread).collect()
}

#[test]
fn reports_fit_the_width_of_the_terminal() {
    for recording in [PIPELINE, &made_in_loops(14), &long_names()].map(recording) {
        for width in [80, 100, 120] {
            let text = report(&recording).text(width).to_string();
            let text = anstream::adapter::strip_str(&text).to_string();
            let is_long = |line: &&str| line.chars().count() > width;
            assert_eq!(text.lines().find(is_long), None, "{width}\n{text}");
            // The rows of a table differ in their first column.
            for table in text.split("\n\n").filter(|text| text.contains("  channel  ")) {
                let rows = table.lines().filter(|line| line.contains(".rs:"));
                let names: Vec<_> = rows.map(|row| row.split("   ").next()).collect();
                assert!(names.iter().collect::<BTreeSet<_>>().len() == names.len(), "{table}");
            }
        }
    }
}

#[test]
fn channels_made_at_one_place_have_one_line() {
    let text = |count: u32| plain(&recording(&made_in_loops(count)));
    let many = text(14);
    let rows: Vec<_> = many.lines().filter(|line| line.starts_with("  u64 @ main.rs:1")).collect();
    // In each of the two tables.
    assert_eq!(rows.len(), 4, "{many}");
    assert!(rows[0].starts_with("  u64 @ main.rs:15 (14 channels)      4    14 "), "{many}");
    assert!(rows[1].starts_with("  u64 @ main.rs:16                    4     1 "), "{many}");
    assert!(rows[2].ends_with(" 14"), "{many}");
    assert!(!many.contains("more channel"), "{many}");
    // A few are told apart.
    let few = text(3);
    assert_eq!(few.matches("\n  u64 @ main.rs:15 [3] ").count(), 2, "{few}");
    let document = Document::new(&report(&recording(&made_in_loops(14))));
    assert_eq!(document.channels.len(), 15);
}

#[test]
fn threads_spawned_at_one_place_that_behave_alike_have_one_line() {
    let text = |count: u32| plain(&recording(&made_in_loops(count)));
    let threads = |text: &str| {
        let (_, table) = text.split_once("\nThreads\n").expect("it has threads");
        let table = table.split("\n\n").next().unwrap_or_default();
        let rows = table.lines().filter(|line| line.starts_with("  worker"));
        rows.map(|row| row.split("  ").nth(1).unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let many = text(14);
    // The fourth is busy.
    assert_eq!(threads(&many), ["worker 1 … 15 (14 threads)", "worker 4"], "{many}");
    let few = text(7);
    assert_eq!(threads(&few).len(), 8, "{few}");
    assert_eq!(Document::new(&report(&recording(&made_in_loops(14)))).threads.len(), 16);
}

#[test]
fn findings_that_differ_in_a_number_are_reported_once() {
    let recording = recording(&made_in_loops(14));
    let report = report(&recording);
    let text = plain(&recording);
    let is_lost = |line: &&str| line.contains("lost-messages");
    // The headline, and two findings: one for each place.
    assert_eq!(text.lines().filter(is_lost).count(), 3, "{text}");
    let others = "  and 13 more like it, on \"u64 @ main.rs:15 [2]\", \"u64 @ main.rs:15 [3]\", ";
    assert!(text.contains(others), "{text}");
    assert!(words(&text).contains("\"u64 @ main.rs:15 [5]\" and 9 more Findings 1 lost"), "{text}");
    // Numbers are those that `--around` takes.
    assert!(text.contains("\n  15 lost-messages, "), "{text}");
    assert!(report.text(100).headlines().contains(others));
    let lost = Document::new(&report).findings;
    assert_eq!(lost.iter().filter(|finding| finding.code == "lost-messages").count(), 15);
}

#[test]
fn the_json_report_is_unchanged() {
    let recording = recording(PIPELINE);
    let document = Document::new(&report(&recording));
    let text = serde_json::to_string_pretty(&document).expect("a report is JSON") + "\n";
    assert_eq!(text, include_str!("report.json"), "\n{text}");
    assert_eq!(Document::parse(&text).expect("it is a report"), document);
}

#[test]
fn a_report_of_another_version_is_rejected() {
    let error = |text: &str| Document::parse(text).expect_err("it is none").to_string();
    assert!(error("{\"version\": 99}").contains("version 99"));
    assert!(error("[]").contains("not a report of `recorder report --json`"));
}

#[test]
fn the_critical_path_goes_through_the_slow_stage() {
    let recording = recording(PIPELINE);
    let report = report(&recording);
    let path = &report.analysis.critical_path;
    assert_eq!(path.length().get(), 190_000);
    // From its first message to its last.
    assert_eq!(path.time_in(Segment::Running(1.into())).get(), 120_000 - 10_500);
    assert_eq!(path.time_in(Segment::Running(2.into())).get(), 190_000 - 121_000);
}

#[test]
fn exceeded_limits_are_reported() {
    let recording = recording(PIPELINE);
    let report = report(&recording);
    let exceeded = |latency: &[&str], depth: &[&str], fail_on: Option<&str>| {
        let limits = Limits {
            fail_on: fail_on.map(|codes| codes.parse::<FailOn>().expect("they are codes")),
            max_latency: latency.iter().map(|limit| limit.parse().expect("a limit")).collect(),
            max_depth: depth.iter().map(|limit| limit.parse().expect("a limit")).collect(),
            allow_incomplete: false,
        };
        limits.exceeded(&report)
    };
    assert_eq!(exceeded(&["numbers:max=100us"], &["numbers=2"], Some("deadlock")), [""; 0]);
    assert_eq!(
        exceeded(&["numbers:p50=49us", "letters:max=1s"], &["numbers=0"], Some("any")),
        [
            "1 finding of the kind lost-messages",
            "\"numbers\": p50 of the latency is 50.0 µs, more than 49.0 µs",
            "there is no channel \"letters\"",
            "\"numbers\": the depth was 1, more than 0",
        ]
    );
}

#[test]
fn limits_fail_on_a_recording_that_lacks_events() {
    let missing = "events are missing from the recording, so the limits cannot be checked; \
                   --allow-incomplete checks the rest";
    let dropped = "block process=0 thread=3 sequence=0 dropped=1";
    let incomplete = PIPELINE.replace("thread 3 add", &format!("{dropped}\n0 YieldNow 0"));
    let newest = "block process=0 thread=0 sequence=0 dropped=0
         0 Forgotten thread=1 os_id=101 sequence=1 name=\"main\"
         block process=0 thread=1 sequence=1 dropped=0
         20 YieldNow 0";
    let fails = |text: &str, limits: &Limits| limits.exceeded(&report(&recording(text)));
    let parse = |limit: &str| limit.parse().expect("a limit");
    let depth = |channel: &str| Limits { max_depth: vec![parse(channel)], ..Limits::default() };
    let fail_on = FailOn::from_str("any").expect("it is a list of codes");
    let any = Limits { fail_on: Some(fail_on), ..Limits::default() };
    assert_eq!(fails(&incomplete, &any), [missing]);
    assert_eq!(fails(&incomplete, &depth("numbers=9")), [missing]);
    // A limit that is exceeded by the events that are there is exceeded.
    assert_eq!(
        fails(&incomplete, &depth("numbers=0")),
        [missing, "\"numbers\": the depth was 1, more than 0"]
    );
    let allowed = Limits { allow_incomplete: true, ..any.clone() };
    assert_eq!(fails(&incomplete, &allowed), [""; 0]);
    // Without limits there is nothing to fail, and a flight recorder's window lacks nothing.
    assert_eq!(fails(&incomplete, &Limits::default()), [""; 0]);
    assert_eq!(fails(newest, &any), [""; 0]);
}

#[test]
fn differences_within_the_noise_are_ignored() {
    let difference = |before: &str, after: &str| {
        let [before, after] = [before, after].map(|text| {
            let recording = recording(text);
            Document::new(&report(&recording))
        });
        Difference::new(&before, &after).to_string()
    };
    let same = "nothing has changed by more than 20%\n";
    assert_eq!(difference(PIPELINE, PIPELINE), same);
    assert_eq!(difference(PIPELINE, &PIPELINE.replace("190000", "190100")), same);
    let healed = PIPELINE.replace("181500 Rec", "181200 Recv 4 @2.3\n181500 Rec");
    let text = difference(PIPELINE, &healed);
    assert!(text.starts_with("- lost-messages: 1 of 3 sent to \"squares\""), "{text}");
    assert!(text.contains("squares  received       2      3   × 1.5"), "{text}");
    let slower = PIPELINE.replace("190000", "390000");
    let text = difference(PIPELINE, &slower);
    assert!(text.contains("run  duration  190.0 µs  390.0 µs   × 2.1"), "{text}");
}

/// Two channels of one type, two of a loop and one with a name, and losses in all but one.
const TO_EDIT: &str = "thread 1 main
     0 Site site=1 line=10 column=1 file=\"src/main.rs\"
     0 Site site=2 line=20 column=1 file=\"src/main.rs\"
     0 Site site=3 line=30 column=1 file=\"src/main.rs\"
     0 Site site=4 line=40 column=1 file=\"src/other.rs\"
     1 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=9 message_type=\"i32\" name=\"\"
     2 ChannelCreated channel=2 sender=3 receiver=4 site=2 bound=9 message_type=\"i32\" name=\"\"
     3 ChannelCreated channel=3 sender=5 receiver=6 site=3 bound=9 message_type=\"u8\" name=\"\"
     4 ChannelCreated channel=4 sender=7 receiver=8 site=3 bound=9 message_type=\"u8\" name=\"\"
     5 ChannelCreated channel=5 sender=9 receiver=10 site=4 bound=9 message_type=\"u8\" name=\"jobs\"
     11 Send endpoint=1 site=1 detail=1099511627777
     12 Recv endpoint=2 site=1 detail=1099511627777
     13 Send endpoint=3 site=2 detail=1099511627778
     14 Send endpoint=5 site=3 detail=1099511627779
     15 Send endpoint=7 site=3 detail=1099511627780
     16 Send endpoint=9 site=4 detail=1099511627781
     21 ReceiverDropped endpoint=4
     22 ReceiverDropped endpoint=6
     23 ReceiverDropped endpoint=8
     24 ReceiverDropped endpoint=10";

/// The same with all its lines moved down.
fn moved_down(text: &str, lines: u32) -> String {
    let mut text = text.to_owned();
    for line in [40, 30, 20, 15, 10] {
        text = text.replace(&format!("line={line} "), &format!("line={} ", line + lines));
    }
    text
}

#[test]
fn an_edit_above_changes_nothing() {
    let document = |text: &str| Document::new(&report(&recording(text)));
    let before = document(TO_EDIT);
    assert_eq!(before.findings.len(), 4);
    for lines in [1, 3, 1000] {
        let after = document(&moved_down(TO_EDIT, lines));
        assert_ne!(after.channels[0].name, before.channels[0].name);
        for runs in [[&before, &after], [&after, &before]] {
            let difference = Difference::new(runs[0], runs[1]);
            assert_eq!(difference.to_string(), "nothing has changed by more than 20%\n");
        }
    }
}

#[test]
fn a_channel_that_was_added_between_others_is_the_only_one_that_is_new() {
    let document = |text: &str| Document::new(&report(&recording(text)));
    let before = document(TO_EDIT);
    let added = "0 Site site=5 line=15 column=1 file=\"src/main.rs\"
         2 ChannelCreated channel=6 sender=11 receiver=12 site=5 bound=9 message_type=\"i32\" name=\"\"
         2 ";
    let after = moved_down(&TO_EDIT.replacen("2 Chan", &format!("{added}Chan"), 1), 3);
    let after = document(&after.replace(
        "24 Rec",
        "23 Send endpoint=11 site=5 detail=1099511627782
         23 ReceiverDropped endpoint=12
         24 Rec",
    ));
    let text = Difference::new(&before, &after).to_string();
    let expected = "+ lost-messages: 1 of 1 sent to \"i32 @ main.rs:18\"";
    assert!(text.starts_with(expected), "{text}");
    assert_eq!(text.matches("lost-messages").count(), 1, "{text}");
    assert!(text.contains("\n  i32 @ main.rs:18  channel       -    new\n"), "{text}");
    assert_eq!(text.matches(" channel ").count(), 1, "{text}");
    let back = Difference::new(&after, &before).to_string();
    assert!(back.starts_with("- lost-messages: 1 of 1 sent to \"i32 @ main.rs:18\""), "{back}");
    assert_eq!((back.matches("lost-messages").count(), back.matches("gone").count()), (1, 1));
}

#[test]
fn pauses_are_reported() {
    let text = "block process=0 thread=0 sequence=0 dropped=0
         0 ProcessStarted pid=5 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 executable=\"one\" arguments=\"\"
         0 ProcessEnded monotonic_ns=900 code=0 signal=0
         thread 1 main
         0 Resumed
         10 Paused
         15 Paused
         20 Resumed
         30 Resumed
         400 Paused
         block process=1 thread=1 sequence=0 dropped=0
         0 ThreadStarted os_id=6 name=\"\"
         2000 TryRecvEmpty 2";
    let recording = recording(text);
    let document = Document::new(&report(&recording));
    let json = serde_json::to_value(&document.processes).expect("it is JSON");
    // Of some only the end is recorded.
    let pauses = json!([
        {"from_ns": null, "to_ns": 0},
        {"from_ns": 10, "to_ns": 20},
        {"from_ns": null, "to_ns": 30},
        {"from_ns": 400, "to_ns": null},
    ]);
    assert_eq!(json[0], json!({"name": "one", "pid": 5, "pauses": pauses}));
    assert_eq!(json[1], json!({"name": "process 1", "pauses": []}));
    // The last was over when the process was.
    let check = |text: &str, times: &str, long: &str| {
        let recording = shorthand::recording(text);
        let paused =
            format!("the recording paused {times}, {long}; it does not contain what happened then");
        let said = plain(&recording);
        assert!(words(&said).contains(&paused), "{said}");
        let summary = crate::summary::summary(&recording);
        assert!(summary.contains(&format!("the recording paused {long}\n")), "{summary}");
    };
    check(text, "4 times", "for more than 510 ns in all (not every start is recorded)");
    let known = text.replace("0 Resumed\n         10", "10").replace("30 Resumed\n", "");
    check(&known, "2 times", "for 510 ns in all");
    let unknown = "thread 1 main\n10 Resumed";
    check(unknown, "once", "for an unknown time (its start is not recorded)");
    let not_paused = text.replace("Paused", "ParkBegin 0").replace("Resumed", "ParkEnd 0");
    assert!(!plain(&shorthand::recording(&not_paused)).contains("paused"));
}

#[test]
fn messages_queued_at_a_pause_count_as_neither_queued_nor_lost() {
    let queued = |text: &str| {
        let recording = recording(text);
        let document = Document::new(&report(&recording));
        let [channel] = &document.channels[..] else { panic!("{document:?}") };
        (channel.lost, channel.queued, channel.depth.max, channel.latency.count)
    };
    let lasts = "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         11 Send 1 @1.2
         20 Paused";
    assert_eq!(queued(lasts), (0, 0, 2, 0));
    let resumed = format!(
        "{lasts}
         30 Resumed
         40 Send 1 @1.3
         41 Send 1 @1.4
         42 Recv 2 @1.2
         43 Recv 2 @1.3"
    );
    assert_eq!(queued(&resumed), (0, 1, 2, 2));
    assert_eq!(queued(&format!("{resumed}\n50 ReceiverDropped endpoint=2")), (1, 0, 2, 2));
    // What its receiver left behind when it went in the pause is not known either.
    assert_eq!(queued(&format!("{lasts}\n25 ReceiverDropped endpoint=2")), (0, 0, 2, 0));
    // It was handed over in the pause, and its send comes back after it.
    let returning = "thread 1 main
         0 channel jobs 1 2 bound=1
         10 Send 1 @1.1
         11 SendBegin 1 @1.2
         20 Paused
         30 Resumed
         31 SendEnd 1 @1.2";
    assert_eq!(queued(returning), (0, 0, 1, 0));
    assert_eq!(queued(&format!("{returning}\n40 Send 1 @1.3\n41 Recv 2 @1.2")), (0, 1, 1, 1));
}

#[test]
fn waits_and_panics_of_threads_are_reported() {
    let text = "thread 1 main
         0 Site site=1 line=10 column=1 file=\"src/main.rs\"
         0 channel jobs 1 2
         10 RecvBegin 2
         30 RecvEnd 2 @2.1
         40 RecvBegin 2
         45 RecvEnd 2 @2.2
         50 RecvBegin endpoint=2 site=1 detail=0
         thread 2 worker
         20 Send 1 @2.1
         42 Send 1 @2.2
         60 Panicked line=7 column=1 file=\"src/main.rs\" message=\"no number\"
         70 Panicked line=7 column=1 file=\"src/main.rs\" message=\"no number\"
         81 ParkBegin 0
         82 ThreadEnded
         block process=0 thread=3 sequence=0 dropped=4
         0 ThreadStarted os_id=5 name=\"lossy\"
         90 ParkBegin 0";
    let threads = |text: &str| {
        let recording = recording(text);
        let document = Document::new(&report(&recording));
        serde_json::to_value(&document.threads).expect("it is JSON")
    };
    let said = threads(text);
    let waiting = json!({"in": "recv", "on": "jobs", "site": "src/main.rs:10", "from_ns": 50});
    assert_eq!(said[0]["waiting"], waiting);
    assert_eq!(
        (&said[0]["waits"][0]["count"], &said[0]["waits"][0]["time_ns"]),
        (&json!(3), &json!(65))
    );
    assert_eq!(said[0]["waits"][0]["longest_ns"], 40);
    assert_eq!((&said[1]["panics"], &said[0]["panics"]), (&json!(2), &json!(0)));
    assert_eq!((&said[2]["dropped"], &said[0]["dropped"]), (&json!(4), &json!(0)));
    // What is over, or may be, is not waited in.
    assert_eq!((said[1].get("waiting"), said[2].get("waiting")), (None, None));
    assert_eq!(threads(&text.replace("81 Park", "81 Paused\n81 Park"))[0].get("waiting"), None);
}

/// By channel, what the report counts as sent and received.
fn passed(text: &str) -> Vec<(u64, u64)> {
    let recording = recording(text);
    let document = Document::new(&report(&recording));
    let sides = |sides: &[SideRecord]| sides.iter().map(|side| side.messages).sum::<u64>();
    for channel in &document.channels {
        assert_eq!(channel.sent, sides(&channel.senders), "{channel:?}");
        assert_eq!(channel.received, sides(&channel.receivers), "{channel:?}");
    }
    let sum = |of: fn(&ChannelRecord) -> u64| document.channels.iter().map(of).sum::<u64>();
    let by_threads = document.threads.iter().map(|thread| thread.sent).sum::<u64>();
    assert_eq!(by_threads, sum(|channel| channel.sent));
    let all = messages(by_threads, sum(|channel| channel.received));
    let summary = crate::summary::summary(&recording);
    assert!(summary.contains(&all), "{all}: {summary}");
    document.channels.iter().map(|channel| (channel.sent, channel.received)).collect()
}

/// The part of the summary that counts messages.
fn messages(sent: u64, received: u64) -> String {
    let plural = if sent == 1 { "" } else { "s" };
    format!(", {sent} message{plural} sent, {received} received")
}

#[test]
fn a_message_received_before_its_send_returned_counts_as_sent() {
    let killed = "thread 1 main
         0 channel jobs 1 2 bound=1
         10 Send 1 @1.1
         20 SendBegin 1 @1.2
         thread 2 worker
         30 Recv 2 @1.1
         40 Recv 2 @1.2";
    assert_eq!(passed(killed), [(2, 2)]);
    // Once, also if it does come back, and whatever a signal handler does meanwhile.
    for rest in ["50 SendEnd 1 @1.2", "45 Send 1 @1.3\n50 SendEnd 1 @1.2"] {
        let [sent, received] = [2 + rest.matches("Send 1").count() as u64, 2];
        let lives = killed.replace("thread 2", &format!("{rest}\nthread 2"));
        assert_eq!(passed(&lives), [(sent, received)], "{rest}");
    }
    // What nobody has taken may never have been sent.
    assert_eq!(passed(&killed.replace("40 Recv 2 @1.2", "")), [(1, 1)]);
    // The recording has seen both ends of it, whatever it has not seen between them.
    let paused = killed.replace("40 Recv", "35 Paused\n36 Resumed\n40 Recv");
    assert_eq!(passed(&paused), [(2, 2)]);
}

#[test]
fn a_message_received_before_its_send_was_recorded_counts_as_sent() {
    let killed = "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         20 TrySendFull 1
         thread 2 worker
         30 Recv 2 @1.1
         40 Recv 2 @1.3";
    assert_eq!(passed(killed), [(2, 2)]);
    let text = plain(&recording(killed));
    assert!(text.contains("jobs      none     2"), "{text}");
    // It was the first that the thread has sent.
    let first = killed.replace("10 Send 1 @1.1", "").replace("30 Recv 2 @1.1", "");
    assert_eq!(passed(&first), [(1, 1)]);
    // The recording is known to lack events: a flight recorder has forgotten some, or it paused.
    let newest = killed.replace(
        "thread 1 main",
        "block process=0 thread=0 sequence=0 dropped=0
         0 Forgotten thread=1 os_id=101 sequence=1 name=\"main\"
         block process=0 thread=1 sequence=1 dropped=0",
    );
    assert_eq!(recording(&newest).damage, []);
    assert_eq!(passed(&newest), [(1, 2)]);
    assert_eq!(passed(&killed.replace("30 Recv", "25 Paused\n26 Resumed\n30 Recv")), [(1, 2)]);
    assert_eq!(passed(&killed.replace("30 Recv", "26 Resumed\n30 Recv")), [(1, 2)]);
    let gap = "block process=0 thread=3 sequence=1 dropped=0\n5 TryRecvEmpty 2";
    assert_eq!(passed(&format!("{killed}\n{gap}")), [(1, 2)]);
    let dropped = "block process=0 thread=3 sequence=0 dropped=1\n5 TryRecvEmpty 2";
    assert_eq!(passed(&format!("{killed}\n{dropped}")), [(1, 2)]);
}

/// Whether a receive has the end of the send unrecorded.
fn lacks_send(slice: &Slice) -> bool {
    matches!(slice.kind, SliceKind::Operation { ending: Ending::SendNotRecorded, .. })
}

proptest! {
    /// Programs that are cut off anywhere: nothing is received that was not sent, the timeline has
    /// every send but those that were about to be recorded, and the summary counts the same.
    #[test]
    fn every_received_message_counts_as_sent(simulated in unpaused_programs()) {
        let recording = read(&simulated);
        let report = report(&recording);
        for channel in &report.analysis.state.channels {
            prop_assert!(channel.received <= channel.all_sent(), "{:?}", channel);
        }
        let threads = &recording.catalog.threads;
        let mut sent: TiVec<ThreadIndex, u64> = threads.iter().map(|_| 0).collect();
        let mut received = sent.clone();
        let mut unrecorded = 0;
        for item in shorthand::items(&recording) {
            if let Item::Slice(slice) = item {
                sent[slice.thread] += u64::from(slice.is_sent());
                received[slice.thread] += u64::from(slice.is_received());
                unrecorded += u64::from(lacks_send(&slice));
            }
        }
        let threads = &report.analysis.stats.threads;
        prop_assert!(threads.iter().map(|thread| thread.received).eq(received));
        let sends: Vec<_> = threads.iter().zip(&sent).map(|(thread, sent)| (thread.sent, sent)).collect();
        prop_assert!(sends.iter().all(|(counted, shown)| counted >= shown), "{sends:?}");
        let counted = threads.iter().map(|thread| thread.sent).sum::<u64>();
        prop_assert_eq!(counted, sent.iter().sum::<u64>() + unrecorded);
        let of_all = |of: fn(&ChannelState) -> u64| report.analysis.state.channels.iter().map(of).sum();
        let all = messages(of_all(ChannelState::all_sent), of_all(|channel| channel.received));
        prop_assert!(crate::summary::summary(&recording).contains(&all));
    }

    #[test]
    fn a_report_follows_from_the_recording_alone(simulated in whole_programs()) {
        let recordings = [read(&simulated), read(&simulated)];
        let [one, other] = recordings.each_ref().map(plain);
        prop_assert_eq!(one, other);
    }

    /// Counts and times of a report agree with each other, whatever is missing.
    #[test]
    fn the_numbers_of_a_report_are_consistent(simulated in all_programs()) {
        let recording = read(&simulated);
        let report = report(&recording);
        let analysis = &report.analysis;
        for (channel, state) in analysis.stats.channels.iter().zip(&analysis.state.channels) {
            let sum = |users: &[User]| users.iter().map(|user| user.messages).sum::<u64>();
            prop_assert_eq!(state.all_sent(), sum(&channel.senders));
            prop_assert_eq!(state.received, sum(&channel.receivers));
            prop_assert!(channel.latency.percentile(50.0) <= channel.latency.percentile(99.0));
            prop_assert!(channel.latency.percentile(99.0) <= channel.latency.max);
            prop_assert!(channel.depth.mean() <= channel.depth.max as f64);
        }
        let end = recording.catalog.end;
        prop_assert!(analysis.critical_path.length().get() <= end.get() + 1_000, "{} {}", analysis.critical_path.length(), end);
        for finding in &report.findings {
            prop_assert!(!finding.what.is_empty() && !finding.advice.is_empty());
            prop_assert!(finding.span.0 <= finding.span.1, "{:?}", finding);
        }
    }

    /// Threads of which it is certain that they never go on are among those of which it is likely.
    #[test]
    fn certain_deadlocks_are_likely_deadlocks(simulated in whole_programs()) {
        for has_unrecorded in [false, true] {
            let recording = observed(&simulated.text(), has_unrecorded);
            let analysis = recorder::analysis::analyse(&recording).expect("it can be read");
            let (likely, certain) = analysis.stuck();
            prop_assert!(certain.iter().all(|thread| likely.contains(thread)));
        }
    }
}

#[test]
fn ten_thousand_channels_make_a_short_report() {
    let mut text = String::from("thread 1 main\n");
    for number in 1..=10_000_u64 {
        let (time, sender, receiver) = (number * 100, 2 * number, 2 * number + 1);
        text += &format!(
            "{time} channel reply {sender} {receiver}\n{} Send {sender} @1.{number}\n{} Recv \
             {receiver} @1.{number}\n{} SenderDropped endpoint={sender}\n{} ReceiverDropped \
             endpoint={receiver}\n",
            time + 1,
            time + 2,
            time + 3,
            time + 4
        );
    }
    let recording = shorthand::recording(&text);
    let report = report(&recording);
    assert_eq!(report.findings.len(), 0);
    assert!(report.to_string().lines().count() < 80);
}

/// The lines of the report below this heading, without their indent.
fn section(recording: &Recording, heading: &str) -> Vec<String> {
    let text = plain(recording);
    let lines = text.lines().skip_while(|line| *line != heading).skip(1);
    lines.take_while(|line| !line.is_empty()).map(|line| line.trim().to_owned()).collect()
}

/// A thread that sleeps, then waits in three calls until their timeouts expire.
const IDLE: &str = "thread 1 main
     0 channel jobs 1 2
     0 mutex state 1
     0 condvar changed 2
     100 SleepBegin 0 400
     500 SleepEnd 0
     510 Lock 1 @1.1
     520 CondvarWaitTimeoutBegin 2 100
     620 CondvarWaitTimeoutExpired 2
     630 Unlock 1 @1.1
     650 RecvTimeoutBegin 2 100
     750 RecvTimeoutExpired 2
     800 ParkTimeoutBegin 0 100
     900 ParkTimeoutEnd 0
     1000 ThreadEnded";

#[test]
fn only_sleep_is_sleep_and_an_expired_timeout_is_a_wait() {
    let recording = recording(IDLE);
    let document = Document::new(&report(&recording));
    let main = &document.threads[0];
    assert_eq!((main.life_ns, main.slept_ns, main.waited_ns), (1_000, 400, 300));
    let times: BTreeMap<_, _> =
        document.critical_path.parts.iter().map(|part| (&*part.kind, part.time_ns)).collect();
    assert_eq!(times, BTreeMap::from([("running", 300), ("sleeping", 400), ("waiting", 300)]));
    // A faster thread neither sleeps nor waits less.
    assert_eq!(document.critical_path.if_faster[0].at_most_ns, 300);
    let states = shorthand::timeline_of(&recording).states;
    let waits = ["wait", "recv_timeout", "park_timeout"];
    assert_eq!(states.iter().filter(|state| state.contains("waiting in")).count(), waits.len());
    assert_eq!(states[1], "main 100..500 asleep");
}

#[test]
fn the_bottleneck_names_sleep_or_waiting_where_that_is_longest() {
    let bottleneck = |text: &str| section(&recording(text), "Bottleneck").pop().unwrap();
    assert_eq!(bottleneck(IDLE), "main sleeps for 40% of it.");
    let waits = IDLE
        .replace("1000 Thread", "910 RecvTimeoutBegin 2\n2910 RecvTimeoutExpired 2\n3000 Thread");
    assert_eq!(bottleneck(&waits), "main waits for 76% of it.");
    let runs = IDLE.replace("1000 Thread", "2000 Thread");
    let gain = "If main were faster, the run would be shorter, by at most 1.3 µs (65%).";
    assert_eq!(bottleneck(&runs), gain);
}

#[test]
fn a_thread_that_is_blocked_elsewhere_does_not_run() {
    // In milliseconds: main reads from a file from 2 to 8; after that the system ran it for 1 of 10.
    let observed = |time: u64, state: u64, on_cpu: u64| {
        format!(
            "0 ThreadsCounted monotonic_ns={time}000000 threads=1\n\
             0 ThreadObserved os_id=101 monotonic_ns={time}000000 state={state} syscall=0 \
             on_cpu_ns={on_cpu}000000 ready_ns=0 started_ns=0 name=\"\" detail=\"\"\n"
        )
    };
    let read = |observations: &str| {
        recording(&format!(
            "block process=0 thread=0 sequence=0 dropped=0
             0 ProcessStarted pid=101 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 executable=\"/bin/x\" arguments=\"\"
             0 Clock monotonic_ns=0
             30000000 Clock monotonic_ns=30000000
             {observations}
             block process=0 thread=1 sequence=0 dropped=0
             0 ThreadStarted os_id=101 name=\"main\"
             0 channel jobs 1 2
             20000000 Send 1 @1.1
             20000000 Recv 2 @1.1
             20000000 ThreadEnded"
        ))
    };
    let seen = read(&[observed(2, 2, 1), observed(14, 2, 1)].concat());
    assert_eq!(
        section(&seen, "Bottleneck"),
        [
            "what determined the 20.0 ms of the run:",
            "59%  12.0 ms  main is blocked elsewhere, such as in a file or a socket",
            "40%   8.0 ms  main runs",
            "main is blocked elsewhere, such as in a file or a socket, for 59% of it.",
        ]
    );
    let headline = |recording: &Recording| report(recording).text(100).bottleneck().unwrap();
    assert_eq!(
        headline(&seen),
        "bottleneck: main is blocked elsewhere, such as in a file or a socket, for 59% of the run"
    );
    let main = &Document::new(&report(&seen)).threads[0];
    assert_eq!((main.runs_ns, main.ready_ns, main.blocked_ns), (0, 0, main.life_ns));
    // It was blocked now and then, but not from one observation to the next.
    let often = read(&[observed(2, 2, 1), observed(14, 2, 2)].concat());
    assert_eq!(
        headline(&often),
        "bottleneck: main sets the pace: it runs or is blocked elsewhere for 100% of the run; if it were\n  \
         faster, the run would be shorter by at most 20.0 ms"
    );
    let busy = read(&[observed(2, 1, 1), observed(14, 1, 12)].concat());
    assert!(headline(&busy).contains(": it runs for 100% of the run;"), "{}", headline(&busy));
}

#[test]
fn a_holder_that_waits_for_a_timeout_is_not_at_work() {
    let held = recording(
        "thread 1 main
         0 channel jobs 1 2
         0 mutex state 3
         100 Lock 3 @3.1
         200 RecvTimeoutBegin 2 500
         700 RecvTimeoutExpired 2
         800 Unlock 3 @3.1",
    );
    let report = report(&held);
    let [state] = &report.analysis.stats.primitives.raw[..] else { panic!("there is one") };
    assert_eq!((state.held.get(), state.held_at_work.get()), (700, 200));
}

/// A run of 1,000 ns of which 500 were not recorded: a pause in which main works and worker waits.
const PAUSED: &str = "thread 1 main
     0 channel jobs 1 2
     300 Paused
     800 Resumed
     900 Send 1 @1.1
     1000 ThreadEnded
     thread 2 worker
     0 TryRecvEmpty 4
     200 RecvBegin 2
     910 RecvEnd 2 @1.1
     1000 ThreadEnded";

#[test]
fn time_in_a_pause_is_neither_running_nor_waiting() {
    let recording = recording(PAUSED);
    let document = Document::new(&report(&recording));
    let [main, worker] = &document.threads[..] else { panic!("there are two") };
    assert_eq!((main.life_ns, main.waited_ns, main.paused_ns), (1_000, 0, 500));
    assert_eq!((worker.life_ns, worker.waited_ns, worker.paused_ns), (1_000, 210, 500));
    assert_eq!((worker.waits[0].count, worker.waits[0].time_ns), (1, 210));
    assert_eq!(document.channels[0].receivers[0].waited_ns, 210);
    assert_eq!(
        section(&recording, "Threads"),
        [
            "thread     for  runs  sleeps  waits  paused  █ ▒ ░ ·   waits most in",
            "main    1.0 µs   50%      0%     0%     50%  ████····",
            "worker  1.0 µs   29%      0%    21%     50%  ██░░····  21% recv \"jobs\"",
        ]
    );
    // Without a pause there is no such column.
    let whole = shorthand::recording(&PAUSED.replace("300 Paused\n     800 Resumed\n", ""));
    assert!(!section(&whole, "Threads")[0].contains("paused"));
    let summary = crate::summary::summary(&recording);
    assert!(summary.contains("blocked for 210 ns in all; longest: 210 ns worker"), "{summary}");
}

#[test]
fn a_pause_is_a_part_of_its_own_on_the_critical_path() {
    let recording = recording(PAUSED);
    let path = Document::new(&report(&recording)).critical_path;
    let parts: Vec<_> = path.parts.iter().map(|part| (&*part.kind, part.time_ns)).collect();
    assert_eq!(parts, [("paused", 500), ("running", 400), ("running", 90), ("hand-over", 10)]);
    assert_eq!(path.length_ns, 1_000);
    assert_eq!(path.if_faster[0].at_most_ns, 400);
    let bottleneck = section(&recording, "Bottleneck");
    assert_eq!(bottleneck[1], "50%  500 ns  the recording paused");
    assert_eq!(
        bottleneck.last().unwrap(),
        "If main were faster, the run would be shorter, by at most 400 ns (40%)."
    );
}

#[test]
fn a_lock_held_across_a_pause_was_at_work_only_while_it_was_recorded() {
    let held = recording(
        "thread 1 main
         0 channel jobs 1 2
         0 mutex state 3
         100 Lock 3 @3.1
         200 RecvTimeoutBegin 2 500
         300 Paused
         600 Resumed
         700 RecvTimeoutExpired 2
         800 Unlock 3 @3.1",
    );
    let report = report(&held);
    let [state] = &report.analysis.stats.primitives.raw[..] else { panic!("there is one") };
    assert_eq!((state.held.get(), state.held_at_work.get()), (700, 200));
}

/// A flight recording of three threads: of worker, everything before 1,000 ns is discarded. Main has
/// so few events that its first block is left.
const WINDOW: &str = "block process=0 thread=0 sequence=0 dropped=0
     0 ProcessStarted pid=5 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 executable=\"one\" arguments=\"\"
     0 ProcessEnded monotonic_ns=2000 code=0 signal=0
     block process=0 thread=0 sequence=1 dropped=0
     1000 Forgotten thread=2 os_id=102 sequence=3 name=\"worker\"
     thread 1 main
     0 channel jobs 1 2
     0 channel done 3 4
     100 Spawn 2
     200 Send 1 @1.1
     300 Send 1 @1.2
     400 Send 1 @1.3
     600 RecvBegin 4
     1900 RecvEnd 4 @2.8
     2000 ThreadEnded
     block process=0 thread=2 sequence=3 dropped=0
     1100 Recv 2 @1.3
     1200 RecvTimeoutBegin 2 100
     1300 RecvTimeoutExpired 2
     1890 Send 3 @2.8";

#[test]
fn what_a_flight_recorder_kept_from_before_its_window_does_not_count() {
    let recording = recording(WINDOW);
    assert_eq!((recording.damage.len(), recording.catalog.complete_from.get()), (0, 1_000));
    let document = Document::new(&report(&recording));
    assert_eq!((document.duration_ns, document.complete_from_ns), (2_000, 1_000));
    // Of the messages sent before, the worker may have received two in discarded blocks.
    let counts = document.channels.iter().map(|channel| {
        (channel.sent, channel.received, channel.sent_before, channel.queued + channel.lost)
    });
    assert_eq!(counts.collect::<Vec<_>>(), [(0, 1, 1, 0), (1, 1, 0, 0)]);
    let [main, worker] = &document.threads[..] else { panic!("there are two") };
    assert_eq!((main.life_ns, main.waited_ns, main.sent, main.received), (1_000, 900, 0, 1));
    assert_eq!((worker.life_ns, worker.waited_ns, worker.sent, worker.received), (900, 100, 1, 1));
    // The path leads through the worker, which did not begin here.
    let path = &document.critical_path;
    let parts: Vec<_> = path.parts.iter().map(|part| (&*part.kind, part.time_ns)).collect();
    assert_eq!(parts, [("running", 790), ("running", 100), ("waiting", 100), ("hand-over", 10)]);
    assert_eq!(path.length_ns, 1_000);
    let text = plain(&recording);
    let head = "the recording is complete from 1.0 µs on; counts and times are those of the \
                1.0 µs since then";
    assert!(text.lines().any(|line| line == head), "{text}");
    assert!(text.contains("  1 of the 1 received from \"jobs\" were sent before\n"), "{text}");
    let summary = crate::summary::summary(&recording);
    let first = "2 threads in 1.0 µs: 2 channels, 1 message sent, 2 received (1 of them sent \
                 before)\ncomplete from 1.0 µs on; ";
    assert!(summary.starts_with(first), "{summary}");
    assert!(!summary.contains("never received"), "{summary}");
}

#[test]
fn without_the_time_of_the_discarded_events_the_latest_thread_begins_the_window() {
    let older = WINDOW.replace("1000 Forgotten", "0 Forgotten");
    assert_eq!(recording(&older).catalog.complete_from.get(), 1_100);
    // Of a thread that has ended and is discarded, only the time is left.
    let ended = WINDOW.replace(
        "Forgotten thread=2 os_id=102 sequence=3",
        "Forgotten thread=0 os_id=0 sequence=0",
    );
    let ended = ended
        .replace("name=\"worker\"", "name=\"\"")
        .replace("thread=2 sequence=3", "thread=2 sequence=0");
    assert_eq!(recording(&ended).catalog.complete_from.get(), 1_000);
}

#[test]
fn messages_per_second_are_those_of_the_time_that_was_recorded() {
    let paused = recording(
        "thread 1 main
         0 channel jobs 1 2
         100 Send 1 @1.1
         200 Paused
         1000000000 Resumed
         1000000200 Recv 2 @1.1",
    );
    // One message in 300 ns.
    assert_eq!(section(&paused, "Channels")[1].split_whitespace().nth(3), Some("3.3"));
    assert!(section(&paused, "Channels")[1].contains("  3.3 M  "), "{}", plain(&paused));
}

#[test]
fn no_more_timeouts_expire_than_there_are_waits() {
    // A flight recorder has discarded the start of the first.
    let mut text = "thread 1 main\n0 channel jobs 1 2\n1 RecvTimeoutExpired 2\n".to_owned();
    for number in 1..40 {
        let begin = number * 10_000_000;
        let end = begin + 9_000_000;
        text += &format!("{begin} RecvTimeoutBegin 2 9000000\n{end} RecvTimeoutExpired 2\n");
    }
    let said = plain(&recording(&text));
    assert!(said.contains("40 of 40 waits of main in recv_timeout"), "{said}");
}
