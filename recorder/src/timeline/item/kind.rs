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
    /// Its row in the table of all kinds: a number (operations, waits and returns have the same), its
    /// category, and its verb where no message is transferred.
    #[inline]
    fn entry(self) -> (u8, Category, &'static str) {
        match self {
            SliceKind::Operation { call, .. }
            | SliceKind::Wait { call, .. }
            | SliceKind::Returning { call } => (0, Category::of(call), method(call)),
            SliceKind::ChannelCreated => (1, Category::Channel, "channel"),
            SliceKind::SenderCloned => (2, Category::Channel, "clone sender"),
            SliceKind::ReceiverCloned => (3, Category::Channel, "clone receiver"),
            SliceKind::SenderDropped => (4, Category::Channel, "drop sender"),
            SliceKind::ReceiverDropped => (5, Category::Channel, "drop receiver"),
            SliceKind::ThreadStarted => (6, Category::Thread, "start"),
            SliceKind::ThreadEnded { .. } => (7, Category::Thread, "end"),
            SliceKind::Panicked => (8, Category::Thread, "panic"),
            SliceKind::Initializer => (9, Category::Primitive, "initialize"),
            SliceKind::Span => (10, Category::Span, ""),
            SliceKind::Log => (11, Category::Log, "log"),
            SliceKind::Paused => (12, Category::Thread, "recording paused"),
            SliceKind::Resumed => (13, Category::Thread, "recording resumed"),
            SliceKind::LeftOut => (14, Category::Thread, "left out"),
        }
    }

    /// What it is about.
    #[inline]
    pub fn category(self) -> Category {
        self.entry().1
    }

    /// A number that no other kind has.
    #[inline]
    pub(crate) fn code(self) -> u16 {
        let (variant, call, detail) = match self {
            SliceKind::Operation { call, ending } => (0, call as u8, ending as u8),
            SliceKind::Wait { call, is_full } => (1, call as u8, is_full.into()),
            SliceKind::Returning { call } => (2, call as u8, 0),
            SliceKind::ThreadEnded { panicked } => (3, self.entry().0, panicked.into()),
            _ => (3, self.entry().0, 0),
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
        match self {
            SliceKind::Operation {
                call,
                ending: Ending::Transferred | Ending::SendNotRecorded,
            }
            | SliceKind::Returning { call } => {
                if call.is_send() {
                    "send"
                } else {
                    "recv"
                }
            }
            _ => self.entry().2,
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
