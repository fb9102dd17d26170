use std::collections::BTreeSet;

use proptest::prelude::*;
use recorder::export::sequence_chart::columns::{Columns, most_threads};
use recorder::export::sequence_chart::mermaid::mermaid;
use recorder::export::sequence_chart::svg::{Steps, svg};
use recorder::export::sequence_chart::{
    Anchor, ArrowEnd, ArrowStart, Chart, ChartBuilder, ChartLimits, MessageArrow, WaitKind,
};
use recorder::reading::Recording;
use roxmltree::{Document, Node};

use crate::shorthand::{items, recording};
use crate::simulated::{all_programs, read, unpaused_programs};

pub(crate) const ALL: ChartLimits = ChartLimits { events: usize::MAX, threads: usize::MAX };

pub(crate) fn chart(recording: &Recording, limits: ChartLimits) -> Chart<'_> {
    let mut builder = ChartBuilder::new(recording, &[], limits);
    items(recording).iter().for_each(|item| builder.item(item));
    builder.finish()
}

/// Where the send of a message is.
pub(crate) fn start(message: &MessageArrow) -> Anchor {
    match message.from {
        ArrowStart::Sent(at) => at,
        ArrowStart::NotShown(_) => panic!("the send is in the chart: {message:?}"),
    }
}

/// The chart as it is printed without colours.
pub(crate) fn columns(chart: &Chart<'_>, width: usize) -> String {
    anstream::adapter::strip_str(&Columns::new(chart, width).to_string()).to_string()
}

#[test]
fn waits_for_locks_have_their_own_pattern() {
    let recording = recording(
        "thread 1 main
        0 mutex state 1
        10 Lock 1 @1.1
        90 Unlock 1 @1.1
        thread 2 worker
        20 LockBegin 1
        95 LockEnd 1 @2.1
        99 Unlock 1 @2.1",
    );
    let chart = chart(&recording, ALL);
    let waits: Vec<_> = chart.waits.iter().map(|wait| (wait.kind, &wait.name[..])).collect();
    assert_eq!(waits, [(WaitKind::Other, "lock state")]);
    let svg = svg(&chart, Steps::Even);
    let document = Document::parse(&svg).unwrap();
    // One here and one in the legend, which knows of it only where there is one.
    assert_eq!(bars(&document, "other"), 2);
    assert!(columns(&chart, 80).contains("┊ lock state waits"), "{}", columns(&chart, 80));
    assert!(mermaid(&chart).contains("lock state waits"));
}

/// `jobs` has room for two. A message is handed over, two lie in the queue, one is lost, and
/// both threads are stuck.
const EVERYTHING: &str = "thread 1 main
    0 channel jobs 1 2 bound=2
    1 channel unused 3 4
    40 Send 1 @1.1
    50 Send 1 @1.2
    60 Send 1 @1.3
    70 SendBegin 1 @1.4
    90 SendEnd 1 @1.4
    100 SendBegin 1 @1.5
    thread 2 worker
    30 RecvBegin 2
    45 RecvEnd 2 @1.1
    80 Recv 2 @1.2
    110 Recv 2 @1.3
    120 TryRecvEmpty 4
    500 RecvBegin 4";

#[test]
fn the_terminal_chart_contains_everything() {
    let recording = recording(EVERYTHING);
    let shown = columns(&chart(&recording, ALL), 80);
    let expected =
        "            main                            worker                          jobs
  0.000 ms  • new channel jobs              │                               ▯▯
  0.000 ms  • new channel unused            │                               ▯▯
  0.000 ms  │                               ░ recv jobs waits 14 ns         ▯▯
  0.000 ms  ●─ jobs #1 ────────────────────▶│                               ▯▯
  0.000 ms  ●─ jobs #2 ▷                    │                               ▮▯
  0.000 ms  ●─ jobs #3 ▷                    │                               ▮▮
  0.000 ms  █ send jobs waits 19 ns         │                               ▮▮
  0.000 ms  █                   ─ jobs #2 ─▶│                               ▮▯
  0.000 ms  ●─ jobs #4 ▷                    │                               ▮▮
  0.000 ms  █ send jobs never ends          │                               ▮▮
  0.000 ms  █                   ─ jobs #3 ─▶│                               ▮▯
  0.000 ms  █                               • try_recv unused (empty)       ▮▯
  ⋮ 380 ns  █                               │
  0.001 ms  █                               ░ recv unused never ends        ▮▯
  0.001 ms  █                               ░ ✗ #4 lost                     ▮▯
            █                               ░
";
    assert_eq!(shown, expected, "\n{shown}");
}

