//! Counts dropped messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of its messages that have been dropped.
#[derive(Clone, Default)]
pub(crate) struct Tally {
    dropped: Arc<AtomicUsize>,
}

impl Tally {
    pub(crate) fn message(&self) -> Counted {
        Counted { tally: self.clone() }
    }

    pub(crate) fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }
}

/// A message that is counted when it is dropped.
pub(crate) struct Counted {
    tally: Tally,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.tally.dropped.fetch_add(1, Ordering::SeqCst);
    }
}
