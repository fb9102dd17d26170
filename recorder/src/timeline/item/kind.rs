//! What a slice is.

use format::{Call, Outcome, Subject};

/// What a slice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SliceKind {
    /// An operation; where it had to wait, the instant in which it is over.
    Operation {
        /// The method that was called.
        call: Call,
        /// How it ended.
        ending: Ending,
    },
    /// The time in which an operation could not proceed.
    Wait {
        /// The method that was called.
        call: Call,
        /// Whether it waits for room in a channel.
        is_full: bool,
    },
    /// A send that has handed its message over and has not returned yet.
    Returning {
        /// The method that was called.
        call: Call,
    },
    /// A channel was made.
    ChannelCreated,
    /// A sender was cloned.
    SenderCloned,
    /// A receiver was cloned.
    ReceiverCloned,
    /// A sender was dropped.
    SenderDropped,
    /// A receiver was dropped.
    ReceiverDropped,
    /// A thread started.
    ThreadStarted,
    /// A thread ended.
    ThreadEnded {
        /// Whether a panic ended it.
        panicked: bool,
    },
    /// A thread panics.
    Panicked,
    /// A thread runs an initializer.
    Initializer,
    /// A thread is in a span of the crate `tracing`.
    Span,
    /// A thread logs with the crate `tracing`.
    Log,
    /// The recording pauses.
    Paused,
    /// The recording goes on.
    Resumed,
    /// What a picture of a part of a run does not show.
    LeftOut,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// A message was handed over or received.
    Transferred,
    /// A message was received whose send is not recorded.
    SendNotRecorded,
    /// A channel had no room.
    Full,
    /// A channel had no message.
    Empty,
    /// The other side of the channel is gone.
    Disconnected,
    /// The time was over.
    TimedOut,
    /// A lock was held.
    Held,
    /// A lock was released whose acquisition is not recorded.
    LockNotRecorded,
    /// The last thread arrived at a barrier.
    LastToArrive,
    /// It is over.
    Done,
}

impl Ending {
    pub(crate) fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Transferred => Ending::Transferred,
            Outcome::Full => Ending::Full,
            Outcome::Empty => Ending::Empty,
            Outcome::Disconnected => Ending::Disconnected,
            Outcome::TimedOut => Ending::TimedOut,
            Outcome::Held => Ending::Held,
            Outcome::Acquired | Outcome::Done | Outcome::Pending => Ending::Done,
        }
    }
}

/// What a slice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// A channel.
    Channel,
    /// A synchronization primitive.
    Primitive,
    /// A thread's life, and its recording.
    Thread,
    /// A span of the crate `tracing`.
    Span,
    /// A log message of the crate `tracing`.
    Log,
}

impl Category {
    /// Its name in exports.
    pub fn name(self) -> &'static str {
        match self {
            Category::Channel => "channel",
            Category::Primitive => "primitive",
            Category::Thread => "thread",
            Category::Span => "span",
            Category::Log => "log",
        }
    }

    fn of(call: Call) -> Self {
        match call.subject() {
            Subject::Endpoint => Category::Channel,
            Subject::Primitive => Category::Primitive,
            Subject::Thread | Subject::Nothing => Category::Thread,
        }
    }
}

impl SliceKind {
    /// What it is about.
    #[inline]
    pub fn category(self) -> Category {
        match self {
            SliceKind::Operation { call, .. }
            | SliceKind::Wait { call, .. }
            | SliceKind::Returning { call } => Category::of(call),
            SliceKind::ChannelCreated
            | SliceKind::SenderCloned
            | SliceKind::ReceiverCloned
            | SliceKind::SenderDropped
            | SliceKind::ReceiverDropped => Category::Channel,
            SliceKind::Initializer => Category::Primitive,
            SliceKind::Span => Category::Span,
            SliceKind::Log => Category::Log,
            SliceKind::ThreadStarted
            | SliceKind::ThreadEnded { .. }
            | SliceKind::Panicked
            | SliceKind::Paused
            | SliceKind::Resumed
            | SliceKind::LeftOut => Category::Thread,
        }
    }

