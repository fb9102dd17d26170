//! Faults, losses and delays, judged from an [analysis](crate::analysis).
//!
//! Each kind of finding has a permanent [`Code`], and the files of this folder say when it is
//! reported. `docs/findings.md` describes them all, with the cases that each one misses. A rule's
//! threshold is a ratio or a duration with a reason, and there is a minimum below which nobody would
//! care: a finding about a healthy program is worse than a missing one.

use std::cmp::Reverse;
use std::fmt;

use crate::analysis::Analysis;
use crate::analysis::predictions::Prediction;
use crate::analysis::stats::channels::User;
use crate::reading::Nanos;
use crate::reading::catalog::{
    Catalog, ChannelIndex, PlaceIndex, PrimitiveIndex, ProcessIndex, ThreadIndex,
};

mod code;
mod contention;
mod habits;
mod hangs;
mod losses;
mod pace;
mod panics;
mod predicted;
pub(crate) mod words;

pub use code::{Code, Severity};
pub(crate) use hangs::activity;

/// How certain a finding is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// It follows from the events.
    Certain,
    /// The events suggest it.
    Likely {
        /// The condition under which it is certain: *certain if …*
        certain_if: String,
    },
    /// It did not happen, but could in another order of the same operations.
    Possible,
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Certainty::Certain => f.write_str("certain"),
            Certainty::Likely { certain_if } => write!(f, "likely; certain if {certain_if}"),
            Certainty::Possible => f.write_str("possible"),
        }
    }
}

/// A fault, a loss or a delay.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its kind.
    pub code: Code,
    /// How certain it is.
    pub certainty: Certainty,
    /// The problem, and where it is: a sentence or two.
    pub what: String,
    /// How it came about, where that takes several steps: a wait or an event each, without a full
    /// stop.
    pub chain: Vec<String>,
    /// A change that would help: a sentence.
    pub advice: String,
    /// Why the problem matters: a sentence.
    pub why: String,
    /// The place in the source to look at first, if it is recorded.
    pub place: Option<PlaceIndex>,
    /// The threads that it is about, the most important first.
    pub threads: Vec<ThreadIndex>,
    /// Of a deadlock: which thread waits for which.
    pub waits_for: Vec<WaitsFor>,
    /// The channels that it is about.
    pub channels: Vec<ChannelIndex>,
    /// The locks and other primitives that it is about.
    pub primitives: Vec<PrimitiveIndex>,
    /// Its start and its end.
    pub span: (Nanos, Nanos),
    /// Events that show it. They are in the timeline.
    pub evidence: Vec<Evidence>,
    /// Whether it explains waits that can never end.
    pub is_hang: bool,
    /// Of a possible deadlock: the index of its prediction.
    pub prediction: Option<usize>,
    /// Whether it is about threads that may wait for one which has panicked.
    may_follow_panic: bool,
    /// Orders the findings of one code: nanoseconds or messages.
    weight: u64,
}

/// A thread of a deadlock, and one that could end its wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitsFor {
    /// The thread that waits.
    pub waiting: ThreadIndex,
    /// The thread that could end the wait.
    pub other: ThreadIndex,
    /// Whether that follows from the recording. If not, an endpoint of a channel may be with another
    /// thread, but no thread is as likely to have it.
    pub is_known: bool,
}

/// An event that shows a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// When it happened.
    pub time: Nanos,
    /// Its thread.
    pub thread: ThreadIndex,
    /// What the thread did: `waits in recv on "results"`.
    pub what: String,
    /// Where, if that is recorded.
    pub place: Option<PlaceIndex>,
}

impl Finding {
    fn new(code: Code, span: (Nanos, Nanos), weight: u64) -> Self {
        Finding {
            code,
            certainty: Certainty::Certain,
            what: String::new(),
            chain: Vec::new(),
            advice: String::new(),
            why: String::new(),
            place: None,
            threads: Vec::new(),
            waits_for: Vec::new(),
            channels: Vec::new(),
            primitives: Vec::new(),
            span,
            evidence: Vec::new(),
            is_hang: matches!(code, Code::Deadlock | Code::ForgottenSender),
            prediction: None,
            may_follow_panic: false,
            weight,
        }
    }

    /// Adds a step of its chain, unless there are enough.
    fn add_step(&mut self, step: String) {
        const MAX_STEPS: usize = 8;
        match self.chain.len() {
            0..MAX_STEPS => self.chain.push(step),
            MAX_STEPS => self.chain.push("and others".to_owned()),
            _ => {}
        }
    }

    /// Adds an event that shows it.
    fn show(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        what: impl Into<String>,
        place: Option<PlaceIndex>,
    ) {
        self.evidence.push(Evidence { time, thread, what: what.into(), place });
    }

    /// Adds the last use of a channel or primitive by a thread.
    fn show_last(&mut self, user: &User, what: impl Into<String>) {
        self.show(user.last, user.thread, what, user.place);
    }

    /// The process that it is about.
    pub fn process(&self, catalog: &Catalog) -> ProcessIndex {
        let thread = self.threads.first().map(|&thread| catalog.threads[thread].process);
        let channel = self.channels.first().map(|&channel| catalog.channels[channel].process);
        thread.or(channel).unwrap_or_else(|| ProcessIndex::from(0))
    }

    /// The part of a timeline that shows it: its span and all evidence.
    pub fn extent(&self) -> (Nanos, Nanos) {
        let times = || self.evidence.iter().map(|evidence| evidence.time);
        let (begin, end) = self.span;
        let first = times().min().unwrap_or(begin).min(begin);
        (first, times().max().unwrap_or(end).max(end).after())
    }

    /// All of it in a line: the code, the problem and the advice.
    pub fn headline(&self) -> String {
        format!("{}: {} {}", self.code, self.what, self.advice)
    }
}

/// The findings about a run, the worst first.
pub fn find(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    hangs::find(analysis, &mut findings);
    panics::find(analysis, &mut findings);
    losses::find(analysis, &mut findings);
    contention::find(analysis, &mut findings);
    pace::find(analysis, &mut findings);
    habits::find(analysis, &mut findings);
    name_processes(analysis, &mut findings);
    findings.sort_by_key(|finding| (finding.code, Reverse(finding.weight)));
    findings
}

/// The findings about hangs that [are predicted](crate::analysis::predictions), if the process did not hang
/// already.
pub fn predicted(
    analysis: &Analysis<'_>,
    predictions: &[Prediction],
    certain: &[Finding],
) -> Vec<Finding> {
    let mut findings = predicted::find(analysis, predictions, certain);
    name_processes(analysis, &mut findings);
    findings
}

/// Begins each finding with its process, if there are several.
fn name_processes(analysis: &Analysis<'_>, findings: &mut [Finding]) {
    for finding in findings {
        let process = finding.process(analysis.catalog);
        if let Some(process) = analysis.catalog.process_name(process) {
            finding.what = format!("in {process}, {}", finding.what);
        }
    }
}