#[test]
fn mermaid_contains_everything() {
    let recording = recording(EVERYTHING);
    let said = mermaid(&chart(&recording, ALL));
    let expected = "\
sequenceDiagram
    participant T0 as main
    participant T1 as worker
    Note over T0: new channel jobs
    Note over T0: new channel unused
    Note over T1: recv jobs waits 14 ns
    T0->>T1: jobs #35;1
    Note over T0: send jobs waits 19 ns
    T0->>T1: jobs #35;2 (sent 30 ns before)
    Note over T0: send jobs never ends
    T0->>T1: jobs #35;3 (sent 50 ns before)
    Note over T1: try_recv unused (empty)
    Note over T0,T1: 380 ns later
    Note over T1: recv unused never ends
    T0-xT1: jobs #35;4 never received (sent 410 ns before)
";
    assert_eq!(said, expected, "\n{said}");
}

pub(crate) fn classes(document: &Document<'_>, class: &str) -> usize {
    let has = |node: &Node<'_, '_>| {
        node.attribute("class").is_some_and(|classes| classes.split(' ').any(|one| one == class))
    };
    document.descendants().filter(has).count()
}

pub(crate) fn texts<'a>(document: &'a Document<'_>) -> Vec<&'a str> {
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text()).collect()
}

fn bars(document: &Document<'_>, pattern: &str) -> usize {
    let fill = format!("url(#{pattern})");
    document.descendants().filter(|node| node.attribute("fill") == Some(&fill)).count()
}

#[test]
fn svg_contains_everything() {
    let recording = recording(EVERYTHING);
    let svg = svg(&chart(&recording, ALL), Steps::Even);
    let document = Document::parse(&svg).unwrap();
    // Two more in the legend, of which each has a head.
    assert_eq!(classes(&document, "arrow"), 4 + 2);
    // Of three arrows the heads, of four the beginnings.
    assert_eq!(classes(&document, "tip"), 3 + 4 + 2);
    // One here and one in the legend, of two strokes each.
    assert_eq!(classes(&document, "cross"), 4);
    // A bar for each wait and one in the legend; three more where a wait never ends.
    assert_eq!(bars(&document, "receiving"), 1 + 4 + 1);
    // One is interrupted.
    assert_eq!(bars(&document, "sending"), 1 + 4 + 1 + 1);
    let texts = texts(&document);
    for text in [
        "main",
        "worker",
        "jobs #1",
        "jobs #3",
        "jobs #4",
        "recv jobs 14 ns",
        "try_recv unused (empty)",
        "channels jobs (room for 2), unused",
    ] {
        assert_eq!(texts.iter().filter(|&&other| other == text).count(), 1, "{text}: {texts:#?}");
    }
    assert_eq!(texts.iter().filter(|&&text| text == "never ends").count(), 2);
    let described = document.root_element().children().find(|node| node.has_tag_name("desc"));
    assert_eq!(
        described.and_then(|node| node.text()),
        Some(
            "A message sequence chart of 2 threads (main, worker) with 4 messages and 4 waits. \
             1 message never received. 2 waits without an end."
        )
    );
    // Nothing comes from outside.
    assert_eq!(svg.matches("://").count(), 1, "only the name of the format");
    assert!(!svg.contains("<script") && !svg.contains("@import"));
}

/// The only arrow's upper and lower end.
fn arrow(shorthand: &str, steps: Steps) -> (f64, f64) {
    let recording = recording(shorthand);
    let svg = svg(&chart(&recording, ALL), steps);
    let document = Document::parse(&svg).expect("the chart is XML");
    let arrow = document.descendants().find(|node| node.attribute("class") == Some("arrow"));
    let y = |name| {
        let y = arrow.and_then(|arrow| arrow.attribute(name)).expect("there is an arrow");
        y.parse().expect("a coordinate is a number")
    };
    (y("y1"), y("y2"))
}

