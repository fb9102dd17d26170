use crate::shorthand::timeline;

#[test]
fn a_wait_without_a_recorded_end_ends_at_the_next_event() {
    let timeline = timeline(
        "block process=0 thread=1 sequence=0 dropped=0
         0 channel jobs 1 2
         10 RecvBegin 2
         block process=0 thread=1 sequence=2 dropped=0
         40 TryRecvEmpty 2
         50 RecvBegin 2",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "thread 1 40..40 try_recv jobs (empty)",
            "thread 1 10..39 recv jobs (waiting) waited=30",
            "thread 1 50.. recv jobs (waiting)",
        ]
    );
}

#[test]
fn a_start_and_an_end_of_different_operations_are_not_paired() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 RecvBegin 2
         40 SendEnd 1 @1.1
         50 TryRecv 2 @1.1",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "main 40..40 send jobs #1 1> depth=1",
            "main 50..50 recv jobs by try_recv #1 >1 depth=0 latency=10",
            "main 10..39 recv jobs (waiting) waited=30",
        ]
    );
}

#[test]
fn operations_of_a_signal_handler_lie_within_the_wait() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 RecvBegin 2
         20 Send 1 @1.1
         30 RecvEnd 2 @1.1",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "main 20..20 send jobs #1 1> depth=1",
            "main 10..29 recv jobs (waiting) #1 waited=20",
            "main 30..30 recv jobs #1 >1 depth=0 latency=10 waited=20",
        ]
    );
}

#[test]
fn a_handed_over_send_without_a_recorded_end_returns_at_the_next_event() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2 bound=0
         10 SendBegin 1 @1.1
         40 SendBegin 1 @1.2
         thread 2 worker
         30 Recv 2 @1.1",
    );
    assert_eq!(
        timeline.slices[2..],
        [
            "main 29..29 send jobs #1 1> depth=1 waited=19",
            "worker 30..30 recv jobs #1 >1 depth=0 latency=20",
            "main 30..40 send jobs (returning) #1 waited=30",
            "main 40.. send jobs (waiting)",
        ]
    );
}

#[test]
fn an_end_without_a_recorded_start_is_an_instant() {
    let timeline = timeline(
        "block process=0 thread=1 sequence=1 dropped=0
         0 channel jobs 1 2
         40 SendEnd 1 @1.1
         thread 2 worker
         35 RecvEnd 2 @1.1",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "thread 1 40..40 send jobs #1 1> depth=1",
            "worker 42..42 recv jobs #1 >1 depth=0 latency=2",
        ]
    );
}

#[test]
fn receives_of_unrecorded_sends_do_not_block_the_order() {
    // The question's send is lost, so the answer seems to be received before it is sent.
    let timeline = timeline(
        "thread 1 client
         0 channel questions 1 2
         1 channel answers 3 4
         30 Recv 4 @2.1
         40 Send 1 @1.2
         thread 2 server
         10 Recv 2 @1.1
         20 Send 3 @2.1
         50 Recv 2 @1.2",
    );
    assert_eq!(
        timeline.slices[2..],
        [
            "server 10..10 recv questions (send not recorded) depth=0",
            "server 20..20 send answers #1 1> depth=1",
            "client 30..30 recv answers #1 >1 depth=0 latency=10",
            "client 40..40 send questions #1 2> because of 30 depth=1",
            "server 50..50 recv questions #1 >2 depth=0 latency=10",
        ]
    );
}

#[test]
fn a_thread_does_not_wait_for_its_own_send() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 Recv 2 @1.1
         20 Send 1 @1.2
         thread 2 other
         15 channel others 3 4",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "main 10..10 recv jobs (send not recorded) depth=0",
            "other 15..15 channel others",
            "main 20..20 send jobs #1 1> depth=1",
        ]
    );
}
