//! Judges a run by the facts of an exercise. All of them follow from the [report](Report) on its
//! recording, except how the program ended and what it printed.

use std::time::Duration;

use super::facts::{Count, Fact, Facts, MessageFacts, RunFacts};
use super::values::{self, Value};
use crate::analysis::findings::words::{at, counted, list, thread};
use crate::analysis::findings::{Code, Finding};
use crate::analysis::stats::channels::{ChannelStats, User};
use crate::reading::catalog::{ChannelIndex, Target};
use crate::reading::{self, Nanos};
use crate::report::Report;

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

/// The messages that a group of facts is about.
struct Messages<'a> {
    facts: &'a MessageFacts,
    report: Option<&'a Report<'a>>,
    channels: Vec<ChannelIndex>,
    noun: &'a str,
}

impl<'a> Messages<'a> {
    fn new(facts: &'a MessageFacts, run: &Run<'a>) -> Self {
        let all = run.report.map(|report| &report.analysis.catalog.channels);
        let all = all.into_iter().flat_map(|channels| channels.iter_enumerated());
        let carries = |message_type: &str| match &facts.carries {
            Some(carried) => message_type == carried,
            None => true,
        };
        let channels = all.filter(|(_, channel)| carries(&channel.message_type));
        Messages {
            facts,
            report: run.report,
            channels: channels.map(|(channel, _)| channel).collect(),
            noun: facts.called.as_deref().unwrap_or("message"),
        }
    }

    fn stats(&self) -> impl Iterator<Item = (ChannelIndex, &'a ChannelStats)> {
        let report = self.report;
        self.channels
            .iter()
            .filter_map(move |&channel| Some((channel, &report?.analysis.stats.channels[channel])))
    }

