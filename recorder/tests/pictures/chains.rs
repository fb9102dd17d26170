use proptest::prelude::*;
use recorder::timeline::builder::MOST_CONSEQUENCES;
use recorder::timeline::item::{Arrow, Category};

use crate::facts::{exports, of_chrome, of_perfetto};
use crate::hand::{items, picture, recording};
use crate::invariants::slices;
use crate::simulation::{programs, programs_with_gaps};

#[test]
fn what_is_sent_after_a_receive_is_because_of_it() {
    let picture = picture(
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
    let sent: Vec<_> = picture.slices.iter().filter(|line| line.contains(" send done")).collect();
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
fn one_message_that_starts_a_thousand_costs_few_arrows() {
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
    let facts = of_chrome(&json);
    assert_eq!(facts, of_perfetto(&pftrace));
    let from_receive = facts.arrows().filter(|[(time, _), _]| *time == 20);
    let mut chain: Vec<_> =
        from_receive.map(|[(_, from), (time, to)]| (from == to, time)).collect();
    chain.sort();
    let expected: Vec<_> = (0..u64::from(MOST_CONSEQUENCES)).map(|n| (true, 30 + n)).collect();
    assert_eq!(chain, expected);
    // The first goes on with the flow of the message, and needs no events of its own.
    let lines = String::from_utf8(json).expect("JSON is text");
    let events = lines.lines().filter(|line| line.contains("\"cat\":\"chain\"")).count();
    assert_eq!(events, 2 * (MOST_CONSEQUENCES as usize - 1));
}

#[test]
fn nobody_knows_what_was_received_while_the_recording_paused() {
    let picture = picture(
        "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         20 Recv 2 @1.1
         30 Paused
         40 Resumed
         50 Send 1 @1.2",
    );
    assert!(picture.slices.contains(&"main 50..50 send jobs #2 2> depth=1".to_owned()));
}

proptest! {
    #[test]
    fn a_chain_leads_from_the_latest_receive_to_a_later_send(
        simulated in prop_oneof![programs(), programs_with_gaps()],
    ) {
        let recording = simulated.recording();
        let mut received = vec![None; recording.entities.threads.len()];
        for slice in slices(&items(&recording)) {
            let of = &mut received[slice.thread];
            if slice.category == Category::Channel && matches!(slice.arrow, Some(Arrow::To(_))) {
                *of = Some((slice.begin, 0));
            } else if slice.note == "send not recorded" {
                *of = None;
            }
            let sends = matches!(slice.arrow, Some(Arrow::From(_)));
            if slice.category == Category::Channel && sends {
                let cause = of.as_mut().and_then(|(time, sent)| {
                    *sent += 1;
                    (*sent <= MOST_CONSEQUENCES).then_some(*time)
                });
                prop_assert_eq!(slice.cause, cause);
                prop_assert!(cause.is_none_or(|cause| cause <= slice.begin));
            } else {
                prop_assert_eq!(slice.cause, None);
            }
        }
    }
}
