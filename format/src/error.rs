//! The errors of reading a recording.

use std::fmt;

/// Why bytes cannot be read as a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end inside the header, block or record that starts at `offset`.
    Truncated {
        /// Bytes from the start of the reader's input.
        offset: u64,
    },
    /// The bytes at `offset` contradict the format.
    Malformed {
        /// Bytes from the start of the reader's input.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The file is not a recording.
    NotARecording,
    /// The recording has a version of the format that this crate cannot read.
    UnsupportedVersion {
        /// The version in the file header.
        found: u32,
    },
}

impl Error {
    /// The same error for a reader whose input starts `base` bytes earlier.
    pub fn at(self, base: u64) -> Self {
        match self {
            Error::Truncated { offset } => Error::Truncated { offset: offset + base },
            Error::Malformed { offset, what } => Error::Malformed { offset: offset + base, what },
            other => other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Truncated { offset } => write!(f, "truncated at byte {offset}"),
            Error::Malformed { offset, what } => write!(f, "malformed at byte {offset}: {what}"),
            Error::NotARecording => write!(f, "not a recording"),
            Error::UnsupportedVersion { found } => {
                let known = crate::VERSION;
                write!(
                    f,
                    "recorded in format version {found}, but this recorder reads 1 to {known}"
                )?;
                if *found > known { write!(f, ": install a newer recorder") } else { Ok(()) }
            }
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_place_and_the_problem() {
        let malformed = Error::Malformed { offset: 24, what: "it is wrong" };
        for (error, message) in [
            (Error::Truncated { offset: 64 }, "truncated at byte 64"),
            (malformed, "malformed at byte 24: it is wrong"),
            (Error::NotARecording, "not a recording"),
            (
                Error::UnsupportedVersion { found: 5 },
                "recorded in format version 5, but this recorder reads 1 to 4: install a newer recorder",
            ),
            (
                Error::UnsupportedVersion { found: 0 },
                "recorded in format version 0, but this recorder reads 1 to 4",
            ),
        ] {
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn only_offsets_depend_on_the_start_of_the_input() {
        let what = "it is wrong";
        assert_eq!(Error::Truncated { offset: 8 }.at(64), Error::Truncated { offset: 72 });
        assert_eq!(
            Error::Malformed { offset: 8, what }.at(64),
            Error::Malformed { offset: 72, what }
        );
        for error in [Error::NotARecording, Error::UnsupportedVersion { found: 2 }] {
            assert_eq!(error.clone().at(64), error);
        }
    }
}