    /// A number that no other kind has.
    #[inline]
    pub(crate) fn code(self) -> u16 {
        let (variant, call, detail) = match self {
            SliceKind::Operation { call, ending } => (0, call as u8, ending as u8),
            SliceKind::Wait { call, is_full } => (1, call as u8, is_full.into()),
            SliceKind::Returning { call } => (2, call as u8, 0),
            SliceKind::ChannelCreated => (3, 0, 0),
            SliceKind::SenderCloned => (3, 1, 0),
            SliceKind::SenderDropped => (3, 2, 0),
            SliceKind::ReceiverDropped => (3, 3, 0),
            SliceKind::ThreadStarted => (3, 4, 0),
            SliceKind::ThreadEnded { panicked } => (3, 5, panicked.into()),
            SliceKind::Panicked => (3, 6, 0),
            SliceKind::Initializer => (3, 7, 0),
            SliceKind::Span => (3, 8, 0),
            SliceKind::Log => (3, 9, 0),
            SliceKind::Paused => (3, 10, 0),
            SliceKind::Resumed => (3, 11, 0),
            SliceKind::LeftOut => (3, 12, 0),
            SliceKind::ReceiverCloned => (3, 13, 0),
        };
        variant << 12 | u16::from(call) << 4 | u16::from(detail)
    }

    /// The method that was called, if one was.
    #[inline]
    pub fn call(self) -> Option<Call> {
        match self {
            SliceKind::Operation { call, .. }
            | SliceKind::Wait { call, .. }
            | SliceKind::Returning { call } => Some(call),
            _ => None,
        }
    }

    /// The first word of its name. A message that is handed over or received has the same verb,
    /// whatever method did it.
    pub fn verb(self) -> &'static str {
        let transferred = |call: Call| if call.is_send() { "send" } else { "recv" };
        match self {
            SliceKind::Operation {
                call,
                ending: Ending::Transferred | Ending::SendNotRecorded,
            }
            | SliceKind::Returning { call } => transferred(call),
            SliceKind::Operation { call, .. } | SliceKind::Wait { call, .. } => method(call),
            SliceKind::ChannelCreated => "channel",
            SliceKind::SenderCloned => "clone sender",
            SliceKind::ReceiverCloned => "clone receiver",
            SliceKind::SenderDropped => "drop sender",
            SliceKind::ReceiverDropped => "drop receiver",
            SliceKind::ThreadStarted => "start",
            SliceKind::ThreadEnded { .. } => "end",
            SliceKind::Panicked => "panic",
            SliceKind::Initializer => "initialize",
            SliceKind::Span => "",
            SliceKind::Log => "log",
            SliceKind::Paused => "recording paused",
            SliceKind::Resumed => "recording resumed",
            SliceKind::LeftOut => "left out",
        }
    }

    /// The note at the end of its name.
    pub fn note(self) -> Option<&'static str> {
        match self {
            SliceKind::Operation { ending, .. } => match ending {
                Ending::Transferred | Ending::Done => None,
                Ending::SendNotRecorded => Some("send not recorded"),
                Ending::Full => Some("full"),
                Ending::Empty => Some("empty"),
                Ending::Disconnected => Some("disconnected"),
                Ending::TimedOut => Some("timed out"),
                Ending::Held => Some("held"),
                Ending::LockNotRecorded => Some("lock not recorded"),
                Ending::LastToArrive => Some("last to arrive"),
            },
            SliceKind::Wait { call: Call::Sleep, .. } => None,
            SliceKind::Wait { is_full: true, .. } => Some("full"),
            SliceKind::Wait { .. } => Some("waiting"),
            SliceKind::Returning { .. } => Some("returning"),
            SliceKind::ThreadEnded { panicked: true } => Some("panicked"),
            _ => None,
        }
    }

    /// The name of the method that was called, where its verb does not begin with that.
    #[inline]
    pub fn method(self) -> Option<&'static str> {
        let call = self.call()?;
        let method = method(call);
        (!self.verb().starts_with(method)).then_some(method)
    }
}

/// The name of a method in the name of a slice.
pub fn method(call: Call) -> &'static str {
    match call {
        Call::Send => "send",
        Call::TrySend => "try_send",
        Call::Recv => "recv",
        Call::TryRecv => "try_recv",
        Call::RecvTimeout => "recv_timeout",
        Call::Select => "select",
        Call::Lock => "lock",
        Call::TryLock => "try_lock",
        Call::Unlock => "unlock",
        Call::Read => "read",
        Call::TryRead => "try_read",
        Call::ReadUnlock => "unlock read",
        Call::Write => "write",
        Call::TryWrite => "try_write",
        Call::WriteUnlock => "unlock write",
        Call::Downgrade => "downgrade",
        Call::CondvarWait => "wait",
        Call::CondvarWaitTimeout => "wait_timeout",
        Call::NotifyOne => "notify_one",
        Call::NotifyAll => "notify_all",
        Call::BarrierWait => "barrier",
        Call::Initialize | Call::Initializer => "initialize",
        Call::Spawn => "spawn",
        Call::Join => "join",
        Call::Scope => "scope",
        Call::Park => "park",
        Call::ParkTimeout => "park_timeout",
        Call::Unpark => "unpark",
        Call::Sleep => "sleep",
        Call::YieldNow => "yield",
    }
}
