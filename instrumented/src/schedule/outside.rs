//! Threads on which the schedule has no influence for a while: they are blocked in what is not recorded,
//! or they compute.
//!
//! They are only seen from outside: by the threads that wait for their turn, and check the one that has
//! it. As long as such a thread can go on by itself, time passes as it really does for all threads: its
//! timeouts are not on the schedule's clock.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use format::{Stop, control};

use super::{Scheduler, State, Thread};
use crate::platform;

/// How long a thread that has the turn may be asleep before others go on beside it.
const MAX_SLEEP: Duration = Duration::from_millis(9);
/// How much processor time a thread that has the turn may use without an operation before others go on
/// beside it: it may wait for them in a loop that the schedule does not see.
pub(super) const MAX_BUSY: Duration = Duration::from_secs(1);
/// The least that this time becomes. It is halved whenever a thread has used it up.
const MIN_MAX_BUSY: Duration = Duration::from_millis(5);
/// How long a thread may be asleep, or how much processor time it may use, before it comes back from
/// std's operation when its turn has come.
pub(super) const MAX_RETURN: Duration = Duration::from_millis(200);
/// How long all threads may be blocked elsewhere before they are released: they may wait for each
/// other.
const MAX_STANDSTILL: Duration = Duration::from_secs(2);

/// How the thread that has the turn was when others checked it: asleep, or busy.
///
/// Only its own time counts. On a busy machine, much passes while a thread could run and does not.
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
    fn asleep(&mut self, since: Instant) -> Duration {
        self.begin(since);
        self.asleep_since.get_or_insert_with(Instant::now).elapsed()
    }

    /// The thread is awake. Returns the processor time that it has used since the first check, or
    /// `None` if the system does not say.
    fn busy(&mut self, since: Instant, os_id: u64) -> Option<Duration> {
        self.begin(since);
        self.asleep_since = None;
        let used = platform::processor_time(os_id)?;
        Some(used.saturating_sub(*self.used.get_or_insert(used)))
    }
}

impl Scheduler {
    /// Checks whether the thread that has the turn goes on, called by one that waits for its turn.
    pub(super) fn check(&self, state: &mut State) {
        let quiet = state.since.elapsed();
        if state.turn == 0 {
            let is_blocked = state.model.outside().next().is_some() && !state.time_is_real();
            if quiet >= MAX_STANDSTILL && is_blocked {
                self.stop(state, Stop::Deadlock);
            } else {
                // A timeout may be over by now.
                self.choose(state);
            }
            return;
        }
        let Some(thread) = state.thread(state.turn) else { return };
        // Its own time, not that which passes for others on a busy machine.
        let is_asleep = is_asleep(thread);
        let (time, max_time) = match thread.os_id.load(Ordering::Relaxed) {
            // The system has not started it yet.
            0 => (quiet, MAX_BUSY),
            _ if is_asleep => (state.checked.asleep(state.since), state.max_time(MAX_SLEEP)),
            os_id => {
                let used = state.checked.busy(state.since, os_id).unwrap_or(quiet);
                (used, state.max_time(state.max_busy))
            }
        };
        // A thread in this module will notice its turn.
        if time >= self.patience * max_time && !thread.is_inside.load(Ordering::Relaxed) {
            if state.is_taken && !is_asleep {
                state.max_busy = (state.max_busy / 2).max(MIN_MAX_BUSY);
            }
            state.model.set_outside(thread.number);
            state.outside_since.get_or_insert(state.since);
            self.control[control::UNCONTROLLED].fetch_add(1, Ordering::Relaxed);
            self.choose(state);
        }
    }
}

impl State {
    /// How long the thread that has the turn may be so: asleep, or busy.
    fn max_time(&self, max_time: Duration) -> Duration {
        if self.is_taken { max_time } else { MAX_RETURN }
    }

    /// Lets the clock of the schedule follow the real one, as long as the schedule has no influence on
    /// a thread.
    pub(super) fn pass_real_time(&mut self) {
        let Some(since) = self.outside_since else { return };
        let now = Instant::now();
        let passed = now.duration_since(since).as_nanos();
        self.model.advance_clock(passed.try_into().unwrap_or(u64::MAX));
        self.outside_since = self.model.outside().next().map(|_| now);
    }

    /// Whether time passes only as it really does: a thread that the schedule does not control can go
    /// on by itself.
    pub(super) fn time_is_real(&self) -> bool {
        self.model.outside().filter_map(|number| self.thread(number)).any(|thread| {
            !is_asleep(thread) || platform::waits_with_timeout(thread.os_id.load(Ordering::Relaxed))
        })
    }
}

/// Whether a thread is blocked in the system, outside of this module.
fn is_asleep(thread: &'static Thread) -> bool {
    let os_id = thread.os_id.load(Ordering::Relaxed);
    platform::is_asleep(os_id) && !thread.is_inside.load(Ordering::Relaxed)
}

/// Waits until a thread is blocked in std's operation: another one may try to meet it there.
pub(super) fn wait_until_asleep(thread: &'static Thread) {
    let start = Instant::now();
    while !is_asleep(thread) && start.elapsed() < MAX_RETURN {
        std::thread::yield_now();
    }
}
