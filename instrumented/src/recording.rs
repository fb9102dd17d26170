//! Whether this process is recorded, and into what file.
//!
//! Nothing has to be initialised: the first channel that the program makes looks
//! whether the process was started by `recorder`. A program that was not can start a
//! recording itself, with [`start`].

use std::io;
use std::path::Path;

#[cfg(feature = "record")]
pub(crate) use file::{Block, SMALL_BLOCK, current, on, prepare, words_of};

/// Records this process into a new file at `path`, from now on until the process ends.
///
/// Every channel that is made from now on is recorded; those that exist already are
/// not. The file is a recording at every moment: `recorder export` reads it after a
/// normal end, a crash or `kill -9`. An existing file at `path` is replaced.
///
/// Does nothing where the process is recorded by `recorder` already: that recording
/// has everything that this one would have.
///
/// # Errors
/// The file cannot be made; [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the
/// process has called this before; [`Unsupported`](io::ErrorKind::Unsupported) if this
/// platform, or this build of the crate, cannot record.
///
/// ```
/// # #[cfg(feature = "record")] {
/// # let directory = std::env::temp_dir().join(format!("instrumented-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// use instrumented::{recording, sync::mpsc};
///
/// recording::start(directory.join("run.rec"))?;
/// let (tx, rx) = mpsc::channel();
/// tx.send(1).unwrap();
/// assert_eq!(rx.recv(), Ok(1));
/// # std::fs::remove_dir_all(&directory)?;
/// # }
/// # std::io::Result::Ok(())
/// ```
pub fn start(path: impl AsRef<Path>) -> io::Result<()> {
    #[cfg(feature = "record")]
    return file::start(path.as_ref());
    #[cfg(not(feature = "record"))]
    {
        let _ = path;
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the crate `instrumented` was built without its feature `record`",
        ))
    }
}

#[cfg(feature = "record")]
mod file;
