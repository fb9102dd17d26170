//! Several recordings in one export, on one clock.

use std::fs;

use serde_json::Value;

use crate::command::{Place, Ran, Running, run};
use crate::programs::program;

/// Records `echo` into `server.rec` and `count` into `client.rec`. `echo` has moved its message
/// before `count` starts, and drops its endpoints after `count` has ended.
fn record_both(place: &Place) {
    let mut server =
        Running::start(place.recorder(&["record", "-o", "server.rec", "--", program("echo")]));
    while server.next_error_line().trim_end() != "err" {}
    run(place.recorder(&["record", "-o", "client.rec", "--", program("count"), "100", "2"]))
        .expect_status(0);
    server.finish().expect_status(0);
}

/// `recorder export RECORDINGS -o OUTPUT...`
fn export(place: &Place, recordings: &[&str], outputs: &[&str]) -> Ran {
    let mut command = place.recorder(&["export"]);
    command.args(recordings);
    for output in outputs {
        command.args(["-o", output]);
    }
    run(command)
}

/// The process of this name in a Chrome trace.
#[track_caller]
fn pid(json: &[Value], name: &str) -> u64 {
    let is = |event: &&Value| event["name"] == "process_name" && event["args"]["name"] == name;
    json.iter().find(is).unwrap()["pid"].as_u64().unwrap()
}

/// The start times of the slices on a process's threads, in order, in microseconds.
fn begins(json: &[Value], pid: u64) -> Vec<f64> {
    let slices = json.iter().filter(|event| event["pid"] == pid && event["ph"] == "X");
    let mut begins: Vec<_> = slices.map(|event| event["ts"].as_f64().unwrap()).collect();
    begins.sort_by(f64::total_cmp);
    begins
}

/// Copies the text form of a recording, with some of its words replaced.
fn rewrite(place: &Place, from: &str, to: &str, replace: impl Fn(&str) -> Option<String>) {
    let text = String::from_utf8(place.bytes(from)).unwrap();
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let (bare, end) = word.split_at(word.trim_end().len());
        replace(bare).unwrap_or_else(|| bare.to_owned()) + end
    });
    fs::write(place.path(to), words.collect::<String>()).unwrap();
}

#[test]
fn two_recordings_share_one_clock() {
    let place = Place::new();
    record_both(&place);
    let outputs = ["both.json", "both.pftrace", "both.svg", "both.rec", "both.txt"];
    export(&place, &["client.rec", "server.rec"], &outputs)
        .expect_status(0)
        .expect_no_damage()
        .expect_stderr(" in 2 processes, ")
        .expect_stderr(": 2 channels, 201 messages sent, 201 received\n")
        .expect_stderr("\n2 recordings on one clock, that of the machine they were made on\n");
    let json = place.json("both.json");
    let (server, client) = (pid(&json, "echo"), pid(&json, "count"));
    let (echo, count) = (begins(&json, server), begins(&json, client));
    // The server moved its message before the client's first, and dropped its endpoints last.
    let (first, last) = (count[0], *count.last().unwrap());
    let before = echo.iter().filter(|&&begin| begin < first).count();
    let after = echo.iter().filter(|&&begin| begin > last).count();
    assert!(before > 0 && after > 0 && before + after == echo.len(), "{echo:?} {first} {last}");

    // The order of the arguments does not change the times.
    export(&place, &["server.rec", "client.rec"], &["other.json"]).expect_status(0);
    let other = place.json("other.json");
    assert_eq!(begins(&other, server), echo);
    assert_eq!(begins(&other, client), count);

    // Both can be written to one recording.
    export(&place, &["both.rec"], &["rec.json", "rec.pftrace", "rec.txt"]).expect_status(0);
    export(&place, &["both.txt"], &["txt.json"]).expect_status(0);
    for (one, two) in [
        ("both.json", "rec.json"),
        ("both.pftrace", "rec.pftrace"),
        ("both.txt", "rec.txt"),
        ("both.json", "txt.json"),
    ] {
        assert!(place.bytes(one) == place.bytes(two), "{one} is not {two}");
    }
}

#[test]
fn equal_numbers_of_two_recordings_stay_apart() {
    let place = Place::new();
    run(place.recorder(&[
        "record",
        "-o",
        "x.txt",
        "-o",
        "x.json",
        "--",
        program("count"),
        "9",
        "2",
    ]))
    .expect_status(0);
    // The same run, as if on another machine, one second later.
    rewrite(&place, "x.txt", "y.txt", |word| {
        let wall = word.strip_prefix("wall_ns=").map(|ns| ns.parse::<u64>().unwrap());
        let host = word.starts_with("name=\"").then(|| "name=\"elsewhere\"".to_owned());
        let host = host.filter(|_| is_host(&place, word));
        wall.map(|ns| format!("wall_ns={}", ns + 1_000_000_000)).or(host)
    });
    let ran = export(&place, &["x.txt", "y.txt"], &["both.json", "both.pftrace"])
        .expect_status(0)
        .expect_no_damage()
        .expect_stderr(": 2 channels, 36 messages sent, 36 received\n")
        .expect_stderr("\n2 recordings lined up by the wall clocks of ")
        .expect_stderr(" and elsewhere: times from one to another are as exact as these clocks");
    assert!(!ran.stderr.contains("never received"), "{ran:#?}");
    let (one, both) = (place.json("x.json"), place.json("both.json"));
    let pids: Vec<_> = both
        .iter()
        .filter(|event| event["name"] == "process_name")
        .map(|event| event["pid"].as_u64().unwrap())
        .collect();
    assert_eq!(pids.len(), 2);
    assert_ne!(pids[0], pids[1]);
    let alone = begins(&one, pid(&one, "count"));
    assert_eq!(begins(&both, pids[0]), alone);
    let later: Vec<_> = alone.iter().map(|begin| begin + 1e6).collect();
    for (begin, expected) in begins(&both, pids[1]).iter().zip(&later) {
        assert!((begin - expected).abs() < 0.002, "{begin} {expected}");
    }
    // An arrow belongs to one process.
    for pid in pids {
        let ends = |end: &str| {
            let is = |event: &&Value| event["cat"] == "message" && event["ph"] == end;
            let arrows = both.iter().filter(is).filter(|event| event["pid"] == pid);
            let mut ids: Vec<_> = arrows.map(|event| event["id"].to_string()).collect();
            ids.sort();
            ids
        };
        assert_eq!(ends("s").len(), 18);
        assert_eq!(ends("s"), ends("t"));
    }

    // They cannot be written to one recording.
    let before = place.names();
    export(&place, &["x.txt", "y.txt"], &["no.json", "no.rec"])
        .expect_status(2)
        .expect_stderr("recorder: cannot write no.rec: a recording has one clock");
    assert_eq!(place.names(), before);
}

