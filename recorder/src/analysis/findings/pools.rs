//! Threads that are in each other's way: at a lock, or at a channel that one of them floods.

use std::cmp::Reverse;

use super::words::{at, channel, primitive, thread, threads};
use super::{Code, Evidence, Finding, sum};
use crate::analysis::Analysis;
use crate::analysis::stats::channels::Side;
use crate::analysis::stats::primitives::User;
use crate::report::summary::duration;

pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    for index in 0..analysis.primitives.len() {
        findings.extend(serialised(analysis, index));
    }
    for index in 0..analysis.channels.len() {
        findings.extend(unfair(analysis, index));
    }
}

/// Threads of a pool have waited for its lock so long in all, in nanoseconds: less is not
/// worth a change.
const WAITED: u64 = 50_000_000;
/// And it was taken so often. How often they waited says nothing: where one thread takes it
/// again before another is awake, that one waits but once, for nearly ever.
const TAKEN: u64 = 16;

/// Threads spend most of their time waiting for a lock that others hold while they work.
fn serialised(analysis: &Analysis<'_>, index: usize) -> Option<Finding> {
    let state = &analysis.primitives[index];
    let waiting: Vec<&User> = state.users.iter().filter(|user| user.waits > 0).collect();
    let from = waiting.iter().map(|user| user.first).min()?;
    let to = waiting.iter().map(|user| user.last).max()?;
    let waited = state.waited();
    let span = to.saturating_sub(from);
    // A lock that is held while its holder waits for a message keeps nobody from working, and
    // one that is held for less than half of the time is no bottleneck.
    let at_work = state.held_at_work >= state.held / 2 && state.held_at_work >= span / 2;
    // Half of what these threads have is spent waiting for it.
    let lives = waiting.iter().map(|user| user.last.saturating_sub(user.first));
    let most = waited >= sum(lives) / 2;
    if waiting.len() < 2 || waited < WAITED || state.acquired < TAKEN || !at_work || !most {
        return None;
    }
    let mut finding = Finding::new(Code::SerialisedWorkers);
    let mut by: Vec<_> = waiting.clone();
    by.sort_by_key(|user| Reverse(user.waited));
    finding.threads = by.iter().map(|user| user.thread).collect();
    finding.site = by.iter().find_map(|user| user.site);
    finding.what = format!(
        "{} work one at a time: they have waited {} for {}{}, which is held for {} of the time \
         while its holder works",
        threads(analysis, &finding.threads),
        duration(waited),
        primitive(analysis, index),
        at(analysis, finding.site),
        super::words::percent(state.held_at_work, span),
    );
    let received = state.receives.iter().max_by_key(|(_, count)| *count);
    match received {
        Some(&(received, _)) => {
            finding.what += &format!(" on what it received from {}.", channel(analysis, received));
            finding.channels = vec![received];
            finding.advice = "Let go of the lock before the work: receive with `let job = …;` in \
                              a statement of its own."
                .to_owned();
        }
        None => {
            finding.what += ".";
            finding.advice =
                "Hold it only to take the work out or to put the result in.".to_owned();
        }
    }
    finding.why = format!("{} threads get done what one would.", waiting.len());
    finding.primitives = vec![index];
    finding.span = (from, to);
    finding.weight = waited;
    for user in by.iter().take(3) {
        let what = format!("last waits for {}", primitive(analysis, index));
        let (time, thread, site) = (user.last, user.thread, user.site);
        finding.evidence.push(Evidence { time, thread, what, site });
    }
    Some(finding)
}

/// A channel with fewer messages is no place to speak of shares.
const MESSAGES: u64 = 100;
/// Others have waited behind the loud one so long, in nanoseconds.
const HELD_UP: u64 = 10_000_000;

/// One sender has sent four fifths of all messages, and others, who have sent not a tenth of
/// what it has, have spent at least half of their time waiting for room.
fn unfair(analysis: &Analysis<'_>, index: usize) -> Option<Finding> {
    let state = &analysis.channels[index];
    let loud = state.senders.iter().max_by_key(|side| side.messages)?;
    let bound = analysis.entities.channels[index].bound?;
    if state.sent < MESSAGES || loud.messages < state.sent / 5 * 4 {
        return None;
    }
    let quiet = |side: &&Side| {
        side.messages <= loud.messages / 10
            && side.waited >= HELD_UP
            && side.waited >= side.span() / 2
            // Half of its sends have waited.
            && side.waits * 2 >= side.messages
    };
    let held_up: Vec<_> = state.senders.iter().filter(quiet).collect();
    let worst = held_up.iter().max_by_key(|side| side.waited)?;
    let mut finding = Finding::new(Code::UnfairSenders);
    let names: Vec<_> = held_up.iter().map(|side| side.thread).collect();
    finding.what = format!(
        "{} sent {} of {} messages on {} (bound {bound}){}, and {} had to wait behind it: {} for \
         {} of its time.",
        thread(analysis, loud.thread),
        loud.messages,
        state.sent,
        channel(analysis, index),
        at(analysis, loud.site),
        threads(analysis, &names),
        thread(analysis, worst.thread),
        super::words::percent(worst.waited, worst.span()),
    );
    finding.advice = format!(
        "Give {} a channel of its own, or have it send less at a time.",
        thread(analysis, loud.thread)
    );
    finding.why = "Who has little to say is served as late as who says most.".to_owned();
    finding.site = loud.site;
    finding.threads = [loud.thread].into_iter().chain(names).collect();
    finding.channels = vec![index];
    finding.span = (worst.first, worst.last);
    finding.weight = sum(held_up.iter().map(|side| side.waited));
    for side in [loud, *worst] {
        let what = "last sends".to_owned();
        let (time, thread, site) = (side.last, side.thread, side.site);
        finding.evidence.push(Evidence { time, thread, what, site });
    }
    Some(finding)
}
