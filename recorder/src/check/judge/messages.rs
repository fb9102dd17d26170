//! Judges facts about messages.

use super::words::{findings, happened, plural, were};
use super::{Run, Verdict};
use crate::analysis::findings::Code;
use crate::analysis::findings::words::{at, counted, list, thread};
use crate::analysis::stats::channels::{ChannelStats, User};
use crate::check::facts::{Count, Fact, MessageFacts};
use crate::check::values::Value;
use crate::reading::catalog::{ChannelIndex, Target};
use crate::report::Report;

/// The messages that a group of facts is about.
pub(super) struct Messages<'a> {
    facts: &'a MessageFacts,
    report: Option<&'a Report<'a>>,
    channels: Vec<ChannelIndex>,
    noun: &'a str,
}

impl<'a> Messages<'a> {
    pub(super) fn new(facts: &'a MessageFacts, run: &Run<'a>) -> Self {
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

    /// Adds a verdict for each fact.
    pub(super) fn judge(&self, values: &[Value], verdicts: &mut Vec<Verdict>) {
        let facts = self.facts;
        let users = |users: &mut dyn Iterator<Item = &'a User>| users.collect::<Vec<_>>();
        let (senders, receivers) = (users(&mut self.senders()), users(&mut self.receivers()));
        verdicts.extend(facts.sent.map(|count| self.amount(Fact::Sent, count, "sent", &senders)));
        verdicts.extend(
            facts.received.map(|count| self.amount(Fact::Received, count, "received", &receivers)),
        );
        verdicts.extend(facts.values.iter().map(|expected| self.values(expected, values)));
        if !facts.sent_by.is_empty() {
            verdicts.push(self.used_by(Fact::SentBy, &facts.sent_by, "sent", &senders));
        }
        if !facts.received_by.is_empty() {
            let names = &facts.received_by;
            verdicts.push(self.used_by(Fact::ReceivedBy, names, "received", &receivers));
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
                None => vec![format!("received: {}", list(&found))],
            }
        })
    }

    /// `Anna and Ben each sent a result`
    fn used_by(&self, fact: Fact, wanted: &[String], done: &str, users: &[&User]) -> Verdict {
        let each = if wanted.len() > 1 { " each" } else { "" };
        let article = if self.noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        let text = format!("{}{each} {done} {article} {}", list(wanted), self.noun);
        let names = self.names(users);
        let is_met = wanted.iter().all(|name| names.contains(name));
        Verdict::new(fact, text, is_met, || {
            let threads = self.report.map(|report| &report.analysis.catalog.threads);
            let exists =
                |name: &str| threads.is_some_and(|all| all.iter().any(|it| it.name == name));
            let unknown = wanted.iter().filter(|name| !exists(name));
            let mut details = vec![match names.is_empty() {
                true => format!("no thread {done} one"),
                false => format!("only {} {done} any", list(&names)),
            }];
            details.extend(unknown.map(|name| format!("there was no thread {name}")));
            details
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
