use std::num::NonZeroU32;

use format::{Arm, MessageId};
use recorder::reading::{Event, Nanos, Recording};
use recorder::report::Report;

use crate::invariants::events_of;
use crate::shorthand::{bytes, moved, recording, timeline};

const SEVERAL_RECEIVERS: &str = "thread 1 main
     0 channel jobs 1 2
     5 ReceiverCloned receiver=3 from=2 site=0
     10 Send 1 @1.1
     20 Send 1 @1.2
     30 ReceiverDropped endpoint=2
     60 SenderDropped endpoint=1
     thread 2 worker
     40 Recv 3 @1.1
     50 ReceiverDropped endpoint=3";

#[test]
fn queued_messages_are_lost_with_the_last_receiver() {
    let timeline = timeline(SEVERAL_RECEIVERS);
    assert_eq!(timeline.flights, ["jobs #1 10..40 lane 0", "jobs #2 20..50 lane 1 lost"]);
    assert_eq!(timeline.slices[1], "main 5..5 clone receiver jobs");

    let recording = recording(SEVERAL_RECEIVERS);
    let report = Report::new(&recording).unwrap();
    let channel = &report.analysis.state.channels.raw[0];
    assert_eq!(channel.receiver_gone, Some((Nanos::new(50), 1.into())));
    assert_eq!((channel.lost, channel.receivers), (1, 0));
}

const SELECTS: &str = "thread 1 main
     0 channel jobs 1 2
     1 channel results 3 4 bound=1
     8 SelectArm endpoint=2 arm=0 message=0
     9 SelectArm endpoint=3 arm=1 message=1099511627777
     10 SelectBegin 0 2
     20 SelectEnd 2
     21 Recv 2 @2.1
     29 SelectArm endpoint=2 arm=0 message=0
     30 SelectTimeoutBegin 0 5
     36 SelectExpired 0
     39 SelectArm endpoint=2 arm=0 message=0
     40 SelectEmpty 0 1
     49 SelectArm endpoint=3 arm=1 message=1099511627777
     50 Select 3 1
     51 Send 3 @1.1
     59 SelectArm endpoint=2 arm=0 message=0
     60 SelectBegin 0 1
     thread 2 other
     18 Send 1 @2.1";

#[test]
fn a_select_waits_until_an_arm_is_ready() {
    let timeline = timeline(SELECTS);
    assert_eq!(
        timeline.slices[2..],
        [
            "other 18..18 send jobs #1 1> depth=1",
            "main 10..19 select (waiting) waited=10",
            "main 20..20 select jobs waited=10",
            "main 21..21 recv jobs #1 >1 depth=0 latency=3",
            "main 30..35 select (waiting) waited=6 timeout=5",
            "main 36..36 select (timed out) waited=6",
            "main 40..40 select (empty)",
            "main 50..50 select results",
            "main 51..51 send results #1 2> because of 21 depth=1",
            "main 60.. select (waiting)",
        ]
    );
}

#[test]
fn a_select_that_never_ends_is_not_called_a_deadlock() {
    let recording = recording(SELECTS);
    let report = Report::new(&recording).unwrap();
    assert_eq!(report.analysis.stuck().0, []);
    let waits = report.analysis.stats.threads.raw[0]
        .waits
        .iter()
        .map(|waits| (waits.call, waits.time.get()));
    let mut waits: Vec<_> = waits.collect();
    waits.sort_by_key(|(_, time)| *time);
    let select = format::Call::Select;
    assert_eq!(waits, [(select, 16)]);
}

const TASKS: &str = "block process=0 thread=0 sequence=1 dropped=0
     0 TaskSpawned task=9 by=0 site=0 name=\"forgotten\"
     0 ThreadsCounted monotonic_ns=5 threads=1
     0 ThreadObserved os_id=7 monotonic_ns=5 state=2 syscall=0 on_cpu_ns=1 ready_ns=2 started_ns=1 name=\"jobs\" detail=\"\"
     0 Executable hash=1 bytes=2 path=\"/bin/one\"
     thread 1 main
     1 TaskSpawned task=1 by=0 site=0 name=\"accept\"
     2 TaskResumed task=1
     3 TaskSpawned task=2 by=1 site=0 name=\"\"
     4 SelectArm endpoint=7 arm=1 message=1099511627777
     4 SelectArm endpoint=7 arm=5 message=0
     5 TaskSuspended task=1
     6 TaskEnded task=1";

#[test]
fn tasks_and_arms_are_read_in_program_order() {
    let recording = recording(TASKS);
    let message = MessageId::new(1, 1);
    let arm = |arm, message| Event::SelectArm { endpoint: None, arm, message };
    assert_eq!(
        events_of(&recording, 0.into()),
        [
            (1, Event::TaskSpawned { task: 1, by: None, place: None }),
            (2, Event::TaskResumed { task: 1 }),
            (3, Event::TaskSpawned { task: 2, by: NonZeroU32::new(1), place: None }),
            (4, arm(Some(Arm::Send), message)),
            (4, arm(None, MessageId::UNKNOWN)),
            (5, Event::TaskSuspended { task: 1 }),
            (6, Event::TaskEnded { task: 1 }),
        ]
        .map(|(time, event)| (Nanos::new(time), event))
    );
    let name = |task| recording.catalog.task_name(0.into(), task);
    assert_eq!((name(1), name(2), name(9)), (Some("accept"), None, Some("forgotten")));
}

#[test]
fn selects_are_read_from_packed_blocks_too() {
    let many = format!("{SELECTS}\n{}", "70 SelectArm endpoint=1 arm=1 message=7\n".repeat(200));
    let raw = bytes(&many);
    let packed = moved(&raw);
    assert!(packed.windows(4).any(|bytes| bytes == b"PACK"));
    let [raw, packed] = [raw, packed].map(|bytes| Recording::from_bytes(bytes).unwrap());
    for thread in 0..2 {
        let [raw, packed] = [&raw, &packed].map(|recording| events_of(recording, thread.into()));
        assert_eq!(raw, packed);
    }
}
