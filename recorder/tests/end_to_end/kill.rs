//! `kill -9` of the program, of a program that records itself, and of the recorder. The recording
//! contains every committed event of each thread, without a gap.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::command::{Place, Running, run};
use crate::event_text::{Event, Text};
use crate::programs::program;

/// The number of attempts.
const ROUNDS: usize = 70;
/// The maximum length of a queue of `flat_out`.
const QUEUE: usize = 64;

/// A random time to wait before the kill, after the program is ready.
fn some_time() -> Duration {
    Duration::from_micros(RandomState::new().hash_one(0) % 20_000)
}

/// A program under the recorder, and its process number.
fn start(place: &Place, arguments: &[&str]) -> (Running, Pid) {
    let mut command = place.recorder(&["record", "-o", "x.txt", "-o", "x.rec", "--"]);
    command.args(["sh", "-c", "echo $$; exec \"$0\" \"$@\""]).args(arguments);
    let mut running = Running::start(command);
    let pid = running.next_line().trim().parse().unwrap();
    (running, Pid::from_raw(pid).unwrap())
}

/// The sender of a message and its number among the sender's messages.
fn message(event: &Event<'_>) -> (u64, u64) {
    let detail = event.number("detail");
    (detail >> 40, detail & ((1 << 40) - 1))
}

/// Checks the recording of a `flat_out` that was killed. Returns the number of messages.
#[track_caller]
fn check(text: &Text) -> usize {
    assert_eq!(text.dropped(), 0);
    let events = text.events();
    let endpoints: HashMap<u64, u64> = events
        .iter()
        .filter(|event| event.name == "ChannelCreated")
        .flat_map(|event| {
            [event.number("sender"), event.number("receiver")]
                .map(|endpoint| (endpoint, event.number("channel")))
        })
        .collect();
    let channel = |event: &Event<'_>| endpoints[&event.number("endpoint")];

    // Each thread numbers its messages, and starts an operation when the last one has ended.
    let mut counts: HashMap<u64, u64> = HashMap::new();
    let mut waits: HashMap<u64, Option<Event<'_>>> = HashMap::new();
    let mut sent: HashMap<u64, Vec<(u64, u64)>> = HashMap::new();
    let mut received: HashMap<u64, Vec<(u64, u64)>> = HashMap::new();
    for event in events.iter().filter(|event| event.is_operation()) {
        let wait = waits.entry(event.thread).or_default();
        match event.name {
            "Send" | "SendBegin" => {
                let count = counts.entry(event.thread).or_insert(0);
                *count += 1;
                assert_eq!(message(event), (event.thread, *count));
                sent.entry(channel(event)).or_default().push(message(event));
            }
            "Recv" | "RecvEnd" => received.entry(channel(event)).or_default().push(message(event)),
            "RecvBegin" | "SendEnd" => {}
            other => panic!("flat_out does not make {other}"),
        }
        match (event.name, wait.take()) {
            ("SendBegin" | "RecvBegin", None) => *wait = Some(*event),
            ("SendEnd", Some(begin)) if begin.name == "SendBegin" => {
                assert_eq!(message(&begin), message(event));
            }
            ("RecvEnd", Some(begin)) if begin.name == "RecvBegin" => {}
            ("Send" | "Recv", None) => {}
            (_, before) => panic!("{before:?}, then {event:?}"),
        }
    }

    // A channel has one sender and one receiver: the received messages are those that were sent,
    // except for those in flight.
    for (channel, received) in &received {
        let sent = sent.get(channel).map_or(&[][..], |sent| sent);
        let both = sent.len().min(received.len());
        assert!(received[..both] == sent[..both], "channel {channel}");
        // A send is recorded after it has happened: the last one may be missing.
        match &received[both..] {
            [] => {}
            [last] => assert!(last.1 > sent.last().map_or(0, |sent| sent.1), "channel {channel}"),
            more => panic!("channel {channel}: {more:?} were received and not sent"),
        }
        // Besides the queue: one that waits for room, and one that was taken but not recorded.
        let under_way = sent.len() - both;
        assert!(under_way <= QUEUE + 2, "channel {channel}: {under_way} are missing");
    }
    received.values().map(Vec::len).sum()
}

