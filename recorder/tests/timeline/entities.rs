use format::ThreadState;
use proptest::prelude::*;
use recorder::analysis::findings::Code;
use recorder::reading::catalog::{Level, Process, ProcessIndex, ThreadIndex, ThreadOutcome};
use recorder::reading::{Error, Input, Nanos, Recording};
use recorder::report::Report;
use recorder::terminal::cancel::Watch;

use crate::shorthand::{bytes, recording, timeline, timeline_of};
use crate::simulated::{all_programs, read};

#[test]
fn an_unnamed_channel_is_named_after_its_type_and_place() {
    let timeline = timeline(
        "thread 1 main
         0 Site site=1 line=14 column=5 file=\"src/bin/hello.rs\"
         0 Site site=2 line=15 column=5 file=\"src/bin/hello.rs\"
         1 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=9 message_type=\"a::Job\" name=\"\"
         2 ChannelCreated channel=2 sender=3 receiver=4 site=1 bound=9 message_type=\"a::Job\" name=\"\"
         3 ChannelCreated channel=3 sender=5 receiver=6 site=0 bound=9 message_type=\"a::Job\" name=\"\"
         4 ChannelCreated channel=4 sender=7 receiver=8 site=7 bound=9 message_type=\"a::Job\" name=\"\"
         5 Send endpoint=3 site=2 detail=1
         6 Send endpoint=99 site=2 detail=2",
    );
    assert_eq!(
        timeline.slices,
        [
            "main 1..1 channel Job @ hello.rs:14 at src/bin/hello.rs:14:5",
            "main 2..2 channel Job @ hello.rs:14 [2] at src/bin/hello.rs:14:5",
            "main 3..3 channel Job",
            "main 4..4 channel Job [2]",
            "main 5..5 send Job @ hello.rs:14 [2] #1 1> depth=1 at src/bin/hello.rs:15:5",
            // Of an endpoint that nobody has heard of.
            "main 6..6 send 2> at src/bin/hello.rs:15:5",
        ]
    );
}

/// A channel, two locks and two threads that are made inside the standard library, and one lock
/// that is only used there.
const MADE_IN_STD: &str = "thread 1 main
     0 Site site=1 line=250 column=5 file=\"/rustc/598076/library/core/src/ops/function.rs\"
     0 Site site=2 line=14 column=5 file=\"src/main.rs\"
     0 Site site=3 line=15 column=5 file=\"src/main.rs\"
     1 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=9 message_type=\"a::Job\" name=\"\"
     2 ChannelCreated channel=2 sender=3 receiver=4 site=1 bound=9 message_type=\"a::Job\" name=\"\"
     3 SenderCloned sender=5 from=3 site=0
     4 PrimitiveSeen primitive=1 kind=1 site=1 size=0 value_type=\"u8\"
     5 Lock endpoint=1 site=1 detail=0
     6 Lock endpoint=1 site=2 detail=0
     7 Lock endpoint=1 site=3 detail=0
     8 PrimitiveSeen primitive=2 kind=1 site=1 size=0 value_type=\"u8\"
     9 Lock endpoint=2 site=1 detail=0
     10 Send endpoint=1 site=3 detail=1
     11 Spawn endpoint=2 site=1 detail=0
     12 Spawn endpoint=3 site=1 detail=0
     block process=0 thread=2 sequence=0 dropped=0
     20 ThreadStarted os_id=102 name=\"\"
     20 Site site=9 line=20 column=5 file=\"src/main.rs\"
     21 Send endpoint=5 site=9 detail=1099511627777
     block process=0 thread=3 sequence=0 dropped=0
     30 ThreadStarted os_id=103 name=\"\"";

