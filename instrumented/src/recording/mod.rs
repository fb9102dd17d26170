//! Whether this process is recorded, and into what file.
//!
//! Nothing has to be initialised: the first channel or thread that the program makes, or
//! the first lock that it takes, looks whether the process was started by `recorder`. A program that was not can start a
//! recording itself, with [`start`].

use std::io;
use std::path::Path;

#[cfg(feature = "record")]
pub(crate) use block::Block;
#[cfg(feature = "record")]
pub(crate) use file::{SMALL_BLOCK, words_of};
#[cfg(feature = "record")]
pub(crate) use state::{current, follow, on, prepare, values_limit, wanted};

/// Records this process into a new file at `path`, from now on until the process ends.
///
/// Every channel that is made from now on is recorded; those that exist already are not.
/// Threads, locks and the like are recorded from now on, whenever they were made. The file is a recording at every moment: `recorder export` reads it after a
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
    {
        state::start(path.as_ref())?;
        #[cfg(feature = "tracing")]
        crate::spans::ask_again();
        Ok(())
    }
    #[cfg(not(feature = "record"))]
    {
        let _ = path;
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the crate `instrumented` was built without its feature `record`",
        ))
    }
}

/// Leaves the operations of this process out of its recording, until [`resume`].
///
/// Threads that begin and end meanwhile, and channels that are made, cloned and dropped, are
/// still recorded: what comes later has its names. Before [`start`] it says how that is to begin: paused.
///
/// ```
/// use instrumented::recording;
///
/// recording::pause();
/// // What nobody wants to see.
/// recording::resume();
/// ```
pub fn pause() {
    #[cfg(feature = "record")]
    state::pause();
}

/// Ends what [`pause`] has begun. If `recorder` pauses the recording as well, it goes on
/// when that is over.
pub fn resume() {
    #[cfg(feature = "record")]
    state::resume();
}

/// Something odd has happened: asks a flight recorder, `recorder record --last 30s`, to
/// write out what it has. Does nothing where none is.
///
/// It comes soon and not at once: the program does not wait for it.
pub fn keep() {
    #[cfg(feature = "record")]
    state::keep();
}

/// Has the values of messages recorded, up to so many bytes of each; 0 has none recorded, as it
/// is before this is called. More than 480 are never recorded.
///
/// [`mpsc::Builder`](crate::sync::mpsc::Builder) says which messages have a value that can be
/// shown. A process that is recorded by `recorder` goes by what that was given, `--values` or
/// `--no-values`, and not by this.
///
/// ```
/// use instrumented::recording;
///
/// recording::values(80);
/// ```
pub fn values(limit: usize) {
    #[cfg(feature = "record")]
    state::set_values(limit);
    #[cfg(not(feature = "record"))]
    let _ = limit;
}

#[cfg(feature = "record")]
use std::sync::atomic;

#[cfg(feature = "record")]
mod block;
#[cfg(feature = "record")]
mod file;
#[cfg(feature = "record")]
mod state;