    fn senders(&self) -> impl Iterator<Item = &'a User> {
        self.stats().flat_map(|(_, stats)| &stats.senders).filter(|user| user.messages > 0)
    }

    fn receivers(&self) -> impl Iterator<Item = &'a User> {
        self.stats().flat_map(|(_, stats)| &stats.receivers).filter(|user| user.messages > 0)
    }

    fn judge(&self, values: &[Value], verdicts: &mut Vec<Verdict>) {
        let facts = self.facts;
        let users = |users: &mut dyn Iterator<Item = &'a User>| users.collect::<Vec<_>>();
        let (senders, receivers) = (users(&mut self.senders()), users(&mut self.receivers()));
        verdicts.extend(facts.sent.map(|count| self.amount(Fact::Sent, count, "sent", &senders)));
        verdicts.extend(
            facts.received.map(|count| self.amount(Fact::Received, count, "received", &receivers)),
        );
        verdicts.extend(facts.values.iter().map(|expected| self.values(expected, values)));
        for name in &facts.sent_by {
            verdicts.push(self.used_by(Fact::SentBy, name, "sent", &senders));
        }
        for name in &facts.received_by {
            verdicts.push(self.used_by(Fact::ReceivedBy, name, "received", &receivers));
        }
        verdicts.extend(
            facts.senders.map(|count| self.threads(Fact::Senders, count, "sent", &senders)),
        );
        verdicts.extend(
            facts
                .receivers
                .map(|count| self.threads(Fact::Receivers, count, "received", &receivers)),
        );
        verdicts.extend(facts.max_depth.map(|limit| self.depth(limit)));
        verdicts.extend(facts.polls.map(|count| self.polls(count)));
        verdicts.extend(facts.timeouts.map(|count| self.timeouts(count)));
    }

    /// `3 results were received`
    fn amount(&self, fact: Fact, count: Count, done: &str, users: &[&User]) -> Verdict {
        let found: u64 = users.iter().map(|user| user.messages).sum();
        let text = format!("{} {done}", were(count, self.noun));
        Verdict::new(fact, text, count.allows(found), || {
            let by = users.iter().map(|user| self.user(user, &format!("{done} {}", user.messages)));
            let by = list(&by.collect::<Vec<_>>());
            let mut details = vec![match users {
                [] => format!("none was {done}"),
                [_] => by,
                _ => format!("{found} were: {by}"),
            }];
            details.extend(findings(self.report, Code::LostMessages));
            details
        })
    }

    /// `Anna sent 3 (src/main.rs:14)`
    fn user(&self, user: &User, did: &str) -> String {
        let Some(report) = self.report else { return String::new() };
        let name = thread(&report.analysis, user.thread);
        format!("{name} {did}{}", at(&report.analysis, user.place))
    }

    /// `the results 1, 2 and 3 were received, in this order`
    fn values(&self, expected: &[String], values: &[Value]) -> Verdict {
        let values = values.iter().filter(|(channel, _)| self.channels.contains(channel));
        let found: Vec<_> =
            values.map(|(_, value)| value.as_deref().unwrap_or("?").to_owned()).collect();
        let text = match expected {
            [value] => format!("the {} {value} was received", self.noun),
            values => format!("the {}s {} were received, in this order", self.noun, list(values)),
        };
        Verdict::new(Fact::Values, text, found == expected, || {
            match found.iter().zip(expected).position(|(found, expected)| found != expected) {
                Some(at) => {
                    let (number, found) = (at + 1, &found[at]);
                    vec![format!("{} {number} was {found}, and not {}", self.noun, expected[at])]
                }
                None if found.is_empty() => vec!["none was received".to_owned()],
                None => vec![format!("{} were: {}", found.len(), list(&found))],
            }
        })
    }

    /// `Anna sent a result`
    fn used_by(&self, fact: Fact, name: &str, done: &str, users: &[&User]) -> Verdict {
        let article = if self.noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        let text = format!("{name} {done} {article} {}", self.noun);
        let names: Vec<_> = self.names(users);
        Verdict::new(fact, text, names.iter().any(|it| it == name), || {
            let threads = self.report.map(|report| &report.analysis.catalog.threads);
            match threads.is_some_and(|all| all.iter().any(|it| it.name == name)) {
                false => vec![format!("there was no thread {name}")],
                true if names.is_empty() => vec![format!("no thread {done} one")],
                true => vec![format!("only {} {done} any", list(&names))],
            }
        })
    }

    /// `2 threads sent results`
    fn threads(&self, fact: Fact, count: Count, done: &str, users: &[&User]) -> Verdict {
        let names = self.names(users);
        let text = format!("{} {done} {}s", plural(count, "thread"), self.noun);
        Verdict::new(fact, text, count.allows(names.len() as u64), || {
            vec![format!("{} did", list(&names))]
        })
    }

    /// The names of threads, each once.
    fn names(&self, users: &[&User]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for user in users {
            let name = self.report.map(|report| thread(&report.analysis, user.thread));
            names.extend(name.filter(|name| !names.iter().any(|it| it == name)).map(str::to_owned));
        }
        names
    }

    fn depth(&self, limit: u64) -> Verdict {
        let text = format!("no channel held more than {}", counted(limit, self.noun));
        let deepest = self.stats().max_by_key(|(_, stats)| stats.depth.max);
        let deepest = deepest.filter(|(_, stats)| stats.depth.max > limit);
        Verdict::new(Fact::MaxDepth, text, deepest.is_none(), || {
            let Some(((channel, stats), report)) = deepest.zip(self.report) else {
                return Vec::new();
            };
            let name = report.analysis.name_of(Target::Channel(channel));
            vec![format!("{name} held {}", counted(stats.depth.max, self.noun))]
        })
    }

    fn polls(&self, count: Count) -> Verdict {
        let receivers = self.stats().flat_map(|(_, stats)| &stats.receivers);
        let in_vain: Vec<_> = receivers.filter(|user| user.refused > 0).collect();
        let found: u64 = in_vain.iter().map(|user| user.refused).sum();
        let text = happened("try_recv", "found a channel empty", count);
        Verdict::new(Fact::Polls, text, count.allows(found), || {
            let times = |user: &&User| format!("did {}", counted(user.refused, "time"));
            let by: Vec<_> = in_vain.iter().map(|user| self.user(user, &times(user))).collect();
            match by.is_empty() {
                true => vec!["it never did".to_owned()],
                false => vec![list(&by)],
            }
        })
    }

    fn timeouts(&self, count: Count) -> Verdict {
        let expired = self.stats().map(|(_, stats)| stats.timeouts);
        let expired: Vec<_> = expired.filter(|timeouts| timeouts.expired > 0).collect();
        let found: u64 = expired.iter().map(|timeouts| timeouts.expired).sum();
        let text = happened("recv_timeout", "gave up", count);
        Verdict::new(Fact::Timeouts, text, count.allows(found), || {
            let last = expired.iter().filter_map(|timeouts| timeouts.last.zip(self.report));
            let by: Vec<_> = last
                .map(|(by, report)| {
                    let name = thread(&report.analysis, by.thread);
                    format!("{name}{}", at(&report.analysis, by.place))
                })
                .collect();
            match by.is_empty() {
                true => vec!["it never did".to_owned()],
                false => vec![format!("it did {}: {}", counted(found, "time"), list(&by))],
            }
        })
    }
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
    for line in &facts.prints {
        let is_met = run.output.lines().any(|printed| printed.trim_end() == line);
        let text = format!("it prints `{line}`");
        verdicts.push(Verdict::new(Fact::Prints, text, is_met, || vec![printed(run.output)]));
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
        let mut details: Vec<_> = reasons.take(1).map(sentence).collect();
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

/// The findings of a kind, a sentence or two each.
fn findings(report: Option<&Report<'_>>, code: Code) -> Vec<String> {
    let findings = report.into_iter().flat_map(|report| &report.findings);
    findings.filter(|finding| finding.code == code).map(sentence).collect()
}

/// The problem, without the advice: that is for hints.
fn sentence(finding: &Finding) -> String {
    finding.what.clone()
}

/// The first lines of the output, in a sentence.
fn printed(output: &str) -> String {
    const MAX_LINES: usize = 4;
    let lines: Vec<_> = output.lines().map(|line| format!("`{line}`")).collect();
    match lines.len() {
        0 => "it printed nothing".to_owned(),
        1..=MAX_LINES => format!("it printed {}", list(&lines)),
        more => format!(
            "it printed {} and {} more lines",
            lines[..MAX_LINES].join(", "),
            more - MAX_LINES
        ),
    }
}

/// `3 results`, `1 result`, `no results`
fn plural(count: Count, noun: &str) -> String {
    let is_one = count == Count { min: 1, max: 1 };
    format!("{count} {noun}{}", if is_one { "" } else { "s" })
}

/// `3 results were`, `1 result was`
fn were(count: Count, noun: &str) -> String {
    let is_one = count == Count { min: 1, max: 1 };
    format!("{} {}", plural(count, noun), if is_one { "was" } else { "were" })
}

/// `try_recv never found …`, `recv_timeout gave up 3 times`
fn happened(call: &str, verb: &str, count: Count) -> String {
    match count {
        Count { max: 0, .. } => format!("{call} never {verb}"),
        Count { min: 1, max: 1 } => format!("{call} {verb} once"),
        count => format!("{call} {verb} {count} times"),
    }
}
