//! What there is to know of a thread.

use format::{Call, MessageId};

use crate::analysis::critical_path::Cause;
use crate::analysis::wait_for::On;
use crate::reading::catalog::Index;

/// What there is to know of a thread.
#[derive(Clone, Debug, Default)]
pub struct Thread {
    /// When it was first seen, in nanoseconds since the trace's start.
    pub first: Option<u64>,
    /// When it was last seen.
    pub last: u64,
    /// When its function was over.
    pub returned: Option<u64>,
    /// When all of it was over.
    pub over: Option<u64>,
    /// Its last panic. See [`Panic::is_uncaught`].
    pub panic: Option<Panic>,
    /// How often it has panicked.
    pub panics: u64,
    /// How long it has waited, by the call and what that was on: the longest first, once the
    /// analysis is done.
    pub waits: Vec<Waits>,
    /// How many steps it has taken.
    pub steps: u64,
    /// Messages that it has sent.
    pub sent: u64,
    /// Messages that it has received.
    pub received: u64,
    /// What it waits for.
    pub(in crate::analysis) wait: Option<Wait>,
    /// How long it has waited in all, sleep not included.
    pub(in crate::analysis) waited: u64,
    /// The locks that it holds.
    pub(in crate::analysis) holds: Vec<usize>,
    /// Who spawned it, and when.
    pub(in crate::analysis) spawned: Option<Cause>,
    /// Who last called its `unpark`.
    pub(in crate::analysis) unparked: Option<Cause>,
    /// When it last gave something away in which an endpoint may have been.
    pub(in crate::analysis) gave: Option<u64>,
}

/// How long a thread has waited in calls of one kind on one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// The call.
    pub call: Call,
    /// What it was on.
    pub on: On,
    /// How often.
    pub count: u64,
    /// How long in all, in nanoseconds.
    pub time: u64,
    /// How long at most.
    pub longest: u64,
}

/// A panic.
#[derive(Clone, Debug)]
pub struct Panic {
    /// When.
    pub time: u64,
    /// Where.
    pub site: Option<Index>,
    /// What it said.
    pub message: String,
    /// Whether the thread has done anything since but to let go what it had.
    pub(in crate::analysis) went_on: bool,
    /// What the recording tells of how the thread's function ended.
    pub(in crate::analysis) outcome: Option<bool>,
}

impl Panic {
    /// Whether it has ended its thread.
    pub fn is_uncaught(&self) -> bool {
        self.outcome.unwrap_or(!self.went_on)
    }

    /// Whether the recording tells how the thread's function ended, so that what the thread has
    /// done since does not matter.
    pub fn has_outcome(&self) -> bool {
        self.outcome.is_some()
    }
}

/// An operation that has begun to wait.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// When.
    pub begin: u64,
    /// The call.
    pub call: Call,
    /// What it is on.
    pub on: On,
    /// Where, if the recording tells.
    pub site: Option<Index>,
    /// Whether it ends by itself.
    pub(in crate::analysis) timed: bool,
    /// What a send is about to hand over.
    pub(in crate::analysis) message: MessageId,
    /// A send's message was received, or what is waited for has happened.
    pub(in crate::analysis) done: bool,
}

impl Thread {
    pub(in crate::analysis) fn add_wait(&mut self, call: Call, on: On, time: u64) {
        match self.waits.iter().position(|waits| (waits.call, waits.on) == (call, on)) {
            Some(index) => {
                let waits = &mut self.waits[index];
                waits.count += 1;
                waits.time = waits.time.saturating_add(time);
                waits.longest = waits.longest.max(time);
            }
            None if self.waits.len() < MOST_WAITS => {
                self.waits.push(Waits { call, on, count: 1, time, longest: time });
            }
            // Of a thread that waits at very many things only the sum is known.
            None => {}
        }
        if call != Call::Sleep {
            self.waited = self.waited.saturating_add(time);
        }
    }

    /// It does not hold this lock any more.
    pub(in crate::analysis) fn forget_hold(&mut self, primitive: usize) {
        if let Some(held) = self.holds.iter().rposition(|&held| held == primitive) {
            self.holds.remove(held);
        }
    }

    /// How long it has slept, in nanoseconds.
    pub fn slept(&self) -> u64 {
        let sleep = self.waits.iter().filter(|waits| waits.call == Call::Sleep);
        sleep.fold(0, |sum, waits| sum.saturating_add(waits.time))
    }

    /// How long it has waited, sleep not included, in nanoseconds.
    pub fn waited(&self) -> u64 {
        self.waited
    }

    /// From when it was first seen to its end, or to `end`, in nanoseconds.
    pub fn life(&self, end: u64) -> u64 {
        self.over.unwrap_or(end).saturating_sub(self.first.unwrap_or(end))
    }
}

/// So many kinds of waits of a thread are told apart.
const MOST_WAITS: usize = 256;
