use crate::exported::{exports, facts_of};
use crate::shorthand::{recording, timeline};

#[test]
fn a_message_has_its_value_in_every_item() {
    let long = "x".repeat(60);
    let timeline = timeline(&format!(
        "thread 1 main
         0 channel jobs 1 2 bound=1
         1 EndpointNamed endpoint=1 name=\"to worker\"
         9 Value message=1099511627777 value=\"Job {{ id: 7 }}\"
         10 Send 1 @1.1
         19 Value message=1099511627778 value=\"{long}\"
         20 SendBegin 1 @1.2
         40 SendEnd 1 @1.2
         50 Send 1 @1.3
         thread 2 worker
         30 Recv 2 @1.1
         35 Recv 2 @1.2"
    ));
    let long = format!("{long:?}");
    assert_eq!(
        timeline.slices[1..],
        [
            "main 10..10 send jobs #1 1> depth=1 \"Job { id: 7 }\"".to_owned(),
            "worker 30..30 recv jobs #1 >1 depth=0 latency=20 \"Job { id: 7 }\"".to_owned(),
            "main 20..33 send jobs (full) #2 waited=14".to_owned(),
            format!("main 34..34 send jobs #2 2> depth=1 waited=14 {long}"),
            format!("worker 35..35 recv jobs #2 >2 depth=0 latency=15 {long}"),
            "main 35..40 send jobs (returning) #2 waited=20".to_owned(),
            "main 50..50 send jobs #3 3> depth=1".to_owned(),
        ]
    );
    let flights = timeline.flights;
    assert_eq!(flights[0], "jobs #1 Job { id: 7 } 10..30 lane 0");
    assert_eq!(flights[1], format!("jobs #2 {}… 34..35 lane 0", "x".repeat(39)));
}

#[test]
fn spans_enclose_their_operations() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         1 Callsite callsite=1 level=3 site=0 target=\"pool\" name=\"handle\"
         2 Callsite callsite=2 level=2 site=0 target=\"pool\" name=\"\"
         10 SpanEntered callsite=1 span=1 fields=\"id=7\"
         20 RecvBegin 2
         30 RecvEndDisconnected 2
         31 Logged callsite=2 message=\"nothing\\u{a}left\"
         40 SpanExited span=1
         50 SpanEntered callsite=1 span=2 fields=\"\"",
    );
    assert_eq!(
        timeline.slices[1..],
        [
            "main 20..29 recv jobs (waiting) waited=10",
            "main 30..30 recv jobs (disconnected) waited=10",
            "main 31..31 nothing left \"nothing\\nleft\"",
            "main 10..40 handle \"id=7\"",
            "main 50.. handle",
        ]
    );
}

#[test]
fn spans_exited_out_of_order_still_nest() {
    let timeline = timeline(
        "thread 1 main
         1 Callsite callsite=1 level=3 site=0 target=\"\" name=\"one\"
         2 Callsite callsite=2 level=3 site=0 target=\"\" name=\"two\"
         10 SpanEntered callsite=1 span=1 fields=\"\"
         20 SpanEntered callsite=2 span=2 fields=\"\"
         25 ParkBegin 0
         30 SpanExited span=1
         35 ParkEnd 0
         40 SpanExited span=2
         50 SpanExited span=3
         60 SpanEntered callsite=9 span=4 fields=\"\"
         70 Returned panicked=0",
    );
    assert_eq!(
        timeline.slices,
        [
            // A wait does not outlast what it is in.
            "main 25..29 park (waiting) waited=5",
            "main 20..30 two",
            "main 10..30 one",
            "main 35..35 park",
            "main 30..40 two",
            "main 60..70 span",
            "main 70..70 end 1>",
        ]
    );
}

#[test]
fn a_span_across_a_pause_is_one_span() {
    let timeline = timeline(
        "thread 1 main
         1 Callsite callsite=1 level=3 site=0 target=\"\" name=\"outer\"
         2 Callsite callsite=2 level=3 site=0 target=\"\" name=\"inner\"
         10 SpanEntered callsite=1 span=1 fields=\"\"
         20 SpanEntered callsite=2 span=2 fields=\"\"
         30 Paused
         40 Resumed
         50 SpanExited span=1
         60 YieldNow 0",
    );
    // The inner one was left while nobody looked.
    assert_eq!(
        timeline.slices[2..],
        ["main 20..30 inner", "main 10..50 outer", "main 60..60 yield"]
    );
}

