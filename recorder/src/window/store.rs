//! Keeps the pieces of a run in a file without a name, for a server.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;

use super::chunk::ChunkInfo;
use super::tile::Tiles;
use crate::reading::Nanos;

/// The compression of pieces that are served: there is a piece for every megabyte or so of the program's
/// work, and it should cost less than to make them.
const COMPRESSION: Compression = Compression::fast();

/// A piece as a raw deflate stream.
///
/// # Panics
/// Never: writing to memory does not fail.
pub fn compress(piece: &[u8], compression: Compression) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(piece.len() / 3), compression);
    match encoder.write_all(piece).and_then(|()| encoder.finish()) {
        Ok(bytes) => bytes,
        Err(error) => unreachable!("writing to memory failed: {error}"),
    }
}

/// Pieces of a run, and what is known of it so far. Shared by the thread that makes them and those
/// that answer requests.
#[derive(Debug)]
pub struct Store {
    file: File,
    /// The tiles that may still grow.
    tiles: Arc<Mutex<Tiles>>,
    contents: Mutex<Contents>,
}

#[derive(Debug, Default)]
struct Contents {
    /// The length of the file.
    length: u64,
    chunks: Vec<(ChunkInfo, Stored)>,
    segments: BTreeMap<(u32, u64), Vec<Stored>>,
    /// The chunk that is not complete.
    open: Option<(ChunkInfo, Vec<u8>)>,
    run: Versioned,
    report: Versioned,
    revision: u64,
    end: Nanos,
    until: Nanos,
    is_done: bool,
    is_live: bool,
}

/// A document that is replaced from time to time.
#[derive(Clone, Debug, Default)]
struct Versioned {
    version: u64,
    bytes: Arc<[u8]>,
}

/// A part of the file.
#[derive(Clone, Copy, Debug)]
struct Stored {
    offset: u64,
    length: u32,
}

/// A chunk in an index: start, end, level, first step, steps and events.
type ChunkRow = (u64, u64, u32, u64, u64, u64);

/// What a server has of a run.
#[derive(Debug, Serialize)]
pub struct IndexDocument {
    revision: u64,
    catalog: u64,
    report: u64,
    live: bool,
    done: bool,
    end: u64,
    until: u64,
    steps: u64,
    first: u64,
    chunks: Vec<ChunkRow>,
    open: Option<ChunkRow>,
    levels: Vec<(u32, u64, u64)>,
}

impl IndexDocument {
    /// The index of a run of which all chunks and tiles are known.
    pub fn complete(
        end: Nanos,
        chunks: &[ChunkInfo],
        tiles: impl Iterator<Item = (u32, u64)>,
    ) -> Self {
        IndexDocument {
            revision: 1,
            catalog: 1,
            report: 1,
            live: false,
            done: true,
            end: end.get(),
            until: end.get(),
            steps: chunks.last().map_or(0, |last| last.first_step + last.events),
            first: 0,
            chunks: chunks.iter().map(row).collect(),
            open: None,
            levels: levels(tiles),
        }
    }
}

fn row(info: &ChunkInfo) -> ChunkRow {
    let ChunkInfo { begin, end, level, first_step, events } = *info;
    (begin.get(), end.get(), level, first_step, events, events)
}

/// The first and the last tile of each level.
fn levels(tiles: impl Iterator<Item = (u32, u64)>) -> Vec<(u32, u64, u64)> {
    let mut levels = BTreeMap::new();
    for (level, tile) in tiles {
        let (first, last) = levels.entry(level).or_insert((tile, tile));
        (*first, *last) = (tile.min(*first), tile.max(*last));
    }
    levels.into_iter().map(|(level, (first, last))| (level, first, last)).collect()
}

