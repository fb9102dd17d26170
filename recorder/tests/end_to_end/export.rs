//! `recorder export`: a pure function of the recording.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::command::{Place, Ran, run};
use crate::programs::program;

const PROGRAMS: [&[&str]; 5] = [
    &["every_outcome"],
    &["tree"],
    &["many_threads", "40"],
    &["count", "3000", "2"],
    &["dies", "9"],
];
const ENDINGS: [&str; 6] = ["json", "pftrace", "svg", "mmd", "rec", "txt"];

/// Records a program into `x`, with all extensions.
fn record(place: &Place, command: &[&str]) -> Ran {
    let mut recorder = place.recorder(&["record"]);
    for ending in ENDINGS {
        recorder.args(["-o", &format!("x.{ending}")]);
    }
    recorder.args(["--", program(command[0])]).args(&command[1..]);
    let ran = run(recorder).expect_no_damage().expect_stderr("wrote x.txt");
    assert!(ran.status.code().is_some(), "{ran:#?}");
    ran
}

/// The number of messages that are not drawn in flight, according to the summary.
fn not_drawn(ran: &Ran) -> usize {
    let mut lines = ran.stderr.lines();
    let line = lines.find_map(|line| line.split_once(" messages not drawn in flight: "));
    line.map_or(0, |(count, _)| count.parse().unwrap())
}

/// Exports `from` to `to`, with all extensions.
fn export(place: &Place, from: &str, to: &str) {
    let mut recorder = place.recorder(&["export", from]);
    for ending in ENDINGS {
        recorder.args(["-o", &format!("{to}.{ending}")]);
    }
    run(recorder).expect_status(0).expect_no_damage();
}

#[test]
fn the_same_recording_gives_the_same_bytes() {
    for command in PROGRAMS {
        let place = Place::new();
        record(&place, command);
        export(&place, "x.rec", "y");
        export(&place, "x.rec", "z");
        // The text form is a recording too.
        export(&place, "x.txt", "t");
        for ending in ENDINGS {
            let x = place.bytes(&format!("x.{ending}"));
            assert!(!x.is_empty());
            for other in ["y", "z", "t"] {
                let other = format!("{other}.{ending}");
                assert!(x == place.bytes(&other), "{command:?}: x.{ending} is not {other}");
            }
        }
    }
}

#[test]
fn the_trace_contains_all_of_the_recording() {
    for command in PROGRAMS {
        let place = Place::new();
        let ran = record(&place, command);
        let text = place.text("x.txt");
        let json = place.json("x.json");
        let messages: Vec<_> = json.iter().filter(|event| event["cat"] == "message").collect();
        let count = |phase: &str| messages.iter().filter(|event| event["ph"] == phase).count();
        assert_eq!(count("s") + count("t"), text.sent() + text.received(), "{command:?}");
        // Each message is in flight once, with a start and an end.
        let drawn = text.sent() - not_drawn(&ran);
        assert_eq!(count("b"), drawn, "{command:?}");
        assert_eq!(count("e"), drawn, "{command:?}");

        // A chain starts once, and never goes back in time.
        let mut chains: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for event in messages.iter().filter(|event| event["ph"] == "s" || event["ph"] == "t") {
            let chain = chains.entry(event["id"].as_u64().unwrap()).or_default();
            chain.push((event["ts"].as_f64().unwrap(), event["ph"] == "s"));
        }
        assert!(chains.len() <= text.sent(), "{command:?}");
        for (number, chain) in chains {
            assert!(chain[0].1 && !chain[1..].iter().any(|end| end.1), "{command:?}: {number}");
            let leads_on = chain.windows(2).all(|ends| ends[0].0 <= ends[1].0);
            assert!(leads_on, "{command:?}: {number} {chain:?}");
        }
    }
}

#[test]
fn a_recording_is_shown_in_the_terminal() {
    let place = Place::new();
    let ran = record(&place, &["count", "3", "1"]);
    let summary = ran.stderr.lines().next().unwrap().to_owned();
    let show_in = |columns: &str, arguments: &[&str]| {
        let mut recorder = place.recorder(&["show", "x.rec"]);
        recorder.args(arguments).env("COLUMNS", columns);
        run(recorder).expect_status(0).expect_stderr(&summary)
    };
    let show = |arguments: &[&str]| show_in("", arguments);
    let shown = show(&[]).stdout;
    // Output to a pipe has a default width and no colours.
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    assert!(shown.starts_with("            main"), "{shown}");
    for message in 1..=3 {
        assert!(shown.contains(&format!("#{message} ")), "{shown}");
    }
    assert!(show(&["--events", "4"]).stdout.contains(" events left out here"));
    assert!(show(&["--threads", "1"]).stdout.ends_with(" left out (--threads N shows more)\n"));
    // In a narrow terminal not even those fit that are asked for.
    let narrow = show_in("45", &["--threads", "9"]).stdout;
    let hint = "2 threads left out (no more fit;\n            --thread and --channel select)\n";
    assert!(narrow.ends_with(hint), "{narrow}");
    assert!(narrow.lines().all(|line| line.chars().count() <= 45), "{narrow}");
    let consumer = show_in("45", &["--thread", "consumer"]);
    assert!(consumer.stdout.starts_with("            consumer\n"), "{consumer:#?}");
    assert!(consumer.stderr.contains("; shown: thread consumer"), "{consumer:#?}");
    // A note below the chart, and no event of a thread.
    let note = consumer.stdout.split_once("⋮  left out: ").unwrap();
    assert!(!note.0.contains("left out") && !note.1.contains('│'), "{consumer:#?}");
    run(place.recorder(&["show", "x.rec", "--thread", "nobody"]))
        .expect_status(2)
        .expect_stderr("no thread \"nobody\"");
}

