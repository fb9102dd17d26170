use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use recorder::export::sequence_chart::mermaid::mermaid;
use recorder::export::sequence_chart::svg::{Steps, svg};
use recorder::export::sequence_chart::{
    ArrowEnd, ArrowStart, Chart, ChartBuilder, ChartLimits, LossPlace, Toward,
};
use recorder::reading::Recording;
use recorder::report::Report;
use recorder::timeline::item::{Flow, Item, Slice};
use roxmltree::Document;

use crate::charts::{ALL, chart, classes, columns, start, texts};
use crate::shorthand::{items, recording};
use crate::simulated::{read, unpaused_programs};

/// Whether the arrows of a chart are level, in the order of their sends.
fn are_level(chart: &Chart<'_>) -> Vec<bool> {
    let is_level = |message| match message {
        (from, ArrowEnd::Received(to)) => from == to.row,
        _ => false,
    };
    chart.messages.iter().map(|message| is_level((start(message).row, message.to))).collect()
}

/// A receiver waits, and other things happen between the send that wakes it and its receive.
const WOKEN: &str = "thread 1 main
    0 channel jobs 1 2
    40 Send 1 @1.1
    41 Send 1 @1.2
    42 SenderDropped endpoint=1
    thread 2 worker
    30 RecvBegin 2
    60 RecvEnd 2 @1.1
    61 Recv 2 @1.2
    thread 3 other
    50 TryRecvEmpty 2";

#[test]
fn the_arrow_of_a_message_that_wakes_its_receiver_is_level_whatever_happens_meanwhile() {
    let recording = recording(WOKEN);
    let chart = chart(&recording, ALL);
    assert_eq!(are_level(&chart), [true, false]);
    // The wait ends with the message.
    let [wait] = &chart.waits[..] else { panic!("one wait: {chart:#?}") };
    assert_eq!(wait.end.unwrap().row, start(&chart.messages[0]).row);
}

#[test]
fn a_message_for_which_its_receiver_waits_is_not_in_the_queue() {
    let recording = recording(
        "thread 1 main
        0 channel jobs 1 2 bound=2
        40 Send 1 @1.1
        41 Send 1 @1.2
        70 Send 1 @1.3
        thread 2 worker
        30 RecvBegin 2
        60 RecvEnd 2 @1.1
        61 Recv 2 @1.2
        80 Recv 2 @1.3",
    );
    let chart = chart(&recording, ALL);
    let [belt] = &chart.belts[..] else { panic!("one queue: {chart:#?}") };
    let depths: Vec<_> = belt.steps.iter().map(|&(at, depth)| (at.time.get(), depth)).collect();
    assert_eq!(depths, [(40, 0), (41, 1), (61, 0), (70, 1), (80, 0)]);
    let shown = columns(&chart, 100);
    let of = |time: usize| shown.lines().filter(|line| line.contains('●')).nth(time).unwrap();
    assert!(of(0).ends_with("▯▯"), "{shown}");
    assert!(of(1).ends_with("▮▯"), "{shown}");
    let svg = svg(&chart, Steps::Even);
    let document = Document::parse(&svg).unwrap();
    assert!(texts(&document).contains(&"room for 2"), "{svg}");
    assert!(texts(&document).contains(&"messages in the queue"), "{svg}");
}

#[test]
fn a_long_silence_is_a_break_with_its_duration() {
    let recording = recording(
        "thread 1 main
        0 channel jobs 1 2
        40 Send 1 @1.1
        60 Send 1 @1.2
        5000060 Send 1 @1.3
        thread 2 worker
        50 Recv 2 @1.1
        5000080 Recv 2 @1.2
        5000090 Recv 2 @1.3",
    );
    let chart = chart(&recording, ALL);
    let [jump] = &chart.jumps[..] else { panic!("one jump: {chart:#?}") };
    assert_eq!((jump.length.get(), chart.rows[jump.row].get()), (5_000_000, 5_000_060));
    assert!(columns(&chart, 80).contains("  ⋮ 5.0 ms  │"), "{}", columns(&chart, 80));
    assert!(mermaid(&chart).contains("Note over T0,T1: 5.0 ms later\n"));
    let even = svg(&chart, Steps::Even);
    let document = Document::parse(&even).unwrap();
    assert!(texts(&document).contains(&"⋮ 5.0 ms"), "{even}");
    // Two strokes on each lifeline and in the legend.
    assert_eq!(classes(&document, "jump"), 6);
    // Where the way down is time, it is long anyway.
    let real = svg(&chart, Steps::Real);
    assert_eq!(classes(&Document::parse(&real).unwrap(), "jump"), 0);
}

