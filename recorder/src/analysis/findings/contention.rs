//! Threads that are in each other's way: at a lock, or at a channel that one of them floods.

use std::cmp::Reverse;

use super::words::{at, channel, primitive, share, thread, threads};
use super::{Code, Finding};
use crate::analysis::Analysis;
use crate::analysis::stats::channels::{User, waited};
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, PrimitiveIndex};

pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    for lock in analysis.catalog.primitives.keys() {
        findings.extend(serialised(analysis, lock).or_else(|| unfair_lock(analysis, lock)));
    }
    findings.extend(analysis.catalog.channels.keys().filter_map(|it| unfair(analysis, it)));
}

/// Less time than this, added up over all threads, is not worth a change.
const MIN_WAITED: Nanos = Nanos::new(50_000_000);
/// Where the lock is taken less often, threads must have waited for half of their lives: many a
/// thread waits once, until what it needs is ready.
const MIN_ACQUIRED: u64 = 16;

/// Threads spend their time waiting for a lock that others hold while they work.
fn serialised(analysis: &Analysis<'_>, index: PrimitiveIndex) -> Option<Finding> {
    let stats = &analysis.stats.primitives[index];
    // One that hardly ever waits is not in line.
    let waits = |user: &&User| user.waits > 0 && user.waited.get() >= user.span().get() / 4;
    let mut waiting: Vec<_> = stats.users.iter().filter(waits).collect();
    let from = waiting.iter().map(|user| user.first).min()?;
    let to = waiting.iter().map(|user| user.last).max()?;
    let (waited, span) = (waited(waiting.iter().copied()), to.since(from));
    // A lock that is held while its holder waits for a message keeps no thread from working, and one
    // that is held for less than half of the time is no bottleneck.
    let held_at_work = stats.held_at_work.get();
    let is_held_at_work = held_at_work >= stats.held.get() / 2 && held_at_work >= span.get() / 2;
    // Where two threads take turns, each waits for half of its time, less what it does elsewhere.
    let spans: Nanos = waiting.iter().map(|user| user.span()).sum();
    let lives: Nanos = waiting.iter().map(|user| analysis.life(user.thread)).sum();
    let time = if stats.acquired < MIN_ACQUIRED { lives } else { spans };
    let waits_most = waited.get() >= time.get() / 5 * 2;
    if waiting.len() < 2 || waited < MIN_WAITED || !is_held_at_work || !waits_most {
        return None;
    }
    waiting.sort_by_key(|user| Reverse(user.waited));
    let mut finding = Finding::new(Code::SerialisedWorkers, (from, to), waited.get());
    finding.threads = waiting.iter().map(|user| user.thread).collect();
    finding.place = waiting.iter().find_map(|user| user.place);
    finding.what = format!(
        "{} work one at a time: they have waited {waited} for {}{}, which is held for {} of the \
         time while its holder works",
        threads(analysis, &finding.threads),
        primitive(analysis, index),
        at(analysis, finding.place),
        share(stats.held_at_work, span),
    );
    match stats.receives.iter().max_by_key(|(_, count)| *count) {
        Some(&(received, _)) => {
            finding.what += &format!(" on messages from {}.", channel(analysis, received));
            finding.channels = vec![received];
            let advice = "Release the lock before the work: receive in a statement of its own, \
                          `let job = …;`.";
            finding.advice = advice.to_owned();
        }
        None => {
            finding.what += ".";
            finding.advice =
                "Hold it only to take work out of it or to put a result into it.".to_owned();
        }
    }
    finding.why = format!("{} threads do the work of one.", waiting.len());
    finding.primitives = vec![index];
    for user in waiting.iter().take(3) {
        finding.show_last(user, format!("last waits for {}", primitive(analysis, index)));
    }
    Some(finding)
}

/// A thread that has waited for less time for a lock is not starved.
const MIN_STARVED: Nanos = Nanos::new(100_000_000);