#[test]
fn only_queued_messages_have_sloping_arrows() {
    let received = |how: &str| {
        format!("thread 1 main\n0 channel jobs 1 2\n40 Send 1 @1.1\nthread 2 worker\n{how}")
    };
    let (from, to) = arrow(&received("30 RecvBegin 2\n90 RecvEnd 2 @1.1"), Steps::Even);
    assert_eq!(from, to);
    let (from, to) = arrow(&received("90 Recv 2 @1.1"), Steps::Even);
    assert!(from < to);
}

#[test]
fn arrows_of_a_real_time_chart_are_proportional_to_latency() {
    let taken = |time: u64| {
        let shorthand = format!(
            "thread 1 main\n0 channel jobs 1 2\n100 Send 1 @1.1\n500 TryRecvEmpty 2
             thread 2 worker\n{time} Recv 2 @1.1"
        );
        let (from, to) = arrow(&shorthand, Steps::Real);
        to - from
    };
    // An arrow's line ends before its head, whose way down the slope decides: three heads
    // are left of it.
    let difference = taken(400) - 2.0 * taken(250);
    assert!(difference.abs() < 30.0, "{difference}");
    assert!(taken(400) > 1.5 * taken(250));
}

/// A thread that sends this number of messages to itself.
fn to_itself(messages: u64) -> String {
    let message = |number| {
        format!("{} Send 1 @1.{number}\n{} Recv 2 @1.{number}\n", 10 * number, 10 * number + 5)
    };
    let messages: String = (1..=messages).map(message).collect();
    format!("thread 1 main\n0 channel jobs 1 2\n{messages}")
}

#[test]
fn a_chart_of_a_long_run_shows_its_start_and_its_end() {
    let recording = recording(&to_itself(1000));
    let chart = chart(&recording, ChartLimits { events: 8, threads: 9 });
    let shown = columns(&chart, 80);
    let expected = "            main
  0.000 ms  • new channel jobs
  0.000 ms  ●─ #1 ▷
  0.000 ms  │◀─ #1 ─
  0.000 ms  ●─ #2 …
         ⋮  1993 events left out here (--events N shows more)
  0.010 ms  ●─ #999 ▷
  0.010 ms  │◀─ #999 ─
  0.010 ms  ●─ #1000 ▷
  0.010 ms  │◀─ #1000 ─
";
    assert_eq!(shown, expected, "\n{shown}");
    let all = Document::parse(&svg(&chart, Steps::Even)).map(|document| {
        texts(&document).iter().filter(|text| text.contains("1993 events left out")).count()
    });
    assert_eq!(all, Ok(1));
}

#[test]
fn a_wait_in_the_omitted_part_extends_to_the_end() {
    let long = "thread 2 stuck\n12 RecvBegin 2\n";
    let recording = recording(&format!("{}{long}", to_itself(1000)));
    let chart = chart(&recording, ChartLimits { events: 8, threads: 9 });
    assert_eq!(chart.waits.len(), 1);
    assert_eq!((chart.waits[0].begin.time.get(), chart.waits[0].end), (12, None));
    assert!(chart.waits[0].begin.row < chart.left_out.row);
}

#[test]
fn a_wait_that_ends_in_the_omitted_part_is_cut_there() {
    let recording = recording(
        "thread 1 main
         0 channel jobs 1 2
         10 RecvBegin 2
         20 RecvEnd 2 @2.1
         300 TryRecvEmpty 2
         thread 2 worker
         11 Send 1 @2.1
         30 Send 1 @2.2
         40 Send 1 @2.3
         400 SenderDropped endpoint=1",
    );
    // Kept are the channel, the first send and the wait, and the last two events.
    let chart = chart(&recording, ChartLimits { events: 5, threads: 9 });
    let [wait] = &chart.waits[..] else { panic!("one wait: {chart:#?}") };
    assert_eq!(wait.end.map(|end| end.row), Some(chart.left_out.row));
    let svg = svg(&chart, Steps::Even);
    let document = Document::parse(&svg).unwrap();
    let y = |node: Option<Node<'_, '_>>| -> f64 {
        node.unwrap().attribute("y").unwrap().parse().unwrap()
    };
    let nodes = || document.descendants();
    let bar = nodes().find(|node| node.attribute("fill") == Some("url(#receiving)"));
    let height: f64 = bar.unwrap().attribute("height").unwrap().parse().unwrap();
    let gap = nodes().find(|node| node.attribute("class") == Some("gap"));
    let inside = y(bar) + height - y(gap);
    assert!((0.0..18.0).contains(&inside), "{inside}");
}

