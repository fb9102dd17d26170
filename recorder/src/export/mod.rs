//! Writes a recording as traces, charts and recordings.
//!
//! A file appears complete or not at all: it is written under a temporary name in its directory, and
//! renamed at the end.

use std::borrow::Cow;
use std::fs::File;

use tracing::{info, info_span};

use crate::analysis::findings::Finding;
use crate::reading::{Nanos, Recording};
use crate::timeline::select::Selection;

mod attributes;
mod background_writer;
pub mod chrome;
pub mod exporter;
mod output;
pub mod perfetto;
mod pipeline;
mod recording;
pub mod sequence_chart;
mod templates;

use background_writer::BackgroundWriter;
use chrome::Chrome;
pub use exporter::{ByteSink, Error, Exporter};
pub use output::{Kind, Output, Prepared, UnknownExtension, Written, prepare};
use perfetto::Perfetto;
use pipeline::{Passed, Pipeline, Sink};
use recording::{CopyError, write_recording, write_text};
pub use sequence_chart::ChartStyle;
use sequence_chart::{ChartFormat, SequenceChart};

/// What an export shows, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The part of the run that pictures show; `None` if that is all of it.
    pub selection: Option<&'a Selection>,
    /// Maximum number of events of a trace: see [`downsample`](crate::timeline::downsample).
    pub max_events: Option<u64>,
    /// The style of sequence charts.
    pub chart: ChartStyle,
}

/// The result of an export.
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// The files that were written.
    pub files: Vec<Written>,
    /// Sentences about items that the pictures do not show.
    pub left_out: Vec<String>,
}

/// Writes all outputs. One pass over the recording serves all pictures; each output that is a
/// recording itself takes another, and downsampling takes two more.
///
/// If the reader of stdout closes it, files are still written; without files it is an error.
///
/// # Errors
/// The recording cannot be read, an output cannot be written, or the export was interrupted: then no
/// file appears. If a complete file cannot be renamed, the files before it have their names.
pub fn export(
    recording: &Recording,
    findings: &[Finding],
    outputs: Vec<Prepared>,
    options: Options<'_>,
) -> Result<Exported, Error> {
    let _span = info_span!("export", outputs = outputs.len()).entered();
    refuse_several_clocks(recording, &outputs)?;
    let is_only = outputs.len() == 1;
    let mut writers = Vec::new();
    for prepared in &outputs {
        writers.push((&prepared.output, prepared.writer(is_only)?));
    }
    let passed = write(recording, findings, &mut writers, options)?;
    for (output, writer) in writers {
        writer.finish().map_err(|error| output.error(error))?;
    }
    let mut files = Vec::new();
    for prepared in outputs {
        if let Some(file) = prepared.persist(passed.events)? {
            info!(file = %file.path.display(), bytes = file.bytes, "wrote");
            files.push(file);
        }
    }
    Ok(Exported { files, left_out: passed.left_out })
}

/// Recordings without a common clock cannot be written as one recording.
fn refuse_several_clocks(recording: &Recording, outputs: &[Prepared]) -> Result<(), Error> {
    let is_exact = recording.alignment.as_ref().is_none_or(|alignment| alignment.is_exact());
    match outputs.iter().find(|output| !is_exact && !output.kind().is_picture()) {
        Some(prepared) => Err(Error::SeveralClocks(prepared.output.clone())),
        None => Ok(()),
    }
}

/// Writes the contents of all outputs.
fn write(
    recording: &Recording,
    findings: &[Finding],
    writers: &mut [(&Output, BackgroundWriter)],
    options: Options<'_>,
) -> Result<Passed, Error> {
    let findings = match options.selection {
        Some(selection) => Cow::Owned(selection.findings(findings)),
        None => Cow::Borrowed(findings),
    };
    let Options { selection, max_events, chart } = options;
    let (charts, traces) = (Vec::new(), Vec::new());
    let mut pipeline = Pipeline { recording, selection, max_events, charts, traces };
    let catalog = &recording.catalog;
    for (output, out) in writers {
        let output = *output;
        let error = |error| output.error(error);
        let exporter: Box<dyn Exporter> = match output.kind() {
            Kind::Chrome => Box::new(Chrome::new(out, catalog, &findings).map_err(error)?),
            Kind::Perfetto => Box::new(Perfetto::new(out, catalog, &findings).map_err(error)?),
            Kind::Svg => {
                let format = ChartFormat::Svg { steps: chart.steps };
                Box::new(SequenceChart::new(out, recording, chart.limits, format))
            }
            Kind::Mermaid => {
                Box::new(SequenceChart::new(out, recording, chart.limits, ChartFormat::Mermaid))
            }
            kind @ (Kind::Recording | Kind::Text) => {
                let copied = match kind {
                    Kind::Recording => write_recording(out, recording),
                    _ => write_text(out, recording),
                };
                copied.map_err(|failed| match failed {
                    CopyError::Read(failed) => failed.into(),
                    CopyError::Write(failed) => error(failed),
                })?;
                continue;
            }
        };
        let sinks = match output.kind().is_trace() {
            true => &mut pipeline.traces,
            false => &mut pipeline.charts,
        };
        sinks.push(Sink { exporter, error: Box::new(error) });
    }
    pipeline.run(&findings)
}

/// A Perfetto trace in a file without a name.
#[derive(Debug)]
pub struct TemporaryTrace {
    /// The file.
    pub file: File,
    /// The time of its first and its last slice. Nothing is before the one, and nothing that has
    /// length is after the other.
    pub extent: (Nanos, Nanos),
    /// Sentences about items that it does not show.
    pub left_out: Vec<String>,
}

/// Writes a Perfetto trace of a whole run to a file without a name.
///
/// # Errors
/// The recording cannot be read, the disk for temporary files is full, or the export was interrupted.
pub fn temporary_trace(
    recording: &Recording,
    findings: &[Finding],
    max_events: Option<u64>,
) -> Result<TemporaryTrace, Error> {
    let file = tempfile::tempfile().map_err(Error::Temporary)?;
    let copy = file.try_clone().map_err(Error::Temporary)?;
    let mut out = BackgroundWriter::new(copy, |_| Ok(())).map_err(Error::Temporary)?;
    let perfetto =
        Perfetto::new(&mut out, &recording.catalog, findings).map_err(Error::Temporary)?;
    let sink = Sink { exporter: Box::new(perfetto), error: Box::new(Error::Temporary) };
    let (charts, traces) = (Vec::new(), vec![sink]);
    let pipeline = Pipeline { recording, selection: None, max_events, charts, traces };
    let Passed { extent, left_out, .. } = pipeline.run(findings)?;
    out.finish().map_err(Error::Temporary)?;
    Ok(TemporaryTrace { file, extent, left_out })
}
