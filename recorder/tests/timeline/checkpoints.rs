use std::collections::HashMap;
use std::mem::discriminant;

use proptest::prelude::*;
use proptest::sample::Index;
use recorder::reading::catalog::ThreadIndex;
use recorder::reading::{self, Event, Input, Nanos, Recording};
use recorder::replay::{Listener, Next, Replay, RunState, Transition};
use recorder_simulator::Simulated;

use crate::invariants::{events_of, ordered};
use crate::shorthand;
use crate::simulated::{all_programs, read, unpaused_programs};

/// The transitions of a replay as text. The note on a message is the number of its edge.
#[derive(Debug, Default)]
struct Log(Vec<String>);

impl Listener for Log {
    type Note = u64;
    type Error = reading::Error;

    fn on(
        &mut self,
        _: &RunState,
        transition: &Transition<'_>,
        note: &mut u64,
    ) -> reading::Result<()> {
        if let Transition::Sent { message, .. } | Transition::HandedOver { message, .. } =
            transition
        {
            *note = message.edge;
        }
        self.0.push(format!("{transition:?}, note {note}"));
        Ok(())
    }
}

/// The transitions until the end, and the last state.
fn finish(replay: reading::Result<Replay<'_, Log>>) -> (Vec<String>, String) {
    let (state, log) = replay.and_then(Replay::finish).expect("the recording can be read");
    (log.0, format!("{state:?}"))
}

/// What is in a catalog, by index: no later state of the recording may change it.
fn identities(recording: &Recording) -> [Vec<String>; 7] {
    let catalog = &recording.catalog;
    let processes = catalog.processes.iter().map(|it| format!("{}", it.number));
    let threads = catalog.threads.iter().map(|it| format!("{:?}", (it.process, it.number)));
    let channels = catalog.channels.iter();
    let channels =
        channels.map(|it| format!("{:?}", (it.process, &it.message_type, it.bound, it.sender)));
    let endpoints = catalog.endpoints.iter();
    let endpoints = endpoints.map(|it| format!("{:?}", (it.channel, it.side, it.is_clone)));
    let primitives = catalog.primitives.iter();
    let primitives = primitives.map(|it| format!("{:?}", (it.process, it.kind, it.size)));
    let callsites = catalog.callsites.iter().map(|it| format!("{it:?}"));
    let places = catalog.places.iter().map(|it| format!("{it:?}"));
    [
        processes.collect(),
        threads.collect(),
        channels.collect(),
        endpoints.collect(),
        primitives.collect(),
        callsites.collect(),
        places.collect(),
    ]
}

/// The first records of each thread: `parts[n]` of 256 of those of the thread number `n`.
fn prefix(simulated: &Simulated, parts: &[u8]) -> Simulated {
    let mut left: HashMap<(u32, u32), usize> = HashMap::new();
    for block in simulated.blocks.iter().filter(|block| block.thread != 0) {
        *left.entry((block.process, block.thread)).or_default() += block.records.len();
    }
    for ((_, thread), count) in &mut left {
        *count = *count * usize::from(parts[*thread as usize % parts.len()]) / 256;
    }
    let mut prefix = simulated.clone();
    prefix.blocks.retain_mut(|block| {
        let Some(left) = left.get_mut(&(block.process, block.thread)) else { return true };
        block.records.truncate(*left);
        *left -= block.records.len();
        !block.records.is_empty()
    });
    prefix
}

/// The time until which `prefix` is complete: all events of `whole` before it are there, and the
/// records that describe the threads, channels and primitives which they are about.
fn complete_until(whole: &Recording, prefix: &Recording, clocks_agree: bool) -> Nanos {
    let identity = |recording: &Recording, thread: ThreadIndex| {
        let facts = &recording.catalog.threads[thread];
        (recording.catalog.processes[facts.process].number, facts.number)
    };
    let known = prefix.catalog.threads.keys().map(|thread| (identity(prefix, thread), thread));
    let known: HashMap<_, _> = known.collect();
    let unknown = |event: &Event| format!("{event:?}").matches("None").count();
    let is_same = |one: &Event, other: &Event| {
        discriminant(one) == discriminant(other) && unknown(one) == unknown(other)
    };
    let first_missing = |thread| {
        let there = known.get(&identity(whole, thread));
        let there = there.map_or(Vec::new(), |&thread| events_of(prefix, thread));
        let mut there = there.iter();
        let all = events_of(whole, thread);
        let missing =
            all.iter().find(|(_, event)| !there.next().is_some_and(|it| is_same(&it.1, event)));
        missing.map(|(time, _)| *time)
    };
    let until = whole.catalog.threads.keys().filter_map(first_missing).min();
    // More than the clocks of simulated threads are apart.
    let margin = Nanos::new(if clocks_agree { 0 } else { 1_000 });
    until.unwrap_or(whole.catalog.end.after()).since(margin)
}