#[test]
fn show_ends_quietly_when_its_reader_closes_the_pipe() {
    let place = Place::new();
    record(&place, &["count", "3", "1"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = place.recorder(&["show", "x.rec"]).stdout(writer).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_style_of_a_chart_can_be_chosen() {
    let place = Place::new();
    record(&place, &["count", "300", "1"]);
    let export = |arguments: &[&str]| {
        let mut recorder = place.recorder(&["export", "x.rec", "-o", "y.svg", "-o", "y.mmd"]);
        recorder.args(arguments);
        run(recorder).expect_status(0);
        let text = |name| String::from_utf8(place.bytes(name)).unwrap();
        (text("y.svg"), text("y.mmd"))
    };
    let (usual, _) = export(&[]);
    assert!(usual.contains("each step down is one event") && usual.contains("left out here"));
    assert!(export(&["--steps", "real"]).0.contains("down the page is time"));
    let (svg, mermaid) = export(&["--events", "10000"]);
    assert!(!svg.contains("left out here") && !mermaid.contains("left out here"));
    assert_eq!(mermaid.matches("->>").count(), 300);
}

#[test]
fn an_export_of_a_part_of_a_run_states_the_part() {
    let place = Place::new();
    record(&place, &["count", "300", "1"]);
    let export = |arguments: &[&str]| {
        let mut recorder = place.recorder(&["export", "x.rec"]);
        recorder.args(["-o", "y.json", "-o", "y.pftrace", "-o", "y.svg", "-o", "y.mmd"]);
        recorder.args(arguments);
        run(recorder)
    };
    let ran = export(&["--message", "numbers#7"]).expect_status(0);
    let line = ran.stderr.lines().find(|line| line.starts_with("left out: ")).unwrap();
    assert!(line.ends_with(" in flight; shown: the journey of numbers#7"), "{line}");
    let arrows = place.json("y.json").iter().filter(|event| event["ph"] == "s").count();
    assert_eq!(arrows, 1);
    for name in ["y.json", "y.pftrace", "y.svg", "y.mmd"] {
        let bytes = place.bytes(name);
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("left out: "), "{name}");
    }
    // It is no event of a thread.
    let is_note = |event: &&Value| event["name"].as_str().unwrap().starts_with("left out: ");
    assert_eq!(place.json("y.json").iter().find(is_note).unwrap()["ph"], "b");
    let perfetto = place.bytes("y.pftrace");
    assert!(String::from_utf8_lossy(&perfetto).contains("\u{9} left out"));
    let mermaid = String::from_utf8(place.bytes("y.mmd")).unwrap();
    assert_eq!(mermaid.matches("->>").count(), 1);
    let note = mermaid.lines().find(|line| line.contains("left out: ")).unwrap();
    assert!(note.trim_start().starts_with("Note over T0,T"), "{note}");

    export(&["--thread", "mian"])
        .expect_status(2)
        .expect_stderr("recorder: the recording has no thread \"mian\"; it has \"main\"");
    export(&["--message", "numbers#301"]).expect_status(2).expect_stderr("it has 1 to 300");
    export(&["--around", "deadlock"]).expect_status(2).expect_stderr("no finding \"deadlock\"");
    export(&["--from", "9h"]).expect_status(2).expect_stderr("there is nothing after 9h");
}

#[test]
fn files_that_are_not_recordings_are_refused() {
    let place = Place::new();
    fs::write(place.path("letter.rec"), "Dear reader, this is no recording.\n").unwrap();
    fs::write(place.path("empty.rec"), "").unwrap();
    fs::write(place.path("wrong.txt"), "channel-recording version=4\nnonsense\n").unwrap();
    fs::create_dir(place.path("directory.rec")).unwrap();
    let before = place.names();
    for name in ["letter.rec", "empty.rec", "wrong.txt", "directory.rec", "missing.rec"] {
        let ran = run(place.recorder(&["export", name, "-o", "x.json"])).expect_status(1);
        assert!(ran.stderr.starts_with(&format!("recorder: {name}: ")), "{ran:#?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
        assert_eq!(place.names(), before);
    }
    // The message names the kind of file, if it is known.
    fs::write(place.path("x.json"), "[]").unwrap();
    run(place.recorder(&["export", "x.json", "-o", "x.txt"]))
        .expect_status(1)
        .expect_stderr(
            "recorder: x.json: not a recording but a trace, and its recording is not beside it",
        )
        .expect_stderr("`recorder open x.json` shows");
}

#[test]
fn a_recording_can_be_exported_onto_itself() {
    let place = Place::new();
    record(&place, &["count", "100", "1"]);
    let before = place.bytes("x.rec");
    run(place.recorder(&["export", "x.rec", "-o", "x.rec"])).expect_status(0);
    assert!(before == place.bytes("x.rec"));
}
