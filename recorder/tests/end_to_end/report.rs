//! `recorder report` and `recorder diff`, and the findings that `recorder record` prints.

use recorder::reading::Recording;
use serde_json::Value;

use crate::command::{Place, Ran, run, words};
use crate::programs::program;

/// Records an example until it is reported to hang.
fn hang(place: &Place) -> Ran {
    let arguments = ["record", "--on-deadlock", "kill", "-o", "hang.rec", "--"];
    let example = program("forgotten_sender");
    run(place.recorder(&[&arguments[..], &[example]].concat())).expect_status(123)
}

const CAUSE: &str = "forgotten-sender: main waits in recv on \"results\" \
                     (examples/src/bin/forgotten_sender.rs:";

#[test]
fn the_first_line_names_the_cause() {
    let place = Place::new();
    let hung = hang(&place).expect_stderr(CAUSE);
    // The finding is not repeated.
    assert!(!hung.stderr.contains("still waiting at the end"), "{hung:#?}");

    let report = run(place.recorder(&["report", "hang.rec"])).expect_status(0);
    assert!(report.stdout.starts_with(CAUSE), "{report:#?}");
    assert!(words(&report.stdout).contains("held by main itself"), "{report:#?}");
    for heading in ["\nFindings\n", "\nChannels\n", "\nThreads\n"] {
        assert!(report.stdout.contains(heading), "{heading:?} is not in {report:#?}");
    }
    // What would make a run shorter that never ends?
    assert!(!report.stdout.contains("\nBottleneck\n"), "{report:#?}");
    assert!(!hung.stderr.contains("bottleneck: "), "{hung:#?}");
    // No colours without a terminal.
    assert!(!report.stdout.contains('\x1b'), "{report:#?}");
    assert_eq!(report.stderr, "");
    assert_eq!(place.names(), ["hang.rec"]);
}

#[test]
fn a_timeline_contains_the_findings() {
    let place = Place::new();
    hang(&place);
    let arguments = ["export", "hang.rec", "-o", "hang.json", "-o", "hang.pftrace"];
    run(place.recorder(&arguments)).expect_status(0);
    let events = place.json("hang.json");
    let findings: Vec<_> = events.iter().filter(|event| event["cat"] == "finding").collect();
    let phases: Vec<_> = findings.iter().map(|event| event["ph"].as_str().unwrap()).collect();
    assert_eq!(phases, ["b", "n", "n", "n", "e"], "{findings:#?}");
    assert_eq!(findings[0]["name"], "forgotten-sender");
    assert!(findings[0]["args"]["text"].as_str().unwrap().starts_with("main waits in recv"));
    assert!(findings.iter().any(|event| event["name"] == "main waits in recv on \"results\""));
    let trace = place.bytes("hang.pftrace");
    let has = |text: &[u8]| trace.windows(text.len()).any(|window| window == text);
    assert!(has(b"forgotten-sender") && has(b"main last uses the sender"));
}

#[test]
fn a_healthy_run_has_no_findings() {
    let place = Place::new();
    let arguments = ["record", "-o", "hello.rec", "--", program("hello_channel")];
    let recorded = run(place.recorder(&arguments)).expect_status(0);
    let report = run(place.recorder(&["report", "hello.rec", "--fail-on", "any"]));
    let report = report.expect_status(0);
    assert!(report.stdout.starts_with("no findings in "), "{report:#?}");
    let lines = recorded.stderr.lines().filter(|line| !line.starts_with("bottleneck: "));
    assert_eq!(lines.count(), 3, "{recorded:#?}");
}