#[test]
fn things_made_inside_std_are_named_after_their_first_use_in_the_program() {
    // So many operations that it pays to pack them.
    let operations = "7 Lock endpoint=1 site=3 detail=0\n".repeat(99);
    let at = MADE_IN_STD.find("8 PrimitiveSeen").unwrap();
    let raw = bytes(&[&MADE_IN_STD[..at], &operations, &MADE_IN_STD[at..]].concat());
    let packed = crate::shorthand::moved(&raw);
    assert!(packed.len() < raw.len());
    for bytes in [raw, packed] {
        let catalog = Recording::from_bytes(bytes).unwrap().catalog;
        let threads: Vec<_> = catalog.threads.iter().map(|thread| &*thread.name).collect();
        assert_eq!(threads, ["main", "thread 2 @ main.rs:20", "thread 3 of main"]);
        let channels: Vec<_> = catalog.channels.iter().map(|channel| &*channel.label).collect();
        assert_eq!(channels, ["Job @ main.rs:15", "Job @ main.rs:20"]);
        let locks: Vec<_> = catalog.primitives.iter().map(|lock| &*lock.label).collect();
        assert_eq!(locks, ["Mutex<u8> @ main.rs:14", "Mutex<u8> of main"]);
        let places = catalog.primitives.iter().map(|lock| lock.place.map(|it| &catalog.places[it]));
        let lines: Vec<_> = places.map(|place| place.map(|place| place.line)).collect();
        assert_eq!(lines, [Some(14), None]);
    }
}

#[test]
fn findings_have_no_places_inside_std() {
    let panics = format!(
        "{MADE_IN_STD}
         40 Panicked line=300 column=1 file=\"/rustc/598076/library/core/src/option.rs\" message=\"x\"
         41 ThreadEnded"
    );
    let recording = recording(&panics);
    let report = Report::new(&recording).unwrap();
    let panic = report.findings.iter().find(|finding| finding.code == Code::Panic).unwrap();
    assert_eq!((panic.place, panic.evidence[0].place), (None, None));
    assert!(!report.to_string().contains(".rs:300"), "{report}");
}

#[test]
fn processes_with_equal_numbers_do_not_mix() {
    let recording = recording(
        "block process=0 thread=0 sequence=0 dropped=0
         1000 ProcessStarted pid=50 parent=1 ticks=1000 monotonic_ns=5000 wall_ns=0 executable=\"/bin/one\" arguments=\"one\"
         block process=1 thread=0 sequence=0 dropped=0
         1000 ProcessStarted pid=60 parent=1 ticks=1000 monotonic_ns=5000 wall_ns=0 executable=\"/bin/two\" arguments=\"two\"
         block process=0 thread=1 sequence=0 dropped=0
         1001 ThreadStarted os_id=50 name=\"main\"
         1002 channel jobs 1 2
         1010 Send 1 @1.1
         1020 Send 1 @1.2
         1030 Recv 2 @1.1
         block process=1 thread=1 sequence=0 dropped=0
         1001 ThreadStarted os_id=60 name=\"other\"
         1002 channel jobs 1 2
         1040 Send 1 @1.1
         1050 Recv 2 @1.2",
    );
    let names: Vec<_> = recording.catalog.processes.iter().map(|process| &process.name).collect();
    assert_eq!(names, ["one", "two"]);
    let timeline = timeline_of(&recording);
    assert_eq!(
        timeline.slices,
        [
            "main 2..2 channel jobs",
            "other 2..2 channel jobs",
            "main 10..10 send jobs #1 1> depth=1",
            "main 20..20 send jobs #2 2> depth=2",
            "main 30..30 recv jobs #1 >1 depth=1 latency=20",
            "other 40..40 send jobs #1 3> depth=1",
            "other 50..50 recv jobs (send not recorded) depth=1",
        ]
    );
    assert_eq!(
        timeline.flights,
        ["jobs #1 10..30 lane 0", "jobs #2 20..50 lane 1 lost", "jobs #1 40..50 lane 0 lost"]
    );
}

