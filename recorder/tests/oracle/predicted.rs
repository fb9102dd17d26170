use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use recorder::analysis::predictions::{Prediction, Wants};
use recorder::reading::Recording;
use recorder::reading::catalog::Catalog;
use recorder::report::Report;
use recorder_simulator::machine::Action;
use recorder_simulator::program::{Program, Run, State, programs, programs_of_channels};

use super::search::never_again;
use super::{is_over, program, run, schedules};

/// The thread and the action of each wait of a prediction.
fn waits(prediction: &Prediction, catalog: &Catalog) -> Vec<(usize, usize)> {
    let waits = prediction.waits.iter().map(|wait| {
        let place = wait.request.place.expect("every action has a place");
        let thread = catalog.threads[wait.request.thread].number as usize - 1;
        (thread, catalog.places[place].line as usize - 1)
    });
    waits.collect()
}

/// Whether these threads can come to these actions in some order, and wait there for ever.
fn can_happen(program: &Program, waits: &[(usize, usize)]) -> bool {
    let start = State::new(program);
    let mut seen = HashSet::from([start.clone()]);
    let mut left = vec![start];
    while let Some(state) = left.pop() {
        let is_there = |&(thread, action): &(usize, usize)| {
            state.done[thread] == action && !state.can_step(thread)
        };
        if waits.iter().all(is_there) {
            let stuck = never_again(program, &state);
            if waits.iter().all(|&(thread, _)| stuck[thread]) {
                return true;
            }
        }
        for thread in (0..program.threads.len()).filter(|&thread| state.can_step(thread)) {
            let next = state.after_step(program, thread);
            left.extend(next.into_iter().filter(|state| seen.insert(state.clone())));
        }
    }
    false
}

/// What a thread waits for.
fn kind(wants: Wants) -> &'static str {
    match wants {
        Wants::Lock { is_shared: true, .. } => "read",
        Wants::Lock { .. } => "lock",
        Wants::Room(_) => "room",
        Wants::Message(_) => "message",
        Wants::End(_) => "end",
        Wants::Notification(_) => "notification",
    }
}

/// Whether threads wait for each other without a lock.
fn is_without_lock(prediction: &Prediction) -> bool {
    prediction.notification.is_none() && prediction.waits.iter().all(|wait| wait.holds.is_none())
}

/// Checks that what is predicted from runs of random programs can happen, until there was enough of one
/// of these kinds and something of each.
fn predictions_can_happen<const KINDS: usize>(
    programs: impl Strategy<Value = Program>,
    kinds: [&'static str; KINDS],
    kinds_of: impl Fn(&Prediction) -> Vec<String>,
) {
    const MAX_RUNS: usize = 30_000;
    const ENOUGH: usize = 40;
    let mut runner = TestRunner::deterministic();
    let samples = (programs, schedules());
    let mut tried: BTreeMap<_, _> = kinds.map(|kind| (kind.to_owned(), 0)).into();
    for _ in 0..MAX_RUNS {
        let tried_now = || kinds.iter().map(|&kind| tried[kind]);
        if tried_now().all(|tried| tried > 0) && tried_now().any(|tried| tried >= ENOUGH) {
            break;
        }
        let tree = samples.new_tree(&mut runner).expect("every tape is a program");
        let (program, mut schedule) = tree.current();
        (schedule.steps, schedule.busy, schedule.late) = (usize::MAX, None, [false; 4]);
        let run = run(&program, &schedule);
        if !is_over(&run) {
            continue;
        }
        let recording = Recording::from_bytes(run.bytes()).expect("it can be read");
        let report = Report::with_predictions(&recording).expect("it can be read");
        for prediction in &report.predictions {
            let kinds = kinds_of(prediction);
            // A search takes much longer than a run.
            if kinds.iter().all(|kind| tried.get(kind).is_some_and(|it| *it >= ENOUGH)) {
                continue;
            }
            kinds.into_iter().for_each(|kind| *tried.entry(kind).or_default() += 1);
            let waits = waits(prediction, &recording.catalog);
            assert!(can_happen(&program, &waits), "{prediction:#?}\n{program:?}\n{}", run.text());
        }
    }
    assert!(kinds.iter().all(|&kind| tried[kind] > 0), "{tried:?}");
}

#[test]
fn what_is_predicted_can_happen() {
    let kinds = ["read", "lock", "message", "end", "notification"];
    predictions_can_happen(programs(), kinds, |prediction| {
        prediction.waits.iter().map(|wait| kind(wait.request.wants).to_owned()).collect()
    });
}

#[test]
fn channels_can_be_full_in_another_order() {
    let kinds = ["room", "room, room", "message, room", "end, room"];
    predictions_can_happen(programs_of_channels(), kinds, |prediction| {
        assert!(is_without_lock(prediction));
        let mut kinds: Vec<_> =
            prediction.waits.iter().map(|wait| kind(wait.request.wants)).collect();
        kinds.sort_unstable();
        vec![kinds.join(", ")]
    });
}

/// The waits that are predicted from a run of this program that begins with steps of these threads.
fn predicted(program: &Program, steps: &[usize]) -> Vec<Vec<(usize, usize)>> {
    let mut run = Run::new(program);
    steps.iter().for_each(|&thread| run.step(thread));
    while let Some(&thread) = run.able().first() {
        run.step(thread);
    }
    assert!(is_over(&run));
    let recording = Recording::from_bytes(run.bytes()).expect("it can be read");
    let report = Report::with_predictions(&recording).expect("it can be read");
    let predictions = report.predictions.iter();
    let waits = predictions.map(|prediction| waits(prediction, &recording.catalog));
    waits.inspect(|waits| assert!(can_happen(program, waits), "{waits:?}")).collect()
}

/// Random programs hardly ever fill a channel whose receiver needs the lock of the sender.
#[test]
fn a_channel_can_be_full_while_its_receiver_needs_the_lock() {
    use Action::{Lock, Receive, Send, Unlock};
    let sends = [Lock(0), Send(0), Send(0), Unlock(0)];
    let receives = [Lock(0), Unlock(0), Receive(0), Receive(0)];
    let both = program(&[(Some(1), &[0], 1)], &[&sends, &receives]);
    assert_eq!(predicted(&both, &[1, 1, 0, 0, 1, 0, 1, 0]), [[(0, 2), (1, 0)]]);
}

/// The third thread can fill the channel on which the first sends only if the second has not yet filled
/// its own.
#[test]
fn a_channel_holds_no_more_than_its_bound_in_any_order() {
    use Action::{Receive, Send};
    let first = [Send(0), Receive(1), Receive(1), Receive(1)];
    let second = [Send(1), Send(1), Receive(0), Receive(0)];
    let channels = [(Some(1), &[0, 2][..], 1), (Some(1), &[1, 2][..], 0)];
    let three = program(&channels, &[&first, &second, &[Send(1), Send(0)]]);
    assert_eq!(predicted(&three, &[0, 1, 0, 1, 0, 1, 2, 0, 2, 1]), [[(0, 0), (1, 0)]]);
}
