use recorder::timeline::builder::MAX_LANES;

use crate::shorthand::timeline;

#[test]
fn a_message_goes_from_one_instant_to_another() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         thread 2 worker
         30 Recv 2 @1.1",
    );
    assert_eq!(
        timeline.slices,
        [
            "main 0..0 channel jobs",
            "main 10..10 send jobs #1 1> depth=1",
            "worker 30..30 recv jobs #1 >1 depth=0 latency=20",
        ]
    );
    assert_eq!(timeline.flights, ["jobs #1 10..30 lane 0"]);
    assert_eq!(timeline.depths, ["jobs 0 0", "jobs 10 1", "jobs 30 0", "jobs 30 0"]);
    assert_eq!(timeline.senders, ["jobs 0 1", "jobs 30 1"]);
}

#[test]
fn a_receive_that_waited_is_two_adjacent_slices() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         20 Send 1 @1.1
         thread 2 worker
         5 RecvBegin 2
         30 RecvEnd 2 @1.1",
    );
    assert_eq!(
        timeline.slices[2..],
        [
            "worker 5..29 recv jobs (waiting) #1 waited=25",
            "worker 30..30 recv jobs #1 >1 depth=0 latency=10 waited=25",
        ]
    );
}

#[test]
fn a_send_that_waited_hands_over_at_its_end() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=1
         5 Send 1 @1.1
         10 SendBegin 1 @1.2
         25 SendEnd 1 @1.2
         thread 2 worker
         20 Recv 2 @1.1
         30 Recv 2 @1.2",
    );
    assert_eq!(
        timeline.slices[2..],
        [
            "worker 20..20 recv jobs #1 >1 depth=0 latency=15",
            "main 10..24 send jobs (full) #2 waited=15",
            "main 25..25 send jobs #2 2> depth=1 waited=15",
            "worker 30..30 recv jobs #2 >2 depth=0 latency=20",
        ]
    );
    assert_eq!(timeline.flights, ["jobs #1 5..20 lane 0", "jobs #2 25..30 lane 0"]);
}

#[test]
fn a_send_whose_message_is_received_first_returns_later() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=1
         5 Send 1 @1.1
         10 SendBegin 1 @1.2
         45 SendEnd 1 @1.2
         50 SenderDropped endpoint=1
         thread 2 worker
         20 Recv 2 @1.1
         30 Recv 2 @1.2",
    );
    assert_eq!(
        timeline.slices[3..],
        [
            "main 10..28 send jobs (full) #2 waited=19",
            "main 29..29 send jobs #2 2> depth=1 waited=19",
            "worker 30..30 recv jobs #2 >2 depth=0 latency=20",
            "main 30..45 send jobs (returning) #2 waited=35",
            "main 50..50 drop sender jobs",
        ]
    );
    assert_eq!(timeline.flights[1], "jobs #2 29..30 lane 0");
    assert_eq!(timeline.depths[2..5], ["jobs 20 0", "jobs 29 1", "jobs 30 0"]);
}

#[test]
fn a_return_without_length_is_not_shown() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=1
         10 SendBegin 1 @1.1
         30 SendEnd 1 @1.1
         thread 2 worker
         30 Recv 2 @1.1",
    );
    // Of the same instant the sender comes first, and so hands over itself.
    assert_eq!(
        timeline.slices[1..],
        [
            "main 10..29 send jobs (full) #1 waited=20",
            "main 30..30 send jobs #1 1> depth=1 waited=20",
            "worker 31..31 recv jobs #1 >1 depth=0 latency=21",
        ]
    );
}

#[test]
fn a_rendezvous_send_waits_but_is_never_full() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=0
         10 SendBegin 1 @1.1
         35 SendEnd 1 @1.1
         40 TrySendFull 1
         thread 2 worker
         30 Recv 2 @1.1",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "main 10..28 send jobs (waiting) #1 waited=19",
            "main 29..29 send jobs #1 1> depth=1 waited=19",
            "worker 30..30 recv jobs #1 >1 depth=0 latency=20",
            "main 30..35 send jobs (returning) #1 waited=25",
            "main 40..40 try_send jobs (full)",
        ]
    );
}

