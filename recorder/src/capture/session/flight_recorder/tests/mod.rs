//! Tests that blocks which refer to evicted ones can still be read, and that memory is bounded.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::*;
use crate::analysis::analyse;
use crate::capture::session::recording_writer::append_record;
use crate::reading::catalog::{
    CallsiteIndex, ChannelIndex, EndpointIndex, PlaceIndex, ProcessIndex, ThreadOutcome,
};
use crate::reading::{self, Recording};
use crate::terminal::cancel::Watch;
use format::{Event, OperationKind};

mod made_up_programs;

const SITE: Event<'_> = Event::Site { site: 1, line: 14, column: 5, file: "src/main.rs" };
const STARTED: Event<'_> = Event::ProcessStarted {
    pid: 1,
    parent: 0,
    ticks: 0,
    monotonic_ns: 0,
    wall_ns: 0,
    executable: "",
    arguments: "",
};

type Block = (BlockHeader, Vec<u8>);

fn block(thread: u32, sequence: u64, events: &[Event<'_>]) -> Block {
    block_at(100, thread, sequence, events)
}

/// A block whose first record has this time.
fn block_at(time: u64, thread: u32, sequence: u64, events: &[Event<'_>]) -> Block {
    let mut records = Vec::new();
    for (time, event) in (time..).zip(events) {
        append_record(&mut records, time, event);
    }
    (BlockHeader { thread, sequence, ..BlockHeader::default() }, records)
}

fn packed((header, records): &Block) -> Vec<u8> {
    let mut block = Vec::new();
    Packer::new().block(header, records, &mut block);
    block
}

fn started(os_id: u64, name: &str) -> Event<'_> {
    Event::ThreadStarted { os_id, name }
}

fn operation(kind: OperationKind, subject: u32) -> Event<'static> {
    Event::Operation { kind, endpoint: subject, site: 1, detail: 0 }
}

fn spawn(thread: u32) -> Event<'static> {
    operation(OperationKind::Spawn, thread)
}

fn created(channel: u32, [sender, receiver]: [u32; 2], name: &str) -> Event<'_> {
    let (site, bound, message_type) = (1, 4, "i32");
    Event::ChannelCreated { channel, sender, receiver, site, bound, message_type, name }
}

fn cloned(sender: u32, from: u32) -> Event<'static> {
    Event::SenderCloned { sender, from, site: 0 }
}

fn dropped(endpoint: u32) -> Event<'static> {
    Event::SenderDropped { endpoint }
}

fn primitive(primitive: u32, kind: u32, size: u64, value_type: &str) -> Event<'_> {
    Event::PrimitiveSeen { primitive, kind, site: 1, size, value_type }
}

/// A flight recorder that has evicted these blocks.
fn evicted(blocks: &[Block]) -> FlightRecorder {
    let mut recorder = FlightRecorder::new(Duration::MAX, 0);
    blocks.iter().for_each(|(header, records)| recorder.add(header, records));
    recorder.evict();
    recorder
}

/// The recording of a flight recorder with `rest` as its newest blocks, and then `more`.
fn recording(recorder: &FlightRecorder, rest: &[Vec<u8>], more: &[Block]) -> Recording {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = RecordingWriter::new(folder.path()).unwrap();
    recorder.write(rest, &mut writer).unwrap();
    for (header, records) in more {
        match (header.thread, header.sequence) {
            // Of the recorder, after the facts in evicted blocks.
            (0, 1..) => writer.add_process_block(header.process, records),
            _ => writer.add(header, records).unwrap(),
        }
    }
    writer.flush().unwrap();
    writer.into_recording(&Watch::default()).unwrap()
}

/// The recording of all of these blocks.
fn whole(blocks: &[Block]) -> Recording {
    let mut bytes = format::file_header().to_vec();
    bytes.extend(blocks.iter().flat_map(packed));
    Recording::from_bytes(bytes).unwrap()
}