proptest! {
    #[test]
    fn a_replay_resumes_from_a_checkpoint_at_any_event(
        simulated in all_programs(),
        stop in any::<Index>(),
    ) {
        let recording = read(&simulated);
        let whole = finish(Replay::new(&recording, Log::default()));
        let stop = stop.index(ordered(&recording).len() + 1);
        let mut replay = Replay::new(&recording, Log::default()).unwrap();
        for _ in 0..stop {
            prop_assert_eq!(replay.step().unwrap(), Next::Event);
        }
        let checkpoint = replay.checkpoint();
        let (_, Log(first)) = replay.into_parts();
        let (rest, state) = finish(Replay::resume(&recording, checkpoint, Log::default()));
        prop_assert_eq!(([first, rest].concat(), state), whole);
    }

    #[test]
    fn a_recording_that_grows_can_be_followed(
        simulated in unpaused_programs(),
        mut stages in prop::collection::vec(any::<[u8; 7]>(), 1..6),
    ) {
        let whole = read(&simulated);
        let mut recording = read(&prefix(&simulated, &[0]));
        stages.push([0; 7]);
        let mut parts = [0; 7];
        let (mut checkpoint, mut log) = (None, Log::default());
        for (index, stage) in stages.iter().enumerate() {
            let known = identities(&recording);
            for (parts, stage) in parts.iter_mut().zip(stage) {
                *parts = (*parts).max(*stage);
            }
            let is_last = index + 1 == stages.len();
            let now = if is_last { simulated.clone() } else { prefix(&simulated, &parts) };
            let until = complete_until(&whole, &read(&now), simulated.clocks_agree);
            recording.update(Input::in_memory(now.bytes()), Some(until)).unwrap();
            for (known, now) in known.iter().zip(identities(&recording)) {
                prop_assert_eq!(known, &now[..known.len()]);
            }
            let mut replay = match checkpoint.take() {
                None => Replay::new(&recording, log),
                Some(checkpoint) => Replay::resume(&recording, checkpoint, log),
            }
            .unwrap();
            prop_assert_eq!(replay.run().unwrap(), Next::NotYet);
            checkpoint = Some(replay.checkpoint());
            (_, log) = replay.into_parts();
        }
        recording.update(Input::in_memory(simulated.bytes()), None).unwrap();
        let followed = finish(Replay::resume(&recording, checkpoint.unwrap(), log));
        // With the indices that the recording has got as it grew.
        let at_once = finish(Replay::new(&recording, Log::default()));
        // A receive waits for its send as long as that may still come: if it never does, the
        // receive comes later than in a recording that does not grow.
        if !at_once.0.iter().any(|it| it.starts_with("Received") && it.contains("message: None")) {
            prop_assert_eq!(followed, at_once);
        }
        let counts = |recording: &Recording| identities(recording).map(|list| list.len());
        prop_assert_eq!(counts(&recording), counts(&whole));
    }
}

/// A recording that grows, as it is now, replayed as far as possible.
fn run(text: &str, until: u64) -> reading::Result<(Next, RunState)> {
    let mut recording = shorthand::recording("");
    let input = Input::in_memory(shorthand::bytes(text));
    recording.update(input, Some(Nanos::new(until)))?;
    let mut replay = Replay::new(&recording, Log::default())?;
    let next = replay.run()?;
    Ok((next, replay.into_parts().0))
}

#[test]
fn a_recording_that_grows_is_not_over_when_all_its_threads_have_ended() {
    assert_eq!(run("", 0).unwrap().0, Next::NotYet);
    let ended = "thread 1 main\n10 Send 1 @1.1\n20 ThreadEnded";
    assert_eq!(run(ended, 30).unwrap().0, Next::NotYet);
}

#[test]
fn events_that_turn_up_late_are_replayed_after_all_that_was_replayed() {
    let mut recording = shorthand::recording("");
    let early = "thread 1 main\n10 Send 1 @1.1";
    let late = "thread 1 main\n10 Send 1 @1.1\n20 Send 1 @1.2\nthread 2 late\n5 Send 1 @2.1";
    let update = |recording: &mut Recording, text: &str, until| {
        let input = Input::in_memory(shorthand::bytes(text));
        recording.update(input, Some(Nanos::new(until))).unwrap();
    };
    update(&mut recording, early, 100);
    let mut replay = Replay::new(&recording, Log::default()).unwrap();
    assert_eq!(replay.run().unwrap(), Next::NotYet);
    let (checkpoint, log) = replay.into_checkpoint();
    assert_eq!(log.0.len(), 2);
    update(&mut recording, late, 200);
    let mut replay = Replay::resume(&recording, checkpoint, log).unwrap();
    assert_eq!(replay.run().unwrap(), Next::NotYet);
    let (state, _) = replay.into_parts();
    let last = state.threads.iter().map(|thread| thread.last);
    assert!(last.clone().all(|last| last >= Nanos::new(100)), "{:?}", last.collect::<Vec<_>>());
}

#[test]
fn a_spawned_thread_is_unborn_until_it_is_in_the_recording() {
    let (next, state) = run("thread 1 main\n10 Spawn 2", 20).unwrap();
    assert_eq!(next, Next::NotYet);
    assert_eq!(state.processes.iter().map(|process| process.unborn).sum::<usize>(), 1);
}
