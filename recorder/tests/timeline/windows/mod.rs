use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use recorder::reading::{self, Nanos, Recording};
use recorder::replay::Replay;
use recorder::timeline::builder;
use recorder::timeline::item::{Activity, Flow, Item, Slice, SliceKind, State};
use recorder::window::{ChunkInfo, Piece, Progress, WindowBuilder};

use crate::simulated::{all_programs, read, unpaused_programs};
use decoded::{DecodedChunk, Sums, add_segment, chunk};

mod decoded;

/// The pieces of a recording.
#[derive(Default)]
struct Pieces {
    chunks: Vec<(ChunkInfo, DecodedChunk)>,
    tiles: BTreeMap<(u32, u64), Sums>,
    kinds: usize,
}

/// The pieces, with chunks of this many events.
fn pieces(recording: &Recording, events: usize) -> Pieces {
    let mut pieces = Pieces::default();
    let builder = WindowBuilder::new(
        &recording.catalog,
        None,
        Progress::new(false, Arc::default()).with_chunks_of(events),
        |piece| {
            match piece {
                Piece::Kinds(kinds) => pieces.kinds = kinds.count(),
                Piece::Chunk(info, content) => pieces.chunks.push((info, chunk(&content))),
                Piece::Tile { level, tile, content } => {
                    let sums = pieces.tiles.entry((level, tile)).or_default();
                    add_segment(&content, (level, tile), sums);
                }
            }
            Ok::<_, reading::Error>(())
        },
    );
    let replay = Replay::new(recording, builder).and_then(Replay::finish);
    drop(replay.expect("the recording can be read"));
    pieces
}

fn items(recording: &Recording) -> Vec<Item> {
    builder::items(recording).expect("the recording can be read")
}

/// Facts of a slice that chunks contain: thread, start, length, message, depth, start of the arrow,
/// cause, waited, text.
type Facts =
    (u64, u64, Option<u64>, Option<u64>, Option<u64>, bool, Option<u64>, Option<u64>, String);

fn facts_of_slice(slice: &Slice) -> Facts {
    let length = slice.end.map(|end| end.since(slice.begin).get());
    (
        usize::from(slice.thread) as u64,
        slice.begin.get(),
        length,
        slice.message.map(|it| it.get()),
        slice.depth,
        matches!(slice.flow, Some(Flow::In(_))),
        slice.cause.map(Nanos::get),
        slice.waited.map(Nanos::get),
        slice.text.as_deref().unwrap_or_default().to_owned(),
    )
}

/// The chunks have all slices; where a wait begins, they have another event.
fn chunks_have_all_slices(recording: &Recording, events: usize) -> TestCaseResult {
    let Pieces { chunks, kinds, .. } = pieces(recording, events);
    let mut found: Vec<Facts> = Vec::new();
    let mut starts = Vec::new();
    let mut step = 0;
    let (last, all_but_last) = chunks.split_last().expect("there is a chunk");
    prop_assert!(all_but_last.iter().all(|(info, _)| info.events >= events as u64));
    prop_assert!(last.0.first_step + last.0.events >= (all_but_last.len() * events) as u64);
    for (info, chunk) in &chunks {
        prop_assert_eq!((info.first_step, chunk.first_step), (step, step));
        prop_assert_eq!(info.events, chunk.events.len() as u64);
        prop_assert!(info.begin.get() <= chunk.begin && info.end.get() == chunk.end);
        step += info.events;
        for event in &chunk.events {
            prop_assert!((event.kind as usize) < kinds);
            if event.length.unwrap_or(0) == 0 {
                prop_assert!((info.begin.get()..=info.end.get()).contains(&event.time));
            }
            if let Some((_, time)) = event.from {
                prop_assert!(time <= event.time);
            }
            let facts = (
                event.thread,
                event.time,
                event.length,
                event.message,
                event.depth,
                event.from.is_some(),
                event.cause,
                event.waited,
                event.text.clone().unwrap_or_default(),
            );
            match event.length {
                None => starts.push((event.thread, event.time)),
                Some(_) => found.push(facts),
            }
        }
    }
    let items = items(recording);
    let slices = items.iter().filter_map(|item| match item {
        Item::Slice(slice) => Some(slice),
        _ => None,
    });
    let mut expected: Vec<Facts> =
        slices.clone().filter(|slice| slice.end.is_some()).map(facts_of_slice).collect();
    found.sort();
    expected.sort();
    prop_assert_eq!(found, expected);
    // A wait that was handed over before its start was seen is shown as returning only.
    let waits = slices.filter(|slice| matches!(slice.kind, SliceKind::Wait { .. }));
    for wait in waits {
        let start = (usize::from(wait.thread) as u64, wait.begin.get());
        prop_assert!(starts.contains(&start), "{wait:?}");
    }
    Ok(())
}

