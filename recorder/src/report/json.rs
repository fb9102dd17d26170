//! The report for machines. `docs/report-schema.md` says what each field is.
//!
//! Fields may be added within a version; one that goes, or means something else, makes a new
//! one.

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::{Report, name_of};
use crate::analysis::Pause;
use crate::analysis::critical_path::Part;
use crate::analysis::findings::words::{method, place};
use crate::analysis::findings::{Certainty, Finding};
use crate::analysis::stats::channels::{Channel, Side};
use crate::reading::catalog::Index;

/// The version of the schema.
pub const VERSION: u32 = 1;

/// A report. All times are in nanoseconds; those *at* which something was count from the
/// trace's start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// [`VERSION`].
    pub version: u32,
    /// How long the trace is.
    pub duration_ns: u64,
    /// Whether events are missing.
    pub incomplete: bool,
    /// How many events were not recorded, as far as the threads could count them.
    #[serde(default)]
    pub dropped: u64,
    /// What could not be read, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
    /// Of several recordings: how their clocks were put on one, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alignment: Option<String>,
    /// The worst first.
    pub findings: Vec<FindingRecord>,
    /// In the order of their numbers in the recording.
    #[serde(default)]
    pub processes: Vec<ProcessRecord>,
    /// In the order in which they were made.
    pub channels: Vec<ChannelRecord>,
    /// In the order in which they appeared.
    pub threads: Vec<ThreadRecord>,
    /// What determined the length of the run.
    pub critical_path: PathRecord,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// As in `docs/findings.md`.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// The process that it is in, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// Whether it follows from the events.
    pub certain: bool,
    /// What would make it certain, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certain_if: Option<String>,
    /// What is the matter.
    pub what: String,
    /// What to change.
    pub advice: String,
    /// Why it matters.
    pub why: String,
    /// The place to look at first: `src/main.rs:14`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Names of threads.
    pub threads: Vec<String>,
    /// Names of channels.
    pub channels: Vec<String>,
    /// Names of locks and other primitives.
    pub primitives: Vec<String>,
    /// From when.
    pub from_ns: u64,
    /// To when.
    pub to_ns: u64,
    /// Events that show it.
    pub evidence: Vec<EvidenceRecord>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRecord {
    /// When.
    pub at_ns: u64,
    /// The thread's name.
    pub thread: String,
    /// What happens.
    pub what: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Its name, which others can have, too.
    pub name: String,
    /// The operating system's number for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// When its recording paused.
    pub pauses: Vec<PauseRecord>,
}

/// A time in which nothing was recorded of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseRecord {
    /// Its begin; `null` if that is not recorded.
    pub from_ns: Option<u64>,
    /// Its end; `null` if it never ended.
    pub to_ns: Option<u64>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelRecord {
    /// Unique in its process.
    pub name: String,
    /// The process's name.
    pub process: String,
    /// The message type.
    pub message_type: String,
    /// How many messages it holds; `null` is any number.
    pub bound: Option<u64>,
    /// Where it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Messages sent.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
    /// Messages still queued when the receiver went.
    pub lost: u64,
    /// Messages still queued at the end.
    pub queued: u64,
    /// Messages that came back, as the receiver was gone.
    pub returned: u64,
    /// From a send's begin to its receive's end.
    pub latency: LatencyRecord,
    /// Messages in it.
    pub depth: DepthRecord,
    /// By thread.
    pub senders: Vec<SideRecord>,
    /// By thread.
    pub receivers: Vec<SideRecord>,
    /// When it was made.
    pub made_at_ns: Option<u64>,
    /// When its last sender was dropped.
    pub senders_gone_at_ns: Option<u64>,
    /// When its receiver was dropped.
    pub receiver_gone_at_ns: Option<u64>,
}

/// Latencies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyRecord {
    /// Of how many messages.
    pub count: u64,
    /// The mean.
    pub mean_ns: u64,
    /// Half are at most this.
    pub p50_ns: u64,
    /// Nine of ten.
    pub p90_ns: u64,
    /// 99 of a hundred.
    pub p99_ns: u64,
    /// All.
    pub max_ns: u64,
}

/// Queue depth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepthRecord {
    /// The mean over time.
    pub mean: f64,
    /// The maximum.
    pub max: u64,
    /// When that was first.
    pub max_at_ns: u64,
}

