//! The page of a run that goes on, or is kept. A few lines of HTTP stand in for the browser;
//! `.ci/viewer` has a real one.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::command::{Place, Running, run};
use crate::programs::program;
use crate::watch::Told;

/// The message before the address.
const OPEN: &str = "open this in a browser: http://";

/// A page that is served.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    /// `127.0.0.1:40000`
    host: String,
    /// `/0123456789abcdef/`
    folder: String,
}

impl Page {
    /// The page whose address a recorder prints.
    fn of(running: &mut Running) -> Self {
        loop {
            let line = running.next_error_line();
            if let Some((_, address)) = line.split_once(OPEN) {
                return Page::at(address);
            }
        }
    }

    fn at(address: &str) -> Self {
        let (host, folder) = address.trim_end().split_once('/').unwrap();
        Page { host: host.to_owned(), folder: format!("/{folder}") }
    }

    /// The response to a request with these header fields.
    fn request(&self, start: &str, fields: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        write!(stream, "{start} HTTP/1.1\r\n{fields}\r\n\r\n").unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        response
    }

    /// The head and the body of the response to a `GET` of the page.
    fn get(&self, path: &str) -> (String, Vec<u8>) {
        let start = format!("GET {}{path}", self.folder);
        let response = self.request(&start, &format!("Host: {}", self.host));
        let end = response.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
        (String::from_utf8(response[..end].to_vec()).unwrap(), response[end..].to_vec())
    }

    fn json(&self, path: &str) -> Value {
        let (head, body) = self.get(path);
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{path}: {head}");
        serde_json::from_slice(&body).unwrap()
    }

    /// The index, once it is so.
    fn index_when(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        const TIMEOUT: Duration = Duration::from_secs(60);
        let start = Instant::now();
        loop {
            let index = self.json("index?since=0");
            if is_so(&index) {
                return index;
            }
            assert!(start.elapsed() < TIMEOUT, "{index}");
        }
    }
}

#[test]
fn the_page_follows_a_run_until_its_end() {
    let place = Place::new();
    let mut told = Told::start(&place, &["--view", "--no-browser"]);
    let page = Page::of(&mut told.running);
    let (head, body) = page.get("");
    assert!(head.contains("Content-Security-Policy: default-src 'none'; script-src 'sha256-"));
    assert!(body.starts_with(b"<!doctype html>"));

    told.tell(&["open jobs", "pass jobs 3"]);
    // A new channel, and three sends and receives.
    let index = page.index_when(|index| index["steps"].as_u64() >= Some(7));
    assert_eq!((&index["live"], &index["done"]), (&true.into(), &false.into()));
    assert_eq!(page.json("run.json")["channels"][0]["label"], "jobs");
    told.tell(&["open results", "pass results 20000"]);
    let index = page.index_when(|index| index["steps"].as_u64() >= Some(40_008));
    assert!(index["chunks"].as_array().unwrap().len() >= 4, "{index}");
    let (_, chunks) = page.get("chunks/0-9");
    assert!(chunks.len() > 10_000);

    // Another recorder leads to the same page.
    let ran = run(place.recorder(&["view", &told.running.pid(), "--no-browser"]));
    let address = ran.expect_status(0).stderr;
    assert_eq!(Page::at(address.split_once(OPEN).unwrap().1), page);

    // The page is there until the recorder is interrupted.
    let mut running = told.close();
    let index = page.index_when(|index| index["done"] == true && index["report"] != 0);
    assert_eq!((&index["live"], &index["open"]), (&false.into(), &Value::Null));
    let report = page.json("report.json");
    let received: Vec<_> = report["report"]["channels"].as_array().unwrap().iter().collect();
    assert_eq!([&received[0]["received"], &received[1]["received"]], [3, 20_000]);
    while !running.next_error_line().contains("the page is served until Ctrl-C") {}
    running.signal(Signal::INT);
    running.finish().expect_status(0).expect_no_damage();
}

