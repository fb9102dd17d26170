use crate::shorthand::{Timeline, timeline};

/// Those of a thread.
fn of(timeline: &Timeline, thread: &str) -> Vec<String> {
    let slices = timeline.slices.iter().filter_map(|slice| slice.strip_prefix(thread));
    slices.map(|slice| slice.trim_start().to_owned()).collect()
}

#[test]
fn an_uncontended_lock_is_two_instants_and_a_hold() {
    let timeline = timeline(
        "thread 1 main
         1 mutex jobs 1
         10 Lock 1 @1.1
         20 Unlock 1 @1.1
         30 TryLock 1 @1.2
         40 Unlock 1 @1.2",
    );
    assert_eq!(timeline.holds, ["jobs 10..20 held by main", "jobs 30..40 held by main"]);
    let mut slices = timeline.slices;
    slices.sort();
    assert_eq!(
        slices,
        [
            "main 10..10 lock jobs",
            "main 20..20 unlock jobs",
            "main 30..30 try_lock jobs",
            "main 40..40 unlock jobs",
        ]
    );
}

#[test]
fn a_contended_acquisition_has_an_arrow_from_the_release_before_it() {
    let timeline = timeline(
        "thread 1 main
         1 mutex jobs 1
         10 Lock 1 @1.1
         50 Unlock 1 @1.1
         thread 2 worker
         20 LockBegin 1
         60 LockEnd 1 @1.2
         90 Unlock 1 @1.2
         thread 3 other
         30 TryLockHeld 1",
    );
    assert_eq!(of(&timeline, "main"), ["10..10 lock jobs", "50..50 unlock jobs 1>"],);
    assert_eq!(
        of(&timeline, "worker"),
        [
            "20..59 lock jobs (waiting) waited=40",
            "60..60 lock jobs >1 waited=40",
            "90..90 unlock jobs",
        ]
    );
    assert_eq!(of(&timeline, "other"), ["30..30 try_lock jobs (held)"]);
    assert_eq!(
        timeline.holds,
        ["jobs 10..50 held by main others waited=30", "jobs 60..90 held by worker"]
    );
}

#[test]
fn turns_order_acquisitions_whatever_the_clocks_say() {
    let timeline = timeline(
        "thread 1 main
         1 mutex jobs 1
         10 Lock 1 @1.1
         50 Unlock 1 @1.1
         thread 2 worker
         20 LockBegin 1
         40 LockEnd 1 @1.2
         45 Unlock 1 @1.2
         thread 3 late
         5 Lock 1 @1.3
         6 Unlock 1 @1.3",
    );
    assert_eq!(
        timeline.holds,
        [
            "jobs 10..50 held by main others waited=30",
            "jobs 51..52 held by worker",
            "jobs 53..54 held by late",
        ]
    );
    assert_eq!(of(&timeline, "worker")[1], "51..51 lock jobs >1 waited=31");
}

#[test]
fn readers_hold_a_lock_together() {
    let timeline = timeline(
        "thread 1 main
         1 rwlock table 1
         10 Write 1 @1.1
         40 Downgrade 1 @1.1
         60 ReadUnlock 1 @1.1
         thread 2 reader
         20 ReadBegin 1
         45 ReadEnd 1 @1.1
         70 ReadUnlock 1 @1.1
         thread 3 another
         21 ReadBegin 1
         50 ReadEnd 1 @1.1
         55 ReadUnlock 1 @1.1
         thread 4 writer
         58 WriteBegin 1
         75 WriteEnd 1 @1.2
         80 WriteUnlock 1 @1.2",
    );
    assert_eq!(
        timeline.holds,
        [
            "table 10..40 held by main others waited=39",
            "table 50..55 read by another lane 2",
            "table 40..60 read by main others waited=17",
            "table 45..70 read by reader lane 1 others waited=17",
            "table 75..80 held by writer",
        ]
    );
    // Both wait for the same release, and the writer for the last who reads.
    assert_eq!(of(&timeline, "main")[1], "40..40 downgrade table 1> 2>");
    assert_eq!(of(&timeline, "reader")[1], "45..45 read table >1 waited=25");
    assert_eq!(of(&timeline, "another")[1], "50..50 read table >2 waited=29");
    assert_eq!(of(&timeline, "reader")[2], "70..70 unlock read table 3>");
    assert_eq!(of(&timeline, "writer")[1], "75..75 write table >3 waited=17");
}

