//! `recorder open`: which pages can fetch the trace, and how the browser is started. A few lines of
//! HTTP stand in for the page; `.ci/perfetto` tests the real one.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::Value;

use crate::command::{Place, Ran, Running, run};
use crate::programs::program;

const ORIGIN: &str = "https://ui.perfetto.dev";

/// The message before the address.
const OPEN: &str = "open this in a browser: ";

/// A `recorder` that waits for the page.
struct Waiting {
    running: Running,
    /// `https://ui.perfetto.dev/`
    page: String,
    /// The origin that the page sends.
    origin: &'static str,
    /// `127.0.0.1:40000`
    host: String,
    /// `/0123456789abcdef/x.pftrace`
    path: String,
    /// The other parameters of the page: `startupCommands=…&visStart=0&visEnd=1`
    options: String,
}

impl Waiting {
    /// `recorder ARGUMENTS --no-browser --port 0`
    #[track_caller]
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut command = place.recorder(arguments);
        command.args(["--no-browser", "--port", "0"]);
        Waiting::of(command, OPEN)
    }

    #[track_caller]
    fn of(command: std::process::Command, before: &str) -> Self {
        let mut running = Running::start(command);
        let address = loop {
            let line = running.next_error_line();
            if let Some((_, address)) = line.split_once(before) {
                break address.trim_end().to_owned();
            }
        };
        Waiting::at(running, &address)
    }

    /// A recorder that waits at this address.
    fn at(running: Running, address: &str) -> Self {
        let (page, trace) = address.split_once("#!/?url=http://").unwrap();
        let (trace, options) = trace.split_once('&').unwrap();
        assert!(options.starts_with("startupCommands=%5B%7B%22id%22%3A%22"), "{options}");
        let (host, path) = trace.split_once('/').unwrap();
        Waiting {
            running,
            page: page.to_owned(),
            origin: ORIGIN,
            host: host.to_owned(),
            path: format!("/{path}"),
            options: options.to_owned(),
        }
    }

    /// The response to a request: its head and its body.
    fn request(&self, method: &str, path: &str, headers: &[&str]) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\n{}\r\n\r\n", headers.join("\r\n")).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
        let body = answer.split_off(end + 4);
        (String::from_utf8(answer).unwrap(), body)
    }

    /// The response to the page.
    fn fetch(&self, method: &str) -> (String, Vec<u8>) {
        let (host, origin) = (format!("Host: {}", self.host), format!("Origin: {}", self.origin));
        self.request(method, &self.path, &[&host, &origin])
    }

    /// Fetches the trace, after which the recorder ends.
    fn finish(self) -> (Vec<u8>, Ran) {
        let (head, body) = self.fetch("GET");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
        (body, self.running.finish().expect_status(0))
    }
}

/// Records a program into `x`, with all extensions.
fn record(place: &Place) {
    let mut recorder = place.recorder(&["record"]);
    for ending in ["json", "json.gz", "pftrace", "pftrace.gz", "rec", "txt"] {
        recorder.args(["-o", &format!("x.{ending}")]);
    }
    recorder.args(["--", program("count"), "100", "2"]);
    run(recorder).expect_status(0);
}

#[test]
fn the_page_can_fetch_the_trace_once() {
    let place = Place::new();
    record(&place);
    let before = place.names();
    for (file, served) in [
        ("x.pftrace", "x.pftrace"),
        ("x.pftrace.gz", "x.pftrace.gz"),
        ("x.json", "x.json"),
        ("x.json.gz", "x.json.gz"),
        // A recording is exported first.
        ("x.rec", "x.pftrace"),
        ("x.txt", "x.pftrace"),
    ] {
        let waiting = Waiting::start(&place, &["open", file]);
        assert!(waiting.path.ends_with(&format!("/{served}")), "{}", waiting.path);
        // A browser may first ask for permission, and for the length.
        let (head, body) = waiting.fetch("OPTIONS");
        assert!(head.starts_with("HTTP/1.1 204 ") && body.is_empty(), "{head}");
        let (head, body) = waiting.fetch("HEAD");
        assert!(head.starts_with("HTTP/1.1 200 ") && body.is_empty(), "{head}");
        let (body, ran) = waiting.finish();
        assert!(body == place.bytes(served), "{file} is not {served}");
        ran.expect_stderr("nothing leaves your machine")
            .expect_stderr(&format!("the Perfetto UI has fetched {served}\n"));
    }
    assert_eq!(place.names(), before);
}

