//! A full disk: the program continues, and the events recorded before are kept.
//!
//! The disk is simulated by a limit on the size of files: `ulimit -f`, with its signal ignored.

use std::process::Command;

use crate::command::{Place, run};
use crate::programs::program;

/// A shell command that, with its children, can write files of at most this many kB.
fn with_room(kilobytes: usize, command: &str) -> String {
    // The unit is 512 bytes in some shells and 1024 in others.
    format!("trap '' XFSZ; ulimit -f {kilobytes}; exec {command}")
}

fn shell(place: &Place, script: &str) -> Command {
    let mut command = place.command("sh");
    command.args(["-c", script]);
    command
}

const COMPLAINT: &str = "instrumented: not recording (any more): File too large";

#[test]
fn the_program_continues() {
    let place = Place::new();
    // Room for small blocks, but not for a large one.
    let script = with_room(200, &format!("{} 20000 2", program("count")));
    let ran =
        run(place.recorder(&["record", "-o", "x.txt", "-o", "x.json", "--", "sh", "-c", &script]))
            .expect_status(0)
            .expect_stdout("sent 40000\nreceived 40000\n");
    assert!(!ran.stderr.contains("damaged"), "{ran:#?}");
    let complaints = ran.stderr.lines().filter(|line| line.contains("instrumented"));
    let complaints: Vec<_> = complaints.collect();
    assert!(matches!(complaints[..], [line] if line.starts_with(COMPLAINT)), "{ran:#?}");

    let text = place.text("x.txt");
    assert!(text.sent() > 0);
    // Each event is either recorded or counted.
    let operations = text.events().iter().filter(|event| event.is_operation()).count();
    assert!(operations as u64 + text.dropped() >= 80_000);
    assert!(operations < 80_000);
    ran.expect_stderr(&format!("\n{} events could not be recorded: ", text.dropped()));
}

#[test]
fn a_small_disk_that_becomes_full() {
    let place = Place::new();
    // The file system is mounted for this command alone.
    let mount = "mount -t tmpfs -o size=256k none temporary";
    let recorder = env!("CARGO_BIN_EXE_recorder");
    let script =
        format!("{mount} && exec '{recorder}' record -o x.txt -- {} 20000 2", program("count"));
    let mut command = place.command("unshare");
    if !rustix::process::getuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "sh", "-c", &script]);
    let ran = run(command)
        .expect_status(0)
        .expect_stdout("sent 40000\nreceived 40000\n")
        .expect_stderr("instrumented: not recording (any more): No space left on device");
    let text = place.text("x.txt");
    let operations = text.events().iter().filter(|event| event.is_operation()).count();
    assert!(operations > 0 && operations < 80_000, "{ran:#?}");
    assert!(operations as u64 + text.dropped() >= 80_000, "{ran:#?}");
}

#[test]
fn the_signal_for_too_large_files_is_not_raised() {
    let place = Place::new();
    let script = format!("ulimit -f 200; exec {} 20000 2", program("count"));
    run(place.recorder(&["record", "-o", "x.txt", "--", "sh", "-c", &script]))
        .expect_status(0)
        .expect_stdout("sent 40000\nreceived 40000\n")
        .expect_stderr(COMPLAINT);
}

#[test]
fn no_room_at_all() {
    let place = Place::new();
    let script = with_room(0, &format!("{} 100 2", program("count")));
    run(place.recorder(&["record", "-o", "x.txt", "--", "sh", "-c", &script]))
        .expect_status(1)
        .expect_stdout("sent 200\nreceived 200\n")
        .expect_stderr(COMPLAINT)
        .expect_stderr("recorder: recorded nothing");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn no_room_for_a_program_that_records_itself() {
    let place = Place::new();
    let script = with_room(0, &format!("{} own.rec", program("records_itself")));
    run(shell(&place, &script))
        .expect_status(3)
        .expect_stdout("")
        .expect_stderr("cannot record into own.rec: File too large");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn no_room_for_an_output() {
    let place = Place::new();
    let arguments = ["record", "-o", "x.rec", "-o", "x.txt", "--", program("count"), "5000", "2"];
    run(place.recorder(&arguments)).expect_status(0);
    for ending in ["json", "pftrace", "rec", "txt"] {
        let command =
            format!("'{}' export x.rec -o z.rec -o y.{ending}", env!("CARGO_BIN_EXE_recorder"));
        let ran = run(shell(&place, &with_room(64, &command))).expect_status(1);
        let ran = ran.expect_stderr("recorder: cannot write ");
        let ran = ran.expect_stderr("File too large");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
        assert_eq!(place.names(), ["x.rec", "x.txt"], "{ending}");
    }
}

#[test]
fn no_room_for_the_recorder_itself() {
    let place = Place::new();
    // The program has room again.
    let inner = format!("ulimit -S -f unlimited; exec {} 50000 2", program("count"));
    let arguments = format!("record -o x.rec -- sh -c '{inner}'");
    let command = format!("'{}' {arguments}", env!("CARGO_BIN_EXE_recorder"));
    let script = format!("trap '' XFSZ; ulimit -S -f 1000; exec {command}");
    let ran = run(shell(&place, &script));
    let ran = ran.expect_stdout("sent 100000\nreceived 100000\n");
    assert!(!ran.stderr.contains("instrumented"), "{ran:#?}");
    ran.expect_stderr("recorder: the recording is incomplete: ")
        .expect_stderr("File too large")
        .expect_stderr("the processes' files are left in ")
        .expect_stderr("wrote x.rec");
    assert_eq!(place.names(), ["temporary", "x.rec"]);
    // The events that had room are recorded, perhaps with a gap (status 1).
    let ran = run(place.recorder(&["export", "x.rec", "-o", "x.txt"]));
    assert!(matches!(ran.status.code(), Some(0 | 1)), "{ran:#?}");
    assert!(place.text("x.txt").sent() + place.text("x.txt").received() > 10_000);
}
