use recorder::reading::Recording;
use recorder::report::Report;
use recorder::report::summary::Summary;

use crate::shorthand::recording;

pub(crate) fn summary(recording: &Recording) -> String {
    let report = Report::new(recording);
    Summary::new(&report.expect("the recording can be read")).to_string()
}

#[test]
fn the_summary_of_a_healthy_run_is_two_lines() {
    let said = summary(&recording(
        "thread 1 main
         0 Site site=1 line=14 column=5 file=\"src/main.rs\"
         0 channel jobs 1 2
         5 Send 1 @1.1
         2000 Send 1 @1.2
         thread 2 worker
         4 RecvBegin 2
         8 RecvEnd 2 @1.1
         10 RecvBegin endpoint=2 site=0 detail=0
         2500 RecvEnd 2 @1.2
         3000 ThreadEnded",
    ));
    assert_eq!(
        said,
        "2 threads in 3.0 \u{b5}s: 1 channel, 2 messages sent, 2 received\n\
         blocked for 2.5 \u{b5}s in all; longest: 2.5 \u{b5}s worker in recv on \"jobs\"\n"
    );
}

#[test]
fn a_run_without_channels_has_no_waits() {
    let said = summary(&recording("thread 1 main\n7 ThreadEnded"));
    assert_eq!(
        said,
        "1 thread in 7 ns: 0 channels, 0 messages sent, 0 received\nblocked for 0 ns in all\n"
    );
}

#[test]
fn stuck_threads_and_lost_or_unrecorded_events_are_reported() {
    let said = summary(&recording(
        "block process=0 thread=0 sequence=0 dropped=0
         0 ProcessStarted pid=5 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 executable=\"one\" arguments=\"\"
         0 ProcessEnded monotonic_ns=900 code=0 signal=9
         block process=0 thread=1 sequence=0 dropped=3
         0 ThreadStarted os_id=5 name=\"main\"
         0 Site site=1 line=14 column=5 file=\"src/main.rs\"
         0 channel jobs 1 2
         5 Send 1 @1.1
         6 Send 1 @1.2
         100 RecvBegin endpoint=4 site=1 detail=0
         block process=1 thread=1 sequence=0 dropped=1
         0 ThreadStarted os_id=6 name=\"\"
         2000 TryRecvEmpty 2",
    ));
    // The first process has waited until its own end, not until the trace's.
    assert_eq!(
        said,
        "2 threads in 2 processes, 2.0 \u{b5}s: 1 channel, 2 messages sent, 0 received\n\
         blocked for 800 ns in all\n\
         still waiting at the end, for 800 ns: main of one in recv, src/main.rs:14:5\n\
         2 messages never received\n\
         4 events could not be recorded: 3 of main of one, 1 of thread 1 of process 1\n"
    );
}

#[test]
fn ten_stuck_threads_are_named() {
    let thread = |number: u32| format!("thread {number} waiter\n{number} RecvBegin 2\n");
    let said = summary(&recording(&(1..=13).map(thread).collect::<String>()));
    let stuck: Vec<_> = said.lines().skip(2).collect();
    assert_eq!(stuck.len(), 11);
    assert_eq!(stuck[0], "still waiting at the end, for 12 ns: waiter in recv");
    assert_eq!(stuck[10], "still waiting at the end: 3 more");
}