#[test]
fn several_recordings_become_one_trace() {
    let place = Place::new();
    record(&place);
    let arguments = ["record", "-o", "y.rec", "--", program("count"), "10", "1"];
    run(place.recorder(&arguments)).expect_status(0);
    run(place.recorder(&["export", "x.rec", "y.rec", "-o", "both.pftrace"])).expect_status(0);
    let waiting = Waiting::start(&place, &["open", "x.rec", "y.rec"]);
    assert!(waiting.path.ends_with("/x_y.pftrace"), "{}", waiting.path);
    let (body, ran) = waiting.finish();
    assert!(body == place.bytes("both.pftrace"));
    ran.expect_stderr("2 recordings on one clock, ");
    // Traces cannot be combined.
    run(place.recorder(&["open", "x.rec", "both.pftrace", "--no-browser", "--port", "0"]))
        .expect_status(1)
        .expect_stderr(
            "both.pftrace: not a recording but a trace, and its recording is not beside it",
        );
}

#[test]
fn the_first_view_can_be_selected() {
    let place = Place::new();
    let hang = program("forgotten_sender");
    let record = ["record", "-o", "x.rec", "-o", "x.json", "--on-deadlock", "kill", "--", hang];
    run(place.recorder(&record)).expect_status(123);
    let json = place.json("x.json");
    // In nanoseconds.
    let time = |phase: &str| {
        let is = |event: &&Value| event["cat"] == "finding" && event["ph"] == phase;
        let time = json.iter().find(is).unwrap()["ts"].as_f64().unwrap();
        (time * 1e3).round() as u64
    };
    let (begin, length) = (time("b"), time("e") - time("b"));

    let shown = |arguments: &[&str]| {
        let waiting = Waiting::start(&place, &[&["open", "x.rec"], arguments].concat());
        let (commands, rest) = waiting.options.split_once('&').unwrap_or((&waiting.options, ""));
        assert!(commands.starts_with("startupCommands="), "{commands}");
        let shown = rest.to_owned();
        waiting.finish();
        shown
    };
    assert_eq!(shown(&[]), "");
    assert_eq!(shown(&["--from", "2ms", "--to", "3.5ms"]), "visStart=2000000&visEnd=3500000");
    let around = shown(&["--around", "forgotten-sender"]);
    let (selected, window) = around.split_once("&visStart=").unwrap();
    assert_eq!(selected, format!("ts={begin}&dur={length}"));
    let (from, to) = window.split_once("&visEnd=").unwrap();
    let (from, to): (u64, u64) = (from.parse().unwrap(), to.parse().unwrap());
    assert!(from <= begin && begin < to, "{around}");
    // Everything in the view is in the trace; the page would ignore it otherwise.
    let message = shown(&["--message", "results#2"]);
    let (selected, window) = message.split_once("&visStart=").unwrap();
    let sent = json.iter().filter(|event| event["name"] == "send results").nth(1).unwrap();
    let sent = (sent["ts"].as_f64().unwrap() * 1e3).round() as u64;
    assert_eq!(selected, format!("ts={sent}&dur=0"));
    let window = window.split_once("&visEnd=").unwrap();
    let (first, last): (u64, u64) = (window.0.parse().unwrap(), window.1.parse().unwrap());
    assert!(from <= first && first < last && last <= to, "{message} {around}");
}