#[test]
fn observed_threads_are_the_recorded_ones_with_their_os_ids() {
    let recording = recording(
        "block process=0 thread=0 sequence=0 dropped=0
         1000 ProcessStarted pid=50 parent=1 ticks=1000 monotonic_ns=5000 wall_ns=0 executable=\"/bin/one\" arguments=\"\"
         0 ThreadsCounted monotonic_ns=5010 threads=1
         0 ThreadObserved os_id=50 monotonic_ns=5010 state=1 syscall=4294967295 on_cpu_ns=7 ready_ns=2 started_ns=0 name=\"one\" detail=\"\"
         0 ThreadsCounted monotonic_ns=5040 threads=3
         0 ThreadObserved os_id=50 monotonic_ns=5040 state=2 syscall=202 on_cpu_ns=9 ready_ns=3 started_ns=4990 name=\"one\" detail=\"in futex without a timeout\"
         0 ThreadObserved os_id=51 monotonic_ns=5040 state=2 syscall=0 on_cpu_ns=0 ready_ns=0 started_ns=5020 name=\"input\" detail=\"in read on a pipe\"
         0 ThreadObserved os_id=52 monotonic_ns=5040 state=5 syscall=4294967295 on_cpu_ns=0 ready_ns=0 started_ns=0 name=\"\" detail=\"\"
         0 ThreadsCounted monotonic_ns=5050 threads=3
         0 ThreadObserved os_id=50 monotonic_ns=5050 state=9 syscall=202 on_cpu_ns=9 ready_ns=3 started_ns=4990 name=\"one\" detail=\"\"
         block process=0 thread=1 sequence=0 dropped=0
         1001 ThreadStarted os_id=50 name=\"main\"
         1060 channel jobs 1 2",
    );
    let catalog = &recording.catalog;
    let main = ThreadIndex::from(0);
    let observation = catalog.processes[ProcessIndex::from(0)].last_observation.as_ref().unwrap();
    assert_eq!(observation.time.get(), 40);
    let [one, input, ended] = &*observation.threads else { panic!("{observation:?}") };
    assert_eq!(
        (one.thread, one.state, one.syscall),
        (Some(main), ThreadState::Sleeping, Some(202))
    );
    assert_eq!(one.started, Some(Nanos::ZERO));
    assert_eq!((input.thread, &*input.name), (None, "input"));
    assert_eq!(&*input.activity, "in read on a pipe");
    assert_eq!((input.started, input.on_cpu), (Some(Nanos::new(20)), None));
    assert_eq!((ended.thread, ended.state), (None, ThreadState::Ended));
    assert_eq!(observation.unrecorded().collect::<Vec<_>>(), [input]);
    let samples = catalog.threads[main].samples.iter();
    let samples = samples.map(|it| [it.time, it.on_cpu, it.ready].map(Nanos::get));
    assert_eq!(samples.collect::<Vec<_>>(), [[40, 9, 3], [50, 9, 3]]);
}

proptest! {
    #[test]
    fn observed_threads_are_recorded_unless_they_recorded_nothing(simulated in all_programs()) {
        let recording = read(&simulated);
        let catalog = &recording.catalog;
        for (process, facts) in catalog.processes.iter_enumerated() {
            // The block may be lost.
            let observation = facts.last_observation.iter();
            for observed in observation.flat_map(|observation| &observation.threads) {
                let mut recorded = catalog.threads.iter();
                let is_recorded =
                    recorded.any(|it| (it.process, it.os_id) == (process, observed.os_id));
                prop_assert_eq!(observed.thread.is_some(), is_recorded);
                let Some(thread) = observed.thread else { continue };
                let thread = &catalog.threads[thread];
                prop_assert_eq!((thread.process, thread.os_id), (process, observed.os_id));
                prop_assert!(thread.samples.is_sorted_by_key(|sample| sample.time));
            }
        }
    }
}

