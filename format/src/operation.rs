//! The table of channel operations: which call, how far, with what outcome.

/// Which method of a channel's endpoint was called.
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
}

impl Call {
    /// Whether it is a sender's method.
    pub const fn is_send(self) -> bool {
        matches!(self, Call::Send | Call::TrySend)
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
    /// `recv_timeout` waited in vain.
    TimedOut,
}

macro_rules! operations {
    ($($(#[$doc:meta])* $code:literal $name:ident: $call:ident $phase:ident $outcome:ident;)*) => {
        /// A channel operation, or one end of it: the codes from 16.
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
        }
    };
}

operations! {
    /// `send` that did not wait.
    16 Send: Send Whole Transferred;
    /// `send` to a receiver that is gone.
    17 SendDisconnected: Send Whole Disconnected;
    /// `send` found no room and begins to wait.
    18 SendBegin: Send Begin Pending;
    /// `send` has waited and the message is handed over.
    19 SendEnd: Send End Transferred;
    /// `send` has waited and the receiver went away.
    20 SendEndDisconnected: Send End Disconnected;
    /// `try_send` that put its message.
    21 TrySend: TrySend Whole Transferred;
    /// `try_send` that found no room.
    22 TrySendFull: TrySend Whole Full;
    /// `try_send` to a receiver that is gone.
    23 TrySendDisconnected: TrySend Whole Disconnected;
    /// `recv` that did not wait.
    32 Recv: Recv Whole Transferred;
    /// `recv` with nothing left and no sender alive.
    33 RecvDisconnected: Recv Whole Disconnected;
    /// `recv` found nothing and begins to wait.
    34 RecvBegin: Recv Begin Pending;
    /// `recv` has waited and takes a message.
    35 RecvEnd: Recv End Transferred;
    /// `recv` has waited and the last sender went away.
    36 RecvEndDisconnected: Recv End Disconnected;
    /// `try_recv` that took a message.
    37 TryRecv: TryRecv Whole Transferred;
    /// `try_recv` that found none.
    38 TryRecvEmpty: TryRecv Whole Empty;
    /// `try_recv` with nothing left and no sender alive.
    39 TryRecvDisconnected: TryRecv Whole Disconnected;
    /// `recv_timeout` that did not wait.
    40 RecvTimeout: RecvTimeout Whole Transferred;
    /// `recv_timeout` with nothing left and no sender alive.
    41 RecvTimeoutDisconnected: RecvTimeout Whole Disconnected;
    /// `recv_timeout` found nothing and begins to wait.
    42 RecvTimeoutBegin: RecvTimeout Begin Pending;
    /// `recv_timeout` has waited and takes a message.
    43 RecvTimeoutEnd: RecvTimeout End Transferred;
    /// `recv_timeout` has waited in vain.
    44 RecvTimeoutExpired: RecvTimeout End TimedOut;
    /// `recv_timeout` has waited and the last sender went away.
    45 RecvTimeoutEndDisconnected: RecvTimeout End Disconnected;
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
    fn sends_and_receives_have_their_own_codes() {
        for &kind in OperationKind::ALL {
            let range = if kind.call().is_send() { 16..32 } else { 32..64 };
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
                Outcome::Pending | Outcome::Transferred => "",
                Outcome::Full => "Full",
                Outcome::Empty => "Empty",
                Outcome::Disconnected => "Disconnected",
                // Where the time is over the wait is, too: that it ended is not said twice.
                Outcome::TimedOut => {
                    assert_eq!((kind.phase(), kind.name()), (Phase::End, "RecvTimeoutExpired"));
                    continue;
                }
            };
            assert_eq!(kind.name(), format!("{:?}{phase}{outcome}", kind.call()));
            assert_eq!(kind.phase() == Phase::Begin, kind.outcome() == Outcome::Pending);
        }
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
}
