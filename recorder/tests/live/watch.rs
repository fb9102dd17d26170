use std::io::{Read, Write};
use std::process::ChildStdin;

use rustix::process::Signal;
use serde_json::Value;

use crate::command::{Place, Ran, Running, run};
use crate::programs::program;

/// The program `told` under the recorder: it does what the lines on its stdin tell.
pub(crate) struct Told {
    pub(crate) running: Running,
    stdin: ChildStdin,
}

impl Told {
    pub(crate) fn start(place: &Place, options: &[&str]) -> Self {
        let arguments = [&["record", "-o", "x.rec"], options, &["--", program("told")]].concat();
        let mut running = Running::start(place.recorder(&arguments));
        let stdin = running.stdin();
        Told { running, stdin }
    }

    /// Sends these lines to the program as its instructions.
    #[track_caller]
    pub(crate) fn tell(&mut self, lines: &[&str]) {
        for line in lines {
            writeln!(self.stdin, "{line}").unwrap();
            assert_eq!(self.running.next_line(), "done\n");
        }
    }

    /// The figures as of now.
    fn figures(&self, place: &Place) -> Value {
        let ran = run(place.recorder(&["watch", &self.running.pid(), "--json"])).expect_status(0);
        assert_eq!(ran.stderr, "");
        serde_json::from_str(&ran.stdout).unwrap()
    }

    pub(crate) fn finish(self) -> Ran {
        self.close().finish()
    }

    /// Lets the program end.
    pub(crate) fn close(self) -> Running {
        drop(self.stdin);
        self.running
    }
}

/// The row of this name in a table.
fn row<'a>(figures: &'a Value, table: &str, name: &str) -> &'a Value {
    let key = if table == "channels" { "label" } else { "name" };
    let rows = figures[table].as_array().unwrap();
    rows.iter()
        .find(|row| row[key] == name)
        .unwrap_or_else(|| panic!("{name} is not in {figures:#}"))
}

#[test]
fn the_figures_are_those_of_now() {
    let place = Place::new();
    let mut told = Told::start(&place, &[]);
    told.tell(&["open jobs", "pass jobs 3"]);
    let figures = told.figures(&place);
    assert_eq!(figures["ended"], Value::Null);
    assert_eq!(figures["command"], "told");
    let jobs = row(&figures, "channels", "jobs");
    assert_eq!([&jobs["sent"], &jobs["received"], &jobs["depth"]], [3, 3, 0]);
    assert_eq!([&jobs["senders"], &jobs["receivers"]], [1, 1]);
    assert!(jobs["latency"]["p50_ns"].as_u64().unwrap() > 0, "{jobs:#}");
    let main = row(&figures, "threads", "main");
    assert_eq!([&main["state"], &main["call"]], [&Value::from("runs"), &Value::Null]);

    // Its channels and messages come as they are made.
    told.tell(&["open results", "pass jobs 1000", "pass results 20"]);
    let figures = told.figures(&place);
    let sent = ["jobs", "results"].map(|name| row(&figures, "channels", name)["sent"].as_u64());
    assert_eq!(sent, [Some(1003), Some(20)]);
    told.finish().expect_status(0).expect_no_damage();
}

#[test]
fn a_run_is_found_by_its_name() {
    let place = Place::new();
    let mut told = Told::start(&place, &[]);
    told.tell(&["open jobs"]);
    // There may be runs of other programs on this machine.
    let ran = run(place.recorder(&["watch", "told", "--once"])).expect_status(0);
    assert!(ran.stdout.starts_with("told  running, "), "{}", ran.stdout);
    told.finish();
}

#[test]
fn a_pause_is_visible() {
    let place = Place::new();
    let mut told = Told::start(&place, &[]);
    told.tell(&["open jobs", "pass jobs 3", "pause", "pass jobs 5"]);
    let figures = told.figures(&place);
    assert_eq!(figures["paused"], true);
    assert_eq!(row(&figures, "channels", "jobs")["sent"], 3);
    assert_eq!(row(&figures, "threads", "main")["state"], "paused");
    told.finish().expect_status(0);
}