#[test]
fn impossible_selections_are_refused() {
    let place = Place::new();
    record(&place);
    fs::rename(place.path("x.pftrace"), place.path("y.pftrace")).unwrap();
    for (arguments, why) in [
        (
            &["y.pftrace", "--from", "1ms"][..],
            "y.pftrace is a trace; --from, --to, --around, --message, --max-events and --all",
        ),
        (&["x.rec", "--from", "1000s"], "there is nothing after 16m 40s"),
        (&["x.rec", "--from", "2ms", "--to", "1ms"], "--from is later than --to"),
        (&["x.rec", "--around", "deadlock"], "the report has no finding \"deadlock\""),
        (&["x.rec", "--thread", "main"], "unexpected argument '--thread'"),
    ] {
        let arguments = [&["open", "--no-browser", "--port", "0"], arguments].concat();
        run(place.recorder(&arguments)).expect_status(2).expect_stderr(why);
    }
}

#[test]
fn the_number_of_events_of_a_recording_can_be_limited() {
    let place = Place::new();
    record(&place);
    let arguments = ["export", "x.rec", "-o", "y.pftrace", "--max-events", "300"];
    run(place.recorder(&arguments)).expect_status(0);
    // A trace stands for the recording beside it.
    for run in ["x.rec", "x.json"] {
        let waiting = Waiting::start(&place, &["open", run, "--max-events", "300"]);
        let (body, ran) = waiting.finish();
        assert!(body == place.bytes("y.pftrace"));
        ran.expect_stderr("left out: ").expect_stderr("(at most 300 events)");
    }
    fs::rename(place.path("x.json"), place.path("z.json")).unwrap();
    run(place.recorder(&["open", "z.json", "--max-events", "300"])).expect_status(2).expect_stderr(
        "z.json is a trace; --from, --to, --around, --message, --max-events and --all",
    );
}

#[test]
fn other_pages_cannot_fetch_the_trace() {
    let place = Place::new();
    record(&place);
    let waiting = Waiting::start(&place, &["open", "x.pftrace"]);
    let (host, origin) = (format!("Host: {}", waiting.host), format!("Origin: {ORIGIN}"));
    for (method, path, headers, status) in [
        ("GET", &*waiting.path, &[&*host][..], 403),
        ("GET", &waiting.path, &[&host, "Origin: https://example.org"], 403),
        ("OPTIONS", &waiting.path, &[&host, "Origin: https://example.org"], 403),
        ("GET", &waiting.path, &["Host: example.org", &origin], 403),
        ("GET", "/", &[&host, &origin], 404),
        ("GET", "/x.pftrace", &[&host, &origin], 404),
        ("POST", &waiting.path, &[&host, &origin], 405),
    ] {
        let (head, body) = waiting.request(method, path, headers);
        let why = format!("{method} {path} {headers:?}: {head}");
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")) && body.is_empty(), "{why}");
        assert!(!head.contains("Access-Control"), "{why}");
    }
    // A silent connection does not block others.
    let _silent = TcpStream::connect(&waiting.host).unwrap();
    waiting.finish();
}

#[test]
fn another_page_can_be_used() {
    let place = Place::new();
    record(&place);
    let page = "http://localhost:10000/?testing=1";
    let mut waiting = Waiting::start(&place, &["open", "--ui", page, "x.json"]);
    assert_eq!(waiting.page, page);
    assert!(waiting.fetch("GET").0.starts_with("HTTP/1.1 403 "));
    waiting.origin = "http://localhost:10000";
    waiting.finish();
}

#[test]
fn ctrl_c_ends_the_wait() {
    let place = Place::new();
    record(&place);
    let before = place.names();
    for (file, signal, status) in [("x.rec", Signal::INT, 130), ("x.json", Signal::TERM, 143)] {
        let waiting = Waiting::start(&place, &["open", file]);
        waiting.running.signal(signal);
        waiting.running.finish().expect_status(status).expect_stderr("\nrecorder: interrupted\n");
        assert_eq!(place.names(), before);
    }
}

