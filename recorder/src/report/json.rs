//! The report for machines: see `docs/report-schema.md`.
//!
//! A version may gain fields. A field that disappears, or changes its meaning, makes a new version.

use serde::{Deserialize, Serialize};

use super::Report;
use crate::analysis::critical_path::{PathPart, Segment};
use crate::analysis::findings::words::method;
use crate::analysis::findings::{Certainty, Finding};
use crate::analysis::stats::channels::User;
use crate::reading::catalog::{ChannelIndex, Pause, PlaceIndex, ProcessIndex, Target, ThreadIndex};
use crate::reading::{Nanos, Recording};

/// The version of the schema.
pub const VERSION: u32 = 1;

/// A report. All times are in nanoseconds; points in time count from the trace's start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// [`VERSION`].
    pub version: u32,
    /// How long the trace is.
    pub duration_ns: u64,
    /// From when on the recording has all events: a flight recorder discards older ones. What was
    /// before that does not count.
    #[serde(default)]
    pub complete_from_ns: u64,
    /// Whether events are missing.
    pub incomplete: bool,
    /// How many events could not be recorded, as far as the threads could count them.
    #[serde(default)]
    pub dropped: u64,
    /// A description of each part that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
    /// How the clocks of several recordings were aligned, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alignment: Option<String>,
    /// The worst first.
    pub findings: Vec<FindingRecord>,
    /// In the order of their numbers in the recording.
    #[serde(default)]
    pub processes: Vec<ProcessRecord>,
    /// In the order in which they were made.
    pub channels: Vec<ChannelRecord>,
    /// In the order of their first events.
    pub threads: Vec<ThreadRecord>,
    /// The work and waits that determined the length of the run.
    pub critical_path: PathRecord,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// Its code: see `docs/findings.md`.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// Its process, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// Whether it follows from the events.
    pub certain: bool,
    /// The condition under which it is certain, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certain_if: Option<String>,
    /// The problem.
    pub what: String,
    /// How it came about: a wait or an event each.
    #[serde(default)]
    pub chain: Vec<String>,
    /// A change that would help.
    pub advice: String,
    /// Why the problem matters.
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
    /// Its start.
    pub from_ns: u64,
    /// Its end.
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
    /// What the thread did.
    pub what: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Its name; others can have the same.
    pub name: String,
    /// The operating system's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// When its recording paused.
    pub pauses: Vec<PauseRecord>,
}

/// A time in which the recording of a process paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseRecord {
    /// Its start; `null` if that is not recorded.
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
    /// How many of those were sent before the recording is complete.
    #[serde(default)]
    pub sent_before: u64,
    /// Messages still queued when the receiver went.
    pub lost: u64,
    /// Messages still queued at the end.
    pub queued: u64,
    /// Messages that were returned because the receiver was gone.
    pub returned: u64,
    /// From the start of each send to the end of its receive.
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
    /// The number of messages.
    pub count: u64,
    /// The mean.
    pub mean_ns: u64,
    /// 50% are at most this.
    pub p50_ns: u64,
    /// 90% are at most this.
    pub p90_ns: u64,
    /// 99% are at most this.
    pub p99_ns: u64,
    /// The longest.
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

/// The use of one side of a channel by a thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideRecord {
    /// The thread's name.
    pub thread: String,
    /// Messages sent or received.
    pub messages: u64,
    /// How often it waited.
    pub waits: u64,
    /// How long in all.
    pub waited_ns: u64,
    /// Its longest wait.
    pub longest_ns: u64,
    /// How often it found no room or no message, and did not wait.
    pub refused: u64,
}

/// The processor time of a thread between two instants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessorRecord {
    /// The first instant.
    pub from_ns: u64,
    /// The last instant.
    pub to_ns: u64,
    /// How long it ran on a processor between them.
    pub on_cpu_ns: u64,
    /// How long it was ready to run and waited for a processor.
    pub ready_ns: u64,
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadRecord {
    /// Its name.
    pub name: String,
    /// The process's name.
    pub process: String,
    /// From its first event to its end.
    pub life_ns: u64,
    /// How long it ran. If it was not observed for half of its life or more, all of its life that is
    /// not in the fields below.
    #[serde(default)]
    pub runs_ns: u64,
    /// How long it was ready to run and others had the processors.
    #[serde(default)]
    pub ready_ns: u64,
    /// How long it was blocked in something that is not recorded.
    #[serde(default)]
    pub blocked_ns: u64,
    /// How long it slept while it was recorded.
    pub slept_ns: u64,
    /// How long it waited while it was recorded.
    pub waited_ns: u64,
    /// How long it was not recorded, because the recording of its process paused.
    #[serde(default)]
    pub paused_ns: u64,
    /// Its processor time, if it was observed at two instants or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<ProcessorRecord>,
    /// Messages sent.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
    /// Whether a panic ended it.
    pub panicked: bool,
    /// How often it panicked, whether or not the panic was caught.
    #[serde(default)]
    pub panics: u64,
    /// How many of its events could not be recorded.
    #[serde(default)]
    pub dropped: u64,
    /// By call and target, the longest first.
    pub waits: Vec<WaitRecord>,
    /// The wait that it is still in at the end, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingRecord>,
}

