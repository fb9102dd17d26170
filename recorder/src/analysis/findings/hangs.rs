//! Waits that can never end.
//!
//! They are looked for where a process has not ended by itself: what waits when `main` returns
//! ends with the process, and that is how many programs end. A circle of locks and joins is
//! one in any case.

use format::Call;

use super::words::{call, list, place, thread, threads, waits};
use super::{Certainty, Code, Evidence, Finding};
use crate::analysis::stats::senders::{Sender, Use};
use crate::analysis::wait_for::{Because, Blocked, Needs, On, State};
use crate::analysis::{Analysis, Outsiders};
use crate::report::summary::{counted, duration};

pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    let (likely, certain) = analysis.stuck();
    let mut told = Vec::new();
    for cause in analysis.wait_for.causes(&likely) {
        let process = analysis.entities.threads[cause[0]].process;
        let exact = |&thread: &usize| {
            let blocked = analysis.wait_for.blocked(thread);
            blocked.is_some_and(|blocked| matches!(blocked.needs, Needs::All(_)))
        };
        if analysis.processes[process].ended_by_itself && !cause.iter().all(exact) {
            continue;
        }
        let mut finding = match (&cause[..], analysis.wait_for.blocked(cause[0])) {
            (&[alone], Some(blocked)) if blocked.call == Call::Recv => {
                forgotten_sender(analysis, alone, blocked)
            }
            _ => deadlock(analysis, &cause),
        };
        finding.certainty = certainty(analysis, process, cause.iter().all(|t| certain.contains(t)));
        told.extend(&cause);
        findings.push(finding);
    }
    // All that are stuck besides wait for the first of them, directly or not.
    let more: Vec<_> = likely
        .iter()
        .copied()
        .filter(|stuck| !told.contains(stuck))
        .filter(|&stuck| !told.is_empty() && is_hung(analysis, stuck))
        .collect();
    if let Some(finding) = findings.first_mut().filter(|_| !more.is_empty()) {
        finding.why +=
            &format!(" Because of it {} can never go on either.", threads(analysis, &more));
        finding.threads.extend(&more);
        let evidence = more.iter().filter_map(|&stuck| evidence(analysis, stuck));
        finding.evidence.extend(evidence);
    }
    idle_senders(analysis, &likely, findings);
}

fn is_hung(analysis: &Analysis<'_>, thread: usize) -> bool {
    !analysis.processes[analysis.entities.threads[thread].process].ended_by_itself
}

fn certainty(analysis: &Analysis<'_>, process: usize, certain: bool) -> Certainty {
    if certain && !analysis.incomplete {
        return Certainty::Certain;
    }
    let certain_if = if analysis.incomplete {
        "no event were missing in the recording"
    } else if analysis
        .wait_for
        .threads
        .iter()
        .any(|standing| standing.process == process && standing.state == State::Free)
    {
        "none of the threads that still run has what it takes to end the wait"
    } else if analysis.outsiders == Outsiders::Some {
        "none of the threads that are not recorded has what it takes to end the wait"
    } else {
        "the process has no thread that is not recorded (all use `instrumented::thread`)"
    };
    Certainty::Likely { certain_if: certain_if.to_owned() }
}

fn evidence(analysis: &Analysis<'_>, thread: usize) -> Option<Evidence> {
    let blocked = analysis.wait_for.blocked(thread)?;
    let what = format!("waits in {}", call(analysis, blocked.call, blocked.on));
    Some(Evidence { time: blocked.since, thread, what, site: blocked.site })
}

/// The senders of a channel that are not dropped.
fn live_senders<'a>(analysis: &'a Analysis<'_>, channel: usize) -> Vec<&'a Sender> {
    let senders = analysis.senders.iter();
    senders.filter(|sender| sender.channel == channel && sender.dropped.is_none()).collect()
}

/// `the Sender made at src/main.rs:14`
fn name(analysis: &Analysis<'_>, sender: &Sender) -> String {
    let kind = match analysis.entities.channels[sender.channel].bound {
        Some(_) => "SyncSender",
        None => "Sender",
    };
    let made = if sender.is_clone { "cloned" } else { "made" };
    match sender.made.site {
        Some(site) => format!("the {kind} {made} at {}", place(analysis, site)),
        None => format!("the {kind} that {} {made}", thread(analysis, sender.made.thread)),
    }
}

/// The one thread that has all that it takes to end a wait, if that is known.
fn known_holder(blocked: &Blocked) -> Option<usize> {
    match &blocked.needs {
        Needs::Any { anybody: true, .. } => None,
        needs => match needs.edges() {
            [edge] => Some(edge.to),
            _ => None,
        },
    }
}

