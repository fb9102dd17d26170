//! `recorder record`: it passes on the program's streams and exit status, and writes its files
//! completely or not at all.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use crate::command::{Place, Running, run};
use crate::programs::program;

#[test]
fn streams_pass_through() {
    let place = Place::new();
    let mut running =
        Running::start(place.recorder(&["record", "-o", "x.txt", "--", program("echo")]));
    let mut stdin = running.stdin();
    // The answer arrives while the program runs.
    stdin.write_all(b"hello\n").unwrap();
    running.wait_for("hello");
    stdin.write_all("wörld".as_bytes()).unwrap();
    drop(stdin);
    let ran = running.finish().expect_status(0).expect_stdout("hello\nwörld");
    assert!(ran.stderr.starts_with("err\n"), "{ran:#?}");
    assert!(ran.stderr.contains("1 message sent, 1 received"), "{ran:#?}");
}

#[test]
fn the_exit_status_is_that_of_the_program() {
    for (name, argument, status, sent) in [
        ("exits", "0", 0, 1),
        ("exits", "7", 7, 1),
        ("exits", "255", 255, 1),
        ("dies", "9", 137, 5),
        ("dies", "15", 143, 5),
        ("dies", "6", 134, 5),
    ] {
        let place = Place::new();
        let outputs = ["-o", "x.json", "-o", "x.pftrace", "-o", "x.rec", "-o", "x.txt"];
        let mut command = place.recorder(&["record"]);
        command.args(outputs).args(["--", program(name), argument]);
        let ran = run(command).expect_status(status).expect_no_damage();
        let says =
            format!("{}{argument}\n", if name == "exits" { "exits with " } else { "dies of " });
        let ran = ran.expect_stdout(&says);
        for file in ["x.json", "x.pftrace", "x.rec", "x.txt"] {
            assert!(ran.stderr.contains(&format!("wrote {file} (")), "{ran:#?}");
        }
        assert_eq!(place.names(), ["x.json", "x.pftrace", "x.rec", "x.txt"]);
        assert!(!place.json("x.json").is_empty());
        let text = place.text("x.txt");
        assert_eq!(text.sent(), sent);
        let (code, signal) =
            if status > 128 && name == "dies" { (0, status - 128) } else { (status, 0) };
        let events = text.events();
        let ended = events.iter().find(|event| event.name == "ProcessEnded").unwrap();
        assert_eq!((ended.number("code"), ended.number("signal")), (code as u64, signal as u64));
    }
}

#[test]
fn an_output_is_replaced() {
    let place = Place::new();
    fs::write(place.path("x.txt"), "old").unwrap();
    let count = |messages| {
        run(place.recorder(&["record", "-o", "x.txt", "--", program("count"), messages, "1"]))
            .expect_status(0);
        place.text("x.txt").sent()
    };
    assert_eq!(count("3"), 3);
    assert_eq!(count("4"), 4);
    // With the usual permissions, and not only for its owner.
    fs::write(place.path("other"), "").unwrap();
    let mode = |name| fs::metadata(place.path(name)).unwrap().permissions().mode();
    assert_eq!(mode("x.txt"), mode("other"));
}

#[test]
fn a_program_that_does_not_exist() {
    for name in ["no-such-program", "./no-such-program", "/no/such/program"] {
        let place = Place::new();
        let ran = run(place.recorder(&["record", "-o", "x.json", "-o", "x.rec", "--", name]));
        let ran = ran.expect_status(1).expect_stdout("");
        let expected = format!("recorder: there is no such program: cannot run {name}: ");
        assert!(ran.stderr.starts_with(&expected), "{ran:#?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn a_file_that_is_not_a_program() {
    let place = Place::new();
    fs::write(place.path("letter"), "Dear reader\n").unwrap();
    fs::set_permissions(place.path("letter"), Permissions::from_mode(0o644)).unwrap();
    let ran = run(place.recorder(&["record", "-o", "x.json", "--", "./letter"])).expect_status(1);
    assert!(ran.stderr.starts_with("recorder: cannot run ./letter: "), "{ran:#?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
    assert_eq!(place.names(), ["letter"]);
}

#[test]
fn a_program_without_channels() {
    let place = Place::new();
    run(place.recorder(&["record", "-o", "x.json", "--", program("plain")]))
        .expect_status(1)
        .expect_stdout("plain\n")
        .expect_stderr("recorder: recorded nothing: plain used no channel, lock or thread, or it");
    // The status of a program that failed is passed on.
    run(place.recorder(&["record", "-o", "x.json", "--", "sh", "-c", "exit 3"]))
        .expect_status(3)
        .expect_stderr("recorded nothing");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn an_output_that_cannot_be_written_is_reported_before_the_program_runs() {
    let place = Place::new();
    fs::create_dir(place.path("taken.json")).unwrap();
    for (output, reason) in [
        ("missing/x.json", "there is no directory missing"),
        ("taken.json", "it is a directory"),
        ("taken.json/../file/x.json", "Not a directory"),
    ] {
        fs::write(place.path("file"), "").unwrap();
        let arguments = ["record", "-o", "good.rec", "-o", output, "--", "touch", "ran"];
        let ran = run(place.recorder(&arguments)).expect_status(1);
        assert!(ran.stderr.starts_with(&format!("recorder: cannot write {output}: ")), "{ran:#?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
        ran.expect_stderr(reason);
        assert_eq!(place.names(), ["file", "taken.json"]);
    }
}

#[test]
fn a_closed_stderr_is_not_an_error() {
    let place = Place::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut recorder = place.recorder(&["record", "-o", "x.rec", "--", program("exits"), "0"]);
    let status = recorder.stderr(writer).status().unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(place.names(), ["x.rec"]);
}