/// A wait that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingRecord {
    /// The call: `recv`.
    #[serde(rename = "in")]
    pub call: String,
    /// Its target: a channel, a lock or a thread.
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
    /// Its target: a channel, a lock or a thread.
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
    /// Its parts, the longest first.
    pub parts: Vec<PartRecord>,
    /// By how much the run would be shorter at most if a thread took no time.
    pub if_faster: Vec<GainRecord>,
    /// By how much it would be shorter at most if a channel had room for all messages.
    pub if_larger: Vec<GainRecord>,
}

/// A part of the critical path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartRecord {
    /// `running`, `blocked`, `sleeping`, `waiting`, `paused` or `hand-over`.
    pub kind: String,
    /// The thread; for a hand-over its target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long in all.
    pub time_ns: u64,
    /// In how many pieces.
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

/// Why a text is not a report that this version can read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// It is not JSON, or not a report.
    #[error("not a report of `recorder report --json`")]
    Json(#[from] serde_json::Error),
    /// It is of another version.
    #[error("a report of version {0}; this recorder reads version {VERSION}")]
    Version(u32),
}

impl Document {
    /// Parses the JSON of a report.
    ///
    /// # Errors
    /// It is not a report, or one of another version.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(text)?;
        if version != VERSION {
            return Err(ParseError::Version(version));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The document of a report.
    pub fn new(report: &Report<'_>) -> Self {
        let analysis = &report.analysis;
        let catalog = analysis.catalog;
        let Recording { dropped, damage, alignment, .. } = report.recording;
        Document {
            version: VERSION,
            duration_ns: catalog.end.get(),
            complete_from_ns: catalog.complete_from.get(),
            incomplete: analysis.is_incomplete,
            dropped: *dropped,
            damage: damage.iter().map(ToString::to_string).collect(),
            alignment: alignment.as_ref().map(ToString::to_string),
            findings: report.findings.iter().map(|it| report.finding_record(it)).collect(),
            processes: catalog.processes.keys().map(|it| report.process_record(it)).collect(),
            channels: catalog.channels.keys().map(|it| report.channel_record(it)).collect(),
            threads: catalog.threads.keys().map(|it| report.thread_record(it)).collect(),
            critical_path: report.path_record(),
        }
    }
}

/// The records of a report.
impl Report<'_> {
    fn place(&self, place: Option<PlaceIndex>) -> Option<String> {
        place.map(|place| self.analysis.catalog.places[place].file_and_line())
    }

    fn thread_name(&self, thread: ThreadIndex) -> String {
        self.label(Target::Thread(thread))
    }

    fn label(&self, target: Target) -> String {
        self.analysis.catalog.label(target).to_owned()
    }

    fn finding_record(&self, finding: &Finding) -> FindingRecord {
        let catalog = self.analysis.catalog;
        let certain_if = match &finding.certainty {
            Certainty::Certain | Certainty::Possible => None,
            Certainty::Likely { certain_if } => Some(certain_if.clone()),
        };
        let evidence = finding.evidence.iter().map(|evidence| EvidenceRecord {
            at_ns: evidence.time.get(),
            thread: self.thread_name(evidence.thread),
            what: evidence.what.clone(),
            site: self.place(evidence.place),
        });
        let channels = finding.channels.iter().map(|&it| self.label(Target::Channel(it)));
        let primitives = finding.primitives.iter().map(|&it| self.label(Target::Primitive(it)));
        FindingRecord {
            code: finding.code.name().to_owned(),
            severity: finding.code.severity().to_string(),
            process: catalog.process_name(finding.process(catalog)),
            certain: finding.certainty == Certainty::Certain,
            certain_if,
            what: finding.what.clone(),
            chain: finding.chain.clone(),
            advice: finding.advice.clone(),
            why: finding.why.clone(),
            site: self.place(finding.place),
            threads: finding.threads.iter().map(|&thread| self.thread_name(thread)).collect(),
            channels: channels.collect(),
            primitives: primitives.collect(),
            from_ns: finding.span.0.get(),
            to_ns: finding.span.1.get(),
            evidence: evidence.collect(),
        }
    }

    fn process_record(&self, process: ProcessIndex) -> ProcessRecord {
        let facts = &self.analysis.catalog.processes[process];
        let pauses = facts.pauses.list().iter();
        let pause = |&Pause { from, to }: &Pause| PauseRecord {
            from_ns: from.map(Nanos::get),
            to_ns: to.map(Nanos::get),
        };
        ProcessRecord {
            name: facts.name.clone(),
            pid: (facts.pid != 0).then_some(facts.pid),
            pauses: pauses.map(pause).collect(),
        }
    }

