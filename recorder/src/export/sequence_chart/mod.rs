//! A message sequence chart: threads as lifelines, messages as arrows between them.
//!
//! [`ChartBuilder`] makes a [`Chart`] of the [items](crate::timeline::item) of a timeline. [`svg`],
//! [`mermaid`] and [`columns`] draw it; [`SequenceChart`] writes the first two to a file. These are
//! the rules of the chart:
//!
//! - Every event of a thread on a channel has its own row, and rows are in the order of time. Only
//!   the send and the receive of a message share a row if the message was handed over: it ended the
//!   wait of its receiver, or the channel is a rendezvous. Then the arrow is level. The arrow of a
//!   message that was queued slopes. (So does one that was handed over if the clocks of processors
//!   disagree so much that by their times the two threads do not meet.)
//! - A wait reaches from the row in which it begins to the row of the event that ends it.
//! - A message that no thread received ends where its receiver was dropped, or in a last row for the
//!   end of the run.
//! - A message in flight when its receiver was already waiting is not queued: see [`Belt`].
//! - Lifelines are in the order in which messages flow, from source to sink.
//! - For a long run, the chart keeps only the start and the end, and notes how much is left out
//!   between them ([`ChartLimits`]). Memory does not grow with the run.
//! - Events that are not on a channel are left out, except for waits: for a lock, for another
//!   thread, …. A thread has a lifeline if it did or waited for anything, as far as there is room. A
//!   thread that only ran has one if there are few others; its bar reaches from its start to its end,
//!   and the chart has its spawn and its join, too.

use std::io::{self, Write};

use super::Exporter;
use crate::analysis::findings::Finding;
use crate::reading::Recording;
use crate::timeline::item::Item;

mod assembly;
mod belts;
mod builder;
mod chart;
pub mod columns;
mod lives;
pub mod mermaid;
mod names;
mod rows;
mod slide;
pub mod svg;

pub use builder::ChartBuilder;
pub use chart::{
    Anchor, ArrowEnd, ArrowStart, Belt, Cause, CauseArrow, Chart, EventMark, Jump, LeftOut,
    LifeBar, LossPlace, MessageArrow, Toward, WaitBar, WaitKind, WaitsForArrow,
};
pub use slide::SlideChart;

/// How much of a run a chart shows: of the events, the first half from the start of the run and the
/// rest from its end; of the threads, those with the earliest events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartLimits {
    /// Maximum number of events.
    pub events: usize,
    /// Maximum number of threads.
    pub threads: usize,
}

impl Default for ChartLimits {
    fn default() -> Self {
        ChartLimits { events: 200, threads: 24 }
    }
}

/// How much of a run a chart shows, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChartStyle {
    /// Whether an SVG is a slide: see [`svg::slide`].
    pub is_slide: bool,
    /// In an SVG: the meaning of the vertical axis.
    pub steps: svg::Steps,
    /// How much of a run.
    pub limits: ChartLimits,
}

/// Writes a sequence chart. Nothing is written before [`finish`](Exporter::finish): an arrow needs
/// both of its ends.
#[derive(Debug)]
pub struct SequenceChart<'a, W, D> {
    output: W,
    builder: ChartBuilder<'a>,
    draw: D,
}

impl<'a, W: Write, D: FnOnce(ChartBuilder<'a>) -> String> SequenceChart<'a, W, D> {
    /// A chart of `recording` with these findings, still without items. `draw` makes the text of the
    /// file of all items.
    pub fn new(
        output: W,
        recording: &'a Recording,
        findings: &'a [Finding],
        limits: ChartLimits,
        draw: D,
    ) -> Self {
        SequenceChart { output, builder: ChartBuilder::new(recording, findings, limits), draw }
    }
}

impl<'a, W: Write, D: FnOnce(ChartBuilder<'a>) -> String> Exporter for SequenceChart<'a, W, D> {
    fn item(&mut self, item: &Item) -> io::Result<()> {
        self.builder.item(item);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        let SequenceChart { mut output, builder, draw } = *self;
        output.write_all(draw(builder).as_bytes())?;
        output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading;
    use crate::timeline::builder::build;

    /// A channel with one message, which is received, and one that is lost.
    const RECORDING: &str = "\
block process=0 thread=1 sequence=0 dropped=0
0 ThreadStarted os_id=101 name=\"main\"
0 ChannelCreated channel=1 sender=1 receiver=2 site=0 bound=2 message_type=\"i32\" name=\"jobs\"
40 Send endpoint=1 site=0 detail=1099511627777
60 Send endpoint=1 site=0 detail=1099511627778
block process=0 thread=2 sequence=0 dropped=0
0 ThreadStarted os_id=102 name=\"worker\"
80 Recv endpoint=2 site=0 detail=1099511627777
";

    /// Counts its flushes.
    #[derive(Default)]
    struct CountingOutput {
        bytes: Vec<u8>,
        flushes: u32,
    }

    impl Write for &mut CountingOutput {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.bytes.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.flushes += 1;
            Ok(())
        }
    }

    fn exported(draw: impl Fn(&Chart<'_>) -> String) -> CountingOutput {
        let text = format!("{}\n{RECORDING}", format::text::heading());
        let recording = Recording::from_bytes(format::text::parse(&text).unwrap()).unwrap();
        let mut output = CountingOutput::default();
        let limits = ChartLimits { events: 9, threads: 9 };
        let mut exporter =
            Box::new(SequenceChart::new(&mut output, &recording, &[], limits, |it| {
                draw(&it.finish())
            }));
        build::<reading::Error>(&recording, |item| {
            exporter.item(item).unwrap();
            Ok(())
        })
        .unwrap();
        exporter.finish().unwrap();
        output
    }

    #[test]
    fn a_chart_is_written_and_flushed_at_the_end() {
        let CountingOutput { bytes, flushes } = exported(mermaid::mermaid);
        let expected = "sequenceDiagram
    participant T0 as main
    participant T1 as worker
    Note over T0: new channel jobs
    T0->>T1: #35;1 (sent 40 ns before)
    T0-xT1: #35;2 never received (sent 20 ns before)
";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        assert_eq!(flushes, 1);
    }

    #[test]
    fn an_svg_is_written_and_flushed_at_the_end() {
        let draw = |chart: &Chart<'_>| svg::svg(chart, svg::Steps::Even);
        let CountingOutput { bytes, flushes } = exported(draw);
        assert!(bytes.starts_with(b"<svg ") && bytes.ends_with(b"</svg>\n"));
        assert_eq!(flushes, 1);
    }
}
