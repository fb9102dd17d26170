use std::fmt::Write;

use proptest::prelude::*;
use recorder::reading::Nanos;
use recorder::timeline::item::{Flight, Item, Slice};
use typed_index_collections::TiVec;

use crate::shorthand::{items, recording, timeline};

#[test]
fn events_after_a_clock_step_back_follow_those_before_it() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         1000 Send 1 @1.1
         40 Send 1 @1.2
         41 SendBegin 1 @1.3
         30 SendEnd 1 @1.3
         1100 Send 1 @1.4",
    );
    assert_eq!(
        timeline.slices,
        [
            "main 0..0 channel jobs",
            "main 1000..1000 send jobs #1 1> depth=1",
            "main 1001..1001 send jobs #2 2> depth=2",
            "main 1002..1002 send jobs (full) #3 waited=1",
            "main 1003..1003 send jobs #3 3> depth=3 waited=1",
            "main 1100..1100 send jobs #4 4> depth=4",
        ]
    );
}

#[test]
fn a_counter_that_wraps_around_to_zero_is_not_at_its_start() {
    let timeline = timeline(
        "block process=0 thread=0 sequence=0 dropped=0
         72057594037927926 ProcessStarted pid=50 parent=1 ticks=72057594037927926 monotonic_ns=1000 wall_ns=0 executable=\"one\" arguments=\"\"
         block process=0 thread=1 sequence=0 dropped=0
         72057594037927936 SleepBegin endpoint=0 detail=5 site=0
         72057594037927946 SleepEnd endpoint=0 detail=0 site=0",
    );
    assert_eq!(timeline.slices, ["thread 1 10..19 sleep waited=10 timeout=5"]);
}

#[test]
fn a_receive_by_a_clock_that_lags_follows_its_send() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         5000 Send 1 @1.1
         5010 Send 1 @1.2
         thread 2 worker
         100 RecvBegin 2
         110 RecvEnd 2 @1.1
         120 Recv 2 @1.2
         130 RecvBegin 2",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "main 5000..5000 send jobs #1 1> depth=1",
            "worker 100..5001 recv jobs (waiting) #1 waited=4902",
            "worker 5002..5002 recv jobs #1 >1 depth=0 latency=2 waited=4902",
            "main 5010..5010 send jobs #2 2> depth=1",
            "worker 5012..5012 recv jobs #2 >2 depth=0 latency=2",
            "worker 5013.. recv jobs (waiting)",
        ]
    );
}

/// What happens to a thread's counter.
#[derive(Clone, Debug)]
enum Happening {
    /// So many nanoseconds pass; then it sends or receives.
    Passes(u64),
    /// The counter steps back by so many ticks.
    StepsBack(u64),
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let happening = prop_oneof![
        20 => (1..400_000_u64).prop_map(Happening::Passes),
        1 => (1..20_000_000_u64).prop_map(Happening::StepsBack),
        1 => (1..10_000_000_000_000_u64).prop_map(Happening::StepsBack),
    ];
    prop::collection::vec(happening, 1..200)
}

/// When the process begins, by the monotonic clock.
const STARTED: u64 = 7_000_000_000;

/// A sender and a receiver, whose counters have so many ticks in a nanosecond and step back
/// each for itself; how long it takes in truth.
fn program(threads: &[Vec<Happening>; 2], rate: u64) -> (String, u64) {
    let start = STARTED * rate;
    let mut text = format!(
        "block process=0 thread=0 sequence=0 dropped=0
         {start} ProcessStarted pid=5 parent=1 ticks={start} monotonic_ns={STARTED} wall_ns=7 executable=\"\" arguments=\"\"
         block process=0 thread=1 sequence=0 dropped=0
         {start} ThreadStarted os_id=5 name=\"main\"
         {start} channel jobs 1 2\n"
    );
    let mut longest = 0;
    for (index, happenings) in threads.iter().enumerate() {
        if index == 1 {
            text += "block process=0 thread=2 sequence=0 dropped=0\n";
            writeln!(text, "{start} ThreadStarted os_id=6 name=\"worker\"")
                .expect("a text can grow");
        }
        let (mut passed, mut stepped, mut told, mut count) = (0, 0_u64, 0, 0);
        for happening in happenings {
            match happening {
                Happening::Passes(nanoseconds) => passed += nanoseconds,
                Happening::StepsBack(ticks) => stepped += ticks,
            }
            let monotonic = STARTED + passed;
            let ticks = (monotonic * rate).wrapping_sub(stepped) & ((1 << 56) - 1);
            if passed - told > 1_000_000 {
                told = passed;
                writeln!(text, "{ticks} Clock monotonic_ns={monotonic}").expect("a text can grow");
            }
            count += 1;
            let (kind, endpoint) = [("Send", 1), ("Recv", 2)][index];
            writeln!(text, "{ticks} {kind} {endpoint} @1.{count}").expect("a text can grow");
        }
        longest = longest.max(passed);
    }
    (text, longest)
}

proptest! {
    #[test]
    fn times_stay_close_to_the_true_ones(threads in [happenings(), happenings()], rate in 1..5_u64) {
        let (text, longest) = program(&threads, rate);
        // All of it takes less than a tenth of a second, and a counter steps by up to an hour.
        let latest = Nanos::new(2 * longest + 10_000_000_000);
        let recording = recording(&text);
        let threads = &recording.catalog.threads;
        let mut ends: TiVec<_, _> = threads.iter().map(|_| Nanos::ZERO).collect();
        for item in items(&recording) {
            match item {
                Item::Slice(Slice { thread, begin, end, .. }) => {
                    let end = end.unwrap_or(begin);
                    prop_assert!(ends[thread] <= begin && begin <= end && end <= latest, "{item:?}");
                    ends[thread] = end;
                }
                Item::Flight(Flight { begin, end, .. }) => {
                    prop_assert!(begin <= end && end <= latest, "{item:?}");
                }
                Item::Hold(_) | Item::State(_) => {}
                Item::Merged(_) | Item::MergedStates(_) => panic!("nothing merges them: {item:?}"),
                Item::Counter(counter) => prop_assert!(counter.time <= latest, "{item:?}"),
            }
        }
    }
}
