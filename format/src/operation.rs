//! The table of operations: call, phase, outcome, and the meaning of the detail.

use crate::{MessageId, Turn};

/// What kind of thing an operation's `endpoint` is the number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A channel's endpoint.
    Endpoint,
    /// A synchronisation primitive: see [`PrimitiveKind`].
    Primitive,
    /// Another thread.
    Thread,
    /// Nothing: the number is 0.
    Nothing,
}

/// Which function or method was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `Sender::send`, `SyncSender::send`.
    Send,
    /// `SyncSender::try_send`.
    TrySend,
    /// `Receiver::recv`, and the iterators that wait.
    Recv,
    /// `Receiver::try_recv`, and `TryIter`.
    TryRecv,
    /// `Receiver::recv_timeout`.
    RecvTimeout,
    /// `Mutex::lock`, or the lock that a condition variable takes again.
    Lock,
    /// `Mutex::try_lock`.
    TryLock,
    /// A `MutexGuard` was dropped, or lent to a condition variable.
    Unlock,
    /// `RwLock::read`.
    Read,
    /// `RwLock::try_read`.
    TryRead,
    /// A `RwLockReadGuard` was dropped.
    ReadUnlock,
    /// `RwLock::write`.
    Write,
    /// `RwLock::try_write`.
    TryWrite,
    /// A `RwLockWriteGuard` was dropped.
    WriteUnlock,
    /// `RwLockWriteGuard::downgrade`: what was held for writing is held for reading.
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
    /// What waits for an initialisation that is not over: `Once::call_once` and `wait`,
    /// `OnceLock::get_or_init` and `wait`, `LazyLock::force`.
    Initialize,
    /// It is this thread that runs the initialiser, from here to the end of its `Initialize`.
    Initializer,
    /// `thread::spawn`, `Builder::spawn`, `Scope::spawn`.
    Spawn,
    /// `JoinHandle::join`, `ScopedJoinHandle::join`.
    Join,
    /// The end of `thread::scope`, which joins what is left.
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
    /// Whether it is a sender's method.
    pub const fn is_send(self) -> bool {
        matches!(self, Call::Send | Call::TrySend)
    }

    /// What the operation is on.
    pub const fn subject(self) -> Subject {
        match self {
            Call::Send | Call::TrySend | Call::Recv | Call::TryRecv | Call::RecvTimeout => {
                Subject::Endpoint
            }
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

/// What part of an operation an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// All of it: the operation did not have to wait. The time is the send's begin
    /// or the receive's end.
    Whole,
    /// The operation could not proceed and begins to wait.
    Begin,
    /// The operation has waited and returns.
    End,
}

/// How an operation came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Not known yet: it begins to wait.
    Pending,
    /// The message was handed over.
    Transferred,
    /// `try_send` found no room (or, in a rendezvous, no receiver).
    Full,
    /// `try_recv` found no message.
    Empty,
    /// The other side is gone.
    Disconnected,
    /// `recv_timeout`, or a wait for a condition variable, waited in vain.
    TimedOut,
    /// The lock is now held.
    Acquired,
    /// `try_lock` and the like found the lock held.
    Held,
    /// It is over, and that is all there is to say.
    Done,
}

/// What the detail of an operation's record means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DetailKind {
    /// Nothing: the word is 0.
    Nothing,
    /// The [message](MessageId) that is sent or received.
    Message,
    /// The longest time to wait, in nanoseconds.
    Timeout,
    /// The [turn](Turn) at the lock that is acquired or released.
    Turn,
    /// The mutex that a condition variable has released, and the [turn](Turn) at it.
    Mutex,
    /// How many notifications of the condition variable there have been, this one included.
    Notifications,
    /// How many threads have arrived at the barrier, this one included.
    Arrivals,
    /// 1 for the thread that is the barrier's leader, else 0.
    Leader,
}

impl DetailKind {
    /// The meaning of a `word` of this kind.
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
        }
    }
}

