//! Messages that are counted when they are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

pub(crate) struct Counted {
    tally: Tally,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.tally.dropped.fetch_add(1, Ordering::SeqCst);
    }
}
