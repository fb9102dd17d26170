//! `recorder pause`, `--last`, `--max-size`, and the recordings of killed recorders.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::thread;

use rustix::process::Signal;
use serde_json::Value;

use crate::command::{Place, Running, run};
use crate::event_text::{Event, Text};
use crate::programs::program;

/// The program `told` under the recorder.
struct Told {
    running: Running,
    stdin: ChildStdin,
}

impl Told {
    fn start(place: &Place, options: &[&str]) -> Self {
        let arguments = [&["record"], options, &["--", program("told")]].concat();
        let mut running = Running::start(place.recorder(&arguments));
        let stdin = running.stdin();
        Told { running, stdin }
    }

    /// Sends these lines to the program as its instructions.
    #[track_caller]
    fn tell(&mut self, lines: &[&str]) {
        for line in lines {
            writeln!(self.stdin, "{line}").unwrap();
            assert_eq!(self.running.next_line(), "done\n");
        }
    }

    /// Runs `recorder resume` or the like for this run: there may be others on this machine. It says
    /// `done`.
    #[track_caller]
    fn control(&self, place: &Place, what: &str, done: &str) {
        let pid = self.running.pid();
        let done = done.replace("RUN", &format!("process {pid} (recorder record "));
        run(place.recorder(&[what, &pid])).expect_status(0).expect_stdout("").expect_stderr(&done);
    }

    /// The directory of the run.
    fn running_session(&self, place: &Place) -> PathBuf {
        loop {
            let entries = fs::read_dir(place.path("temporary")).unwrap();
            let mut directories = entries.map(|entry| entry.unwrap().path());
            if let Some(directory) = directories.find(|path| path.join("control").exists()) {
                return directory;
            }
            thread::yield_now();
        }
    }

    fn finish(self) -> crate::command::Ran {
        drop(self.stdin);
        self.running.finish()
    }
}

/// The operations on the channel with this name.
fn operations<'a>(text: &'a Text, channel: &str) -> Vec<Event<'a>> {
    let events = text.events();
    let ends: Vec<_> = events
        .iter()
        .filter(|event| event.name == "ChannelCreated" && event.text("name") == channel)
        .flat_map(|event| [event.number("sender"), event.number("receiver")])
        .collect();
    assert_eq!(ends.len(), 2, "{channel} is not there once");
    let is_of_it = |event: &Event<'_>| ends.contains(&event.number("endpoint"));
    events.into_iter().filter(|event| event.is_operation() && is_of_it(event)).collect()
}

fn count(text: &Text, name: &str) -> usize {
    text.events().iter().filter(|event| event.name == name).count()
}

#[test]
fn a_program_pauses_its_recording() {
    let place = Place::new();
    let mut told = Told::start(&place, &["-o", "x.txt", "-o", "x.rec"]);
    told.tell(&["open jobs", "pass jobs 10", "pause", "pass jobs 10", "open late", "pass late 10"]);
    told.tell(&["pause", "resume", "resume", "pass jobs 10", "pass late 3"]);
    told.finish().expect_status(0).expect_no_damage().expect_stderr("the recording paused for ");
    let text = place.text("x.txt");
    assert_eq!(operations(&text, "jobs").len(), 40);
    // It was made during the pause, but its name is recorded.
    assert_eq!(operations(&text, "late").len(), 6);
    assert_eq!((count(&text, "Paused"), count(&text, "Resumed")), (1, 1));

    let report = run(place.recorder(&["report", "x.rec"])).expect_status(0);
    let paused = report.stdout.lines().nth(1).unwrap();
    assert!(paused.starts_with("the recording paused once, for "), "{report:#?}");
    let processes = processes(&place, "x.rec");
    assert_eq!(processes[0]["name"], "told");
    let pauses = processes[0]["pauses"].as_array().unwrap();
    let [pause] = &pauses[..] else { panic!("{processes}") };
    assert!(pause["from_ns"].as_u64().unwrap() < pause["to_ns"].as_u64().unwrap(), "{pause}");
}

/// The processes in the output of `recorder report --json`.
fn processes(place: &Place, recording: &str) -> Value {
    let json = run(place.recorder(&["report", "--json", recording])).expect_status(0);
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    report["processes"].clone()
}

