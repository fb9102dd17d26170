//! The order of operations on a synchronization primitive.
//!
//! A lock counts its turns, a condition variable its notifications, and a barrier its arrivals. So
//! it is known which operations must come first, whatever the clocks say, though not which thread
//! will carry them out.

use format::{Call, Detail, Outcome};

use crate::reading::catalog::{Primitive, ThreadIndex};
use crate::reading::{Nanos, Operation};

/// How far the operations on a primitive have come.
#[derive(Clone, Debug, Default)]
pub(super) struct PrimitiveOrder {
    /// The lock has been released up to this turn.
    released: u64,
    /// How many threads hold it for reading.
    readers: u64,
    /// How many notifications there have been.
    notified: u64,
    /// How many threads have arrived at a barrier.
    arrived: u64,
    /// How many threads a barrier waits for, or 0.
    size: u64,
    /// The time of the latest operation that others wait for.
    latest: Option<Nanos>,
    /// Threads whose next event waits for progress here.
    pub(super) awaited_by: Vec<ThreadIndex>,
}

impl PrimitiveOrder {
    pub(super) fn new(primitive: &Primitive) -> Self {
        PrimitiveOrder { size: primitive.size, ..PrimitiveOrder::default() }
    }

    /// The number of arrivals that opens the barrier for the thread that was the `arrived`th.
    pub(super) fn opens_at(&self, arrived: u64) -> u64 {
        arrived.checked_next_multiple_of(self.size).unwrap_or(0)
    }

    /// The earliest time of this operation; `None` if something must come first. A thread leaves
    /// a barrier after `arrivals`.
    pub(super) fn earliest(&self, operation: &Operation, arrivals: u64) -> Option<Nanos> {
        let is_acquired = operation.outcome == Outcome::Acquired;
        let is_possible = match (operation.call, operation.detail) {
            (Call::Read | Call::TryRead, Detail::Turn(turn)) if is_acquired => {
                self.released >= turn.count()
            }
            (_, Detail::Turn(turn)) if is_acquired => {
                self.released.saturating_add(1) >= turn.count() && self.readers == 0
            }
            (Call::NotifyOne | Call::NotifyAll, _) => return Some(Nanos::ZERO),
            // The thread was woken after this many notifications.
            (_, Detail::Notifications(count)) => self.notified >= count,
            (_, Detail::Leader(_)) => self.arrived >= arrivals,
            _ => return Some(Nanos::ZERO),
        };
        is_possible.then(|| self.latest.map_or(Nanos::ZERO, Nanos::after))
    }

    /// Takes in an operation; returns whether others can wait for it.
    pub(super) fn apply(&mut self, time: Nanos, operation: &Operation) -> bool {
        let is_acquired = operation.outcome == Outcome::Acquired;
        match (operation.call, operation.detail) {
            (Call::Read | Call::TryRead, Detail::Turn(turn)) if is_acquired => {
                self.released = self.released.max(turn.count());
                self.readers += 1;
                return false;
            }
            (_, Detail::Turn(turn)) if is_acquired => {
                // Earlier turns are over, also if their ends are not recorded.
                self.released = self.released.max(turn.count().saturating_sub(1));
                self.readers = 0;
                return false;
            }
            (Call::Unlock | Call::WriteUnlock, Detail::Turn(turn)) => {
                self.released = self.released.max(turn.count());
            }
            // The thread goes on reading.
            (Call::Downgrade, Detail::Turn(turn)) => {
                self.released = self.released.max(turn.count());
                self.readers += 1;
            }
            (Call::ReadUnlock, _) => self.readers = self.readers.saturating_sub(1),
            (Call::NotifyOne | Call::NotifyAll, Detail::Notifications(count)) => {
                self.notified = self.notified.max(count);
            }
            (_, Detail::Arrivals(count)) => self.arrived = self.arrived.max(count),
            _ => return false,
        }
        self.latest = self.latest.max(Some(time));
        true
    }
}
