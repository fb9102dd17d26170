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

/// What an operation means for the order.
enum Effect {
    /// It acquires the lock for itself, in this turn.
    Acquires(u64),
    /// It acquires the lock for reading, in this turn.
    AcquiresShared(u64),
    /// It releases what it held for itself.
    Releases(u64),
    /// It goes on reading what it held for itself.
    Downgrades(u64),
    /// It releases what it held for reading.
    ReleasesShared,
    Notifies(u64),
    /// It was woken after this many notifications.
    Wakes(u64),
    Arrives(u64),
    LeavesBarrier,
    Nothing,
}

impl Effect {
    fn of(operation: &Operation) -> Self {
        let acquired = operation.outcome == Outcome::Acquired;
        match (operation.call, operation.detail) {
            (Call::Read | Call::TryRead, Detail::Turn(turn)) if acquired => {
                Effect::AcquiresShared(turn.count())
            }
            (_, Detail::Turn(turn)) if acquired => Effect::Acquires(turn.count()),
            (Call::Unlock | Call::WriteUnlock, Detail::Turn(turn)) => {
                Effect::Releases(turn.count())
            }
            (Call::Downgrade, Detail::Turn(turn)) => Effect::Downgrades(turn.count()),
            (Call::ReadUnlock, _) => Effect::ReleasesShared,
            (Call::NotifyOne | Call::NotifyAll, Detail::Notifications(count)) => {
                Effect::Notifies(count)
            }
            (_, Detail::Notifications(count)) => Effect::Wakes(count),
            (_, Detail::Arrivals(count)) => Effect::Arrives(count),
            (_, Detail::Leader(_)) => Effect::LeavesBarrier,
            _ => Effect::Nothing,
        }
    }
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
        let is_possible = match Effect::of(operation) {
            Effect::Acquires(turn) => self.released.saturating_add(1) >= turn && self.readers == 0,
            Effect::AcquiresShared(turn) => self.released >= turn,
            Effect::Wakes(notified) => self.notified >= notified,
            Effect::LeavesBarrier => self.arrived >= arrivals,
            _ => return Some(Nanos::ZERO),
        };
        is_possible.then(|| self.latest.map_or(Nanos::ZERO, Nanos::after))
    }

    /// Takes in an operation; returns whether others can wait for it.
    pub(super) fn apply(&mut self, time: Nanos, operation: &Operation) -> bool {
        match Effect::of(operation) {
            Effect::Acquires(turn) => {
                // Earlier turns are over, also if their ends are not recorded.
                self.released = self.released.max(turn.saturating_sub(1));
                self.readers = 0;
                return false;
            }
            Effect::AcquiresShared(turn) => {
                self.released = self.released.max(turn);
                self.readers += 1;
                return false;
            }
            Effect::Releases(turn) => self.released = self.released.max(turn),
            Effect::Downgrades(turn) => {
                self.released = self.released.max(turn);
                self.readers += 1;
            }
            Effect::ReleasesShared => self.readers = self.readers.saturating_sub(1),
            Effect::Notifies(notified) => self.notified = self.notified.max(notified),
            Effect::Arrives(arrived) => self.arrived = self.arrived.max(arrived),
            Effect::Wakes(_) | Effect::LeavesBarrier | Effect::Nothing => return false,
        }
        self.latest = Some(self.latest.map_or(time, |latest| latest.max(time)));
        true
    }
}
