//! Turns a recording into files.
//!
//! A file appears whole or not at all: it is written under a temporary name beside its
//! own, and renamed at the end.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use crate::chart::{ChartBuilder, Limits, mermaid, svg};
use crate::chrome::Chrome;
use crate::items::Item;
use crate::load::Recording;
use crate::perfetto::Perfetto;
use crate::play::play;
use crate::summary::Summary;

/// A file to write. Its ending says what it is.
///
/// ```
/// use recorder::export::{Kind, Output};
/// let output: Output = "traces/run.pftrace".parse().unwrap();
/// assert_eq!(output.kind(), Kind::Perfetto);
/// assert!("run.xml".parse::<Output>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    path: PathBuf,
    kind: Kind,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `.json`: a Chrome trace.
    Chrome,
    /// `.pftrace`: a Perfetto trace.
    Perfetto,
    /// `.svg`: a message sequence chart.
    Svg,
    /// `.mmd`: the same as a Mermaid diagram.
    Mermaid,
    /// `.rec`: a recording.
    Recording,
    /// `.txt`: a recording's text form.
    Text,
}

impl Output {
    /// What it is to be.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it is to be.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A file's ending says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownEnding;

impl fmt::Display for UnknownEnding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the ending must be .json (Chrome trace), .pftrace (Perfetto trace), \
             .svg (sequence chart), .mmd (Mermaid diagram), .rec (recording) or .txt (event text)",
        )
    }
}

impl std::error::Error for UnknownEnding {}

impl FromStr for Output {
    type Err = UnknownEnding;

    fn from_str(path: &str) -> Result<Self, UnknownEnding> {
        let path = PathBuf::from(path);
        let kind = match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => Kind::Chrome,
            Some("pftrace") => Kind::Perfetto,
            Some("svg") => Kind::Svg,
            Some("mmd") => Kind::Mermaid,
            Some("rec") => Kind::Recording,
            Some("txt") => Kind::Text,
            _ => return Err(UnknownEnding),
        };
        Ok(Output { path, kind })
    }
}

/// An output whose file has been begun, under another name.
#[derive(Debug)]
pub struct Prepared {
    output: Output,
    file: NamedTempFile,
}

impl Prepared {
    /// Where it is to be.
    pub fn path(&self) -> &Path {
        &self.output.path
    }
}

/// Begins the files, so that one that cannot be written is known before the program runs.
///
/// # Errors
/// A file cannot be created in an output's directory.
pub fn prepare(outputs: &[Output]) -> Result<Vec<Prepared>> {
    outputs
        .iter()
        .map(|output| {
            let directory = match output.path.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            let cannot = || format!("cannot write {}", output.path.display());
            if output.path.is_dir() {
                anyhow::bail!("{}: it is a directory", cannot());
            }
            let file = tempfile::Builder::new()
                .prefix(".recorder-")
                .permissions(Permissions::from_mode(0o666))
                .tempfile_in(directory)
                .with_context(cannot)?;
            Ok(Prepared { output: output.clone(), file })
        })
        .collect()
}

/// A file that has been written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// How long it is, in bytes.
    pub bytes: u64,
}

/// What sequence charts show of a run, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartStyle {
    /// How much.
    pub limits: Limits,
    /// What the way down an SVG is.
    pub steps: svg::Steps,
}

/// Writes all files in one pass over the recording.
///
/// # Errors
/// The recording cannot be read, or a file cannot be written: then none appears. Or one
/// that is written cannot be given its name: then those before it have theirs.
pub fn export(
    recording: &Recording,
    outputs: Vec<Prepared>,
    chart_style: ChartStyle,
) -> Result<(Summary<'_>, Vec<Written>)> {
    let mut traces = Vec::new();
    for Prepared { output, file } in &outputs {
        let out = BufWriter::with_capacity(1 << 16, file.as_file());
        let cannot = || format!("cannot write {}", output.path.display());
        match output.kind {
            Kind::Chrome => traces
                .push((output, Trace::Chrome(Chrome::new(out, recording).with_context(cannot)?))),
            Kind::Perfetto => {
                traces.push((
                    output,
                    Trace::Perfetto(Perfetto::new(out, recording).with_context(cannot)?),
                ));
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
    play(recording, &mut |item| {
        summary.item(item);
        for (output, trace) in &mut traces {
            trace.item(item).with_context(|| format!("cannot write {}", output.path.display()))?;
        }
        Ok(())
    })?;
    for (output, trace) in traces {
        let finished = match trace {
            Trace::Chrome(chrome) => chrome.finish(),
            Trace::Perfetto(perfetto) => perfetto.finish(),
            Trace::Chart(out, builder) => {
                let chart = builder.finish();
                write_all(
                    out,
                    &match output.kind {
                        Kind::Mermaid => mermaid::mermaid(&chart),
                        _ => svg::svg(&chart, chart_style.steps),
                    },
                )
            }
        };
        finished.with_context(|| format!("cannot write {}", output.path.display()))?;
    }
    let mut written = Vec::new();
    for Prepared { output, file } in outputs {
        let cannot = || format!("cannot write {}", output.path.display());
        let bytes = fs::metadata(file.path()).with_context(cannot)?.len();
        file.persist(&output.path).with_context(cannot)?;
        written.push(Written { path: output.path.clone(), kind: output.kind, bytes });
    }
    Ok((summary, written))
}

enum Trace<'a, W> {
    Chrome(Chrome<'a, W>),
    Perfetto(Perfetto<'a, W>),
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
}

fn write_all(mut out: impl Write, text: &str) -> Result<()> {
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn write_recording(mut out: impl Write, recording: &Recording) -> Result<()> {
    out.write_all(&format::file_header())?;
    let mut packer = format::packed::Packer::new();
    let mut bytes = Vec::new();
    for block in recording.blocks() {
        let (header, records) = block?;
        bytes.clear();
        packer.block(&header, &records, &mut bytes);
        out.write_all(&bytes)?;
    }
    Ok(out.flush()?)
}

fn write_text(mut out: impl Write, recording: &Recording) -> Result<()> {
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
    Ok(out.flush()?)
}
