//! The output of each example, and the parts of its recording that do not depend on timing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;

use crate::command::{Place, Ran, run};
use crate::event_text::Text;
use crate::programs::{program, traced, workspace};

/// An operation on a channel.
#[derive(Debug)]
struct Operation {
    channel: String,
    thread: String,
    name: String,
    /// The message, if it sent or received one.
    message: u64,
}

/// An example that has been run.
struct Example {
    ran: Ran,
    operations: Vec<Operation>,
}

impl Example {
    fn record(name: &str, options: &[&str]) -> Self {
        let place = Place::new();
        let mut recorder = place.recorder(&["record", "-o", "x.txt"]);
        recorder.args(options).args(["--", program(name)]);
        let ran = run(recorder).expect_no_damage();
        let operations = operations(&place.text("x.txt"));
        let example = Example { ran, operations };
        example.expect_fifo();
        example
    }

    /// Runs an example that ends by itself.
    fn run(name: &str) -> Self {
        let mut example = Example::record(name, &[]);
        example.ran = example.ran.expect_status(0);
        assert!(!example.ran.stderr.contains("waits in"), "{:#?}", example.ran);
        example
    }

    /// Runs an example until it is reported to hang in these waits, and ends it.
    #[track_caller]
    fn run_until_it_hangs(name: &str, waits: &[&str]) -> Self {
        let mut example = Example::record(name, &["--on-deadlock", "kill"]);
        example.ran = example.ran.expect_status(123);
        for wait in waits {
            example.ran = example.ran.expect_stderr(wait);
        }
        example
    }

    /// Messages of one thread on a channel arrive in order, no matter which thread receives them.
    fn expect_fifo(&self) {
        let mut last = HashMap::new();
        for operation in self.operations.iter().filter(|operation| operation.is_receive()) {
            let sender = operation.message >> 40;
            let key = (&operation.channel, &operation.thread, sender);
            let before = last.insert(key, operation.message);
            assert!(before < Some(operation.message), "{operation:?} after {before:?}");
        }
    }

    fn count(&self, channel: &str, is: impl Fn(&Operation) -> bool) -> usize {
        let operations = self.operations.iter();
        operations.filter(|operation| operation.channel == channel && is(operation)).count()
    }

    #[track_caller]
    fn expect_messages(&self, channel: &str, sent: usize, received: usize) {
        let counts = (
            self.count(channel, |operation| operation.is_send()),
            self.count(channel, |operation| operation.is_receive()),
        );
        assert_eq!(counts, (sent, received), "{channel}: {:#?}", self.ran);
    }

    /// The number of messages that each thread has sent on a channel.
    fn senders(&self, channel: &str) -> BTreeMap<&str, usize> {
        self.threads(channel, Operation::is_send)
    }

    /// The number of messages that each thread has received from a channel.
    fn receivers(&self, channel: &str) -> BTreeMap<&str, usize> {
        self.threads(channel, Operation::is_receive)
    }

    fn threads(&self, channel: &str, is: fn(&Operation) -> bool) -> BTreeMap<&str, usize> {
        let mut threads = BTreeMap::new();
        let operations = self.operations.iter();
        for operation in operations.filter(|operation| operation.channel == channel) {
            if is(operation) {
                *threads.entry(operation.thread.as_str()).or_default() += 1;
            }
        }
        threads
    }

    #[track_caller]
    fn expect_stdout(&self, stdout: &str) {
        assert_eq!(self.ran.stdout, stdout, "{:#?}", self.ran);
    }

    #[track_caller]
    fn expect_lost(&self, count: usize) {
        let line = format!("\n{count} messages never received\n");
        assert!(self.ran.stderr.contains(&line), "{:#?}", self.ran);
    }

    fn lines(&self) -> BTreeSet<&str> {
        self.ran.stdout.lines().collect()
    }
}

impl Operation {
    fn is_send(&self) -> bool {
        ["Send", "SendEnd", "TrySend"].contains(&&*self.name)
    }

    fn is_receive(&self) -> bool {
        ["Recv", "RecvEnd", "TryRecv", "RecvTimeout", "RecvTimeoutEnd"].contains(&&*self.name)
    }
}

