//! The possible results of a run.

use std::fmt;

use crate::analysis::findings::{Code, Finding};
use crate::capture::controlled::{ControlledRun, End};
use crate::reading::catalog::Catalog;
use crate::report::Report;

use super::order::{Action, Operation, Order, hash_of};

/// The kind of an outcome; the worst come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// No thread could go on.
    Hang,
    /// A thread panicked.
    Panic,
    /// A status that is not 0, or a signal.
    Failure,
    /// It went on until it was ended.
    Endless,
    /// Messages were sent and never received.
    Loss,
    /// None of these.
    Ok,
}

impl Kind {
    /// All kinds, the worst first.
    pub const ALL: [Kind; 6] =
        [Kind::Hang, Kind::Panic, Kind::Failure, Kind::Endless, Kind::Loss, Kind::Ok];

    /// Whether runs with such an outcome are distinguished by their output. That of a run that failed
    /// depends on the moment.
    pub fn distinguishes_outputs(self) -> bool {
        matches!(self, Kind::Loss | Kind::Ok)
    }

    /// Its name, as in `--fail-on`, in JSON and in the names of recordings.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Hang => "hang",
            Kind::Panic => "panic",
            Kind::Failure => "failure",
            Kind::Endless => "endless",
            Kind::Loss => "loss",
            Kind::Ok => "ok",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The result of a run, apart from its output.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its kind.
    pub kind: Kind,
    /// A sentence or two: the problem, and its place.
    pub title: String,
    /// How it came about, where that takes several steps: a wait or an event each.
    pub chain: Vec<String>,
    /// The findings that follow from the order of the threads, the worst first.
    pub findings: Vec<Fact>,
    /// Equal for runs with the same outcome.
    pub identity: u64,
}

/// A finding, without the names of threads, which depend on the order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// Its kind.
    pub code: Code,
    /// The place to look at first.
    pub place: Option<String>,
    /// The places that show it.
    evidence: Vec<String>,
}

/// The findings that an order of the threads causes. The others are about times, and those of a
/// controlled run are not the program's.
const CAUSED_BY_ORDER: &[Code] = &[
    Code::Deadlock,
    Code::ForgottenSender,
    Code::Panic,
    Code::Unfinished,
    Code::LostMessages,
    Code::DisconnectedSend,
];

impl Outcome {
    /// The outcome of a run.
    pub fn new(end: End, order: &Order, report: &Report<'_>) -> Self {
        let findings: Vec<&Finding> =
            report.findings.iter().filter(|it| CAUSED_BY_ORDER.contains(&it.code)).collect();
        let first = |codes: &[Code]| findings.iter().find(|it| codes.contains(&it.code)).copied();
        let (panic, lost) =
            (first(&[Code::Panic]), first(&[Code::LostMessages, Code::DisconnectedSend]));
        let about = |finding: &Finding| (title(finding), finding.chain.clone());
        let plain = |title: String| (title, Vec::new());
        let (kind, (title, chain)) = match end {
            End::Deadlocked => {
                let hang = findings.iter().find(|finding| finding.is_hang).copied();
                let hang = hang.or(panic).or(first(&[Code::Unfinished]));
                (Kind::Hang, hang.map_or_else(|| plain(waits(order)), about))
            }
            End::StepLimit => {
                let title = "still goes on after the maximum number of steps (--max-steps)";
                (Kind::Endless, plain(title.to_owned()))
            }
            End::TimedOut => {
                let unfinished = first(&[Code::Unfinished]).map(|it| format!(": {}", it.what));
                let unfinished = unfinished.unwrap_or_default();
                (Kind::Endless, plain(format!("still goes on after --timeout{unfinished}")))
            }
            End::Exited(_) | End::Signalled(_) if let Some(panic) = panic => {
                (Kind::Panic, about(panic))
            }
            // One that was caught has made it fail, as in a test.
            End::Exited(1..) if let Some(panic) = order.panics.last() => {
                (Kind::Panic, plain(format!("panic: {panic}")))
            }
            End::Exited(0) if let Some(lost) = lost => (Kind::Loss, about(lost)),
            End::Exited(0) => (Kind::Ok, plain("ended with status 0".to_owned())),
            End::Exited(code) => (Kind::Failure, plain(format!("ended with status {code}"))),
            End::Signalled(signal) => (Kind::Failure, plain(format!("ended by signal {signal}"))),
        };
        let is_of_kind = |it: &&&Finding| match kind {
            Kind::Hang => it.is_hang || it.code == Code::Panic,
            Kind::Panic => it.code == Code::Panic,
            Kind::Endless => false,
            _ => true,
        };
        let catalog = &report.recording.catalog;
        let fact = |finding: &&Finding| Fact::new(finding, catalog);
        let mut distinguishing: Vec<_> = findings.iter().filter(is_of_kind).map(fact).collect();
        distinguishing.sort_unstable();
        distinguishing.dedup();
        let end = match kind {
            Kind::Panic => None,
            _ => Some(end),
        };
        let identity = match kind {
            // Nothing is known of the cause but where the threads are.
            Kind::Hang if distinguishing.is_empty() => blocked(order),
            Kind::Panic if distinguishing.is_empty() => panic_places(order),
            _ => hash_of(&(kind, end, &distinguishing)),
        };
        let findings = findings.iter().map(fact).collect();
        Outcome { kind, title, chain, findings, identity }
    }
}

