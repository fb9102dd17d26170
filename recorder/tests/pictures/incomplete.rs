use crate::hand::picture;

#[test]
fn a_wait_whose_end_was_not_recorded_ends_when_its_thread_goes_on() {
    let picture = picture(
        "block process=0 thread=1 sequence=0 dropped=0
         0 channel jobs 1 2
         10 RecvBegin 2
         block process=0 thread=1 sequence=2 dropped=0
         40 TryRecvEmpty 2
         50 RecvBegin 2",
    );
    assert_eq!(
        picture.slices[1..],
        [
            "thread 1 40..40 try_recv jobs (empty)",
            "thread 1 10..39 recv jobs (waiting) waited=30",
            "thread 1 50.. recv jobs (waiting)",
        ]
    );
}

#[test]
fn a_begin_and_an_end_of_two_operations_do_not_make_one() {
    let picture = picture(
        "thread 1 main
         0 channel jobs 1 2
         10 RecvBegin 2
         40 SendEnd 1 @1.1
         50 TryRecv 2 @1.1",
    );
    assert_eq!(
        picture.slices[1..],
        [
            "main 40..40 send jobs #1 1> depth=1",
            "main 50..50 recv jobs by try_recv #1 >1 depth=0 latency=10",
            "main 10..39 recv jobs (waiting) waited=30",
        ]
    );
}

#[test]
fn what_a_signal_handler_does_lies_within_the_wait() {
    let picture = picture(
        "thread 1 main
         0 channel jobs 1 2
         10 RecvBegin 2
         20 Send 1 @1.1
         30 RecvEnd 2 @1.1",
    );
    assert_eq!(
        picture.slices[1..],
        [
            "main 20..20 send jobs #1 1> depth=1",
            "main 10..29 recv jobs (waiting) #1 waited=20",
            "main 30..30 recv jobs #1 >1 depth=0 latency=10 waited=20",
        ]
    );
}

#[test]
fn a_send_that_handed_over_and_whose_end_was_not_recorded_returns_when_its_thread_goes_on() {
    let picture = picture(
        "thread 1 main
         0 channel jobs 1 2 bound=0
         10 SendBegin 1 @1.1
         40 SendBegin 1 @1.2
         thread 2 worker
         30 Recv 2 @1.1",
    );
    assert_eq!(
        picture.slices[2..],
        [
            "main 29..29 send jobs #1 1> depth=1 waited=19",
            "worker 30..30 recv jobs #1 >1 depth=0 latency=20",
            "main 30..40 send jobs (returning) #1 waited=30",
            "main 40.. send jobs (waiting)",
        ]
    );
}

#[test]
fn an_end_whose_begin_was_not_recorded_is_an_instant() {
    let picture = picture(
        "block process=0 thread=1 sequence=1 dropped=0
         0 channel jobs 1 2
         40 SendEnd 1 @1.1
         thread 2 worker
         35 RecvEnd 2 @1.1",
    );
    assert_eq!(
        picture.slices[1..],
        [
            "thread 1 40..40 send jobs #1 1> depth=1",
            "worker 42..42 recv jobs #1 >1 depth=0 latency=2",
        ]
    );
}

#[test]
fn threads_that_wait_for_sends_that_were_not_recorded_go_on() {
    // The question's send is lost, so the answer seems to be received before it is sent.
    let picture = picture(
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
        picture.slices[2..],
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
    let picture = picture(
        "thread 1 main
         0 channel jobs 1 2
         10 Recv 2 @1.1
         20 Send 1 @1.2
         thread 2 other
         15 channel others 3 4",
    );
    assert_eq!(
        picture.slices[1..],
        [
            "main 10..10 recv jobs (send not recorded) depth=0",
            "other 15..15 channel others",
            "main 20..20 send jobs #1 1> depth=1",
        ]
    );
}
