//! Keeps the pieces of a run in a file without a name, for a server.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rustix::fs::{FallocateFlags, fallocate};
use serde::Serialize;
use tracing::debug;

use super::chunk::ChunkInfo;
use super::tile::{TILE_BITS, Tiles};
use crate::reading::Nanos;

/// The compression of pieces that are served: compressing a piece should not take longer than making
/// it.
const COMPRESSION: Compression = Compression::fast();

/// How many bytes of chunks of a run that goes on are kept: some minutes of a program that is very busy,
/// and days of one that is not.
const MAX_LIVE_BYTES: u64 = 4 << 30;

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
    chunks: PieceFile,
    segments: PieceFile,
    /// How many bytes of chunks are kept.
    max_bytes: u64,
    /// The tiles that may still grow.
    tiles: Arc<Mutex<Tiles>>,
    contents: Mutex<Contents>,
}

/// A file without a name, to which pieces are appended.
#[derive(Debug)]
struct PieceFile {
    file: File,
    length: AtomicU64,
}

#[derive(Debug, Default)]
struct Contents {
    /// The number of the first chunk that is kept.
    first: usize,
    chunks: VecDeque<(ChunkInfo, Stored)>,
    /// How many bytes at the start of the file of chunks have been given back.
    freed: u64,
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
    /// An empty store, for a run that is over or goes on.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub fn new(is_live: bool) -> io::Result<Self> {
        let max_bytes = if is_live { MAX_LIVE_BYTES } else { u64::MAX };
        Store::with_limit(is_live, max_bytes)
    }

    fn with_limit(is_live: bool, max_bytes: u64) -> io::Result<Self> {
        let contents = Contents { is_live, revision: 1, ..Contents::default() };
        Ok(Store {
            chunks: PieceFile::new()?,
            segments: PieceFile::new()?,
            max_bytes,
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
        let stored = self.chunks.append(content)?;
        let mut contents = self.contents();
        contents.until = contents.until.max(info.end);
        contents.chunks.push_back((info, stored));
        contents.open = None;
        contents.revision += 1;
        if let Some(end) = contents.discard(stored.end(), self.max_bytes) {
            self.chunks.give_back(end);
        }
        Ok(())
    }

    /// Adds a segment of a tile.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub fn add_segment(&self, level: u32, tile: u64, content: &[u8]) -> io::Result<()> {
        let stored = self.segments.append(content)?;
        let mut contents = self.contents();
        contents.segments.entry((level, tile)).or_default().push(stored);
        contents.revision += 1;
        Ok(())
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
        let last = last.or_else(|| contents.chunks.back().map(|(info, _)| info));
        IndexDocument {
            revision: contents.revision,
            catalog: contents.run.version,
            report: contents.report.version,
            live: contents.is_live,
            done: contents.is_done,
            end: contents.end.get(),
            until: contents.until.get(),
            steps: last.map_or(0, steps),
            first: contents.first as u64,
            chunks: contents
                .chunks
                .iter()
                .skip(since.saturating_sub(contents.first))
                .map(|(info, _)| row(info))
                .collect(),
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
                let index = number.checked_sub(contents.first);
                let stored = index.and_then(|index| contents.chunks.get(index));
                let is_next = index == Some(contents.chunks.len());
                let open = contents.open.as_ref().filter(|_| is_next);
                let stored = stored.map(|(_, stored)| *stored);
                (stored, open.map(|(_, bytes)| bytes.clone()))
            };
            match (stored, open) {
                (Some(stored), _) => self.chunks.read(stored, &mut bytes)?,
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
                self.segments.read(stored, &mut bytes)?;
            }
            if let Some(open) = open {
                append(&compress(&open, COMPRESSION), &mut bytes);
            }
        }
        Ok(bytes)
    }
}

impl PieceFile {
    fn new() -> io::Result<Self> {
        Ok(PieceFile { file: tempfile::tempfile()?, length: AtomicU64::new(0) })
    }

    /// Compresses a piece and appends it.
    fn append(&self, content: &[u8]) -> io::Result<Stored> {
        let bytes = compress(content, COMPRESSION);
        let length = bytes.len() as u32;
        let offset = self.length.fetch_add(length.into(), Ordering::Relaxed);
        self.file.write_all_at(&bytes, offset)?;
        Ok(Stored { offset, length })
    }

