//! The events of a thread, decoded.

use std::fmt;
use std::num::NonZeroU32;

use format::{Arm, Call, Detail, MessageId, Outcome, Phase};

use super::catalog::{CallsiteIndex, ChannelIndex, EndpointIndex, PlaceIndex, Target, ThreadIndex};
use super::time::Nanos;

/// Something that a thread did. Texts (a value, a panic message, the fields of a span) are kept
/// beside it: see [`ThreadEvents`](super::ThreadEvents).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It carried out an operation on a channel, a primitive or a thread, or one end of it.
    Operation(Operation),
    /// It made a channel.
    ChannelCreated {
        /// The channel.
        channel: ChannelIndex,
        /// Where, if that is recorded.
        place: Option<PlaceIndex>,
    },
    /// It cloned a sender.
    SenderCloned {
        /// The new sender, if its original is known.
        sender: Option<EndpointIndex>,
        /// The sender that was cloned, if it is known.
        from: Option<EndpointIndex>,
        /// Where, if that is recorded.
        place: Option<PlaceIndex>,
    },
    /// It cloned a receiver.
    ReceiverCloned {
        /// The new receiver, if its original is known.
        receiver: Option<EndpointIndex>,
        /// Where, if that is recorded.
        place: Option<PlaceIndex>,
    },
    /// It dropped a sender.
    SenderDropped {
        /// The sender, if it is known.
        sender: Option<EndpointIndex>,
    },
    /// It dropped a receiver.
    ReceiverDropped {
        /// The receiver, if it is known.
        receiver: Option<EndpointIndex>,
    },
    /// It started. Only reported of threads whose spawn is recorded: others are first seen in the
    /// middle of their work.
    ThreadStarted,
    /// The function that it was spawned with is over.
    Returned {
        /// Whether the function panicked.
        panicked: bool,
    },
    /// It has run its thread-local destructors.
    ThreadEnded,
    /// It panicked; the text is the message. The panic may still be caught.
    Panicked {
        /// Where.
        place: Option<PlaceIndex>,
    },
    /// Its latest panic was caught.
    PanicCaught,
    /// The value of the message that it is about to send is the text.
    Value {
        /// The message.
        message: MessageId,
    },
    /// It entered a span of the crate `tracing`; the text is its fields.
    SpanEntered {
        /// Where the span was made, if that is recorded.
        callsite: Option<CallsiteIndex>,
        /// The span's number.
        span: u64,
    },
    /// It left a span.
    SpanExited {
        /// The span's number.
        span: u64,
    },
    /// It logged the text with the crate `tracing`.
    Logged {
        /// Where, if that is recorded.
        callsite: Option<CallsiteIndex>,
    },
    /// The select that it starts next has this arm.
    SelectArm {
        /// The endpoint, if it is known.
        endpoint: Option<EndpointIndex>,
        /// Whether the arm receives or sends, if this version of the recorder knows it.
        arm: Option<Arm>,
        /// The message that the arm would send.
        message: MessageId,
    },
    /// It spawned a task.
    TaskSpawned {
        /// The number of the task in its process.
        task: u32,
        /// The number of the task that spawned it, if one did.
        by: Option<NonZeroU32>,
        /// Where, if that is recorded.
        place: Option<PlaceIndex>,
    },
    /// It starts to run a task.
    TaskResumed {
        /// The number of the task.
        task: u32,
    },
    /// It stops running a task that is not finished.
    TaskSuspended {
        /// The number of the task.
        task: u32,
    },
    /// A task is finished, or was dropped.
    TaskEnded {
        /// The number of the task.
        task: u32,
    },
    /// From here on the operations of its process are not recorded.
    Paused,
    /// From here on they are.
    Resumed,
}

/// An operation, or one end of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The method that was called.
    pub call: Call,
    /// Which part of the operation it is.
    pub phase: Phase,
    /// How it came out.
    pub outcome: Outcome,
    /// What it was on, if that is known.
    pub target: Option<Target>,
    /// The endpoint of a send or receive, if it is known.
    pub endpoint: Option<EndpointIndex>,
    /// Where it was called, if that is recorded.
    pub place: Option<PlaceIndex>,
    /// The message, the turn, the timeout, …
    pub detail: Detail,
}

impl Operation {
    /// The message that it sends or receives; [`MessageId::UNKNOWN`] if there is none.
    #[inline]
    pub fn message(&self) -> MessageId {
        match self.detail {
            Detail::Message(message) => message,
            _ => MessageId::UNKNOWN,
        }
    }

    /// How long it is ready to wait, if it has a limit.
    pub fn timeout(&self) -> Option<Nanos> {
        match self.detail {
            Detail::Timeout { nanoseconds } => Some(Nanos::new(nanoseconds)),
            _ => None,
        }
    }

    /// The channel that it is on.
    #[inline]
    pub fn channel(&self) -> Option<ChannelIndex> {
        self.target.and_then(Target::channel)
    }

    /// The thread that it is on.
    pub fn other_thread(&self) -> Option<ThreadIndex> {
        self.target.and_then(Target::thread)
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Operation { call, phase, outcome, target, endpoint, place, detail } = self;
        write!(f, "{call:?} {phase:?} {outcome:?} {target:?} {endpoint:?} at {place:?}: {detail:?}")
    }
}