/// The name of each channel, with the number of its senders at the end and the names of those that
/// are known.
fn senders(recording: &Recording) -> BTreeMap<&str, (u64, Vec<&str>)> {
    let analysis = analyse(recording).unwrap();
    let catalog = &recording.catalog;
    let channels = catalog.channels.iter_enumerated().map(|(index, channel)| {
        let live = analysis.live_senders(index);
        let names = live.filter_map(|sender| catalog.endpoints[sender].name.as_deref());
        (&*channel.label, (analysis.state.channels[index].senders, names.collect()))
    });
    channels.collect()
}

#[test]
fn later_blocks_keep_the_names_and_sites_of_evicted_ones() {
    let callsite =
        Event::Callsite { callsite: 1, level: 2, site: 1, target: "pool", name: "handle" };
    let main = [
        started(1, "main"),
        SITE,
        created(1, [5, 6], "jobs"),
        primitive(7, 1, 0, "a::Jobs"),
        primitive(8, 4, 3, ""),
        Event::PrimitiveNamed { primitive: 8, name: "phase" },
        callsite,
        Event::EndpointNamed { endpoint: 5, name: "to worker" },
        spawn(2),
        spawn(3),
    ];
    let recorder = evicted(&[
        block(3, 0, &[started(3, ""), Event::ThreadEnded {}]),
        block(1, 0, &main),
        block(2, 0, &[started(2, ""), Event::Returned { panicked: 1 }]),
    ]);
    let more = [
        block(0, 0, &[STARTED]),
        block(1, 1, &[Event::Paused {}]),
        block(2, 1, &[Event::ThreadEnded {}]),
    ];
    let recording = recording(&recorder, &[], &more);
    assert_eq!(recording.damage, []);
    let catalog = &recording.catalog;
    let threads: Vec<_> =
        catalog.threads.iter().map(|thread| (thread.name.as_str(), thread.outcome)).collect();
    let panicked = Some(ThreadOutcome::Panicked);
    assert_eq!(threads, [("main", None), ("thread 2 @ main.rs:14", panicked)]);
    let labels: Vec<_> = catalog.primitives.iter().map(|of| of.label.as_str()).collect();
    assert_eq!(labels, ["Mutex<Jobs> @ main.rs:14", "phase"]);
    assert_eq!(catalog.callsites[CallsiteIndex::from(0)].name, "handle");
    assert_eq!(catalog.channels[ChannelIndex::from(0)].label, "jobs");
    assert_eq!(senders(&recording)["jobs"], (1, vec!["to worker"]));
}

#[test]
fn facts_about_ended_threads_and_dead_channels_are_not_written() {
    let recorder = evicted(&[
        block(2, 0, &[started(2, ""), dropped(1), dropped(3), Event::ThreadEnded {}]),
        block(
            1,
            0,
            &[
                started(1, "main"),
                SITE,
                spawn(2),
                created(1, [1, 2], "dead"),
                cloned(3, 1),
                Event::ReceiverDropped { endpoint: 2 },
                created(2, [4, 5], "alive"),
            ],
        ),
    ]);
    let recording = recording(&recorder, &[], &[]);
    let records = recording.blocks().flat_map(|block| {
        let (_, records) = block.unwrap();
        let mut names = Vec::new();
        let mut rest = &records[..];
        while let Ok(record) = format::decode(rest) {
            names.push(record.event.name());
            rest = &rest[record.length..];
        }
        names
    });
    assert!(records.eq(["Forgotten", "Site", "ChannelCreated"]));
    assert!(senders(&recording).keys().eq(&["alive"]));
}

#[test]
fn a_thread_that_records_after_its_end_keeps_its_name() {
    let mut recorder = evicted(&[
        block(1, 0, &[started(1, "main"), SITE, spawn(2)]),
        block(2, 0, &[started(2, ""), Event::ThreadEnded {}]),
    ]);
    recorder.max_bytes = 1 << 20;
    let rest = [block(0, 0, &[STARTED]), block(2, 1, &[dropped(1)])];
    let recording = recording(&recorder, &rest.each_ref().map(packed), &[]);
    assert_eq!(recording.damage, []);
    let names: Vec<_> = recording.catalog.threads.iter().map(|thread| &*thread.name).collect();
    assert_eq!(names, ["thread 2 @ main.rs:14"]);
}

