//! The table of operations: call, phase, outcome and meaning of the detail.

use crate::{MessageId, Turn};

/// The subject of an operation: what the number `endpoint` of its record identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An endpoint of a channel.
    Endpoint,
    /// A synchronisation primitive, see [`PrimitiveKind`](crate::PrimitiveKind).
    Primitive,
    /// Another thread.
    Thread,
    /// None: the number is 0.
    Nothing,
}

/// The function or method that was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `Sender::send`, `SyncSender::send`.
    Send,
    /// `SyncSender::try_send`.
    TrySend,
    /// `Receiver::recv`, and the blocking iterators.
    Recv,
    /// `Receiver::try_recv`, and `TryIter`.
    TryRecv,
    /// `Receiver::recv_timeout`.
    RecvTimeout,
    /// A select: it waits on several endpoints at once, with or without a time limit.
    ///
    /// An [`Event::SelectArm`](crate::Event::SelectArm) for each arm comes directly before its
    /// first record. After a select with a ready arm comes the record of the send or receive of
    /// that arm, as if it had been called alone.
    Select,
    /// `Mutex::lock`, and the lock that a condition variable acquires again after a wait.
    Lock,
    /// `Mutex::try_lock`.
    TryLock,
    /// A `MutexGuard` is dropped, or passed to a condition variable.
    Unlock,
    /// `RwLock::read`.
    Read,
    /// `RwLock::try_read`.
    TryRead,
    /// A `RwLockReadGuard` is dropped.
    ReadUnlock,
    /// `RwLock::write`.
    Write,
    /// `RwLock::try_write`.
    TryWrite,
    /// A `RwLockWriteGuard` is dropped.
    WriteUnlock,
    /// `RwLockWriteGuard::downgrade`: a lock that was held for writing is held for reading.
    Downgrade,
    /// `Condvar::wait`, `wait_while`.
    CondvarWait,
    /// `Condvar::wait_timeout`, `wait_timeout_while`, `wait_timeout_ms`.
    CondvarWaitTimeout,
    /// `Condvar::notify_one`.
    NotifyOne,
    /// `Condvar::notify_all`.
    NotifyAll,
    /// `Barrier::wait`.
    BarrierWait,
    /// A call that waits for an unfinished initialisation: `Once::call_once` and `wait`,
    /// `OnceLock::get_or_init` and `wait`, `LazyLock::force`.
    Initialize,
    /// The initialiser itself: this thread runs it from here to the end of its `Initialize`.
    Initializer,
    /// `thread::spawn`, `Builder::spawn`, `Scope::spawn`.
    Spawn,
    /// `JoinHandle::join`, `ScopedJoinHandle::join`.
    Join,
    /// The end of `thread::scope`, which joins the threads that are left.
    Scope,
    /// `thread::park`.
    Park,
    /// `thread::park_timeout`.
    ParkTimeout,
    /// `Thread::unpark`.
    Unpark,
    /// `thread::sleep`.
    Sleep,
    /// `thread::yield_now`.
    YieldNow,
}

impl Call {
    /// Whether it is a method of a sender.
    pub const fn is_send(self) -> bool {
        matches!(self, Call::Send | Call::TrySend)
    }

    /// The subject of the operation.
    pub const fn subject(self) -> Subject {
        match self {
            Call::Send
            | Call::TrySend
            | Call::Recv
            | Call::TryRecv
            | Call::RecvTimeout
            | Call::Select => Subject::Endpoint,
            Call::Lock
            | Call::TryLock
            | Call::Unlock
            | Call::Read
            | Call::TryRead
            | Call::ReadUnlock
            | Call::Write
            | Call::TryWrite
            | Call::WriteUnlock
            | Call::Downgrade
            | Call::CondvarWait
            | Call::CondvarWaitTimeout
            | Call::NotifyOne
            | Call::NotifyAll
            | Call::BarrierWait
            | Call::Initialize
            | Call::Initializer => Subject::Primitive,
            Call::Spawn | Call::Join | Call::Unpark => Subject::Thread,
            Call::Scope | Call::Park | Call::ParkTimeout | Call::Sleep | Call::YieldNow => {
                Subject::Nothing
            }
        }
    }
}

