//! Writes a run and the page that shows it as one file.

use std::io;
use std::sync::Arc;

use data_encoding::BASE64;
use flate2::Compression;
use serde::Serialize;

use super::source::Sources;
use super::{LESSON_TEMPLATE, TEMPLATE, end_with, escape, escape_json, parts};
use crate::export::ByteSink;
use crate::reading;
use crate::report::Report;
use crate::report::page::PageReport;
use crate::timeline::Part;
use crate::window::{self, ChunkInfo, IndexDocument, KindList, Piece, RunDocument, compress};

/// A part of the encoded bytes: its start and its length.
type Stored = (u64, u64);

/// All that the page has of the run, except for the pieces.
#[derive(Serialize)]
struct FileDocument<'a> {
    run: RunDocument<'a>,
    report: PageReport,
    index: IndexDocument,
    sources: Sources,
    chunks: Vec<Stored>,
    tiles: Vec<(u32, u64, Vec<Stored>)>,
}

/// What a page has besides its run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Contents<'a> {
    /// The name of the run.
    pub name: &'a str,
    /// Whether it contains the lines of source around the places of the run.
    pub shows_source: bool,
    /// The document of the lesson that the run belongs to, as JSON.
    pub lesson: Option<&'a str>,
}

/// Writes the page with a run.
///
/// # Errors
/// The recording cannot be read; or `out` fails, which `error` describes.
pub fn write<E: From<reading::Error>>(
    out: &mut dyn ByteSink,
    report: &Report<'_>,
    part: Part<'_>,
    Contents { name, shows_source, lesson }: Contents<'_>,
    error: impl Fn(io::Error) -> E,
) -> Result<(), E> {
    let mut text = |text: String| out.append_all(&mut text.into_bytes()).map_err(&error);
    let template = if lesson.is_some() { LESSON_TEMPLATE } else { TEMPLATE };
    let [policy, title, bytes, run, end] = parts(template);
    text(format!("{policy}'none'{title}{}{bytes}", escape(name)))?;
    let kinds = &mut KindList::default();
    let mut document = document(report, part, name, kinds, &mut text)?;
    if shows_source {
        document.sources = Sources::of(report.recording);
    }
    let document = serde_json::to_string(&document).map_err(|it| error(it.into()))?;
    let end = end_with(end, lesson);
    text(format!("{run}{}{end}", escape_json(&document)))
}

/// A run inside another document.
#[derive(Serialize)]
struct Embedded<'a> {
    document: FileDocument<'a>,
    /// What is in the element `bytes` of a page.
    bytes: String,
}

/// A run as JSON, for a page that shows more than one.
///
/// # Errors
/// The recording cannot be read.
pub fn embedded(report: &Report<'_>, name: &str) -> Result<serde_json::Value, reading::Error> {
    let mut bytes = String::new();
    let kinds = &mut KindList::default();
    let document = document(report, Part::default(), name, kinds, |text| {
        bytes.push_str(&text);
        Ok::<_, reading::Error>(())
    })?;
    Ok(serde_json::json!(Embedded { document, bytes }))
}

/// Encodes the pieces of a run, which `text` takes, and returns all else. Its kinds of events are put
/// into `kinds`.
fn document<'a, E: From<reading::Error>>(
    report: &'a Report<'_>,
    part: Part<'_>,
    name: &'a str,
    kinds: &'a mut KindList,
    mut text: impl FnMut(String) -> Result<(), E>,
) -> Result<FileDocument<'a>, E> {
    let recording = report.recording;
    let (mut chunks, mut infos, mut segments) = (Vec::new(), Vec::<ChunkInfo>::new(), Vec::new());
    let mut length = 0;
    recording.begin("exporting");
    let mut store = |content: &[u8]| {
        let encoded = BASE64.encode(&compress(content, Compression::default()));
        let stored = (length, encoded.len() as u64);
        length += stored.1;
        text(encoded).map(|()| stored)
    };
    window::build(recording, part, Arc::default(), |piece| {
        match piece {
            Piece::Kinds(all) => *kinds = all,
            Piece::Chunk(info, content) => {
                infos.push(info);
                chunks.push(store(&content)?);
            }
            Piece::Tile { level, tile, content } => {
                segments.push((level, tile, store(&content)?));
            }
        }
        Ok::<_, E>(())
    })?;
    segments.sort_unstable();
    let same_tile = |a: &(u32, u64, Stored), b: &(u32, u64, Stored)| (a.0, a.1) == (b.0, b.1);
    let tiles = segments.chunk_by(same_tile).map(|segments| {
        let (level, tile, _) = segments[0];
        (level, tile, segments.iter().map(|(.., stored)| *stored).collect())
    });
    let tiles: Vec<_> = tiles.collect();
    let places = tiles.iter().map(|(level, tile, _)| (*level, *tile));
    Ok(FileDocument {
        run: RunDocument::new(recording, kinds, name),
        report: PageReport::new(report),
        index: IndexDocument::complete(recording.catalog.end, &infos, places),
        sources: Sources::default(),
        chunks,
        tiles,
    })
}