#[test]
fn records_about_an_endpoint_can_be_evicted_in_any_order() {
    let blocks = [
        block_at(100, 1, 0, &[started(1, "main"), SITE, created(1, [1, 2], "jobs")]),
        block_at(200, 1, 1, &[cloned(3, 1), Event::EndpointNamed { endpoint: 3, name: "third" }]),
        block_at(300, 2, 0, &[started(2, "worker"), dropped(1)]),
        block_at(400, 3, 0, &[started(3, "other"), dropped(3)]),
    ];
    let orders: [&[usize]; 8] =
        [&[], &[0], &[2], &[2, 0], &[3, 0], &[3, 0, 1], &[3, 2, 0, 1], &[0, 1, 3]];
    for order in orders {
        let is_evicted = |at: &usize| order.contains(at);
        let of =
            |indices: &[usize]| indices.iter().map(|&at| blocks[at].clone()).collect::<Vec<_>>();
        for (length, expected) in [(3, (1, vec!["third"])), (4, (0, vec![]))] {
            let order: Vec<_> = order.iter().copied().filter(|&at| at < length).collect();
            let kept: Vec<_> = (0..length).filter(|at| !is_evicted(at)).collect();
            let rest = [packed(&block(0, 0, &[STARTED]))];
            let recording = recording(&evicted(&of(&order)), &rest, &of(&kept));
            assert_eq!(recording.damage, []);
            assert_eq!(senders(&recording)["jobs"], expected, "{order:?}");
        }
    }
}

#[test]
fn a_late_block_is_evicted_before_newer_ones_of_its_thread() {
    let mut recorder = FlightRecorder::new(Duration::MAX, 1 << 20);
    for (thread, sequence) in [(1, 0), (1, 2), (2, 5), (1, 3), (1, 1), (2, 4), (1, 2)] {
        let (header, records) = block(thread, sequence, &[started(0, "")]);
        recorder.add(&header, &records);
    }
    let order = |recorder: &FlightRecorder| -> Vec<_> {
        recorder.blocks.keys().map(|(_, (_, thread, sequence))| (*thread, *sequence)).collect()
    };
    assert_eq!(order(&recorder), [(1, 0), (1, 1), (1, 2), (2, 4), (2, 5), (1, 3)]);
    recorder.max_bytes = recorder.bytes / 2;
    recorder.evict();
    let has_later = |thread, sequence| {
        recorder.evicted.has_later(&BlockHeader { thread, sequence, ..BlockHeader::default() })
    };
    assert!(has_later(1, 2) && !has_later(1, 3) && !has_later(2, 0));
    assert_eq!(order(&recorder), [(2, 4), (2, 5), (1, 3)]);
    assert_eq!(recorder.arrivals.len(), 3);
}

#[test]
fn a_block_that_comes_after_later_ones_were_evicted_is_evicted_at_once() {
    let create = [started(1, "main"), SITE, created(1, [1, 2], "jobs")];
    let mut recorder = evicted(&[block(1, 1, &[])]);
    recorder.max_bytes = 1 << 20;
    let (header, records) = block(1, 0, &create);
    recorder.add(&header, &records);
    assert_eq!((recorder.blocks.len(), recorder.bytes), (0, 0));
    let more = [block(0, 0, &[STARTED]), block(1, 2, &[Event::Paused {}])];
    let recording = recording(&recorder, &[], &more);
    assert_eq!(recording.damage, []);
    assert!(senders(&recording).contains_key("jobs"));
}

#[test]
fn the_size_limit_includes_blocks_that_were_not_drained() {
    let packed = |thread, sequence, name| packed(&block(thread, sequence, &[started(0, name)]));
    // Blocks that their threads had to write themselves come after newer ones.
    let rest = [
        packed(0, 0, "process"),
        packed(1, 3, "newest"),
        packed(2, 9, "newest"),
        packed(1, 1, "oldest"),
        packed(1, 2, "older"),
        packed(2, 8, "older"),
    ];
    let bytes = rest[0].len() as u64;
    assert!(rest.iter().all(|block| block.len() as u64 == bytes));
    for (room, kept) in [(6, "11 12 13 28 29"), (4, "13 28 29"), (3, "13 29"), (0, "")] {
        let recorder = FlightRecorder::new(Duration::MAX, room * bytes);
        let recording = recording(&recorder, &rest, &[]);
        let blocks: Vec<_> = recording.blocks().map(|block| block.unwrap().0).collect();
        let found: Vec<_> = blocks
            .iter()
            .filter(|header| header.thread != 0)
            .map(|header| format!("{}{}", header.thread, header.sequence))
            .collect();
        assert_eq!(found.join(" "), kept, "room for {room}");
        assert!(blocks.iter().any(|header| header.thread == 0));
    }
}

