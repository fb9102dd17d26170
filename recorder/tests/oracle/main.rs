//! Checks the report against an exhaustive search: whether threads that wait can ever go on.
#![forbid(unsafe_code)]

/// Hangs that are predicted from a run that ended well: every one of them can happen.
mod predicted;
/// The exhaustive search.
mod search;

use std::collections::BTreeSet;
use std::ops::Range;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use recorder::analysis::analyse;
use recorder::reading::Recording;
use recorder::reading::catalog::ThreadIndex;
use recorder_simulator::machine::{Action, Message, Once, Outcome, Status};
use recorder_simulator::program::{Program, Run, programs};
use recorder_simulator::with_observations;
use search::{never_again, never_again_for_all_we_know};

/// Which thread takes the next step, as long as one can.
#[derive(Clone, Debug)]
struct Schedule {
    /// A thread, and whether it hesitates.
    choices: Vec<(prop::sample::Index, bool)>,
    steps: usize,
    /// A thread that takes no step after this number of steps: it works.
    busy: Option<(usize, usize)>,
    /// Threads that do not return from a wait that is over: they are about to.
    late: [bool; 4],
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let choices =
        prop::collection::vec((any::<prop::sample::Index>(), prop::bool::weighted(0.2)), 1..60);
    // Mostly to the end.
    let steps = prop_oneof![2 => Just(usize::MAX), 1 => 0..40usize];
    let busy = prop::option::of((0..4usize, prop_oneof![Just(0), 0..30usize]));
    let late = prop_oneof![Just([false; 4]), any::<[bool; 4]>()];
    (choices, steps, busy, late).prop_map(|(choices, steps, busy, late)| Schedule {
        choices,
        steps,
        busy,
        late,
    })
}

fn run<'a>(program: &'a Program, schedule: &Schedule) -> Run<'a> {
    run_with_pause(program, schedule, &(0..0))
}

/// The recording pauses between these steps.
fn run_with_pause<'a>(program: &'a Program, schedule: &Schedule, pause: &Range<usize>) -> Run<'a> {
    let mut run = Run::new(program);
    for (step, (choice, hesitates)) in
        schedule.choices.iter().cycle().take(schedule.steps).enumerate()
    {
        let mut able = run.able();
        able.retain(|&thread| {
            let waits = run.state.status(thread) != Status::Ready;
            schedule.busy.is_none_or(|(busy, after)| busy != thread || step < after)
                && !(waits && schedule.late[thread])
        });
        if able.is_empty() {
            break;
        }
        let thread = able[choice.index(able.len())];
        if !pause.is_empty() && (step == pause.start || step == pause.end) {
            run.pause(thread, step == pause.start);
        }
        if *hesitates {
            run.hesitate(thread);
        } else {
            run.step_waking(thread, step);
        }
    }
    run
}

proptest! {
    /// What holds whatever the threads do next holds for what they do next.
    #[test]
    fn the_oracles_agree(program in programs(), schedule in schedules()) {
        let run = run(&program, &schedule);
        let certain = never_again_for_all_we_know(&program, &run);
        let in_fact = never_again(&program, &run.state);
        for (certain, in_fact) in certain.iter().zip(&in_fact) {
            prop_assert!(!certain || *in_fact, "{certain:?} {in_fact:?}\n{}", run.text());
        }
    }

}

