//! The errors of commands and their exit statuses.

use std::io::{self, ErrorKind};

use crate::export::OnlyPictures;
use crate::reading::GivenTwice;
use crate::terminal::cancel::Interrupted;
use crate::terminal::console;
use crate::timeline::select::NotThere;
use crate::workspace::UnknownProgram;

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
    Failed(anyhow::Error),
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
                console::error(format_args!("{error:#}"));
                FAILURE
            }
        }
    }

    pub(super) fn from_stdout(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Error::OutputClosed,
            _ => Error::Failed(anyhow::Error::new(error).context("cannot write stdout")),
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

/// Finds the typed errors inside untyped ones; the only place that downcasts errors. To become
/// `Error::Failed(error)` once `reading`, `timeline` and `export` return typed errors.
impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        if error.chain().any(is_broken_pipe) {
            return Error::OutputClosed;
        }
        if let Some(&interrupted) = error.downcast_ref::<Interrupted>() {
            return Error::Interrupted(interrupted);
        }
        let is_usage =
            error.is::<NotThere>() || error.is::<GivenTwice>() || error.is::<OnlyPictures>();
        if is_usage { Error::Usage(format!("{error:#}")) } else { Error::Failed(error) }
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let kind = match (error.downcast_ref::<io::Error>(), error.downcast_ref::<serde_json::Error>())
    {
        (Some(error), _) => Some(error.kind()),
        (_, Some(error)) => error.io_error_kind(),
        (None, None) => None,
    };
    kind == Some(ErrorKind::BrokenPipe)
}