#[test]
fn the_program_is_killed_at_a_random_time() {
    for round in 0..ROUNDS {
        let place = Place::new();
        let (mut running, pid) = start(&place, &[program("flat_out"), "2"]);
        running.wait_for("ready");
        let delay = some_time();
        thread::sleep(delay);
        kill_process(pid, Signal::KILL).unwrap();
        eprintln!("round {round}: killed after {delay:?}");
        running.finish().expect_status(137).expect_no_damage().expect_stderr("wrote x.rec");
        assert_eq!(place.names(), ["x.rec", "x.txt"]);
        // Each consumer was running before it was killed.
        assert!(check(&place.text("x.txt")) >= 2);
        check_report(&place);
    }
}

/// Checks that the report counts every received message as sent, even if its send is missing.
#[track_caller]
fn check_report(place: &Place) {
    let json = run(place.recorder(&["report", "--json", "x.rec"])).expect_status(0);
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    for channel in report["channels"].as_array().unwrap() {
        let [sent, received] = ["sent", "received"].map(|what| channel[what].as_u64().unwrap());
        assert!(received <= sent, "{channel}");
    }
}

#[test]
fn the_program_is_killed_while_threads_start_and_end() {
    for round in 0..ROUNDS {
        let place = Place::new();
        let (running, pid) = start(&place, &[program("many_threads"), "1000000"]);
        let delay = some_time();
        thread::sleep(delay);
        kill_process(pid, Signal::KILL).unwrap();
        eprintln!("round {round}: killed after {delay:?}");
        let ran = running.finish().expect_status(137);
        if ran.stderr.contains("recorded nothing") {
            continue;
        }
        ran.expect_no_damage();
        let text = place.text("x.txt");
        // A send is recorded after it has happened.
        assert!(text.received() <= text.sent() + 16);
        let threads = text.threads();
        for event in text.events().iter().filter(|event| event.thread > 0) {
            assert!(threads.contains_key(&(event.process, event.thread)), "{event:?}");
        }
    }
}

#[test]
fn a_program_that_records_itself_is_killed() {
    for round in 0..ROUNDS {
        let place = Place::new();
        let mut command = place.command(program("flat_out"));
        command.args(["2", "own.rec"]);
        let mut running = Running::start(command);
        running.wait_for("ready");
        let delay = some_time();
        thread::sleep(delay);
        running.signal(Signal::KILL);
        eprintln!("round {round}: killed after {delay:?}");
        let ran = running.finish();
        assert_eq!((ran.status.code(), &*ran.stderr), (None, ""), "{ran:#?}");

        run(place.recorder(&["export", "own.rec", "-o", "x.txt"]))
            .expect_status(0)
            .expect_no_damage();
        assert_eq!(place.names(), ["own.rec", "x.txt"]);
        assert!(check(&place.text("x.txt")) >= 2);
    }
}

#[test]
fn the_recorder_is_killed() {
    let place = Place::new();
    let mut running = Running::start(place.recorder(&[
        "record",
        "-o",
        "x.txt",
        "--",
        program("pauses"),
        "200000",
    ]));
    let mut stdin = running.stdin();
    running.wait_for("ready");
    running.signal(Signal::KILL);
    // From now on blocks are not drained.
    stdin.write_all(b"go on\n").unwrap();
    let ran = running.finish();
    assert_eq!((ran.status.code(), &*ran.stderr), (None, ""), "{ran:#?}");
    assert_eq!(ran.stdout, "ready\nreceived 200000\n");
    assert!(!place.names().contains(&"x.txt".to_owned()));
}
