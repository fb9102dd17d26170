use std::collections::{HashMap, HashSet};

use format::{Call, Detail, Outcome, Phase};
use proptest::prelude::*;
use recorder::reading::catalog::{PrimitiveIndex, Target};
use recorder::reading::{Event, Nanos, Operation, Recording};
use recorder::timeline::item::{Ending, Flow, HeldLock, Item, SliceKind};

use crate::exported::{exports, facts_of};
use crate::invariants::{arrows, by_thread, ordered, slices};
use crate::shorthand::items;
use crate::simulated::{all_programs, lock_programs, read};

fn holds(items: &[Item]) -> HashMap<PrimitiveIndex, Vec<&HeldLock>> {
    let mut holds: HashMap<_, Vec<_>> = HashMap::new();
    for item in items {
        if let Item::Hold(hold) = item {
            holds.entry(hold.primitive).or_default().push(hold);
        }
    }
    holds.values_mut().for_each(|holds| holds.sort_by_key(|hold| (hold.begin, hold.end)));
    holds
}

fn slices_nest(items: &[Item]) -> Result<(), TestCaseError> {
    for slices in by_thread(items).values() {
        let mut open: Vec<Nanos> = Vec::new();
        for slice in slices {
            open.retain(|end| *end > slice.begin);
            let end = slice.end.unwrap_or(Nanos::MAX);
            prop_assert!(open.iter().all(|enclosing| end <= *enclosing), "{slices:?}");
            open.push(end);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn causes_are_ordered_before_their_effects(simulated in lock_programs()) {
        let recording = read(&simulated);
        let (mut released, mut notified) = (HashMap::new(), HashMap::new());
        let (mut spawned, mut returned) = (HashSet::new(), HashSet::new());
        let mut now = Nanos::ZERO;
        for ordered in ordered(&recording) {
            prop_assert!(now <= ordered.time);
            now = ordered.time;
            let starts = recording.catalog.threads[ordered.thread].spawned.is_some();
            prop_assert!(!starts || spawned.contains(&ordered.thread), "{ordered:?}");
            let operation = match ordered.event {
                Event::Operation(operation) => operation,
                Event::Returned { .. } => {
                    returned.insert(ordered.thread);
                    continue;
                }
                _ => continue,
            };
            let Operation { call, phase, outcome, target: Some(target), detail, .. } = operation else {
                continue;
            };
            match (target, detail) {
                (Target::Primitive(lock), Detail::Turn(turn)) => {
                    let (before, turn) = (released.get(&lock).copied().unwrap_or(0), turn.count());
                    match call {
                        Call::Unlock | Call::WriteUnlock | Call::Downgrade => {
                            released.insert(lock, turn);
                        }
                        _ if outcome != Outcome::Acquired => {}
                        Call::Lock | Call::TryLock | Call::Write | Call::TryWrite => {
                            prop_assert_eq!(before, turn - 1);
                        }
                        // That others have read before, the order may learn too late.
                        _ => {
                            let late = before > turn && !simulated.clocks_agree;
                            prop_assert!(before == turn || late, "{ordered:?} {before}");
                        }
                    }
                }
                (Target::Primitive(condvar), Detail::Notifications(number)) => match call {
                    Call::NotifyOne | Call::NotifyAll => {
                        let latest = notified.entry(condvar).or_insert(0);
                        *latest = number.max(*latest);
                    }
                    _ => {
                        let latest = notified.get(&condvar);
                        prop_assert!(latest.is_some_and(|&latest| latest >= number) || number == 0);
                    }
                },
                (Target::Thread(child), _) if call == Call::Spawn => {
                    spawned.insert(child);
                }
                (Target::Thread(child), _) if call == Call::Join && phase != Phase::Begin => {
                    prop_assert!(returned.contains(&child));
                }
                _ => {}
            }
        }
    }

    #[test]
    fn every_contended_acquisition_has_an_arrow_that_points_forward(simulated in lock_programs()) {
        let recording = read(&simulated);
        let items = items(&recording);
        arrows(&items);
        for slice in slices(&items) {
            let SliceKind::Operation { call, ending: Ending::Done } = slice.kind else {
                let starts = slice.kind == SliceKind::ThreadStarted;
                prop_assert!(!starts || matches!(slice.flow, Some(Flow::In(_))), "{slice:?}");
                continue;
            };
            if [Call::Lock, Call::Read, Call::Write].contains(&call) {
                let arrow = matches!(slice.flow, Some(Flow::In(_)));
                // That others have read before, the order may learn too late.
                let is_known = simulated.clocks_agree || call == Call::Lock;
                prop_assert!(arrow == slice.waited.is_some() || !is_known, "{slice:?}");
            }
            if call == Call::Join {
                prop_assert!(matches!(slice.flow, Some(Flow::In(_))), "{slice:?}");
            }
        }
        slices_nest(&items)?;
    }

    #[test]
    fn holds_of_a_lock_overlap_only_if_both_are_shared(simulated in lock_programs()) {
        let recording = read(&simulated);
        for holds in holds(&items(&recording)).values() {
            for (index, hold) in holds.iter().enumerate() {
                prop_assert!(hold.is_release_recorded || hold.end.is_none(), "{hold:?}");
                for later in &holds[index + 1..] {
                    let downgraded = (hold.thread, hold.turn, later.is_shared)
                        == (later.thread, later.turn, !hold.is_shared);
                    let apart = hold.end.is_some_and(|end| {
                        end < later.begin || end == later.begin && downgraded
                    });
                    let reads_late = !simulated.clocks_agree
                        && (hold.is_shared && hold.turn < later.turn
                            || later.is_shared && later.turn < hold.turn);
                    let reads = hold.is_shared && later.is_shared;
                    prop_assert!(apart || reads || reads_late, "{hold:?} {later:?}");
                }
            }
        }
    }

    #[test]
    fn slices_and_lanes_nest_and_both_formats_agree_even_with_gaps(
        simulated in all_programs(),
        length in 64usize..40_000,
    ) {
        let mut bytes = simulated.bytes();
        bytes.truncate(length);
        let recording = Recording::from_bytes(bytes).unwrap();
        let items = items(&recording);
        arrows(&items);
        slices_nest(&items)?;
        for holds in holds(&items).values() {
            let mut lanes: HashMap<_, Nanos> = HashMap::new();
            for hold in holds {
                let end = hold.end.unwrap_or(Nanos::MAX);
                let before = lanes.insert(hold.lane, end);
                prop_assert!(before.is_none_or(|before| before <= hold.begin), "{holds:?}");
            }
        }
        let (json, pftrace) = exports(&recording);
        facts_of(&json, &pftrace);
    }
}
