//! `--metrics`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::command::{Place, run};
use crate::programs::program;
use crate::watch::Told;

/// The response to a request with these header fields, to the address in a recorder's message.
fn request(address: &str, path: &str, fields: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\n{fields}\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// The samples of an OpenMetrics text by name and labels, as its grammar defines it:
/// https://prometheus.io/docs/specs/om/open_metrics_spec/
fn samples(text: &str) -> BTreeMap<String, f64> {
    let body = text.strip_suffix("# EOF\n").expect("the text ends with EOF");
    let (mut samples, mut families) = (BTreeMap::new(), BTreeSet::new());
    let (mut family, mut kind) = (String::new(), String::new());
    for line in body.lines() {
        let words: Vec<_> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "TYPE", name, type_name] => {
                assert!(families.insert(name.to_owned()), "{name} comes twice");
                (family, kind) = (name.to_owned(), type_name.to_owned());
            }
            ["#", "UNIT", name, unit] => {
                assert_eq!(name, family);
                assert!(name.ends_with(&format!("_{unit}")), "{line}");
            }
            ["#", "HELP", name, help] => {
                assert_eq!(name, family);
                assert!(!help.is_empty());
            }
            _ => {
                let (sample, value) = line.rsplit_once(' ').unwrap();
                let name = sample.split('{').next().unwrap();
                let suffixes: &[&str] = match &*kind {
                    "counter" => &["_total"],
                    "gauge" => &[""],
                    "info" => &["_info"],
                    "summary" => &["", "_sum", "_count"],
                    other => panic!("no type {other}"),
                };
                let suffix = name.strip_prefix(&*family).expect("samples follow their family");
                assert!(suffixes.contains(&suffix), "{line} is in {family}");
                let value: f64 = value.parse().unwrap();
                assert!(samples.insert(sample.to_owned(), value).is_none(), "{sample} comes twice");
            }
        }
    }
    samples
}

/// The value of a sample with this name, of which this label is one.
#[track_caller]
fn value(samples: &BTreeMap<String, f64>, name: &str, label: &str) -> f64 {
    let is_its = |sample: &str| sample.split('{').next() == Some(name) && sample.contains(label);
    let mut found = samples.iter().filter(|(sample, _)| is_its(sample));
    let (_, value) = found.next().unwrap_or_else(|| panic!("no {name} {label}: {samples:#?}"));
    assert_eq!(found.next(), None);
    *value
}

/// The address that a recorder serves metrics at.
fn address(told: &mut Told) -> String {
    let line = told.running.next_error_line();
    let address = line.trim().strip_prefix("recorder: metrics at http://").unwrap();
    address.strip_suffix("/metrics").unwrap().to_owned()
}

#[test]
fn metrics_are_those_of_now() {
    let place = Place::new();
    let mut told = Told::start(&place, &["--metrics", "0"]);
    let address = address(&mut told);
    told.tell(&["open jobs", "pass jobs 3", "open \"x", "pass \"x 1"]);
    let get = |address: &str| request(address, "/metrics", &format!("Host: {address}"));
    let response = get(&address);
    let (head, text) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("Content-Type: application/openmetrics-text; version=1.0.0"), "{head}");
    let first = samples(text);
    let sent = "chanscope_channel_messages_sent_total";
    assert_eq!(value(&first, sent, "channel=\"jobs\",process=\"told\""), 3.0);
    assert_eq!(value(&first, sent, r#"channel="\"x""#), 1.0);
    assert_eq!(value(&first, "chanscope_channel_latency_seconds_count", "\"jobs\""), 3.0);
    assert_eq!(value(&first, "chanscope_channel_depth", "\"jobs\""), 0.0);
    assert_eq!(value(&first, "chanscope_threads", "state=\"runs\""), 1.0);

    told.tell(&["pass jobs 40"]);
    let response = get(&address);
    let second = samples(response.split_once("\r\n\r\n").unwrap().1);
    assert_eq!(value(&second, sent, "\"jobs\""), 43.0);
    // Nothing disappears, and no counter falls.
    for (sample, value) in first.iter().filter(|(sample, _)| sample.contains("_total")) {
        assert!(second[sample] >= *value, "{sample}");
    }
    told.finish().expect_status(0);
}

#[test]
fn other_pages_and_other_paths_get_nothing() {
    let place = Place::new();
    let mut told = Told::start(&place, &["--metrics", ":0"]);
    let address = address(&mut told);
    let host = format!("Host: {address}");
    for (path, fields, status) in [
        ("/metrics", &*format!("Host: localhost:{}", address.split(':').nth(1).unwrap()), "200"),
        ("/metrics", "Host: rebound.example.org", "403"),
        ("/metrics", &format!("{host}\r\nOrigin: https://example.org"), "403"),
        ("/metrics", "Accept: */*", "403"),
        ("/", &host, "404"),
        ("/metrics/x", &host, "404"),
    ] {
        let response = request(&address, path, fields);
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{fields}: {response}");
    }
    told.finish();
}

#[test]
fn the_number_of_series_is_limited() {
    let place = Place::new();
    let mut told = Told::start(&place, &["--metrics", "0"]);
    let address = address(&mut told);
    // More than have series of their own, and more than `recorder watch` shows.
    for number in 0..1230 {
        told.tell(&[&format!("open channel-{number}"), &format!("pass channel-{number} 1")]);
    }
    let response = request(&address, "/metrics", &format!("Host: {address}"));
    let samples = samples(response.split_once("\r\n\r\n").unwrap().1);
    let sent = "chanscope_channel_messages_sent_total";
    assert_eq!(samples.keys().filter(|sample| sample.starts_with(sent)).count(), 201);
    assert_eq!(value(&samples, sent, "channel=\"other\""), 1030.0);
    told.finish();
}

#[test]
fn an_address_that_cannot_be_used_is_reported_before_the_program_starts() {
    let place = Place::new();
    let told = program("told");
    for (address, status, message) in [
        ("192.0.2.1:80", 1, "cannot serve metrics at 192.0.2.1:80"),
        ("here", 2, "not an address like 127.0.0.1:9464"),
    ] {
        let arguments = ["record", "-o", "x.rec", "--metrics", address, "--", told];
        let ran = run(place.recorder(&arguments)).expect_status(status).expect_stderr(message);
        assert_eq!(ran.stdout, "");
    }
    let arguments = ["record", "--last", "1s", "--metrics", "0", "--", told];
    run(place.recorder(&arguments)).expect_status(2).expect_stderr("cannot be used with");
}