#[test]
fn a_receive_is_never_before_its_send() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         100 Send 1 @1.1
         thread 2 worker
         40 Recv 2 @1.1
         41 SenderDropped endpoint=1
         300 Recv 2 @1.7",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "main 100..100 send jobs #1 1> depth=1",
            "worker 102..102 recv jobs #1 >1 depth=0 latency=2",
            // What its thread does next comes later still.
            "worker 103..103 drop sender jobs",
            "worker 300..300 recv jobs (send not recorded) depth=0",
        ]
    );
    assert_eq!(timeline.flights, ["jobs #1 100..102 lane 0"]);
}

#[test]
fn a_receive_is_never_before_its_blocked_send() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=0
         100 SendBegin 1 @1.1
         150 SendEnd 1 @1.1
         thread 2 worker
         40 RecvBegin 2
         41 RecvEnd 2 @1.1",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            // Too short for a length, and no arrow points back.
            "main 100..100 send jobs (waiting) #1 waited=1",
            "main 101..101 send jobs #1 1> depth=1 waited=1",
            "worker 40..101 recv jobs (waiting) #1 waited=62",
            "worker 102..102 recv jobs #1 >1 depth=0 latency=2 waited=62",
            "main 102..150 send jobs (returning) #1 waited=50",
        ]
    );
}

#[test]
fn a_receive_whose_send_was_not_recorded_has_no_arrow() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         50 Send 1 @1.3
         thread 2 worker
         20 Recv 2 @1.1
         30 Recv 2 @1.2
         40 Recv 2
         60 Recv 2 @1.3
         70 Recv 2 @9.1",
    );
    assert_eq!(
        timeline.slices[2..],
        [
            "worker 20..20 recv jobs #1 >1 depth=0 latency=10",
            // Until its send, which might have come later, is known to be missing.
            "main 50..50 send jobs #2 2> depth=1",
            "worker 30..30 recv jobs (send not recorded) depth=1",
            "worker 40..40 recv jobs (send not recorded) depth=1",
            "worker 60..60 recv jobs #2 >2 depth=0 latency=10",
            "worker 70..70 recv jobs (send not recorded) depth=0",
        ]
    );
}

#[test]
fn an_unfinished_wait_has_no_end() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=1
         5 Send 1 @1.1
         10 SendBegin 1 @1.2
         thread 2 worker
         0 channel results 3 4
         20 RecvBegin 4
         thread 3 clock
         30 RecvTimeoutBegin 4 500",
    );
    assert_eq!(
        timeline.slices[3..],
        [
            "main 10.. send jobs (full)",
            "worker 20.. recv results (waiting)",
            "clock 30.. recv_timeout results (waiting) timeout=500",
        ]
    );
    assert_eq!(timeline.depths[3..], ["jobs 30 1", "results 30 0"]);
}

#[test]
fn a_send_that_has_not_returned_at_the_end_is_still_returning() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=0
         10 SendBegin 1 @1.1
         thread 2 worker
         30 Recv 2 @1.1",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "main 10..28 send jobs (waiting) #1 waited=19",
            "main 29..29 send jobs #1 1> depth=1 waited=19",
            "worker 30..30 recv jobs #1 >1 depth=0 latency=20",
            "main 30.. send jobs (returning) #1",
        ]
    );
}

#[test]
fn queued_messages_are_lost_when_the_receiver_is_dropped() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         20 Send 1 @1.2
         50 SendDisconnected 1
         thread 2 worker
         30 Recv 2 @1.1
         40 ReceiverDropped endpoint=2",
    );
    assert_eq!(timeline.flights, ["jobs #1 10..30 lane 0", "jobs #2 20..40 lane 1 lost"]);
    assert_eq!(timeline.depths, ["jobs 0 0", "jobs 10 1", "jobs 20 2", "jobs 30 1", "jobs 50 1"]);
    assert_eq!(
        timeline.slices[4..],
        ["worker 40..40 drop receiver jobs", "main 50..50 send jobs (disconnected)"]
    );
}

