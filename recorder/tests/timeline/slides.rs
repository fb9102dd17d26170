//! Slides: charts of few rows, and those that matter.

use proptest::prelude::*;
use recorder::export::sequence_chart::svg::slide;
use recorder::export::sequence_chart::{ArrowEnd, ArrowStart, ChartBuilder, ChartLimits};
use recorder::reading::Recording;
use recorder::report::Report;
use roxmltree::Document;

use crate::charts::texts;
use crate::shorthand::{items, recording};
use crate::simulated::{all_programs, read};

fn with_builder<T>(recording: &Recording, take: impl FnOnce(ChartBuilder<'_>) -> T) -> T {
    let findings = Report::new(recording).expect("it can be read").findings;
    let mut builder = ChartBuilder::new(recording, &findings, ChartLimits::default());
    items(recording).iter().for_each(|item| builder.item(item));
    take(builder)
}

fn slide_of(recording: &Recording) -> String {
    let findings = Report::new(recording).expect("it can be read").findings;
    with_builder(recording, |builder| slide(&builder, findings.first(), &mut None))
}

/// Two workers send ten messages each, through clones; then main waits for ever.
fn forgotten_sender() -> Recording {
    let mut text = String::from(
        "thread 1 main
         0 channel jobs 1 2
         1 SenderCloned sender=3 from=1 site=0
         2 SenderCloned sender=4 from=1 site=0\n",
    );
    for number in 1..=10 {
        text += &format!("{} Recv 2 @2.{number}\n", 100 * number + 50);
        text += &format!("{} Recv 2 @3.{number}\n", 100 * number + 60);
    }
    text += "2000 RecvBegin 2\n";
    for (thread, sender) in [(2, 3), (3, 4)] {
        text += &format!("thread {thread} worker-{thread}\n");
        for number in 1..=10 {
            text += &format!("{} Send {sender} @{thread}.{number}\n", 100 * number + thread);
        }
        text += &format!("1500 SenderDropped endpoint={sender}\n");
    }
    recording(&text)
}

#[test]
fn a_slide_has_the_start_and_the_end_and_the_wait_that_never_ends() {
    let recording = forgotten_sender();
    with_builder(&recording, |builder| {
        let slide = builder.slide(12, 6);
        let chart = &slide.chart;
        assert!((10..=12).contains(&chart.height_in_rows()), "{chart:#?}");
        assert!(chart.waits.iter().any(|wait| wait.end.is_none()));
        assert!(chart.left_out.events > 0);
        let marks: Vec<_> = chart.marks.iter().map(|mark| &*mark.name).collect();
        assert_eq!(marks, [""; 0], "no clone, no new channel, and no drop that nobody notices");
        let first = chart.messages.first().unwrap();
        assert_eq!(first.label, "#1");
        assert!(chart.messages.iter().any(|message| message.label == "#20"));
        for message in &chart.messages {
            assert!(matches!(message.from, ArrowStart::Sent(_)), "{message:?}");
            assert!(matches!(message.to, ArrowEnd::Received(_)), "{message:?}");
        }
    });
    let svg = slide_of(&recording);
    let document = Document::parse(&svg).unwrap();
    let texts = texts(&document);
    assert!(texts.iter().any(|text| text.starts_with("unfinished: main has waited")), "{texts:?}");
    assert!(texts.contains(&"never ends"), "{texts:?}");
    assert!(texts.iter().all(|text| !text.contains("--")), "no advice: {texts:?}");
}

#[test]
fn a_slide_has_the_busiest_threads() {
    let mut text = String::from("thread 1 main\n0 channel jobs 1 2\n");
    for thread in 2..=9 {
        text += &format!("{thread} Send 1 @1.{thread}\n");
    }
    for thread in 2..=9 {
        text += &format!("thread {thread} worker-{thread}\n{} Recv 2 @1.{thread}\n", 20 + thread);
    }
    let recording = recording(&text);
    with_builder(&recording, |builder| {
        let slide = builder.slide(12, 3);
        assert_eq!(slide.chart.lifelines.len(), 3);
        assert_eq!(slide.chart.left_out.threads, 6);
        assert_eq!(slide.places.len(), 3);
        // A message to a thread that is left out would lead nowhere.
        assert_eq!(slide.chart.messages.len(), 2);
    });
    let svg = slide_of(&recording);
    let document = Document::parse(&svg).unwrap();
    let texts = texts(&document);
    assert!(texts.iter().any(|text| text.ends_with("threads left out")), "{texts:?}");
}

#[test]
fn a_slide_shows_threads_that_only_run_if_all_of_their_events_fit() {
    let slide_of = |workers: u32| {
        let mut text = String::from("thread 1 main\n");
        for thread in 2..2 + workers {
            text += &format!("{thread} Spawn {thread}\n");
        }
        text += "20 JoinBegin 2\n90 JoinEnd 2\n";
        for thread in 2..2 + workers {
            text += &format!(
                "block process=0 thread={thread} sequence=0 dropped=0
                 {} ThreadStarted os_id={thread} name=\"worker\"
                 80 Returned panicked=0\n",
                30 + thread,
            );
        }
        let recording = recording(&text);
        with_builder(&recording, |builder| {
            let chart = builder.slide(12, 6).chart;
            (chart.lifelines.len(), chart.lives.len(), chart.left_out.idle_threads)
        })
    };
    assert_eq!(slide_of(2), (3, 2, 0));
    // The spawns, starts and ends of five threads are more than twelve rows.
    assert_eq!(slide_of(5), (1, 0, 5));
}

proptest! {
    #[test]
    fn every_program_has_a_slide(simulated in all_programs()) {
        let recording = read(&simulated);
        let stuck = with_builder(&recording, |builder| {
            let slide = builder.slide(12, 6);
            let stuck = slide.chart.waits.iter().filter(|wait| wait.end.is_none()).count();
            // Waits that never end are in it, however many there are.
            assert!(slide.chart.height_in_rows() <= 12 + stuck, "{} rows", slide.chart.height_in_rows());
            stuck
        });
        let svg = slide_of(&recording);
        let document = Document::parse(&svg).unwrap();
        let root = document.root_element();
        prop_assert_eq!((root.attribute("width"), root.attribute("height")), (Some("1920"), Some("1080")));
        prop_assert!(stuck == 0 || svg.contains("never ends"));
    }
}