/// The part of an operation that a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The whole operation, which did not wait. The time is the start of a send, or the end of a
    /// receive.
    Whole,
    /// The operation cannot proceed and starts to wait.
    Begin,
    /// The operation returns after a wait.
    End,
}

/// The outcome of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Not known yet: the operation starts to wait.
    Pending,
    /// The message was transferred.
    Transferred,
    /// `try_send` found no room, or no waiting receiver in a rendezvous channel.
    Full,
    /// `try_recv` found no message, or a select found no ready arm.
    Empty,
    /// All endpoints of the other side are dropped.
    Disconnected,
    /// The time limit of the wait has expired.
    TimedOut,
    /// The lock was acquired.
    Acquired,
    /// `try_lock`, `try_read` or `try_write` found the lock held.
    Held,
    /// Done. The operation has no other outcome.
    Done,
}

/// The meaning of the `detail` word of an operation's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DetailKind {
    /// None: the word is 0.
    Nothing,
    /// The [message](MessageId) that is sent or received.
    Message,
    /// The time limit of the wait, in nanoseconds.
    Timeout,
    /// The [turn](Turn) at the lock that is acquired or released.
    Turn,
    /// The [turn](Turn) at the mutex that a condition variable has released.
    Mutex,
    /// Number of notifications of the condition variable so far, including this one.
    Notifications,
    /// Number of threads that have arrived at the barrier so far, including this one.
    Arrivals,
    /// 1 for the leader of the barrier, otherwise 0.
    Leader,
    /// Number of arms of the select.
    Arms,
}

impl DetailKind {
    /// The detail with this meaning, from the `detail` word of a record.
    #[inline]
    pub fn read(self, word: u64) -> Detail {
        match self {
            DetailKind::Nothing => Detail::Nothing,
            DetailKind::Message => Detail::Message(MessageId(word)),
            DetailKind::Timeout => Detail::Timeout { nanoseconds: word },
            DetailKind::Turn => Detail::Turn(Turn(word)),
            DetailKind::Mutex => Detail::Mutex(Turn(word)),
            DetailKind::Notifications => Detail::Notifications(word),
            DetailKind::Arrivals => Detail::Arrivals(word),
            DetailKind::Leader => Detail::Leader(word != 0),
            DetailKind::Arms => Detail::Arms(word),
        }
    }
}

/// The detail of an operation's record, by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detail {
    /// None.
    Nothing,
    /// The message that is sent or received.
    Message(MessageId),
    /// The time limit of the wait.
    Timeout {
        /// Nanoseconds.
        nanoseconds: u64,
    },
    /// The turn at the lock that is acquired or released.
    Turn(Turn),
    /// The turn at the mutex that a condition variable has released.
    Mutex(Turn),
    /// Number of notifications of the condition variable so far, including this one.
    Notifications(u64),
    /// Number of threads that have arrived at the barrier so far, including this one.
    Arrivals(u64),
    /// Whether the thread is the leader of the barrier.
    Leader(bool),
    /// Number of arms of the select.
    Arms(u64),
}

