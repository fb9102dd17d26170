//! Turns a recording into files.
//!
//! A file appears whole or not at all: it is written under a temporary name beside its
//! own, and renamed at the end.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::Write;

use anyhow::{Context, Result};
use tracing::{info, info_span};

use crate::analysis::findings::Finding;
use crate::export::chrome::Chrome;
use crate::export::perfetto::Perfetto;
use crate::export::sequence_chart::{ChartBuilder, Limits, mermaid, svg};
use crate::reading::Recording;
use crate::report::summary::Summary;
use crate::timeline::builder::play;
use crate::timeline::downsample::Detail;
use crate::timeline::item::Item;
use crate::timeline::select::{Filter, Selection};

mod background_writer;
pub mod chrome;
mod output;
pub mod perfetto;
pub mod sequence_chart;
mod templates;

use background_writer::Behind;
pub use output::{Kind, Output, Prepared, UnknownEnding, Written};

/// Begins the outputs, so that one that cannot be written is known before the program runs.
///
/// # Errors
/// A file cannot be created in an output's directory, or what is no text would go to a
/// terminal.
pub fn prepare(outputs: &[Output]) -> Result<Vec<Prepared>> {
    outputs.iter().map(Prepared::begin).collect()
}

/// What sequence charts show of a run, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartStyle {
    /// How much.
    pub limits: Limits,
    /// What the way down an SVG is.
    pub steps: svg::Steps,
}

/// Recordings whose clocks are not one cannot be written as one recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlyPictures(String);

impl fmt::Display for OnlyPictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OnlyPictures {}

/// What pictures show of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    /// What part of it; without this, all.
    pub selection: Option<&'a Selection>,
    /// How many events traces have at most: see [`detail`](crate::timeline::downsample).
    pub max_events: Option<u64>,
}

impl Shown<'_> {
    /// Has all items of the recording seen, and tells those that are selected. Gives what is left
    /// out, in words.
    fn play(
        &self,
        recording: &Recording,
        mut see: impl FnMut(&Item),
        mut tell: impl FnMut(&Item) -> Result<()>,
    ) -> Result<Option<String>> {
        let Some(selection) = self.selection else {
            play(recording, &mut |item| {
                see(item);
                tell(item)
            })?;
            return Ok(None);
        };
        let mut filter = Filter::new(selection, recording);
        play(recording, &mut |item| {
            see(item);
            filter.item(item, &mut tell)
        })?;
        filter.finish(&mut tell).map(Some)
    }

    /// What traces do without, if they are to have fewer events.
    fn detail<'a>(
        &self,
        recording: &'a Recording,
        findings: &[Finding],
    ) -> Result<Option<Detail<'a>>> {
        let Some(most) = self.max_events else { return Ok(None) };
        let _span = info_span!("choose", events = most).entered();
        Detail::new(most, recording, findings, &|tell| {
            recording.begin("choosing");
            self.play(recording, |_| (), tell).map(drop)
        })
    }
}

