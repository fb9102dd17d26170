//! The errors of commands and their exit statuses.

use std::io::{self, ErrorKind};

use crate::terminal::cancel::Interrupted;
use crate::terminal::console::{self, Chain};
use crate::timeline::select;
use crate::workspace::UnknownProgram;
use crate::{capture, export, reading};

/// The exit status after a failure.
pub(super) const FAILURE: u8 = 1;
/// The exit status after wrong usage.
const USAGE: u8 = 2;

/// The result of a command.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command failed.
#[derive(Debug)]
pub enum Error {
    /// The command line asks for something that does not exist or is not possible.
    Usage(String),
    /// A signal interrupted the command.
    Interrupted(Interrupted),
    /// The reader of stdout has closed it. This is not a failure: `recorder show … | head`.
    OutputClosed,
    /// Anything else.
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Prints the error and returns the exit status.
    pub fn report(self) -> u8 {
        match self {
            Error::Usage(message) => {
                console::error(message);
                USAGE
            }
            Error::Interrupted(interrupted) => {
                console::error(interrupted);
                128 + interrupted.signal
            }
            Error::OutputClosed => 0,
            Error::Failed(error) => {
                console::error(Chain(&*error));
                FAILURE
            }
        }
    }

    /// Says which part of the command failed.
    pub(super) fn context(self, context: &'static str) -> Self {
        match self {
            Error::Failed(error) => anyhow::Error::from_boxed(error).context(context).into(),
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

impl From<UnknownProgram> for Error {
    fn from(error: UnknownProgram) -> Self {
        Error::Usage(error.to_string())
    }
}

impl From<Interrupted> for Error {
    fn from(interrupted: Interrupted) -> Self {
        Error::Interrupted(interrupted)
    }
}

impl From<reading::Error> for Error {
    fn from(error: reading::Error) -> Self {
        match error {
            reading::Error::Interrupted(interrupted) => Error::Interrupted(interrupted),
            reading::Error::GivenTwice(_) => Error::Usage(error.to_string()),
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

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Error::Failed(error.into())
    }
}
