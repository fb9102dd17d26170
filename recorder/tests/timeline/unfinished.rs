//! Runs that did not end by themselves, and how what is known of them is told apart.

use recorder::analysis::findings::{Certainty, Code, Finding};
use recorder::reading::Recording;
use recorder::report::Report;

use crate::shorthand::text;

/// A process that was ended after its time, with these threads, which were observed like this before.
fn ended(threads: &str, observed: &[(u64, &str, &str)]) -> Recording {
    let mut process = format!(
        "block process=0 thread=0 sequence=0 dropped=0\n\
         0 ProcessStarted pid=101 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 executable=\"/bin/jobs\" \
         arguments=\"\"\n\
         0 ThreadsCounted monotonic_ns=900 threads={}\n",
        observed.len()
    );
    for (os_id, name, activity) in observed {
        process += &format!(
            "0 ThreadObserved os_id={os_id} monotonic_ns=900 state=2 syscall=0 on_cpu_ns=0 \
             ready_ns=0 started_ns=0 name=\"{name}\" detail=\"{activity}\"\n"
        );
    }
    process += "0 ProcessEnded monotonic_ns=1000 code=0 signal=15\n\
                0 RunEnded monotonic_ns=1000 code=0 signal=15 cause=1\n";
    let text = text(threads);
    let (heading, blocks) = text.split_once('\n').expect("it has a heading");
    let text = format!("{heading}\n{process}{blocks}");
    Recording::from_bytes(format::text::parse(&text).expect("it is a recording"))
        .expect("it can be read")
}

fn first(recording: &Recording) -> Finding {
    let findings = Report::new(recording).expect("it can be read").findings;
    findings.into_iter().next().expect("there is a finding")
}

const WAITS: &str = "in futex without a timeout";

/// `main` waits for a message; its sender was moved to a thread that does nothing else.
const RECEIVES: &str = "thread 1 main
     0 channel jobs 1 2
     5 Spawn 2
     10 RecvBegin 2
     thread 2 acceptor
     7 Unpark 1";

#[test]
fn what_a_thread_was_observed_to_do_is_part_of_the_headline() {
    let socket = "in accept4 on a socket that listens on 127.0.0.1:8080";
    let finding = first(&ended(RECEIVES, &[(101, "main", WAITS), (102, "acceptor", socket)]));
    assert_eq!(finding.code, Code::Unfinished);
    assert!(matches!(finding.certainty, Certainty::Likely { .. }), "{finding:?}");
    let what =
        format!("main has waited 990 ns in recv on \"jobs\" for acceptor, which is {socket}.");
    assert_eq!(finding.what, what);
    assert!(!finding.is_hang);
}

#[test]
fn all_threads_that_wait_for_others_are_a_hang() {
    let finding = first(&ended(RECEIVES, &[(101, "main", WAITS), (102, "acceptor", WAITS)]));
    assert_eq!(finding.code, Code::Unfinished);
    assert!(finding.is_hang);
    let what = "for acceptor, which waits for another thread, in something that is not recorded.";
    assert!(finding.what.ends_with(what), "{}", finding.what);
}

#[test]
fn threads_that_wait_only_in_what_is_not_recorded_are_a_hang() {
    let text = "thread 1 main
         0 channel jobs 1 2
         5 Spawn 2
         thread 2 worker
         7 Unpark 1";
    let finding = first(&ended(text, &[(101, "main", WAITS), (102, "worker", WAITS)]));
    assert_eq!(finding.code, Code::Unfinished);
    assert!(finding.is_hang);
    let finding = first(&ended(text, &[(101, "main", WAITS), (102, "worker", "in read")]));
    assert!(!finding.is_hang);
}

#[test]
fn a_thread_that_is_not_recorded_may_end_the_wait() {
    let alone = "thread 1 main
         0 channel interrupts 1 2
         10 RecvBegin 2";
    let handler = (103, "ctrl-c", "in read on standard input (a pipe)");
    let finding = first(&ended(alone, &[(101, "main", WAITS), handler]));
    assert_eq!(finding.code, Code::Unfinished);
    let what = "for a thread that is not recorded: ctrl-c, which is in read on standard input \
                (a pipe).";
    assert!(finding.what.ends_with(what), "{}", finding.what);
    // Without it nobody is left.
    let finding = first(&ended(alone, &[(101, "main", WAITS)]));
    assert_eq!((finding.code, finding.certainty), (Code::ForgottenSender, Certainty::Certain));
}

#[test]
fn a_run_that_ended_by_itself_is_finished() {
    let text = "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         20 Recv 2 @1.1
         30 ReceiverDropped endpoint=2
         31 SenderDropped endpoint=1
         40 ThreadEnded";
    let findings = Report::new(&ended(text, &[(101, "main", "runs")])).unwrap().findings;
    assert!(findings.is_empty(), "{findings:?}");
}