#[test]
fn observations_are_evicted_like_blocks_but_for_the_last_of_each_process() {
    let observation = |monotonic_ns| {
        let mut records = Vec::new();
        append_record(&mut records, 0, &Event::ThreadsCounted { monotonic_ns, threads: 0 });
        records
    };
    let size = observation(0).len() as u64;
    for (room, kept) in [(10, [3, 2]), (3, [2, 1]), (0, [1, 1])] {
        let mut recorder = FlightRecorder::new(Duration::MAX, room * size);
        for (process, time) in [(0, 10), (1, 20), (0, 30), (1, 40), (0, 50)] {
            recorder.add_observation(process, observation(time));
        }
        let recording = recording(&recorder, &[], &[]);
        let blocks = recording.blocks().map(|block| block.unwrap().0.process);
        let blocks: Vec<_> = blocks.collect();
        let count = |process| blocks.iter().filter(|&&it| it == process).count();
        assert_eq!([count(0), count(1)], kept, "room for {room}");
        let last = recording.catalog.processes.iter();
        let last = last.map(|process| process.last_observation.as_ref().unwrap().time.get());
        assert_eq!(last.collect::<Vec<_>>(), [50, 40]);
    }
    let mut recorder = FlightRecorder::new(Duration::ZERO, u64::MAX);
    recorder.add_observation(0, observation(10));
    recorder.add_observation(0, observation(20));
    std::thread::sleep(Duration::from_millis(1));
    recorder.evict();
    assert_eq!(recorder.bytes, size);
}

#[test]
fn memory_does_not_grow_with_the_length_of_the_run() {
    const ROUNDS: u32 = 12_000;
    const PRIMITIVES: u32 = 8;
    let mut recorder = FlightRecorder::new(Duration::MAX, 0);
    let mut add = |thread, sequence, events: &[Event<'_>]| {
        let (header, records) = block(thread, sequence, events);
        recorder.add(&header, &records);
        recorder.evict();
        recorder.evicted.len()
    };
    add(1, 0, &[SITE, created(1, [1, 2], "long-lived"), primitive(1, 1, 0, "Always")]);
    let mut max = 0;
    for round in 1..ROUNDS {
        let [clone, sender, receiver] = [3 * round, 3 * round + 1, 3 * round + 2];
        let thread = round + 1;
        let mut main = vec![
            SITE,
            // Each clones the one before.
            cloned(clone, if round == 1 { 1 } else { clone - 3 }),
            created(round + 1, [sender, receiver], "short-lived"),
            Event::EndpointNamed { endpoint: sender, name: "sender" },
            spawn(thread),
            operation(OperationKind::Lock, 1),
        ];
        main.extend((0..PRIMITIVES).map(|index| primitive(PRIMITIVES * round + index, 1, 0, "")));
        let worker = [
            started(round.into(), "worker"),
            dropped(sender),
            Event::ReceiverDropped { endpoint: receiver },
            dropped(clone),
            Event::ThreadEnded {},
        ];
        // The records of the thread are evicted before the spawn.
        add(thread, 0, &worker);
        max = add(1, round.into(), &main).max(max);
    }
    assert!(max < 200_000, "{max}");
    assert!(recorder.arrivals.is_empty());

    let last = block(1, ROUNDS.into(), &[cloned(3 * ROUNDS, 3 * ROUNDS - 3)]);
    let recording = recording(&recorder, &[], &[last]);
    let catalog = &recording.catalog;
    let channels: Vec<_> = catalog.channels.iter().map(|channel| &*channel.label).collect();
    assert_eq!(channels, ["long-lived"]);
    assert_eq!(senders(&recording)["long-lived"].0, 2);
    assert!(catalog.primitives.iter().any(|primitive| primitive.value_type == "Always"));
    assert!(catalog.endpoints.len() < 5_000 && catalog.primitives.len() < 70_000);
}

