use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use recorder::analysis::findings::Finding;
use recorder::export::Exporter;
use recorder::export::chrome::Chrome;
use recorder::export::perfetto::Perfetto;
use recorder::reading::Recording;
use recorder::report::Report;
use recorder::timeline::item::Item;
use serde_json::Value as Json;

use crate::shorthand::items;

mod perfetto;

use perfetto::of_perfetto;
pub(crate) use perfetto::states_of;

/// The recording as a Chrome trace and as a Perfetto trace.
pub(crate) fn exports(recording: &Recording) -> (Vec<u8>, Vec<u8>) {
    write(recording, &[], &items(recording))
}

/// The same, as the command writes them: with the findings.
pub(crate) fn exports_with_findings(recording: &Recording) -> (Vec<u8>, Vec<u8>) {
    let report = Report::new(recording);
    let report = report.expect("the recording can be read");
    write(recording, &report.findings, &items(recording))
}

/// Both traces of these items.
pub(crate) fn exports_of(recording: &Recording, items: &[Item]) -> (Vec<u8>, Vec<u8>) {
    write(recording, &[], items)
}

fn write(recording: &Recording, findings: &[Finding], items: &[Item]) -> (Vec<u8>, Vec<u8>) {
    let (mut json, mut pftrace) = (Vec::new(), Vec::new());
    let write = |mut exporter: Box<dyn Exporter + '_>| {
        for item in items {
            exporter.item(item).expect("a vector takes everything");
        }
        exporter.finish().expect("a vector takes everything");
    };
    let catalog = &recording.catalog;
    write(Box::new(Chrome::new(&mut json, catalog, findings)));
    write(Box::new(Perfetto::new(&mut pftrace, catalog, findings)));
    (json, pftrace)
}

/// Where something is: process and thread.
type Place = (u64, u64);

