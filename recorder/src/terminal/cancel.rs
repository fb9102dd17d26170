//! Progress and cancellation of passes over a recording.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::flag;

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

/// The progress bar of a pass. It disappears on drop.
#[derive(Debug)]
struct StageBar {
    started: Instant,
    bar: ProgressBar,
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

    /// Starts a pass that reads this number of bytes. Users see its name: `reading`.
    pub fn begin(&self, name: &'static str, bytes: u64) {
        let mut progress = self.progress();
        progress.bar = progress.is_shown.then(|| StageBar::new(name, bytes));
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

impl StageBar {
    fn new(name: &'static str, bytes: u64) -> Self {
        const TEMPLATE: &str =
            "{msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(name);
        StageBar { started: Instant::now(), bar }
    }

    fn advance(&self, bytes: u64) {
        /// Passes that take less time have no bar.
        const MIN_TIME: Duration = Duration::from_secs(1);
        if self.bar.is_hidden() && self.started.elapsed() >= MIN_TIME {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(bytes);
    }
}

impl Drop for StageBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
