use std::fs;
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use format::{BlockHeader, FILE_HEADER_BYTES};
use proptest::prelude::*;
use recorder::reading::{Damage, Event, Input, Recording};
use recorder::report::Report;
use recorder::report::json::Document;
use recorder::report::summary::Summary;
use recorder::terminal::cancel::Watch;
use tempfile::TempDir;

use crate::exported::exports_with_findings;
use crate::invariants::events_of;
use crate::shorthand::{bytes, items, moved, timeline};

/// A recording with all kinds of events: two processes, threads with several blocks, waits
/// that end and some that do not.
fn sample() -> Vec<u8> {
    bytes(SAMPLE)
}

/// The same of another run, on a machine that was started later.
fn another() -> Vec<u8> {
    let text = SAMPLE.replace("pid=50", "pid=70").replace("pid=60", "pid=80");
    bytes(&text.replace("wall_ns=7", "wall_ns=700000000"))
}

const SAMPLE: &str =
    "block process=0 thread=0 sequence=0 dropped=0
     5000 ProcessStarted pid=50 parent=1 ticks=5000 monotonic_ns=900 wall_ns=7 executable=\"/bin/one\" arguments=\"one -v\"
     block process=0 thread=1 sequence=0 dropped=0
     5001 ThreadStarted os_id=50 name=\"main\"
     5001 Clock monotonic_ns=901
     5002 Site site=1 line=14 column=5 file=\"src/main.rs\"
     5002 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=1 message_type=\"i32\" name=\"jobs\"
     5003 ChannelCreated channel=2 sender=3 receiver=4 site=1 bound=0 message_type=\"u8\" name=\"\"
     5004 SenderCloned sender=5 from=1 site=1
     5010 Send endpoint=1 site=1 detail=1099511627777
     5020 SendBegin 1 @1.2
     block process=0 thread=1 sequence=1 dropped=0
     5045 SendEnd 1 @1.2
     5050 SenderDropped endpoint=1
     5060 Recv 4 @2.1
     block process=0 thread=1 sequence=2 dropped=2
     5070 RecvTimeoutBegin 4 20
     5091 RecvTimeoutExpired 4
     5100 RecvBegin 4
     block process=0 thread=2 sequence=0 dropped=0
     5008 ThreadStarted os_id=51 name=\"worker\"
     5030 Recv 2 @1.1
     5040 RecvBegin 2
     5041 RecvEnd 2 @1.2
     5055 SendBegin 3 @2.1
     5062 SendEnd 3 @2.1
     5080 ReceiverDropped endpoint=2
     5081 ThreadEnded
     block process=1 thread=0 sequence=0 dropped=0
     9000 ProcessStarted pid=60 parent=50 ticks=9000 monotonic_ns=950 wall_ns=7 executable=\"/bin/two\" arguments=\"\"
     9000 ProcessEnded monotonic_ns=1200 code=1 signal=0
     9000 ThreadsCounted monotonic_ns=1100 threads=2
     9000 ThreadObserved os_id=60 monotonic_ns=1100 state=1 syscall=4294967295 on_cpu_ns=5 ready_ns=6 started_ns=940 name=\"two\" detail=\"runs\"
     9000 ThreadObserved os_id=61 monotonic_ns=1100 state=2 syscall=0 on_cpu_ns=5 ready_ns=6 started_ns=0 name=\"input\" detail=\"in read\"
     9000 Executable hash=1 bytes=2 path=\"/bin/two\"
     block process=1 thread=1 sequence=0 dropped=0
     9001 ThreadStarted os_id=60 name=\"main\"
     9002 channel jobs 1 2
     9010 TrySend 1 @1.1
     9020 Send 1 @1.2
     9030 TryRecv 2 @1.1
     9040 ReceiverCloned receiver=3 from=2 site=0
     9041 TaskSpawned task=1 by=0 site=0 name=\"accept\"
     9042 TaskResumed task=1
     9043 SelectArm endpoint=3 arm=0 message=0
     9044 SelectArm endpoint=1 arm=1 message=1099511627779
     9045 SelectTimeoutBegin 0 100
     9046 SelectEnd 3
     9047 Recv 3 @1.2
     9048 TaskSuspended task=1
     9049 TaskEnded task=1
     block process=1 thread=2 sequence=0 dropped=0
     9003 PrimitiveSeen primitive=1 kind=1 site=0 size=0 value_type=\"u8\"
     9004 PrimitiveSeen primitive=2 kind=4 site=0 size=2 value_type=\"\"
     9005 PrimitiveNamed primitive=1 name=\"state\"
     9006 Callsite callsite=1 level=3 site=0 target=\"pool\" name=\"handle\"
     9007 SpanEntered callsite=1 span=1 fields=\"id=7\"
     9008 Lock 1 @1.1
     9010 Logged callsite=1 message=\"done\"
     9015 Unlock 1 @1.1
     9016 CondvarWaitBegin 1 @1.1
     9020 CondvarWaitEnd 1 1
     9022 BarrierWaitBegin 2 1
     9024 BarrierWaitEnd 2 1
     9026 InitializeBegin 1
     9027 Initializer 1
     9028 InitializeEnd 1
     9029 SpanExited span=1
     9031 EndpointNamed endpoint=1 name=\"first\"
     9032 Value message=2199023255553 value=\"7\"
     9033 Send 1 @2.1
     9035 Panicked line=3 column=9 file=\"src/main.rs\" message=\"boom\"
     9036 Returned panicked=1";

