//! Reads a session while it goes on, from a thread other than the one that collects it.
//!
//! A block is always in one of two places: in the file of its process until it has been moved, and
//! in the recording from then on. Reading the files of the processes first, and only then how long
//! the recording is, finds each block at least once; the reader discards copies.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use format::{ALIGNMENT, BlockHeader};
use rustix::time::{ClockId, clock_gettime};

use super::executable::Executables;
use super::process_file::ProcessFile;
use super::{callers, open_new_files};
use crate::capture::Result;
use crate::reading::{Input, Nanos};

/// How old an event is at most when it gets into its block.
///
/// A thread reads the clock, carries out an operation that does not wait, and then commits its
/// record. Between the two it can lose its processor: with many busy threads, for some tens of
/// milliseconds. An event that takes even longer counts from here on.
/// The error of a process's clock is much smaller: it is compared with the monotonic clock once a
/// millisecond, and once more before the first event of each thread.
pub const MAX_COMMIT_DELAY: Duration = Duration::from_millis(100);

/// How much of a recording is in its file.
#[derive(Debug, Default)]
pub(super) struct Extent {
    /// The number of bytes. They end with a block.
    bytes: AtomicU64,
    /// Whether nothing will be added.
    is_final: AtomicBool,
}

impl Extent {
    pub(super) fn set(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Release);
    }
}

/// Makes an extent final when it is dropped.
#[derive(Debug, Default)]
pub(super) struct GrowingExtent(pub(super) Arc<Extent>);

impl Drop for GrowingExtent {
    fn drop(&mut self) {
        self.0.is_final.store(true, Ordering::Release);
    }
}

/// Reads what a session has recorded so far.
#[derive(Debug)]
pub struct Feed {
    directory: PathBuf,
    recording: File,
    extent: Arc<Extent>,
    files: Vec<ProcessFile>,
    executables: Executables,
}

impl Feed {
    pub(super) fn new(directory: &Path, recording: File, extent: Arc<Extent>) -> Self {
        let (directory, executables) = (directory.to_owned(), Executables::default());
        Feed { directory, recording, extent, files: Vec::new(), executables }
    }

    /// The recording as it is now, and the time on the monotonic clock before which it has all
    /// events; `None` if nothing will be added to it.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(crate) fn read(&mut self) -> Result<(Input, Option<Nanos>)> {
        let is_final = self.extent.is_final.load(Ordering::Acquire);
        let now = clock_gettime(ClockId::Monotonic);
        let now = Nanos::new(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64);
        let rest = if is_final { Vec::new() } else { self.read_rest()? };
        let bytes = self.extent.bytes.load(Ordering::Acquire);
        let input = Input::growing(self.recording.try_clone()?, bytes, rest);
        Ok((input, (!is_final).then(|| now.since(MAX_COMMIT_DELAY.into()))))
    }

    /// The records of the functions that these callers of a process are in: see
    /// [`callers`](super::callers).
    pub(crate) fn resolve_callers(&mut self, process: u32, callers: &[u32]) -> Vec<u8> {
        let Some(file) = self.files.get(process as usize) else { return Vec::new() };
        let (executable, started) = (&file.executable, file.wall_ns);
        match self.executables.describe(executable, started) {
            Some(_) => callers::resolve(Path::new(executable), callers),
            None => Vec::new(),
        }
    }

    /// The blocks that have not been moved, as they are.
    fn read_rest(&mut self) -> Result<Vec<u8>> {
        open_new_files(&mut self.files, &self.directory)?;
        let mut rest = Vec::new();
        for block in self.files.iter().flat_map(ProcessFile::rest) {
            let (header, content) = block?;
            append_block(&mut rest, &header, &content);
        }
        Ok(rest)
    }
}

fn append_block(rest: &mut Vec<u8>, header: &BlockHeader, content: &[u8]) {
    // A packed block has this stride already: its checksum covers it.
    let stride = (BlockHeader::BYTES + content.len()).next_multiple_of(ALIGNMENT);
    let end = rest.len() + stride;
    rest.extend_from_slice(&BlockHeader { stride: stride as u32, ..*header }.encode());
    rest.extend_from_slice(content);
    rest.resize(end, 0);
}