#[test]
fn the_cause_of_a_hang_is_among_the_findings() {
    let place = Place::new();
    let arguments = ["record", "-o", "x.rec", "--", program("hang")];
    let mut running = Running::start(place.recorder(&arguments));
    while !running.next_error_line().contains("the program hangs") {}
    let ran = run(place.recorder(&["watch", &running.pid(), "--once"])).expect_status(0);
    assert!(ran.stdout.contains("deadlock: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("recv on \"to left\""), "{}", ran.stdout);
    running.signal(Signal::INT);
    running.finish().expect_status(130);
}

#[test]
fn findings_come_while_the_run_goes_on() {
    let place = Place::new();
    let arguments = ["record", "-o", "x.rec", "--", program("panics_and_waits")];
    let mut running = Running::start(place.recorder(&arguments));
    let stdin = running.stdin();
    running.wait_for("ready");
    let watch = || run(place.recorder(&["watch", &running.pid(), "--json"])).expect_status(0);
    let codes = || -> Vec<String> {
        let figures: Value = serde_json::from_str(&watch().stdout).unwrap();
        let findings = figures["findings"].as_array().unwrap();
        findings.iter().map(|it| it["code"].as_str().unwrap().to_owned()).collect()
    };
    // They are looked for once a second.
    while codes() != ["panic"] {}
    drop(stdin);
    running.finish().expect_status(0);
}

#[test]
fn a_flight_recorder_says_that_it_cannot_be_watched() {
    let place = Place::new();
    let mut told = Told::start(&place, &["--last", "1h"]);
    told.tell(&["open jobs"]);
    run(place.recorder(&["watch", &told.running.pid(), "--once"]))
        .expect_status(1)
        .expect_stderr("it is a flight recorder (--last)");
    told.finish();
}

#[test]
fn a_run_that_is_kept_is_shown_at_its_end() {
    let place = Place::new();
    let mut told = Told::start(&place, &[]);
    told.tell(&["open jobs", "pass jobs 3"]);
    told.finish().expect_status(0);
    let ran = run(place.recorder(&["watch", "x.rec", "--once"])).expect_status(0);
    assert!(ran.stdout.starts_with("told  recorded after "), "{}", ran.stdout);
    let line = ran.stdout.lines().find(|line| line.starts_with("jobs ")).unwrap();
    assert!(line.contains(" 0 "), "{line}");
}

#[test]
fn wrong_usage_is_explained() {
    let place = Place::new();
    run(place.recorder(&["watch", "x.rec"]))
        .expect_status(2)
        .expect_stderr("stdin and stdout must be a terminal; --once prints the tables as text");
    run(place.recorder(&["watch", "999999999", "--once"]))
        .expect_status(1)
        .expect_stderr("process 999999999 is not a run of recorder");
    run(place.recorder(&["watch", "nothing", "--once"]))
        .expect_status(1)
        .expect_stderr("there is no file and no run \"nothing\"");
}

/// The protocol as another program speaks it.
#[test]
fn other_programs_can_ask_for_figures() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;
    let place = Place::new();
    let mut told = Told::start(&place, &[]);
    told.tell(&["open jobs", "pass jobs 3"]);
    let directories = std::fs::read_dir(place.path("temporary")).unwrap();
    let sockets = directories.map(|directory| directory.unwrap().path().join("live"));
    let socket = sockets.into_iter().find(|path| path.exists()).unwrap();
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ask = |request: &str| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        answers
    };
    let answers = ask("figures\n");
    assert_eq!(answers.lines().count(), 1);
    let answer: Value = serde_json::from_str(&answers).unwrap();
    assert_eq!(row(&answer["figures"], "channels", "jobs")["sent"], 3);
    assert!(ask("dance\n").starts_with("{\"error\":"));

    // `watch` goes on until the run is over, and ends with how it ended.
    let mut stream = UnixStream::connect(&socket).unwrap();
    stream.write_all(b"watch\n").unwrap();
    let reading = std::thread::spawn(move || {
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        answers
    });
    told.tell(&["pass jobs 4"]);
    told.finish().expect_status(0);
    let answers = reading.join().unwrap();
    let last: Value = serde_json::from_str(answers.lines().last().unwrap()).unwrap();
    assert_eq!(last["figures"]["ended"], "ended with status 0");
    assert_eq!(row(&last["figures"], "channels", "jobs")["sent"], 7);
}