/// Whether this word is the machine's name in the text form.
fn is_host(place: &Place, word: &str) -> bool {
    let text = String::from_utf8(place.bytes("x.txt")).unwrap();
    text.lines().any(|line| line.ends_with(&format!(" Host {word}")))
}

#[test]
fn a_recording_without_a_date() {
    let place = Place::new();
    record_both(&place);
    export(&place, &["client.rec"], &["x.txt", "alone.json"]).expect_status(0);
    rewrite(&place, "x.txt", "client.txt", |word| {
        word.starts_with("wall_ns=").then(|| "wall_ns=0".to_owned())
    });
    export(&place, &["server.rec", "client.txt"], &["x.json"]).expect_status(0).expect_stderr(
        "\n2 recordings without a common clock; client.txt does not tell when it was made, and is \
         shown from 0 on\n",
    );
    let (alone, both) = (place.json("alone.json"), place.json("x.json"));
    let alone = begins(&alone, pid(&alone, "count"));
    assert_eq!(begins(&both, pid(&both, "count")), alone);
}

#[test]
fn a_run_cannot_be_given_twice() {
    let place = Place::new();
    record_both(&place);
    export(&place, &["server.rec", "client.rec"], &["both.rec"]).expect_status(0);
    fs::copy(place.path("client.rec"), place.path("copy.rec")).unwrap();
    let before = place.names();
    for (recordings, why) in [
        (["client.rec", "client.rec"], "recorder: client.rec is given twice\n"),
        (
            ["client.rec", "copy.rec"],
            "recorder: client.rec and copy.rec are of the same run: count",
        ),
        (
            ["both.rec", "client.rec"],
            "recorder: both.rec and client.rec are of the same run: count",
        ),
    ] {
        export(&place, &recordings, &["x.json"]).expect_status(2).expect_stderr(why);
        assert_eq!(place.names(), before);
    }
}

#[test]
fn errors_and_damage_name_the_recording() {
    let place = Place::new();
    record_both(&place);
    let client = place.bytes("client.rec");
    fs::write(place.path("client.rec"), &client[..client.len() / 2]).unwrap();
    let ran = export(&place, &["server.rec", "client.rec"], &["x.json"]);
    ran.expect_status(0).expect_stderr("recorder: damaged: client.rec: ");
    fs::write(place.path("client.rec"), "Dear reader, this is no recording.").unwrap();
    let ran = export(&place, &["server.rec", "client.rec"], &["y.json"]);
    ran.expect_status(1).expect_stderr("recorder: client.rec: not a recording\n");
    let ran = export(&place, &["server.rec", "x.json"], &["y.json"]);
    ran.expect_status(1).expect_stderr(
        "recorder: x.json: not a recording but a trace, and its recording is not beside it",
    );
    let ran = export(&place, &["server.rec", "missing.rec"], &["y.json"]);
    ran.expect_status(1).expect_stderr("recorder: missing.rec: No such file");
}

#[test]
fn a_report_names_the_process_of_each_finding() {
    let place = Place::new();
    for (name, program) in [("a", "forgotten_sender"), ("b", "deadlock")] {
        let output = format!("{name}.rec");
        let program = self::program(program);
        let arguments = ["record", "-o", &output, "--on-deadlock", "kill", "--", program];
        run(place.recorder(&arguments)).expect_status(123);
    }
    let alone = run(place.recorder(&["report", "a.rec"])).expect_status(0);
    assert!(alone.stdout.starts_with("forgotten-sender: main waits"), "{alone:#?}");
    let both = run(place.recorder(&["report", "a.rec", "b.rec"]))
        .expect_status(0)
        .expect_stderr("2 recordings on one clock");
    for said in [
        "deadlock: in deadlock, ",
        "     in forgotten_sender, main waits in recv on \"results\"",
        "\n  forgotten_sender\n    anna ",
        "\n  deadlock\n    main ",
    ] {
        assert!(both.stdout.contains(said), "{said:?} is not in {both:#?}");
    }
    let json = run(place.recorder(&["report", "--json", "a.rec", "b.rec"])).expect_status(0);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(json["alignment"].as_str().unwrap().starts_with("2 recordings on one clock, "));
    let findings = json["findings"].as_array().unwrap();
    let found: Vec<_> = findings.iter().map(|f| (&f["code"], &f["process"])).collect();
    assert_eq!(found[0], (&"deadlock".into(), &"deadlock".into()));
    assert_eq!(found[1], (&"forgotten-sender".into(), &"forgotten_sender".into()));

    run(place.recorder(&["show", "a.rec", "b.rec"]))
        .expect_status(0)
        .expect_stderr("2 recordings on one clock, that of the machine they were made on\n");
}