#[test]
fn the_bottleneck_of_a_healthy_run_is_named_in_a_line() {
    let place = Place::new();
    let arguments = ["record", "-o", "slow.rec", "--", program("unhurried")];
    let recorded = run(place.recorder(&arguments)).expect_status(0);
    let line = recorded.stderr.lines().find(|line| line.starts_with("bottleneck: "));
    let line = line.unwrap_or_else(|| panic!("{recorded:#?}"));
    assert!(line.starts_with("bottleneck: main sleeps for "), "{line}");
    let quiet = run(place.recorder(&[&["-q"], &arguments[..]].concat())).expect_status(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn things_made_inside_std_are_named_after_their_first_use() {
    let place = Place::new();
    run(place.recorder(&["record", "-o", "made.rec", "--", program("made_in_std")]))
        .expect_status(0);
    let report = run(place.recorder(&["report", "made.rec"])).expect_status(0).stdout;
    let json = run(place.recorder(&["report", "--json", "made.rec"])).expect_status(0).stdout;
    let source = include_str!("../programs/examples/made_in_std.rs");
    let line = |name: &str| {
        let is_marked = |line: &str| line.ends_with(&format!("// {name}"));
        format!("made_in_std.rs:{}", source.lines().position(is_marked).unwrap() + 1)
    };
    let recording = Recording::open(&place.path("made.rec")).unwrap();
    let locks = recording.catalog.primitives.iter().map(|lock| &*lock.label);
    let (first, second) = (line("default"), line("mapped"));
    let expected = [
        format!("Mutex<u8> @ {first}"),
        format!("Mutex<u16> @ {second}"),
        format!("Mutex<u16> @ {second} [2]"),
    ];
    assert_eq!(locks.collect::<Vec<_>>(), expected);
    let channels = format!("u32 @ {}", line("channels"));
    assert!(report.contains(&format!("{channels} [2]")), "{report}");
    assert!(!json.contains("library/"), "{json}");
}

#[test]
fn json_and_limits_are_for_machines() {
    let place = Place::new();
    hang(&place);
    let json = run(place.recorder(&["report", "--json", "hang.rec"])).expect_status(0);
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(report["version"], 1);
    assert_eq!(report["findings"][0]["code"], "forgotten-sender");
    assert_eq!(report["findings"][0]["threads"][0], "main");
    assert_eq!(report["channels"][0]["received"], 3);
    assert_eq!((&report["dropped"], report.get("damage")), (&0.into(), None));
    assert_eq!(report["processes"][0]["name"], "forgotten_sender");
    let waiting = &report["threads"][0]["waiting"];
    assert_eq!((&waiting["in"], &waiting["on"]), (&"recv".into(), &"results".into()));
    assert_eq!(waiting["site"], report["findings"][0]["site"]);

    let bytes = place.bytes("hang.rec");
    // Inside the first record, which contains the path of the program.
    std::fs::write(place.path("cut.rec"), &bytes[..120]).unwrap();
    let json = run(place.recorder(&["report", "--json", "cut.rec"])).expect_status(0);
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(report["damage"][0].as_str().unwrap().starts_with("truncated at "), "{report}");

    let cut = ["report", "cut.rec", "--fail-on", "any"];
    let missing = "so the limits cannot be checked; --allow-incomplete checks the rest";
    run(place.recorder(&cut)).expect_status(1).expect_stderr(missing);
    run(place.recorder(&[&cut[..], &["--allow-incomplete"]].concat())).expect_status(0);

    for (limits, why) in [
        (&["--fail-on", "deadlock,panic"][..], ""),
        (&["--fail-on", "panic,forgotten-sender"], "1 finding of the kind forgotten-sender"),
        (&["--max-latency", "results:max=1h", "--max-depth", "results=9"], ""),
        (&["--max-latency", "results:p99=1ns"], "p99 of the latency is"),
        (&["--max-depth", "result=1"], "there is no channel \"result\""),
    ] {
        let ran = run(place.recorder(&[&["report", "hang.rec"], limits].concat()));
        let ran = ran.expect_status(i32::from(!why.is_empty()));
        assert!(ran.stderr.contains(why) && ran.stderr.is_empty() == why.is_empty(), "{ran:#?}");
    }
}

#[test]
fn wrong_limits_are_wrong_usage() {
    let place = Place::new();
    for (limit, why) in [
        (["--fail-on", "dead-lock"], "no finding is called \"dead-lock\""),
        (["--max-latency", "jobs=5ms"], "is not like jobs:p99=5ms"),
        (["--max-depth", "jobs"], "is not like jobs=100"),
    ] {
        let ran = run(place.recorder(&["report", "x.rec", limit[0], limit[1]]));
        ran.expect_status(2).expect_stderr(why);
    }
    let ran = run(place.recorder(&["report", "nowhere.rec"]));
    ran.expect_status(1).expect_stderr("nowhere.rec");
}

#[test]
fn diff_reports_the_changes_between_two_runs() {
    let place = Place::new();
    hang(&place);
    let json = run(place.recorder(&["report", "--json", "hang.rec"])).expect_status(0);
    std::fs::write(place.path("hang.json"), &json.stdout).unwrap();
    let same = run(place.recorder(&["diff", "hang.rec", "hang.json"])).expect_status(0);
    assert!(same.stdout.starts_with("nothing has changed"), "{same:#?}");

    let arguments = ["record", "-o", "fan_in.rec", "--", program("fan_in")];
    run(place.recorder(&arguments)).expect_status(0);
    let healed = run(place.recorder(&["diff", "hang.rec", "fan_in.rec"])).expect_status(0);
    assert!(healed.stdout.starts_with("- forgotten-sender: main waits"), "{healed:#?}");
    assert!(healed.stdout.contains("parcels"), "{healed:#?}");

    let json = run(place.recorder(&["diff", "--json", "hang.rec", "fan_in.rec"])).expect_status(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["gone"][0]["code"], "forgotten-sender");
    let is = |change: &&serde_json::Value| change["channel"] == "parcels";
    let parcels = json["changes"].as_array().unwrap().iter().find(is).unwrap();
    assert_eq!((&parcels["what"], &parcels["before"]), (&"channel".into(), &().into()));
    assert_eq!(parcels["after"], 1);

    std::fs::write(place.path("none.json"), "{}").unwrap();
    let ran = run(place.recorder(&["diff", "hang.rec", "none.json"])).expect_status(1);
    ran.expect_stderr("none.json: not a report of `recorder report --json`");
}