/// How long each thread is in each state.
fn times_of_items(recording: &Recording) -> BTreeMap<(u64, u64), u64> {
    let mut times: BTreeMap<_, u64> = BTreeMap::new();
    for item in items(recording) {
        if let Item::State(state) = item {
            let end = state.end.unwrap_or_else(|| recording.catalog.end_of_thread(state.thread));
            let at = (usize::from(state.thread) as u64, state.activity as u64);
            *times.entry(at).or_default() += end.since(state.begin).get();
        }
    }
    times.retain(|_, time| *time > 0);
    times
}

/// Checks that the states of each thread follow each other, and take the same time as those of the
/// timeline. In chunks they are those that were known at the time: it can turn out later that a
/// wait whose end is not recorded was over.
fn states_take_the_same_time(
    recording: &Recording,
    events: usize,
    are_ends_recorded: bool,
) -> TestCaseResult {
    let mut times: BTreeMap<_, u64> = BTreeMap::new();
    let mut until: BTreeMap<u64, u64> = BTreeMap::new();
    for (_, chunk) in pieces(recording, events).chunks {
        for (thread, begin, end, activity) in chunk.states {
            *times.entry((thread, activity)).or_default() += end - begin;
            let until = until.entry(thread).or_insert(begin);
            prop_assert_eq!(*until, begin, "states follow each other without a gap");
            *until = end;
        }
    }
    let of_items = times_of_items(recording);
    if are_ends_recorded {
        prop_assert_eq!(&times, &of_items);
    }
    let by_thread = |times: BTreeMap<(u64, u64), u64>| {
        times.into_iter().fold(BTreeMap::new(), |mut sums: BTreeMap<u64, u64>, (at, time)| {
            *sums.entry(at.0).or_default() += time;
            sums
        })
    };
    prop_assert_eq!(by_thread(times), by_thread(of_items));
    Ok(())
}

/// Adds the sums of a chunk at a level.
fn add_chunk(chunk: &DecodedChunk, level: u32, sums: &mut Sums) {
    let spread = |begin: u64, end: u64| {
        (begin >> level..=end.saturating_sub(1) >> level).filter_map(move |bin| {
            let (from, to) = ((bin << level).max(begin), ((bin + 1) << level).min(end));
            (from < to).then(|| (bin, to - from))
        })
    };
    for event in &chunk.events {
        let bin = event.time >> level;
        sums.threads.entry((event.thread, bin)).or_default().0 += 1;
        if let Some((from, start)) = event.from {
            *sums.arrows.entry((start >> level, bin, from, event.thread)).or_default() += 1;
        }
        if let (Some(depth), 1) = (event.depth, event.target % 4) {
            let is_received = event.from.is_some();
            let (sent, received) = (u64::from(!is_received), u64::from(is_received));
            sums.add_channel((event.target / 4, bin), sent, received, (depth, depth));
        }
    }
    for &(thread, begin, end, activity) in &chunk.states {
        for (bin, time) in spread(begin, end) {
            let (_, of) = sums.threads.entry((thread, bin)).or_default();
            *of.entry(activity).or_default() += time;
        }
    }
    for &(primitive, begin, end, _) in &chunk.holds {
        for (bin, time) in spread(begin, end) {
            *sums.locks.entry((primitive, bin)).or_default() += time;
        }
    }
}