/// A thread takes a lock again at once after each release, and another waits for it for half of its
/// time.
fn unfair_lock(analysis: &Analysis<'_>, index: PrimitiveIndex) -> Option<Finding> {
    let users = &analysis.stats.primitives[index].users;
    let is_starved =
        |user: &&User| user.waited >= MIN_STARVED && user.waited.get() >= user.span().get() / 2;
    // The pauses between its turns are too short for others.
    let is_greedy = |user: &&User| {
        user.acquired >= MIN_ACQUIRED && user.held.get() >= user.span().get() / 10 * 9
    };
    let greedy = users.iter().find(is_greedy)?;
    let starved = users.iter().filter(is_starved).max_by_key(|user| user.waited)?;
    let span = (starved.first, starved.last);
    let mut finding = Finding::new(Code::UnfairLock, span, starved.waited.get());
    finding.what = format!(
        "{} waited {} ({} of its time) for {}{}, which {} released {} times and took again at once{}.",
        thread(analysis, starved.thread),
        starved.waited,
        share(starved.waited, starved.span()),
        primitive(analysis, index),
        at(analysis, starved.place),
        thread(analysis, greedy.thread),
        greedy.acquired,
        at(analysis, greedy.place),
    );
    finding.advice = format!(
        "Let {} work without the lock, or wait for something between two turns.",
        thread(analysis, greedy.thread)
    );
    finding.why =
        "A lock is not fair: the thread that has just released it takes it again first.".to_owned();
    finding.place = greedy.place;
    finding.threads = vec![starved.thread, greedy.thread];
    finding.primitives = vec![index];
    finding.show_last(starved, format!("last waits for {}", primitive(analysis, index)));
    finding.show_last(greedy, format!("last acquires {}", primitive(analysis, index)));
    Some(finding)
}

/// A channel with fewer messages is too small for shares.
const MIN_MESSAGES: u64 = 100;
/// The others have waited at least this long behind the first.
const MIN_BEHIND: Nanos = Nanos::new(10_000_000);

/// One sender has sent four fifths of all messages, and others, which have sent less than a tenth of
/// that, have spent at least half of their time waiting for room.
fn unfair(analysis: &Analysis<'_>, index: ChannelIndex) -> Option<Finding> {
    let senders = &analysis.stats.channels[index].senders;
    let sent = analysis.state.channels[index].all_sent();
    let loud = senders.iter().max_by_key(|user| user.messages)?;
    let bound = analysis.catalog.channels[index].bound?;
    if sent < MIN_MESSAGES || loud.messages < sent / 5 * 4 {
        return None;
    }
    let is_held_up = |user: &&User| {
        user.messages <= loud.messages / 10
            && user.waited >= MIN_BEHIND
            && user.waited.get() >= user.span().get() / 2
            // Half of its sends have waited.
            && user.waits * 2 >= user.messages
    };
    let held_up: Vec<_> = senders.iter().filter(is_held_up).collect();
    let worst = *held_up.iter().max_by_key(|user| user.waited)?;
    let names: Vec<_> = held_up.iter().map(|user| user.thread).collect();
    let waited = waited(held_up.iter().copied());
    let mut finding = Finding::new(Code::UnfairSenders, (worst.first, worst.last), waited.get());
    finding.what = format!(
        "{} sent {} of {sent} messages on {} (bound {bound}){}, and {} had to wait behind it: {} \
         for {} of its time.",
        thread(analysis, loud.thread),
        loud.messages,
        channel(analysis, index),
        at(analysis, loud.place),
        threads(analysis, &names),
        thread(analysis, worst.thread),
        share(worst.waited, worst.span()),
    );
    finding.advice = format!(
        "Give {} a channel of its own, or let it send less at a time.",
        thread(analysis, loud.thread)
    );
    finding.why = "Rare messages are served as late as frequent ones.".to_owned();
    finding.place = loud.place;
    finding.threads = [loud.thread].into_iter().chain(names).collect();
    finding.channels = vec![index];
    finding.show_last(loud, "last sends");
    finding.show_last(worst, "last sends");
    Some(finding)
}