macro_rules! operations {
    ($($(#[$doc:meta])* $code:literal $name:ident: $call:ident $phase:ident $outcome:ident $detail:ident;)*) => {
        /// An operation on a channel, a synchronisation primitive or a thread, or its start or
        /// end.
        ///
        /// All have the same fields, see [`Event::Operation`](crate::Event::Operation).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum OperationKind {
            $(
                $(#[$doc])*
                #[doc = concat!(
                    "\n\nCode ", stringify!($code), ": [`Call::", stringify!($call),
                    "`], [`Phase::", stringify!($phase), "`], [`Outcome::", stringify!($outcome),
                    "`]; detail: [`DetailKind::", stringify!($detail), "`].",
                )]
                $name = $code,
            )*
        }

        impl OperationKind {
            /// All kinds, in the order of their codes.
            pub const ALL: &[OperationKind] = &[$(OperationKind::$name),*];

            /// The kind with this code.
            #[inline]
            pub fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(OperationKind::$name),)*
                    _ => None,
                }
            }

            /// The kind with this name in the text form.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(OperationKind::$name),)*
                    _ => None,
                }
            }

            /// The name in the text form.
            pub fn name(self) -> &'static str {
                match self { $(OperationKind::$name => stringify!($name),)* }
            }

            /// The call that it is part of.
            #[inline]
            pub const fn call(self) -> Call {
                match self { $(OperationKind::$name => Call::$call,)* }
            }

            /// The part of the operation that it is about.
            #[inline]
            pub fn phase(self) -> Phase {
                match self { $(OperationKind::$name => Phase::$phase,)* }
            }

            /// The outcome.
            #[inline]
            pub fn outcome(self) -> Outcome {
                match self { $(OperationKind::$name => Outcome::$outcome,)* }
            }

            /// The meaning of the detail of its record.
            #[inline]
            pub fn detail_kind(self) -> DetailKind {
                match self { $(OperationKind::$name => DetailKind::$detail,)* }
            }

            /// The detail of its record, from the `detail` word.
            ///
            /// ```
            /// use format::{Detail, OperationKind, Turn};
            /// let detail = OperationKind::SleepBegin.detail(7);
            /// assert_eq!(detail, Detail::Timeout { nanoseconds: 7 });
            /// let detail = OperationKind::Lock.detail(Turn::new(3, 7).0);
            /// assert_eq!(detail, Detail::Turn(Turn::new(3, 7)));
            /// ```
            #[inline]
            pub fn detail(self, word: u64) -> Detail {
                self.detail_kind().read(word)
            }
        }
    };
}