/// Splits a block into blocks of this many records, and numbers them from `sequence` on.
fn split((header, records): &Block, max_records: usize, sequence: &mut u64) -> Vec<Block> {
    let (mut sites, mut blocks) = (Vec::new(), Vec::new());
    let mut rest = &records[..];
    while !rest.is_empty() {
        let mut records = sites.clone();
        for _ in 0..max_records {
            let Ok(record) = format::decode(rest) else { break };
            let (bytes, after) = rest.split_at(record.length);
            records.extend_from_slice(bytes);
            if matches!(record.event, Event::Site { .. }) {
                sites.extend_from_slice(bytes);
            }
            rest = after;
        }
        blocks.push((BlockHeader { sequence: *sequence, ..*header }, records));
        *sequence += 1;
    }
    blocks
}

/// The blocks of a recording, each with this many records: those about the process, and those of
/// its threads in the order in which they become full.
fn blocks_of(recording: &Recording, max_records: usize) -> (Vec<Block>, Vec<Block>) {
    let mut sequences: HashMap<_, u64> = HashMap::new();
    let blocks = recording.blocks().flat_map(|block| {
        let block = block.unwrap();
        let owner = (block.0.process, block.0.thread);
        split(&block, max_records, sequences.entry(owner).or_default())
    });
    let (about, mut blocks): (Vec<_>, Vec<_>) = blocks.partition(|(header, _)| header.thread == 0);
    blocks.sort_by_key(|(_, records)| {
        let mut last = 0;
        let mut rest = &records[..];
        while let Ok(record) = format::decode(rest) {
            // Records that describe others have no time.
            (last, rest) = (last.max(record.time), &rest[record.length..]);
        }
        last
    });
    (about, blocks)
}

#[test]
fn recordings_of_real_programs_lose_nothing_but_old_events() {
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces/gallery");
    let files = fs::read_dir(gallery).unwrap().map(|entry| entry.unwrap().path());
    let mut evicts_packed_block = false;
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "rec")) {
        let original = Recording::open(&path).unwrap();
        // Long blocks are packed.
        for max_records in [12, 1_000] {
            let (about, blocks) = blocks_of(&original, max_records);
            let whole = whole(&[&*about, &blocks].concat());
            for share in 0..4 {
                let (old, new) = blocks.split_at(blocks.len() * share / 4);
                evicts_packed_block |= old.iter().any(|block| header(&packed(block)).packed);
                let recent = recording(&evicted(old), &[], &[&*about, new].concat());
                assert_eq!(recent.damage, [], "{path:?}");
                assert_same_facts(&recent, &whole);
                assert_same_events(&recent, &whole, &[]);
            }
        }
    }
    assert!(evicts_packed_block);
}

/// Asserts that the facts about the threads, primitives and callsites of a recording are those of
/// another, which has more events.
fn assert_same_facts(recent: &Recording, whole: &Recording) {
    let place = |recording: &Recording, place: Option<PlaceIndex>| {
        place.map(|place| recording.catalog.places[place].clone())
    };
    let thread = |recording: &Recording, number| {
        let thread = recording.catalog.thread_with_number(ProcessIndex::from(0), number).unwrap();
        let thread = &recording.catalog.threads[thread];
        let spawned = thread.spawned.map(|spawned| place(recording, spawned.place));
        (thread.os_id, thread.name.clone(), thread.outcome, spawned)
    };
    for facts in &recent.catalog.threads {
        assert_eq!(thread(recent, facts.number), thread(whole, facts.number));
    }
    let primitives = |recording: &Recording| {
        let primitives = recording.catalog.primitives.iter();
        let facts = primitives.map(|facts| (facts.label.clone(), facts.kind, facts.size));
        facts.collect::<Vec<_>>()
    };
    assert_eq!(primitives(recent), primitives(whole));
    let callsites = |recording: &Recording| {
        let callsites = recording.catalog.callsites.iter();
        let facts = callsites.map(|facts| {
            let name = (facts.target.clone(), facts.name.clone());
            (facts.level, place(recording, facts.place), name)
        });
        facts.collect::<Vec<_>>()
    };
    assert_eq!(callsites(recent), callsites(whole));
}

