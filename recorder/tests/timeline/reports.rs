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

/// The report without its colours.
fn plain(recording: &Recording) -> String {
    anstream::adapter::strip_str(&report(recording).to_string()).to_string()
}

#[test]
fn the_text_report_is_unchanged() {
    let text = plain(&recording(PIPELINE));
    assert_eq!(text, include_str!("report.txt"), "\n{text}");
    let fits = |line: &str| line.chars().count() <= 80;
    assert!(text.lines().skip(1).all(fits), "{text}");
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
        assert_eq!(said.lines().nth(1), Some(&*paused), "{said}");
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
    format!(", {sent} message{plural} sent, {received} received\n")
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
