//! Where the bytes of a recording are.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

/// A recording that was not read yet.
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
        let name = || path.display().to_string();
        let mut file = File::open(path).with_context(name)?;
        let mut head = [0; 19];
        let length = read_at(&file, &mut head, 0).with_context(name)?;
        let source = if head[..length].starts_with(b"channel-recording ") {
            let mut text = String::new();
            file.read_to_string(&mut text).with_context(name)?;
            Source::Memory(format::text::parse(&text).with_context(name)?)
        } else {
            Source::File(file)
        };
        Ok(Input { name: Some(name()), source })
    }

    /// A recording that is in memory.
    pub fn in_memory(bytes: Vec<u8>) -> Self {
        Input { name: None, source: Source::Memory(bytes) }
    }

    pub(super) fn growing(file: File, length: u64, rest: Vec<u8>) -> Self {
        Input { name: None, source: Source::Growing(file, length, rest) }
    }

    /// The same recording, called so where something is said of it.
    #[must_use]
    pub fn called(self, name: &str) -> Self {
        Input { name: Some(name.to_owned()), ..self }
    }

    /// What it is called: its path, if it has one.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("recording")
    }

    /// Says of an error that it is this recording's.
    pub(super) fn blame(&self, error: anyhow::Error) -> anyhow::Error {
        match &self.name {
            Some(name) => error.context(name.clone()),
            None => error,
        }
    }
}

#[derive(Debug)]
pub(super) enum Source {
    File(File),
    Memory(Vec<u8>),
    /// So many bytes of a file that grows, and what is to stand behind them.
    Growing(File, u64, Vec<u8>),
}

impl Source {
    pub(super) fn length(&self) -> io::Result<u64> {
        match self {
            Source::File(file) => Ok(file.metadata()?.len()),
            Source::Memory(memory) => Ok(memory.len() as u64),
            Source::Growing(_, length, rest) => Ok(length + rest.len() as u64),
        }
    }

    /// Reads as many bytes as there are from `offset` on, at most what fits.
    pub(super) fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Source::Memory(memory) => Ok(copy_at(memory, bytes, offset)),
            Source::File(file) => read_at(file, bytes, offset),
            Source::Growing(file, length, rest) => {
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

/// Copies as many bytes as there are from `offset` on, at most what fits.
fn copy_at(memory: &[u8], bytes: &mut [u8], offset: u64) -> usize {
    let from = usize::try_from(offset).map_or(memory.len(), |at| at.min(memory.len()));
    let count = bytes.len().min(memory.len() - from);
    bytes[..count].copy_from_slice(&memory[from..][..count]);
    count
}

/// Reads as many bytes as there are from `offset` on, at most what fits.
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
