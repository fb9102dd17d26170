use std::collections::BTreeMap;

use format::Call;
use proptest::prelude::*;
use recorder::reading::Nanos;
use recorder::reading::catalog::ThreadIndex;
use recorder::timeline::item::{Activity, Item, Slice, SliceKind, State};
use recorder::timeline::select::Criteria;

use crate::exported::{exports, states_of};
use crate::invariants::slices;
use crate::selections::{nanoseconds, selected};
use crate::shorthand::{items, recording, timeline, timeline_of};
use crate::simulated::{all_programs, incomplete_channel_programs, read, unpaused_programs};

/// Each thread's states, in the order in which they are told.
fn states(items: &[Item]) -> BTreeMap<ThreadIndex, Vec<State>> {
    let mut states: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for item in items {
        if let Item::State(state) = item {
            states.entry(state.thread).or_default().push(*state);
        }
    }
    states
}

#[test]
fn a_thread_runs_between_its_waits() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 RecvBegin 2
         30 RecvEnd 2 @2.1
         32 RecvBegin 2
         40 RecvEnd 2 @2.2
         45 TryRecvEmpty 2
         50 SleepBegin 0
         60 SleepEnd 0
         70 LockBegin 9
         90 LockEnd 9 @1.1
         thread 2 worker
         20 Send 1 @2.1
         35 Send 1 @2.2",
    );
    assert_eq!(
        timeline.states,
        [
            "main 0..10 running",
            "main 10..30 waiting in recv",
            "main 30..32 running",
            "main 32..40 waiting in recv",
            "main 40..50 running",
            "main 50..60 asleep",
            "main 60..70 running",
            "main 70..90 waiting in lock",
            "worker 20..90 running",
        ]
    );
}

#[test]
fn a_send_waits_until_it_returns() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=0
         10 SendBegin 1 @1.1
         40 SendEnd 1 @1.1
         50 SendBegin 1 @1.2
         thread 2 worker
         20 Recv 2 @1.1",
    );
    assert_eq!(
        timeline.states,
        [
            "main 0..10 running",
            "main 10..40 waiting in send",
            "main 40..50 running",
            "main 50.. waiting in send",
            "worker 20..50 running",
        ]
    );
}

#[test]
fn no_thread_is_recorded_during_a_pause() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 Paused
         40 Resumed
         60 Send 1 @1.1
         thread 2 worker
         5 RecvBegin 2
         70 RecvEnd 2 @1.1
         80 Paused",
    );
    assert_eq!(
        timeline.states,
        [
            "main 0..10 running",
            "main 10..40 not recorded (paused)",
            "main 40..80 running",
            "worker 5..10 waiting in recv",
            "worker 10..40 not recorded (paused)",
            "worker 40..70 waiting in recv",
            "worker 70..80 running",
        ]
    );
}

#[test]
fn a_thread_that_was_observed_not_to_run_is_blocked_elsewhere() {
    let observed = |time: u64, main_ran: u64, worker_ran: u64| {
        let threads = [(101, main_ran), (102, worker_ran)].map(|(os_id, on_cpu)| {
            format!(
                "0 ThreadObserved os_id={os_id} monotonic_ns={time} state=2 syscall=0 \
                 on_cpu_ns={on_cpu} ready_ns=0 started_ns=0 name=\"\" detail=\"\"\n"
            )
        });
        format!("0 ThreadsCounted monotonic_ns={time} threads=2\n{}", threads.concat())
    };
    // Milliseconds: main reads a file from 1 to 9 and receives from 10 to 20; worker reads from 3 to 8
    // and, after it has run, from 9 to 19; the recording pauses from 12 to 14.
    let observations = [
        observed(2_000_000, 10, 10),
        observed(4_000_000, 10, 20),
        observed(7_000_000, 10, 20),
        observed(11_000_000, 20, 30),
        observed(18_000_000, 20, 30),
    ];
    let recording = recording(&format!(
        "block process=0 thread=0 sequence=0 dropped=0
         0 ProcessStarted pid=101 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 executable=\"/bin/x\" arguments=\"\"
         0 Clock monotonic_ns=0
         30000000 Clock monotonic_ns=30000000
         {}
         block process=0 thread=1 sequence=0 dropped=0
         0 ThreadStarted os_id=101 name=\"main\"
         500000 channel jobs 1 2
         10000000 RecvBegin 2
         20000000 RecvEnd 2 @2.1
         22000000 ThreadEnded
         block process=0 thread=2 sequence=0 dropped=0
         0 ThreadStarted os_id=102 name=\"worker\"
         1000000 TryRecvEmpty 4
         12000000 Paused
         14000000 Resumed
         20000000 Send 1 @2.1
         21000000 ThreadEnded",
        observations.concat()
    ));
    assert_eq!(
        timeline_of(&recording).states,
        [
            "main 500000..2000000 running",
            "main 2000000..7000000 blocked elsewhere",
            "main 7000000..10000000 running",
            "main 10000000..12000000 waiting in recv",
            "main 12000000..14000000 not recorded (paused)",
            "main 14000000..20000002 waiting in recv",
            "main 20000002..22000000 running",
            "worker 1000000..4000000 running",
            "worker 4000000..7000000 blocked elsewhere",
            "worker 7000000..11000000 running",
            "worker 11000000..12000000 blocked elsewhere",
            "worker 12000000..14000000 not recorded (paused)",
            "worker 14000000..18000000 blocked elsewhere",
            "worker 18000000..21000000 running",
        ]
    );
}