proptest! {
    // Half of the runs end well, a fourth in a deadlock.
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// The threads that the report is certain of are those that never go on, whatever the
    /// others do; and in fact they never do.
    #[test]
    fn the_certain_deadlocks_are_the_provable_ones(program in programs(), schedule in schedules()) {
        let run = run(&program, &schedule);
        let certain = certain(&run);
        let expected = never_again_for_all_we_know(&program, &run);
        prop_assert_eq!(&certain, &expected, "\n{}", run.text());
        let in_fact = never_again(&program, &run.state);
        for (certain, in_fact) in certain.iter().zip(in_fact) {
            prop_assert!(!certain || in_fact, "\n{}", run.text());
        }
    }

    /// Where every thread has come to its end nothing hangs, not even likely.
    #[test]
    fn a_completed_program_has_no_hang(program in programs(), schedule in schedules()) {
        let run = run(&program, &schedule);
        if is_over(&run) {
            prop_assert_eq!(stuck_in(&run), (vec![], vec![]), "\n{}", run.text());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    /// What is not recorded makes nothing seem to hang: who is said to be stuck is said to be so
    /// with all events, too, and what is certain is so.
    #[test]
    fn a_pause_makes_no_thread_look_stuck(
        program in programs(),
        mut schedule in schedules(),
        from in 0..10usize,
        steps in 1..8usize,
    ) {
        // Who has looked before the pause and begins to wait after it may be about to go on.
        schedule.choices.iter_mut().for_each(|(_, hesitates)| *hesitates = false);
        let paused = run_with_pause(&program, &schedule, &(from..from + steps));
        let seems_stuck = stuck_in(&paused);
        if seems_stuck == (vec![], vec![]) {
            return Ok(());
        }
        let (likely, _) = stuck_in(&run(&program, &schedule));
        let so = |thread: &usize| likely.contains(thread);
        prop_assert!(seems_stuck.0.iter().all(so), "{seems_stuck:?}\n{}", paused.text());
        let in_fact = never_again_for_all_we_know(&program, &paused);
        let so = |&thread: &usize| in_fact[thread];
        prop_assert!(seems_stuck.1.iter().all(so), "{seems_stuck:?}\n{}", paused.text());
    }
}

/// Whether every thread has come to its end.
fn is_over(run: &Run) -> bool {
    run.state.machine.threads.iter().all(|thread| thread.status == Status::Over)
}

/// The recording of a run in which all threads were observed, and all are recorded.
fn read(run: &Run) -> Recording {
    let text = with_observations(&run.text(), false);
    let bytes = format::text::parse(&text).expect("the text is a recording's");
    Recording::from_bytes(bytes).expect("the recording can be read")
}

/// The threads of which the report says that they never go on, and those of which it is certain.
fn stuck_in(run: &Run) -> (Vec<usize>, Vec<usize>) {
    let recording = read(run);
    let analysis = analyse(&recording).expect("the recording can be read");
    let (likely, certain) = analysis.stuck();
    (indices(likely), indices(certain))
}

fn indices(threads: Vec<ThreadIndex>) -> Vec<usize> {
    threads.into_iter().map(usize::from).collect()
}

/// By thread: whether the report is certain that it never goes on.
fn certain(run: &Run) -> Vec<bool> {
    assert_eq!(read(run).damage, []);
    let (_, certain) = stuck_in(run);
    (0..run.state.machine.threads.len()).map(|thread| certain.contains(&thread)).collect()
}

/// A program whose channels all have the senders and the receiver that it says.
fn program(channels: &[(Option<usize>, &[usize], usize)], threads: &[&[Action]]) -> Program {
    Program {
        bounds: channels.iter().map(|channel| channel.0).collect(),
        senders: channels.iter().map(|channel| channel.1.to_vec()).collect(),
        shared: vec![false; channels.len()],
        receivers: channels.iter().map(|channel| channel.2).collect(),
        locks: 2,
        rwlocks: 1,
        condvars: 1,
        onces: 1,
        threads: threads
            .iter()
            .map(|actions| actions.iter().copied().chain([Action::End]).collect())
            .collect(),
    }
}

/// Which threads never go on after these steps: for all we know, and in fact.
fn stuck(program: &Program, order: &[usize]) -> [Vec<bool>; 2] {
    let mut run = Run::new(program);
    for &thread in order {
        assert!(run.able().contains(&thread));
        run.step(thread);
    }
    [never_again_for_all_we_know(program, &run), never_again(program, &run.state)]
}

/// What keeps a thread waiting in the last state of a run.
fn situations(run: &Run, certain: &[bool]) -> Vec<&'static str> {
    let machine = &run.state.machine;
    let mut situations = Vec::new();
    for (thread, &certain) in certain.iter().enumerate() {
        let (woken, action) = match machine.threads[thread].status {
            Status::Waiting(action) => (false, action),
            Status::Relocking { action, .. } => (true, action),
            _ => continue,
        };
        let writes = |lock| {
            machine.threads.iter().any(|it| it.status == Status::Waiting(Action::Lock(lock)))
        };
        situations.push(match (action, certain) {
            (Action::Send(_), true) => "a send",
            (Action::Receive(_), true) => "a receive",
            (Action::Join(_), true) => "a join",
            (Action::Lock(lock), true) if !machine.locks[lock].readers.is_empty() => "a write",
            (Action::Lock(_), true) => "a lock",
            (Action::Read(lock), true) if writes(lock) && machine.locks[lock].writer.is_none() => {
                "a read behind a thread that waits to write"
            }
            (Action::Read(_), true) => "a read",
            (Action::Wait { .. }, true) if woken => "a mutex after a notification",
            (Action::Wait { .. }, true) => "a notification",
            (Action::Wait { .. }, false) if !woken && run.may_be_woken(thread) => {
                "a notification that another thread has got"
            }
            (Action::Park, true) => "a token",
            (Action::Park, false) if machine.has_token(thread) => "a token that is there",
            (Action::Initialize(once), true) if machine.onces[once] == Once::Running(thread) => {
                "its own initialiser"
            }
            (Action::Initialize(_), true) => "an initialiser",
            _ => continue,
        });
    }
    situations
}

/// The random programs come into every situation.
#[test]
fn threads_wait_for_everything_in_vain() {
    const MAX_RUNS: usize = 8_192;
    let mut runner = TestRunner::deterministic();
    let mut missing = BTreeSet::from([
        "a send",
        "a receive",
        "a join",
        "a write",
        "a lock",
        "a read behind a thread that waits to write",
        "a read",
        "a mutex after a notification",
        "a notification",
        "a notification that another thread has got",
        "a token",
        "a token that is there",
        "its own initialiser",
        "an initialiser",
    ]);
    let samples = (programs(), schedules());
    for _ in 0..MAX_RUNS {
        if missing.is_empty() {
            break;
        }
        let tree = samples.new_tree(&mut runner).expect("every tape is a program");
        let (program, schedule) = tree.current();
        let run = run(&program, &schedule);
        // A search takes much longer than a run.
        let threads = program.threads.len();
        let possible = [true, false].map(|certain| situations(&run, &vec![certain; threads]));
        if !possible.iter().flatten().any(|situation| missing.contains(situation)) {
            continue;
        }
        let certain = never_again_for_all_we_know(&program, &run);
        for situation in situations(&run, &certain) {
            missing.remove(situation);
        }
    }
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn a_reader_waits_behind_a_thread_that_waits_to_write() {
    use Action::{Lock, Read, ReadUnlock, Unlock};
    let rwlock = 2;
    let twice = [Read(rwlock), Read(rwlock), ReadUnlock(rwlock), ReadUnlock(rwlock)];
    let locks = program(&[], &[&twice, &[Lock(rwlock), Unlock(rwlock)]]);
    // Each waits for the other.
    assert_eq!(stuck(&locks, &[0, 1, 0]), [[true; 2]; 2]);
    // Nobody waits to write yet.
    assert_eq!(stuck(&locks, &[0, 0, 1]), [[false; 2]; 2]);
}

#[test]
fn a_notification_wakes_one_of_those_that_wait() {
    use Action::{Lock, NotifyOne, Unlock};
    let waits = [Lock(0), Action::Wait { condvar: 0, mutex: 0 }, Unlock(0)];
    let three = program(&[], &[&waits, &waits, &[NotifyOne(0)]]);
    let both_wait = [0, 0, 1, 1];
    // In fact it wakes the first. But either may be the one, and may then notify the other.
    let notified = [&both_wait[..], &[2]].concat();
    assert_eq!(stuck(&three, &notified), [[false; 3], [false, true, false]].map(Vec::from));
    let ended = [&notified[..], &[2]].concat();
    assert_eq!(stuck(&three, &ended), [[false; 3], [false, true, false]].map(Vec::from));
    // The first has returned, and it is over.
    let returned = [&ended[..], &[0, 0, 0]].concat();
    assert_eq!(stuck(&three, &returned), [[false, true, false]; 2].map(Vec::from));
}

#[test]
fn a_thread_that_is_notified_needs_its_mutex() {
    use Action::{Join, Lock, NotifyAll, Unlock};
    let waits = [Lock(0), Action::Wait { condvar: 0, mutex: 0 }, Unlock(0)];
    // The holder of the mutex waits for the thread that it has notified.
    let held = program(&[], &[&[Lock(0), NotifyAll(0), Join(1), Unlock(0)], &waits]);
    assert_eq!(stuck(&held, &[1, 1, 0, 0]), [[false; 2], [false, true]].map(Vec::from));
    assert_eq!(stuck(&held, &[1, 1, 0, 0, 0]), [[true; 2]; 2].map(Vec::from));
}

#[test]
fn a_parked_thread_needs_a_token() {
    use Action::{Park, Unpark};
    let parks = program(&[], &[&[Park, Park], &[Unpark(0)]]);
    assert_eq!(stuck(&parks, &[0]), [[false; 2]; 2]);
    assert_eq!(stuck(&parks, &[0, 1, 1]), [[false; 2]; 2]);
    // There is one token for two calls.
    assert_eq!(stuck(&parks, &[0, 1, 1, 0, 0]), [[true, false]; 2]);
}

#[test]
fn an_initialiser_that_needs_itself_never_ends() {
    use Action::Initialize;
    let end = Action::EndInitializer { once: 0, failed: false };
    let itself = program(&[], &[&[Initialize(0), Initialize(0), end], &[Initialize(0), end]]);
    assert_eq!(stuck(&itself, &[0, 0]), [[true, false]; 2]);
    assert_eq!(stuck(&itself, &[0, 0, 1]), [[true; 2]; 2]);
    let other = program(&[], &[&[Initialize(0), end], &[Initialize(0), end]]);
    assert_eq!(stuck(&other, &[0, 1]), [[false; 2]; 2]);
}

#[test]
fn two_locks_in_opposite_orders_deadlock() {
    use Action::{Lock, Unlock};
    let both = |first, second| [Lock(first), Lock(second), Unlock(second), Unlock(first)];
    let locks = program(&[], &[&both(0, 1), &both(1, 0), &[]]);
    // The third thread runs, and cannot help.
    assert_eq!(stuck(&locks, &[0, 1, 0, 1]), [[true, true, false]; 2]);
    assert_eq!(stuck(&locks, &[0, 1, 0]), [[false; 3], [true, false, false]].map(Vec::from));
    assert_eq!(stuck(&locks, &[0, 0, 1]), [[false; 3]; 2]);
}

#[test]
fn a_forgotten_sender_blocks_its_receiver_for_ever() {
    use Action::{DropSender, Receive, Send};
    let receive = [Receive(0), Receive(0), DropSender(0)];
    let forgotten = program(&[(None, &[0, 1], 0)], &[&receive, &[Send(0), DropSender(0)]]);
    // Nobody knows that thread 1 has nothing else to send.
    assert_eq!(stuck(&forgotten, &[1, 0, 0]), [[false, false], [true, false]].map(Vec::from));
    assert_eq!(stuck(&forgotten, &[1, 0, 0, 1, 1]), [[true, false]; 2]);
}

/// The state of a thread that has met another, with the first message of the first thread.
fn handed_over(action: Action) -> Status {
    Status::Returning(action, Outcome::Transferred(Message { thread: 0, number: 1 }))
}

#[test]
fn two_rendezvous_senders_deadlock() {
    use Action::{Receive, Send};
    let channels = [(Some(0), &[0][..], 1), (Some(0), &[1], 0)];
    let both = program(&channels, &[&[Send(0), Receive(1)], &[Send(1), Receive(0)]]);
    // The second has not sent yet, but it will.
    assert_eq!(stuck(&both, &[0]), [[false, false], [true, false]].map(Vec::from));
    assert_eq!(stuck(&both, &[0, 1]), [[true; 2]; 2]);
    let one = program(&channels, &[&[Send(0), Receive(1)], &[Receive(0), Send(1)]]);
    assert_eq!(stuck(&one, &[0, 1]), [[false; 2]; 2]);
    let mut met = Run::new(&one);
    met.step(0);
    assert_eq!(met.state.status(0), Status::Waiting(Send(0)));
    met.step(1);
    assert_eq!(met.state.status(0), handed_over(Send(0)));
}

#[test]
fn two_waiting_ends_of_a_rendezvous_meet() {
    use Action::{Receive, Send};
    let meeting = program(&[(Some(0), &[0], 1)], &[&[Send(0)], &[Receive(0)]]);
    for order in [[0, 1], [1, 0]] {
        let mut run = Run::new(&meeting);
        order.iter().for_each(|&thread| run.hesitate(thread));
        assert_eq!(never_again_for_all_we_know(&meeting, &run), [false; 2]);
        assert_eq!(certain(&run), [false; 2]);
        // One of them is back, and over.
        let [first, second] = order;
        run.step(first);
        run.step(first);
        assert_eq!(run.state.status(second), handed_over([Send(0), Receive(0)][second]));
        assert_eq!(certain(&run), [false; 2]);
    }
}