#[test]
fn lifelines_are_in_the_order_of_flow() {
    let recording = recording(
        "thread 1 main
        0 channel jobs 1 2
        1 channel results 3 4
        90 Recv 4 @2.1
        thread 2 worker
        50 Recv 2 @3.1
        60 Send 3 @2.1
        thread 3 source
        40 Send 1 @3.1",
    );
    let chart = chart(&recording, ALL);
    assert!(columns(&chart, 80).starts_with("            source"));
    let text = mermaid(&chart);
    let participants = "sequenceDiagram\n    participant T0 as source\n    \
                        participant T1 as worker\n    participant T2 as main\n";
    assert!(text.starts_with(participants), "{text}");
}

/// Two of three messages are lost when the receiver is dropped.
const DROPPED: &str = "thread 1 main
    0 channel jobs 1 2
    40 Send 1 @1.1
    41 Send 1 @1.2
    42 Send 1 @1.3
    thread 2 worker
    50 Recv 2 @1.1
    60 ReceiverDropped endpoint=2";

#[test]
fn a_lost_message_ends_at_the_drop_of_its_receiver() {
    let recording = recording(DROPPED);
    let chart = chart(&recording, ALL);
    let drop = chart.marks.iter().find(|mark| mark.name == "drop receiver").unwrap().at;
    for message in &chart.messages[1..] {
        assert_eq!(message.to, ArrowEnd::Lost(Some(LossPlace::Dropped(drop))));
    }
    let shown = columns(&chart, 80);
    assert!(shown.contains("• drop receiver ✗ #2, #3 lost "), "{shown}");
    let text = mermaid(&chart);
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    assert_eq!(
        lines[3..],
        [
            "Note over T0: new channel jobs",
            "T0->>T1: #35;1 (sent 10 ns before)",
            "Note over T1: drop receiver",
            "T0-xT1: #35;2 never received (sent 19 ns before)",
            "T0-xT1: #35;3 never received (sent 18 ns before)",
        ]
    );
    // The crosses are at the height of the drop.
    let svg = svg(&chart, Steps::Even);
    let document = Document::parse(&svg).unwrap();
    let mut dots = document.descendants().filter(|node| node.attribute("class") == Some("dot"));
    let y: f64 = dots.next_back().unwrap().attribute("cy").unwrap().parse().unwrap();
    let crosses = document.descendants().filter(|node| node.attribute("class") == Some("cross"));
    let ys: Vec<f64> =
        crosses.map(|cross| cross.attribute("y1").unwrap().parse().unwrap()).collect();
    assert_eq!(ys.iter().filter(|cross| (**cross - y).abs() < 6.0).count(), 4, "{ys:?} {y}");
}

#[test]
fn a_message_that_is_never_received_ends_with_the_run() {
    let recording = recording(
        "thread 1 main
        0 channel jobs 1 2
        1 channel unused 3 4
        40 Send 1 @1.1
        41 Send 1 @1.2
        42 Send 3 @1.3
        100 TryRecvEmpty 4
        thread 2 worker
        50 Recv 2 @1.1
        900 TryRecvEmpty 4",
    );
    let chart = chart(&recording, ALL);
    let end = chart.rows.len() - 1;
    assert_eq!(chart.rows[end].get(), 900);
    let places: Vec<_> = chart.messages.iter().map(|message| message.to).collect();
    let lost = |place: ArrowEnd| match place {
        ArrowEnd::Lost(Some(LossPlace::RunEnded { lifeline, row, .. })) => Some((lifeline, row)),
        _ => None,
    };
    // The worker used the receivers of both last.
    assert_eq!(lost(places[1]), Some((Some(1), end)), "{places:?}");
    assert_eq!(lost(places[2]), Some((Some(1), end)), "{places:?}");
    let shown = columns(&chart, 80);
    assert!(shown.contains(" ✗ #2, #1 lost "), "{shown}");
}