#[test]
fn unreceived_messages_are_in_flight_until_the_end() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         20 TrySend 1 @1.2
         90 ThreadEnded",
    );
    assert_eq!(timeline.flights, ["jobs #1 10..90 lane 0 lost", "jobs #2 20..90 lane 1 lost"]);
    assert_eq!(timeline.slices[2], "main 20..20 send jobs by try_send #2 2> depth=2");
    assert_eq!(timeline.depths.last().unwrap(), "jobs 90 2");
}

#[test]
fn lanes_are_used_again() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         20 Send 1 @1.2
         40 Send 1 @1.3
         50 Send 1 @1.4
         thread 2 worker
         30 Recv 2 @1.1
         60 Recv 2 @1.2",
    );
    assert_eq!(
        timeline.flights,
        [
            "jobs #1 10..30 lane 0",
            "jobs #2 20..60 lane 1",
            "jobs #3 40..60 lane 0 lost",
            "jobs #4 50..60 lane 2 lost",
        ]
    );
}

#[test]
fn the_number_of_lanes_is_limited() {
    let mut lines = String::from("thread 1 main\n0 channel jobs 1 2\n");
    for message in 1..=MAX_LANES + 3 {
        lines += &format!("{} Send 1 @1.{message}\n", 10 * message);
    }
    lines += "90000 Recv 2 @1.1\n90010 Recv 2 @1.201\n90020 Send 1 @1.204\n";
    let timeline = timeline(&lines);
    assert_eq!(timeline.flights.len(), MAX_LANES + 4);
    assert_eq!(timeline.flights[0], "jobs #1 10..90000 lane 0");
    // The lane is free again; and a message without one has its arrow and is counted.
    assert!(timeline.flights.contains(&"jobs #204 90020..90020 lane 0 lost".into()));
    assert!(timeline.flights.contains(&"jobs #201 2010..90010 not shown".into()));
    assert_eq!(timeline.depths.last().map(String::as_str), Some("jobs 90020 202"));
}

#[test]
fn clones_and_drops_count_senders() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 SenderCloned sender=3 from=1 site=0
         20 SenderCloned sender=4 from=3 site=0
         25 Send 4 @1.1
         30 SenderDropped endpoint=3
         40 SenderDropped endpoint=1
         50 SenderDropped endpoint=4
         60 RecvEndDisconnected 2",
    );
    let at: Vec<_> = [(0, 1), (10, 2), (20, 3), (30, 2), (40, 1), (50, 0), (60, 0)]
        .map(|(time, count)| format!("jobs {time} {count}"))
        .into();
    assert_eq!(timeline.senders, at);
    assert_eq!(
        timeline.slices[1..5],
        [
            "main 10..10 clone sender jobs",
            "main 20..20 clone sender jobs",
            "main 25..25 send jobs #1 1> depth=1",
            "main 30..30 drop sender jobs",
        ]
    );
}

