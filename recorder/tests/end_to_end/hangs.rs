//! Programs that hang: the message while they hang, and `--on-deadlock`.

use rustix::process::Signal;

use crate::command::{Place, Running, run, words};
use crate::programs::program;

/// How `hang` hangs.
const DEADLOCK: &str = "deadlock: ";

#[test]
fn the_cause_is_printed_while_the_program_hangs() {
    let place = Place::new();
    let arguments = ["record", "-o", "x.txt", "--", program("hang")];
    let mut running = Running::start(place.recorder(&arguments));
    let source = include_str!("../programs/examples/hang.rs");
    let expected = [("left", "in left {}"), ("right", "in right {}")].map(|(thread, marker)| {
        let number = 1 + source.lines().position(|line| line.contains(marker)).unwrap();
        let place = format!("(recorder/tests/programs/examples/hang.rs:{number})");
        format!("{thread} waits in recv on \"to {thread}\" {place}")
    });
    // It is printed while the program hangs, in several lines.
    let mut said = String::new();
    while !expected.iter().all(|part| words(&said).contains(part)) {
        said += &running.next_error_line();
    }
    assert!(said.contains(&format!("\n{DEADLOCK}")), "{said}");
    // The recorder does not end it.
    running.signal(Signal::INT);
    let ran = running.finish().expect_status(130).expect_no_damage();
    assert_eq!(ran.stderr.matches("recorder: the program hangs").count(), 1, "{ran:#?}");
    assert!(!ran.stderr.contains("likely"), "{ran:#?}");
}

#[test]
fn a_program_that_hangs_can_be_ended() {
    let place = Place::new();
    let arguments = ["record", "--on-deadlock", "kill", "-o", "x.txt", "--", program("hang")];
    run(place.recorder(&arguments))
        .expect_status(123)
        .expect_stdout("ready\n")
        .expect_no_damage()
        .expect_stderr(DEADLOCK)
        .expect_stderr("recorder: ended hang because it hung")
        .expect_stderr("wrote x.txt");
    let text = place.text("x.txt");
    let events = text.events();
    let ended = events.iter().find(|event| event.name == "ProcessEnded").unwrap();
    assert_eq!(ended.number("signal"), 15);
}

#[test]
fn a_hanging_program_that_ignores_sigterm_is_killed() {
    let place = Place::new();
    let arguments =
        ["record", "--on-deadlock", "kill", "-o", "x.txt", "--", program("ignores_sigterm")];
    run(place.recorder(&arguments)).expect_status(123).expect_stderr("forgotten-sender: ");
}

#[test]
fn every_process_is_ended_if_one_hangs() {
    let place = Place::new();
    // The shell itself records nothing.
    let script = format!("{} & wait", program("hang"));
    let arguments = ["record", "--on-deadlock", "kill", "-o", "x.txt", "--", "sh", "-c", &script];
    run(place.recorder(&arguments)).expect_status(123).expect_stderr(DEADLOCK);
}

#[test]
fn a_flight_recorder_reports_a_hang_too() {
    let place = Place::new();
    let arguments =
        ["record", "--last", "1h", "--on-deadlock", "kill", "-o", "x.txt", "--", program("hang")];
    run(place.recorder(&arguments)).expect_status(123).expect_stderr(DEADLOCK);
}

#[test]
fn threads_that_are_not_recorded_make_a_hang_likely() {
    let place = Place::new();
    let arguments = ["record", "--on-deadlock", "kill", "-o", "x.txt", "--", program("stranger")];
    run(place.recorder(&arguments))
        .expect_status(123)
        .expect_stderr("waits in recv on \"from a stranger\"")
        .expect_stderr("likely; certain if no thread that is not recorded can end the wait")
        .expect_stderr("(1 of its threads is not recorded)");
}

#[test]
fn a_program_with_a_sleeping_thread_does_not_hang() {
    let place = Place::new();
    let arguments =
        ["record", "--on-deadlock", "kill", "-o", "x.txt", "--", program("idles"), "3000"];
    let ran = run(place.recorder(&arguments)).expect_status(0).expect_stdout("Ok(7)\n");
    assert!(!ran.stderr.contains("hangs"), "{ran:#?}");
}
