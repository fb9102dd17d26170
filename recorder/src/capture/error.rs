//! Why a program cannot be run or recorded.

use std::io;
use std::path::PathBuf;

use format::control;

use crate::reading;

/// Why a program cannot be run or recorded, or a run cannot be controlled.
///
/// The message does not contain that of its [source](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no program of this name.
    #[error("there is no such program: cannot run {0}")]
    NoSuchProgram(String, #[source] io::Error),
    /// The program cannot be started for another reason.
    #[error("cannot run {0}")]
    CannotRun(String, #[source] io::Error),
    /// Temporary files cannot be created in this directory.
    #[error("cannot record into {}", .0.display())]
    CannotRecord(PathBuf, #[source] io::Error),
    /// A snapshot of the flight recorder cannot be written to this path.
    #[error("cannot write {}", .0.display())]
    CannotWrite(PathBuf, #[source] io::Error),
    /// The file of a process cannot be opened at this path.
    #[error("{}", .0.display())]
    CannotOpen(PathBuf, #[source] io::Error),
    /// The recording is incomplete. The files of the processes, in this directory of the run,
    /// contain the rest.
    #[error("the processes' files are left in {}", .0.display())]
    Uncollected(PathBuf, #[source] Box<Error>),
    /// A program that was to be explored used nothing that is recorded.
    #[error("it recorded nothing")]
    NothingRecorded,
    /// The directory is not that of a run.
    #[error("not the directory of a run: it has no file `{}`", control::FILE)]
    NotARun,
    /// No run has a recorder with this process ID.
    #[error("process {0} is not a run of recorder")]
    NoSuchRun(u32),
    /// No program is being recorded.
    #[error("no `recorder run` or `recorder record` is running")]
    NoRun,
    /// These recorders are running, and it is not known which of them is meant.
    #[error("several recorders are running; give the process ID of one: {0}")]
    SeveralRuns(String),
    /// The run of this recorder keeps everything.
    #[error("{0} keeps all events; `recorder keep` is for flight recorders (--last)")]
    NotAFlightRecorder(String),
    /// This recorder has not written the snapshot.
    #[error("{0} has not saved its events; see its messages")]
    NotKept(String),
    /// This recorder cannot be reached.
    #[error("cannot reach {0}")]
    NotReached(String, #[source] io::Error),
    /// The head of a process's file contradicts the format.
    #[error(transparent)]
    Format(#[from] format::Error),
    /// The recording cannot be read.
    #[error(transparent)]
    Reading(#[from] reading::Error),
    /// Another operation of the system fails.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The result of running or recording a program.
pub type Result<T, E = Error> = std::result::Result<T, E>;