#[test]
fn a_narrow_chart_shows_the_first_threads() {
    let thread = |number: u32| format!("thread {number} t{number}\n{number} TryRecvEmpty 2\n");
    let threads: String = (2..=30).map(thread).collect();
    let recording = recording(&format!("thread 1 main\n0 channel jobs 1 2\n{threads}"));
    let limits = ChartLimits { events: 100, threads: most_threads(80) };
    let shown = columns(&chart(&recording, limits), 80);
    let heading: Vec<_> = shown.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(heading, ["main", "t2", "t3", "t4"]);
    let note = "26 threads left out (no more fit; --thread and --channel select)\n";
    assert!(shown.ends_with(note), "{shown}");
    let shown = columns(&chart(&recording, ChartLimits { events: 100, threads: 3 }), 80);
    assert!(shown.ends_with("27 threads left out (--threads N shows more)\n"), "{shown}");
}

#[test]
fn a_chart_fits_its_width_and_its_names_differ() {
    let thread = |number: u32| {
        let worker = format!("worker of the pool number {number}");
        format!(
            "block process=0 thread={number} sequence=0 dropped=0
             0 ThreadStarted os_id=10{number} name=\"{worker}\"
             {number} ChannelCreated channel={number} sender={number}1 receiver={number}2 site=0 \
             bound=9 message_type=\"i32\" name=\"answers to the {worker}\"
             {number}00 Send endpoint={number}1 site=0 detail={}
             {number}01 RecvBegin endpoint={number}2 site=0 detail=0
             {number}02 RecvEnd endpoint={number}2 site=0 detail={}\n",
            (u64::from(number) << 40) + 1,
            (u64::from(number) << 40) + 1,
        )
    };
    let recording = recording(&(1..=12).map(thread).collect::<String>());
    for width in [46, 80, 100, 120, 200] {
        let limits = ChartLimits { events: 100, threads: most_threads(width) };
        let shown = columns(&chart(&recording, limits), width);
        for line in shown.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        let heading = shown.lines().next().unwrap();
        let names: BTreeSet<_> = heading.split("work").skip(1).map(str::trim).collect();
        assert_eq!(names.len(), most_threads(width).min(12), "{width}: {heading}");
    }
}

#[test]
fn lifelines_name_their_process_if_there_are_several() {
    let process = |number: u32| {
        format!(
            "block process={number} thread=0 sequence=0 dropped=0
             0 ProcessStarted pid=4{number} parent=1 ticks=0 monotonic_ns=0 wall_ns=0 executable=\"/bin/twin\" arguments=\"\"
             block process={number} thread=1 sequence=0 dropped=0
             0 ThreadStarted os_id=4{number} name=\"main\"
             1 channel jobs 1 2\n"
        )
    };
    let recording = recording(&(process(0) + &process(1)));
    let chart = chart(&recording, ALL);
    let shown = columns(&chart, 80);
    let heading = shown.lines().next().unwrap();
    let heads: Vec<_> =
        heading.split("  ").map(str::trim).filter(|head| !head.is_empty()).collect();
    assert_eq!(heads, ["twin 40: main", "twin 41: main"]);
    assert!(mermaid(&chart).contains("participant T1 as twin 41: main\n"));
    let svg = svg(&chart, Steps::Even);
    let document = Document::parse(&svg).unwrap();
    assert!(["twin 40", "twin 41"].iter().all(|name| texts(&document).contains(name)));
}

