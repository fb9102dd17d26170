//! Recordings that pause, and those of a flight recorder, which begin in the midst of things.

use crate::shorthand::{recording, timeline};

#[test]
fn sends_and_receives_split_by_a_pause_are_marked() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         20 Send 1 @1.2
         30 Paused
         60 Resumed
         70 Send 1 @1.5
         thread 2 other
         80 Recv 2 @1.4
         90 Recv 2 @1.5",
    );
    assert_eq!(
        timeline.slices[3..],
        [
            "main 30..30 recording paused",
            "main 60..60 recording resumed",
            "main 70..70 send jobs #3 3> depth=1",
            "other 80..80 recv jobs (send not recorded) depth=1",
            "other 90..90 recv jobs #3 >3 depth=0 latency=20",
        ]
    );
    // Whether somebody received the first two, nobody knows.
    assert_eq!(
        timeline.flights,
        ["jobs #3 70..90 lane 2", "jobs #1 10..30 lane 0 unknown", "jobs #2 20..30 lane 1 unknown"]
    );
}

#[test]
fn a_message_in_flight_across_a_pause_keeps_its_arrow() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         30 Paused
         60 Resumed
         70 Recv 2 @1.1
         80 Send 1 @1.2",
    );
    assert_eq!(timeline.flights, ["jobs #1 10..70 lane 0", "jobs #2 80..80 lane 0 lost"]);
    assert_eq!(timeline.slices[4], "main 70..70 recv jobs #1 >1 depth=0 latency=60");
    assert_eq!(timeline.depths.last().map(String::as_str), Some("jobs 80 1"));
}

#[test]
fn a_wait_across_a_pause_is_one_wait() {
    let timeline = timeline(
        "thread 1 main
         0 channel jobs 1 2
         10 RecvBegin 2
         60 RecvEnd 2 @2.1
         thread 2 other
         20 Paused
         40 Resumed
         50 Send 1 @2.1",
    );
    let wait = "main 10..59 recv jobs (waiting) #1 waited=50";
    assert!(timeline.slices.contains(&wait.into()), "{:?}", timeline.slices);
}

#[test]
fn a_wait_at_a_final_pause_is_not_reported_as_stuck() {
    let recording = recording(
        "thread 1 main
         0 channel jobs 1 2
         10 RecvBegin 2
         thread 2 other
         20 Send 1 @2.1
         30 Paused
         1030 channel late 3 4",
    );
    let summary = crate::summary::summary(&recording);
    assert!(!summary.contains("still waiting"), "{summary}");
    assert!(!summary.contains("never received"), "{summary}");
    assert!(summary.contains("the recording paused for 1.0 µs in all\n"), "{summary}");
}

#[test]
fn the_end_of_a_pause_with_a_forgotten_start_ends_flights_and_holds() {
    let shorthand = "thread 1 main
         0 channel jobs 1 2
         0 mutex state 1
         10 Send 1 @1.1
         11 Lock 1 @1.1
         31 Resumed
         50 Send 1 @1.2";
    let timeline = timeline(shorthand);
    let flights = ["jobs #1 10..31 lane 0 unknown", "jobs #2 50..50 lane 1 lost"];
    assert_eq!(timeline.flights, flights);
    assert_eq!(timeline.holds, ["state 11..31 held by main (release not recorded)"]);
    let summary = crate::summary::summary(&recording(shorthand));
    assert!(summary.contains("\n1 message never received"), "{summary}");
}

#[test]
fn a_flight_recording_keeps_the_names_of_forgotten_blocks() {
    let recording = recording(
        "block process=0 thread=0 sequence=0 dropped=0
         0 ProcessStarted pid=5 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 executable=\"one\" arguments=\"\"
         block process=0 thread=0 sequence=1 dropped=0
         0 Forgotten thread=1 os_id=101 sequence=7 name=\"main\"
         0 Forgotten thread=2 os_id=102 sequence=1 name=\"gone\"
         5 Site site=1 line=14 column=5 file=\"src/main.rs\"
         5 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=4 message_type=\"i32\" name=\"jobs\"
         6 SenderCloned sender=3 from=1 site=0
         7 SenderDropped endpoint=1
         block process=0 thread=1 sequence=7 dropped=0
         1000000 Recv endpoint=2 site=0 detail=99
         1000010 SenderCloned sender=9 from=3 site=0
         1000020 Send endpoint=9 site=0 detail=1099511627999",
    );
    assert_eq!(recording.damage, []);
    let [main] = &recording.catalog.threads.raw[..] else { panic!("{:?}", recording.catalog) };
    assert_eq!((main.name.as_str(), main.os_id), ("main", 101));
    let [jobs] = &recording.catalog.channels.raw[..] else { panic!("{:?}", recording.catalog) };
    assert_eq!((jobs.label.as_str(), jobs.bound, jobs.senders_before), ("jobs", Some(4), 1));
    let timeline = crate::shorthand::timeline_of(&recording);
    // It begins where the first event is that is left.
    assert_eq!(
        timeline.slices,
        [
            "main 0..0 recv jobs (send not recorded) depth=0",
            "main 10..10 clone sender jobs",
            "main 20..20 send jobs #1 1> depth=1",
        ]
    );
    assert_eq!(timeline.senders.first().map(String::as_str), Some("jobs 10 2"));
}

#[test]
fn a_missing_block_after_the_forgotten_ones_is_damage() {
    let recording = recording(
        "block process=0 thread=0 sequence=0 dropped=0
         0 Forgotten thread=1 os_id=101 sequence=7 name=\"main\"
         block process=0 thread=1 sequence=9 dropped=0
         10 TryRecvEmpty 1",
    );
    assert_eq!(recording.damage.len(), 1);
    assert_eq!(recording.damage[0].to_string(), "2 blocks of thread \"main\" missing");
}