#[test]
fn a_wait_that_ends_during_a_pause_is_recorded_until_the_pause() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=1
         2 Send 1 @1.1
         5 SendBegin 1 @1.2
         20 SendEnd 1 @1.2
         50 Send 1 @1.3
         thread 2 worker
         0 TryRecvEmpty 4
         10 Paused
         40 Resumed
         60 ThreadEnded",
    );
    assert_eq!(
        timeline.states,
        [
            "main 0..5 running",
            "main 5..10 waiting in send",
            "main 10..40 not recorded (paused)",
            "main 40..60 running",
            "worker 0..10 running",
            "worker 10..40 not recorded (paused)",
            "worker 40..60 running",
        ]
    );
    // The slice of the wait has all of it.
    assert!(timeline.slices.iter().any(|slice| slice.starts_with("main 5..19 send jobs (full)")));
}

#[test]
fn a_thread_has_no_state_after_its_end() {
    let timeline = timeline(
        "thread 1 main
         0 Spawn 2
         50 JoinBegin 2
         100 JoinEnd 2
         thread 2 worker
         20 Send 1 @2.1
         25 Returned panicked=0
         30 ThreadEnded",
    );
    assert_eq!(
        timeline.states,
        ["main 0..50 running", "main 50..100 waiting in join", "worker 1..30 running"]
    );
}

#[test]
fn a_thread_without_events_has_no_state() {
    assert_eq!(timeline("thread 1 main").states, [""; 0]);
}

proptest! {
    #[test]
    fn states_are_contiguous_and_all_are_exported(simulated in all_programs()) {
        let recording = read(&simulated);
        let states = states(&items(&recording));
        for states in states.values() {
            for pair in states.windows(2) {
                prop_assert_eq!(pair[0].end, Some(pair[1].begin));
                prop_assert!(pair[0].activity != pair[1].activity, "{:?}", pair);
            }
            prop_assert!(states.iter().all(|state| state.end.is_none_or(|end| state.begin < end)));
        }
        // Several waits without a pause in between are one state, which they divide.
        let mut threads = states_of(&exports(&recording).1);
        for states in &mut threads {
            states.dedup_by(|next, state| {
                let is_same = state.name == next.name && state.end == Some(next.begin);
                if is_same {
                    state.end = next.end;
                }
                is_same
            });
        }
        let mut written: Vec<_> = threads
            .into_iter()
            .flatten()
            .map(|state| (state.thread, state.begin, state.end, state.name))
            .collect();
        let mut expected: Vec<_> = states
            .values()
            .flatten()
            .map(|state| {
                let thread = recording.catalog.threads[state.thread].name.clone();
                let (begin, end) = (state.begin.get(), state.end.map(Nanos::get));
                (thread, begin, end, state.activity.name().to_owned())
            })
            .collect();
        written.sort();
        expected.sort();
        prop_assert_eq!(written, expected);
    }

    /// Without pauses of recordings that lack events: a thread that waits for these in the order is
    /// shown late, when it is known already that it was not recorded.
    #[test]
    fn states_match_the_slices(
        simulated in prop_oneof![unpaused_programs(), incomplete_channel_programs()],
    ) {
        let items = items(&read(&simulated));
        let states = states(&items);
        for slice in slices(&items) {
            let of = states.get(&slice.thread).map_or(&[][..], Vec::as_slice);
            let end = slice.end.unwrap_or(Nanos::MAX);
            let inside = of.iter().filter(|state| {
                state.begin <= slice.begin && end <= state.end.unwrap_or(Nanos::MAX)
            });
            let mut inside = inside.map(|state| state.activity);
            if slice.kind.call() == Some(Call::Sleep) && !slice.is_instant() {
                prop_assert!(inside.any(|at| at == Activity::Asleep), "{:?} {:?}", slice, of);
            } else if slice.is_wait() {
                prop_assert!(inside.any(|at| at.name().starts_with("waiting")), "{:?} {:?}", slice, of);
            }
        }
        // A wait has a state, and so has what is between two.
        let mut waits: Vec<_> = states.values().flatten().collect();
        waits.retain(|state| ![Activity::Running, Activity::NotRecorded].contains(&state.activity));
        // (a slice of a wait of one nanosecond has no length)
        let is_wait = |slice: &&Slice| {
            matches!(slice.kind, SliceKind::Wait { .. } | SliceKind::Returning { .. })
                || slice.kind.call() == Some(Call::Sleep)
        };
        let shown = slices(&items).filter(is_wait);
        prop_assert!(waits.len() <= shown.count());
    }
}

#[test]
fn states_are_cut_to_the_part_that_is_shown() {
    let recording = recording(
        "thread 1 main
         0 channel jobs 1 2
         10 RecvBegin 2
         30 RecvEnd 2 @2.1
         thread 2 worker
         25 Send 1 @2.1",
    );
    let threads = vec!["main".to_owned()];
    let criteria = Criteria { from: nanoseconds(20), threads, ..Criteria::default() };
    let shown = states(&selected(&recording, &criteria));
    assert_eq!(
        shown.into_values().collect::<Vec<_>>(),
        [[State {
            thread: 0.into(),
            begin: Nanos::new(20),
            end: Some(Nanos::new(30)),
            activity: Activity::Recv
        }]]
    );
}
