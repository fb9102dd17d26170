//! What the recorder tells of itself: its log, its own timeline, its help.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
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

/// How many lines of a log there are.
fn logged(ran: &Ran) -> usize {
    ran.stderr.lines().filter(|line| line.contains(" recorder::")).count()
}

#[test]
fn nothing_is_logged_unless_it_is_asked_for() {
    let place = Place::new();
    let ran = run(record(&place, &[])).expect_status(0);
    assert_eq!(logged(&ran), 0, "{ran:#?}");

    let info = run(record(&place, &["-v"])).expect_status(0);
    assert!(logged(&info) >= 5, "{info:#?}");
    // What a user is told is no log, and not written in another way because of it.
    let info = info.expect_stderr("\n3 threads in ").expect_stderr("\nwrote x.rec (");
    assert!(!info.stderr.contains('\u{1b}'), "{info:#?}");
    assert!(!info.stderr.contains("DEBUG"), "{info:#?}");
    // What is done again and again while the program runs.
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
fn quiet_leaves_errors() {
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
    // It hangs, so that it is drained before it ends.
    let arguments = ["record", "--on-deadlock", "kill", "-o", "x.rec", "--", program("hang")];
    run(place.recorder(&[&["--self-trace", "self.json"], &arguments[..]].concat()))
        .expect_status(123);
    let timeline = place.json("self.json");
    let begun: BTreeSet<_> = timeline
        .iter()
        .filter(|event| event["ph"] == "B")
        .filter_map(|event| event["name"].as_str())
        .collect();
    for stage in ["run", "drain", "collect", "load", "export", "play", "write"] {
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

/// The commands, as the recorder's own help lists them.
fn commands() -> Vec<String> {
    let help = run(Place::new().recorder(&["--help"])).expect_status(0).stdout;
    let listed = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let names = listed.lines().filter(|line| !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(Place::new().recorder(&["completions", shell])).expect_status(0);
        for command in commands() {
            assert!(ran.stdout.contains(&command), "{shell} does not know {command}");
        }
        assert_eq!(ran.stderr, "");
    }
    // A shell reads it, and completes.
    let place = Place::new();
    let script = run(place.recorder(&["completions", "bash"])).stdout;
    let ask = "COMP_WORDS=(recorder exp); COMP_CWORD=1; _recorder recorder exp recorder";
    let answer = "echo \"${COMPREPLY[@]}\"";
    let mut bash = place.command("bash");
    bash.args(["--norc", "-c", &format!("{script}\n{ask}\n{answer}")]);
    run(bash).expect_status(0).expect_stdout("export\n");
}

#[test]
fn a_manual_page_for_every_command() {
    let place = Place::new();
    let page = run(place.recorder(&["man"])).expect_status(0).stdout;
    assert!(page.contains(".TH recorder 1") && page.contains("128 + N"), "{page}");
    run(place.recorder(&["man", "share/man1"])).expect_status(0).expect_stdout("");
    let mut expected: Vec<_> = commands()
        .iter()
        .filter(|command| *command != "help")
        .map(|command| format!("recorder-{command}.1"))
        .chain(["recorder.1".to_owned()])
        .collect();
    expected.sort();
    assert_eq!(place.names_in("share/man1"), expected);
}

/// What all commands say of themselves is in `help.txt`. After a change:
/// `UPDATE_HELP=1 cargo test -p recorder --test end_to_end help`
#[test]
fn the_help_is_as_it_was_read() {
    let place = Place::new();
    let mut help = String::new();
    for command in [String::new()].into_iter().chain(commands()) {
        let arguments: Vec<_> =
            [&*command, "--help"].into_iter().filter(|a| !a.is_empty()).collect();
        if command == "help" {
            continue;
        }
        let mut recorder = place.recorder(&arguments);
        recorder.env_remove("COLUMNS");
        help += &format!("$ recorder {}\n", arguments.join(" "));
        help += &run(recorder).expect_status(0).stdout;
        help += "\n";
    }
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/help.txt");
    if std::env::var_os("UPDATE_HELP").is_some() {
        fs::write(&kept, &help).unwrap();
    }
    let kept = fs::read_to_string(kept).unwrap();
    let differs = help.lines().zip(kept.lines()).find(|(now, then)| now != then);
    assert!(help == kept, "{differs:?}: see the comment on this test");
}
