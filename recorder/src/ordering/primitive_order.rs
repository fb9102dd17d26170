//! How far things have come at a synchronisation primitive.

use format::{Call, OperationKind, Outcome, Turn};

use crate::reading::catalog::Primitive;

/// How far things have come at a synchronisation primitive, by the steps that were met.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// What a lock was held for, up to this turn, was let go.
    let_go: u64,
    /// How many hold it for reading.
    readers: u64,
    /// How many notifications there were.
    notified: u64,
    /// How many threads have arrived at a barrier.
    arrived: u64,
    /// How many a barrier waits for, or 0.
    size: u64,
    /// When something happened that others wait for, last.
    latest: Option<u64>,
    /// Threads whose next step waits until this has come further.
    pub(super) awaited_by: Vec<usize>,
}

/// What an operation has to do with how far things have come.
enum Passage {
    /// It holds the lock, alone.
    Holds(u64),
    /// It holds the lock for reading.
    Reads(u64),
    /// It lets go what it held alone.
    LetsGo(u64),
    /// It goes on reading what it held alone.
    Downgrades(u64),
    /// It lets go what it held for reading.
    EndsReading,
    Notifies(u64),
    /// It was woken after so many notifications.
    Wakes(u64),
    Arrives(u64),
    LeavesBarrier,
    Nothing,
}

impl Passage {
    fn of(kind: OperationKind, detail: u64) -> Self {
        let turn = Turn(detail).count();
        let acquired = kind.outcome() == Outcome::Acquired;
        match kind.call() {
            Call::Lock | Call::TryLock | Call::Write | Call::TryWrite if acquired => {
                Passage::Holds(turn)
            }
            Call::Read | Call::TryRead if acquired => Passage::Reads(turn),
            Call::Unlock | Call::WriteUnlock => Passage::LetsGo(turn),
            Call::Downgrade => Passage::Downgrades(turn),
            Call::ReadUnlock => Passage::EndsReading,
            Call::NotifyOne | Call::NotifyAll => Passage::Notifies(detail),
            Call::CondvarWait | Call::CondvarWaitTimeout if kind.outcome() == Outcome::Done => {
                Passage::Wakes(detail)
            }
            Call::BarrierWait if kind.outcome() == Outcome::Pending => Passage::Arrives(detail),
            Call::BarrierWait => Passage::LeavesBarrier,
            _ => Passage::Nothing,
        }
    }
}

impl Progress {
    pub(super) fn new(primitive: &Primitive) -> Self {
        Progress { size: primitive.size, ..Progress::default() }
    }

    /// How many threads have arrived at a barrier when all have that this one waits for.
    pub(super) fn all_arrived(&self, arrived: u64) -> u64 {
        arrived.checked_next_multiple_of(self.size).unwrap_or(0)
    }

    /// From when on this operation is possible; `None` where it is not yet. At a barrier so many
    /// threads are to have arrived.
    pub(super) fn earliest(&self, kind: OperationKind, detail: u64, arrivals: u64) -> Option<u64> {
        let possible = match Passage::of(kind, detail) {
            Passage::Holds(turn) => self.let_go.saturating_add(1) >= turn && self.readers == 0,
            Passage::Reads(turn) => self.let_go >= turn,
            Passage::Wakes(notified) => self.notified >= notified,
            Passage::LeavesBarrier => self.arrived >= arrivals,
            _ => return Some(0),
        };
        possible.then(|| self.latest.map_or(0, |latest| latest.saturating_add(1)))
    }

    /// Takes in an operation; tells whether others can wait for it.
    pub(super) fn passed(&mut self, time: u64, kind: OperationKind, detail: u64) -> bool {
        match Passage::of(kind, detail) {
            Passage::Holds(turn) => {
                // Whatever was not seen to be let go was.
                self.let_go = self.let_go.max(turn.saturating_sub(1));
                self.readers = 0;
                return false;
            }
            Passage::Reads(turn) => {
                self.let_go = self.let_go.max(turn);
                self.readers += 1;
                return false;
            }
            Passage::LetsGo(turn) => self.let_go = self.let_go.max(turn),
            Passage::Downgrades(turn) => {
                self.let_go = self.let_go.max(turn);
                self.readers += 1;
            }
            Passage::EndsReading => self.readers = self.readers.saturating_sub(1),
            Passage::Notifies(notified) => self.notified = self.notified.max(notified),
            Passage::Arrives(arrived) => self.arrived = self.arrived.max(arrived),
            Passage::Wakes(_) | Passage::LeavesBarrier | Passage::Nothing => return false,
        }
        self.latest = Some(self.latest.map_or(time, |latest| latest.max(time)));
        true
    }
}