/// Asserts that the events of each thread of a recording are the last that it has in another. Those
/// about `lost` channels are not compared.
fn assert_same_events(recent: &Recording, whole: &Recording, lost: &[&str]) {
    for thread in &recent.catalog.threads {
        let events = [recent, whole].map(|recording| events(recording, thread.number));
        for (recent, whole) in events[0].iter().rev().zip(events[1].iter().rev()) {
            let is_lost =
                whole.as_ref().is_some_and(|it| lost.iter().any(|lost| it.contains(lost)));
            assert!(is_lost || recent == whole, "{recent:?} {whole:?}");
        }
        assert!(events[0].len() <= events[1].len());
    }
}

/// What an event of a thread is about, or `None` where that is not known.
fn describe(recording: &Recording, event: &reading::Event) -> Option<String> {
    let catalog = &recording.catalog;
    let endpoint = |endpoint: Option<EndpointIndex>| {
        let facts = &catalog.endpoints[endpoint?];
        let channel = &catalog.channels[facts.channel].label;
        Some(format!("{:?} {:?} of {channel}", facts.side, facts.name))
    };
    match *event {
        reading::Event::Operation(operation) => {
            let place = operation.place.map(|place| catalog.places[place].to_string());
            let subject = endpoint(operation.endpoint)?;
            Some(format!("{:?} on {subject} at {place:?}", operation.call))
        }
        reading::Event::ChannelCreated { channel, place } => {
            let place = place.map(|place| catalog.places[place].to_string());
            Some(format!("made {} at {place:?}", catalog.channels[channel].label))
        }
        reading::Event::SenderCloned { sender, from, .. } => {
            Some(format!("cloned {} to {}", endpoint(from)?, endpoint(sender)?))
        }
        reading::Event::SenderDropped { sender: of } => Some(format!("dropped {}", endpoint(of)?)),
        reading::Event::ReceiverDropped { receiver: of } => {
            Some(format!("dropped {}", endpoint(of)?))
        }
        _ => None,
    }
}

/// The events of a thread, each with what it is about.
fn events(recording: &Recording, thread: u32) -> Vec<Option<String>> {
    let mut described = Vec::new();
    if let Some(thread) = recording.catalog.thread_with_number(ProcessIndex::from(0), thread) {
        let events = recording.events(thread);
        events.for_each(|_, event| described.push(describe(recording, event))).unwrap();
    }
    described
}

#[test]
fn a_recording_is_complete_from_the_last_evicted_record_on() {
    let sends = |count| vec![operation(OperationKind::Send, 1); count];
    let pass = |blocks: &[Block]| {
        let more = [
            block(0, 0, &[STARTED]),
            block_at(50, 2, 0, &[started(2, "worker"), spawn(3)]),
            block_at(900, 1, 1, &sends(3)),
        ];
        recording(&evicted(blocks), &[], &more).catalog.complete_from.get()
    };
    // Times count from the first event that is left.
    let main = block_at(100, 1, 0, &sends(400));
    assert_eq!(pass(std::slice::from_ref(&main)), 499 - 50);
    // A thread that has ended is forgotten, but its events are missing nevertheless.
    let short = block_at(600, 3, 0, &[started(3, "short"), Event::ThreadEnded {}]);
    assert_eq!(pass(&[main, short.clone()]), 601 - 50);
    let more =
        [block(0, 0, &[STARTED]), block_at(50, 2, 0, &[started(2, "worker"), SITE, spawn(3)])];
    let only_ended = recording(
        &evicted(&[short]),
        &[],
        &[more[0].clone(), more[1].clone(), block_at(900, 2, 1, &sends(1))],
    );
    assert_eq!(only_ended.catalog.complete_from.get(), 601 - 50);
    assert!(only_ended.catalog.processes[ProcessIndex::from(0)].is_truncated);
}
