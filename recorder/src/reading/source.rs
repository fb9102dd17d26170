//! Where the bytes of a recording are.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::error::{Error, Result};

/// The first bytes of a recording in its text form.
const TEXT_START: &[u8] = b"channel-recording ";

/// A recording that has not been read yet.
#[derive(Debug)]
pub struct Input {
    /// Its name in messages: its path, if it has one.
    name: String,
    file: Option<File>,
    /// The length of the part that is in the file. The rest is in memory.
    file_length: u64,
    memory: Vec<u8>,
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
        let mut start = [0; TEXT_START.len()];
        read_at(&file, &mut start, 0).map_err(io)?;
        let input = if start == TEXT_START {
            let mut text = String::new();
            file.read_to_string(&mut text).map_err(io)?;
            let parsed = format::text::parse(&text);
            Input::in_memory(parsed.map_err(|source| Error::Text { name: name.clone(), source })?)
        } else {
            let length = file.metadata().map_err(io)?.len();
            Input::growing(file, length, Vec::new())
        };
        Ok(input.named(&name))
    }

    /// A recording in memory.
    pub fn in_memory(memory: Vec<u8>) -> Self {
        Input { name: "recording".to_owned(), file: None, file_length: 0, memory }
    }

    /// The first `length` bytes of a file that may grow, with `rest` appended.
    pub(crate) fn growing(file: File, length: u64, rest: Vec<u8>) -> Self {
        Input { file: Some(file), file_length: length, ..Input::in_memory(rest) }
    }

    /// The same recording under another name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Input { name: name.to_owned(), ..self }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The length of the part that is in the file.
    pub(super) fn file_length(&self) -> u64 {
        self.file_length
    }

    pub(super) fn length(&self) -> u64 {
        self.file_length + self.memory.len() as u64
    }

    /// Reads from `offset` on until `bytes` is full or the input ends; returns the number of bytes
    /// read.
    pub(super) fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<usize> {
        let in_file = usize::try_from(self.file_length.saturating_sub(offset));
        let in_file = in_file.unwrap_or(usize::MAX).min(bytes.len());
        let (first, second) = bytes.split_at_mut(in_file);
        let mut done = 0;
        if let Some(file) = &self.file {
            let io = |source| Error::Io { name: self.name.clone(), source };
            done = read_at(file, first, offset).map_err(io)?;
        }
        if done == first.len() {
            let from = (offset + done as u64).saturating_sub(self.file_length);
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            let rest = self.memory.get(from..).unwrap_or_default();
            let count = second.len().min(rest.len());
            second[..count].copy_from_slice(&rest[..count]);
            done += count;
        }
        Ok(done)
    }
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
