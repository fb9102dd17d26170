use crate::shorthand::{recording, timeline};
use crate::summary::summary;

#[test]
fn a_thread_starts_after_its_spawn_and_is_joined_after_its_end() {
    let timeline = timeline(
        "thread 1 main
         10 Spawn 2
         11 Spawn 3
         20 JoinBegin 2
         40 JoinEnd 2
         80 Join 3
         90 ThreadEnded
         block process=0 thread=2 sequence=0 dropped=0
         5 ThreadStarted os_id=2 name=\"worker\"
         50 Returned panicked=0
         51 ThreadEnded
         block process=0 thread=3 sequence=0 dropped=0
         30 ThreadStarted os_id=3 name=\"other\"
         70 Panicked line=4 column=2 file=\"src/x.rs\" message=\"index out of bounds\"
         75 Returned panicked=1",
    );
    assert_eq!(
        timeline.slices,
        [
            "main 10..10 spawn worker 1>",
            "main 11..11 spawn other 2>",
            "worker 11..11 start >1",
            "other 30..30 start >2",
            "worker 50..50 end 3>",
            "main 20..50 join worker (waiting) waited=31",
            "main 51..51 join worker >3 waited=31",
            "other 70..70 panic: index out of bounds at src/x.rs:4:2 \"index out of bounds\"",
            "other 75..75 end (panicked) 4>",
            "main 80..80 join other >4",
            "main 90..90 end",
        ]
    );
}

#[test]
fn an_unparked_thread_has_an_arrow_from_the_unpark() {
    let timeline = timeline(
        "thread 1 main
         10 ParkBegin 0
         30 ParkEnd 0
         40 ParkTimeoutBegin 0 500
         45 ParkTimeoutEnd 0
         50 SleepBegin 0 10
         60 SleepEnd 0
         61 YieldNow 0
         70 ScopeBegin 0
         80 ScopeEnd 0
         90 ParkBegin 0
         thread 2 other
         20 Unpark 1",
    );
    assert_eq!(
        timeline.slices,
        [
            "other 20..20 unpark main 1>",
            "main 10..29 park (waiting) waited=20",
            "main 30..30 park >1 waited=20",
            "main 40..44 park_timeout (waiting) waited=5 timeout=500",
            "main 45..45 park_timeout waited=5",
            "main 50..59 sleep waited=10 timeout=10",
            "main 61..61 yield",
            "main 70..79 scope (waiting) waited=10",
            "main 80..80 scope waited=10",
            "main 90.. park (waiting)",
        ]
    );
}

#[test]
fn a_thread_without_a_recorded_spawn_or_end_is_not_delayed() {
    let timeline = timeline(
        "thread 1 main
         10 JoinBegin 2
         20 JoinEnd 2
         30 Join 7
         40 Spawn 9
         block process=0 thread=2 sequence=3 dropped=0
         5 YieldNow 0
         50 YieldNow 0",
    );
    // Until all that it could still do is known, its end can come.
    assert_eq!(
        timeline.slices,
        [
            "thread 2 5..5 yield",
            "thread 2 50..50 yield",
            "main 10..19 join thread 2 (waiting) waited=10",
            "main 20..20 join thread 2 waited=10",
            "main 30..30 join",
            "main 40..40 spawn",
        ]
    );
}

#[test]
fn the_summary_names_panics_and_lock_holders() {
    let said = summary(&recording(
        "thread 1 main
         0 Site site=1 line=4 column=2 file=\"src/x.rs\"
         1 mutex jobs 1
         2 Spawn endpoint=2 site=1 detail=0
         10 Lock 1 @1.1
         20 JoinBegin endpoint=2 site=1 detail=0
         block process=0 thread=2 sequence=0 dropped=0
         12 ThreadStarted os_id=2 name=\"worker\"
         13 Site site=1 line=9 column=3 file=\"src/x.rs\"
         15 Panicked line=3 column=9 file=\"src/x.rs\" message=\"boom\"
         17 SleepBegin endpoint=0 site=1 detail=1
         18 SleepEnd endpoint=0 site=1 detail=1
         20 LockBegin endpoint=1 site=1 detail=0
         thread 3 clock
         120 SleepBegin 0 7",
    ));
    assert_eq!(
        said,
        "3 threads in 120 ns: 0 channels, 0 messages sent, 0 received
blocked for 200 ns in all
worker panicked at src/x.rs:3:9: boom
still waiting at the end, for 100 ns: main in join of \"worker\", src/x.rs:4:2
still waiting at the end, for 100 ns: worker in lock on \"jobs\" held by main, src/x.rs:9:3
"
    );
}
