//! The errors of commands and their exit statuses.

use std::io::{self, ErrorKind};

use crate::terminal::cancel::Interrupted;
use crate::terminal::console;
use crate::timeline::select;
use crate::{capture, export, reading};

/// The exit status after a failure.
pub(super) const FAILURE: u8 = 1;
/// The exit status after wrong usage.
const USAGE: u8 = 2;

/// The result of a command.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line asks for something that does not exist or is not possible.
    #[error("{0}")]
    Usage(String),
    /// A signal interrupted the command.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The reader of stdout has closed it. This is not a failure: `recorder show … | head`.
    #[error("stdout is closed")]
    OutputClosed,
    /// Anything else.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
}

impl Error {
    /// Prints the error and returns the exit status.
    pub fn report(self) -> u8 {
        let status = match self {
            Error::OutputClosed => return 0,
            Error::Usage(_) => USAGE,
            Error::Interrupted(Interrupted { signal }) => 128 + signal,
            Error::Failed(_) => FAILURE,
        };
        console::error(self);
        status
    }

    /// Says which part of the command failed.
    pub(super) fn context(self, context: &'static str) -> Self {
        match self {
            Error::Failed(error) => Error::Failed(error.context(context)),
            other => other,
        }
    }

    pub(super) fn from_stdout(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Error::OutputClosed,
            _ => anyhow::Error::new(error).context("cannot write stdout").into(),
        }
    }
}

impl From<reading::Error> for Error {
    fn from(error: reading::Error) -> Self {
        match error {
            reading::Error::Interrupted(interrupted) => interrupted.into(),
            reading::Error::GivenTwice(message) => Error::Usage(message),
            _ => Error::Failed(error.into()),
        }
    }
}

impl From<select::Error> for Error {
    fn from(error: select::Error) -> Self {
        match error {
            select::Error::NotInRecording(message) => Error::Usage(message),
            select::Error::Reading(error) => error.into(),
        }
    }
}

impl From<export::Error> for Error {
    fn from(error: export::Error) -> Self {
        match error {
            export::Error::Reading(error) => error.into(),
            export::Error::SeveralClocks(_) => Error::Usage(error.to_string()),
            export::Error::Output { source, .. } if source.kind() == ErrorKind::BrokenPipe => {
                Error::OutputClosed
            }
            _ => Error::Failed(error.into()),
        }
    }
}

impl From<capture::Error> for Error {
    fn from(error: capture::Error) -> Self {
        match error {
            capture::Error::Reading(error) => error.into(),
            _ => Error::Failed(error.into()),
        }
    }
}