/// Does everything that can be done with a recording, if it is one.
fn look_at(bytes: Vec<u8>) -> Option<Recording> {
    let recording = Recording::from_bytes(bytes).ok()?;
    look_into(&recording);
    Some(recording)
}

/// Does everything that can be done with a recording.
fn look_into(recording: &Recording) {
    items(recording);
    let said: Vec<_> = recording.damage.iter().map(Damage::to_string).collect();
    assert!(said.iter().all(|damage| !damage.is_empty()));
    let report = Report::new(recording).expect("the recording can be read");
    assert!(!Summary::new(&report).to_string().is_empty());
    assert!(!report.to_string().is_empty());
    let document = serde_json::to_string(&Document::new(&report)).expect("a report is JSON");
    assert_eq!(Document::parse(&document).ok(), Some(Document::new(&report)));
    let (json, _) = exports_with_findings(recording);
    serde_json::from_slice::<serde_json::Value>(&json).expect("the trace is JSON");
    for block in recording.blocks() {
        let (_, mut records) = block.expect("the block can be read");
        while !records.is_empty() {
            let record = format::decode(&records).expect("what is there can be read");
            records.drain(..record.length);
        }
    }
}

/// Looks at each of the recordings, names the first that makes the recorder panic, and does
/// not wait for ever for one that makes it turn in a circle.
fn look_at_all<N: std::fmt::Debug + Send + 'static>(
    recordings: impl Iterator<Item = (N, Vec<u8>)> + Send + 'static,
) {
    let (begin, begun) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for (name, bytes) in recordings {
            begin.send(format!("{name:?}")).expect("the test waits");
            let done = panic::catch_unwind(AssertUnwindSafe(|| drop(look_at(bytes)))).is_ok();
            tell.send(done).expect("the test waits");
        }
    });
    for name in begun {
        let done = told.recv_timeout(Duration::from_secs(60));
        assert_eq!(done, Ok(true), "at {name}");
    }
}

/// The events of each thread, by process and number.
fn events(recording: &Recording) -> Vec<((u32, u32), Vec<Event>)> {
    let threads = recording.catalog.threads.iter_enumerated();
    let mut all: Vec<_> = threads
        .map(|(index, thread)| {
            let process = recording.catalog.processes[thread.process].number;
            let events = events_of(recording, index).into_iter().map(|(_, event)| event);
            ((process, thread.number), events.collect())
        })
        .collect();
    all.sort_by_key(|(thread, _): &(_, Vec<_>)| *thread);
    all
}