/// Writes all outputs in one pass over the recording, and one more for each that is a
/// recording itself, and two if traces are to have fewer events; gives the files.
///
/// Pictures have what is `shown`; the summary is of all that there is, and says what
/// they leave out.
///
/// If nobody reads stdout any more, the files are still written. If there are none, that is
/// an error.
///
/// # Errors
/// The recording cannot be read, an output cannot be written, or it was interrupted: then no
/// file appears; or [`OnlyPictures`]. Or one that is written cannot be given its name: then those
/// before it have theirs.
pub fn export<'a>(
    recording: &'a Recording,
    findings: &[Finding],
    outputs: Vec<Prepared>,
    chart_style: ChartStyle,
    shown: Shown<'_>,
) -> Result<(Summary<'a>, Vec<Written>)> {
    let _span = info_span!("export", outputs = outputs.len()).entered();
    let recordings = outputs.iter().find(|output| !output.kind().is_picture());
    if let (Some(output), Some(alignment)) = (recordings, &recording.alignment)
        && !alignment.is_exact()
    {
        return Err(OnlyPictures(format!(
            "cannot write {}: a recording has one clock, and these have not; a picture (.pftrace, \
             .json, .svg, .mmd) can show them together",
            output.output
        ))
        .into());
    }
    let only = outputs.len() == 1;
    let cannot = |output: &Output| format!("cannot write {output}");
    let mut writers = Vec::new();
    for prepared in &outputs {
        let output = &prepared.output;
        writers.push((output, prepared.writer(only).with_context(|| cannot(output))?));
    }
    let mut traces = Vec::new();
    for (output, out) in &mut writers {
        let cannot = || cannot(output);
        match output.kind() {
            Kind::Chrome => {
                traces.push((*output, Trace::Chrome(Chrome::new(out, recording))));
            }
            Kind::Perfetto => {
                let perfetto = Box::new(Perfetto::new(out, recording));
                traces.push((*output, Trace::Perfetto(perfetto)));
            }
            Kind::Svg | Kind::Mermaid => traces.push((
                output,
                Trace::Chart(out, ChartBuilder::new(recording, chart_style.limits)),
            )),
            Kind::Recording => write_recording(out, recording).with_context(cannot)?,
            Kind::Text => write_text(out, recording).with_context(cannot)?,
        }
    }
    let mut summary = Summary::new(recording);
    let findings = match shown.selection {
        Some(selection) => Cow::Owned(selection.findings(findings)),
        None => Cow::Borrowed(findings),
    };
    for (output, trace) in &mut traces {
        for finding in &*findings {
            trace.finding(finding).with_context(|| cannot(output))?;
        }
    }
    let (mut charts, mut traces): (Vec<_>, Vec<_>) =
        traces.into_iter().partition(|(_, trace)| matches!(trace, Trace::Chart(..)));
    let mut detail = match traces.is_empty() {
        true => None,
        false => shown.detail(recording, &findings)?,
    };
    let mut events = 0;
    let mut tell = |item: &Item| {
        events += 1;
        show(&mut traces, item)
    };
    recording.begin("exporting");
    let left_out = info_span!("play", outputs = outputs.len()).in_scope(|| {
        let see = |item: &Item| summary.item(item);
        shown.play(recording, see, |item| {
            show(&mut charts, item)?;
            match &mut detail {
                Some(detail) => detail.item(item, &mut tell),
                None => tell(item),
            }
        })
    })?;
    left_out.into_iter().for_each(|words| summary.leave_out(words));
    if let Some(detail) = detail {
        summary.leave_out(detail.finish(&mut tell)?);
    }
    for (output, trace) in charts.into_iter().chain(traces) {
        let finished = match trace {
            Trace::Chrome(chrome) => chrome.finish(),
            Trace::Perfetto(perfetto) => perfetto.finish(),
            Trace::Chart(out, builder) => {
                let chart = builder.finish();
                write_all(
                    out,
                    &match output.kind() {
                        Kind::Mermaid => mermaid::mermaid(&chart),
                        _ => svg::svg(&chart, chart_style.steps),
                    },
                )
            }
        };
        finished.with_context(|| cannot(output))?;
    }
    for (output, out) in writers {
        out.finish().with_context(|| cannot(output))?;
    }
    let mut written = Vec::new();
    for prepared in outputs {
        if let Some(file) = prepared.persist(events)? {
            info!(file = %file.path.display(), bytes = file.bytes, "wrote");
            written.push(file);
        }
    }
    Ok((summary, written))
}

/// A Perfetto trace in a file that has no name.
#[derive(Debug)]
pub struct Unnamed {
    /// The file.
    pub file: File,
    /// When the first slice begins and when the last begins or ends, in nanoseconds since the
    /// trace's start. Nothing at all lies before the one, and nothing that has a length after
    /// the other.
    pub span: (u64, u64),
    /// What is left out, in words, if anything is.
    pub left_out: Option<String>,
}