fn forgotten_sender(analysis: &Analysis<'_>, alone: usize, blocked: &Blocked) -> Finding {
    let On::Channel(channel) = blocked.on else { return Finding::new(Code::ForgottenSender) };
    let live = live_senders(analysis, channel);
    let mut finding = Finding::new(Code::ForgottenSender);
    let held_by_itself = known_holder(blocked) == Some(alone);
    finding.what = format!("{}, which can never end: ", waits(analysis, &[alone], blocked));
    match &live[..] {
        [] => finding.what += "a sender is still alive, of which nothing is recorded.",
        [sender] => {
            finding.what += &name(analysis, sender);
            if held_by_itself {
                finding.what +=
                    &format!(" is still alive, held by {} itself.", thread(analysis, alone));
            } else {
                let last = last_use(analysis, sender);
                finding.what += &format!(" is still alive{last}, and no thread is left to use it.");
            }
        }
        [first, ..] => {
            finding.what += &format!(
                "{} are still alive, among them {}{}.",
                counted(live.len() as u64, "sender"),
                name(analysis, first),
                if held_by_itself {
                    format!(", held by {} itself", thread(analysis, alone))
                } else {
                    last_use(analysis, first)
                }
            );
        }
    }
    let them = if live.len() > 1 { "them" } else { "it" };
    finding.advice = format!("Drop {them} before this recv begins to wait.");
    finding.why = format!(
        "A receive ends when a message comes or the last sender is dropped. {} has waited for {}.",
        thread(analysis, alone),
        duration(
            analysis.end_of(analysis.entities.threads[alone].process).saturating_sub(blocked.since)
        ),
    );
    finish(analysis, &mut finding, &[alone]);
    for sender in live {
        let (what, site) = if sender.is_clone {
            ("clones the sender", sender.made.site)
        } else {
            ("makes the channel", sender.made.site)
        };
        let (time, thread) = (sender.made.time, sender.made.thread);
        finding.evidence.push(Evidence { time, thread, what: what.to_owned(), site });
        if sender.is_used() && is_last_use(analysis, sender) {
            let Use { time, thread, site } = sender.last;
            let what = "last uses the sender".to_owned();
            finding.evidence.push(Evidence { time, thread, what, site });
        }
    }
    finding
}

/// Whether it is known that nobody has used this sender since.
fn is_last_use(analysis: &Analysis<'_>, sender: &Sender) -> bool {
    let process = analysis.entities.channels[sender.channel].process;
    !analysis.processes[process].has_paused_since(sender.last.time)
}

/// `, last used by main at src/main.rs:20`
fn last_use(analysis: &Analysis<'_>, sender: &Sender) -> String {
    if !is_last_use(analysis, sender) {
        return String::new();
    }
    if !sender.is_used() {
        return ", never used".to_owned();
    }
    let by = thread(analysis, sender.last.thread);
    match sender.last.site {
        Some(site) => format!(", last used by {by} at {}", place(analysis, site)),
        None => format!(", last used by {by}"),
    }
}

/// What all findings about stuck threads have.
fn finish(analysis: &Analysis<'_>, finding: &mut Finding, cause: &[usize]) {
    finding.threads = cause.to_vec();
    for &thread in cause {
        let Some(blocked) = analysis.wait_for.blocked(thread) else { continue };
        finding.site = finding.site.or(blocked.site);
        match blocked.on {
            On::Channel(channel) if !finding.channels.contains(&channel) => {
                finding.channels.push(channel);
            }
            On::Primitive(primitive) if !finding.primitives.contains(&primitive) => {
                finding.primitives.push(primitive);
            }
            _ => {}
        }
        finding.evidence.extend(evidence(analysis, thread));
        finding.span.0 = finding.span.0.max(blocked.since);
        finding.span.1 = analysis.end_of(analysis.entities.threads[thread].process);
    }
    // Clocks may disagree.
    finding.span.1 = finding.span.1.max(finding.span.0);
    finding.weight = finding.span.1.saturating_sub(finding.span.0);
}

fn deadlock(analysis: &Analysis<'_>, cause: &[usize]) -> Finding {
    let mut finding = Finding::new(Code::Deadlock);
    let circle = in_turn(analysis, cause);
    let parts = parts(analysis, &circle);
    const SHOWN: usize = 4;
    finding.what = parts[..parts.len().min(SHOWN)].join("; ");
    if parts.len() > SHOWN {
        finding.what += &format!("; and {} more wait likewise", parts.len() - SHOWN);
    }
    finding.what += ".";
    finding.advice = advice(analysis, &circle);
    finding.why = match circle.len() {
        1 => "It waits for something that only it could do.".to_owned(),
        _ => "Each of them waits for something that only another of them could do.".to_owned(),
    };
    finish(analysis, &mut finding, &circle);
    finding
}