/// Where the blocks are, header and padding included, and where their records.
fn blocks(bytes: &[u8]) -> Vec<(Range<usize>, Vec<Range<usize>>)> {
    let mut blocks = Vec::new();
    let mut at = FILE_HEADER_BYTES;
    while at < bytes.len() {
        let header = bytes[at..].first_chunk().expect("a header follows");
        let header = BlockHeader::decode(header).expect("it is one").expect("a block begins");
        let mut record_at = at + BlockHeader::BYTES;
        let end = record_at + header.committed as usize;
        let mut records = Vec::new();
        while record_at < end {
            let record = format::decode(&bytes[record_at..end]).expect("a record follows");
            records.push(record_at..record_at + record.length);
            record_at += record.length;
        }
        blocks.push((at..at + header.stride as usize, records));
        at += header.stride as usize;
    }
    blocks
}

/// Whether the record is read as an event of its thread.
fn is_event(bytes: &[u8]) -> bool {
    let record = format::decode(bytes).expect("a record follows");
    matches!(
        record.event,
        format::Event::Operation { .. }
            | format::Event::ChannelCreated { .. }
            | format::Event::SenderCloned { .. }
            | format::Event::ReceiverCloned { .. }
            | format::Event::SelectArm { .. }
            | format::Event::TaskSpawned { .. }
            | format::Event::TaskResumed { .. }
            | format::Event::TaskSuspended { .. }
            | format::Event::TaskEnded { .. }
            | format::Event::SenderDropped { .. }
            | format::Event::ReceiverDropped { .. }
            | format::Event::ThreadEnded {}
            | format::Event::Returned { .. }
            | format::Event::Panicked { .. }
            | format::Event::Value { .. }
            | format::Event::SpanEntered { .. }
            | format::Event::SpanExited { .. }
            | format::Event::Logged { .. }
    )
}

#[test]
fn a_truncated_recording_holds_everything_before_the_cut() {
    let whole = sample();
    let all = events(&Recording::from_bytes(whole.clone()).unwrap());
    let blocks = blocks(&whole);
    for length in 1..whole.len() {
        let recording = look_at(whole[..length].into()).unwrap();

        // The header or the record that is cut, or the end if it lies between two records.
        let cut = blocks.iter().find_map(|(block, records)| {
            let header = block.start..block.start + BlockHeader::BYTES;
            let torn = |range: &Range<usize>| range.start < length && length < range.end;
            let end = records.last().map_or(header.end, |record| record.end);
            let in_block = header.end <= length && length < end;
            let torn_record = records.iter().find(|record| torn(record));
            if torn(&header) {
                Some(header.start)
            } else {
                torn_record.map(|record| record.start).or(in_block.then_some(length))
            }
        });
        let cut = if length < FILE_HEADER_BYTES { Some(0) } else { cut };
        let truncated =
            cut.map(|at| Damage::Unreadable(format::Error::Truncated { offset: at as u64 }));
        assert_eq!(recording.damage, Vec::from_iter(truncated.clone()), "at {length}");
        if let (Some(at), Some(damage)) = (cut, truncated) {
            assert!(!damage.is_malformed());
            assert_eq!(damage.to_string(), format!("truncated at byte {at}"));
        }

        let records = blocks.iter().flat_map(|(_, records)| records);
        let there =
            records.filter(|record| record.end <= length && is_event(&whole[(*record).clone()]));
        let read = events(&recording);
        assert_eq!(
            read.iter().map(|(_, events)| events.len()).sum::<usize>(),
            there.count(),
            "at {length}"
        );
        for (thread, read) in read {
            let (_, all) = all.iter().find(|of| of.0 == thread).unwrap();
            let kinds =
                |events: &[Event]| Vec::from_iter(events.iter().map(std::mem::discriminant));
            assert_eq!(kinds(&read), kinds(&all[..read.len()]));
        }
    }
}

#[test]
fn a_flipped_bit_does_not_panic() {
    let whole = sample();
    // One of each byte, among which is every bit of one, is quick enough.
    look_at_all((0..whole.len() * 8).step_by(7).map(move |bit| {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        (bit, bytes)
    }));
}

/// What can happen to a recording.
#[derive(Clone, Debug)]
enum Harm {
    Overwrite(prop::sample::Index, Vec<u8>),
    Duplicate(prop::sample::Index),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
}

