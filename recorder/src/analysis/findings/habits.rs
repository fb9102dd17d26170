//! Uses of channels and threads that cost more than they bring.

use super::words::{at, channel, counted, list, share, thread};
use super::{Certainty, Code, Finding};
use crate::analysis::Analysis;
use crate::analysis::stats::channels::{ChannelStats, Polling};
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, Thread, ThreadIndex};
use crate::replay::Use;

pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    findings.extend(polling(analysis, |stats| &stats.after_the_end, finds_the_end));
    findings.extend(polling(analysis, |stats| &stats.polling, finds_nothing));
    findings.extend(analysis.catalog.threads.keys().filter_map(|it| joined_in_turn(analysis, it)));
    for channel in analysis.catalog.channels.keys() {
        findings.extend(timeouts(analysis, channel));
        findings.extend(unused(analysis, channel));
    }
}

/// This number of attempts at once, and this time, keep a core busy for nothing.
const MIN_ATTEMPTS: u64 = 500;
const MIN_POLLING: Nanos = Nanos::new(5_000_000);

/// A thread that looks for messages again and again.
struct Poller {
    thread: ThreadIndex,
    /// On which channels, and where.
    inboxes: Vec<(ChannelIndex, Polling)>,
}

/// Receives that do not wait find nothing and try again at once, many times for each message. One
/// thread that does so on several channels in turn is one finding.
fn polling(
    analysis: &Analysis<'_>,
    of: fn(&ChannelStats) -> &Polling,
    finding: fn(&Analysis<'_>, &Poller) -> Finding,
) -> Vec<Finding> {
    let mut pollers: Vec<Poller> = Vec::new();
    for (index, stats) in analysis.stats.channels.iter_enumerated() {
        let polling = of(stats);
        let is_rare = polling.count < 10 * analysis.state.channels[index].received;
        let Some(by) = polling.by else { continue };
        if polling.count < MIN_ATTEMPTS || polling.time < MIN_POLLING || is_rare {
            continue;
        }
        match pollers.iter_mut().find(|poller| poller.thread == by.thread) {
            Some(poller) => poller.inboxes.push((index, *polling)),
            None => pollers.push(Poller { thread: by.thread, inboxes: vec![(index, *polling)] }),
        }
    }
    pollers.iter().map(|poller| finding(analysis, poller)).collect()
}

impl Poller {
    /// The time that it has spent, the start of that, and the end.
    fn time(&self) -> (Nanos, Nanos, Nanos) {
        let polling = || self.inboxes.iter().map(|(_, polling)| polling);
        let time = polling().map(|it| it.time).max();
        let first = polling().map(|it| it.first).min();
        let last = polling().filter_map(|it| it.by).map(|by| by.time).max();
        (time.unwrap_or_default(), first.unwrap_or_default(), last.unwrap_or_default())
    }

    /// How often it has looked at its inboxes.
    fn attempts(&self) -> u64 {
        self.inboxes.iter().map(|(_, polling)| polling.count + 1).sum()
    }

    /// `"jobs" (src/main.rs:14) and "control" (src/main.rs:16)`
    fn names(&self, analysis: &Analysis<'_>) -> String {
        let name = |(index, polling): &(ChannelIndex, Polling)| {
            let place = polling.by.and_then(|by| by.place);
            format!("{}{}", channel(analysis, *index), at(analysis, place))
        };
        list(&self.inboxes.iter().map(name).collect::<Vec<_>>())
    }

    /// A finding about it, without its text.
    fn finding(&self, analysis: &Analysis<'_>) -> Finding {
        let (time, first, last) = self.time();
        let mut finding = Finding::new(Code::BusyPolling, (first, last), time.get());
        finding.why = format!("A core is busy for {time} doing nothing.");
        finding.place = self.inboxes.iter().find_map(|(_, polling)| polling.by?.place);
        finding.threads = vec![self.thread];
        finding.channels = self.inboxes.iter().map(|(index, _)| *index).collect();
        for (index, polling) in &self.inboxes {
            let what = format!("begins to poll {}", channel(analysis, *index));
            finding.show(polling.first, self.thread, what, polling.by.and_then(|by| by.place));
        }
        finding
    }
}

fn finds_nothing(analysis: &Analysis<'_>, poller: &Poller) -> Finding {
    let (time, ..) = poller.time();
    let mut finding = poller.finding(analysis);
    finding.what = format!(
        "{} looked {} in vain for messages on {}, again and again without waiting, for {} of its \
         life.",
        thread(analysis, poller.thread),
        counted(poller.attempts(), "time"),
        poller.names(analysis),
        share(time, analysis.life(poller.thread)),
    );
    finding.advice = match poller.inboxes.len() {
        1 => "Wait with `recv`, or with `recv_timeout` if there is other work to do now and then.",
        _ => "Let all of them send to one channel (an enum says what it is), and wait with `recv`.",
    }
    .to_owned();
    finding
}

fn finds_the_end(analysis: &Analysis<'_>, poller: &Poller) -> Finding {
    let (time, ..) = poller.time();
    let mut finding = poller.finding(analysis);
    finding.what = format!(
        "{} tried {} to receive on {} although all senders are gone, for {} of its life.",
        thread(analysis, poller.thread),
        counted(poller.attempts(), "time"),
        poller.names(analysis),
        share(time, analysis.life(poller.thread)),
    );
    for &(index, _) in &poller.inboxes {
        if let Some((gone, by)) = analysis.state.channels[index].senders_gone {
            let (by, name) = (thread(analysis, by), channel(analysis, index));
            finding.add_step(format!("{by} dropped the last Sender of {name} at {gone}"));
        }
    }
    finding.advice = "Leave the loop at the error.".to_owned();
    finding
}

/// This number of timeouts, and this time, are a habit.
const MIN_EXPIRED: u64 = 20;
const MIN_EXPIRED_TIME: Nanos = Nanos::new(100_000_000);
/// A thread that waits for longer each time does something at intervals: its timeout is its clock.
const MAX_LIMIT: Nanos = Nanos::new(10_000_000);

/// Nine of ten receives with a timeout wait in vain, and not for long.
fn timeouts(analysis: &Analysis<'_>, index: ChannelIndex) -> Option<Finding> {
    let timeouts = analysis.stats.channels[index].timeouts;
    let Use { time, thread: by, place } = timeouts.last?;
    if timeouts.expired < MIN_EXPIRED
        || timeouts.waited < MIN_EXPIRED_TIME
        || timeouts.expired < timeouts.waits / 10 * 9
        || timeouts.waited.get() / timeouts.expired >= MAX_LIMIT.get()
        || analysis.state.channels[index].received > timeouts.expired / 10
    {
        return None;
    }
    let made = analysis.state.channels[index].made;
    let span = (made.map_or(Nanos::ZERO, |(time, _)| time), time);
    let mut finding = Finding::new(Code::ExpiredTimeouts, span, timeouts.waited.get());
    finding.what = format!(
        "{} of {} waits of {} in recv_timeout on {}{} were in vain; each lasts {}.",
        timeouts.expired,
        timeouts.waits,
        thread(analysis, by),
        channel(analysis, index),
        at(analysis, place),
        Nanos::new(timeouts.waited.get() / timeouts.expired.max(1)),
    );
    finding.advice = "Wait with `recv` if there is no other work to do, or for longer.".to_owned();
    finding.why = "Each wakes the thread for nothing.".to_owned();
    finding.certainty =
        Certainty::Likely { certain_if: "it is not meant to do something at intervals".to_owned() };
    finding.place = place;
    finding.threads = vec![by];
    finding.channels = vec![index];
    finding.show(time, by, "waits in vain for the last time", place);
    Some(finding)
}

/// A channel that is gone and that no thread used, or from which no thread received although
/// messages were sent.
fn unused(analysis: &Analysis<'_>, index: ChannelIndex) -> Option<Finding> {
    let known = &analysis.state.channels[index];
    let stats = &analysis.stats.channels[index];
    let facts = &analysis.catalog.channels[index];
    let (made, by) = known.made?;
    // As long as it lives it may still be used.
    let is_gone = known.receiver_gone.is_some() && known.senders == 0;
    if !is_gone || analysis.may_lack_events(index) {
        return None;
    }
    let mut finding = Finding::new(Code::UnusedEndpoint, (made, made), 0);
    let (name, maker) = (channel(analysis, index), thread(analysis, by));
    let made_at = at(analysis, facts.place);
    if stats.senders.is_empty() && stats.receivers.is_empty() {
        finding.what =
            format!("no thread sent or received on {name}, which {maker} made{made_at}.");
        finding.advice = "Use it, or remove it.".to_owned();
    } else if stats.receivers.is_empty() && known.all_sent() > 0 {
        let sent = match known.all_sent() {
            1 => "1 message was".to_owned(),
            sent => format!("{sent} messages were"),
        };
        finding.what =
            format!("no thread ever received on {name}, which {maker} made{made_at}; {sent} sent.");
        finding.advice = "Receive them, or do not send them.".to_owned();
    } else {
        return None;
    }
    finding.why = "Unused code hides the code that is used.".to_owned();
    finding.place = facts.place;
    finding.threads = vec![by];
    finding.channels = vec![index];
    finding.show(made, by, "makes the channel", facts.place);
    Some(finding)
}

/// Fewer threads than this are not worth a change, nor is less time.
const MIN_TURNS: u64 = 4;
const MIN_JOINING: Nanos = Nanos::new(100_000_000);

/// A thread spawns others at one place and joins each before it spawns the next.
fn joined_in_turn(analysis: &Analysis<'_>, by: ThreadIndex) -> Option<Finding> {
    let turns = analysis.stats.turns[by].longest()?;
    let span = turns.last.since(turns.first);
    let is_its = |(child, facts): &(ThreadIndex, &Thread)| {
        let is_there = facts.spawned.is_some_and(|it| it.place == turns.spawned_at);
        let spawned = &analysis.state.threads[*child].spawned;
        is_there && spawned.as_ref().is_some_and(|spawned| spawned.thread == by)
    };
    let children = analysis.catalog.threads.iter_enumerated().filter(is_its);
    let children: Vec<_> = children.map(|(child, _)| child).collect();
    let waited: Nanos = children.iter().map(|&child| analysis.stats.threads[child].waited).sum();
    // The joins take the time, and the threads work in it.
    if turns.count < MIN_TURNS
        || turns.joining < MIN_JOINING
        || turns.joining.get() < span.get() / 10 * 8
        || waited.get() >= turns.joining.get() / 2
    {
        return None;
    }
    let mut finding = Finding::new(Code::JoinedInTurn, (turns.first, turns.last), span.get());
    finding.what = format!(
        "{} joined each of {} threads{} before it spawned the next{}: no two of them ran at the \
         same time.",
        thread(analysis, by),
        turns.count,
        at(analysis, turns.joined_at),
        at(analysis, turns.spawned_at),
    );
    finding.advice = "Spawn all of them first (`collect` the handles), then join.".to_owned();
    finding.why = format!("They took {span} one after the other.");
    finding.place = turns.joined_at.or(turns.spawned_at);
    finding.threads = [by].into_iter().chain(children).collect();
    finding.show(turns.first, by, "spawns the first", turns.spawned_at);
    finding.show(turns.last, by, "joins the last", turns.joined_at);
    Some(finding)
}
