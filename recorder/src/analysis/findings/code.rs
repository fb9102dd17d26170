//! The kinds of findings.

use std::fmt;

/// The kind of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Threads wait for each other, in a cycle or a closed set.
    Deadlock,
    /// A receive that can never end: a sender lives that no thread will use.
    ForgottenSender,
    /// A thread panicked.
    Panic,
    /// Messages were sent and never received.
    LostMessages,
    /// Sends to a receiver that is gone.
    DisconnectedSend,
    /// An unbounded queue that only grows.
    GrowingQueue,
    /// Threads that could work in parallel wait for one lock.
    SerialisedWorkers,
    /// A sender makes others wait behind its messages.
    UnfairSenders,
    /// A receive that tries again and again.
    BusyPolling,
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
}

impl Code {
    /// Every code, the worst first.
    pub const ALL: &[Code] = &[
        Code::Deadlock,
        Code::ForgottenSender,
        Code::Panic,
        Code::LostMessages,
        Code::DisconnectedSend,
        Code::GrowingQueue,
        Code::SerialisedWorkers,
        Code::UnfairSenders,
        Code::BusyPolling,
        Code::PingPong,
        Code::Backpressure,
        Code::StarvedReceiver,
        Code::ExpiredTimeouts,
        Code::UnusedEndpoint,
    ];

    /// Its name, as in `--fail-on` and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Code::Deadlock => "deadlock",
            Code::ForgottenSender => "forgotten-sender",
            Code::Panic => "panic",
            Code::LostMessages => "lost-messages",
            Code::DisconnectedSend => "disconnected-send",
            Code::GrowingQueue => "growing-queue",
            Code::SerialisedWorkers => "serialised-workers",
            Code::UnfairSenders => "unfair-senders",
            Code::BusyPolling => "busy-polling",
            Code::PingPong => "ping-pong",
            Code::Backpressure => "backpressure",
            Code::StarvedReceiver => "starved-receiver",
            Code::ExpiredTimeouts => "expired-timeouts",
            Code::UnusedEndpoint => "unused-endpoint",
        }
    }

    /// The code with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Whether it is about waits that can never end.
    pub fn is_hang(self) -> bool {
        matches!(self, Code::Deadlock | Code::ForgottenSender)
    }

    /// How severe it is.
    pub fn severity(self) -> Severity {
        match self {
            Code::Deadlock | Code::ForgottenSender | Code::Panic => Severity::Error,
            Code::LostMessages
            | Code::DisconnectedSend
            | Code::GrowingQueue
            | Code::SerialisedWorkers
            | Code::UnfairSenders
            | Code::BusyPolling => Severity::Warning,
            Code::PingPong
            | Code::Backpressure
            | Code::StarvedReceiver
            | Code::ExpiredTimeouts
            | Code::UnusedEndpoint => Severity::Note,
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

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_names_and_are_ordered_by_severity() {
        for &code in Code::ALL {
            assert_eq!(Code::from_name(code.name()), Some(code));
        }
        assert_eq!(Code::from_name("no-code"), None);
        assert!(Code::ALL.is_sorted());
        assert!(Code::ALL.is_sorted_by_key(|code| code.severity()));
    }
}