impl Harm {
    fn any() -> impl Strategy<Value = Self> {
        let index = any::<prop::sample::Index>;
        let byte = prop_oneof![Just(0), Just(0xff), any::<u8>()];
        prop_oneof![
            6 => (index(), prop::collection::vec(byte, 1..16)).prop_map(|(at, bytes)| Harm::Overwrite(at, bytes)),
            1 => index().prop_map(Harm::Duplicate),
            1 => index().prop_map(Harm::Remove),
            1 => index().prop_map(Harm::Cut),
        ]
    }

    fn befall(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let blocks = blocks(&sample());
        let here = |index: &prop::sample::Index, bytes: &Vec<u8>| {
            let (block, _) = index.get(&blocks).clone();
            block.start.min(bytes.len())..block.end.min(bytes.len())
        };
        match self {
            Harm::Overwrite(at, new) => {
                let at = at.index(bytes.len());
                for (old, new) in bytes[at..].iter_mut().zip(new) {
                    *old = *new;
                }
            }
            Harm::Duplicate(index) => bytes.extend_from_within(here(index, bytes)),
            Harm::Remove(index) => drop(bytes.drain(here(index, bytes))),
            Harm::Cut(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
}

proptest! {
    #[test]
    fn a_damaged_recording_does_not_panic(harms in prop::collection::vec(Harm::any(), 1..8)) {
        let mut bytes = sample();
        for harm in &harms {
            harm.befall(&mut bytes);
        }
        look_at_all(std::iter::once((harms, bytes)));
    }

    #[test]
    fn a_damaged_recording_beside_another_does_not_panic(harms in prop::collection::vec(Harm::any(), 0..8)) {
        let mut harmed = another();
        harms.iter().for_each(|harm| harm.befall(&mut harmed));
        for two in [[sample(), harmed.clone()], [harmed, sample()]] {
            let inputs = two.into_iter().map(Input::in_memory).collect();
            if let Ok(recording) = Recording::together(inputs, &Watch::default()) {
                look_into(&recording);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_after_the_file_header_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        look_at_all(std::iter::once(((), [&format::file_header()[..], &bytes].concat())));
    }
}

#[test]
fn the_latest_times_do_not_overflow() {
    let text = |end: u64| {
        format!(
            "block process=0 thread=0 sequence=0 dropped={end}
             0 ProcessStarted pid=1 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 executable=\"\" arguments=\"\"
             9 Clock monotonic_ns={end}
             0 ProcessEnded monotonic_ns={end} code=0 signal=0
             block process=0 thread=1 sequence={end} dropped={end}
             1 channel jobs 1 2
             9 SendBegin 1 @1.1
             9 SendEnd 1 @1.1
             9 RecvBegin 2
             block process=0 thread=2 sequence=0 dropped=0
             9 Recv 2 @1.1
             0 RecvBegin 2
             block process=0 thread=3 sequence=0 dropped=0
             0 ThreadStarted os_id={end} name=\"\"
             0 RecvBegin 2
             block process=0 thread=4 sequence=0 dropped=0
             0 ThreadStarted os_id={end} name=\"\""
        )
    };
    let recording = look_at(bytes(&text(u64::MAX))).unwrap();
    assert_eq!(recording.dropped, u64::MAX);
    look_at(bytes(&text(1 << 63))).unwrap();
}

#[test]
fn a_message_received_twice_is_shown_twice() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         100 Send 1 @1.1
         thread 2 one
         10 Recv 2 @1.1
         thread 3 two
         20 Recv 2 @1.1",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "two 20..20 recv jobs (send not recorded) depth=0",
            "main 100..100 send jobs #1 1> depth=1",
            "one 102..102 recv jobs #1 >1 depth=0 latency=2",
        ]
    );
}

#[test]
fn a_message_without_an_id_is_received_by_no_thread() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         9000 Send 1
         thread 2 worker
         10 Recv 2 @1.5
         20 Recv 2",
    );
    assert_eq!(timeline.flights, [""; 0]);
    assert_eq!(
        timeline.slices[1..],
        [
            "main 9000..9000 send jobs #1 1> depth=1",
            "worker 10..10 recv jobs (send not recorded) depth=1",
            "worker 20..20 recv jobs (send not recorded) depth=1",
        ]
    );
}