#[test]
fn operations_that_transfer_nothing_say_why() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=1
         1 TrySendFull 1
         2 TrySendDisconnected 1
         3 SendDisconnected 1
         4 SendBegin 1 @1.1
         6 SendEndDisconnected 1
         7 RecvDisconnected 2
         8 RecvBegin 2
         10 RecvEndDisconnected 2
         11 TryRecvEmpty 2
         12 TryRecvDisconnected 2
         13 RecvTimeoutDisconnected 2
         14 RecvTimeoutBegin 2 5
         20 RecvTimeoutExpired 2
         21 RecvTimeoutBegin 2 5
         23 RecvTimeoutEndDisconnected 2",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "main 1..1 try_send jobs (full)",
            "main 2..2 try_send jobs (disconnected)",
            "main 3..3 send jobs (disconnected)",
            "main 4..5 send jobs (full) waited=2",
            "main 6..6 send jobs (disconnected) waited=2",
            "main 7..7 recv jobs (disconnected)",
            "main 8..9 recv jobs (waiting) waited=2",
            "main 10..10 recv jobs (disconnected) waited=2",
            "main 11..11 try_recv jobs (empty)",
            "main 12..12 try_recv jobs (disconnected)",
            "main 13..13 recv_timeout jobs (disconnected)",
            "main 14..19 recv_timeout jobs (waiting) waited=6 timeout=5",
            "main 20..20 recv_timeout jobs (timed out) waited=6",
            "main 21..22 recv_timeout jobs (waiting) waited=2 timeout=5",
            "main 23..23 recv_timeout jobs (disconnected) waited=2",
        ]
    );
    assert_eq!(timeline.depths, ["jobs 0 0", "jobs 23 0"]);
}

#[test]
fn every_call_that_transfers_is_a_send_or_a_receive() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         1 Send 1 @1.1
         2 TrySend 1 @1.2
         3 Send 1 @1.3
         4 Send 1 @1.4
         10 Recv 2 @1.1
         11 TryRecv 2 @1.2
         12 RecvTimeout 2 @1.3
         13 RecvTimeoutBegin 2 5
         15 RecvTimeoutEnd 2 @1.4",
    );
    assert_eq!(
        timeline.slices[5..],
        [
            "main 10..10 recv jobs #1 >1 depth=3 latency=9",
            "main 11..11 recv jobs by try_recv #2 >2 depth=2 latency=9",
            "main 12..12 recv jobs by recv_timeout #3 >3 depth=1 latency=9",
            "main 13..14 recv_timeout jobs (waiting) #4 waited=2 timeout=5",
            "main 15..15 recv jobs by recv_timeout #4 >4 depth=0 latency=11 waited=2",
        ]
    );
}

#[test]
fn the_depth_never_exceeds_the_bound() {
    // The receive of the first message is told after the send of the second.
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=1
         10 Send 1 @1.1
         20 Send 1 @1.2
         thread 2 worker
         25 Recv 2 @1.1",
    );
    assert_eq!(timeline.depths[1..], ["jobs 10 1", "jobs 20 1", "jobs 25 1", "jobs 25 1"]);
}

#[test]
fn lanes_are_not_used_before_they_are_free() {
    // The receive at 20 is told after what happens until 50: its send might have come.
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         1 channel others 3 4
         10 Send 1 @1.1
         50 Send 3 @1.3
         thread 2 worker
         40 Recv 2 @1.1
         thread 3 other
         20 Recv 2 @1.2
         30 Send 1 @3.1
         60 Recv 2 @3.1",
    );
    assert_eq!(
        timeline.flights,
        ["jobs #1 10..40 lane 0", "jobs #2 30..60 lane 1", "others #1 50..60 lane 0 lost"]
    );
}

#[test]
fn a_clock_that_steps_back_moves_no_event_back() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         1000 Send 1 @1.1
         100 Send 1 @1.2
         50 RecvBegin 2
         40 RecvEnd 2 @1.1
         2000 Recv 2 @1.2
         thread 2 other
         1500 TryRecvEmpty 2
         10 TryRecvEmpty 2",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "main 1000..1000 send jobs #1 1> depth=1",
            "main 1001..1001 send jobs #2 2> depth=2",
            "main 1002..1002 recv jobs (waiting) #1 waited=1",
            "main 1003..1003 recv jobs #1 >1 depth=1 latency=3 waited=1",
            "other 1500..1500 try_recv jobs (empty)",
            "other 1501..1501 try_recv jobs (empty)",
            "main 2000..2000 recv jobs #2 >2 depth=0 latency=999",
        ]
    );
}