#[test]
fn the_recorder_pauses_a_recording() {
    let place = Place::new();
    let mut told = Told::start(&place, &["--paused", "-o", "x.txt", "-o", "x.json"]);
    told.tell(&["open before", "pass before 10"]);
    told.control(&place, "resume", "resumed the recording of RUN");
    told.tell(&["open during", "pass during 10"]);
    told.control(&place, "pause", "paused the recording of RUN");
    told.control(&place, "pause", "the recording of RUN");
    // The program checks once per millisecond.
    told.tell(&["spin", "open after", "pass after 10"]);
    told.control(&place, "resume", "resumed the recording of RUN");
    told.tell(&["pass before 1"]);
    told.finish().expect_status(0).expect_no_damage();
    let text = place.text("x.txt");
    let found = ["before", "during", "after"].map(|channel| operations(&text, channel).len());
    assert_eq!(found, [2, 20, 0]);
    assert_eq!((count(&text, "Paused"), count(&text, "Resumed")), (2, 2));
}

#[test]
fn only_a_flight_recorder_keeps() {
    let place = Place::new();
    let told = Told::start(&place, &["-o", "x.txt"]);
    told.running_session(&place);
    run(place.recorder(&["keep", &told.running.pid()]))
        .expect_status(1)
        .expect_stderr("keeps all events; `recorder keep` is for flight recorders (--last)");
    told.finish().expect_status(1);
}

#[test]
fn files_of_a_run_in_progress_are_private() {
    let place = Place::new();
    let mut told = Told::start(&place, &["-o", "x.txt"]);
    told.tell(&["open jobs"]);
    let session = told.running_session(&place);
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&session), 0o700);
    let files = fs::read_dir(&session).unwrap().map(|file| file.unwrap().path());
    let files: Vec<_> = files.filter(|path| !path.is_symlink()).collect();
    // That of the process, the one that controls it, and the socket of `recorder watch`.
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    told.finish().expect_status(0);
}

#[test]
fn controlling_requires_a_run() {
    let place = Place::new();
    for what in ["pause", "resume", "keep"] {
        run(place.recorder(&[what, "4194305"]))
            .expect_status(1)
            .expect_stderr("process 4194305 is not a run of recorder");
    }
}

#[test]
fn the_newest_events_are_kept() {
    let place = Place::new();
    let mut told = Told::start(&place, &["--last", "1MB", "-o", "x.rec", "-o", "x.txt"]);
    told.tell(&["open jobs", "pass jobs 300000", "pass jobs 1000"]);
    let ran = told.finish().expect_status(0).expect_no_damage();
    assert!(!ran.stderr.contains("never received"), "{ran:#?}");
    let length = place.bytes("x.rec").len();
    assert!((100_000..1_050_000).contains(&length), "{length}");

    let text = place.text("x.txt");
    let operations = operations(&text, "jobs");
    assert!(operations.len() > 20_000 && operations.len() < 600_000, "{}", operations.len());
    let detail = |event: &Event<'_>| event.number("detail") & ((1 << 40) - 1);
    assert_eq!(detail(operations.last().unwrap()), 301_000);
    // There is no gap before the end.
    assert!(operations.windows(2).all(|pair| detail(&pair[1]) - detail(&pair[0]) <= 1));
    assert_eq!(count(&text, "Forgotten"), 1);
}

#[test]
fn the_report_on_a_flight_recording_is_about_the_part_that_is_complete() {
    let place = Place::new();
    let program = [program("count"), "100000", "3"];
    let recorder = ["record", "--last", "1MB", "-o", "x.rec", "--"];
    run(place.recorder(&[&recorder[..], &program].concat()))
        .expect_status(0)
        .expect_no_damage()
        .expect_stderr("complete from ");
    let report = run(place.recorder(&["report", "x.rec"])).expect_status(0);
    assert!(report.stdout.contains("\nthe recording is complete from "), "{report:#?}");
    let json = run(place.recorder(&["report", "--json", "x.rec"])).expect_status(0);
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    let number = |value: &Value| value.as_u64().unwrap();
    let window = number(&report["duration_ns"]) - number(&report["complete_from_ns"]);
    // The first events of main are kept: there are few.
    assert!(number(&report["complete_from_ns"]) > 0 && window > 0, "{report:#}");
    let numbers = &report["channels"][0];
    let [sent, received, before] =
        ["sent", "received", "sent_before"].map(|count| number(&numbers[count]));
    assert!(0 < received && received <= 300_000, "{numbers:#}");
    assert!(before <= received && received <= sent + before, "{numbers:#}");
    for thread in report["threads"].as_array().unwrap() {
        let [life, slept, waited] =
            ["life_ns", "slept_ns", "waited_ns"].map(|time| number(&thread[time]));
        assert!(life <= window && slept + waited <= life, "{thread:#}");
    }
    let path = &report["critical_path"];
    assert!(number(&path["length_ns"]) <= window, "{path:#}");
}