fn title(finding: &Finding) -> String {
    format!("{}: {}", finding.code, finding.what)
}

/// `main waits to join worker at src/main.rs:9, …`
fn waits(order: &Order) -> String {
    let waits = order.waiting().map(|operation| {
        let thread = order.thread_name(operation.thread);
        format!("{thread} {}{}", order.present(operation), order.at(operation))
    });
    let waits: Vec<_> = waits.collect();
    match waits.is_empty() {
        true => "no thread goes on".to_owned(),
        false => waits.join("; "),
    }
}

impl Fact {
    fn new(finding: &Finding, catalog: &Catalog) -> Self {
        let place = |place| {
            let place: &crate::reading::catalog::Place = &catalog.places[place];
            place.file_and_line()
        };
        let evidence = finding.evidence.iter().filter_map(|evidence| evidence.place.map(place));
        let mut evidence: Vec<_> = evidence.collect();
        evidence.sort_unstable();
        evidence.dedup();
        // The places of messages that are lost or not vary with the order: one finding for each.
        if matches!(finding.code, Code::LostMessages | Code::DisconnectedSend) {
            evidence.clear();
        }
        Fact { code: finding.code, place: finding.place.map(place), evidence }
    }
}

/// A hash of where threads panicked.
fn panic_places(order: &Order) -> u64 {
    let is_panic = |operation: &&Operation| matches!(operation.action, Action::Panic { .. });
    let places = order.operations.iter().filter(is_panic).map(|it| order.file_and_line(it));
    let mut places: Vec<_> = places.collect();
    places.sort_unstable();
    places.dedup();
    hash_of(&(Kind::Panic, places))
}

/// A hash of where the threads wait.
fn blocked(order: &Order) -> u64 {
    let waits = order.waiting().map(|it| (it.action, order.file_and_line(it)));
    let mut waits: Vec<_> = waits.map(|wait| hash_of(&wait)).collect();
    waits.sort_unstable();
    hash_of(&waits)
}

/// A hash that determines the outcome of a run, apart from its output, and is cheap to find: runs
/// with the same one need no report of their own.
pub fn fingerprint(run: &ControlledRun, order: &Order) -> u64 {
    let panics = order.operations.iter().filter_map(|operation| match operation.action {
        Action::Panic { message } => Some((message, order.file_and_line(operation))),
        _ => None,
    });
    let mut panics: Vec<_> = panics.map(|panic| hash_of(&panic)).collect();
    panics.sort_unstable();
    let disconnected = order.operations.iter().filter_map(|operation| match operation.action {
        Action::Call(kind)
            if kind.call().is_send() && kind.outcome() == format::Outcome::Disconnected =>
        {
            order.file_and_line(operation)
        }
        _ => None,
    });
    let mut disconnected: Vec<_> = disconnected.collect();
    disconnected.sort_unstable();
    disconnected.dedup();
    let lost = order.channels.values().filter(|channel| channel.sent > channel.received);
    let mut lost: Vec<_> = lost.map(|channel| &channel.label).collect();
    lost.sort_unstable();
    lost.dedup();
    hash_of(&(run.end, panics, disconnected, lost, blocked(order)))
}
