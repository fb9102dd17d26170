//! Judges a run by the facts of an exercise. All of them follow from the [report](Report) on its
//! recording, except how the program ended and what it printed.

use std::time::Duration;

use super::facts::{Fact, Facts, RunFacts};
use super::values;
use crate::analysis::findings::Code;
use crate::analysis::findings::words::list;
use crate::reading::catalog::Target;
use crate::reading::{self, Nanos};
use crate::report::Report;

mod messages;
mod words;

use messages::Messages;
use words::{findings, printed, were};

/// A run of an exercise.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The report on its recording; `None` if the program used nothing that is recorded.
    pub report: Option<&'a Report<'a>>,
    /// How the program ended.
    pub end: End,
    /// Its output.
    pub output: &'a str,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this status.
    Exited(u32),
    /// A signal ended it.
    Signalled(u32),
    /// It hung, and was ended.
    Hung,
    /// It was ended after this time.
    TimedOut(Duration),
}

/// Whether a fact is met.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The kind of the fact.
    pub fact: Fact,
    /// The fact, in words.
    pub text: String,
    /// If it is not met: what happened instead, a sentence each.
    pub unmet: Option<Vec<String>>,
}

impl Verdict {
    /// A fact that is met if `is_met`; `instead` describes what happened otherwise.
    fn new(fact: Fact, text: String, is_met: bool, instead: impl FnOnce() -> Vec<String>) -> Self {
        Verdict { fact, text, unmet: (!is_met).then(instead) }
    }

    /// Whether the fact is met.
    pub fn is_met(&self) -> bool {
        self.unmet.is_none()
    }
}

/// Judges a run: a verdict for each fact.
///
/// # Errors
/// The recording cannot be read.
pub fn judge(facts: &Facts, run: &Run<'_>) -> reading::Result<Vec<Verdict>> {
    let needs_values = facts.messages.iter().any(|messages| messages.values.is_some());
    let values = match run.report {
        Some(report) if needs_values => values::received(report.recording)?,
        _ => Vec::new(),
    };
    let mut verdicts = Vec::new();
    for messages in &facts.messages {
        Messages::new(messages, run).judge(&values, &mut verdicts);
    }
    judge_end(&facts.run, run, &mut verdicts);
    judge_run(&facts.run, run, &mut verdicts);
    Ok(verdicts)
}

/// Facts about a run as a whole, except how it ended.
fn judge_run(facts: &RunFacts, run: &Run<'_>, verdicts: &mut Vec<Verdict>) {
    let analysis = run.report.map(|report| &report.analysis);
    if let Some(count) = facts.channels {
        let found = analysis.map_or(0, |analysis| analysis.catalog.channels.len());
        let text = format!("{} made", were(count, "channel"));
        verdicts.push(Verdict::new(Fact::Channels, text, count.allows(found as u64), || {
            let channels = analysis.iter().flat_map(|it| it.catalog.channels.keys());
            let names = channels.zip(analysis.iter().cycle());
            let names = names.map(|(channel, analysis)| analysis.name_of(Target::Channel(channel)));
            match found {
                0 => vec!["none was".to_owned()],
                _ => vec![format!("{found} were: {}", list(&names.collect::<Vec<_>>()))],
            }
        }));
    }
    if !facts.prints.is_empty() {
        let quoted = |line: &String| format!("`{line}`");
        let is_printed = |line: &str| run.output.lines().any(|it| it.trim_end() == line);
        let missing = facts.prints.iter().filter(|line| !is_printed(line));
        let missing: Vec<_> = missing.map(quoted).collect();
        let lines: Vec<_> = facts.prints.iter().map(quoted).collect();
        let text = format!("it prints {}", list(&lines));
        verdicts.push(Verdict::new(Fact::Prints, text, missing.is_empty(), || {
            let printed = printed(run.output);
            vec![match lines.len() == missing.len() {
                true => printed,
                false => format!("without {}: {printed}", list(&missing)),
            }]
        }));
    }
    for &code in &facts.no_findings {
        let found = findings(run.report, code);
        let text = format!("the report has no finding {code}");
        verdicts.push(Verdict::new(Fact::NoFindings, text, found.is_empty(), || found));
    }
    let (work, time) = run.report.map(work_and_time).unwrap_or_default();
    if let Some(least) = facts.work {
        let least = Nanos::from(least);
        let text = format!("the threads worked for at least {least} in all");
        verdicts.push(Verdict::new(Fact::Work, text, work >= least, || {
            vec![format!("they worked for {work}")]
        }));
    }
    if let Some(percent) = facts.max_time_percent {
        let found = 100 * time.get() / work.get().max(1);
        let text = format!("the run took at most {percent}% of the time that its threads worked");
        verdicts.push(Verdict::new(Fact::MaxTimePercent, text, found <= percent, || {
            let mut details =
                vec![format!("it took {time}, and they worked for {work} in all: {found}%")];
            for code in [Code::SerialisedWorkers, Code::JoinedInTurn] {
                details.extend(findings(run.report, code));
            }
            details
        }));
    }
}

/// How the run ended.
fn judge_end(facts: &RunFacts, run: &Run<'_>, verdicts: &mut Vec<Verdict>) {
    let has_ended = matches!(run.end, End::Exited(_) | End::Signalled(_));
    let text = "the program ends by itself".to_owned();
    verdicts.push(Verdict::new(Fact::Ends, text, has_ended, || {
        let reasons = run.report.into_iter().flat_map(|report| &report.findings);
        let reasons = reasons.filter(|it| it.is_hang || it.code == Code::Unfinished);
        let mut details = Vec::new();
        for reason in reasons.take(1) {
            details.push(words::sentence(reason));
            details.extend(reason.chain.iter().cloned());
        }
        if let End::TimedOut(timeout) = run.end {
            details.push(format!("it was ended after {}", humantime::format_duration(timeout)));
        }
        details
    }));
    if !has_ended {
        return;
    }
    let text = match facts.status {
        0 => "it ends without an error".to_owned(),
        status => format!("it ends with status {status}"),
    };
    let is_met = run.end == End::Exited(facts.status.into());
    verdicts.push(Verdict::new(Fact::Status, text, is_met, || {
        let mut details = findings(run.report, Code::Panic);
        match run.end {
            End::Signalled(signal) => details.push(format!("signal {signal} ended it")),
            End::Exited(status) if details.is_empty() => {
                details.push(format!("it ended with status {status}"));
            }
            _ => {}
        }
        details
    }));
}

/// How long the threads worked or slept in all, and how long the run took.
fn work_and_time(report: &Report<'_>) -> (Nanos, Nanos) {
    let analysis = &report.analysis;
    let threads = || analysis.catalog.threads.keys();
    let work = threads().map(|thread| {
        let times = analysis.times(thread);
        analysis.life(thread).since(times.waits).since(times.paused)
    });
    let time = threads().map(|thread| analysis.life(thread)).max();
    (work.sum(), time.unwrap_or_default())
}