#[test]
fn a_flight_recorder_writes_snapshots_on_request() {
    let place = Place::new();
    let mut told = Told::start(&place, &["--last", "1h", "-o", "x.txt"]);
    told.tell(&["open jobs", "pass jobs 10", "keep"]);
    place.wait_for("x.kept-1.rec");
    told.tell(&["pass jobs 10000"]);
    told.control(&place, "keep", "saved x.kept-2.rec");
    place.wait_for("x.kept-2.rec");
    told.tell(&["pass jobs 10"]);
    told.running.signal(Signal::USR1);
    place.wait_for("x.kept-3.rec");
    told.tell(&["pass jobs 10"]);
    told.finish()
        .expect_status(0)
        .expect_no_damage()
        .expect_stderr("recorder: saved x.kept-1.rec\nrecorder: saved x.kept-2.rec\n");
    for (number, messages) in [(1, 10), (2, 10_010), (3, 10_020)] {
        let kept = format!("x.kept-{number}.rec");
        run(place.recorder(&["export", &kept, "-o", "kept.txt"]))
            .expect_status(0)
            .expect_no_damage();
        assert_eq!(operations(&place.text("kept.txt"), "jobs").len(), 2 * messages);
    }
    assert_eq!(operations(&place.text("x.txt"), "jobs").len(), 20_060);
}

#[test]
fn a_flight_recorder_writes_its_blocks_after_a_crash() {
    let place = Place::new();
    let mut told = Told::start(&place, &["--last", "100kB", "-o", "x.txt"]);
    told.tell(&["open jobs", "pass jobs 50000"]);
    writeln!(told.stdin, "abort").unwrap();
    told.finish().expect_status(134).expect_no_damage();
    let text = place.text("x.txt");
    let last = operations(&text, "jobs").last().unwrap().number("detail");
    assert_eq!(last & ((1 << 40) - 1), 50_000);
}

#[test]
fn the_program_continues_when_the_recording_reaches_its_maximum_size() {
    let place = Place::new();
    let mut told = Told::start(&place, &["--max-size", "200kB", "-o", "x.rec", "-o", "x.txt"]);
    told.tell(&["open jobs", "pass jobs 1000000", "open late", "pass late 10"]);
    told.finish()
        .expect_status(0)
        .expect_stderr("recorder: the recording ended early: it reached --max-size\n")
        .expect_stderr("the recording paused for ");
    let pauses = &processes(&place, "x.rec")[0]["pauses"];
    assert!(pauses[0]["from_ns"].is_u64() && pauses[0]["to_ns"].is_null(), "{pauses}");
    // All events would take six million bytes. The blocks in memory when the limit is reached are
    // added.
    let length = place.bytes("x.rec").len();
    assert!((100_000..2_000_000).contains(&length), "{length}");
    let text = place.text("x.txt");
    assert!(operations(&text, "jobs").len() > 20_000);
    assert_eq!(operations(&text, "late").len(), 0);
}

#[test]
fn invalid_limits_are_wrong_usage() {
    let place = Place::new();
    for (options, why) in [
        (&["--last", "soon"][..], "neither a time like 30s nor a size like 512MB"),
        (&["--max-size", "much"], "--max-size"),
        (&["--max-size", "1MB", "--last", "30s"], "cannot be used with"),
    ] {
        let arguments = [&["record"], options, &["--", "true"]].concat();
        run(place.recorder(&arguments)).expect_status(2).expect_stderr(why);
    }
}

#[test]
fn the_directory_of_a_killed_recorder_is_readable() {
    let place = Place::new();
    let mut told = Told::start(&place, &["-o", "x.txt"]);
    told.tell(&["open jobs", "pass jobs 100000"]);
    told.running.signal(Signal::KILL);
    // From now on blocks are not drained.
    told.tell(&["pass jobs 100000"]);
    let ran = told.finish();
    assert_eq!((ran.status.code(), &*ran.stderr), (None, ""), "{ran:#?}");

    let directory = place.names_in("temporary").pop().unwrap();
    let directory = format!("temporary/{directory}");
    run(place.recorder(&["export", &directory, "-o", "left.txt"]))
        .expect_status(0)
        .expect_no_damage()
        .expect_stderr("200000 messages sent, 200000 received\n");
    assert_eq!(operations(&place.text("left.txt"), "jobs").len(), 400_000);
    run(place.recorder(&["export", ".", "-o", "left.txt"]))
        .expect_status(1)
        .expect_stderr("not the directory of a run");
}