fn operations(text: &Text) -> Vec<Operation> {
    let events = text.events();
    // Endpoints by process and number; there is one process.
    let mut channels = HashMap::new();
    for event in events.iter().filter(|event| event.name == "ChannelCreated") {
        for end in ["sender", "receiver"] {
            channels.insert(event.number(end), event.text("name").to_owned());
        }
    }
    // The clone of a clone may come before it, in the block of another thread.
    let clones: HashMap<_, _> = events
        .iter()
        .filter(|event| event.name == "SenderCloned")
        .map(|event| (event.number("sender"), event.number("from")))
        .collect();
    let channel_of = |mut endpoint: u64| {
        while let Some(&from) = clones.get(&endpoint) {
            endpoint = from;
        }
        channels[&endpoint].clone()
    };
    let threads = text.threads();
    let on_channel = |name: &str| {
        let calls = ["Send", "TrySend", "Recv", "TryRecv"];
        calls.iter().any(|call| name.starts_with(call)) && !name.starts_with("Sender")
    };
    events
        .iter()
        .filter(|event| on_channel(event.name))
        .map(|event| Operation {
            channel: channel_of(event.number("endpoint")),
            thread: threads[&(event.process, event.thread)].clone(),
            name: event.name.to_owned(),
            message: event.number("detail"),
        })
        .collect()
}

#[test]
fn every_example_is_documented_in_teaching_order_and_tested() {
    let examples = workspace().join("examples");
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(examples.join("src/bin")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(&path).unwrap();
        assert!(source.lines().count() < 80, "{name} is long");
        let lesson = format!("examples/course/{name}.md");
        for part in ["\n//! Look for: ", &lesson] {
            assert_eq!(source.matches(part).count(), 1, "{name}: {part}");
        }
        let here = include_str!("examples.rs");
        assert!(here.contains(&format!("({name:?}")), "{name} is not run here");
        names.insert(name);
    }
    assert!(names.len() >= 20);
    assert_eq!(in_teaching_order().into_iter().collect::<BTreeSet<_>>(), names);
}