    fn channel_record(&self, channel: ChannelIndex) -> ChannelRecord {
        let catalog = self.analysis.catalog;
        let facts = &catalog.channels[channel];
        let state = &self.analysis.state.channels[channel];
        let stats = &self.analysis.stats.channels[channel];
        let (latency, depth) = (&stats.latency, &stats.depth);
        let side = |user: &User| SideRecord {
            thread: self.thread_name(user.thread),
            messages: user.messages,
            waits: user.waits,
            waited_ns: user.waited.get(),
            longest_ns: user.longest.get(),
            refused: user.refused,
        };
        let when = |event: Option<(Nanos, ThreadIndex)>| event.map(|(time, _)| time.get());
        ChannelRecord {
            name: facts.label.clone(),
            process: catalog.processes[facts.process].name.clone(),
            message_type: facts.message_type.clone(),
            bound: facts.bound,
            site: self.place(facts.place),
            sent: state.all_sent(),
            received: state.received,
            sent_before: state.sent_before,
            lost: state.lost,
            queued: state.queued(),
            returned: stats.returned(),
            latency: LatencyRecord {
                count: latency.count,
                mean_ns: latency.mean().get(),
                p50_ns: latency.percentile(50.0).get(),
                p90_ns: latency.percentile(90.0).get(),
                p99_ns: latency.percentile(99.0).get(),
                max_ns: latency.max.get(),
            },
            depth: DepthRecord {
                // More than three digits mean nothing, and differ between machines.
                mean: (depth.mean() * 1e3).round() / 1e3,
                max: depth.max,
                max_at_ns: depth.max_at.get(),
            },
            senders: stats.senders.iter().map(side).collect(),
            receivers: stats.receivers.iter().map(side).collect(),
            made_at_ns: when(state.made),
            senders_gone_at_ns: when(state.senders_gone),
            receiver_gone_at_ns: when(state.receiver_gone),
        }
    }

    fn thread_record(&self, thread: ThreadIndex) -> ThreadRecord {
        let facts = &self.analysis.catalog.threads[thread];

        let stats = &self.analysis.stats.threads[thread];
        let on = |target: Option<Target>| target.map(|target| self.label(target));
        let waits = stats.waits.iter().map(|waits| WaitRecord {
            call: method(waits.call).to_owned(),
            on: on(waits.target),
            count: waits.count,
            time_ns: waits.time.get(),
            longest_ns: waits.longest.get(),
        });
        let waiting = self.analysis.open_wait(thread).map(|wait| WaitingRecord {
            call: method(wait.call()).to_owned(),
            on: on(wait.target()),
            site: self.place(wait.operation.place),
            from_ns: wait.begin.get(),
        });
        let times = self.analysis.times(thread);
        ThreadRecord {
            name: facts.name.clone(),
            process: self.analysis.catalog.processes[facts.process].name.clone(),
            life_ns: self.analysis.life(thread).get(),
            runs_ns: times.runs.get(),
            ready_ns: times.ready.get(),
            blocked_ns: times.blocked.get(),
            slept_ns: stats.slept.get(),
            waited_ns: stats.waited.get(),
            paused_ns: self.analysis.paused(thread).get(),
            processor: self.analysis.processor_time(thread).map(|share| ProcessorRecord {
                from_ns: share.from.get(),
                to_ns: share.to.get(),
                on_cpu_ns: share.on_cpu.get(),
                ready_ns: share.ready.get(),
            }),
            sent: stats.sent,
            received: stats.received,
            panicked: self.analysis.has_panicked(thread),
            panics: stats.panics,
            dropped: facts.dropped,
            waits: waits.collect(),
            waiting,
        }
    }

    fn path_record(&self) -> PathRecord {
        let path = &self.analysis.critical_path;
        let gain = |target: Target, time: Nanos| GainRecord {
            name: self.label(target),
            at_most_ns: time.get(),
        };
        let threads = path.by_thread().into_iter();
        let faster = threads.map(|(thread, time)| gain(Target::Thread(thread), time));
        let larger = path.full.iter().map(|&(channel, time)| gain(Target::Channel(channel), time));
        PathRecord {
            length_ns: path.length().get(),
            parts: path.parts.iter().map(|part| self.part_record(part)).collect(),
            if_faster: faster.collect(),
            if_larger: larger.collect(),
        }
    }

    fn part_record(&self, part: &PathPart) -> PartRecord {
        let (kind, target) = match part.segment {
            Segment::Running(thread) => ("running", Some(Target::Thread(thread))),
            Segment::Blocked(thread) => ("blocked", Some(Target::Thread(thread))),
            Segment::Sleeping(thread) => ("sleeping", Some(Target::Thread(thread))),
            Segment::Waiting(thread) => ("waiting", Some(Target::Thread(thread))),
            Segment::Paused => ("paused", None),
            Segment::HandOff(target) => ("hand-over", target),
        };
        PartRecord {
            kind: kind.to_owned(),
            name: target.map(|target| self.label(target)),
            time_ns: part.time.get(),
            count: part.count,
        }
    }
}