#[test]
fn names_are_escaped_in_every_form() {
    let odd = r#"\u{1b}[31m<b> & \"quoted\"; end #1\u{a}%%{x}"#;
    let recording = recording(&format!(
        "block process=0 thread=1 sequence=0 dropped=0
         0 ThreadStarted os_id=5 name=\"{odd}\"
         1 ChannelCreated channel=1 sender=1 receiver=2 site=0 bound=0 message_type=\"i32\" name=\"{odd}\""
    ));
    let chart = chart(&recording, ALL);
    assert!(!columns(&chart, 200).contains('\u{1b}'));
    let svg = svg(&chart, Steps::Even);
    let document = Document::parse(&svg).unwrap();
    assert!(!document.descendants().any(|node| node.has_tag_name("b")));
    assert!(texts(&document).iter().any(|text| text.contains("<b> &")));
    let lines = mermaid(&chart);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    let escaped = "#60;b#62; #38; #34;quoted#34;#59; end #35;1 #37;#37;#123;x#125;";
    assert_eq!(lines.matches(escaped).count(), 2, "{lines}");
}

#[test]
fn a_chart_of_the_longest_recording_has_few_labels() {
    let last = (1u64 << 56) - 1;
    let recording = recording(&format!("thread 1 main\n0 channel jobs 1 2\n{last} RecvBegin 2"));
    let svg = svg(&chart(&recording, ALL), Steps::Real);
    assert!(texts(&Document::parse(&svg).unwrap()).len() < 40);
}

#[test]
fn an_empty_recording_is_an_empty_chart() {
    let recording = Recording::from_bytes(format::file_header().into()).unwrap();
    let chart = chart(&recording, ALL);
    assert_eq!(columns(&chart, 80), "\n");
    assert_eq!(mermaid(&chart), "sequenceDiagram\n");
    for steps in [Steps::Even, Steps::Real] {
        Document::parse(&svg(&chart, steps)).unwrap();
    }
}

#[test]
fn a_receive_by_a_clock_that_lags_comes_after_the_wait_of_its_send() {
    let recording = recording(
        "thread 1 main
         235 channel jobs 1 2 bound=0
         239 SendBegin 1 @1.1
         286 SendEnd 1 @1.1
         thread 2 worker
         166 Recv 2 @1.1",
    );
    let chart = chart(&recording, ALL);
    let [message] = &chart.messages[..] else { panic!("one message: {chart:#?}") };
    let ArrowEnd::Received(to) = message.to else { panic!("it is received: {chart:#?}") };
    assert!(start(message).row <= to.row, "{chart:#?}");
    let [wait] = &chart.waits[..] else { panic!("one wait: {chart:#?}") };
    assert!(wait.begin.row < wait.end.unwrap().row, "{chart:#?}");
}

proptest! {
    #[test]
    fn a_chart_of_any_program_is_complete_and_well_formed(simulated in unpaused_programs()) {
        let recording = read(&simulated);
        let chart = chart(&recording, ALL);
        let flights = items(&recording).iter().filter(|item| {
            matches!(item, recorder::timeline::item::Item::Flight(_))
        }).count();
        prop_assert_eq!(chart.messages.len(), flights);
        for message in &chart.messages {
            let from = start(message);
            if let ArrowEnd::Received(to) = message.to {
                prop_assert!(from.row <= to.row && from.time <= to.time);
            }
        }
        for wait in &chart.waits {
            prop_assert!(wait.end.is_none_or(|end| wait.begin.row < end.row));
        }
        for steps in [Steps::Even, Steps::Real] {
            prop_assert!(Document::parse(&svg(&chart, steps)).is_ok());
        }
    }

    #[test]
    fn a_chart_of_a_part_is_well_formed(
        simulated in all_programs(),
        length in 64usize..20_000,
        events in 0usize..20,
        threads in 0usize..4,
        width in 0usize..120,
    ) {
        let mut bytes = simulated.bytes();
        bytes.truncate(length);
        let recording = Recording::from_bytes(bytes).unwrap();
        let chart = chart(&recording, ChartLimits { events, threads });
        prop_assert!(chart.lifelines.len() <= threads);
        let shown = chart.rows.len();
        // One more for the end of the run.
        prop_assert!(shown <= events + 1, "{shown} rows");
        for steps in [Steps::Even, Steps::Real] {
            prop_assert!(Document::parse(&svg(&chart, steps)).is_ok());
        }
        columns(&chart, width);
        mermaid(&chart);
    }
}
