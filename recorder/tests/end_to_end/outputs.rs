//! Outputs on stdout, compressed outputs, and exports that are interrupted.

use std::fs::File;
use std::io::{Read, pipe};
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use rustix::process::{Pid, Signal, kill_process};

use crate::command::{Place, run};
use crate::programs::program;

/// Records this many messages of two producers into `x.rec`.
fn record(place: &Place, messages: &str) {
    let arguments = ["record", "-q", "-o", "x.rec", "--", program("count"), messages, "2"];
    run(place.recorder(&arguments)).expect_status(0);
}

/// Runs a command with this stdout. Returns its exit status and its stderr.
fn into_pipe(mut command: Command, stdout: impl Into<Stdio>) -> (Option<i32>, String) {
    let output = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).output();
    let output = output.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn stdout_contains_only_the_output() {
    let place = Place::new();
    record(&place, "100");
    for ending in ["json", "json.gz", "pftrace", "pftrace.gz", "rec", "txt"] {
        let (file, stdout) = (format!("x.{ending}"), format!("-.{ending}"));
        run(place.recorder(&["export", "x.rec", "-o", &file])).expect_status(0);
        let out = File::create(place.path("out")).unwrap();
        let command = place.recorder(&["export", "x.rec", "-o", &stdout]);
        let (status, stderr) = into_pipe(command, out);
        assert_eq!(status, Some(0), "{stderr}");
        assert!(stderr.contains("200 messages sent"), "{stderr}");
        assert!(!stderr.contains("wrote"), "{stderr}");
        assert!(place.bytes("out") == place.bytes(&file), "{stdout} is not {file}");
    }
    assert!(!place.names().iter().any(|name| name.starts_with(['-', '.'])));
    // This is a file.
    run(place.recorder(&["export", "x.rec", "-o", "./-.txt"])).expect_status(0).expect_stdout("");
    assert!(place.bytes("-.txt") == place.bytes("x.txt"));
}

#[test]
fn compressed_outputs_have_the_same_content() {
    let place = Place::new();
    record(&place, "2000");
    for ending in ["json", "pftrace"] {
        let (plain, compressed) = (format!("x.{ending}"), format!("x.{ending}.gz"));
        let arguments = ["export", "x.rec", "-o", &plain, "-o", &compressed];
        run(place.recorder(&arguments)).expect_status(0).expect_stderr(&format!("wrote {plain} ("));
        let (plain, compressed) = (place.bytes(&plain), place.bytes(&compressed));
        let mut bytes = Vec::new();
        GzDecoder::new(&compressed[..]).read_to_end(&mut bytes).unwrap();
        assert!(bytes == plain, "{ending}");
        assert!(compressed.len() * 2 < plain.len(), "{ending}: {}", compressed.len());
    }
}

#[test]
fn a_closed_stdout_is_not_an_error() {
    let place = Place::new();
    record(&place, "100");
    for ending in ["json", "json.gz", "pftrace", "rec", "txt"] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let command = place.recorder(&["export", "x.rec", "-o", &format!("-.{ending}")]);
        assert_eq!(into_pipe(command, writer), (Some(0), String::new()), "{ending}");
    }
    // The other outputs are written.
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let command = place.recorder(&["export", "x.rec", "-o", "-.txt", "-o", "x.json"]);
    let (status, stderr) = into_pipe(command, writer);
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stderr.contains("wrote x.json"), "{stderr}");
    assert!(!place.json("x.json").is_empty());

    let (reader, writer) = pipe().unwrap();
    drop(reader);
    assert_eq!(into_pipe(place.recorder(&["man"]), writer), (Some(0), String::new()));
}

#[test]
fn an_export_that_is_interrupted_leaves_no_file() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let place = Place::new();
        record(&place, "200000");
        let before = place.names();
        let mut child = place
            .recorder(&["export", "x.rec", "-o", "x.json.gz", "-o", "-.txt", "-o", "x.pftrace"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It is running, and blocks when the pipe is full, before the end of the output.
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 1024]).unwrap();
        assert!(place.names().len() > before.len());
        kill_process(Pid::from_child(&child), signal).unwrap();
        let mut rest = Vec::new();
        stdout.read_to_end(&mut rest).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(status));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "recorder: interrupted\n");
        assert_eq!(place.names(), before);
    }
}
