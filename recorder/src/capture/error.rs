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
    #[error("there is no such program: cannot run {program}")]
    NoSuchProgram {
        /// The program.
        program: String,
        /// The reason.
        source: io::Error,
    },
    /// The program cannot be started for another reason.
    #[error("cannot run {program}")]
    CannotRun {
        /// The program.
        program: String,
        /// The reason.
        source: io::Error,
    },
    /// Temporary files cannot be created.
    #[error("cannot record into {}", directory.display())]
    CannotRecord {
        /// Their directory.
        directory: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A snapshot of the flight recorder cannot be written.
    #[error("cannot write {}", path.display())]
    CannotWrite {
        /// The path of the snapshot.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file of a process cannot be opened.
    #[error("{}", path.display())]
    CannotOpen {
        /// Its path.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The recording is incomplete, and the files of the processes contain the rest.
    #[error("the processes' files are left in {}", directory.display())]
    Uncollected {
        /// The directory of the run.
        directory: PathBuf,
        /// The reason.
        source: Box<Error>,
    },
    /// The directory is not that of a run.
    #[error("not the directory of a run: it has no file `{}`", control::FILE)]
    NotARun,
    /// No run has a recorder with this process ID.
    #[error("process {recorder} is not a run of recorder")]
    NoSuchRun {
        /// The process ID.
        recorder: u32,
    },
    /// No program is being recorded.
    #[error("no `recorder run` or `recorder record` is running")]
    NoRun,
    /// Several programs are being recorded, and it is not known which of the runs is meant.
    #[error("several recorders are running; give the process ID of one: {}", list(recorders))]
    SeveralRuns {
        /// The process IDs of their recorders.
        recorders: Vec<u32>,
    },
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

fn list(recorders: &[u32]) -> String {
    let recorders: Vec<_> = recorders.iter().map(u32::to_string).collect();
    recorders.join(", ")
}
