//! Progress and cancellation of passes over a recording.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use signal_hook::flag;

use super::progress::StageBar;
use super::signals;

/// Watches passes over a recording: shows their progress, and stops them at a signal. Clones share
/// their state.
///
/// A pass calls it once per block, so that it costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    progress: Mutex<Progress>,
    /// The signal that stops the pass, or 0.
    signal: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Progress {
    is_shown: bool,
    bar: Option<StageBar>,
}

/// A pass over a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The name of the pass, as shown to the user: `reading`.
    pub name: &'static str,
    /// How many bytes it reads.
    pub bytes: u64,
}

/// A pass was stopped by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// The signal.
    pub signal: u8,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

impl Watch {
    /// Makes terminating signals stop the pass. A second signal before it has stopped terminates
    /// the process as usual.
    ///
    /// # Errors
    /// A signal handler cannot be registered.
    pub fn stop_at_signals(&self) -> io::Result<()> {
        let received = Arc::new(AtomicBool::new(false));
        for signal in signals::terminating() {
            flag::register_conditional_default(signal, Arc::clone(&received))?;
            flag::register(signal, Arc::clone(&received))?;
            flag::register_usize(signal, Arc::clone(&self.0.signal), signal as usize)?;
        }
        Ok(())
    }

    /// Shows the progress of the passes during `function`.
    pub(super) fn show_progress<T>(&self, function: impl FnOnce() -> T) -> T {
        *self.progress() = Progress { is_shown: true, bar: None };
        let result = function();
        *self.progress() = Progress::default();
        result
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a pass.
    pub fn begin(&self, stage: Stage) {
        let mut progress = self.progress();
        progress.bar = progress.is_shown.then(|| StageBar::new(stage));
    }

    /// Adds to the bytes that the pass has read.
    ///
    /// # Errors
    /// [`Interrupted`], if the pass must stop.
    pub fn advance(&self, bytes: u64) -> Result<(), Interrupted> {
        self.progress().bar.iter().for_each(|bar| bar.advance(bytes));
        self.check()
    }

    /// Checks for a signal.
    ///
    /// # Errors
    /// [`Interrupted`], if the pass must stop.
    pub fn check(&self) -> Result<(), Interrupted> {
        match self.0.signal.load(Ordering::Relaxed) {
            0 => Ok(()),
            signal => Err(Interrupted { signal: signal as u8 }),
        }
    }
}