#[test]
fn the_page_of_a_program_that_hangs_has_the_cause() {
    let place = Place::new();
    let arguments = ["record", "-o", "x.rec", "--view", "--no-browser", "--", program("hang")];
    let mut running = Running::start(place.recorder(&arguments));
    let page = Page::of(&mut running);
    page.index_when(|index| index["report"] != 0);
    let report = page.json("report.json");
    assert_eq!(report["findings"][0]["code"], "deadlock");
    assert_eq!(page.json("index?since=0")["live"], true);
    running.signal(Signal::INT);
    while !running.next_error_line().contains("the page is served until Ctrl-C") {}
    running.signal(Signal::INT);
    running.finish().expect_status(130);
}

#[test]
fn a_recorder_that_is_terminated_does_not_stay_for_its_page() {
    let place = Place::new();
    let mut told = Told::start(&place, &["--view", "--no-browser"]);
    Page::of(&mut told.running);
    told.tell(&["open jobs", "pass jobs 3"]);
    told.running.signal(Signal::TERM);
    told.running.finish().expect_status(143);
    assert!(place.path("x.rec").exists());
}

#[test]
fn only_the_page_itself_gets_a_run() {
    let place = Place::new();
    let mut told = Told::start(&place, &[]);
    told.tell(&["open jobs", "pass jobs 3"]);
    told.finish().expect_status(0);
    let mut running = Running::start(place.recorder(&["view", "x.rec", "--no-browser"]));
    let page = Page::of(&mut running);
    let Page { host, folder } = &page;
    let port = host.split(':').nth(1).unwrap();
    let (own, other) = (format!("Host: {host}"), "/0123456789abcdef0123456789abcdef/");
    for (start, fields, status) in [
        (format!("GET {folder}index"), format!("{own}\r\nOrigin: http://{host}"), "200"),
        (format!("GET {folder}index"), format!("{own}\r\nOrigin: https://example.org"), "403"),
        (format!("GET {folder}index"), format!("Host: rebound.example.org:{port}"), "403"),
        (format!("GET {folder}index"), String::new(), "403"),
        ("GET /".to_owned(), own.clone(), "404"),
        (format!("GET {other}index"), own.clone(), "404"),
        (format!("GET {folder}../index"), own.clone(), "404"),
        (format!("GET {folder}chunks/0-99999"), own.clone(), "404"),
        (format!("GET {folder}source/4000000000"), own.clone(), "404"),
        (format!("POST {folder}index"), own.clone(), "405"),
    ] {
        let response = page.request(&start, &fields);
        let expected = format!("HTTP/1.1 {status} ");
        let response = String::from_utf8_lossy(&response);
        assert!(response.starts_with(&expected), "{start} {fields}: {response}");
    }
    page.index_when(|index| index["done"] == true);
    running.signal(Signal::INT);
    running.finish().expect_status(0);
}

#[test]
fn a_page_is_one_file_without_addresses() {
    let place = Place::new();
    let source = "tests/programs/examples/told.rs";
    let copy = place.path("recorder").join(source);
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(source), copy).unwrap();
    let mut told = Told::start(&place, &["-o", "x.html"]);
    told.tell(&["open jobs", "pass jobs 3"]);
    told.finish().expect_status(0);
    let page = fs::read_to_string(place.path("x.html")).unwrap();
    assert!(page.contains("connect-src 'none'"));
    assert!(page.contains("\"label\":\"jobs\""));
    // Names of namespaces are no addresses.
    let addresses = page.match_indices("://").filter(|(at, _)| !page[..*at].ends_with("http"));
    assert_eq!(addresses.count(), 0);
    let (_, rest) = page.split_once("\"sources\":").unwrap();
    assert!(!rest.starts_with("{}"), "the source of the program is there");
    let arguments = ["export", "x.rec", "-o", "y.html", "--no-source"];
    run(place.recorder(&arguments)).expect_status(0);
    let page = fs::read_to_string(place.path("y.html")).unwrap();
    assert!(page.contains("\"sources\":{}"));
}