/// The names of the examples, as their package lists them.
pub(crate) fn in_teaching_order() -> Vec<String> {
    let manifest = fs::read_to_string(workspace().join("examples/Cargo.toml")).unwrap();
    let order = manifest.split_once("order = [").unwrap().1.split_once(']').unwrap().0;
    order.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn two_workers() {
    let example = Example::run("two_workers");
    // Nothing but time decides which of the two is first.
    assert_eq!(example.lines(), BTreeSet::from(["anna is done", "ben is done", "main is done"]));
    assert!(example.ran.stdout.ends_with("\nmain is done\n"), "{:#?}", example.ran);
    assert!(example.operations.is_empty());
}

#[test]
fn hello_channel() {
    let example = Example::run("hello_channel");
    example.expect_stdout("main received 1\n");
    example.expect_messages("belt", 1, 1);
    assert_eq!(example.senders("belt"), BTreeMap::from([("anna", 1)]));
    assert_eq!(example.receivers("belt"), BTreeMap::from([("main", 1)]));
}

#[test]
fn ownership_moves() {
    let example = Example::run("ownership_moves");
    example.expect_stdout("main received 1000000 bytes\nthe bytes stayed where they were\n");
    example.expect_messages("belt", 1, 1);
}

#[test]
fn fan_in() {
    let example = Example::run("fan_in");
    let names = ["anna", "ben", "carla"];
    for name in names {
        let parcels = example.ran.stdout.lines().filter(|line| line.ends_with(name));
        let expected = [1, 2, 3].map(|count| format!("parcel {count} of {name}"));
        assert_eq!(parcels.collect::<Vec<_>>(), expected);
    }
    assert_eq!(example.senders("parcels"), BTreeMap::from(names.map(|name| (name, 3))));
    assert_eq!(example.receivers("parcels"), BTreeMap::from([("main", 9)]));
}

#[test]
fn until_disconnect() {
    let example = Example::run("until_disconnect");
    example
        .expect_stdout("50\n40\n30\n20\n10\nlift-off; from now on recv returns Err(RecvError)\n");
    example.expect_messages("countdown", 5, 5);
    let disconnected = |operation: &Operation| operation.name.ends_with("Disconnected");
    // The last one of the loop, and one more.
    assert_eq!(example.count("countdown", disconnected), 2);
}

#[test]
fn polling() {
    let example = Example::run("polling");
    let keys = ["left", "jump", "right"].map(|key| format!("the player pressed {key}\n"));
    let expected = format!("{}the player has left after ", keys.concat());
    assert!(example.ran.stdout.starts_with(&expected), "{:#?}", example.ran);
    example.expect_messages("keys", 3, 3);
    // No thread ever waits.
    assert_eq!(example.count("keys", |operation| operation.name.ends_with("Begin")), 0);
    assert_eq!(example.count("keys", |operation| operation.name == "TryRecvDisconnected"), 1);
}

#[test]
fn timeouts() {
    let example = Example::run("timeouts");
    assert!(example.ran.stdout.starts_with("no answer; I ask again\n"), "{:#?}", example.ran);
    assert!(example.ran.stdout.ends_with("\nthe answer is 42\n"), "{:#?}", example.ran);
    let asked = example.count("questions", Operation::is_send);
    let expired = example.count("answers", |operation| operation.name == "RecvTimeoutExpired");
    // On a slow machine the second answer may be late, too.
    assert!(expired >= 1);
    assert_eq!(asked, expired + 1);
    assert_eq!(example.receivers("answers"), BTreeMap::from([("main", 1)]));
}

#[test]
fn backpressure() {
    let example = Example::run("backpressure");
    let lines: String = ('A'..='L').map(|job| format!("did job {job}\n")).collect();
    example.expect_stdout(&lines);
    example.expect_messages("jobs", 12, 12);
}

#[test]
fn rendezvous() {
    let example = Example::run("rendezvous");
    let cups = ["red", "blue", "green", "white", "black", "pink"];
    example.expect_stdout(&cups.map(|colour| format!("main took the {colour} cup\n")).concat());
    example.expect_messages("hand to hand", 6, 6);
}

#[test]
fn request_reply() {
    let example = Example::run("request_reply");
    example.expect_stdout("anna got [49, 64]\nben got [400, 900]\n");
    assert_eq!(example.senders("requests"), BTreeMap::from([("anna", 2), ("ben", 2)]));
    for name in ["anna", "ben"] {
        let channel = format!("answers to {name}");
        assert_eq!(example.senders(&channel), BTreeMap::from([("carla", 2)]));
        assert_eq!(example.receivers(&channel), BTreeMap::from([(name, 2)]));
    }
}

#[test]
fn fan_out() {
    let example = Example::run("fan_out");
    example.expect_stdout("12 letters delivered\n");
    example.expect_messages("letters", 12, 12);
    assert_eq!(example.senders("letters"), BTreeMap::from([("main", 12)]));
    let workers = example.receivers("letters");
    assert!(workers.keys().all(|name| ["anna", "ben", "carla"].contains(name)), "{workers:?}");
}

#[test]
fn pipeline() {
    let example = Example::run("pipeline");
    example.expect_stdout("the sum of the squares is 9455\n");
    assert_eq!(example.senders("numbers"), BTreeMap::from([("read", 30)]));
    assert_eq!(example.receivers("numbers"), BTreeMap::from([("square", 30)]));
    assert_eq!(example.senders("squares"), BTreeMap::from([("square", 30)]));
    assert_eq!(example.receivers("squares"), BTreeMap::from([("main", 30)]));
}

#[test]
fn ping_pong() {
    let example = Example::run("ping_pong");
    assert!(example.ran.stdout.starts_with("200 rounds, "), "{:#?}", example.ran);
    example.expect_messages("ping", 200, 200);
    example.expect_messages("pong", 200, 200);
}

#[test]
fn worker_pool() {
    let example = Example::run("worker_pool");
    let lines: Vec<_> = ('A'..='H').map(|job| format!("job {job} is done")).collect();
    assert_eq!(example.lines(), lines.iter().map(String::as_str).collect());
    assert_eq!(example.senders("jobs"), BTreeMap::from([("main", 8)]));
    example.expect_messages("jobs", 8, 8);
    // Every worker notices the end.
    let disconnected = |operation: &Operation| operation.name.ends_with("Disconnected");
    assert_eq!(example.count("jobs", disconnected), 3);
}

#[test]
fn word_count() {
    let text = fs::read_to_string(workspace().join("examples/src/texts/alice.txt")).unwrap();
    let words = text.to_lowercase();
    let words = words.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let (the, all) = (words.clone().filter(|&word| word == "the").count(), words.count());
    let example = Example::run("word_count");
    let lines: Vec<_> = example.ran.stdout.lines().map(str::trim).collect();
    assert_eq!(lines.len(), 6, "{:#?}", example.ran);
    assert_eq!(lines[0], format!("{the} the"));
    assert_eq!(lines[5], format!("{all} words in all"));
    example.expect_messages("tables", 4, 4);
    assert_eq!(example.senders("tables").len(), 4);
}

#[test]
fn prime_sieve() {
    let example = Example::run("prime_sieve");
    example.expect_stdout("2\n3\n5\n7\n11\n13\n17\n19\n");
    assert_eq!(example.receivers("not by 17"), BTreeMap::from([("main", 1)]));
    // Main has taken one number from each channel before its filter took the rest.
    assert_eq!(example.receivers("from 2 on")["main"], 1);
    let filtered = example.receivers("from 2 on")["filter 2"];
    assert!(filtered >= 17, "{filtered}");
    // The end has travelled up the whole chain.
    let refused = |channel| {
        example.count(channel, |operation: &Operation| {
            operation.name.starts_with("Send") && operation.name.ends_with("Disconnected")
        })
    };
    assert_eq!(refused("from 2 on"), 1);
}

#[test]
fn dining_philosophers() {
    let example = Example::run("dining_philosophers");
    example.expect_stdout("15 meals were served\n");
    let names = ["Arendt", "Beauvoir", "Cavell", "Diotima", "Epicurus"];
    // Each is hungry three times, and full three times.
    assert_eq!(example.senders("calls"), BTreeMap::from(names.map(|name| (name, 6))));
    for name in names {
        let plate = format!("plate of {name}");
        assert_eq!(example.receivers(&plate), BTreeMap::from([(name, 3)]));
    }
}

#[test]
fn actor() {
    let example = Example::run("actor");
    example.expect_stdout("3 of 4 customers got their 30\n10 are left\n");
    assert_eq!(example.receivers("requests"), BTreeMap::from([("account", 6)]));
    for name in ["anna", "ben", "carla", "david"] {
        example.expect_messages(&format!("to {name}"), 1, 1);
    }
    example.expect_messages("to main", 1, 1);
}

#[test]
fn event_loop() {
    let example = Example::run("event_loop");
    example.expect_stdout("typed \"hello\"\n");
    assert_eq!(example.senders("events")["keyboard"], 6);
    let told = |operation: &Operation| operation.name == "SendDisconnected";
    assert_eq!(example.count("events", told), 1);
}

#[test]
fn forgotten_sender() {
    let waits = ["forgotten-sender: main waits in recv on \"results\""];
    let example = Example::run_until_it_hangs("forgotten_sender", &waits);
    let results = [10, 20, 30].map(|result| format!("main received {result}"));
    assert_eq!(example.lines(), results.iter().map(String::as_str).collect());
    example.expect_messages("results", 3, 3);
}

#[test]
fn deadlock() {
    let waits = [
        "deadlock: ",
        "anna waits in send on \"anna to ben\"",
        "ben waits in send on \"ben to anna\"",
    ];
    let example = Example::run_until_it_hangs("deadlock", &waits);
    example.expect_stdout("");
    example.expect_messages("anna to ben", 2, 0);
    example.expect_messages("ben to anna", 2, 0);
    example.expect_lost(4);
}

#[test]
fn lost_message() {
    let example = Example::run("lost_message");
    example.expect_stdout(
        "anna sent five letters\nmain read the letter \"rent\"\nmain read the letter \"love\"\n\
         main has left\n",
    );
    example.expect_messages("letters", 5, 2);
    example.expect_lost(3);
}

#[test]
fn unfair_producer() {
    let example = Example::run("unfair_producer");
    example.expect_stdout("mia was served after 30 others\n");
    assert_eq!(example.senders("orders"), BTreeMap::from([("gustav", 30), ("mia", 1)]));
    assert_eq!(example.receivers("orders"), BTreeMap::from([("main", 31)]));
}

#[test]
fn slow_stage() {
    let example = Example::run("slow_stage");
    example.expect_stdout("packed ABCDEFGHIJ\n");
    assert_eq!(example.senders("cut chairs"), BTreeMap::from([("anna", 10)]));
    assert_eq!(example.receivers("cut chairs"), BTreeMap::from([("ben", 10)]));
    assert_eq!(example.receivers("painted chairs"), BTreeMap::from([("main", 10)]));
}

#[test]
fn with_tracing() {
    let place = Place::new();
    let arguments = ["record", "-o", "x.txt", "--", traced("with_tracing")];
    let ran = run(place.recorder(&arguments)).expect_status(0).expect_no_damage();
    let ran = ran.expect_stderr("cook{order=\"soup\"}: with_tracing: done");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:#?}");
    let text = place.text("x.txt");
    assert_eq!((text.sent(), text.received()), (3, 3));
    let count = |name| text.events().iter().filter(|event| event.name == name).count();
    assert_eq!((count("SpanEntered"), count("SpanExited"), count("Logged")), (3, 3, 3));
    // The trace of tracing-chrome.
    let trace = fs::read_to_string(place.path("temporary/with_tracing.json")).unwrap();
    assert!(trace.contains("orders"), "{trace}");
}
