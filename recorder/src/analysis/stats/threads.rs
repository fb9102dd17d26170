//! Statistics of threads.

use std::cmp::Reverse;

use format::Call;

use crate::reading::Nanos;
use crate::reading::catalog::{PlaceIndex, Target};
use crate::replay::Wait;

/// Statistics of a thread. When it started and ended is in its
/// [state](crate::replay::ThreadState).
#[derive(Clone, Debug, Default)]
pub struct ThreadStats {
    /// Messages that it sent.
    pub sent: u64,
    /// Messages that it received.
    pub received: u64,
    /// How often it panicked.
    pub panics: u64,
    /// How long it waited while it was recorded, sleep not included.
    pub waited: Nanos,
    /// How long it slept while it was recorded.
    pub slept: Nanos,
    /// How long it waited, by call and target: the longest first, once the analysis is over.
    pub waits: Vec<ThreadWaits>,
}

/// The waits of a thread in one call on one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadWaits {
    /// The call.
    pub call: Call,
    /// What it was on, if that is known.
    pub target: Option<Target>,
    /// How often.
    pub count: u64,
    /// How long in all.
    pub time: Nanos,
    /// The longest.
    pub longest: Nanos,
    /// Where the last was, if that is recorded.
    pub place: Option<PlaceIndex>,
}

/// Maximum number of kinds of waits that are kept of a thread. It has others only if it waits for
/// very many things.
const MAX_KINDS: usize = 256;

impl ThreadStats {
    pub(super) fn add_wait(&mut self, wait: &Wait, time: Nanos) {
        let (call, target, place) = (wait.call(), wait.target(), wait.operation.place);
        let has_room = self.waits.len() < MAX_KINDS;
        match self.waits.iter_mut().find(|waits| (waits.call, waits.target) == (call, target)) {
            Some(waits) => {
                waits.count += 1;
                waits.time += time;
                waits.longest = waits.longest.max(time);
                waits.place = place.or(waits.place);
            }
            None if has_room => {
                let (count, longest) = (1, time);
                self.waits.push(ThreadWaits { call, target, count, time, longest, place });
            }
            None => {}
        }
        match call {
            Call::Sleep => self.slept += time,
            _ => self.waited += time,
        }
    }

    pub(super) fn sort_waits(&mut self) {
        self.waits.sort_by_key(|waits| (Reverse(waits.time), waits.target));
    }
}
