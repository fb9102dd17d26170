//! What is wrong, or slow, or lost: judged from what the [`analysis`](crate::analysis) has
//! collected.
//!
//! Each kind of finding has a [`Code`] that stays, and a file of this folder says when it is
//! made. `docs/findings.md` has them all, with what each can miss and when it is silent. Where
//! a rule has a threshold that is a ratio or a duration with a reason, and a least weight below
//! which nobody would care: a finding on a healthy program is worse than one that is missing.

use std::cmp::Reverse;
use std::fmt;

use crate::analysis::Analysis;
use crate::reading::catalog::{Entities, Index};

mod habits;
mod hangs;
mod losses;
mod pace;
mod pools;
pub(crate) mod words;

/// What kind of finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Threads wait for each other, in a circle or a closed set.
    Deadlock,
    /// A receive that can never end, as a sender lives that nobody will use.
    ForgottenSender,
    /// A thread has panicked.
    Panic,
    /// Messages that were sent and that nobody received.
    LostMessages,
    /// Sends to a receiver that is gone.
    DisconnectedSend,
    /// A queue without a bound that only grows.
    GrowingQueue,
    /// Threads that could work side by side wait for one lock.
    SerialisedWorkers,
    /// A sender that has others wait behind its messages.
    UnfairSenders,
    /// A receive that looks again and again.
    BusyPolling,
    /// Two threads that spend their time handing over.
    PingPong,
    /// Senders wait for room most of the time.
    Backpressure,
    /// A receiver that waits for messages nearly all the time.
    StarvedReceiver,
    /// Timeouts that nearly always expire.
    ExpiredTimeouts,
    /// A channel, or one end of it, that nobody used.
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

    /// How bad it is.
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

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The program does not do what it is to do.
    Error,
    /// It loses something, or wastes much of a resource.
    Warning,
    /// It could be faster, or simpler.
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

/// How sure a finding is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// It follows from the events.
    Certain,
    /// The events suggest it.
    Likely {
        /// What would make it certain: *certain if …*
        certain_if: String,
    },
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Certainty::Certain => f.write_str("certain"),
            Certainty::Likely { certain_if } => write!(f, "likely; certain if {certain_if}"),
        }
    }
}

/// Something that is wrong, or slow, or lost.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What kind.
    pub code: Code,
    /// How sure.
    pub certainty: Certainty,
    /// What is the matter and where: sentences.
    pub what: String,
    /// What to change: a sentence.
    pub advice: String,
    /// Why that matters: a sentence.
    pub why: String,
    /// The place in the source to look at first, if the recording tells.
    pub site: Option<Index>,
    /// The threads that are concerned, the most concerned first.
    pub threads: Vec<usize>,
    /// The channels that are concerned.
    pub channels: Vec<usize>,
    /// The locks and other primitives that are concerned.
    pub primitives: Vec<usize>,
    /// From when to when, in nanoseconds since the trace's start.
    pub span: (u64, u64),
    /// Events that show it, as the timeline has them.
    pub evidence: Vec<Evidence>,
    /// How much it weighs, to order findings of one code: nanoseconds or messages.
    weight: u64,
}

/// An event that shows a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// When, in nanoseconds since the trace's start.
    pub time: u64,
    /// The thread whose event it is.
    pub thread: usize,
    /// What it is: `waits in recv on "results"`.
    pub what: String,
    /// Where, if the recording tells.
    pub site: Option<Index>,
}

impl Finding {
    fn new(code: Code) -> Self {
        Finding {
            code,
            certainty: Certainty::Certain,
            what: String::new(),
            advice: String::new(),
            why: String::new(),
            site: None,
            threads: Vec::new(),
            channels: Vec::new(),
            primitives: Vec::new(),
            span: (0, 0),
            evidence: Vec::new(),
            weight: 0,
        }
    }

    /// The process that it is about.
    pub fn process(&self, entities: &Entities) -> usize {
        let thread = self.threads.first().map(|&thread| entities.threads[thread].process);
        let channel = self.channels.first().map(|&channel| entities.channels[channel].process);
        thread.or(channel).unwrap_or(0)
    }

    /// From when to when a timeline has it: its span, and all that shows it.
    pub fn shown(&self) -> (u64, u64) {
        let times = || self.evidence.iter().map(|evidence| evidence.time);
        let (begin, end) = self.span;
        (times().min().unwrap_or(begin).min(begin), times().max().unwrap_or(end).max(end) + 1)
    }

    /// The line that says it all: code, what and where, and what to change.
    pub fn headline(&self) -> String {
        format!("{}: {} {}", self.code, self.what, self.advice)
    }
}

/// The sum of some times: those of a damaged recording can be as large as they like.
fn sum(times: impl Iterator<Item = u64>) -> u64 {
    times.fold(0, u64::saturating_add)
}

/// What there is to say about a run, the worst first.
pub fn find(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    hangs::find(analysis, &mut findings);
    losses::find(analysis, &mut findings);
    pools::find(analysis, &mut findings);
    pace::find(analysis, &mut findings);
    habits::find(analysis, &mut findings);
    for finding in &mut findings {
        if let Some(process) = analysis.entities.process_name(finding.process(analysis.entities)) {
            finding.what = format!("in {process}, {}", finding.what);
        }
    }
    findings.sort_by_key(|finding| (finding.code, Reverse(finding.weight)));
    findings
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
