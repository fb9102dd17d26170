//! The kinds of findings.

use std::fmt;

/// The kind of a finding. The worst come first: their order decides the
/// [severity](Code::severity). Only [`Unfinished`](Code::Unfinished) is a note among worse ones,
/// since it says first why a run had to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Threads wait for each other, in a cycle or a closed set.
    Deadlock,
    /// A receive that can never end: a sender lives that no thread will use.
    ForgottenSender,
    /// A thread panicked.
    Panic,
    /// The process did not end by itself, and nothing in it is known to hang.
    Unfinished,
    /// Messages were sent and never received.
    LostMessages,
    /// Sends to a receiver that is gone.
    DisconnectedSend,
    /// An unbounded queue that only grows.
    GrowingQueue,
    /// Threads that could work in parallel wait for one lock.
    SerialisedWorkers,
    /// A thread takes a lock again at once, and another waits for it.
    UnfairLock,
    /// A sender makes others wait behind its messages.
    UnfairSenders,
    /// A receive that tries again and again.
    BusyPolling,
    /// Threads that are spawned and joined one at a time.
    JoinedInTurn,
    /// Two threads that spend their time waking each other.
    PingPong,
    /// Senders wait for room most of the time.
    Backpressure,
    /// A receiver waits for messages nearly all the time.
    StarvedReceiver,
    /// Timeouts that nearly always expire.
    ExpiredTimeouts,
    /// A channel, or one side of it, that no thread used.
    UnusedEndpoint,
    /// Another order of the operations could have hung.
    PossibleDeadlock,
}

impl Code {
    /// Every code, the worst first.
    pub const ALL: &[Code] = &[
        Code::Deadlock,
        Code::ForgottenSender,
        Code::Panic,
        Code::Unfinished,
        Code::LostMessages,
        Code::DisconnectedSend,
        Code::GrowingQueue,
        Code::SerialisedWorkers,
        Code::UnfairLock,
        Code::UnfairSenders,
        Code::BusyPolling,
        Code::JoinedInTurn,
        Code::PingPong,
        Code::Backpressure,
        Code::StarvedReceiver,
        Code::ExpiredTimeouts,
        Code::UnusedEndpoint,
        Code::PossibleDeadlock,
    ];

    /// Its name, as in `--fail-on` and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Code::Deadlock => "deadlock",
            Code::ForgottenSender => "forgotten-sender",
            Code::Panic => "panic",
            Code::Unfinished => "unfinished",
            Code::LostMessages => "lost-messages",
            Code::DisconnectedSend => "disconnected-send",
            Code::GrowingQueue => "growing-queue",
            Code::SerialisedWorkers => "serialised-workers",
            Code::UnfairLock => "unfair-lock",
            Code::UnfairSenders => "unfair-senders",
            Code::BusyPolling => "busy-polling",
            Code::JoinedInTurn => "joined-in-turn",
            Code::PingPong => "ping-pong",
            Code::Backpressure => "backpressure",
            Code::StarvedReceiver => "starved-receiver",
            Code::ExpiredTimeouts => "expired-timeouts",
            Code::UnusedEndpoint => "unused-endpoint",
            Code::PossibleDeadlock => "possible-deadlock",
        }
    }

    /// How severe it is.
    pub fn severity(self) -> Severity {
        match self {
            _ if self <= Code::Panic => Severity::Error,
            Code::Unfinished => Severity::Note,
            _ if self <= Code::JoinedInTurn => Severity::Warning,
            _ => Severity::Note,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How severe a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The program does not do its work.
    Error,
    /// It loses something, or wastes much of a resource.
    Warning,
    /// It could be faster or simpler.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_names_and_are_ordered_by_severity() {
        assert_eq!(Code::LostMessages.name(), "lost-messages");
        // None is missing: the last one has the number of all others.
        for (number, &code) in Code::ALL.iter().enumerate() {
            assert_eq!(code as usize, number);
        }
        assert_eq!(Code::ALL.last(), Some(&Code::PossibleDeadlock));
        let judged = Code::ALL.iter().filter(|&&code| code != Code::Unfinished);
        assert!(judged.is_sorted_by_key(|code| code.severity()));
    }
}
