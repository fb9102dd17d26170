//! Whether this process is recorded, and the file that it records into.
//!
//! Nothing has to be initialised. The first channel or thread that the program creates, or the
//! first lock that it takes, checks whether `recorder` started the process. A process that was
//! not started by `recorder` can start a recording itself with [`start`].

use std::io;
use std::path::Path;

#[cfg(feature = "record")]
pub(crate) use block::Block;
#[cfg(feature = "record")]
pub(crate) use file::{SMALL_BLOCK_BYTES, words_of};
#[cfg(feature = "record")]
pub(crate) use state::{
    begin_operation, current, end_control, is_controlled, is_recorded, on, on_or_try_init,
    pause_if_requested, still_on, try_init, value_limit,
};

/// Records this process into a new file at `path`, from now on until the process ends.
///
/// Channels created from now on are recorded; existing ones are not. Threads and primitives such
/// as locks are recorded from now on, whenever they were created. The file is a valid recording
/// at every moment: `recorder export` reads it after a normal exit, a crash or `kill -9`. An
/// existing file at `path` is replaced.
///
/// Does nothing if `recorder` already records this process: its recording contains everything
/// that this one would.
///
/// # Errors
/// Returns an error if the file cannot be created,
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the process has already started a
/// recording, and [`Unsupported`](io::ErrorKind::Unsupported) if this platform, or this build of
/// the crate, cannot record.
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
        crate::spans::recording_started();
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

/// Stops recording the operations of this process until [`resume`].
///
/// The creation and the end of threads and channels are still recorded, and so are clones of
/// senders: later operations refer to them. If the recording has not started yet, it starts
/// paused.
///
/// ```
/// use instrumented::recording;
///
/// recording::pause();
/// // Operations here are not recorded.
/// recording::resume();
/// ```
pub fn pause() {
    #[cfg(feature = "record")]
    state::pause();
}

/// Ends a [`pause`].
///
/// If `recorder` has paused the recording as well, operations are recorded again once both
/// pauses have ended.
pub fn resume() {
    #[cfg(feature = "record")]
    state::resume();
}

/// Asks a flight recorder (`recorder record --last 30s`) to write what it holds to its outputs,
/// for example after something unusual has happened.
///
/// Returns immediately; the recorder writes shortly afterwards. Does nothing in a process that
/// is not recorded by `recorder`.
///
/// ```
/// use instrumented::recording;
///
/// fn handle(latency: std::time::Duration) {
///     if latency.as_secs() > 1 {
///         recording::keep();
///     }
/// }
/// # handle(std::time::Duration::from_secs(2));
/// ```
pub fn keep() {
    #[cfg(feature = "record")]
    state::keep();
}

/// Sets the maximum number of bytes recorded of each message's value, as text.
///
/// The initial limit is 0: no values are recorded. Limits above 480 have the effect of 480.
/// Values are recorded of messages whose type is known or that were given a text with
/// [`mpsc::Builder`](crate::sync::mpsc::Builder).
///
/// Does nothing if `recorder` records this process: its options `--values` and `--no-values`
/// apply.
///
/// ```
/// use instrumented::recording;
///
/// recording::values(80);
/// ```
pub fn values(limit: usize) {
    #[cfg(feature = "record")]
    state::set_value_limit(limit);
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
