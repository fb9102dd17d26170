//! Waiting until another thread really sleeps inside an operation.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::library::thread;

/// A thread that is about to block. A test that wakes a thread shows something only if
/// the thread slept, and nothing but the kernel knows that.
#[derive(Default)]
pub(crate) struct Sleeper {
    task: OnceLock<PathBuf>,
}

impl Sleeper {
    /// Called by the thread itself, right before the operation that is to block.
    pub(crate) fn enter(&self) {
        let task = fs::read_link("/proc/thread-self").map(|task| Path::new("/proc").join(task));
        self.task.set(task.unwrap_or_default()).expect("a sleeper is used once");
    }

    /// Called by the thread that is going to wake it.
    pub(crate) fn wait(&self) {
        let task = loop {
            match self.task.get() {
                Some(task) => break task,
                None => thread::yield_now(),
            }
        };
        if task.as_os_str().is_empty() {
            // Not Linux: most likely asleep is the best there is.
            (0..1_000).for_each(|_| thread::yield_now());
            return;
        }
        // The name before the state may contain anything, even a parenthesis. A thread
        // that ended instead of blocking has no such file: the test will find out.
        while let Ok(status) = fs::read_to_string(task.join("stat"))
            && let Some((_, rest)) = status.rsplit_once(") ")
            && !rest.starts_with('S')
        {
            thread::yield_now();
        }
    }
}