#[test]
fn an_arrow_leads_from_the_last_drop_of_a_sender_to_the_receive_that_fails_for_it() {
    let recording = recording(
        "thread 1 main
        0 channel jobs 1 2
        10 SenderCloned sender=3 from=1 site=0
        40 SenderDropped endpoint=1
        thread 2 worker
        50 RecvBegin 2
        80 RecvEndDisconnected 2
        90 RecvDisconnected 2
        thread 3 other
        60 SenderDropped endpoint=3",
    );
    let chart = chart(&recording, ALL);
    let [arrow] = &chart.causes[..] else { panic!("one arrow: {chart:#?}") };
    assert_eq!((arrow.from.time.get(), arrow.to.time.get()), (60, 80));
    assert!(columns(&chart, 80).contains("• drop sender → worker"), "{}", columns(&chart, 80));
    let text = mermaid(&chart);
    assert_eq!(text.matches(": recv (disconnected)").count(), 2, "{text}");
    assert_eq!(text.matches("--)").count(), 1, "{text}");
    let svg = svg(&chart, Steps::Even);
    // One of these is in the legend.
    assert_eq!(classes(&Document::parse(&svg).unwrap(), "hangup"), 2);
}

#[test]
fn a_deadlock_shows_which_thread_waits_for_which() {
    let recording = recording(
        "thread 1 main
        0 mutex a 1
        1 mutex b 2
        10 Lock 1 @1.1
        30 LockBegin 2
        thread 2 worker
        20 Lock 2 @2.1
        40 LockBegin 1",
    );
    let findings = Report::new(&recording).unwrap().findings;
    let mut builder = ChartBuilder::new(&recording, &findings, ALL);
    items(&recording).iter().for_each(|item| builder.item(item));
    let chart = builder.finish();
    let waits: Vec<_> = chart.waits_for.iter().map(|it| (it.from, it.to, it.is_known)).collect();
    assert_eq!(waits, [(0, 1, true), (1, 0, true)]);
    let deadlock = "Deadlock: main waits for worker, worker waits for main";
    assert!(columns(&chart, 100).ends_with(&format!("{deadlock}\n")));
    assert!(mermaid(&chart).ends_with(&format!("Note over T0,T1: {deadlock}\n")));
    let svg = svg(&chart, Steps::Even);
    let document = Document::parse(&svg).unwrap();
    assert_eq!(classes(&document, "ring"), 2);
    assert!(texts(&document).contains(&"worker waits for main"), "{svg}");
}

#[test]
fn the_legend_has_only_the_signs_of_the_chart() {
    let legend = |shorthand: &str| {
        let recording = recording(shorthand);
        let svg = svg(&chart(&recording, ALL), Steps::Even);
        let document = Document::parse(&svg).unwrap();
        let signs = [
            "waits for a message",
            "cannot hand its message over",
            "waits for a thread or a lock",
            "handed over directly",
            "was in the queue",
            "never received",
            "the other end is left out",
            "the last sender is dropped",
            "messages in the queue",
            "nothing happens for long",
        ];
        let texts: HashSet<_> = texts(&document).into_iter().map(str::to_owned).collect();
        signs.into_iter().filter(|&sign| texts.contains(sign)).collect::<Vec<_>>()
    };
    assert_eq!(legend(WOKEN), ["waits for a message", "handed over directly", "was in the queue"]);
    assert_eq!(legend(DROPPED), ["was in the queue", "never received", "messages in the queue"]);
    assert!(legend("thread 1 main\n0 channel jobs 1 2").is_empty());
}

#[test]
fn threads_that_use_no_channel_have_lifelines_as_far_as_there_is_room() {
    let recording = recording(
        "thread 1 main
        0 channel jobs 1 2
        40 Send 1 @1.1
        90 Recv 2 @1.1
        thread 2 locker
        10 mutex state 1
        20 Lock 1 @2.1
        30 Unlock 1 @2.1
        thread 3 idle
        thread 4 waiting
        22 LockBegin 1
        32 LockEnd 1 @4.1",
    );
    let names = |limit: usize| {
        let chart = chart(&recording, ChartLimits { threads: limit, ..ALL });
        let names = chart.lifelines.iter().map(|&it| chart.catalog.threads[it].name.clone());
        (names.collect::<Vec<_>>(), chart.left_out.threads)
    };
    let of = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(names(9), (of(&["main", "locker", "waiting"]), 0));
    assert_eq!(names(2), (of(&["main", "waiting"]), 1));
}

