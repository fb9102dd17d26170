//! A recording that grows.

use std::collections::HashMap;
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;
use format::BlockHeader;
use format::packed::Packer;
use tempfile::NamedTempFile;

use crate::reading::{Input, Recording};
use crate::terminal::cancel::Watch;

/// A recording that grows, in a file that goes when it is dropped.
#[derive(Debug)]
pub(super) struct Log {
    file: NamedTempFile,
    /// What is not in the file yet.
    buffer: Vec<u8>,
    packer: Packer,
    written: u64,
    /// How many blocks were added with [`tell`](Log::tell), by process.
    told: HashMap<u32, u64>,
}

impl Log {
    pub(super) fn new(directory: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o666))
            .prefix(".recorder-")
            .suffix(".rec")
            .tempfile_in(directory)?;
        let buffer = format::file_header().to_vec();
        let mut log = Log { file, buffer, packer: Packer::new(), written: 0, told: HashMap::new() };
        log.flush()?;
        Ok(log)
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// How many bytes it has, but for those that were not flushed.
    pub(super) fn bytes(&self) -> u64 {
        self.written
    }

    pub(super) fn add(&mut self, header: &BlockHeader, records: &[u8]) {
        self.packer.block(header, records, &mut self.buffer);
    }

    /// Adds a block that is ready.
    pub(super) fn add_block(&mut self, block: &[u8]) {
        self.buffer.extend_from_slice(block);
    }

    /// Adds a block that tells of a process.
    pub(super) fn tell(&mut self, process: u32, records: &[u8]) {
        // Block number 0 tells of its start.
        let told = self.told.entry(process).or_insert(0);
        *told += 1;
        let header = BlockHeader { process, sequence: *told, ..BlockHeader::default() };
        self.add(&header, records);
    }

    /// Writes what was added. What an error leaves behind is written by the next call.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut file: &File = self.file.as_file();
        while !self.buffer.is_empty() {
            match file.write(&self.buffer) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.written += count as u64;
                    self.buffer.drain(..count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives it this name, for good.
    pub(super) fn persist(mut self, path: &Path) -> io::Result<()> {
        self.flush()?;
        self.file.persist(path)?;
        Ok(())
    }

    /// Opens it for reading as it is now, with `rest` behind it; it grows on.
    pub(super) fn open_with(&self, rest: Vec<u8>) -> Result<Recording> {
        Recording::open_growing(self.file.reopen()?, self.written, rest)
    }

    /// Opens it for reading. Its name goes.
    pub(super) fn into_input(self) -> Result<Input> {
        Input::open(self.file.path())
    }

    /// Opens it and reads it. Its name goes.
    pub(super) fn open(self, watch: &Watch) -> Result<Recording> {
        Recording::together(vec![self.into_input()?], watch)
    }
}