#[test]
fn spans_that_are_cut_together_keep_their_order_in_both_formats() {
    // Both inner ones are cut at 40, and the innermost is left first.
    let recording = recording(
        "thread 1 main
         10 SpanEntered callsite=1 span=1 fields=\"id=1\"
         20 SpanEntered callsite=1 span=2 fields=\"id=2\"
         30 SpanEntered callsite=1 span=3 fields=\"id=3\"
         40 SpanExited span=1
         41 ParkBegin 0
         49 ParkEnd 0
         50 SpanExited span=3
         60 SpanExited span=2",
    );
    let (json, pftrace) = exports(&recording);
    let facts = facts_of(&json, &pftrace);
    let slices = facts.slices.iter().filter(|slice| slice.begin >= 40);
    let slices: Vec<_> = slices
        .map(|slice| {
            let name = slice.arguments.get("fields").unwrap_or(&slice.name);
            (&**name, slice.begin, slice.end)
        })
        .collect();
    assert_eq!(
        slices,
        [
            ("id=2", 40, Some(60)),
            ("id=3", 41, Some(50)),
            ("park (waiting)", 42, Some(48)),
            ("park", 49, Some(49)),
        ]
    );
}

#[test]
fn a_span_encloses_a_wait_that_ends_during_a_pause() {
    let timeline = timeline(
        "thread 1 main
         1 Callsite callsite=1 level=3 site=0 target=\"\" name=\"outer\"
         10 SpanEntered callsite=1 span=1 fields=\"\"
         20 ParkBegin 0
         40 ParkEnd 0
         thread 2 other
         30 Paused
         50 Resumed",
    );
    assert_eq!(
        timeline.slices,
        [
            "other 30..30 recording paused",
            "main 20..39 park (waiting) waited=20",
            "main 40..40 park waited=20",
            "other 50..50 recording resumed",
            "main 10..40 outer",
        ]
    );
}

#[test]
fn both_formats_export_all_texts() {
    let recording = recording(
        "block process=0 thread=0 sequence=0 dropped=0
         0 ProcessStarted pid=50 parent=7 ticks=0 monotonic_ns=0 wall_ns=1700000000000000000 executable=\"/bin/one\" arguments=\"one --two\"
         0 Host name=\"north\"
         block process=0 thread=1 sequence=0 dropped=0
         0 ThreadStarted os_id=50 name=\"main\"
         0 Site site=1 line=4 column=0 file=\"src/x.rs\"
         0 channel jobs 1 2
         1 mutex lock 1
         1 EndpointNamed endpoint=1 name=\"to worker\"
         2 Callsite callsite=1 level=3 site=1 target=\"pool\" name=\"handle\"
         10 SpanEntered callsite=1 span=1 fields=\"id=7\"
         11 Logged callsite=1 message=\"a \\\\ b\"
         12 Panicked line=3 column=9 file=\"src/x.rs\" message=\"boom\"
         13 Value message=1099511627777 value=\"7\"
         14 Send 1 @1.1
         15 Lock 1 @1.3",
    );
    let (json, pftrace) = exports(&recording);
    let facts = facts_of(&json, &pftrace);
    assert_eq!(facts.labels[&50], "one --two, host north, started 2023-11-14T22:13:20Z");
    let lines: Vec<_> = facts
        .slices
        .iter()
        .map(|slice| {
            let arguments: Vec<_> =
                slice.arguments.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("{} {}: {}", slice.category, slice.name, arguments.join(" "))
        })
        .collect();
    assert_eq!(
        lines[1..],
        [
            "span handle: fields=id=7 level=info site=src/x.rs:4 target=pool",
            "log a ∖ b: level=info site=src/x.rs:4 target=pool text=a \\ b",
            "thread panic: boom: site=src/x.rs:3:9 text=boom",
            "channel send jobs: channel=jobs endpoint=to worker message=1 value=7",
            "primitive lock lock: kind=Mutex primitive=lock",
        ]
    );
    let hold = &facts.holds[0];
    assert_eq!((hold.lock.as_str(), hold.name.as_str(), hold.end), ("lock", "held by main", None));
    assert_eq!(hold.arguments["turn"], "3");
}
