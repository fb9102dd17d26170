//! Waiting until another thread is really asleep inside an operation.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::library::thread;

/// A thread that is about to block.
///
/// A test that wakes a thread proves something only if the thread was asleep, and only the
/// kernel can report that.
#[derive(Default)]
pub(crate) struct Sleeper {
    task: OnceLock<PathBuf>,
}

impl Sleeper {
    /// Must be called by the thread itself, right before the operation that blocks.
    pub(crate) fn enter(&self) {
        let task = fs::read_link("/proc/thread-self").map(|task| Path::new("/proc").join(task));
        self.task.set(task.unwrap_or_default()).expect("a sleeper is used once");
    }

    /// Waits until the thread is asleep. Called by the thread that will wake it.
    pub(crate) fn wait(&self) {
        let task = loop {
            match self.task.get() {
                Some(task) => break task,
                None => thread::yield_now(),
            }
        };
        if task.as_os_str().is_empty() {
            // Not Linux: give the thread time to fall asleep, without certainty.
            (0..1_000).for_each(|_| thread::yield_now());
            return;
        }
        // The name, which precedes the state, may contain anything, even a parenthesis. The file of
        // a thread that ended instead of blocking does not exist; the test will notice.
        while let Ok(status) = fs::read_to_string(task.join("stat"))
            && let Some((_, rest)) = status.rsplit_once(") ")
            && !rest.starts_with('S')
        {
            thread::yield_now();
        }
    }
}
