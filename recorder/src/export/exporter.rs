//! The interface of all exporters of pictures, and the errors of an export.

use std::io;

use thiserror::Error;

use super::Output;
use crate::reading;
use crate::timeline::item::Item;

/// Writes the items of a timeline in one format. What is not an item, such as the findings, is
/// given to the constructor.
pub trait Exporter {
    /// Writes an item. Items come in the order in which they are over.
    ///
    /// # Errors
    /// The output cannot be written.
    fn item(&mut self, item: &Item) -> io::Result<()>;

    /// Writes the end.
    ///
    /// # Errors
    /// The output cannot be written.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Takes the bytes of an exporter.
pub trait ByteSink {
    /// Takes the first `length` bytes of a buffer. It may exchange the buffer for another, of any
    /// length and with any content.
    ///
    /// # Errors
    /// The bytes cannot be written.
    fn append(&mut self, buffer: &mut Vec<u8>, length: usize) -> io::Result<()>;
}

impl ByteSink for Vec<u8> {
    fn append(&mut self, buffer: &mut Vec<u8>, length: usize) -> io::Result<()> {
        self.extend_from_slice(&buffer[..length]);
        Ok(())
    }
}

impl<S: ByteSink> ByteSink for &mut S {
    fn append(&mut self, buffer: &mut Vec<u8>, length: usize) -> io::Result<()> {
        (**self).append(buffer, length)
    }
}

/// Exporters collect this number of bytes before they pass them on.
pub(super) const BUFFER_BYTES: usize = 1 << 18;

/// Why an export fails.
#[derive(Debug, Error)]
pub enum Error {
    /// The recording cannot be read.
    #[error(transparent)]
    Reading(#[from] reading::Error),
    /// An output cannot be written.
    #[error("cannot write {output}")]
    Output {
        /// The output.
        output: Output,
        /// Why.
        source: io::Error,
    },
    /// A temporary trace cannot be written.
    #[error("cannot write a temporary trace")]
    Temporary(#[source] io::Error),
    /// The recordings have no common clock, and cannot be written as one recording.
    #[error(
        "cannot write {0}: a recording has one clock, and these have several; a trace or a chart \
         (.pftrace, .json, .svg, .mmd) can show them together"
    )]
    SeveralClocks(Output),
}