#[test]
fn a_cut_arrow_is_on_the_side_of_its_other_end() {
    let ends = |threads: &str, limits: ChartLimits| {
        let recording = recording(threads);
        let chart = chart(&recording, limits);
        let ends = chart.messages.iter().map(|message| (message.from, message.to));
        ends.collect::<Vec<_>>()
    };
    // The sender is to the left of its receiver; its thread, or its send, is left out.
    let shorthand = "thread 1 main
        0 channel jobs 1 2
        100 Recv 2 @2.1
        thread 2 sender
        50 Send 1 @2.1
        51 Send 1 @2.2
        52 SenderCloned sender=3 from=1 site=0
        53 SenderCloned sender=4 from=1 site=0";
    for limits in [ChartLimits { threads: 1, ..ALL }, ChartLimits { events: 2, threads: 9 }] {
        let ends = ends(shorthand, limits);
        let [(ArrowStart::NotShown(toward), ArrowEnd::Received(_))] = ends[..] else {
            panic!("{ends:?}")
        };
        assert_eq!(toward, Toward::Left);
    }
    // The receiver is to the left of its sender: it asks, and this is the answer.
    let shorthand = "thread 1 client
        0 channel jobs 1 2
        1 channel answers 3 4
        10 Send 1 @1.1
        60 Recv 4 @2.1
        70 TryRecvEmpty 4
        80 TryRecvEmpty 4
        90 TryRecvEmpty 4
        thread 2 server
        20 Recv 2 @1.1
        30 Send 3 @2.1";
    let ends = ends(shorthand, ChartLimits { events: 8, threads: 1 });
    let [(_, asked), (ArrowStart::NotShown(answered), _)] = ends[..] else { panic!("{ends:?}") };
    assert_eq!((asked, answered), (ArrowEnd::NotShown(Toward::Right), Toward::Right));
}

#[test]
fn the_label_of_a_message_is_its_value_and_its_number_is_in_the_tooltip() {
    let recording = recording(
        "thread 1 main
        0 channel jobs 1 2
        9 Value message=1099511627777 value=\"17\"
        10 Send 1 @1.1
        20 Send 1 @1.2
        thread 2 worker
        30 Recv 2 @1.1
        40 Recv 2 @1.2",
    );
    let chart = chart(&recording, ALL);
    let labels: Vec<_> = chart.messages.iter().map(|message| &*message.label).collect();
    assert_eq!(labels, ["17", "#2"]);
    assert!(chart.messages[0].details.contains("send jobs #1"), "{chart:#?}");
    assert!(columns(&chart, 80).contains("●─ 17 ▷"), "{}", columns(&chart, 80));
}

/// The sends and receives of messages, in the order in which the sends begin.
fn transfers(items: &[Item]) -> Vec<(Slice, Option<Slice>)> {
    let slices = items.iter().filter_map(|item| match item {
        Item::Slice(slice) if slice.channel().is_some() => Some(slice),
        _ => None,
    });
    let mut sends: Vec<(u64, Slice)> = Vec::new();
    let mut receives: HashMap<u64, Slice> = HashMap::new();
    for slice in slices {
        match &slice.flow {
            Some(Flow::Out(flows)) if slice.is_sent() => sends.push((flows.start, slice.clone())),
            Some(Flow::In(flow)) if slice.is_received() => {
                receives.insert(*flow, slice.clone());
            }
            _ => {}
        }
    }
    sends.sort_by_key(|(_, send)| send.begin);
    sends.into_iter().map(|(flow, send)| (send, receives.remove(&flow))).collect()
}

