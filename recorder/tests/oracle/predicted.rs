use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use recorder::analysis::predictions::{Prediction, Wants};
use recorder::reading::Recording;
use recorder::reading::catalog::Catalog;
use recorder::report::Report;
use recorder_simulator::machine::Action;
use recorder_simulator::program::{Program, Run, State, programs};

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

#[test]
fn what_is_predicted_can_happen() {
    const MAX_RUNS: usize = 30_000;
    /// How many predictions of each kind are tried.
    const ENOUGH: usize = 40;
    const KINDS: [&str; 5] = ["read", "lock", "message", "end", "notification"];
    let mut runner = TestRunner::deterministic();
    let samples = (programs(), schedules());
    let mut tried: BTreeMap<&str, usize> = KINDS.map(|kind| (kind, 0)).into();
    for _ in 0..MAX_RUNS {
        if tried.values().all(|&tried| tried > 0) && tried["lock"] >= ENOUGH {
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
            let kinds = prediction.waits.iter().map(|wait| kind(wait.request.wants));
            // A search takes much longer than a run.
            if kinds.clone().all(|kind| tried.get(kind).is_some_and(|it| *it >= ENOUGH)) {
                continue;
            }
            kinds.for_each(|kind| *tried.entry(kind).or_default() += 1);
            let waits = waits(prediction, &recording.catalog);
            assert!(can_happen(&program, &waits), "{prediction:#?}\n{program:?}\n{}", run.text());
        }
    }
    assert!(tried.values().all(|&tried| tried > 0), "{tried:?}");
}

/// Random programs hardly ever fill a channel whose receiver needs the lock of the sender.
#[test]
fn a_channel_can_be_full_while_its_receiver_needs_the_lock() {
    use Action::{Lock, Receive, Send, Unlock};
    let sends = [Lock(0), Send(0), Send(0), Unlock(0)];
    let receives = [Lock(0), Unlock(0), Receive(0), Receive(0)];
    let both = program(&[(Some(1), &[0], 1)], &[&sends, &receives]);
    let mut run = Run::new(&both);
    for thread in [1, 1, 0, 0, 1, 0, 1, 0] {
        run.step(thread);
    }
    while let Some(&thread) = run.able().first() {
        run.step(thread);
    }
    assert!(is_over(&run));
    let recording = Recording::from_bytes(run.bytes()).expect("it can be read");
    let report = Report::with_predictions(&recording).expect("it can be read");
    let [prediction] = &report.predictions[..] else { panic!("{:#?}", report.predictions) };
    let waits = waits(prediction, &recording.catalog);
    assert_eq!(waits, [(0, 2), (1, 0)]);
    assert!(can_happen(&both, &waits));
}
