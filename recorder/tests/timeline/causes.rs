use proptest::prelude::*;
use recorder::timeline::builder::MAX_CONSEQUENCES;
use recorder::timeline::item::{Category, Ending, Flow, SliceKind};
use typed_index_collections::TiVec;

use crate::exported::{exports, facts_of};
use crate::invariants::slices;
use crate::shorthand::{items, recording, timeline};
use crate::simulated::{all_programs, read};

#[test]
fn a_send_after_a_receive_is_caused_by_it() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         1 channel done 3 4
         10 Send 1 @1.1
         20 Send 1 @1.2
         thread 2 worker
         5 Send 3 @2.1
         30 Recv 2 @1.1
         35 TryRecvEmpty 2
         40 Send 3 @2.2
         41 Send 3 @2.3
         50 Recv 2 @1.2
         60 Send 3 @2.4",
    );
    let sent: Vec<_> = timeline.slices.iter().filter(|line| line.contains(" send done")).collect();
    assert_eq!(
        sent,
        [
            "worker 5..5 send done #1 1> depth=1",
            "worker 40..40 send done #2 4> because of 30 depth=2",
            "worker 41..41 send done #3 5> because of 30 depth=3",
            "worker 60..60 send done #4 6> because of 50 depth=4",
        ]
    );
}

#[test]
fn a_message_that_causes_a_thousand_sends_has_few_arrows() {
    let sends: String = (0..1_000).map(|n| format!("{} Send 3 @2.{}\n", 30 + n, n + 1)).collect();
    let recording = recording(&format!(
        "thread 1 main
         0 channel go 1 2
         1 channel done 3 4
         10 Send 1 @1.1
         thread 2 worker
         20 Recv 2 @1.1
         {sends}"
    ));
    let (json, pftrace) = exports(&recording);
    let facts = facts_of(&json, &pftrace);
    let from_receive = facts.arrows().filter(|[(time, _), _]| *time == 20);
    let mut chain: Vec<_> =
        from_receive.map(|[(_, from), (time, to)]| (from == to, time)).collect();
    chain.sort();
    let expected: Vec<_> = (0..u64::from(MAX_CONSEQUENCES)).map(|n| (true, 30 + n)).collect();
    assert_eq!(chain, expected);
    // The first goes on with the flow of the message, and needs no events of its own.
    let lines = String::from_utf8(json).expect("JSON is text");
    let events = lines.lines().filter(|line| line.contains("\"cat\":\"chain\"")).count();
    assert_eq!(events, 2 * (MAX_CONSEQUENCES as usize - 1));
}

#[test]
fn a_receive_before_a_pause_causes_no_send_after_it() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         20 Recv 2 @1.1
         30 Paused
         40 Resumed
         50 Send 1 @1.2",
    );
    assert!(timeline.slices.contains(&"main 50..50 send jobs #2 2> depth=1".to_owned()));
}

proptest! {
    #[test]
    fn a_causal_arrow_leads_from_the_latest_receive_to_a_later_send(
        simulated in all_programs(),
    ) {
        let recording = read(&simulated);
        let threads = &recording.catalog.threads;
        let mut received: TiVec<_, _> = threads.iter().map(|_| None).collect();
        for slice in slices(&items(&recording)) {
            if slice.kind == SliceKind::Resumed {
                let process = threads[slice.thread].process;
                for (received, thread) in received.iter_mut().zip(threads) {
                    received.take_if(|_| thread.process == process);
                }
            }
            let of = &mut received[slice.thread];
            if slice.category() == Category::Channel && matches!(slice.flow, Some(Flow::In(_))) {
                *of = Some((slice.begin, 0));
            } else if matches!(
                slice.kind,
                SliceKind::Operation { ending: Ending::SendNotRecorded, .. }
            ) {
                *of = None;
            }
            let sends = matches!(slice.flow, Some(Flow::Out(_)));
            if slice.category() == Category::Channel && sends {
                let cause = of.as_mut().and_then(|(time, sent)| {
                    *sent += 1;
                    (*sent <= MAX_CONSEQUENCES).then_some(*time)
                });
                prop_assert_eq!(slice.cause, cause);
                prop_assert!(cause.is_none_or(|cause| cause <= slice.begin));
            } else {
                prop_assert_eq!(slice.cause, None);
            }
        }
    }
}