#[test]
fn missing_blocks_are_counted() {
    let damage = |text| {
        let recording = Recording::from_bytes(bytes(text)).unwrap();
        recording.damage.iter().map(Damage::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        damage(
            "block process=0 thread=1 sequence=0 dropped=0
             0 ThreadStarted os_id=5 name=\"main\"
             block process=0 thread=1 sequence=2 dropped=0
             1 TryRecvEmpty 2
             block process=0 thread=1 sequence=3 dropped=0
             2 TryRecvEmpty 2
             block process=0 thread=2 sequence=3 dropped=0
             3 TryRecvEmpty 2
             block process=7 thread=0 sequence=1 dropped=0
             4 ProcessEnded monotonic_ns=12 code=1 signal=0"
        ),
        [
            "1 block of thread \"main\" missing",
            "3 blocks of thread 2 missing",
            "1 block of process \"process 7\" missing",
        ]
    );
}

#[test]
fn the_longer_copy_of_a_block_is_used() {
    let short = "block process=0 thread=1 sequence=0 dropped=0\n0 channel jobs 1 2";
    let long = format!("{short}\n1 Send 1 @1.1");
    for text in [format!("{short}\n{long}"), format!("{long}\n{short}")] {
        let recording = Recording::from_bytes(bytes(&text)).unwrap();
        assert_eq!(recording.damage, []);
        assert_eq!(events(&recording)[0].1.len(), 2);
    }
}

#[test]
fn bytes_between_blocks_are_reported_once_and_zeros_are_padding() {
    let whole = sample();
    let (second, _) = blocks(&whole)[1].clone();
    let between = |bytes: &[u8]| {
        let parts = [&whole[..second.start], bytes, &whole[second.start..]];
        Recording::from_bytes(parts.concat()).unwrap()
    };
    let all = events(&Recording::from_bytes(whole.clone()).unwrap());
    let room = between(&[0; 640]);
    assert_eq!((&room.damage[..], events(&room)), (&[][..], all.clone()));
    let noise = between(&[7; 640]);
    assert_eq!(events(&noise), all);
    let said: Vec<_> = noise.damage.iter().map(Damage::to_string).collect();
    assert_eq!(
        said,
        [format!("malformed at byte {}: these bytes belong to no block", second.start)]
    );
}

/// The sample with a block that is large enough to be packed, after its blocks were moved.
fn moved_sample() -> Vec<u8> {
    let many = (0..200).map(|number| format!("\n{} TryRecvEmpty 2", 10_000 + number));
    let many = many.collect::<String>();
    let block = "block process=1 thread=3 sequence=0 dropped=0\n9040 ThreadStarted os_id=62 name=\"poller\"";
    let moved = moved(&bytes(&format!("{SAMPLE}\n{block}{many}")));
    assert!(moved.windows(4).any(|bytes| bytes == b"PACK"));
    moved
}

/// The headers of blocks that were moved, and where they and their contents start.
fn headers(bytes: &[u8]) -> Vec<(usize, BlockHeader)> {
    let mut headers = Vec::new();
    let mut at = FILE_HEADER_BYTES;
    while let Some(header) = bytes[at..].first_chunk() {
        let header = BlockHeader::decode(header).expect("it is a header").expect("a block begins");
        headers.push((at, header));
        at += header.stride as usize;
    }
    headers
}

#[test]
fn a_changed_byte_that_can_still_be_read_is_reported() {
    let whole = moved_sample();
    let all = events(&Recording::from_bytes(whole.clone()).unwrap());
    for (name, packed) in [("worker", false), ("poller", true)] {
        let mut damaged = whole.clone();
        let at = damaged.windows(name.len()).rposition(|bytes| bytes == name.as_bytes()).unwrap();
        damaged[at] ^= 2;
        let (block, header) = *headers(&whole).iter().rfind(|(block, _)| *block < at).unwrap();
        assert_eq!(header.packed, packed);
        let recording = Recording::from_bytes(damaged).unwrap();
        let said: Vec<_> = recording.damage.iter().map(Damage::to_string).collect();
        let mismatch = format!("malformed at byte {block}: a block's checksum does not match");
        assert_eq!(said, [mismatch]);
        assert!(recording.damage[0].is_malformed() && recording.is_incomplete());
        // Its records are read all the same.
        assert_eq!(events(&recording), all);
        assert!(recording.catalog.threads.iter().all(|thread| thread.name != name));
    }
}

#[test]
fn every_changed_byte_of_a_moved_block_is_reported() {
    let whole = moved_sample();
    assert_eq!(Recording::from_bytes(whole.clone()).unwrap().damage, []);
    for (block, header) in headers(&whole) {
        let identity = (0..32).chain(56..64);
        let content = BlockHeader::BYTES..BlockHeader::BYTES + header.committed as usize;
        for at in identity.chain(content) {
            let mut damaged = whole.clone();
            damaged[block + at] ^= 1;
            let recording = Recording::from_bytes(damaged).unwrap();
            assert_ne!(recording.damage, [], "byte {at} of the block at {block}");
        }
    }
}

#[test]
fn of_two_copies_of_a_block_the_one_that_has_not_changed_counts() {
    let whole = moved_sample();
    let (block, header) = *headers(&whole).last().unwrap();
    let copy = &whole[block..][..header.stride as usize];
    for changed in [block, whole.len()] {
        let mut bytes = [&whole[..], copy].concat();
        assert_eq!(Recording::from_bytes(bytes.clone()).unwrap().damage, []);
        bytes[changed + BlockHeader::BYTES + 100] ^= 1;
        let recording = Recording::from_bytes(bytes).unwrap();
        let what = "a block's checksum does not match";
        let error = format::Error::Malformed { offset: changed as u64, what };
        assert_eq!(recording.damage, [Damage::Unreadable(error)]);
        assert_eq!(events(&recording), events(&Recording::from_bytes(whole.clone()).unwrap()));
    }
}

#[test]
fn checksums_match_also_where_processes_get_other_numbers() {
    let inputs = [moved_sample(), moved(&another())].map(Input::in_memory);
    let recording = Recording::together(inputs.into(), &Watch::default()).unwrap();
    assert_eq!(recording.damage, []);
    assert_eq!(recording.catalog.processes.len(), 4);
}

/// The innermost error.
fn why_not(bytes: &[u8]) -> String {
    let error = Recording::from_bytes(bytes.into()).expect_err("it can be read");
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[test]
fn another_version_is_named() {
    let mut newer = sample();
    newer[8] = 5;
    assert_eq!(
        why_not(&newer),
        "recorded in format version 5, but this recorder reads 1 to 4: install a newer recorder"
    );
    newer[8] = 0;
    assert_eq!(why_not(&newer), "recorded in format version 0, but this recorder reads 1 to 4");
}

/// Files that are no recordings.
fn strangers() -> [(&'static str, Vec<u8>); 5] {
    [
        ("program", fs::read("/bin/sh").expect("every Linux has a shell")),
        ("empty", Vec::new()),
        ("image", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".into()),
        ("trace", b"[\n{\"ph\":\"M\",\"pid\":1}\n]\n".into()),
        ("text", b"channel recording\n".into()),
    ]
}

#[test]
fn a_file_of_another_kind_is_not_a_recording() {
    for (name, bytes) in strangers() {
        assert_eq!(why_not(&bytes), "not a recording", "{name}");
    }
}

/// The recorder's `export` of a file with these bytes, to all kinds of outputs.
fn recorder_export(directory: &TempDir, bytes: &[u8]) -> (Output, String) {
    fs::write(directory.path().join("run.rec"), bytes).expect("the file can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_recorder"))
        .current_dir(directory)
        .args([
            "export",
            "run.rec",
            "-o",
            "new.json",
            "-o",
            "new.pftrace",
            "-o",
            "new.txt",
            "-o",
            "new.rec",
        ])
        .output()
        .expect("the recorder runs");
    let said = String::from_utf8(output.stderr.clone()).expect("it says text");
    (output, said)
}

fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("the directory is there");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("names are text");
    let mut files: Vec<_> =
        entries.map(|entry| name(entry.expect("the directory can be read"))).collect();
    files.sort();
    files
}

#[test]
fn an_unreadable_file_is_one_line_of_error_and_no_output() {
    let mut newer = sample();
    newer[8] = 5;
    let version =
        "recorded in format version 5, but this recorder reads 1 to 4: install a newer recorder";
    let cases = strangers().map(|(_, bytes)| (bytes, "not a recording")).into_iter();
    let text = b"channel-recording version=2\nhello\n".into();
    let text = (text, "line 2: \"hello\" is neither a time nor `block`");
    for (bytes, why) in cases.chain([(newer, version), text]) {
        let directory = TempDir::new().unwrap();
        let (output, said) = recorder_export(&directory, &bytes);
        assert_eq!(output.status.code(), Some(1));
        assert!(said.starts_with(&format!("recorder: run.rec: {why}")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(files(directory.path()), ["run.rec"]);
    }
    let directory = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_recorder"))
        .current_dir(&directory)
        .args(["export", "none.rec", "-o", "new.json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "recorder: none.rec: No such file or directory (os error 2)\n"
    );
    assert_eq!(files(directory.path()), [""; 0]);
}

const ALL_FILES: [&str; 5] = ["new.json", "new.pftrace", "new.rec", "new.txt", "run.rec"];

#[test]
fn a_truncated_recording_is_exported_with_a_warning() {
    let directory = TempDir::new().unwrap();
    let (block, records) = blocks(&sample())[1].clone();
    let cut = records[2].start + 4;
    assert!(cut < block.end);
    let (output, said) = recorder_export(&directory, &sample()[..cut]);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let warning =
        format!("recorder: damaged: truncated at byte {}; the rest was read", records[2].start);
    assert_eq!(said.lines().next(), Some(&*warning));
    assert_eq!(files(directory.path()), ALL_FILES);
    // What was read is whole now.
    for file in ["new.rec", "new.txt"] {
        let recording = Recording::open(&directory.path().join(file)).unwrap();
        assert_eq!(recording.damage, []);
        assert_eq!(recording.catalog.threads.raw[0].name, "main");
    }
}

#[test]
fn a_malformed_recording_is_exported_with_a_warning_and_exit_status_1() {
    let directory = TempDir::new().unwrap();
    let (_, records) = blocks(&sample())[1].clone();
    let mut bytes = sample();
    bytes[records[2].start] = 99;
    let (output, said) = recorder_export(&directory, &bytes);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let warning = format!(
        "recorder: damaged: malformed at byte {}: no event has this code; the rest was read",
        records[2].start
    );
    assert_eq!(said.lines().next(), Some(&*warning));
    assert_eq!(files(directory.path()), ALL_FILES);
}

#[test]
fn a_changed_byte_is_a_warning_and_a_failure() {
    let directory = TempDir::new().unwrap();
    let mut bytes = moved_sample();
    let at = bytes.windows(4).rposition(|bytes| bytes == b"main").unwrap();
    bytes[at] ^= 2;
    let (block, _) = *headers(&bytes).iter().rfind(|(block, _)| *block < at).unwrap();
    let (output, said) = recorder_export(&directory, &bytes);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let warning = format!(
        "recorder: damaged: malformed at byte {block}: a block's checksum does not match; the \
         rest was read"
    );
    assert_eq!(said.lines().next(), Some(&*warning));
    assert_eq!(files(directory.path()), ALL_FILES);
}

#[test]
fn a_recording_and_its_text_make_the_same_traces() {
    let directory = TempDir::new().unwrap();
    let whole = sample();
    let (output, said) = recorder_export(&directory, &whole);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let expected = exports_with_findings(&Recording::from_bytes(whole).unwrap());
    let read = |file: &str| fs::read(directory.path().join(file)).unwrap();
    assert!((read("new.json"), read("new.pftrace")) == expected);
    for file in ["new.rec", "new.txt"] {
        let recording = Recording::open(&directory.path().join(file)).unwrap();
        assert!(exports_with_findings(&recording) == expected, "{file}");
        assert_eq!(recording.dropped, 2);
    }
}
