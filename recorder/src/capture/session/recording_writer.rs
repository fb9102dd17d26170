//! Writes a recording as it grows.

use std::collections::HashMap;
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use format::packed::Packer;
use format::{BlockHeader, Event, MAX_RECORD};
use tempfile::NamedTempFile;

use super::feed::{Extent, GrowingExtent};
use crate::capture::Result;
use crate::reading::{self, Input, Recording};
use crate::terminal::cancel::Watch;

/// Maximum number of bytes in the buffer after a block of a thread was added.
const MAX_BUFFERED_BYTES: usize = 1 << 20;

/// A recording that grows, in a temporary file that is deleted on drop.
#[derive(Debug)]
pub(super) struct RecordingWriter {
    file: NamedTempFile,
    /// Blocks that are not in the file yet.
    buffer: Vec<u8>,
    packer: Packer,
    /// The number of bytes in the file.
    pub(super) bytes: u64,
    /// The last sequence number that [`add_process_block`](Self::add_process_block) used, by
    /// process.
    sequences: HashMap<u32, u64>,
    /// What others may read of the file.
    extent: GrowingExtent,
}

impl RecordingWriter {
    /// A recording that others may read, as far as the umask of the user allows that.
    pub(super) fn new(directory: &Path) -> io::Result<Self> {
        Self::with_mode(directory, 0o666)
    }

    /// A recording that only the user can read.
    pub(super) fn private(directory: &Path) -> io::Result<Self> {
        Self::with_mode(directory, 0o600)
    }

    fn with_mode(directory: &Path, mode: u32) -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .permissions(Permissions::from_mode(mode))
            .prefix(".recorder-")
            .suffix(".rec")
            .tempfile_in(directory)?;
        let mut writer = RecordingWriter {
            file,
            buffer: format::file_header().to_vec(),
            packer: Packer::new(),
            bytes: 0,
            sequences: HashMap::new(),
            extent: GrowingExtent::default(),
        };
        writer.flush()?;
        Ok(writer)
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    pub(super) fn add(&mut self, header: &BlockHeader, records: &[u8]) -> io::Result<()> {
        self.packer.block(header, records, &mut self.buffer);
        self.flush_if_full()
    }

    /// Adds a block that is already packed.
    pub(super) fn add_packed(&mut self, block: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(block);
        self.flush_if_full()
    }

    /// Adds a block about a process: one of its thread 0.
    pub(super) fn add_process_block(&mut self, process: u32, records: &[u8]) {
        // The process itself has written block 0.
        let sequence = self.sequences.entry(process).or_insert(0);
        *sequence += 1;
        let header = BlockHeader { process, sequence: *sequence, ..BlockHeader::default() };
        self.packer.block(&header, records, &mut self.buffer);
    }

    fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() > MAX_BUFFERED_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes the added blocks to the file. After an error the next call continues.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut file: &File = self.file.as_file();
        while !self.buffer.is_empty() {
            match file.write(&self.buffer) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.bytes += count as u64;
                    self.buffer.drain(..count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.extent.0.set(self.bytes);
        Ok(())
    }

    /// A file of its own for reading, and how much of it can be read, while it grows.
    pub(super) fn reader(&self) -> io::Result<(File, Arc<Extent>)> {
        Ok((self.file.reopen()?, Arc::clone(&self.extent.0)))
    }

    /// Flushes the file and gives it its final name.
    pub(super) fn persist(mut self, path: &Path) -> io::Result<()> {
        self.flush()?;
        self.file.persist(path)?;
        Ok(())
    }

    /// Opens the recording as it is now, with the packed blocks `rest` after it. The file can grow
    /// on.
    pub(super) fn open_with(&self, rest: Vec<u8>) -> Result<Recording> {
        let input = Input::growing(self.file.reopen()?, self.bytes, rest);
        Ok(Recording::together(vec![input], &Watch::default())?)
    }

    /// Opens the file for reading and unlinks it.
    pub(super) fn into_input(self) -> reading::Result<Input> {
        Input::open(self.file.path())
    }

    /// Reads the recording as it is in the file.
    pub(super) fn open(&self, watch: &Watch) -> reading::Result<Recording> {
        Recording::together(vec![Input::open(self.file.path())?], watch)
    }

    /// Opens the file, unlinks it and reads the recording.
    pub(super) fn into_recording(self, watch: &Watch) -> reading::Result<Recording> {
        Recording::together(vec![self.into_input()?], watch)
    }
}

/// Appends an encoded event.
pub(super) fn append_record(records: &mut Vec<u8>, time: u64, event: &Event<'_>) {
    let mut record = [0; MAX_RECORD];
    let length = event.encode(time, &mut record);
    records.extend_from_slice(&record[..length]);
}
