//! A message sequence chart: threads as lifelines, messages as arrows between them.
//!
//! [`ChartBuilder`] makes a [`Chart`] of the [items](crate::timeline::item) of a timeline. [`svg`],
//! [`mermaid`] and [`columns`] draw it; [`SequenceChart`] writes the first two to a file. These are
//! the rules of the chart:
//!
//! - Every event of a thread on a channel has its own row, and rows are in the order of time. The
//!   send and the receive of a message share a row if the receiver was already waiting: then the
//!   arrow is level. The arrow of a message that was queued slopes.
//! - A wait reaches from the row in which it begins to the row of the event that ends it.
//! - For a long run, the chart keeps only the start and the end, and notes how much is left out
//!   between them ([`ChartLimits`]). Memory does not grow with the run.
//! - Events that are not on a channel are left out, except for waits: for a lock, for another
//!   thread, ….

use std::io::{self, Write};

use super::Exporter;
use crate::reading::Recording;
use crate::timeline::item::Item;

mod builder;
mod chart;
pub mod columns;
pub mod mermaid;
mod names;
pub mod svg;

pub use builder::ChartBuilder;
pub use chart::{Anchor, ArrowEnd, Chart, EventMark, LeftOut, MessageArrow, WaitBar, WaitKind};

/// How much of a run a chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartLimits {
    /// Maximum number of events: the first half of them from the start of the run, the rest from
    /// its end.
    pub events: usize,
    /// Maximum number of threads. The threads with the earliest events are shown.
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
    /// How much of a run.
    pub limits: ChartLimits,
    /// The meaning of the vertical axis of an SVG.
    pub steps: svg::Steps,
}

/// The file format of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartFormat {
    /// `.svg`
    Svg {
        /// The meaning of the vertical axis.
        steps: svg::Steps,
    },
    /// `.mmd`
    Mermaid,
}

/// Writes a sequence chart. Nothing is written before [`finish`](Exporter::finish): an arrow needs
/// both of its ends.
#[derive(Debug)]
pub struct SequenceChart<'a, W> {
    output: W,
    builder: ChartBuilder<'a>,
    format: ChartFormat,
}

impl<'a, W: Write> SequenceChart<'a, W> {
    /// A chart of `recording`, still without items.
    pub fn new(
        output: W,
        recording: &'a Recording,
        limits: ChartLimits,
        format: ChartFormat,
    ) -> Self {
        SequenceChart { output, builder: ChartBuilder::new(recording, limits), format }
    }
}

impl<W: Write> Exporter for SequenceChart<'_, W> {
    fn item(&mut self, item: &Item) -> io::Result<()> {
        self.builder.item(item);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        let SequenceChart { mut output, builder, format } = *self;
        let chart = builder.finish();
        let text = match format {
            ChartFormat::Svg { steps } => svg::svg(&chart, steps),
            ChartFormat::Mermaid => mermaid::mermaid(&chart),
        };
        output.write_all(text.as_bytes())?;
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

    fn exported(format: ChartFormat) -> CountingOutput {
        let text = format!("{}\n{RECORDING}", format::text::heading());
        let recording = Recording::from_bytes(format::text::parse(&text).unwrap()).unwrap();
        let mut output = CountingOutput::default();
        let limits = ChartLimits { events: 9, threads: 9 };
        let mut exporter = Box::new(SequenceChart::new(&mut output, &recording, limits, format));
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
        let CountingOutput { bytes, flushes } = exported(ChartFormat::Mermaid);
        let expected = "sequenceDiagram
    participant T0 as main
    participant T1 as worker
    Note over T0: new channel jobs
    Note over T0: #35;2 never received
    T0->>T1: #35;1 (sent 40 ns before)
";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        assert_eq!(flushes, 1);
    }

    #[test]
    fn the_format_selects_the_file() {
        let format = ChartFormat::Svg { steps: svg::Steps::Even };
        let CountingOutput { bytes, flushes } = exported(format);
        assert!(bytes.starts_with(b"<svg ") && bytes.ends_with(b"</svg>\n"));
        assert_eq!(flushes, 1);
    }
}
