//! Why a recording cannot be read.

use std::io;

use crate::terminal::cancel::Interrupted;

/// Why a recording cannot be read.
///
/// The message does not contain that of its [source](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be opened or read.
    #[error("{name}")]
    Io {
        /// The file.
        name: String,
        /// The reason.
        source: io::Error,
    },
    /// The bytes are not a recording, or one of another version.
    #[error("{name}")]
    Format {
        /// The file.
        name: String,
        /// The reason.
        source: format::Error,
    },
    /// A text form contradicts itself.
    #[error("{name}")]
    Text {
        /// The file.
        name: String,
        /// The reason.
        source: format::text::ParseError,
    },
    /// Several recordings have more processes than can be numbered.
    #[error("{name}: its processes have numbers that are too large")]
    ProcessNumbers {
        /// The file.
        name: String,
    },
    /// One run is in two of the recordings that were to be read as one.
    #[error("{0}")]
    GivenTwice(String),
    /// A signal has stopped the reading.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// The result of reading.
pub type Result<T, E = Error> = std::result::Result<T, E>;