/// Writes a Perfetto trace to a file that has no name.
///
/// # Errors
/// The recording cannot be read, there is no room for temporary files, or it was interrupted.
pub fn perfetto(
    recording: &Recording,
    findings: &[Finding],
    max_events: Option<u64>,
) -> Result<Unnamed> {
    let cannot = "cannot write a temporary trace";
    let file = tempfile::tempfile().context(cannot)?;
    let copy = file.try_clone().context(cannot)?;
    let mut out = Behind::new(copy, |_| Ok(())).context(cannot)?;
    let mut trace = Perfetto::new(&mut out, recording);
    for finding in findings {
        trace.finding(finding).context(cannot)?;
    }
    let mut detail = Shown { selection: None, max_events }.detail(recording, findings)?;
    let mut span = (u64::MAX, 0);
    let mut tell = |item: &Item| {
        if let Item::Slice(slice) = item {
            let end = slice.end.unwrap_or(slice.begin);
            span = (span.0.min(slice.begin), span.1.max(end));
        }
        trace.item(item).context(cannot)
    };
    recording.begin("exporting");
    play(recording, &mut |item| match &mut detail {
        Some(detail) => detail.item(item, &mut tell),
        None => tell(item),
    })?;
    let left_out = detail.map(|detail| detail.finish(&mut tell)).transpose()?;
    trace.finish().context(cannot)?;
    out.finish().context(cannot)?;
    Ok(Unnamed { file, span, left_out })
}

#[inline]
fn show<W: Write>(pictures: &mut [(&Output, Trace<'_, W>)], item: &Item) -> Result<()> {
    for (output, picture) in pictures {
        if let Err(error) = picture.item(item) {
            return Err(error.context(format!("cannot write {output}")));
        }
    }
    Ok(())
}

enum Trace<'a, W> {
    Chrome(Chrome<'a, W>),
    Perfetto(Box<Perfetto<'a, W>>),
    Chart(W, ChartBuilder<'a>),
}

impl<W: Write> Trace<'_, W> {
    fn item(&mut self, item: &Item) -> Result<()> {
        match self {
            Trace::Chrome(chrome) => chrome.item(item),
            Trace::Perfetto(perfetto) => perfetto.item(item),
            Trace::Chart(_, builder) => {
                builder.item(item);
                Ok(())
            }
        }
    }

    fn finding(&mut self, finding: &Finding) -> Result<()> {
        match self {
            Trace::Chrome(chrome) => chrome.finding(finding),
            Trace::Perfetto(perfetto) => perfetto.finding(finding),
            Trace::Chart(..) => Ok(()),
        }
    }
}

fn write_all(mut out: impl Write, text: &str) -> Result<()> {
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn write_recording(out: &mut impl Write, recording: &Recording) -> Result<()> {
    let _span = info_span!("write", what = "recording").entered();
    recording.begin("exporting");
    out.write_all(&format::file_header())?;
    let mut packer = format::packed::Packer::new();
    let mut bytes = Vec::new();
    for block in recording.blocks() {
        let (header, records) = block?;
        bytes.clear();
        packer.block(&header, &records, &mut bytes);
        out.write_all(&bytes)?;
    }
    Ok(())
}

fn write_text(out: &mut impl Write, recording: &Recording) -> Result<()> {
    let _span = info_span!("write", what = "text").entered();
    recording.begin("exporting");
    writeln!(out, "{}", format::text::heading())?;
    for block in recording.blocks() {
        let (header, records) = block?;
        writeln!(out, "{}", format::text::block(&header))?;
        let mut rest = &records[..];
        while !rest.is_empty() {
            let record = format::decode(rest)?;
            writeln!(out, "{}", format::text::event(record.time, &record.event))?;
            rest = &rest[record.length..];
        }
    }
    Ok(())
}
