//! Writes a recording as traces, charts and recordings.
//!
//! A file appears complete or not at all: it is written under a temporary name in its directory, and
//! renamed at the end.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io;

use thiserror::Error;
use tracing::{info, info_span};

use crate::analysis::findings::Finding;
use crate::page::{self, SourceReader};
use crate::reading::catalog::{Catalog, ThreadIndex};
use crate::reading::{self, Nanos, Recording};
use crate::report::Report;
use crate::timeline::Part;
use crate::timeline::item::Item;

mod attributes;
mod background_writer;
pub mod chrome;
mod output;
pub mod perfetto;
mod pipeline;
mod recording;
pub mod sequence_chart;
mod templates;

use background_writer::BackgroundWriter;
use chrome::Chrome;
use output::Persisted;
pub use output::{Kind, Omitted, Output, Prepared, UnknownExtension, Written, prepare};
use perfetto::Perfetto;
use pipeline::{Passed, Sink};
use recording::write_copy;
pub use sequence_chart::ChartStyle;
use sequence_chart::mermaid::mermaid;
use sequence_chart::svg::{slide, svg};
use sequence_chart::{ChartBuilder, SequenceChart};

/// Writes the items of a timeline in one format. What is not an item, such as the findings, is
/// given to the constructor.
pub trait Exporter {
    /// Writes an item. Items come in the order in which they are over.
    ///
    /// # Errors
    /// The output cannot be written.
    fn item(&mut self, item: &Item) -> io::Result<()>;

    /// Writes the end.
    ///
    /// # Errors
    /// The output cannot be written.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Takes the bytes of an exporter.
pub trait ByteSink {
    /// Takes the first `length` bytes of a buffer. It may exchange the buffer for another, of any
    /// length and with any content.
    ///
    /// # Errors
    /// The bytes cannot be written.
    fn append(&mut self, buffer: &mut Vec<u8>, length: usize) -> io::Result<()>;

    /// Takes all bytes of a buffer, and leaves an empty one.
    ///
    /// # Errors
    /// The bytes cannot be written.
    fn append_all(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        self.append(buffer, buffer.len())?;
        buffer.clear();
        Ok(())
    }
}

impl ByteSink for Vec<u8> {
    fn append(&mut self, buffer: &mut Vec<u8>, length: usize) -> io::Result<()> {
        self.extend_from_slice(&buffer[..length]);
        Ok(())
    }
}

/// The threads in the order in which traces show them: of each process first those that findings are
/// about, and both parts in the order in which messages flow.
fn threads_in_order(catalog: &Catalog, findings: &[Finding]) -> Vec<ThreadIndex> {
    let concerned: HashSet<_> = findings.iter().flat_map(|finding| &finding.threads).collect();
    let mut threads: Vec<_> = catalog.threads.keys().collect();
    threads.sort_by_key(|thread| {
        let rank = catalog.flow_order.thread_rank(*thread);
        (catalog.threads[*thread].process, !concerned.contains(thread), rank)
    });
    threads
}

/// The bound of a channel, at the end of the name of its queue depth.
fn bound_note(bound: Option<u64>) -> String {
    match bound {
        None => String::new(),
        Some(0) => ", rendezvous".to_owned(),
        Some(bound) => format!(", bound {bound}"),
    }
}

/// Exporters collect this number of bytes before they pass them on.
const BUFFER_BYTES: usize = 1 << 18;

/// Why an export fails.
#[derive(Debug, Error)]
pub enum Error {
    /// The recording cannot be read.
    #[error(transparent)]
    Reading(#[from] reading::Error),
    /// An output cannot be written.
    #[error("cannot write {output}")]
    Output {
        /// The output.
        output: Output,
        /// Why.
        source: io::Error,
    },
    /// A temporary trace cannot be written.
    #[error("cannot write a temporary trace")]
    Temporary(#[source] io::Error),
    /// The recordings have no common clock, and cannot be written as one recording.
    #[error(
        "cannot write {0}: a recording has one clock, and these have several; a trace or a chart \
         (.pftrace, .json, .svg, .mmd) can show them together"
    )]
    SeveralClocks(Output),
}

/// What an export shows, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The part of the run that pictures show.
    pub part: Part<'a>,
    /// Maximum number of events of a trace: see [`downsample`](crate::timeline::downsample).
    pub max_events: Option<u64>,
    /// The style of sequence charts.
    pub chart: ChartStyle,
    /// Whether pages contain lines of source.
    pub shows_source: bool,
}