#[test]
fn an_acquisition_or_a_release_alone_is_marked() {
    let timeline = timeline(
        "thread 1 main
         1 mutex jobs 1
         10 Unlock 1 @1.7
         20 Lock 1 @1.8
         thread 2 worker
         200000 Lock 1 @1.10
         200020 LockBegin 1
         thread 3 other
         200010 LockBegin 1",
    );
    assert_eq!(
        of(&timeline, "main"),
        ["20..20 lock jobs", "10..10 unlock jobs (lock not recorded)"]
    );
    assert_eq!(
        timeline.holds,
        [
            "jobs 20..200000 held by main (release not recorded)",
            "jobs 200000.. held by worker others waited=10",
        ]
    );
    assert_eq!(of(&timeline, "other"), ["200010.. lock jobs (waiting)"]);
}

#[test]
fn a_hold_at_a_pause_ends_when_it_is_known_to_be_over() {
    let held = |after: &str| {
        timeline(&format!(
            "thread 1 main
             1 mutex jobs 1
             10 Lock 1 @1.1
             20 Paused
             40 Resumed
             {after}"
        ))
        .holds
    };
    assert_eq!(held("50 Unlock 1 @1.1"), ["jobs 10..50 held by main"]);
    assert_eq!(
        held("50 Lock 1 @1.5"),
        ["jobs 10..20 held by main (release not recorded)", "jobs 50.. held by main"]
    );
    assert_eq!(held("50 YieldNow 0"), ["jobs 10..20 held by main (release not recorded)"]);
}

#[test]
fn a_condvar_wait_ends_by_the_latest_notification_it_saw() {
    let timeline = timeline(
        "thread 1 main
         1 mutex jobs 1
         1 condvar ready 2
         5 NotifyOne 2 1
         30 NotifyOne 2 2
         50 NotifyAll 2 3
         thread 2 one
         10 CondvarWaitBegin 2 @1.1
         40 CondvarWaitEnd 2 2
         thread 3 two
         11 CondvarWaitBegin 2 @1.2
         60 CondvarWaitEnd 2 3
         thread 4 three
         12 CondvarWaitTimeoutBegin 2 500
         61 CondvarWaitTimeoutExpired 2
         thread 5 four
         13 CondvarWaitTimeoutBegin 2 500
         45 CondvarWaitTimeoutEnd 2 3",
    );
    assert_eq!(
        of(&timeline, "main"),
        [
            // Nobody waits yet.
            "5..5 notify_one ready",
            "30..30 notify_one ready 1>",
            "50..50 notify_all ready 2> 3> 4>",
        ]
    );
    assert_eq!(
        of(&timeline, "one"),
        ["10..39 wait ready (waiting) waited=30", "40..40 wait ready >1 waited=30"]
    );
    assert_eq!(of(&timeline, "two")[1], "60..60 wait ready >3 waited=49");
    assert_eq!(
        of(&timeline, "three"),
        [
            "12..60 wait_timeout ready (waiting) waited=49 timeout=500",
            "61..61 wait_timeout ready (timed out) waited=49",
        ]
    );
    // Its clock says that it was woken before it was notified.
    assert_eq!(of(&timeline, "four")[1], "51..51 wait_timeout ready >2 waited=38");
}

