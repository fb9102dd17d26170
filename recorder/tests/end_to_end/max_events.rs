//! `--max-events`: the whole run in a limited number of events.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::command::{Place, Ran, run};
use crate::programs::program;

/// Records this many messages of each of two producers into `x.rec`, `x.txt` and the other
/// arguments.
fn record(place: &Place, messages: &str, arguments: &[&str]) -> Ran {
    let mut recorder = place.recorder(&["record", "-o", "x.rec", "-o", "x.txt"]);
    recorder.args(arguments).args(["--", program("count"), messages, "2"]);
    run(recorder).expect_status(0).expect_no_damage()
}

/// The number of rows that Perfetto shows for the trace.
fn events(json: &[Value]) -> usize {
    let is_event = |event: &&Value| {
        matches!(event["ph"].as_str(), Some("X" | "B" | "C" | "n")) || event["ph"] == "b"
    };
    json.iter().filter(is_event).count()
}

/// The number of operations with this name, in single and in merged slices.
fn total(json: &[Value], name: &str, argument: &str) -> u64 {
    let count = |event: &Value| match event["cat"].as_str() {
        Some("merged") => event["args"][argument].as_u64().unwrap_or(0),
        Some("channel") if event["ph"] == "X" => u64::from(event["name"] == name),
        _ => 0,
    };
    json.iter().map(count).sum()
}

#[test]
fn the_whole_run_is_shown_within_the_limit() {
    let place = Place::new();
    let outputs = ["-o", "x.json", "-o", "x.svg", "--max-events", "2000"];
    let ran = record(&place, "5000", &outputs);
    let export = |outputs: &[&str]| {
        let mut recorder = place.recorder(&["export", "x.rec"]);
        recorder.args(outputs);
        run(recorder).expect_status(0)
    };
    let outputs = ["-o", "y.json", "-o", "y.pftrace", "-o", "z.svg", "--max-events", "2000"];
    for ran in [ran, export(&outputs)] {
        let line = ran.stderr.lines().find(|line| line.starts_with("left out: ")).unwrap();
        assert!(
            line.contains(" slices, merged into ") && line.contains("(at most 2000 events"),
            "{line}"
        );
    }
    assert!(place.bytes("x.json") == place.bytes("y.json"));
    let json = place.json("y.json");
    assert!((1_000..=2_000).contains(&events(&json)), "{}", events(&json));
    assert_eq!(total(&json, "send numbers", "sends"), 10_000);
    assert_eq!(total(&json, "recv numbers", "receives"), 10_000);
    let arrows = |phase: &str| -> BTreeSet<_> {
        let ends = json.iter().filter(|event| event["ph"] == phase);
        ends.map(|event| event["id"].as_u64().unwrap()).collect()
    };
    assert!(!arrows("s").is_empty());
    // The flow of a message may continue; an operation without a message ends one.
    assert_eq!(arrows("s"), &arrows("t") | &arrows("f"));
    for name in ["y.json", "y.pftrace"] {
        let bytes = place.bytes(name);
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("left out: ") && text.contains("send numbers (merged)"), "{name}");
    }
    // A chart has limits of its own.
    assert!(place.bytes("x.svg") == place.bytes("z.svg"));

    // The peak stays at its time.
    export(&["-o", "all.json"]);
    let peak = |json: &[Value]| {
        let depth = |event: &&Value| event["name"] == "numbers queue depth";
        let values = json.iter().filter(depth);
        values
            .map(|event| (event["args"][""].as_u64(), event["ts"].to_string()))
            .max_by(|one, other| one.0.cmp(&other.0).then(std::cmp::Ordering::Greater))
    };
    let all = place.json("all.json");
    assert!(events(&all) > 30_000);
    assert_eq!(peak(&json), peak(&all));
}

#[test]
fn a_run_with_fewer_events_is_shown_unchanged() {
    let place = Place::new();
    record(&place, "100", &["-o", "x.json", "-o", "x.pftrace"]);
    let all = events(&place.json("x.json"));
    let arguments = ["export", "x.rec", "-o", "y.json", "-o", "y.pftrace", "--max-events"];
    let export = |most: usize| {
        let mut recorder = place.recorder(&arguments);
        run({
            recorder.arg(most.to_string());
            recorder
        })
        .expect_status(0)
    };
    export(3).expect_stderr("the minimum for this many threads and channels)");
    assert!((10..200).contains(&events(&place.json("y.json"))));
    // States count too, which a Chrome trace does not have: each wait has at most two.
    let (mut too_few, mut most) = (all, 3 * all);
    while most - too_few > 1 {
        let half = too_few.midpoint(most);
        match export(half).stderr.contains("left out") {
            true => too_few = half,
            false => most = half,
        }
    }
    let ran = export(most);
    assert!(!ran.stderr.contains("left out"), "{ran:#?}");
    for ending in ["json", "pftrace"] {
        assert!(place.bytes(&format!("x.{ending}")) == place.bytes(&format!("y.{ending}")));
    }
    export(most - 1).expect_stderr("left out: ");
    assert!(events(&place.json("y.json")) < all);
}

#[test]
fn the_limit_applies_to_the_selected_part_of_a_run() {
    let place = Place::new();
    record(&place, "3000", &[]);
    let arguments = ["export", "x.rec", "-o", "y.json", "--thread", "prod*", "--max-events", "500"];
    let ran = run(place.recorder(&arguments)).expect_status(0);
    let lines: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("left out: ")).collect();
    assert_eq!(lines.len(), 2, "{ran:#?}");
    assert!(lines[0].ends_with("; shown: thread prod*"), "{lines:?}");
    assert!(lines[1].contains("(at most 500 events"), "{lines:?}");
    let json = place.json("y.json");
    assert!(events(&json) <= 500);
    assert_eq!(total(&json, "send numbers", "sends"), 6_000);
    assert_eq!(total(&json, "recv numbers", "receives"), 0);
    let said: HashSet<_> = json
        .iter()
        .filter(|event| event["cat"] == "left out" && event["ph"] == "b")
        .map(|event| event["args"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(said.len(), 2);
}