operations! {
    /// `send` that does not wait.
    16 Send: Send Whole Transferred Message;
    /// `send` when no receiver is left.
    17 SendDisconnected: Send Whole Disconnected Nothing;
    /// `send` finds no room and starts to wait.
    18 SendBegin: Send Begin Pending Message;
    /// `send` has waited and transfers its message.
    19 SendEnd: Send End Transferred Message;
    /// `send` has waited until no receiver was left.
    20 SendEndDisconnected: Send End Disconnected Nothing;
    /// `try_send` that transfers its message.
    21 TrySend: TrySend Whole Transferred Message;
    /// `try_send` that finds no room.
    22 TrySendFull: TrySend Whole Full Nothing;
    /// `try_send` when no receiver is left.
    23 TrySendDisconnected: TrySend Whole Disconnected Nothing;
    /// `recv` that does not wait.
    32 Recv: Recv Whole Transferred Message;
    /// `recv` when no message and no sender is left.
    33 RecvDisconnected: Recv Whole Disconnected Nothing;
    /// `recv` finds no message and starts to wait.
    34 RecvBegin: Recv Begin Pending Nothing;
    /// `recv` has waited and receives a message.
    35 RecvEnd: Recv End Transferred Message;
    /// `recv` has waited until no sender was left.
    36 RecvEndDisconnected: Recv End Disconnected Nothing;
    /// `try_recv` that receives a message.
    37 TryRecv: TryRecv Whole Transferred Message;
    /// `try_recv` that finds no message.
    38 TryRecvEmpty: TryRecv Whole Empty Nothing;
    /// `try_recv` when no message and no sender is left.
    39 TryRecvDisconnected: TryRecv Whole Disconnected Nothing;
    /// `recv_timeout` that does not wait.
    40 RecvTimeout: RecvTimeout Whole Transferred Message;
    /// `recv_timeout` when no message and no sender is left.
    41 RecvTimeoutDisconnected: RecvTimeout Whole Disconnected Nothing;
    /// `recv_timeout` finds no message and starts to wait.
    42 RecvTimeoutBegin: RecvTimeout Begin Pending Timeout;
    /// `recv_timeout` has waited and receives a message.
    43 RecvTimeoutEnd: RecvTimeout End Transferred Message;
    /// `recv_timeout` has reached its time limit.
    44 RecvTimeoutExpired: RecvTimeout End TimedOut Nothing;
    /// `recv_timeout` has waited until no sender was left.
    45 RecvTimeoutEndDisconnected: RecvTimeout End Disconnected Nothing;
    /// `lock` that does not wait.
    48 Lock: Lock Whole Acquired Turn;
    /// `lock` finds the mutex held and starts to wait.
    49 LockBegin: Lock Begin Pending Nothing;
    /// `lock` has waited and acquires the mutex.
    50 LockEnd: Lock End Acquired Turn;
    /// `try_lock` that acquires the mutex.
    51 TryLock: TryLock Whole Acquired Turn;
    /// `try_lock` that finds the mutex held.
    52 TryLockHeld: TryLock Whole Held Nothing;
    /// The mutex is about to be released.
    53 Unlock: Unlock Whole Done Turn;
    /// `read` that does not wait.
    54 Read: Read Whole Acquired Turn;
    /// `read` finds the lock held and starts to wait.
    55 ReadBegin: Read Begin Pending Nothing;
    /// `read` has waited and acquires the lock.
    56 ReadEnd: Read End Acquired Turn;
    /// `try_read` that acquires the lock.
    57 TryRead: TryRead Whole Acquired Turn;
    /// `try_read` that finds the lock held.
    58 TryReadHeld: TryRead Whole Held Nothing;
    /// A lock that is held for reading is about to be released.
    59 ReadUnlock: ReadUnlock Whole Done Turn;
    /// `write` that does not wait.
    60 Write: Write Whole Acquired Turn;
    /// `write` finds the lock held and starts to wait.
    61 WriteBegin: Write Begin Pending Nothing;
    /// `write` has waited and acquires the lock.
    62 WriteEnd: Write End Acquired Turn;
    /// `try_write` that acquires the lock.
    63 TryWrite: TryWrite Whole Acquired Turn;
    /// `try_write` that finds the lock held.
    64 TryWriteHeld: TryWrite Whole Held Nothing;
    /// A lock that is held for writing is about to be released.
    65 WriteUnlock: WriteUnlock Whole Done Turn;
    /// A lock that is held for writing is about to be held for reading.
    66 Downgrade: Downgrade Whole Done Turn;
    /// `wait` has released its mutex and starts to wait.
    67 CondvarWaitBegin: CondvarWait Begin Pending Mutex;
    /// `wait` was woken and holds its mutex again.
    68 CondvarWaitEnd: CondvarWait End Done Notifications;
    /// `wait_timeout` has released its mutex and starts to wait.
    69 CondvarWaitTimeoutBegin: CondvarWaitTimeout Begin Pending Timeout;
    /// `wait_timeout` was woken and holds its mutex again.
    70 CondvarWaitTimeoutEnd: CondvarWaitTimeout End Done Notifications;
    /// `wait_timeout` has reached its time limit and holds its mutex again.
    71 CondvarWaitTimeoutExpired: CondvarWaitTimeout End TimedOut Nothing;
    /// `notify_one` is about to wake one of the waiting threads, if there are any.
    72 NotifyOne: NotifyOne Whole Done Notifications;
    /// `notify_all` is about to wake all waiting threads.
    73 NotifyAll: NotifyAll Whole Done Notifications;
    /// `Barrier::wait` starts to wait: this thread has arrived.
    74 BarrierWaitBegin: BarrierWait Begin Pending Arrivals;
    /// `Barrier::wait` returns: all threads have arrived.
    75 BarrierWaitEnd: BarrierWait End Done Leader;
    /// A call that needs an unfinished initialisation starts to wait for it, or to run it.
    76 InitializeBegin: Initialize Begin Pending Nothing;
    /// The initialisation is finished.
    77 InitializeEnd: Initialize End Done Nothing;
    /// This thread starts to run the initialiser.
    78 Initializer: Initializer Whole Done Nothing;
    /// A thread is about to be spawned.
    80 Spawn: Spawn Whole Done Nothing;
    /// `join` of a thread that has ended.
    81 Join: Join Whole Done Nothing;
    /// `join` of a thread that has not ended starts to wait.
    82 JoinBegin: Join Begin Pending Nothing;
    /// `join` has waited until the thread ended.
    83 JoinEnd: Join End Done Nothing;
    /// `scope` starts to wait for the threads that are left in it.
    84 ScopeBegin: Scope Begin Pending Nothing;
    /// `scope` has waited until all threads in it ended.
    85 ScopeEnd: Scope End Done Nothing;
    /// `park` starts to wait.
    86 ParkBegin: Park Begin Pending Nothing;
    /// `park` returns, after an `unpark` or spuriously.
    87 ParkEnd: Park End Done Nothing;
    /// `park_timeout` starts to wait.
    88 ParkTimeoutBegin: ParkTimeout Begin Pending Timeout;
    /// `park_timeout` returns, for any reason.
    89 ParkTimeoutEnd: ParkTimeout End Done Nothing;
    /// `unpark` is about to wake a thread.
    90 Unpark: Unpark Whole Done Nothing;
    /// `sleep` starts.
    91 SleepBegin: Sleep Begin Pending Timeout;
    /// `sleep` returns.
    92 SleepEnd: Sleep End Done Nothing;
    /// `yield_now` returns.
    93 YieldNow: YieldNow Whole Done Nothing;
    /// A select finds the arm of this endpoint ready and does not wait.
    176 Select: Select Whole Done Arms;
    /// A select that does not wait finds no ready arm. The endpoint is 0.
    177 SelectEmpty: Select Whole Empty Arms;
    /// A select finds no ready arm and starts to wait. The endpoint is 0.
    178 SelectBegin: Select Begin Pending Arms;
    /// A select with a time limit finds no ready arm and starts to wait. The endpoint is 0.
    179 SelectTimeoutBegin: Select Begin Pending Timeout;
    /// A select has waited until the arm of this endpoint was ready.
    180 SelectEnd: Select End Done Nothing;
    /// A select has reached its time limit. The endpoint is 0.
    181 SelectExpired: Select End TimedOut Nothing;
}

