//! Receives that never end because a sender is still alive.

use format::Call;

use super::{is_hung, known_holder, stuck, waited};
use crate::analysis::Analysis;
use crate::analysis::findings::words::{counted, place, thread, waits};
use crate::analysis::findings::{Certainty, Code, Finding};
use crate::analysis::wait_for::{Blocked, Needs};
use crate::reading::Nanos;
use crate::reading::catalog::{EndpointIndex, Target, ThreadIndex};
use crate::replay::Use;

pub(super) fn forgotten_sender(
    analysis: &Analysis<'_>,
    alone: ThreadIndex,
    blocked: &Blocked,
) -> Finding {
    let mut finding = stuck(analysis, Code::ForgottenSender, &[alone]);
    let Some(Target::Channel(channel)) = blocked.wait.target() else { return finding };
    let live: Vec<_> = analysis.live_senders(channel).collect();
    let is_with_itself = known_holder(blocked) == Some(alone);
    let name = thread(analysis, alone);
    finding.what = format!("{}, which can never end: ", waits(analysis, &[alone], &blocked.wait));
    finding.what += &match live[..] {
        [] => "a sender is still alive, about which nothing is recorded.".to_owned(),
        [sender] if is_with_itself => {
            format!("{} is still alive, held by {name} itself.", sender_name(analysis, sender))
        }
        [sender] => format!(
            "{} is still alive{}, and no thread is left to use it.",
            sender_name(analysis, sender),
            last_use(analysis, sender)
        ),
        [first, ..] => format!(
            "{} are still alive, among them {}{}.",
            counted(live.len() as u64, "sender"),
            sender_name(analysis, first),
            match is_with_itself {
                true => format!(", held by {name} itself"),
                false => last_use(analysis, first),
            }
        ),
    };
    let them = if live.len() > 1 { "them" } else { "it" };
    finding.advice = format!("Drop {them} before this recv begins to wait.");
    finding.why = format!(
        "A receive ends when a message comes or the last sender is dropped. {name} has waited for \
         {}.",
        waited(analysis, alone, blocked),
    );
    live.into_iter().for_each(|sender| show_sender(analysis, &mut finding, sender));
    finding
}

/// Adds the origin and the last use of a sender to the evidence.
fn show_sender(analysis: &Analysis<'_>, finding: &mut Finding, sender: EndpointIndex) {
    let facts = &analysis.state.endpoints[sender];
    if let Some(Use { time, thread, place }) = facts.made {
        let what = match analysis.catalog.endpoints[sender].is_clone {
            true => "clones the sender",
            false => "makes the channel",
        };
        finding.show(time, thread, what, place);
    }
    if let Some(Use { time, thread, place }) = facts.last
        && facts.is_used()
        && is_last_use(analysis, sender)
    {
        finding.show(time, thread, "last uses the sender", place);
    }
}

/// `the Sender made at src/main.rs:14`
pub(super) fn sender_name(analysis: &Analysis<'_>, sender: EndpointIndex) -> String {
    let facts = &analysis.catalog.endpoints[sender];
    let kind = match analysis.catalog.channels[facts.channel].bound {
        Some(_) => "SyncSender",
        None => "Sender",
    };
    let made = if facts.is_clone { "cloned" } else { "made" };
    match analysis.state.endpoints[sender].made {
        Some(Use { place: Some(place), .. }) => {
            format!("the {kind} {made} at {}", self::place(analysis, place))
        }
        Some(Use { thread, .. }) => {
            format!("the {kind} that {} {made}", self::thread(analysis, thread))
        }
        None => format!("a {kind} that was {made} before the recording begins"),
    }
}

/// Whether it is known that no thread has used this sender since its last recorded use.
fn is_last_use(analysis: &Analysis<'_>, sender: EndpointIndex) -> bool {
    let channel = analysis.catalog.endpoints[sender].channel;
    let process = &analysis.state.processes[analysis.catalog.channels[channel].process];
    let last = analysis.state.endpoints[sender].last;
    last.is_some_and(|last| !process.has_paused_since(last.time))
}

/// `, last used by main at src/main.rs:20`
fn last_use(analysis: &Analysis<'_>, sender: EndpointIndex) -> String {
    let facts = &analysis.state.endpoints[sender];
    let Some(last) = facts.last.filter(|_| is_last_use(analysis, sender)) else {
        return String::new();
    };
    if !facts.is_used() {
        return ", never used".to_owned();
    }
    let by = thread(analysis, last.thread);
    match last.place {
        Some(place) => format!(", last used by {by} at {}", self::place(analysis, place)),
        None => format!(", last used by {by}"),
    }
}

/// A person has noticed a wait of this length.
const MIN_WAIT: Nanos = Nanos::new(500_000_000);
/// A thread that has had this number of events since it used a sender has moved on.
const MIN_EVENTS: u64 = 20;

/// Receives that wait for senders whose holders run, and have done many other things since they used
/// them last, while other senders were dropped.
pub(super) fn idle_senders(
    analysis: &Analysis<'_>,
    stuck: &[ThreadIndex],
    findings: &mut Vec<Finding>,
) {
    let others = analysis.catalog.threads.keys().filter(|thread| !stuck.contains(thread));
    findings.extend(others.filter_map(|thread| idle_sender(analysis, thread)));
}

fn idle_sender(analysis: &Analysis<'_>, alone: ThreadIndex) -> Option<Finding> {
    let blocked = analysis.wait_for.blocked(alone)?;
    let (Call::Recv, Some(Target::Channel(channel)), Needs::Any { edges, any_thread: false }) =
        (blocked.wait.call(), blocked.wait.target(), &blocked.needs)
    else {
        return None;
    };
    let waited = waited(analysis, alone, blocked);
    let half = Nanos::new(analysis.catalog.end_of_thread(alone).get() / 2);
    if !is_hung(analysis, alone) || waited < MIN_WAIT.max(half) {
        return None;
    }
    let live: Vec<_> = analysis.live_senders(channel).collect();
    let is_idle = |&sender: &EndpointIndex| {
        let sender = &analysis.state.endpoints[sender];
        sender.last.is_some_and(|Use { thread, .. }| {
            let holder = &analysis.state.threads[thread];
            sender.sends > 0
                && holder.ended.is_none()
                && analysis.wait_for.blocked(thread).is_none()
                && holder.events.saturating_sub(sender.events_then) >= MIN_EVENTS
                && edges.iter().all(|edge| edge.to == thread)
        })
    };
    let some_are_gone = live.len() < analysis.senders[channel].len();
    if !some_are_gone || !live.iter().all(is_idle) {
        return None;
    }
    let &first = live.first()?;
    let holder = analysis.state.endpoints[first].last?.thread;
    let name = thread(analysis, holder);
    let mut finding = forgotten_sender(analysis, alone, blocked);
    finding.what = format!(
        "{}, and nothing has come for {waited}: {} is still alive{}.",
        waits(analysis, &[alone], &blocked.wait),
        sender_name(analysis, first),
        last_use(analysis, first),
    );
    finding.advice = format!("Drop it in {name} after its last message.");
    finding.threads.push(holder);
    finding.certainty =
        Certainty::Likely { certain_if: format!("{name} never sends with it again") };
    Some(finding)
}