proptest! {
    #[test]
    fn an_arrow_is_level_if_its_receiver_was_waiting_and_slopes_if_it_was_queued(
        simulated in unpaused_programs()
    ) {
        let recording = read(&simulated);
        let items = items(&recording);
        let chart = chart(&recording, ALL);
        let transfers = transfers(&items);
        prop_assert_eq!(chart.messages.len(), transfers.len());
        for (message, (send, receive)) in chart.messages.iter().zip(transfers) {
            let from = start(message);
            let (Some(receive), ArrowEnd::Received(to)) = (receive, message.to) else { continue };
            let channel = &recording.catalog.channels[send.channel().unwrap()];
            let is_level = receive.waited.is_some() || channel.is_rendezvous();
            // By clocks that disagree, two threads can meet at times that are far apart.
            let may_slope = is_level && !simulated.clocks_agree;
            if from.row != to.row {
                prop_assert!(!is_level || may_slope, "{send:?} {receive:?}");
                prop_assert_eq!((from.time, to.time), (send.begin, receive.begin));
            } else {
                prop_assert!(is_level, "{send:?} {receive:?}");
            }
            if from.row == to.row && receive.waited.is_some() {
                let mut ends = chart.waits.iter().filter_map(|wait| wait.end);
                prop_assert!(ends.any(|end| end == to), "{to:?}");
            }
        }
    }

    #[test]
    fn each_lifeline_has_at_most_one_event_in_a_row(simulated in unpaused_programs()) {
        let recording = read(&simulated);
        let chart = chart(&recording, ALL);
        let received = chart.messages.iter().filter_map(|message| match message.to {
            ArrowEnd::Received(at) => Some(at),
            _ => None,
        });
        let sent = chart.messages.iter().map(start);
        let waits = chart.waits.iter().map(|wait| wait.begin);
        let marks = chart.marks.iter().map(|mark| mark.at);
        let mut places = HashSet::new();
        for at in sent.chain(received).chain(waits).chain(marks) {
            prop_assert!(places.insert((at.lifeline, at.row)), "{at:?}");
        }
    }
}

/// Main spawns this number of threads that do nothing that is recorded, and joins the first.
fn spawns(threads: u32) -> Recording {
    let workers = 2..2 + threads;
    let spawn = |thread| format!("{thread} Spawn {thread}\n");
    let spawns: String = workers.clone().map(spawn).collect();
    let worker = |thread| {
        format!(
            "block process=0 thread={thread} sequence=0 dropped=0
             {} ThreadStarted os_id={thread} name=\"worker {thread}\"
             {} Returned panicked=0
             {} ThreadEnded\n",
            100 + thread,
            400 - thread,
            500 - thread,
        )
    };
    let workers: String = workers.map(worker).collect();
    recording(&format!("thread 1 main\n{spawns}90 JoinBegin 2\n600 JoinEnd 2\n{workers}"))
}

#[test]
fn a_thread_that_only_runs_has_a_bar_from_its_start_to_its_end() {
    let recording = spawns(2);
    let chart = chart(&recording, ALL);
    let shown = columns(&chart, 100);
    let expected =
        "            main                            worker 2                        worker 3
  0.000 ms  • spawn worker 2                │                               │
  0.000 ms  • spawn worker 3                │                               │
  0.000 ms  ┊ join worker 2 waits 509 ns    │                               │
  0.000 ms  ┊                               • start                         │
  0.000 ms  ┊                               ┃                               • start
  ⋮ 294 ns  ┊                               ┃                               ┃
  0.000 ms  ┊                               ┃                               • end
  0.000 ms  ┊                               • end                           │
  ⋮ 202 ns  ┊                               │                               │
  0.001 ms  • join returns                  │                               │
";
    assert_eq!(shown, expected, "\n{shown}");
    let lives: Vec<_> = chart.lives.iter().map(|life| life.begin.lifeline).collect();
    assert_eq!(lives, [1, 2]);
    // Two spawns, and the join that waited.
    assert_eq!(chart.causes.len(), 3);
    let svg = svg(&chart, Steps::Even);
    let document = Document::parse(&svg).unwrap();
    // A piece before the jump and one after it, and one in the legend.
    assert_eq!(classes(&document, "alive"), 2 * 2 + 1);
    assert!(texts(&document).contains(&"runs"));
}

#[test]
fn idle_threads_do_not_crowd_out_a_chart() {
    let recording = spawns(40);
    let chart = chart(&recording, ALL);
    assert_eq!(chart.lifelines.len(), 8);
    let shown = columns(&chart, 300);
    assert!(shown.ends_with("33 threads without an event left out\n"), "{shown}");
    let few = ChartLimits { events: 10, threads: 3 };
    let chart = self::chart(&recording, few);
    assert_eq!(chart.lifelines.len(), 3);
    assert_eq!(chart.left_out.idle_threads, 38);
    assert!(chart.rows.len() <= 10);
}