/// What a thread did at one side of a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideRecord {
    /// The thread's name.
    pub thread: String,
    /// Messages sent or received.
    pub messages: u64,
    /// How often it has waited.
    pub waits: u64,
    /// How long in all.
    pub waited_ns: u64,
    /// Its longest wait.
    pub longest_ns: u64,
    /// How often it found no room, or nothing, and did not wait.
    pub refused: u64,
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadRecord {
    /// Its name.
    pub name: String,
    /// The process's name.
    pub process: String,
    /// From when it was first seen to its end.
    pub life_ns: u64,
    /// How long it slept.
    pub slept_ns: u64,
    /// How long it waited.
    pub waited_ns: u64,
    /// Messages sent.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
    /// Whether a panic ended it.
    pub panicked: bool,
    /// How often it has panicked, and somebody has caught that or not.
    #[serde(default)]
    pub panics: u64,
    /// How many of its events were not recorded.
    #[serde(default)]
    pub dropped: u64,
    /// By what it waited in, the longest first.
    pub waits: Vec<WaitRecord>,
    /// What it still waits in at the end, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingRecord>,
}

/// A wait that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingRecord {
    /// The call: `recv`.
    #[serde(rename = "in")]
    pub call: String,
    /// On what: a channel, a lock or a thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Since when.
    pub from_ns: u64,
}

/// Waits of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitRecord {
    /// The call: `recv`.
    #[serde(rename = "in")]
    pub call: String,
    /// On what: a channel, a lock or a thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// How often.
    pub count: u64,
    /// How long in all.
    pub time_ns: u64,
    /// How long at most.
    #[serde(default)]
    pub longest_ns: u64,
}

/// The critical path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathRecord {
    /// How long it is.
    pub length_ns: u64,
    /// Where it went, the longest first.
    pub parts: Vec<PartRecord>,
    /// Stages, made infinitely fast, and by how much the run would be shorter at most.
    pub if_faster: Vec<GainRecord>,
    /// Channels, with room for everything, likewise.
    pub if_larger: Vec<GainRecord>,
}

/// A part of the critical path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartRecord {
    /// `running`, `sleeping`, `waiting` or `hand-over`.
    pub kind: String,
    /// The thread; for a hand-over what it was at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long in all.
    pub time_ns: u64,
    /// In how many stretches.
    pub count: u64,
}

/// How much shorter a run could be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GainRecord {
    /// The thread or channel.
    pub name: String,
    /// By how much at most.
    pub at_most_ns: u64,
}

impl Document {
    /// Reads one that was written as JSON.
    ///
    /// # Errors
    /// It is none, or one of another version.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } =
            serde_json::from_str(text).context("it is no report of `recorder report --json`")?;
        if version != VERSION {
            anyhow::bail!("it is a report of version {version}; this recorder knows {VERSION}");
        }
        Ok(serde_json::from_str(text)?)
    }

    /// Of a report.
    pub fn new(report: &Report<'_>) -> Self {
        let analysis = &report.analysis;
        let path = &analysis.path;
        let gain = |name: &str, time: u64| GainRecord { name: name.to_owned(), at_most_ns: time };
        let threads = &analysis.entities.threads;
        let faster =
            report.stages().into_iter().map(|(thread, time)| gain(&threads[thread].name, time));
        let larger = path
            .full
            .iter()
            .map(|&(channel, time)| gain(&analysis.entities.channels[channel].label, time));
        Document {
            version: VERSION,
            duration_ns: analysis.entities.end,
            incomplete: analysis.incomplete,
            dropped: report.recording.dropped,
            damage: report.recording.damage.iter().map(ToString::to_string).collect(),
            alignment: report.recording.alignment.as_ref().map(ToString::to_string),
            findings: report
                .findings
                .iter()
                .map(|finding| self::finding(report, finding))
                .collect(),
            processes: (0..analysis.processes.len()).map(|index| process(report, index)).collect(),
            channels: (0..analysis.channels.len()).map(|index| channel(report, index)).collect(),
            threads: (0..analysis.threads.len()).map(|index| thread(report, index)).collect(),
            critical_path: PathRecord {
                length_ns: path.length(),
                parts: path
                    .parts
                    .iter()
                    .map(|&(part, time, count)| self::part(report, part, time, count))
                    .collect(),
                if_faster: faster.collect(),
                if_larger: larger.collect(),
            },
        }
    }
}

fn site(report: &Report<'_>, site: Option<Index>) -> Option<String> {
    site.map(|site| place(&report.analysis, site))
}

fn thread_name(report: &Report<'_>, thread: usize) -> String {
    report.analysis.entities.threads[thread].name.clone()
}

