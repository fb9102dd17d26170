//! `recorder export`: a pure function of the recording.

use std::collections::BTreeMap;
use std::fs;

use crate::command::{Place, Ran, run};
use crate::programs::program;

const PROGRAMS: [&[&str]; 5] = [
    &["every_outcome"],
    &["tree"],
    &["many_threads", "40"],
    &["count", "3000", "2"],
    &["dies", "9"],
];
const ENDINGS: [&str; 4] = ["json", "pftrace", "rec", "txt"];

/// Records a program into `x` with all endings.
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

/// How many messages a summary says are not drawn in flight.
fn not_drawn(ran: &Ran) -> usize {
    let mut lines = ran.stderr.lines();
    let line = lines.find_map(|line| line.split_once(" messages not drawn in flight: "));
    line.map_or(0, |(count, _)| count.parse().unwrap())
}

/// Exports `from` into `to` with all endings.
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
fn the_trace_has_what_the_recording_has() {
    for command in PROGRAMS {
        let place = Place::new();
        let ran = record(&place, command);
        let text = place.text("x.txt");
        let json = place.json("x.json");
        let messages: Vec<_> = json.iter().filter(|event| event["cat"] == "message").collect();
        let count = |phase: &str| messages.iter().filter(|event| event["ph"] == phase).count();
        assert_eq!(count("s"), text.sent(), "{command:?}");
        assert_eq!(count("f"), text.received(), "{command:?}");
        // Each message is in flight once, from a begin to an end.
        let drawn = text.sent() - not_drawn(&ran);
        assert_eq!(count("b"), drawn, "{command:?}");
        assert_eq!(count("e"), drawn, "{command:?}");

        // An arrow never points back in time, and joins the same message.
        let arrows = |phase: &str| -> BTreeMap<_, _> {
            messages
                .iter()
                .filter(|event| event["ph"] == phase)
                .map(|event| (event["id"].as_u64().unwrap(), event["ts"].as_f64().unwrap()))
                .collect()
        };
        let begins = arrows("s");
        assert_eq!(begins.len(), text.sent(), "{command:?}");
        for (arrow, end) in arrows("f") {
            assert!(begins[&arrow] < end, "{command:?}: arrow {arrow}");
        }
    }
}

#[test]
fn what_is_no_recording() {
    let place = Place::new();
    fs::write(place.path("letter.rec"), "Dear reader, this is no recording.\n").unwrap();
    fs::write(place.path("empty.rec"), "").unwrap();
    fs::write(place.path("wrong.txt"), "channel-recording version=3\nnonsense\n").unwrap();
    fs::create_dir(place.path("directory.rec")).unwrap();
    let before = place.names();
    for name in ["letter.rec", "empty.rec", "wrong.txt", "directory.rec", "missing.rec"] {
        let ran = run(place.recorder(&["export", name, "-o", "x.json"])).expect_status(1);
        assert!(ran.stderr.starts_with(&format!("recorder: {name}: ")), "{ran:#?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
        assert_eq!(place.names(), before);
    }
}

#[test]
fn onto_itself() {
    let place = Place::new();
    record(&place, &["count", "100", "1"]);
    let before = place.bytes("x.rec");
    run(place.recorder(&["export", "x.rec", "-o", "x.rec"])).expect_status(0);
    assert!(before == place.bytes("x.rec"));
}
