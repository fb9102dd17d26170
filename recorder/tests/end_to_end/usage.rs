//! Wrong usage: the exit status is 2, and the message explains the right usage.

use std::fs;

use crate::command::{Place, run};

#[test]
fn a_command_is_required() {
    for arguments in [&[][..], &["record"], &["record", "--"], &["export", "x.rec"]] {
        let place = Place::new();
        let ran = run(place.recorder(arguments)).expect_status(2).expect_stdout("");
        assert!(ran.stderr.contains("Usage: recorder"), "{arguments:?}: {ran:#?}");
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn an_unknown_extension() {
    for name in ["x.xml", "x", ".json", "x.rec.gz"] {
        let place = Place::new();
        let ran = run(place.recorder(&["record", "-o", name, "--", "touch", "ran"]));
        let mut ran = ran.expect_status(2);
        for ending in [".json", ".pftrace", ".svg", ".mmd", ".rec", ".txt"] {
            ran = ran.expect_stderr(ending);
        }
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn an_invalid_timeout() {
    let place = Place::new();
    let arguments = ["record", "--timeout", "soon", "--", "touch", "ran"];
    run(place.recorder(&arguments)).expect_status(2).expect_stderr("soon");
    assert_eq!(place.names(), [""; 0]);
}

/// Each message names the mistake and the right usage.
#[test]
fn messages_explain_wrong_usage() {
    let place = Place::new();
    for (arguments, why) in [
        (&["lsit"][..], "a similar subcommand exists: 'list'"),
        (&["record", "--tiemout", "5", "touch", "ran"], "a similar argument exists: '--timeout'"),
        (
            &["record", "--timeout", "5x", "--", "touch", "ran"],
            "not a time like 1.5s, 300ms or 5min",
        ),
        (&["record", "--last", "30", "touch", "ran"], "a number needs a unit here"),
        (&["record", "--max-size", "5x", "--", "touch", "ran"], "not a size like 512MB or 2GB"),
        (
            &["record", "-o", "-.json", "--", "touch", "ran"],
            "stdout belongs to the program; write a recording, and then use `recorder export FILE -o -.json`",
        ),
        (&["run", "x", "-o", "-.txt"], "stdout belongs to the program"),
        (&["export", "x.rec", "-o", "-.txt", "-o", "-.json"], "only one output can go to stdout"),
        (&["export", "x.rec", "-o", "x.txt", "-o", "x.txt"], "x.txt is given twice"),
        (
            &["export", "x.rec", "-o", "x.txt", "--no-browser"],
            "required arguments were not provided:\n  <--open>",
        ),
        (&["export", "x.rec", "-o", "-.txt", "--open"], "--open requires an output file"),
        (
            &["export", "x.rec", "-o", "x.rec", "--from", "1s"],
            "x.rec always contains the whole recording",
        ),
        (
            &["export", "x.rec", "-o", "x.svg", "--from", "1.5s", "--to", "1.25s"],
            "--from is later than --to",
        ),
        (&["export", "x.rec", "-o", "x.svg", "--from", "1.5x"], "not a time like 1.5s"),
        (&["export", "x.rec", "-o", "x.svg", "--max-events", "9"], "--max-events requires a trace"),
        (&["export", "x.rec", "-o", "x.json", "--max-events", "0"], "0 shows nothing"),
        (
            &["record", "-o", "x.rec", "--max-events", "9", "--", "touch", "ran"],
            "--max-events requires a trace (.json, .pftrace)",
        ),
        (&["export", "-v", "-q", "x.rec", "-o", "x.txt"], "cannot be used with"),
        (&["run", "x", "--no-browser"], "required arguments were not provided:\n  <--view|--open>"),
        (&["run", "x", "--view", "--open"], "cannot be used with '--"),
        (&["run", "x", "--view", "--last", "3s"], "'--view' cannot be used with '--last"),
        (&["view", "x.rec", "--port", "70000"], "70000 is not in 0..=65535"),
        (&["open", "x.rec", "--ui", "localhost"], "like https://ui.perfetto.dev"),
        (&["open", "x.rec", "--port", "70000"], "70000 is not in 0..=65535"),
        (&["open", "x.rec", "--wait", "long"], "not a time like"),
        (&["pause", "that one"], "'that one' for '[PID]'"),
        (&["completions", "tcsh"], "[possible values: bash, elvish, fish, powershell, zsh]"),
    ] {
        let ran = run(place.recorder(arguments)).expect_status(2).expect_stdout("");
        assert!(ran.stderr.starts_with("error: "), "{arguments:?}: {ran:#?}");
        ran.expect_stderr(why).expect_stderr("For more information, try '--help'.");
    }
    assert_eq!(place.names(), [""; 0]);
}

/// The same, where the message depends on the workspace.
#[test]
fn a_program_and_its_arguments() {
    let place = Place::new();
    fs::create_dir_all(place.path("src/bin")).unwrap();
    fs::write(place.path("Cargo.toml"), "[package]\nname = \"own\"\nedition = \"2024\"\n").unwrap();
    fs::write(place.path("src/bin/pack.rs"), "//! Packs.\nfn main() {}\n").unwrap();
    let recorder = |arguments: &[&str]| run(place.recorder(arguments)).expect_status(2);
    recorder(&["run", "pack", "500", "-x"]).expect_stderr("error: unexpected argument '-x' found");
    recorder(&["run", "pack", "500"]).expect_stderr(
        "recorder: unexpected argument \"500\"; arguments of the program are after --: `recorder \
         run pack -- 500`",
    );
    recorder(&["record", "pack", "500"]).expect_stderr(
        "there is no command pack, but a program of this workspace: try `recorder run pack`",
    );
    fs::write(place.path("src/bin/ship.rs"), "fn main() {}\n").unwrap();
    for arguments in [&["run"][..], &["run", "nope"]] {
        recorder(arguments).expect_stderr("\npack  Packs.\nship\n");
    }
    fs::remove_file(place.path("src/bin/pack.rs")).unwrap();
    // The only program is taken. It is not recorded: it uses no channel.
    run(place.recorder(&["run"])).expect_status(1).expect_stderr("recorded nothing: ship used no");
}

#[test]
fn help_lists_the_exit_statuses() {
    let ran = run(Place::new().recorder(&["--help"])).expect_status(0);
    for part in ["list", "run", "record", "export", "128 + N", "124"] {
        assert!(ran.stdout.contains(part), "{part:?} is not in {ran:#?}");
    }
}
