//! Short-lived threads, threads that panic, and channels used in thread-local destructors.

use std::collections::BTreeSet;

use crate::command::{Place, run};
use crate::programs::program;

#[test]
fn channels_in_destructors_of_thread_locals() {
    let place = Place::new();
    run(place.recorder(&["record", "-o", "x.txt", "--", program("late")]))
        .expect_status(0)
        .expect_stdout("received 2\nlate in main\nlate in main\n")
        .expect_no_damage()
        .expect_stderr("2 threads in ")
        .expect_stderr("5 channels, 6 messages sent, 6 received");
    let text = place.text("x.txt");
    assert_eq!((text.sent(), text.received(), text.dropped()), (6, 6, 0));
    let events = text.events();
    let mut channels: Vec<_> = events
        .iter()
        .filter(|event| event.name == "ChannelCreated")
        .map(|event| (event.thread, event.text("name")))
        .collect();
    channels.sort_unstable();
    let expected = [(1, "home"), (1, "late"), (1, "late"), (2, "late"), (2, "late")];
    assert_eq!(channels, expected);
}

#[test]
fn a_thread_that_panics() {
    let place = Place::new();
    run(place.recorder(&["record", "-o", "x.txt", "--", program("panics")]))
        .expect_status(0)
        .expect_stdout("received 3\nunlucky panicked\n")
        .expect_stderr("on purpose")
        .expect_no_damage()
        .expect_stderr("1 channel, 3 messages sent, 3 received");
    let text = place.text("x.txt");
    let threads = text.threads();
    // The sender was dropped with the thread's stack, and the thread has an end.
    for name in ["SenderDropped", "ThreadEnded"] {
        let unlucky = text.events().into_iter().filter(|event| {
            event.name == name && threads[&(event.process, event.thread)] == "unlucky"
        });
        assert_eq!(unlucky.count(), 1, "{name}");
    }
}

#[test]
fn many_threads_of_one_message_each() {
    let place = Place::new();
    let mut command =
        place.recorder(&["record", "-o", "x.txt", "-o", "x.json", "-o", "x.rec", "--"]);
    command.args([program("many_threads"), "300"]);
    run(command)
        .expect_status(0)
        .expect_stdout("received 300\n")
        .expect_no_damage()
        .expect_stderr("301 threads in ")
        .expect_stderr("1 channel, 300 messages sent, 300 received");
    let text = place.text("x.txt");
    assert_eq!((text.sent(), text.received(), text.dropped()), (300, 300, 0));
    let mut expected: BTreeSet<_> = (1..=300).map(|number| format!("short {number}")).collect();
    expected.insert("main".to_owned());
    assert_eq!(text.threads().into_values().collect::<BTreeSet<_>>(), expected);
    // Every thread has its own track, although the system reuses thread IDs.
    let tracks = place.json("x.json");
    let tracks = tracks.iter().filter(|event| event["name"] == "thread_name");
    assert_eq!(tracks.map(|event| event["tid"].as_u64()).collect::<BTreeSet<_>>().len(), 301);
    // A thread with one message needs little space.
    assert!(place.bytes("x.rec").len() < 301 * 512);
}

#[test]
fn ten_thousand_threads_with_two_thousand_alive_at_once() {
    let place = Place::new();
    run(place.recorder(&["record", "-o", "x.rec", "--", program("crowds"), "5", "2000"]))
        .expect_status(0)
        .expect_stdout("received 100000\n")
        .expect_no_damage()
        .expect_stderr("10001 threads in ")
        .expect_stderr(" 100000 messages sent, 100000 received\n");
    // Their rings are reused.
    let length = place.bytes("x.rec").len();
    assert!(length < 10_000 * 700, "{length}");
}

#[test]
fn functions_that_run_at_exit() {
    let place = Place::new();
    run(place.recorder(&["record", "-o", "x.txt", "--", program("at_exit")]))
        .expect_status(0)
        .expect_stdout("passed three at exit\npassed three at exit\n")
        .expect_no_damage()
        .expect_stderr("3 channels, 7 messages sent, 7 received");
}

#[test]
fn no_event_is_lost_if_threads_are_faster_than_the_recorder() {
    let place = Place::new();
    run(place.recorder(&["record", "-o", "x.rec", "--", program("count"), "500000", "2"]))
        .expect_status(0)
        .expect_no_damage()
        .expect_stderr(" 1000000 messages sent, 1000000 received\n");
}