/// What a trace says, whatever its format.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    pub(crate) processes: BTreeMap<u64, String>,
    /// Command line, host and begin of processes.
    pub(crate) labels: BTreeMap<u64, String>,
    pub(crate) threads: BTreeMap<Place, String>,
    /// The order in which the viewer shows them.
    pub(crate) ranks: BTreeMap<Place, u64>,
    pub(crate) slices: Vec<Slice>,
    /// By kind and number: the slices that an arrow leads through, in the order of time.
    flows: BTreeMap<(&'static str, u64), Vec<(u64, Place)>>,
    pub(crate) flights: Vec<Flight>,
    pub(crate) holds: Vec<Hold>,
    pub(crate) counters: Vec<Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slice {
    pub(crate) place: Place,
    pub(crate) begin: u64,
    pub(crate) end: Option<u64>,
    pub(crate) category: String,
    pub(crate) name: String,
    pub(crate) arguments: BTreeMap<String, String>,
}

/// A state of a thread; a Chrome trace has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    /// The thread's name.
    pub(crate) thread: String,
    pub(crate) begin: u64,
    pub(crate) end: Option<u64>,
    pub(crate) name: String,
    pub(crate) arguments: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hold {
    pub(crate) process: u64,
    pub(crate) lock: String,
    pub(crate) name: String,
    pub(crate) begin: u64,
    pub(crate) end: Option<u64>,
    pub(crate) arguments: BTreeMap<String, String>,
}

/// What can have become of a message: it was received, nobody received it, or the recording does
/// not hold whether anybody did.
const FATES: [&str; 3] = ["", "never received", "receive not recorded"];

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Flight {
    pub(crate) process: u64,
    pub(crate) channel: String,
    pub(crate) message: String,
    pub(crate) arrow: u64,
    pub(crate) begin: u64,
    pub(crate) end: u64,
    /// One of [`FATES`].
    pub(crate) fate: &'static str,
    pub(crate) value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Counter {
    pub(crate) process: u64,
    /// Channel, and what is counted.
    pub(crate) name: String,
    pub(crate) time: u64,
    pub(crate) value: u64,
}

impl Facts {
    /// One order for what the formats may tell in any.
    fn settle(mut self) -> Self {
        // The viewer sorts by time, and leaves what is of one time in its order.
        self.flows.values_mut().for_each(|ends| ends.sort_by_key(|(time, _)| *time));
        self.slices.sort();
        self.flights.sort();
        self.holds.sort();
        self.counters.sort();
        // What is counted twice at a time is so once.
        self.counters.dedup();
        self
    }

    /// With the numbers of threads that another trace gives them: a Perfetto trace numbers them in
    /// the order in which they are shown.
    fn with_threads_of(mut self, other: &Facts) -> Self {
        let in_order = |facts: &Facts| {
            let mut places: Vec<_> =
                facts.ranks.iter().map(|(place, rank)| (place.0, *rank, *place)).collect();
            places.sort_unstable();
            places.into_iter().map(|(.., place)| place).collect::<Vec<Place>>()
        };
        let (own, others) = (in_order(&self), in_order(other));
        assert_eq!(own.len(), others.len());
        let places: HashMap<_, _> = own.into_iter().zip(others).collect();
        self.threads = self.threads.into_iter().map(|(at, name)| (places[&at], name)).collect();
        self.ranks = other.ranks.clone();
        self.slices.iter_mut().for_each(|slice| slice.place = places[&slice.place]);
        self.flows.values_mut().flatten().for_each(|(_, place)| *place = places[place]);
        self.settle()
    }

    /// A Perfetto trace shows waits as states, which are not interrupted and do not overlap.
    fn without_times_of_waits(mut self) -> Self {
        for slice in &mut self.slices {
            if is_wait(&slice.name) && slice.end != Some(slice.begin) {
                (slice.begin, slice.end) = (0, None);
            }
        }
        self.settle()
    }

    /// Time and place of where arrows begin and end.
    pub(crate) fn arrows(&self) -> impl Iterator<Item = [(u64, Place); 2]> {
        self.flows.values().flat_map(|ends| ends.windows(2)).map(|ends| [ends[0], ends[1]])
    }

    fn flow(&mut self, kind: &'static str, id: u64, time: u64, place: Place) {
        self.flows.entry((kind, id)).or_default().push((time, place));
    }
}

/// Whether a slice of this name and some length is a wait.
fn is_wait(name: &str) -> bool {
    name == "sleep" || ["(waiting)", "(full)", "(returning)"].iter().any(|it| name.ends_with(it))
}

/// The facts in two traces, which must be the same.
#[track_caller]
pub(crate) fn facts_of(json: &[u8], pftrace: &[u8]) -> Facts {
    let (mut chrome, perfetto) = (of_chrome(json), of_perfetto(pftrace));
    let facts = chrome.clone();
    let perfetto = perfetto.with_threads_of(&chrome).without_times_of_waits();
    chrome = chrome.without_times_of_waits();
    // One after the other, so that a failure shows little more than the difference.
    same(&chrome.slices, &perfetto.slices);
    same(&chrome.flights, &perfetto.flights);
    same(&chrome.holds, &perfetto.holds);
    same(&chrome.counters, &perfetto.counters);
    assert_eq!(chrome.flows, perfetto.flows);
    assert_eq!(chrome, perfetto);
    facts
}

#[track_caller]
fn same<T: PartialEq + Debug>(chrome: &[T], perfetto: &[T]) {
    let first = chrome.iter().zip(perfetto).find(|(one, other)| one != other);
    assert_eq!(first, None, "the first that differs");
    assert_eq!(chrome.len(), perfetto.len());
}

/// Reads a Chrome trace.
fn of_chrome(json: &[u8]) -> Facts {
    let mut facts = Facts::default();
    let mut events: Vec<Json> = serde_json::from_slice(json).expect("the trace is JSON");
    // As the viewer does it, too.
    events.sort_by(|one, other| {
        let time = |event: &Json| event["ts"].as_f64().unwrap_or(0.0);
        time(one).total_cmp(&time(other))
    });
    let mut flying: HashMap<(u64, String), Flight> = HashMap::new();
    let mut held: HashMap<(u64, String), Hold> = HashMap::new();
    // The lanes of locks: what they are called, and whether that is all said.
    let mut lanes: HashMap<(u64, String), (String, bool)> = HashMap::new();
    let lane = |event: &Json| {
        let pid = event["pid"].as_u64().expect("it has a process");
        (pid, plain(&event["id2"]["local"]))
    };
    for event in &events {
        let number =
            |key: &str| event[key].as_u64().unwrap_or_else(|| panic!("no {key} in {event}"));
        let text = |key: &str| {
            event[key].as_str().unwrap_or_else(|| panic!("no {key} in {event}")).to_owned()
        };
        let time = |key: &str| {
            let microseconds = event[key].as_f64().unwrap_or_else(|| panic!("no {key} in {event}"));
            (microseconds * 1000.0).round() as u64
        };
        let place = (number("pid"), number("tid"));
        match text("ph").as_str() {
            "M" => {
                let argument = &event["args"];
                match text("name").as_str() {
                    "process_name" => {
                        drop(facts.processes.insert(place.0, plain(&argument["name"])))
                    }
                    "thread_name" => drop(facts.threads.insert(place, plain(&argument["name"]))),
                    "process_labels" => {
                        drop(facts.labels.insert(place.0, plain(&argument["labels"])))
                    }
                    "process_sort_index" => {}
                    "thread_sort_index" => {
                        let index = argument["sort_index"].as_u64().expect("an index is a number");
                        facts.ranks.insert(place, index);
                    }
                    other => panic!("what is {other}?"),
                }
            }
            _ if event["cat"] == "finding" || event["cat"] == "left out" => {}
            phase @ ("X" | "B") => {
                facts.slices.push(Slice {
                    place,
                    begin: time("ts"),
                    end: (phase == "X").then(|| time("ts") + time("dur")),
                    category: text("cat"),
                    name: text("name"),
                    arguments: arguments(event),
                });
            }
            phase @ ("s" | "t" | "f") => {
                assert_eq!(event["bp"].as_str(), (phase == "f").then_some("e"));
                let (id, kind) = (number("id"), text("cat"));
                let kind = if kind == "chain" { "chain" } else { "flow" };
                // (in the order of the file, what goes on has begun)
                assert_eq!(phase != "s", facts.flows.contains_key(&(kind, id)), "{event}");
                facts.flow(kind, id, time("ts"), place);
            }
            "b" | "e"
                if text("cat") == "lock"
                    && lanes.get(&lane(event)).is_none_or(|(_, named)| !named) =>
            {
                // The first begin and the first end in a lane give it its name.
                assert_eq!(time("ts"), 0);
                let named = text("ph") == "e";
                assert_eq!(lanes.insert(lane(event), (text("name"), named)).is_some(), named);
            }
            "b" if text("cat") == "lock" => {
                let id = plain(&event["id2"]["local"]);
                let lock = plain(&event["args"]["primitive"]);
                assert_eq!(lanes[&lane(event)].0, lock);
                let hold = Hold {
                    process: place.0,
                    name: text("name"),
                    lock,
                    begin: time("ts"),
                    end: None,
                    arguments: arguments(event),
                };
                assert!(held.insert((place.0, id), hold).is_none(), "one id twice: {event}");
            }
            "e" if text("cat") == "lock" => {
                let id = (place.0, plain(&event["id2"]["local"]));
                let mut hold = held.remove(&id).expect("a hold begins before it ends");
                hold.end = Some(time("ts"));
                facts.holds.push(hold);
            }
            "b" => {
                let id = plain(&event["id2"]["local"]);
                let channel = plain(&event["args"]["channel"]);
                let name = text("name");
                let fate = name.strip_prefix(&format!("{channel} ")).unwrap_or_default();
                let fate = if fate == "in flight" { "" } else { fate };
                let fate = FATES.into_iter().find(|known| *known == fate);
                let flight = Flight {
                    process: place.0,
                    message: plain(&event["args"]["message"]),
                    arrow: u64::from_str_radix(id.trim_start_matches("0x"), 16)
                        .expect("ids are hexadecimal"),
                    begin: time("ts"),
                    end: 0,
                    fate: fate.unwrap_or_else(|| panic!("what is {name}?")),
                    value: event["args"].get("value").map(plain),
                    channel,
                };
                assert!(flying.insert((place.0, id), flight).is_none(), "one id twice: {event}");
            }
            "e" => {
                let id = (place.0, plain(&event["id2"]["local"]));
                let mut flight = flying.remove(&id).expect("a flight begins before it ends");
                flight.end = time("ts");
                facts.flights.push(flight);
            }
            "C" => facts.counters.push(Counter {
                process: place.0,
                name: text("name"),
                time: time("ts"),
                value: event["args"][""].as_u64().expect("counters count"),
            }),
            other => panic!("what is {other}?"),
        }
    }
    assert!(flying.is_empty(), "a flight does not end");
    facts.holds.extend(held.into_values());
    facts.settle()
}

fn arguments(event: &Json) -> BTreeMap<String, String> {
    let arguments = event["args"].as_object().expect("it has arguments");
    arguments.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
