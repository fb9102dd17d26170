//! Programs that crash or run out of resources, suspended recorders, and other clocks: the program
//! behaves as it does without a recorder, and the recording is readable.

use std::collections::HashMap;
use std::fs;
use std::io::Write;

use rustix::process::{Pid, Signal, kill_process};

use crate::command::{Place, Ran, Running, run};
use crate::event_text::Text;
use crate::programs::program;

/// The number of attempts for each way to end: the moment differs.
const ROUNDS: usize = 5;

/// Checks the recording of `ends`: at least this many messages of each worker, without a gap.
#[track_caller]
fn check(text: &Text, at_least: u64) {
    assert_eq!(text.dropped(), 0);
    let threads = text.threads();
    let mut counts: HashMap<&str, [u64; 2]> = HashMap::new();
    for event in text.events().iter().filter(|event| event.is_operation()) {
        let name = threads[&(event.process, event.thread)].as_str();
        let count = &mut counts.entry(name).or_default()[usize::from(event.is_receive())];
        *count += 1;
        // Each thread receives what it has sent.
        assert_eq!(event.number("detail") & ((1 << 40) - 1), *count, "{event:?}");
    }
    assert_eq!(counts.len(), 4, "{counts:?}");
    for (name, [sent, received]) in counts {
        assert!(received >= at_least && (received..=received + 1).contains(&sent), "{name}");
    }
}

#[test]
fn a_program_that_ends_while_threads_are_busy() {
    for (how, status) in [
        ("abort", 134),
        ("exit", 7),
        ("panic", 101),
        ("overflow", 134),
        ("segv", 139),
        ("bus", 135),
    ] {
        for _ in 0..ROUNDS {
            let place = Place::new();
            run(place.recorder(&["record", "-o", "x.txt", "--", program("ends"), how]))
                .expect_status(status)
                .expect_stdout("")
                .expect_no_damage();
            check(&place.text("x.txt"), 2_000);
        }
    }
}

const COMPLAINT: &str = "instrumented: not recording (any more): ";

/// The complaint, which is printed once.
#[track_caller]
fn complaint(stderr: &str) -> &str {
    let mut complaints = stderr.lines().filter_map(|line| line.strip_prefix(COMPLAINT));
    let complaint = complaints.next().expect("it complains");
    assert_eq!(complaints.next(), None);
    complaint
}

/// Runs `told` under the recorder, with these lines as its instructions.
fn told(place: &Place, lines: &str) -> Ran {
    let arguments = ["record", "-o", "x.txt", "--", program("told")];
    let mut running = Running::start(place.recorder(&arguments));
    running.stdin().write_all(lines.as_bytes()).unwrap();
    running.finish().expect_stdout(&"done\n".repeat(lines.lines().count()))
}

#[test]
fn no_file_descriptor_is_left() {
    let place = Place::new();
    let ran = told(&place, "files\nopen jobs\npass jobs 1000\n")
        .expect_status(1)
        .expect_stderr("recorder: recorded nothing");
    assert_eq!(complaint(&ran.stderr), "Too many open files (os error 24)");
}

#[test]
fn no_memory_is_left() {
    let place = Place::new();
    // Enough for a channel, but not for a large ring.
    let ran =
        told(&place, "open jobs\npass jobs 10\nlimit 1000000\npass jobs 100000\n").expect_status(0);
    assert_eq!(complaint(&ran.stderr), "Cannot allocate memory (os error 12)");
    let text = place.text("x.txt");
    let operations = text.events().iter().filter(|event| event.is_operation()).count() as u64;
    assert!(operations >= 20);
    // Each event is either recorded or counted, like the ends of the channel and of the thread,
    // and the message names the thread.
    assert_eq!(operations + text.dropped(), 200_020 + 3);
    ran.expect_stderr(&format!(
        "\n{0} events could not be recorded: {0} of main\n",
        text.dropped()
    ));
}

#[test]
fn the_directories_disappear() {
    let place = Place::new();
    fs::create_dir(place.path("out")).unwrap();
    let arguments = ["record", "-o", "out/x.txt", "--", program("pauses"), "100000"];
    let mut running = Running::start(place.recorder(&arguments));
    let mut stdin = running.stdin();
    running.wait_for("ready");
    fs::remove_dir_all(place.path("out")).unwrap();
    for session in place.names_in("temporary") {
        fs::remove_dir_all(place.path("temporary").join(session)).unwrap();
    }
    stdin.write_all(b"go on\n").unwrap();
    running
        .finish()
        .expect_status(1)
        .expect_stdout("ready\nreceived 100000\n")
        .expect_stderr("recorder: cannot ")
        .expect_stderr("No such file or directory");
}

#[test]
fn a_suspended_recorder_does_not_block_the_program() {
    let place = Place::new();
    let arguments = ["record", "-o", "x.txt", "--", program("pauses"), "200000"];
    let mut running = Running::start(place.recorder(&arguments));
    let mut stdin = running.stdin();
    running.wait_for("ready");
    running.signal(Signal::STOP);
    stdin.write_all(b"go on\n").unwrap();
    // The program ends while the recorder does not drain.
    running.wait_for("received 200000");
    running.signal(Signal::CONT);
    running
        .finish()
        .expect_status(0)
        .expect_no_damage()
        .expect_stderr("200000 messages sent, 200000 received\n");
    assert_eq!(place.text("x.txt").sent(), 200_000);
}

#[test]
fn a_program_that_is_suspended() {
    let place = Place::new();
    let script = format!("echo $$; exec {} 200000", program("pauses"));
    let arguments = ["record", "-o", "x.txt", "--", "sh", "-c", &script];
    let mut running = Running::start(place.recorder(&arguments));
    let mut stdin = running.stdin();
    let pid: i32 = running.next_line().trim().parse().unwrap();
    running.wait_for("ready");
    stdin.write_all(b"go on\n").unwrap();
    for _ in 0..20 {
        kill_process(Pid::from_raw(pid).unwrap(), Signal::STOP).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::CONT).unwrap();
    }
    running
        .finish()
        .expect_status(0)
        .expect_no_damage()
        .expect_stderr("200000 messages sent, 200000 received\n");
}

#[test]
fn a_clock_that_is_not_the_counter() {
    let place = Place::new();
    let mut command =
        place.recorder(&["record", "-o", "x.txt", "--", program("count"), "5000", "2"]);
    command.env("INSTRUMENTED_CLOCK", "monotonic");
    run(command).expect_status(0).expect_no_damage().expect_stderr("10000 messages sent");
    let text = place.text("x.txt");
    // Then a tick is one nanosecond of that clock.
    let clocks: Vec<_> =
        text.lines().filter(|line| line.contains(" Clock monotonic_ns=")).collect();
    assert!(!clocks.is_empty());
    for line in clocks {
        let (ticks, rest) = line.split_once(' ').unwrap();
        let (_, monotonic) = rest.split_once('=').unwrap();
        let [ticks, monotonic] = [ticks, monotonic].map(|number| number.parse::<u64>().unwrap());
        assert!(monotonic - ticks < 1_000_000_000, "{line}");
    }
}