/// The threads in the order in which they wait for each other, those that only wait for another
/// to end last.
fn in_turn(analysis: &Analysis<'_>, cause: &[usize]) -> Vec<usize> {
    let calls = |thread: usize| analysis.wait_for.blocked(thread).map(|blocked| blocked.call);
    let only_joins = |thread: usize| matches!(calls(thread), Some(Call::Join | Call::Scope));
    let mut left: Vec<_> = cause.to_vec();
    left.sort_by_key(|&thread| only_joins(thread));
    let mut circle: Vec<usize> = Vec::new();
    while !left.is_empty() {
        let edges = circle.last().and_then(|&last| analysis.wait_for.blocked(last));
        let next = edges.and_then(|blocked| {
            let next = blocked.needs.edges().iter().map(|edge| edge.to);
            let mut next = next.filter(|&to| !only_joins(to));
            next.find_map(|to| left.iter().position(|&thread| thread == to))
        });
        circle.push(left.remove(next.unwrap_or(0)));
    }
    circle
}

/// What they wait for, and because of whom. Those that wait for the same are named together.
fn parts(analysis: &Analysis<'_>, circle: &[usize]) -> Vec<String> {
    let mut groups: Vec<(Vec<usize>, &Blocked)> = Vec::new();
    for &thread in circle {
        let Some(blocked) = analysis.wait_for.blocked(thread) else { continue };
        let alike = groups.iter_mut().find(|(_, known)| {
            (known.call, known.on, known.site, &known.needs)
                == (blocked.call, blocked.on, blocked.site, &blocked.needs)
        });
        match alike {
            Some((threads, _)) => threads.push(thread),
            None => groups.push((vec![thread], blocked)),
        }
    }
    groups.iter().map(|(threads, blocked)| part(analysis, threads, blocked, circle)).collect()
}

fn part(analysis: &Analysis<'_>, who: &[usize], blocked: &Blocked, circle: &[usize]) -> String {
    let mut part = waits(analysis, who, blocked);
    let edges = blocked.needs.edges().iter().filter(|edge| circle.contains(&edge.to));
    let edges: Vec<_> = edges.collect();
    let name_of = |holder: usize| match who {
        &[alone] if alone == holder => "itself",
        _ => thread(analysis, holder),
    };
    let names: Vec<_> = edges.iter().map(|edge| name_of(edge.to).to_owned()).collect();
    match (edges.first().map(|edge| edge.because), blocked.call) {
        (Some(Because::Holds { site }), _) => {
            part += &format!(", held by {}", list(&names));
            if let Some(site) = site {
                part += &format!(" since {}", place(analysis, site));
            }
        }
        (Some(Because::HasSender(sender)), _) => {
            part += &format!(", for a message from {}", name(analysis, &analysis.senders[sender]));
            if let Some(holder) = known_holder(blocked) {
                part += &format!(", held by {}", name_of(holder));
            }
        }
        (_, Call::Send) => {
            let On::Channel(channel) = blocked.on else { return part };
            part += match analysis.entities.channels[channel].bound {
                Some(0) => ", which nobody comes to receive",
                _ => ", which is full",
            };
            let process = analysis.entities.channels[channel].process;
            let process = &analysis.processes[process];
            // Before it is used for the first time it may have been moved, or in a pause.
            if let [receiver] = &analysis.channels[channel].receivers[..]
                && !process.has_paused_since(receiver.last)
            {
                part += &format!("; its receiver is with {}", name_of(receiver.thread));
            }
        }
        (Some(Because::IsInScope), _) => part += &format!(" for {}", list(&names)),
        (Some(Because::Initializes), _) => part += &format!(", run by {}", list(&names)),
        (None, Call::Recv) => part += ", for a message that nobody is left to send",
        (None, Call::CondvarWait) => part += ", and nobody is left to notify it",
        (None, Call::Park) => part += ", and nobody is left to unpark it",
        (None, Call::BarrierWait) => {
            if let On::Primitive(barrier) = blocked.on {
                let size = analysis.entities.primitives[barrier].size;
                part += &format!(", at which {} of {size} have arrived", who.len());
            }
        }
        _ => {}
    }
    part
}

