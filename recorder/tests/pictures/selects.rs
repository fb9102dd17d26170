use format::{Arm, MessageId};
use recorder::analysis::Outsiders;
use recorder::reading::{Deed, Recording};
use recorder::report::Report;

use crate::hand::{bytes, moved, picture, recording};

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
    let picture = picture(SEVERAL_RECEIVERS);
    assert_eq!(picture.flights, ["jobs #1 10..40 lane 0", "jobs #2 20..50 lane 1 lost"]);
    assert_eq!(picture.slices[1], "main 5..5 clone receiver jobs by clone");

    let recording = recording(SEVERAL_RECEIVERS);
    let report = Report::new(&recording, Outsiders::None).unwrap();
    let channel = &report.analysis.channels[0];
    assert_eq!(channel.receiver_gone, Some((50, 1)));
    assert_eq!((channel.lost, channel.live_receivers), (1, 0));
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
    let picture = picture(SELECTS);
    assert_eq!(
        picture.slices[2..],
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
    let report = Report::new(&recording, Outsiders::None).unwrap();
    assert_eq!(report.analysis.stuck().0, [0usize; 0]);
    let waits = report.analysis.threads[0].waits.iter().map(|waits| (waits.call, waits.time));
    let mut waits: Vec<_> = waits.collect();
    waits.sort_by_key(|(_, time)| *time);
    let select = format::Call::Select;
    assert_eq!(waits, [(select, 6), (select, 10)]);
}

const TASKS: &str = "block process=0 thread=0 sequence=1 dropped=0
     0 TaskSpawned task=9 by=0 site=0 name=\"forgotten\"
     0 ThreadsCounted monotonic_ns=5 threads=3 unrecorded=1
     0 ThreadObserved os_id=7 monotonic_ns=5 state=2 syscall=0 on_cpu_ns=1 ready_ns=2 detail=\"\"
     0 Executable hash=1 bytes=2 path=\"/bin/one\"
     thread 1 main
     1 TaskSpawned task=1 by=0 site=0 name=\"accept\"
     2 TaskResumed task=1
     3 TaskSpawned task=2 by=1 site=0 name=\"\"
     4 SelectArm endpoint=7 arm=1 message=1099511627777
     4 SelectArm endpoint=7 arm=5 message=0
     5 TaskSuspended task=1
     6 TaskEnded task=1";

/// The deeds of the first thread.
fn deeds(recording: &Recording) -> Vec<(u64, Deed)> {
    let mut events = recording.events(0);
    std::iter::from_fn(|| events.next_deed().expect("the recording can be read")).collect()
}

#[test]
fn tasks_and_arms_are_read_in_program_order() {
    let recording = recording(TASKS);
    let message = MessageId::new(1, 1);
    let arm = |arm, message| Deed::SelectArm { channel: None, endpoint: 7, arm, message };
    assert_eq!(
        deeds(&recording),
        [
            (1, Deed::TaskSpawned { task: 1, by: 0, site: None }),
            (2, Deed::TaskResumed { task: 1 }),
            (3, Deed::TaskSpawned { task: 2, by: 1, site: None }),
            (4, arm(Some(Arm::Send), message)),
            (4, arm(None, MessageId::UNKNOWN)),
            (5, Deed::TaskSuspended { task: 1 }),
            (6, Deed::TaskEnded { task: 1 }),
        ]
    );
    let name = |task| recording.entities.task_name(0, task);
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
        let all = |recording: &Recording| {
            let mut events = recording.events(thread);
            Vec::from_iter(std::iter::from_fn(|| events.next_deed().unwrap()))
        };
        assert_eq!(all(&raw), all(&packed));
    }
}