    /// Appends a piece, after its length, to `bytes`.
    fn read(&self, stored: Stored, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.extend(stored.length.to_le_bytes());
        let start = bytes.len();
        bytes.resize(start + stored.length as usize, 0);
        self.file.read_exact_at(&mut bytes[start..], stored.offset)
    }

    /// Gives the room of the bytes before `end` back to the system, if it can.
    fn give_back(&self, end: u64) {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        if let Err(error) = fallocate(&self.file, flags, 0, end) {
            debug!(%error, "temporary files cannot shrink");
        }
    }
}

impl Stored {
    fn end(self) -> u64 {
        self.offset + u64::from(self.length)
    }
}

impl Contents {
    /// Discards the oldest chunks, so that those of a file that ends at `end` have at most
    /// `max_bytes`; and the fine tiles of the same time. Returns the end of what can be given back, if
    /// that is worth a system call.
    fn discard(&mut self, end: u64, max_bytes: u64) -> Option<u64> {
        /// Tiles are kept of levels at which the whole run has at most this number of bins.
        const MAX_BINS: u32 = 1 << 16;
        while self.chunks.len() > 1
            && let Some((_, oldest)) = self.chunks.front()
            && end - oldest.offset > max_bytes
        {
            self.chunks.pop_front();
            self.first += 1;
        }
        let (kept_from, stored) = self.chunks.front()?;
        if stored.offset - self.freed < max_bytes / 16 || stored.offset == self.freed {
            return None;
        }
        self.freed = stored.offset;
        let begin = kept_from.begin.get();
        let finest = (self.until.get() / u64::from(MAX_BINS)).max(1).ilog2();
        self.segments.retain(|(level, tile), _| {
            *level >= finest || (tile + 1) << (level + TILE_BITS) > begin
        });
        Some(self.freed)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn info(number: u64) -> ChunkInfo {
        let begin = Nanos::new(number << 20);
        ChunkInfo { begin, end: begin.after(), level: 10, first_step: number * 10, events: 10 }
    }

    #[test]
    fn pieces_are_served_as_they_were_added() {
        let store = Store::new(false).unwrap();
        store.add_chunk(info(0), b"first").unwrap();
        store.set_open(Some((info(1), b"open".to_vec())), Nanos::new(7));
        store.add_segment(3, 5, b"one").unwrap();
        store.add_segment(3, 5, b"two").unwrap();
        let mut expected = Vec::new();
        append(&compress(b"first", COMPRESSION), &mut expected);
        append(&compress(b"open", COMPRESSION), &mut expected);
        append(&[], &mut expected);
        assert_eq!(store.chunks(0, 2).unwrap(), expected);
        let mut expected = 2u32.to_le_bytes().to_vec();
        append(&compress(b"one", COMPRESSION), &mut expected);
        append(&compress(b"two", COMPRESSION), &mut expected);
        expected.extend(0u32.to_le_bytes());
        assert_eq!(store.tiles_of(3, 5, 6).unwrap(), expected);
        let index = store.index(1);
        assert_eq!((index.steps, index.chunks.len(), index.levels), (20, 0, vec![(3, 5, 5)]));
    }

    #[test]
    fn a_run_that_goes_on_keeps_its_newest_chunks_and_coarse_tiles_of_all() {
        const LIMIT: u64 = 4000;
        let store = Store::with_limit(true, LIMIT).unwrap();
        // What cannot be compressed.
        let random = |number: u64| -> Vec<u8> {
            (0..500u64)
                .map(|i| ((i + number * 977).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
                .collect()
        };
        for number in 0..100 {
            let tile = (number << 20) >> TILE_BITS;
            store.add_segment(0, tile, b"fine").unwrap();
            store.add_segment(20, tile >> 20, b"coarse").unwrap();
            store.add_chunk(info(number), &random(number)).unwrap();
        }
        let index = store.index(0);
        assert!((90..100).contains(&index.first), "{index:?}");
        assert_eq!(index.chunks.len() as u64, 100 - index.first);
        assert_eq!(store.index(98).chunks.len(), 2);
        assert_eq!(store.chunks(0, 0).unwrap(), [0; 4]);
        assert!(store.chunks(99, 99).unwrap().len() > 4);
        assert_eq!(store.tiles_of(0, 0, 0).unwrap(), [0; 4], "fine tiles are discarded");
        assert_ne!(store.tiles_of(20, 0, 0).unwrap()[..4], [0; 4], "coarse tiles are kept");
    }
}
