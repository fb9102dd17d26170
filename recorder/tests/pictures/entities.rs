use recorder::reading::catalog::{Index, Outcome, Process};
use recorder::reading::{GivenTwice, Input, Recording};
use recorder::terminal::cancel::Watch;

use crate::hand::{bytes, picture, picture_of, recording};

#[test]
fn a_channel_without_a_name_is_called_after_its_type_and_place() {
    let picture = picture(
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
        picture.slices,
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
    let names: Vec<_> = recording.entities.processes.iter().map(|process| &process.name).collect();
    assert_eq!(names, ["one", "two"]);
    let picture = picture_of(&recording);
    assert_eq!(
        picture.slices,
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
        picture.flights,
        ["jobs #1 10..30 lane 0", "jobs #2 20..50 lane 1 lost", "jobs #1 40..50 lane 0 lost"]
    );
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
        Input::in_memory(bytes(&text)).called(name)
    };
    let second = 1_000_000_000;
    let inputs =
        vec![input("one", 5_000, 10 * second, 3), input("two", second, 10 * second + 7, 3)];
    let recording = Recording::together(inputs, &Watch::default()).unwrap();
    assert_eq!(recording.damage, []);
    let entities = &recording.entities;
    let facts = |process: &Process| {
        let ended = process.ended.unwrap().time;
        (process.name.clone(), process.recording, process.number, ended, process.recorded_until)
    };
    assert_eq!(
        entities.processes.iter().map(facts).collect::<Vec<_>>(),
        [("one".to_owned(), 0, 3, 60, 60), ("two".to_owned(), 1, 7, 67, 67)]
    );
    assert_ne!(entities.processes[0].track, entities.processes[1].track);
    assert_eq!(entities.end, 67);
    let picture = picture_of(&recording);
    assert_eq!(
        picture.slices,
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
    assert_eq!(
        picture.flights,
        [
            "jobs #1 10..30 lane 0",
            "jobs #1 17..37 lane 0",
            // Each is in flight until its own recording ends.
            "jobs #2 40..60 lane 0 lost",
            "jobs #2 47..67 lane 0 lost"
        ]
    );
    assert_eq!(picture.holds, ["state 5..35 held by helper", "state 12..42 held by helper"]);
}

#[test]
fn a_run_is_not_in_two_recordings() {
    let input = || {
        Input::in_memory(bytes(
            "block process=0 thread=0 sequence=0 dropped=0
             7 ProcessStarted pid=50 parent=1 ticks=7 monotonic_ns=9 wall_ns=8 executable=\"one\" arguments=\"\"",
        ))
    };
    let error = Recording::together(vec![input(), input()], &Watch::default()).unwrap_err();
    assert!(error.is::<GivenTwice>(), "{error}");
    let named = vec![input().called("a.rec"), input().called("b.rec")];
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
    assert_eq!(recording.entities.end, 400);
    assert_eq!(recording.entities.processes[1].ended.unwrap().time, 400);
    assert_eq!(recording.entities.processes[1].ended.unwrap().code, 3);
    let picture = picture_of(&recording);
    assert_eq!(
        picture.slices,
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
fn threads_that_share_a_number_or_have_no_name_are_told_apart() {
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
    let threads = &recording.entities.threads;
    let names: Vec<_> = threads.iter().map(|thread| thread.name.as_str()).collect();
    assert_eq!(names, ["thread 4", "thread 1", "worker", "worker", "elsewhere"]);
    let tracks: Vec<_> = threads.iter().map(|thread| thread.track).collect();
    assert_eq!((tracks[1], tracks[3], tracks[4]), (77, 78, 77));
    let of_one_process: std::collections::HashSet<_> = tracks[..4].iter().collect();
    assert_eq!(of_one_process.len(), 4);
}

#[test]
fn threads_primitives_and_callsites_are_who_they_are_from_the_start() {
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
    let entities = &recording.entities;
    let process = &entities.processes[0];
    assert_eq!((process.parent, process.host.as_str(), process.wall_ns), (7, "north", 99));
    let threads: Vec<_> = entities
        .threads
        .iter()
        .map(|thread| {
            let site = thread.spawned.and_then(|spawned| spawned.site);
            (
                thread.name.as_str(),
                thread.spawned.and_then(|spawned| spawned.by).map(Index::get),
                site.map(|site| entities.sites[site.get()].to_string()),
                thread.outcome,
            )
        })
        .collect();
    let place = Some("src/main.rs:14:5".to_owned());
    assert_eq!(
        threads,
        [
            ("main", None, None, None),
            ("thread 2 @ main.rs:14", Some(0), place.clone(), Some(Outcome::Panicked)),
            ("worker", Some(0), place, Some(Outcome::Returned)),
        ]
    );
    let labels: Vec<_> = entities.primitives.iter().map(|known| known.label.as_str()).collect();
    assert_eq!(
        labels,
        ["Mutex<Receiver<Job>> @ main.rs:14", "Mutex<Receiver<Job>> @ main.rs:14 [2]", "phase"]
    );
    assert_eq!(entities.primitives[2].size, 3);
    assert_eq!(entities.endpoint_name(0, 5), Some("to worker"));
    let callsite = &entities.callsites[0];
    assert_eq!((callsite.level, callsite.name.as_str()), ("warn", "handle"));
    assert_eq!(entities.sites[callsite.site.unwrap().get()].to_string(), "src/pool.rs:20");
}