#[test]
fn the_last_arrival_at_a_barrier_releases_the_others() {
    let timeline = timeline(
        "thread 1 main
         1 barrier phase 1 size=3
         10 BarrierWaitBegin 1 1
         40 BarrierWaitEnd 1
         50 BarrierWaitBegin 1 4
         thread 2 one
         20 BarrierWaitBegin 1 2
         28 BarrierWaitEnd 1
         thread 3 two
         30 BarrierWaitBegin 1 3
         35 BarrierWaitEnd 1 1",
    );
    assert_eq!(
        of(&timeline, "main"),
        [
            "10..39 barrier phase (waiting) waited=30",
            "40..40 barrier phase >2 waited=30",
            "50.. barrier phase (waiting)",
        ]
    );
    assert_eq!(of(&timeline, "one")[1], "31..31 barrier phase >1 waited=11");
    assert_eq!(of(&timeline, "two"), ["30..30 barrier phase (last to arrive) 1> 2>"]);
}

#[test]
fn one_thread_initialises_and_the_others_wait() {
    let timeline = timeline(
        "thread 1 main
         1 once CONFIG 1
         10 InitializeBegin 1
         11 Initializer 1
         20 YieldNow 0
         60 InitializeEnd 1
         thread 2 one
         15 InitializeBegin 1
         50 InitializeEnd 1
         thread 3 two
         16 InitializeBegin 1
         70 InitializeEnd 1",
    );
    assert_eq!(
        of(&timeline, "main"),
        // The first who goes on says that it is over.
        ["20..20 yield", "11..49 initialize CONFIG 1> 2>"]
    );
    assert_eq!(
        of(&timeline, "one"),
        ["15..49 initialize CONFIG (waiting) waited=35", "50..50 initialize CONFIG >1 waited=35"]
    );
    assert_eq!(of(&timeline, "two")[1], "70..70 initialize CONFIG >2 waited=54");
}

#[test]
fn a_panicked_initialiser_is_retried_by_another_thread() {
    let timeline = timeline(
        "thread 1 main
         1 once CONFIG 1
         10 InitializeBegin 1
         11 Initializer 1
         30 InitializeEnd 1
         thread 2 other
         20 InitializeBegin 1
         35 Initializer 1
         50 InitializeEnd 1",
    );
    assert_eq!(of(&timeline, "main"), ["11..30 initialize CONFIG 1>"]);
    assert_eq!(
        of(&timeline, "other"),
        ["20..34 initialize CONFIG (waiting) waited=15", "35..50 initialize CONFIG"]
    );
}

#[test]
fn an_initialiser_whose_thread_still_waits_is_not_over() {
    // The join seems to end late, for the thread that is joined does not say that it has returned.
    let timeline = timeline(
        "thread 1 main
         0 once CONFIG 1
         10 InitializeBegin 1
         11 Initializer 1
         20 JoinBegin 2
         40 JoinEnd 2
         41 InitializeEnd 1
         thread 2 worker
         100 YieldNow 0
         thread 3 other
         15 InitializeBegin 1
         42 InitializeEnd 1",
    );
    assert_eq!(
        of(&timeline, "main"),
        [
            "20..39 join worker (waiting) waited=20",
            "40..40 join worker waited=20",
            "11..41 initialize CONFIG"
        ]
    );
}

#[test]
fn a_wait_that_is_ordered_after_the_end_of_its_initialiser_is_shown_after_it() {
    // The lock waits for the turn before its own, which is not recorded.
    let timeline = timeline(
        "thread 1 main
         0 once CONFIG 1
         0 mutex jobs 2
         10 InitializeBegin 1
         11 Initializer 1
         30 Lock 2 @2.7
         31 ParkBegin 0
         50 ParkEnd 0
         thread 2 other
         15 InitializeBegin 1
         40 InitializeEnd 1",
    );
    assert_eq!(
        of(&timeline, "main"),
        [
            "11..39 initialize CONFIG 1>",
            "30..30 lock jobs",
            "40..49 park (waiting) waited=19",
            "50..50 park waited=19",
        ]
    );
}

#[test]
fn a_wait_for_a_condition_variable_releases_its_mutex_if_no_event_does() {
    let timeline = timeline(
        "thread 1 main
         0 mutex jobs 1
         0 condvar changed 2
         10 Lock 1 @1.1
         20 CondvarWaitBegin 2 @1.1",
    );
    assert_eq!(timeline.holds, ["jobs 10..20 held by main"]);
}