#[test]
fn two_recordings_with_equal_numbers_do_not_mix() {
    // The second machine was started a second before the first; its run begins 7 later.
    let input = |name: &str, monotonic: u64, wall: u64, process: u32| {
        let text = format!(
            "block process={process} thread=0 sequence=0 dropped=0
             1000 ProcessStarted pid=50 parent=1 ticks=1000 monotonic_ns={monotonic} wall_ns={wall} executable=\"/bin/{name}\" arguments=\"\"
             1000 Host name=\"{name}\"
             1001 ProcessEnded monotonic_ns={ended} code=0 signal=0
             0 ThreadsCounted monotonic_ns={ended} threads=1
             0 ThreadObserved os_id=51 monotonic_ns={ended} state=1 syscall=4294967295 on_cpu_ns=9 ready_ns=0 started_ns={monotonic} name=\"\" detail=\"\"
             block process={process} thread=1 sequence=0 dropped=0
             1000 ThreadStarted os_id=50 name=\"main\"
             1002 channel jobs 1 2
             1010 Send 1 @1.1
             1030 Recv 2 @1.1
             1040 Send 1 @1.2
             block process={process} thread=2 sequence=0 dropped=0
             1001 ThreadStarted os_id=51 name=\"helper\"
             1003 mutex state 1
             1005 Lock 1 @1.1
             1035 Unlock 1 @1.1",
            ended = monotonic + 60,
        );
        Input::in_memory(bytes(&text)).named(name)
    };
    let second = 1_000_000_000;
    let inputs =
        vec![input("one", 5_000, 10 * second, 3), input("two", second, 10 * second + 7, 3)];
    let recording = Recording::together(inputs, &Watch::default()).unwrap();
    assert_eq!(recording.damage, []);
    let catalog = &recording.catalog;
    let facts = |process: &Process| {
        let ended = process.ended.unwrap().time.get();
        let until = process.recorded_until.get();
        (process.name.clone(), process.recording, process.number, ended, until)
    };
    assert_eq!(
        catalog.processes.iter().map(facts).collect::<Vec<_>>(),
        [("one".to_owned(), 0, 3, 60, 60), ("two".to_owned(), 1, 7, 67, 67)]
    );
    let tracks: Vec<_> = catalog.processes.iter().map(|process| process.track).collect();
    assert_ne!(tracks[0], tracks[1]);
    assert_eq!(catalog.end.get(), 67);
    let timeline = timeline_of(&recording);
    assert_eq!(
        timeline.slices,
        [
            "main 2..2 channel jobs",
            "helper 5..5 lock state",
            "main 9..9 channel jobs",
            "main 10..10 send jobs #1 1> depth=1",
            "helper 12..12 lock state",
            "main 17..17 send jobs #1 2> depth=1",
            "main 30..30 recv jobs #1 >1 depth=0 latency=20",
            "main 37..37 recv jobs #1 >2 depth=0 latency=20",
            "main 40..40 send jobs #2 3> because of 30 depth=1",
            "main 47..47 send jobs #2 4> because of 37 depth=1",
            // Told once it is known that they have allowed nobody.
            "helper 35..35 unlock state",
            "helper 42..42 unlock state",
        ]
    );
    let observed = catalog.processes.iter().map(|process| {
        let observation = process.last_observation.as_ref().unwrap();
        let thread = observation.threads[0].thread.unwrap();
        (observation.time.get(), thread, catalog.threads[thread].samples[0].time.get())
    });
    let helpers = catalog.threads.iter_enumerated().filter(|(_, it)| it.name == "helper");
    let expected = helpers.zip([60, 67]).map(|((thread, _), time)| (time, thread, time));
    assert_eq!(observed.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    assert_eq!(
        timeline.flights,
        [
            "jobs #1 10..30 lane 0",
            "jobs #1 17..37 lane 0",
            // Each is in flight until its own recording ends.
            "jobs #2 40..60 lane 0 lost",
            "jobs #2 47..67 lane 0 lost"
        ]
    );
    assert_eq!(timeline.holds, ["state 5..35 held by helper", "state 12..42 held by helper"]);
}

#[test]
fn a_recording_without_blocks_can_come_first() {
    let second = bytes(
        "block process=0 thread=1 sequence=0 dropped=0
         7 ThreadStarted os_id=50 name=\"main\"",
    );
    let inputs = [format::file_header().to_vec(), second].map(Input::in_memory);
    let recording = Recording::together(inputs.into(), &Watch::default()).unwrap();
    assert_eq!(recording.damage, []);
    assert_eq!(recording.catalog.processes.raw[0].recording, 1);
    assert_eq!(recording.catalog.threads.raw[0].name, "main");
}

#[test]
fn two_recordings_of_one_run_are_rejected() {
    let input = || {
        Input::in_memory(bytes(
            "block process=0 thread=0 sequence=0 dropped=0
             7 ProcessStarted pid=50 parent=1 ticks=7 monotonic_ns=9 wall_ns=8 executable=\"one\" arguments=\"\"",
        ))
    };
    let error = Recording::together(vec![input(), input()], &Watch::default()).unwrap_err();
    assert!(matches!(error, Error::GivenTwice(_)), "{error}");
    let named = vec![input().named("a.rec"), input().named("b.rec")];
    let error = Recording::together(named, &Watch::default()).unwrap_err().to_string();
    assert_eq!(error, "a.rec and b.rec are of the same run: one 50 is in both; give one of them");
}

#[test]
fn each_process_has_its_own_clock() {
    // The first one's clock counts thirds of a nanosecond, and wraps around; the second one's
    // counts tens.
    let wrap: u64 = 1 << 56;
    let recording = recording(&format!(
        "block process=0 thread=0 sequence=0 dropped=0
         {start} ProcessStarted pid=50 parent=1 ticks={start} monotonic_ns=5000 wall_ns=0 executable=\"one\" arguments=\"\"
         300 Clock monotonic_ns=5200
         block process=1 thread=0 sequence=0 dropped=0
         7 ProcessStarted pid=60 parent=1 ticks=7 monotonic_ns=5100 wall_ns=0 executable=\"two\" arguments=\"\"
         17 Clock monotonic_ns=5200
         8 ProcessEnded monotonic_ns=5400 code=3 signal=0
         block process=0 thread=1 sequence=0 dropped=0
         {start} ThreadStarted os_id=50 name=\"late\"
         {before} channel jobs 1 2
         150 Send 1 @1.1
         block process=1 thread=1 sequence=0 dropped=0
         8 ThreadStarted os_id=60 name=\"main\"
         12 channel jobs 1 2
         27 Send 1 @1.1
         block process=0 thread=2 sequence=0 dropped=0
         {before} ThreadStarted os_id=51 name=\"early\"
         600 Recv 2 @1.1",
        start = 3 * wrap - 300,
        before = 3 * wrap - 30,
    ));
    assert_eq!(recording.catalog.end.get(), 400);
    let ended = recording.catalog.processes.raw[1].ended.unwrap();
    assert_eq!((ended.time.get(), ended.code), (400, 3));
    let timeline = timeline_of(&recording);
    assert_eq!(
        timeline.slices,
        [
            "late 90..90 channel jobs",
            // Of one time, those come first whose threads did.
            "late 150..150 send jobs #1 1> depth=1",
            "main 150..150 channel jobs",
            "early 300..300 recv jobs #1 >1 depth=0 latency=150",
            "main 300..300 send jobs #1 2> depth=1",
        ]
    );
}

#[test]
fn threads_with_equal_numbers_or_without_names_are_distinct() {
    let recording = recording(
        "block process=0 thread=1 sequence=0 dropped=0
         5 ThreadStarted os_id=77 name=\"\"
         block process=0 thread=2 sequence=0 dropped=0
         6 ThreadStarted os_id=77 name=\"worker\"
         block process=0 thread=3 sequence=0 dropped=0
         7 ThreadStarted os_id=78 name=\"worker\"
         block process=0 thread=4 sequence=0 dropped=0
         3 ThreadEnded
         block process=1 thread=1 sequence=0 dropped=0
         8 ThreadStarted os_id=77 name=\"elsewhere\"",
    );
    let threads = &recording.catalog.threads;
    let names: Vec<_> = threads.iter().map(|thread| thread.name.as_str()).collect();
    assert_eq!(names, ["thread 4", "thread 1", "worker", "worker", "elsewhere"]);
    let tracks: Vec<_> = threads.iter().map(|thread| thread.track).collect();
    assert_eq!((tracks[1], tracks[3], tracks[4]), (77, 78, 77));
    let of_one_process: std::collections::HashSet<_> = tracks[..4].iter().collect();
    assert_eq!(of_one_process.len(), 4);
}

#[test]
fn threads_primitives_and_callsites_are_known_from_the_start() {
    let recording = recording(
        "block process=0 thread=0 sequence=0 dropped=0
         0 ProcessStarted pid=50 parent=7 ticks=0 monotonic_ns=0 wall_ns=99 executable=\"/bin/one\" arguments=\"one\"
         0 Host name=\"north\"
         thread 1 main
         0 Site site=1 line=14 column=5 file=\"src/main.rs\"
         0 Site site=2 line=20 column=0 file=\"src/pool.rs\"
         2 PrimitiveSeen primitive=7 kind=1 site=1 size=0 value_type=\"std::Receiver<a::Job>\"
         3 PrimitiveSeen primitive=8 kind=1 site=1 size=0 value_type=\"std::Receiver<a::Job>\"
         4 PrimitiveSeen primitive=9 kind=4 site=0 size=3 value_type=\"\"
         5 PrimitiveNamed primitive=9 name=\"phase\"
         6 EndpointNamed endpoint=5 name=\"to worker\"
         7 Callsite callsite=1 level=2 site=2 target=\"pool\" name=\"handle\"
         8 Spawn endpoint=2 site=1 detail=0
         9 Spawn endpoint=3 site=1 detail=0
         block process=0 thread=2 sequence=0 dropped=0
         10 ThreadStarted os_id=2 name=\"\"
         20 Returned panicked=1
         21 ThreadEnded
         block process=0 thread=3 sequence=0 dropped=0
         11 ThreadStarted os_id=3 name=\"worker\"
         22 Returned panicked=0",
    );
    let catalog = &recording.catalog;
    let process = &catalog.processes.raw[0];
    assert_eq!((process.parent, process.host.as_str(), process.wall_ns), (7, "north", 99));
    let threads: Vec<_> = catalog
        .threads
        .iter()
        .map(|thread| {
            let place = thread.spawned.and_then(|spawned| spawned.place);
            (
                thread.name.as_str(),
                thread.spawned.and_then(|spawned| spawned.by).map(usize::from),
                place.map(|place| catalog.places[place].to_string()),
                thread.outcome,
            )
        })
        .collect();
    let place = Some("src/main.rs:14:5".to_owned());
    assert_eq!(
        threads,
        [
            ("main", None, None, None),
            ("thread 2 @ main.rs:14", Some(0), place.clone(), Some(ThreadOutcome::Panicked)),
            ("worker", Some(0), place, Some(ThreadOutcome::Returned)),
        ]
    );
    let labels: Vec<_> = catalog.primitives.iter().map(|known| known.label.as_str()).collect();
    assert_eq!(
        labels,
        ["Mutex<Receiver<Job>> @ main.rs:14", "Mutex<Receiver<Job>> @ main.rs:14 [2]", "phase"]
    );
    assert_eq!(catalog.primitives.raw[2].size, 3);
    let callsite = &catalog.callsites.raw[0];
    assert_eq!((callsite.level, callsite.name.as_str()), (Some(Level::Warn), "handle"));
    assert_eq!(catalog.places[callsite.place.unwrap()].to_string(), "src/pool.rs:20");
}
