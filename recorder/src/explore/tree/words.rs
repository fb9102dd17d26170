//! What a thread is about to do, while nobody knows how it ends.

use format::{Call, Phase};

use crate::explore::order::{Action, Operation, Order};

impl Order {
    /// What a thread does if it goes on with this operation: `locks fork`. Without the message that it
    /// receives, and whatever else depends on the state.
    pub(super) fn intention(&self, operation: &Operation) -> String {
        let Action::Call(kind) = operation.action else { return self.present(operation) };
        let object = self.object_name(operation.object);
        match kind.call() {
            Call::Send => match operation.message {
                0 => format!("sends to {object}"),
                message => format!("sends #{message} to {object}"),
            },
            Call::TrySend => format!("tries to send to {object}"),
            Call::Recv => format!("receives from {object}"),
            Call::TryRecv => format!("tries to receive from {object}"),
            Call::RecvTimeout => format!("receives from {object}, with a time limit"),
            Call::TryLock => format!("tries to lock {object}"),
            Call::TryRead => format!("tries to lock {object} for reading"),
            Call::TryWrite => format!("tries to lock {object} for writing"),
            Call::Lock => format!("locks {object}"),
            Call::Read => format!("locks {object} for reading"),
            Call::Write => format!("locks {object} for writing"),
            Call::Join => format!("joins {object}"),
            Call::Sleep if kind.phase() == Phase::End => "wakes up from its sleep".to_owned(),
            _ => self.present(operation),
        }
    }
}

/// The verb of the wait that the call may begin, as the page knows it; empty if there is none.
pub(super) fn wait_of(call: Call) -> &'static str {
    match call {
        Call::Send => "send",
        Call::Recv => "recv",
        Call::RecvTimeout => "recv_timeout",
        Call::Lock => "lock",
        Call::Read => "read",
        Call::Write => "write",
        Call::CondvarWait => "wait",
        Call::CondvarWaitTimeout => "wait_timeout",
        Call::BarrierWait => "barrier",
        Call::Initialize => "initialize",
        Call::Join => "join",
        Call::Scope => "scope",
        Call::Park => "park",
        Call::ParkTimeout => "park_timeout",
        Call::Sleep => "sleep",
        _ => "",
    }
}
