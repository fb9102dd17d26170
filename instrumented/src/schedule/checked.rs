//! How the thread that has the turn was when others checked it: asleep, or busy.
//!
//! Only its own time counts. On a busy machine, much passes while a thread could run and does not.

use std::time::{Duration, Instant};

use crate::platform;

/// See the [module](self).
#[derive(Default)]
pub(super) struct Checked {
    /// When it got the turn.
    since: Option<Instant>,
    /// The processor time that it had used at the first check that found it awake.
    used: Option<Duration>,
    /// The first of the last checks, which all found it asleep.
    asleep_since: Option<Instant>,
}

impl Checked {
    fn begin(&mut self, since: Instant) {
        if self.since != Some(since) {
            *self = Checked { since: Some(since), ..Checked::default() };
        }
    }

    /// The thread is asleep. Returns for how long it has been, without a break.
    pub(super) fn asleep(&mut self, since: Instant) -> Duration {
        self.begin(since);
        self.asleep_since.get_or_insert_with(Instant::now).elapsed()
    }

    /// The thread is awake. Returns the processor time that it has used since the first check, or
    /// `None` if the system does not say.
    pub(super) fn busy(&mut self, since: Instant, os_id: u64) -> Option<Duration> {
        self.begin(since);
        self.asleep_since = None;
        let used = platform::processor_time(os_id)?;
        Some(used.saturating_sub(*self.used.get_or_insert(used)))
    }
}