/// The detail of an operation's record, with its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detail {
    /// There is none.
    Nothing,
    /// The message that is sent or received.
    Message(MessageId),
    /// The operation waits no longer than this.
    Timeout {
        /// Nanoseconds.
        nanoseconds: u64,
    },
    /// The turn at the lock that is acquired or released.
    Turn(Turn),
    /// The mutex that a condition variable has released, and the turn at it.
    Mutex(Turn),
    /// How many notifications of the condition variable there have been, this one included.
    Notifications(u64),
    /// How many threads have arrived at the barrier, this one included.
    Arrivals(u64),
    /// Whether the thread is the barrier's leader.
    Leader(bool),
}

macro_rules! operations {
    ($($(#[$doc:meta])* $code:literal $name:ident: $call:ident $phase:ident $outcome:ident $detail:ident;)*) => {
        /// An operation on a channel, a synchronisation primitive or a thread, or one end
        /// of it: the codes from 16 to 127.
        ///
        /// All have the same fields, see [`Event::Operation`](crate::Event::Operation).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum OperationKind {
            $($(#[$doc])* $name = $code,)*
        }

        impl OperationKind {
            /// Every kind, in the order of the codes.
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

            /// Which method was called.
            #[inline]
            pub fn call(self) -> Call {
                match self { $(OperationKind::$name => Call::$call,)* }
            }

            /// What part of the operation this tells.
            #[inline]
            pub fn phase(self) -> Phase {
                match self { $(OperationKind::$name => Phase::$phase,)* }
            }

            /// How it came out.
            #[inline]
            pub fn outcome(self) -> Outcome {
                match self { $(OperationKind::$name => Outcome::$outcome,)* }
            }

            /// What the detail of its record means.
            #[inline]
            pub fn detail_kind(self) -> DetailKind {
                match self { $(OperationKind::$name => DetailKind::$detail,)* }
            }

            /// The meaning of the detail `word` of its record.
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
    /// `send` that did not wait.
    16 Send: Send Whole Transferred Message;
    /// `send` to a receiver that is gone.
    17 SendDisconnected: Send Whole Disconnected Nothing;
    /// `send` found no room and begins to wait.
    18 SendBegin: Send Begin Pending Message;
    /// `send` has waited and the message is handed over.
    19 SendEnd: Send End Transferred Message;
    /// `send` has waited and the receiver went away.
    20 SendEndDisconnected: Send End Disconnected Nothing;
    /// `try_send` that put its message.
    21 TrySend: TrySend Whole Transferred Message;
    /// `try_send` that found no room.
    22 TrySendFull: TrySend Whole Full Nothing;
    /// `try_send` to a receiver that is gone.
    23 TrySendDisconnected: TrySend Whole Disconnected Nothing;
    /// `recv` that did not wait.
    32 Recv: Recv Whole Transferred Message;
    /// `recv` with nothing left and no sender alive.
    33 RecvDisconnected: Recv Whole Disconnected Nothing;
    /// `recv` found nothing and begins to wait.
    34 RecvBegin: Recv Begin Pending Nothing;
    /// `recv` has waited and takes a message.
    35 RecvEnd: Recv End Transferred Message;
    /// `recv` has waited and the last sender went away.
    36 RecvEndDisconnected: Recv End Disconnected Nothing;
    /// `try_recv` that took a message.
    37 TryRecv: TryRecv Whole Transferred Message;
    /// `try_recv` that found none.
    38 TryRecvEmpty: TryRecv Whole Empty Nothing;
    /// `try_recv` with nothing left and no sender alive.
    39 TryRecvDisconnected: TryRecv Whole Disconnected Nothing;
    /// `recv_timeout` that did not wait.
    40 RecvTimeout: RecvTimeout Whole Transferred Message;
    /// `recv_timeout` with nothing left and no sender alive.
    41 RecvTimeoutDisconnected: RecvTimeout Whole Disconnected Nothing;
    /// `recv_timeout` found nothing and begins to wait.
    42 RecvTimeoutBegin: RecvTimeout Begin Pending Timeout;
    /// `recv_timeout` has waited and takes a message.
    43 RecvTimeoutEnd: RecvTimeout End Transferred Message;
    /// `recv_timeout` has waited in vain.
    44 RecvTimeoutExpired: RecvTimeout End TimedOut Nothing;
    /// `recv_timeout` has waited and the last sender went away.
    45 RecvTimeoutEndDisconnected: RecvTimeout End Disconnected Nothing;
    /// `lock` that did not wait.
    48 Lock: Lock Whole Acquired Turn;
    /// `lock` found the mutex held and begins to wait.
    49 LockBegin: Lock Begin Pending Nothing;
    /// `lock` has waited and holds the mutex.
    50 LockEnd: Lock End Acquired Turn;
    /// `try_lock` that got the mutex.
    51 TryLock: TryLock Whole Acquired Turn;
    /// `try_lock` found the mutex held.
    52 TryLockHeld: TryLock Whole Held Nothing;
    /// The mutex is about to be let go.
    53 Unlock: Unlock Whole Done Turn;
    /// `read` that did not wait.
    54 Read: Read Whole Acquired Turn;
    /// `read` found the lock held and begins to wait.
    55 ReadBegin: Read Begin Pending Nothing;
    /// `read` has waited and holds the lock, with others or alone.
    56 ReadEnd: Read End Acquired Turn;
    /// `try_read` that got the lock.
    57 TryRead: TryRead Whole Acquired Turn;
    /// `try_read` found the lock held.
    58 TryReadHeld: TryRead Whole Held Nothing;
    /// What was held for reading is about to be let go.
    59 ReadUnlock: ReadUnlock Whole Done Turn;
    /// `write` that did not wait.
    60 Write: Write Whole Acquired Turn;
    /// `write` found the lock held and begins to wait.
    61 WriteBegin: Write Begin Pending Nothing;
    /// `write` has waited and holds the lock.
    62 WriteEnd: Write End Acquired Turn;
    /// `try_write` that got the lock.
    63 TryWrite: TryWrite Whole Acquired Turn;
    /// `try_write` found the lock held.
    64 TryWriteHeld: TryWrite Whole Held Nothing;
    /// What was held for writing is about to be let go.
    65 WriteUnlock: WriteUnlock Whole Done Turn;
    /// What was held for writing is about to be held for reading.
    66 Downgrade: Downgrade Whole Done Turn;
    /// `wait` has let its mutex go and begins to wait.
    67 CondvarWaitBegin: CondvarWait Begin Pending Mutex;
    /// `wait` was woken; its mutex is held again.
    68 CondvarWaitEnd: CondvarWait End Done Notifications;
    /// `wait_timeout` has let its mutex go and begins to wait.
    69 CondvarWaitTimeoutBegin: CondvarWaitTimeout Begin Pending Timeout;
    /// `wait_timeout` was woken; its mutex is held again.
    70 CondvarWaitTimeoutEnd: CondvarWaitTimeout End Done Notifications;
    /// `wait_timeout` has waited in vain; its mutex is held again.
    71 CondvarWaitTimeoutExpired: CondvarWaitTimeout End TimedOut Nothing;
    /// `notify_one` is about to wake a thread, if one waits.
    72 NotifyOne: NotifyOne Whole Done Notifications;
    /// `notify_all` is about to wake all threads that wait.
    73 NotifyAll: NotifyAll Whole Done Notifications;
    /// `Barrier::wait` begins: this thread has arrived.
    74 BarrierWaitBegin: BarrierWait Begin Pending Arrivals;
    /// `Barrier::wait` is over: all have arrived.
    75 BarrierWaitEnd: BarrierWait End Done Leader;
    /// What needs an initialisation that is not over begins to wait for it, or to run it.
    76 InitializeBegin: Initialize Begin Pending Nothing;
    /// The initialisation is over.
    77 InitializeEnd: Initialize End Done Nothing;
    /// It was for this thread to run the initialiser, which begins.
    78 Initializer: Initializer Whole Done Nothing;
    /// A thread is about to be made.
    80 Spawn: Spawn Whole Done Nothing;
    /// `join` of a thread that was over.
    81 Join: Join Whole Done Nothing;
    /// `join` of a thread that is not over begins to wait.
    82 JoinBegin: Join Begin Pending Nothing;
    /// `join` has waited.
    83 JoinEnd: Join End Done Nothing;
    /// A `scope` begins to wait for the threads that are left in it.
    84 ScopeBegin: Scope Begin Pending Nothing;
    /// A `scope` has none left.
    85 ScopeEnd: Scope End Done Nothing;
    /// `park` begins.
    86 ParkBegin: Park Begin Pending Nothing;
    /// `park` is over: somebody has called `unpark`, or nobody knows why.
    87 ParkEnd: Park End Done Nothing;
    /// `park_timeout` begins.
    88 ParkTimeoutBegin: ParkTimeout Begin Pending Timeout;
    /// `park_timeout` is over, for whatever reason.
    89 ParkTimeoutEnd: ParkTimeout End Done Nothing;
    /// `unpark` is about to let a thread go on.
    90 Unpark: Unpark Whole Done Nothing;
    /// `sleep` begins.
    91 SleepBegin: Sleep Begin Pending Timeout;
    /// `sleep` is over.
    92 SleepEnd: Sleep End Done Nothing;
    /// `yield_now` is over.
    93 YieldNow: YieldNow Whole Done Nothing;
}

/// Whether an operation's code is one of a sender's.
#[inline]
pub(crate) const fn is_send_code(code: u8) -> bool {
    code < 32
}

/// An operation's record, as the three words that a thread stores.
///
/// This is [`Event::encode`](crate::Event::encode) for
/// [`Event::Operation`](crate::Event::Operation), for the one place where every
/// nanosecond counts.
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

/// What a synchronisation primitive is: the `kind` of
/// [`Event::PrimitiveSeen`](crate::Event::PrimitiveSeen).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum PrimitiveKind {
    /// `Mutex`
    Mutex = 1,
    /// `RwLock`
    RwLock = 2,
    /// `Condvar`
    Condvar = 3,
    /// `Barrier`
    Barrier = 4,
    /// `Once`
    Once = 5,
    /// `OnceLock`
    OnceLock = 6,
    /// `LazyLock`
    LazyLock = 7,
}

impl PrimitiveKind {
    /// Every kind, in the order of the codes.
    pub const ALL: &[PrimitiveKind] = &[
        PrimitiveKind::Mutex,
        PrimitiveKind::RwLock,
        PrimitiveKind::Condvar,
        PrimitiveKind::Barrier,
        PrimitiveKind::Once,
        PrimitiveKind::OnceLock,
        PrimitiveKind::LazyLock,
    ];

    /// The kind with this code.
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| *kind as u32 == code)
    }

    /// std's name for the type.
    pub fn name(self) -> &'static str {
        match self {
            PrimitiveKind::Mutex => "Mutex",
            PrimitiveKind::RwLock => "RwLock",
            PrimitiveKind::Condvar => "Condvar",
            PrimitiveKind::Barrier => "Barrier",
            PrimitiveKind::Once => "Once",
            PrimitiveKind::OnceLock => "OnceLock",
            PrimitiveKind::LazyLock => "LazyLock",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn only_the_codes_and_names_of_the_table_are_known() {
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
    fn each_subject_has_its_own_codes() {
        for &kind in OperationKind::ALL {
            let range = match kind.call().subject() {
                Subject::Endpoint if kind.call().is_send() => 16..32,
                Subject::Endpoint => 32..48,
                Subject::Primitive => 48..80,
                Subject::Thread | Subject::Nothing => 80..128,
            };
            assert!(range.contains(&(kind as u8)), "{kind:?}");
            assert_eq!(is_send_code(kind as u8), kind.call().is_send());
        }
    }

    #[test]
    fn a_name_says_what_its_row_says() {
        for &kind in OperationKind::ALL {
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
                // Where the time is over the wait is, too: that it ended is not said twice.
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
    fn details_are_what_their_rows_say() {
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
                _ => DetailKind::Nothing,
            };
            assert_eq!(kind.detail_kind(), expected, "{kind:?}");
        }
        assert_eq!(DetailKind::Mutex.read(Turn::new(2, 9).0), Detail::Mutex(Turn::new(2, 9)));
        assert_eq!(DetailKind::Leader.read(1), Detail::Leader(true));
    }

    #[test]
    fn the_words_are_the_record() {
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

    #[test]
    fn only_the_kinds_of_primitives_are_known() {
        let by_code: Vec<_> = (0..100).filter_map(PrimitiveKind::from_code).collect();
        assert_eq!(by_code, PrimitiveKind::ALL);
        assert!(by_code.iter().all(|kind| kind.name() == format!("{kind:?}")));
    }
}
