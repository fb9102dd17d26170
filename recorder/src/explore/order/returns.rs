//! Ends of waits that are recorded before the choice that they belong to.
//!
//! Most threads that wait are chosen when their operation can return, and record its end after that.
//! A thread at a rendezvous channel, and a writer that waits for readers, block in std's operation. When
//! that returns, they record its end at once, and only then wait until they are chosen.

use format::{Call, OperationKind, Phase};

/// The wait of a thread, if it has begun since the last choice.
#[derive(Debug, Default)]
pub(in crate::explore) struct Returns {
    begun: Option<Call>,
}

impl Returns {
    /// The thread was chosen.
    pub(in crate::explore) fn choose(&mut self) {
        self.begun = None;
    }

    /// Whether the operation that was recorded next belongs to the next choice of its thread.
    pub(in crate::explore) fn is_early(&mut self, kind: OperationKind) -> bool {
        let call = kind.call();
        match kind.phase() {
            Phase::Begin => {
                self.begun = Some(call);
                false
            }
            // Others need not wait after all: the last thread at a barrier, for example.
            Phase::End => {
                self.begun.take() == Some(call)
                    && matches!(call, Call::Send | Call::Recv | Call::Write)
            }
            Phase::Whole => false,
        }
    }
}