fn advice(analysis: &Analysis<'_>, circle: &[usize]) -> String {
    let blocked = || circle.iter().filter_map(|&thread| analysis.wait_for.blocked(thread));
    let any = |calls: &[Call]| blocked().any(|blocked| calls.contains(&blocked.call));
    // A sender that a thread is known to have which waits like this.
    let held_while_in = |call: Call| {
        blocked().find_map(|blocked| {
            let holder = analysis.wait_for.blocked(known_holder(blocked)?)?;
            let sender = blocked.needs.edges().iter().find_map(|edge| match edge.because {
                Because::HasSender(sender) => Some(name(analysis, &analysis.senders[sender])),
                _ => None,
            });
            sender.filter(|_| holder.call == call)
        })
    };
    let locks = [Call::Lock, Call::Read, Call::Write];
    if let Some(sender) = held_while_in(Call::Join) {
        return format!("Drop {sender} before the join.");
    }
    if let Some(sender) = held_while_in(Call::Scope) {
        return format!("Drop {sender} before the scope ends, or move it into the scope's thread.");
    }
    let advice = if any(&[Call::BarrierWait]) {
        "Let as many threads come to the barrier as it waits for."
    } else if any(&[Call::CondvarWait]) {
        "Look at what it is about before waiting, as `wait_while` does, and notify after each \
         change."
    } else if any(&[Call::Park]) {
        "Unpark it, or let it look for its work before it parks."
    } else if any(&locks) && any(&[Call::Recv, Call::Send, Call::Join, Call::Scope]) {
        "Let go of the lock before waiting for another thread."
    } else if any(&locks) && circle.len() == 1 {
        "Let go of the first guard before locking again."
    } else if any(&locks) {
        "Take these locks in the same order everywhere."
    } else if any(&[Call::Send]) && circle.len() == 1 {
        "Receive in another thread, or give the channel room for all that is sent before \
         anything is received."
    } else if any(&[Call::Send]) {
        "Let one of them receive first, or give the channels room for what is sent before."
    } else if any(&[Call::Recv]) {
        "Let one of them send, or drop its sender, before it receives."
    } else {
        "Let one of them end without the other."
    };
    advice.to_owned()
}

/// A receive is waited for at least so long, in nanoseconds, before a sender that is idle
/// counts as forgotten: a person has noticed by then.
const IDLE: u64 = 500_000_000;
/// And its holder has done so many other things since it used it last.
const IDLE_STEPS: u64 = 20;

/// Receives that wait for senders whose holders run, and have done many other things since they
/// used them last, where others have dropped theirs.
fn idle_senders(analysis: &Analysis<'_>, stuck: &[usize], findings: &mut Vec<Finding>) {
    for alone in 0..analysis.threads.len() {
        let Some(blocked) = analysis.wait_for.blocked(alone) else { continue };
        let (Call::Recv, On::Channel(channel), Needs::Any { edges, anybody: false }) =
            (blocked.call, blocked.on, &blocked.needs)
        else {
            continue;
        };
        let end = analysis.end_of(analysis.entities.threads[alone].process);
        let waited = end.saturating_sub(blocked.since);
        let some_are_gone = analysis
            .senders
            .iter()
            .any(|sender| sender.channel == channel && sender.dropped.is_some());
        let live = live_senders(analysis, channel);
        let idle = |sender: &&Sender| {
            let holder = &analysis.threads[sender.last.thread];
            sender.sends > 0
                && holder.over.is_none()
                && analysis.wait_for.blocked(sender.last.thread).is_none()
                && holder.steps.saturating_sub(sender.steps_then) >= IDLE_STEPS
                && edges.iter().all(|edge| edge.to == sender.last.thread)
        };
        if stuck.contains(&alone)
            || !is_hung(analysis, alone)
            || waited < IDLE.max(end / 2)
            || !some_are_gone
            || live.is_empty()
            || !live.iter().all(idle)
        {
            continue;
        }
        let mut finding = forgotten_sender(analysis, alone, blocked);
        let holder = thread(analysis, live[0].last.thread);
        finding.what = format!(
            "{}, and nothing has come for {}: {} is still alive{}.",
            waits(analysis, &[alone], blocked),
            duration(waited),
            name(analysis, live[0]),
            last_use(analysis, live[0]),
        );
        finding.advice = format!("Drop it in {holder} once it has sent all it has to.");
        finding.threads.push(live[0].last.thread);
        finding.certainty =
            Certainty::Likely { certain_if: format!("{holder} never sends with it again") };
        findings.push(finding);
    }
}
