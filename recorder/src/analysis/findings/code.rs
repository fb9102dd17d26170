//! The kinds of findings.

use strum::{Display, IntoStaticStr, VariantArray};

/// The kind of a finding. The worst come first: their order decides the
/// [severity](Code::severity). Only [`Unfinished`](Code::Unfinished) is a note among worse ones,
/// since it says first why a run had to be ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
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
}

impl Code {
    /// Every code, the worst first.
    pub const ALL: &[Code] = Code::VARIANTS;

    /// Its name, as in `--fail-on` and in JSON.
    pub fn name(self) -> &'static str {
        self.into()
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

/// How severe a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display)]
#[strum(serialize_all = "kebab-case")]
pub enum Severity {
    /// The program does not do its work.
    Error,
    /// It loses something, or wastes much of a resource.
    Warning,
    /// It could be faster or simpler.
    Note,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_names_and_are_ordered_by_severity() {
        assert_eq!(Code::LostMessages.name(), "lost-messages");
        for &code in Code::ALL {
            assert_eq!(code.to_string(), code.name());
        }
        assert!(Code::ALL.is_sorted());
        let judged = Code::ALL.iter().filter(|&&code| code != Code::Unfinished);
        assert!(judged.is_sorted_by_key(|code| code.severity()));
    }
}