/// Whether this is the code of an operation of a sender.
#[inline]
pub(crate) const fn is_send_code(code: u8) -> bool {
    matches!(code, 16..=31 | 160..=175)
}

/// The record of an operation as three words.
///
/// The same as [`Event::encode`](crate::Event::encode) of an
/// [`Event::Operation`](crate::Event::Operation), for the hot path of a recorded program.
#[inline]
pub const fn operation_words(
    time: u64,
    kind: OperationKind,
    endpoint: u32,
    site: u32,
    detail: u64,
) -> [u64; 3] {
    [time << 8 | kind as u64, (site as u64) << 32 | endpoint as u64, detail]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn codes_and_names_agree_with_the_table() {
        let by_code: Vec<_> = (0..=u8::MAX).filter_map(OperationKind::from_code).collect();
        assert_eq!(by_code, OperationKind::ALL);
        for &kind in OperationKind::ALL {
            assert_eq!(OperationKind::from_code(kind as u8), Some(kind));
            assert_eq!(OperationKind::from_name(kind.name()), Some(kind));
            assert_eq!(kind.name(), format!("{kind:?}"));
        }
        for name in ["", "send", "Send ", "ThreadEnded"] {
            assert_eq!(OperationKind::from_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn each_subject_has_its_own_range_of_codes() {
        for &kind in OperationKind::ALL {
            let [first, second] = match kind.call().subject() {
                Subject::Endpoint if kind.call().is_send() => [16..32, 160..176],
                Subject::Endpoint => [32..48, 176..192],
                Subject::Primitive => [48..80, 192..224],
                Subject::Thread | Subject::Nothing => [80..128, 224..240],
            };
            let code = kind as u8;
            assert!(first.contains(&code) || second.contains(&code), "{kind:?}");
        }
        for code in 0..=u8::MAX {
            let is_send = (16..32).contains(&code) || (160..176).contains(&code);
            assert_eq!(is_send_code(code), is_send, "{code}");
        }
    }

    #[test]
    fn names_follow_from_call_phase_and_outcome() {
        for &kind in OperationKind::ALL {
            if kind == OperationKind::SelectTimeoutBegin {
                // A select with and one without a time limit are the same call.
                continue;
            }
            let phase = match kind.phase() {
                Phase::Whole => "",
                Phase::Begin => "Begin",
                Phase::End => "End",
            };
            let outcome = match kind.outcome() {
                Outcome::Pending | Outcome::Transferred | Outcome::Acquired | Outcome::Done => "",
                Outcome::Held => "Held",
                Outcome::Full => "Full",
                Outcome::Empty => "Empty",
                Outcome::Disconnected => "Disconnected",
                // An expired wait has ended, so the name does not repeat `End`.
                Outcome::TimedOut => {
                    assert_eq!(kind.phase(), Phase::End);
                    assert_eq!(kind.name(), format!("{:?}Expired", kind.call()));
                    continue;
                }
            };
            assert_eq!(kind.name(), format!("{:?}{phase}{outcome}", kind.call()));
            assert_eq!(kind.phase() == Phase::Begin, kind.outcome() == Outcome::Pending);
        }
    }

    #[test]
    fn details_follow_from_call_phase_and_outcome() {
        for &kind in OperationKind::ALL {
            let expected = match (kind.call(), kind.phase(), kind.outcome()) {
                (_, _, Outcome::Transferred) => DetailKind::Message,
                (Call::Send, Phase::Begin, _) => DetailKind::Message,
                (_, _, Outcome::Acquired) => DetailKind::Turn,
                (Call::Unlock | Call::ReadUnlock | Call::WriteUnlock | Call::Downgrade, ..) => {
                    DetailKind::Turn
                }
                (Call::CondvarWait, Phase::Begin, _) => DetailKind::Mutex,
                (Call::RecvTimeout | Call::CondvarWaitTimeout, Phase::Begin, _)
                | (Call::ParkTimeout | Call::Sleep, Phase::Begin, _) => DetailKind::Timeout,
                (Call::NotifyOne | Call::NotifyAll, ..) => DetailKind::Notifications,
                (Call::CondvarWait | Call::CondvarWaitTimeout, _, Outcome::Done) => {
                    DetailKind::Notifications
                }
                (Call::BarrierWait, Phase::Begin, _) => DetailKind::Arrivals,
                (Call::BarrierWait, Phase::End, _) => DetailKind::Leader,
                (Call::Select, Phase::Begin, _) if kind == OperationKind::SelectTimeoutBegin => {
                    DetailKind::Timeout
                }
                (Call::Select, Phase::Whole | Phase::Begin, _) => DetailKind::Arms,
                _ => DetailKind::Nothing,
            };
            assert_eq!(kind.detail_kind(), expected, "{kind:?}");
        }
        assert_eq!(DetailKind::Mutex.read(Turn::new(2, 9).0), Detail::Mutex(Turn::new(2, 9)));
        assert_eq!(DetailKind::Leader.read(1), Detail::Leader(true));
        assert_eq!(DetailKind::Arms.read(3), Detail::Arms(3));
    }

    #[test]
    fn the_three_words_are_the_record() {
        for &kind in OperationKind::ALL {
            for (time, endpoint, site, detail) in
                [(0, 0, 0, 0), (10, 7, 8, 9), (u64::MAX, u32::MAX, 1, u64::MAX), (1 << 56, 1, 2, 3)]
            {
                let mut bytes = [0xaa; 24];
                let length =
                    Event::Operation { kind, endpoint, site, detail }.encode(time, &mut bytes);
                let words = operation_words(time, kind, endpoint, site, detail);
                assert_eq!(bytes[..length], words.map(u64::to_le_bytes).concat());
                assert_eq!(words[0] as u8, kind as u8);
            }
        }
    }
}