/// The result of an export.
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// The files that were written.
    pub files: Vec<Written>,
    /// The files that would have been too large.
    pub omitted: Vec<Omitted>,
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
    report: &Report<'_>,
    outputs: Vec<Prepared>,
    options: Options<'_>,
) -> Result<Exported, Error> {
    let _span = info_span!("export", outputs = outputs.len()).entered();
    let recording = report.recording;
    // Recordings without a common clock cannot be written as one recording.
    let is_exact = recording.alignment.as_ref().is_none_or(|alignment| alignment.is_exact());
    let copy = outputs.iter().find(|prepared| !prepared.output.kind().is_picture());
    if let Some(prepared) = copy.filter(|_| !is_exact) {
        return Err(Error::SeveralClocks(prepared.output.clone()));
    }
    let is_only = outputs.len() == 1;
    let mut writers = Vec::new();
    for prepared in &outputs {
        writers.push((&prepared.output, prepared.writer(is_only)?));
    }
    let passed = write(report, &mut writers, options)?;
    for (output, writer) in writers {
        writer.finish().map_err(|error| output.error(error))?;
    }
    let mut exported = Exported { left_out: passed.left_out, ..Exported::default() };
    for prepared in outputs {
        match prepared.persist(passed.events)? {
            Persisted::Written(file) => {
                info!(file = %file.path.display(), bytes = file.bytes, "wrote");
                exported.files.push(file);
            }
            Persisted::Omitted(file) => exported.omitted.push(file),
            Persisted::Stdout => {}
        }
    }
    Ok(exported)
}

/// Writes the contents of all outputs.
fn write(
    report: &Report<'_>,
    writers: &mut [(&Output, BackgroundWriter)],
    options: Options<'_>,
) -> Result<Passed, Error> {
    let recording = report.recording;
    let findings = match options.part.selection {
        Some(selection) => Cow::Owned(selection.findings(&report.findings)),
        None => Cow::Borrowed(&report.findings),
    };
    let chart = options.chart;
    let (mut charts, mut traces) = (Vec::new(), Vec::new());
    let catalog = &recording.catalog;
    for (output, out) in writers {
        let output = *output;
        let error = |error| output.error(error);
        let exporter: Box<dyn Exporter> = match output.kind() {
            Kind::Chrome => Box::new(Chrome::new(out, catalog, &findings)),
            Kind::Perfetto => Box::new(Perfetto::new(out, catalog, &findings)),
            Kind::Svg => {
                let shows_source = options.shows_source;
                let findings = &findings;
                let draw = move |drawn: ChartBuilder<'_>| match chart.is_slide {
                    true => {
                        let mut source = shows_source.then(|| SourceReader::new(recording.path()));
                        slide(&drawn, findings.first(), &mut source)
                    }
                    false => svg(&drawn.finish(), chart.steps),
                };
                Box::new(SequenceChart::new(out, recording, findings, chart.limits, draw))
            }
            Kind::Mermaid => {
                let draw = |drawn: ChartBuilder<'_>| mermaid(&drawn.finish());
                Box::new(SequenceChart::new(out, recording, &findings, chart.limits, draw))
            }
            Kind::Page => {
                let stem = output.path().file_stem().unwrap_or_default().to_string_lossy();
                let contents = page::Contents {
                    name: &stem,
                    shows_source: options.shows_source,
                    lesson: None,
                };
                page::write(out, report, options.part, contents, error)?;
                continue;
            }
            kind @ (Kind::Recording | Kind::Text) => {
                write_copy(out, recording, kind == Kind::Text, error)?;
                continue;
            }
        };
        let sinks = match output.kind().is_trace() {
            true => &mut traces,
            false => &mut charts,
        };
        sinks.push(Sink { exporter, error: Box::new(error) });
    }
    pipeline::run(recording, &findings, options, charts, traces)
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
    options: Options<'_>,
) -> Result<TemporaryTrace, Error> {
    let file = tempfile::tempfile().map_err(Error::Temporary)?;
    let copy = file.try_clone().map_err(Error::Temporary)?;
    let mut out = BackgroundWriter::new(copy, |_| Ok(())).map_err(Error::Temporary)?;
    let perfetto = Perfetto::new(&mut out, &recording.catalog, findings);
    let sink = Sink { exporter: Box::new(perfetto), error: Box::new(Error::Temporary) };
    let Passed { extent, left_out, .. } =
        pipeline::run(recording, findings, options, Vec::new(), vec![sink])?;
    out.finish().map_err(Error::Temporary)?;
    Ok(TemporaryTrace { file, extent, left_out })
}
