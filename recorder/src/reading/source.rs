//! Where the bytes of a recording are.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::error::{Error, Result};

/// A recording that has not been read yet.
#[derive(Debug)]
pub struct Input {
    name: Option<String>,
    pub(super) source: Source,
}

impl Input {
    /// Opens a recording, or its text form.
    ///
    /// # Errors
    /// The file cannot be read, or is a text form that contradicts itself.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let io = |source| Error::Io { name: name.clone(), source };
        let mut file = File::open(path).map_err(io)?;
        let mut head = [0; 19];
        let length = read_at(&file, &mut head, 0).map_err(io)?;
        let source = if head[..length].starts_with(b"channel-recording ") {
            let mut text = String::new();
            file.read_to_string(&mut text).map_err(io)?;
            let parsed = format::text::parse(&text);
            Source::Memory(parsed.map_err(|source| Error::Text { name: name.clone(), source })?)
        } else {
            Source::File(file)
        };
        Ok(Input { name: Some(name), source })
    }

    /// A recording in memory.
    pub fn in_memory(bytes: Vec<u8>) -> Self {
        Input { name: None, source: Source::Memory(bytes) }
    }

    /// The first `length` bytes of a file that grows, with `rest` appended.
    pub(crate) fn growing(file: File, length: u64, rest: Vec<u8>) -> Self {
        Input { name: None, source: Source::Growing { file, length, rest } }
    }

    /// The same recording under another name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Input { name: Some(name.to_owned()), ..self }
    }

    /// Its name in messages: its path, if it has one.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("recording")
    }

    pub(super) fn io_error(&self, source: io::Error) -> Error {
        Error::Io { name: self.name().to_owned(), source }
    }
}

#[derive(Debug)]
pub(super) enum Source {
    File(File),
    Memory(Vec<u8>),
    Growing { file: File, length: u64, rest: Vec<u8> },
}

impl Source {
    pub(super) fn length(&self) -> io::Result<u64> {
        match self {
            Source::File(file) => Ok(file.metadata()?.len()),
            Source::Memory(memory) => Ok(memory.len() as u64),
            Source::Growing { length, rest, .. } => Ok(length + rest.len() as u64),
        }
    }

    /// Reads from `offset` on until `bytes` is full or the source ends; returns the number of
    /// bytes read.
    pub(super) fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Source::Memory(memory) => Ok(copy_at(memory, bytes, offset)),
            Source::File(file) => read_at(file, bytes, offset),
            Source::Growing { file, length, rest } => {
                let left = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
                let (first, second) = bytes.split_at_mut(left.min(bytes.len()));
                let done = read_at(file, first, offset)?;
                if done < first.len() {
                    return Ok(done);
                }
                let behind = (offset + done as u64).saturating_sub(*length);
                Ok(done + copy_at(rest, second, behind))
            }
        }
    }
}

/// Copies from `offset` on until `bytes` is full or `memory` ends; returns the number of bytes.
fn copy_at(memory: &[u8], bytes: &mut [u8], offset: u64) -> usize {
    let from = usize::try_from(offset).map_or(memory.len(), |at| at.min(memory.len()));
    let count = bytes.len().min(memory.len() - from);
    bytes[..count].copy_from_slice(&memory[from..][..count]);
    count
}

/// Reads from `offset` on until `bytes` is full or the file ends; returns the number of bytes.
pub(crate) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match file.read_at(&mut bytes[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