#[test]
fn a_page_that_never_comes() {
    let place = Place::new();
    record(&place);
    let arguments = ["open", "x.json", "--no-browser", "--port", "0", "--wait", "0s"];
    run(place.recorder(&arguments))
        .expect_status(1)
        .expect_stderr("x.json was not fetched within 0s")
        .expect_stderr("--ui");
}

#[test]
fn a_port_that_is_taken() {
    let place = Place::new();
    record(&place);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    run(place.recorder(&["open", "x.json", "--no-browser", "--port", &port]))
        .expect_status(1)
        .expect_stderr("another `recorder open` or a `trace_processor` uses it")
        .expect_stderr(&format!("port {port} of 127.0.0.1"));
}

#[test]
fn other_files_cannot_be_opened() {
    let place = Place::new();
    fs::write(place.path("letter.txt"), "Dear reader, this is no trace.\n").unwrap();
    fs::write(place.path("empty.json"), "").unwrap();
    for (name, why) in [
        ("letter.txt", "neither a recording nor a trace"),
        ("empty.json", "neither a recording nor a trace"),
        ("missing.rec", "No such file"),
        (".", "not the directory of a run"),
    ] {
        let ran = run(place.recorder(&["open", name, "--no-browser", "--port", "0"]));
        let ran = ran.expect_status(1).expect_stderr(why).expect_stderr(name);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
    }
}

/// Installs a program of this name in the first directory of the search path.
fn install(place: &Place, name: &str, script: &str) -> String {
    let directory = place.path("programs");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(directory.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", directory.display(), std::env::var("PATH").unwrap())
}

#[test]
fn a_browser_is_started() {
    let place = Place::new();
    record(&place);
    let path = install(&place, "xdg-open", "echo \"$1\" >begun && mv begun address");
    let mut command = place.recorder(&["open", "x.pftrace", "--port", "0"]);
    command.env("PATH", path).env("DISPLAY", ":0");
    let running = Running::start(command);
    place.wait_for("address");
    let address = String::from_utf8(place.bytes("address")).unwrap();
    let waiting = Waiting::at(running, address.trim_end());
    assert_eq!(waiting.page, format!("{ORIGIN}/"));
    let (_, ran) = waiting.finish();
    assert!(!ran.stderr.contains("open this"), "{ran:#?}");
}

#[test]
fn without_a_browser_the_address_is_printed() {
    let place = Place::new();
    record(&place);
    let names = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"];
    let before = "open this in a browser on this machine: ";
    let mut command = place.recorder(&["open", "x.pftrace", "--port", "0"]);
    for name in names {
        command.env_remove(name);
    }
    let (_, ran) = Waiting::of(command, before).finish();
    ran.expect_stderr("recorder: cannot start a browser: there is no desktop here");

    // With a browser that fails.
    let mut path = String::new();
    for launcher in ["xdg-open", "gio", "gnome-open", "kde-open", "kde-open5", "kde-open6"] {
        path = install(&place, launcher, "exit 3");
    }
    let mut command = place.recorder(&["open", "x.pftrace", "--port", "0"]);
    command.env("PATH", path).env("DISPLAY", ":0");
    let (_, ran) = Waiting::of(command, before).finish();
    ran.expect_stderr("recorder: cannot start a browser: every launcher of the desktop failed");
}

#[test]
fn a_trace_can_be_opened_after_recording() {
    let place = Place::new();
    let count = program("count");
    let start = |arguments: &[&str]| {
        let mut command = place.recorder(&arguments[..1]);
        command.args(["--open", "--no-browser", "--port", "0"]).args(&arguments[1..]);
        Waiting::of(command, OPEN)
    };
    let waiting = start(&["record", "-o", "x.rec", "-o", "x.pftrace", "--", count, "100", "1"]);
    let (body, ran) = waiting.finish();
    assert!(body == place.bytes("x.pftrace"));
    assert!(!ran.stderr.contains("recorder open"), "{ran:#?}");
    // Without a trace, the recording that was written is exported.
    let (body, _) = start(&["export", "x.rec", "-o", "x.txt"]).finish();
    assert!(body == place.bytes("x.pftrace"));
}