fn finding(report: &Report<'_>, finding: &Finding) -> FindingRecord {
    let entities = report.analysis.entities;
    let certain_if = match &finding.certainty {
        Certainty::Certain => None,
        Certainty::Likely { certain_if } => Some(certain_if.clone()),
    };
    let evidence = finding.evidence.iter().map(|evidence| EvidenceRecord {
        at_ns: evidence.time,
        thread: thread_name(report, evidence.thread),
        what: evidence.what.clone(),
        site: site(report, evidence.site),
    });
    FindingRecord {
        code: finding.code.name().to_owned(),
        severity: finding.code.severity().name().to_owned(),
        process: entities.process_name(finding.process(entities)),
        certain: certain_if.is_none(),
        certain_if,
        what: finding.what.clone(),
        advice: finding.advice.clone(),
        why: finding.why.clone(),
        site: site(report, finding.site),
        threads: finding.threads.iter().map(|&thread| thread_name(report, thread)).collect(),
        channels: finding.channels.iter().map(|&at| entities.channels[at].label.clone()).collect(),
        primitives: finding
            .primitives
            .iter()
            .map(|&at| entities.primitives[at].label.clone())
            .collect(),
        from_ns: finding.span.0,
        to_ns: finding.span.1,
        evidence: evidence.collect(),
    }
}

fn process(report: &Report<'_>, index: usize) -> ProcessRecord {
    let entity = &report.analysis.entities.processes[index];
    let pauses = report.analysis.processes[index].pauses.iter();
    ProcessRecord {
        name: entity.name.clone(),
        pid: (entity.pid != 0).then_some(entity.pid),
        pauses: pauses
            .map(|&Pause { from, to }| PauseRecord { from_ns: from, to_ns: to })
            .collect(),
    }
}

fn channel(report: &Report<'_>, index: usize) -> ChannelRecord {
    let entities = report.analysis.entities;
    let entity = &entities.channels[index];
    let state: &Channel = &report.analysis.channels[index];
    let side = |side: &Side| SideRecord {
        thread: thread_name(report, side.thread),
        messages: side.messages,
        waits: side.waits,
        waited_ns: side.waited,
        longest_ns: side.longest,
        refused: side.refused,
    };
    let latency = &state.latency;
    ChannelRecord {
        name: entity.label.clone(),
        process: entities.processes[entity.process].name.clone(),
        message_type: entity.message_type.clone(),
        bound: entity.bound,
        site: site(report, entity.site),
        sent: state.sent,
        received: state.received,
        lost: state.lost,
        queued: state.depth.now,
        returned: state.returned(),
        latency: LatencyRecord {
            count: latency.count(),
            mean_ns: latency.mean(),
            p50_ns: latency.percentile(50.0),
            p90_ns: latency.percentile(90.0),
            p99_ns: latency.percentile(99.0),
            max_ns: latency.max(),
        },
        depth: DepthRecord {
            // Three digits are what it is good for, and are the same on every machine.
            mean: (state.depth.mean() * 1e3).round() / 1e3,
            max: state.depth.max,
            max_at_ns: state.depth.max_at,
        },
        senders: state.senders.iter().map(side).collect(),
        receivers: state.receivers.iter().map(side).collect(),
        made_at_ns: state.made.map(|made| made.0),
        senders_gone_at_ns: state.senders_gone.map(|gone| gone.0),
        receiver_gone_at_ns: state.receiver_gone.map(|gone| gone.0),
    }
}

fn thread(report: &Report<'_>, index: usize) -> ThreadRecord {
    let analysis = &report.analysis;
    let (entity, state) = (&analysis.entities.threads[index], &analysis.threads[index]);
    let on = |on| name_of(analysis, on).map(|name| name.trim_matches('"').to_owned());
    let waits = state.waits.iter().map(|waits| WaitRecord {
        call: method(waits.call).to_owned(),
        on: on(waits.on),
        count: waits.count,
        time_ns: waits.time,
        longest_ns: waits.longest,
    });
    let waiting = analysis.waiting(index).map(|wait| WaitingRecord {
        call: method(wait.call).to_owned(),
        on: on(wait.on),
        site: site(report, wait.site),
        from_ns: wait.begin,
    });
    ThreadRecord {
        name: entity.name.clone(),
        process: analysis.entities.processes[entity.process].name.clone(),
        life_ns: state.life(analysis.end_of(entity.process)),
        slept_ns: state.slept(),
        waited_ns: state.waited(),
        sent: state.sent,
        received: state.received,
        panicked: state.panic.as_ref().is_some_and(|panic| panic.is_uncaught()),
        panics: state.panics,
        dropped: entity.dropped,
        waits: waits.collect(),
        waiting,
    }
}

fn part(report: &Report<'_>, part: Part, time_ns: u64, count: u64) -> PartRecord {
    let (kind, name) = match part {
        Part::Running(thread) => ("running", Some(thread_name(report, thread))),
        Part::Sleeping(thread) => ("sleeping", Some(thread_name(report, thread))),
        Part::Waiting(thread) => ("waiting", Some(thread_name(report, thread))),
        Part::HandOff(on) => ("hand-over", name_of(&report.analysis, on)),
    };
    let name = name.map(|name| name.trim_matches('"').to_owned());
    PartRecord { kind: kind.to_owned(), name, time_ns, count }
}