impl Store {
    /// An empty store.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub fn new(is_live: bool) -> io::Result<Self> {
        let contents = Contents { is_live, revision: 1, ..Contents::default() };
        Ok(Store {
            file: tempfile::tempfile()?,
            tiles: Arc::default(),
            contents: Mutex::new(contents),
        })
    }

    /// The tiles that may still grow, for the builder of the pieces.
    pub fn tiles(&self) -> Arc<Mutex<Tiles>> {
        Arc::clone(&self.tiles)
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a complete chunk.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub fn add_chunk(&self, info: ChunkInfo, content: &[u8]) -> io::Result<()> {
        let stored = self.write(content)?;
        let mut contents = self.contents();
        contents.until = contents.until.max(info.end);
        contents.chunks.push((info, stored));
        contents.open = None;
        contents.revision += 1;
        Ok(())
    }

    /// Adds a segment of a tile.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub fn add_segment(&self, level: u32, tile: u64, content: &[u8]) -> io::Result<()> {
        let stored = self.write(content)?;
        let mut contents = self.contents();
        contents.segments.entry((level, tile)).or_default().push(stored);
        contents.revision += 1;
        Ok(())
    }

    fn write(&self, content: &[u8]) -> io::Result<Stored> {
        let bytes = compress(content, COMPRESSION);
        let stored = {
            let mut contents = self.contents();
            let offset = contents.length;
            contents.length += bytes.len() as u64;
            Stored { offset, length: bytes.len() as u32 }
        };
        self.file.write_all_at(&bytes, stored.offset)?;
        Ok(stored)
    }

    /// Replaces the chunk that is not complete.
    pub fn set_open(&self, open: Option<(ChunkInfo, Vec<u8>)>, until: Nanos) {
        let open = open.map(|(info, bytes)| (info, compress(&bytes, COMPRESSION)));
        let mut contents = self.contents();
        contents.open = open;
        contents.until = contents.until.max(until);
        contents.end = contents.end.max(until);
        contents.revision += 1;
    }

    /// Replaces the description of the run, which ends at `end` as far as that is known.
    pub fn set_run(&self, document: Vec<u8>, end: Nanos) {
        let mut contents = self.contents();
        contents.end = contents.end.max(end);
        contents.run.set(document);
        contents.revision += 1;
    }

    /// Replaces the report.
    pub fn set_report(&self, document: Vec<u8>) {
        let mut contents = self.contents();
        contents.report.set(document);
        contents.revision += 1;
    }

    /// All pieces have been added; the run ends at `end`.
    pub fn set_done(&self, end: Nanos) {
        let mut contents = self.contents();
        contents.end = end;
        contents.is_done = true;
        contents.is_live = false;
        contents.until = contents.end;
        contents.revision += 1;
    }

    /// The description of the run.
    pub fn run(&self) -> Arc<[u8]> {
        Arc::clone(&self.contents().run.bytes)
    }

    /// The report, once there is one.
    pub fn report(&self) -> Option<Arc<[u8]>> {
        let contents = self.contents();
        (contents.report.version > 0).then(|| Arc::clone(&contents.report.bytes))
    }

    /// What there is, with the chunks from this number on.
    pub fn index(&self, since: usize) -> IndexDocument {
        let open = self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
        let open: Vec<_> = open.extents().collect();
        let contents = self.contents();
        let steps = |info: &ChunkInfo| info.first_step + info.events;
        let last = contents.open.as_ref().map(|(info, _)| info);
        let last = last.or_else(|| contents.chunks.last().map(|(info, _)| info));
        IndexDocument {
            revision: contents.revision,
            catalog: contents.run.version,
            report: contents.report.version,
            live: contents.is_live,
            done: contents.is_done,
            end: contents.end.get(),
            until: contents.until.get(),
            steps: last.map_or(0, steps),
            first: 0,
            chunks: contents.chunks.iter().skip(since).map(|(info, _)| row(info)).collect(),
            open: contents.open.as_ref().map(|(info, _)| row(info)),
            levels: levels(contents.segments.keys().copied().chain(open)),
        }
    }

    /// Chunks as raw deflate streams, each after its length; those that do not exist are empty.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn chunks(&self, first: usize, last: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for number in first..=last {
            let (stored, open) = {
                let contents = self.contents();
                let stored = contents.chunks.get(number).map(|(_, stored)| *stored);
                let open = contents.open.as_ref().filter(|_| number == contents.chunks.len());
                (stored, open.map(|(_, bytes)| bytes.clone()))
            };
            match (stored, open) {
                (Some(stored), _) => self.append(stored, &mut bytes)?,
                (None, open) => append(&open.unwrap_or_default(), &mut bytes),
            }
        }
        Ok(bytes)
    }

    /// Tiles of a level: for each the number of its segments, and these as raw deflate streams, each
    /// after its length.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn tiles_of(&self, level: u32, first: u64, last: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for tile in first..=last {
            // A tile that is closed in between is in neither or in both: the lock prevents that.
            let tiles = self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
            let open = tiles.segment(level, tile);
            let stored = self.contents().segments.get(&(level, tile)).cloned().unwrap_or_default();
            drop(tiles);
            let count = stored.len() + usize::from(open.is_some());
            bytes.extend((count as u32).to_le_bytes());
            for stored in stored {
                self.append(stored, &mut bytes)?;
            }
            if let Some(open) = open {
                append(&compress(&open, COMPRESSION), &mut bytes);
            }
        }
        Ok(bytes)
    }

    fn append(&self, stored: Stored, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.extend(stored.length.to_le_bytes());
        let start = bytes.len();
        bytes.resize(start + stored.length as usize, 0);
        self.file.read_exact_at(&mut bytes[start..], stored.offset)
    }
}

/// Appends a piece after its length.
fn append(piece: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend((piece.len() as u32).to_le_bytes());
    bytes.extend_from_slice(piece);
}

impl Versioned {
    fn set(&mut self, bytes: Vec<u8>) {
        self.version += 1;
        self.bytes = bytes.into();
    }
}
