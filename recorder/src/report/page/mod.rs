//! The report as the viewer's page reads it (`report.json`): threads, channels, primitives and places
//! are indices into the catalog, and the wait-for graph and the critical path are data.

use serde::Serialize;

use super::Report;
use super::json::Document;
use crate::analysis::findings::{Certainty, Finding};
use crate::analysis::stats::primitives::PrimitiveStats;
use crate::reading::Nanos;
use crate::reading::catalog::Target;

mod graph;
mod path;

pub use graph::{Edge, Graph, Node, State};
pub use path::PathPiece;

/// The report for the page. All times are in nanoseconds; points in time count from the trace's
/// start.
///
/// ```
/// use recorder::reading::Recording;
/// use recorder::report::Report;
/// use recorder::report::page::PageReport;
///
/// let text = "channel-recording version=3\n\
///     block process=0 thread=1 sequence=0 dropped=0\n\
///     10 Send endpoint=1 site=0 detail=1099511627777\n";
/// let recording = Recording::from_bytes(format::text::parse(text).unwrap())?;
/// let page = PageReport::new(&Report::new(&recording)?);
/// assert_eq!(page.graph.nodes.len(), 1);
/// # Ok::<_, recorder::reading::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageReport {
    /// The report for machines.
    pub report: Document,
    /// The findings, the worst first.
    pub findings: Vec<PageFinding>,
    /// Which thread waits for which at the end.
    pub graph: Graph,
    /// The critical path, in the order of time.
    pub path: Vec<PathPiece>,
    /// Locks and other primitives, in the order of the catalog.
    pub primitives: Vec<PagePrimitive>,
}

/// The use of a lock or another primitive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PagePrimitive {
    /// How often it was acquired.
    pub acquired: u64,
    /// How long it was held in all, as far as that is recorded.
    pub held: u64,
    /// How often threads waited for it.
    pub waits: u64,
    /// How long in all.
    pub waited: u64,
    /// Their longest wait.
    pub longest: u64,
    /// The threads that used it.
    pub threads: Vec<usize>,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageFinding {
    /// Its code: see `docs/findings.md`.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// Whether it follows from the events.
    pub certain: bool,
    /// The condition under which it is certain, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certain_if: Option<String>,
    /// All of it in a line.
    pub headline: String,
    /// The problem.
    pub what: String,
    /// How it came about: a wait or an event each.
    pub chain: Vec<String>,
    /// A change that would help.
    pub advice: String,
    /// Why the problem matters.
    pub why: String,
    /// Whether it explains waits that can never end.
    pub hang: bool,
    /// The place to look at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// Its threads, the most important first.
    pub threads: Vec<usize>,
    /// Its channels.
    pub channels: Vec<usize>,
    /// Its locks and other primitives.
    pub primitives: Vec<usize>,
    /// Its start.
    pub from: u64,
    /// Its end.
    pub to: u64,
    /// Events that show it.
    pub evidence: Vec<PageEvidence>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageEvidence {
    /// When.
    pub time: u64,
    /// The thread.
    pub thread: usize,
    /// What the thread did.
    pub what: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
}

/// The target of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PageTarget {
    /// `channel`, `primitive`, `thread` or `callsite`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its index in the catalog.
    pub index: usize,
}

impl PageReport {
    /// The report for the page.
    pub fn new(report: &Report<'_>) -> Self {
        PageReport {
            report: Document::new(report),
            findings: report.findings.iter().map(PageFinding::new).collect(),
            graph: Graph::new(report),
            path: path::pieces(&report.analysis),
            primitives: report.analysis.stats.primitives.iter().map(PagePrimitive::new).collect(),
        }
    }
}

impl PagePrimitive {
    fn new(stats: &PrimitiveStats) -> Self {
        let users = || stats.users.iter();
        PagePrimitive {
            acquired: stats.acquired,
            held: stats.held.get(),
            waits: users().map(|user| user.waits).sum(),
            waited: users().map(|user| user.waited).sum::<Nanos>().get(),
            longest: users().map(|user| user.longest.get()).max().unwrap_or(0),
            threads: users().map(|user| user.thread.into()).collect(),
        }
    }
}

impl PageFinding {
    fn new(finding: &Finding) -> Self {
        let certain_if = match &finding.certainty {
            Certainty::Certain | Certainty::Possible => None,
            Certainty::Likely { certain_if } => Some(certain_if.clone()),
        };
        let evidence = finding.evidence.iter().map(|evidence| PageEvidence {
            time: evidence.time.get(),
            thread: evidence.thread.into(),
            what: evidence.what.clone(),
            place: evidence.place.map(usize::from),
        });
        PageFinding {
            code: finding.code.name().to_owned(),
            severity: finding.code.severity().to_string(),
            certain: finding.certainty == Certainty::Certain,
            certain_if,
            headline: finding.headline(),
            what: finding.what.clone(),
            chain: finding.chain.clone(),
            advice: finding.advice.clone(),
            why: finding.why.clone(),
            hang: finding.is_hang,
            place: finding.place.map(usize::from),
            threads: finding.threads.iter().copied().map(usize::from).collect(),
            channels: finding.channels.iter().copied().map(usize::from).collect(),
            primitives: finding.primitives.iter().copied().map(usize::from).collect(),
            from: finding.span.0.get(),
            to: finding.span.1.get(),
            evidence: evidence.collect(),
        }
    }
}

impl From<Target> for PageTarget {
    fn from(target: Target) -> Self {
        let (kind, index) = match target {
            Target::Channel(channel) => ("channel", channel.into()),
            Target::Primitive(primitive) => ("primitive", primitive.into()),
            Target::Thread(thread) => ("thread", thread.into()),
            Target::Callsite(callsite) => ("callsite", callsite.into()),
        };
        PageTarget { kind, index }
    }
}

#[cfg(test)]
mod tests;