fn tiles_have_the_sums_of_the_chunks(recording: &Recording, events: usize) -> TestCaseResult {
    let Pieces { chunks, tiles, .. } = pieces(recording, events);
    let finest = chunks.iter().map(|(info, _)| info.level).min().unwrap_or_default();
    let coarsest = tiles.keys().map(|(level, _)| *level).max().unwrap_or_default();
    let levels = [finest, finest + 1, finest + 3, coarsest];
    for level in levels.into_iter().filter(|level| *level <= coarsest) {
        let (mut expected, mut found) = (Sums::default(), Sums::default());
        for (_, chunk) in chunks.iter().filter(|(info, _)| info.level <= level) {
            add_chunk(chunk, level, &mut expected);
        }
        for (_, sums) in tiles.iter().filter(|((of, _), _)| *of == level) {
            found.threads.extend(sums.threads.clone());
            found.locks.extend(sums.locks.clone());
            found.channels.extend(sums.channels.clone());
            for (arrow, count) in &sums.arrows {
                *found.arrows.entry(*arrow).or_default() += count;
            }
        }
        prop_assert_eq!(&found.threads, &expected.threads, "level {}", level);
        prop_assert_eq!(&found.locks, &expected.locks, "level {}", level);
        prop_assert_eq!(&found.arrows, &expected.arrows, "level {}", level);
        let depths = |sums: &Sums| -> BTreeMap<(u64, u64), (u64, u64)> {
            sums.channels.iter().map(|(at, (_, _, min, max))| (*at, (*min, *max))).collect()
        };
        prop_assert_eq!(depths(&found), depths(&expected), "level {}", level);
    }
    Ok(())
}

proptest! {
    #[test]
    fn chunks_have_all_slices_of_every_program(
        program in all_programs(),
        events in 1usize..40,
    ) {
        chunks_have_all_slices(&read(&program), events)?;
    }

    #[test]
    fn chunks_have_all_states_of_every_program(
        program in unpaused_programs(),
        events in 1usize..40,
    ) {
        states_take_the_same_time(&read(&program), events, false)?;
    }

    #[test]
    fn tiles_add_up(program in all_programs(), events in 1usize..40) {
        tiles_have_the_sums_of_the_chunks(&read(&program), events)?;
    }
}

#[test]
fn the_gallery_in_chunks_and_tiles() {
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces/gallery");
    let mut count = 0;
    for entry in fs::read_dir(gallery).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rec") {
            let recording = Recording::open(&path).unwrap();
            for events in [7, 100, 8192] {
                chunks_have_all_slices(&recording, events).unwrap();
                states_take_the_same_time(&recording, events, true).unwrap();
                tiles_have_the_sums_of_the_chunks(&recording, events).unwrap();
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn states_that_were_observed_in_chunks() {
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces/gallery");
    for name in ["pipeline", "slow_stage", "backpressure", "worker_pool"] {
        let mut recording = Recording::open(&gallery.join(name).with_extension("rec")).unwrap();
        // The middle of each long state; what is recorded, such as a wait, counts for more.
        for item in items(&recording) {
            if let Item::State(State { thread, begin, end: Some(end), .. }) = item
                && end.since(begin).get() > 400_000
            {
                let third = Nanos::new(end.since(begin).get() / 3);
                recording.catalog.threads[thread]
                    .blocked
                    .push((begin + third, begin + third + third));
            }
        }
        let blocked = Activity::BlockedElsewhere as u64;
        assert!(
            times_of_items(&recording).keys().any(|(_, activity)| *activity == blocked),
            "{name}"
        );
        for events in [7, 20, 100, 8192] {
            states_take_the_same_time(&recording, events, true).unwrap();
        }
    }
}

#[test]
fn a_chunk_starts_with_the_state_of_the_run() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces/gallery/pipeline.rec");
    let recording = Recording::open(&path).unwrap();
    let whole = pieces(&recording, 8192);
    let parts = pieces(&recording, 25);
    let events = &whole.chunks[0].1.events;
    assert!(parts.chunks.len() > 4);
    for (info, chunk) in &parts.chunks {
        let before = &events[..info.first_step as usize];
        let of = |channel: u64| before.iter().filter(move |it| it.target == 1 + channel * 4);
        for [channel, sent, received, depth, senders, receivers] in &chunk.channels {
            let messages = of(*channel).filter(|it| it.message.is_some() && it.depth.is_some());
            let (received_before, sent_before): (Vec<_>, Vec<_>) =
                messages.partition(|it| it.from.is_some());
            assert_eq!(*sent, sent_before.len() as u64);
            assert_eq!(*received, received_before.len() as u64);
            assert_eq!(*depth, sent - received);
            assert!(*senders <= 1 && *receivers <= 1);
        }
        for (thread, kind, since) in &chunk.waiting {
            let start = before.iter().rfind(|it| it.thread == *thread).unwrap();
            assert_eq!((start.kind, start.time, start.length), (*kind, *since, None));
        }
        assert!(chunk.alive.iter().all(|thread| before.iter().any(|it| it.thread == *thread)));
    }
}
