//! How far the reading of a recording is, and whether it is to stop.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::flag;

use crate::terminal::signals;

/// Sees how far the reading of a recording is, and can stop it. Clones see the same.
///
/// It is told once for a block, so that it costs the reading nothing.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stage: Mutex<Option<Stage>>,
    /// Bytes of the stage that are done.
    done: AtomicU64,
    /// The signal that asks to stop, or 0.
    signal: Arc<AtomicUsize>,
}

/// A pass over a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What it does: `reading`.
    pub name: &'static str,
    /// How many bytes it passes.
    pub bytes: u64,
}

/// A signal has asked to stop.
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
    /// Has the signals that ask a process to end stop what is watched. If one comes again
    /// before it has stopped, that ends the process as usual.
    ///
    /// # Errors
    /// The system refuses a signal handler.
    pub fn stop_at_signals(&self) -> io::Result<()> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in signals::that_end() {
            flag::register_conditional_default(signal, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
            flag::register_usize(signal, Arc::clone(&self.0.signal), signal as usize)?;
        }
        Ok(())
    }

    /// A pass begins.
    pub fn begin(&self, stage: Stage) {
        self.0.done.store(0, Ordering::Relaxed);
        *self.0.stage.lock().unwrap_or_else(PoisonError::into_inner) = Some(stage);
    }

    /// So many more bytes are done.
    ///
    /// # Errors
    /// [`Interrupted`]: it is to stop.
    pub fn pass(&self, bytes: u64) -> Result<(), Interrupted> {
        self.0.done.fetch_add(bytes, Ordering::Relaxed);
        self.go_on()
    }

    /// Whether it may go on.
    ///
    /// # Errors
    /// [`Interrupted`]: it is to stop.
    pub fn go_on(&self) -> Result<(), Interrupted> {
        match self.0.signal.load(Ordering::Relaxed) {
            0 => Ok(()),
            signal => Err(Interrupted { signal: signal as u8 }),
        }
    }

    /// The pass that is under way, and how many of its bytes are done.
    pub fn progress(&self) -> Option<(Stage, u64)> {
        let stage = *self.0.stage.lock().unwrap_or_else(PoisonError::into_inner);
        Some((stage?, self.0.done.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_begins_with_nothing_done() {
        let watch = Watch::default();
        assert_eq!(watch.progress(), None);
        let (reading, exporting) =
            (Stage { name: "reading", bytes: 10 }, Stage { name: "exporting", bytes: 20 });
        watch.begin(reading);
        watch.clone().pass(7).unwrap();
        assert_eq!(watch.progress(), Some((reading, 7)));
        watch.begin(exporting);
        assert_eq!(watch.progress(), Some((exporting, 0)));
    }
}
