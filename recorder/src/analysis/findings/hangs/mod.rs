//! Waits that can never end.
//!
//! They are reported if the process did not end by itself: a wait that goes on when `main` returns
//! ends with the process, and many programs end like that. A cycle of locks and joins is reported in
//! any case.

use format::Call;

use super::words::{call, list, place, thread, threads, waits};
use super::{Certainty, Code, Finding};
use crate::analysis::wait_for::{Blocked, Needs, Reason};
use crate::analysis::{Analysis, UnrecordedThreads};
use crate::reading::Nanos;
use crate::reading::catalog::{ProcessIndex, Target, ThreadIndex};

mod forgotten_sender;

use forgotten_sender::{forgotten_sender, idle_senders, sender_name};

pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    let (likely, certain) = analysis.stuck();
    let mut reported = Vec::new();
    for cause in analysis.wait_for.causes(&likely) {
        let process = analysis.catalog.threads[cause[0]].process;
        let is_exact = |&thread: &ThreadIndex| {
            let blocked = analysis.wait_for.blocked(thread);
            blocked.is_some_and(|blocked| matches!(blocked.needs, Needs::All(_)))
        };
        if analysis.ended_by_itself(process) && !cause.iter().all(is_exact) {
            continue;
        }
        let mut finding = match (&cause[..], analysis.wait_for.blocked(cause[0])) {
            (&[alone], Some(blocked)) if blocked.wait.call() == Call::Recv => {
                forgotten_sender(analysis, alone, blocked)
            }
            _ => deadlock(analysis, &cause),
        };
        let is_certain = cause.iter().all(|thread| certain.contains(thread));
        finding.certainty = certainty(analysis, process, is_certain);
        reported.extend(&cause);
        findings.push(finding);
    }
    // All other stuck threads wait for the first of them, directly or not.
    let is_other = |stuck: &ThreadIndex| !reported.contains(stuck) && is_hung(analysis, *stuck);
    let others: Vec<_> = likely.iter().copied().filter(is_other).collect();
    if let Some(finding) = findings.first_mut().filter(|_| !others.is_empty()) {
        finding.why +=
            &format!(" Because of it {} can never go on either.", threads(analysis, &others));
        finding.threads.extend(&others);
        others.iter().for_each(|&stuck| show_wait(analysis, finding, stuck));
    }
    idle_senders(analysis, &likely, findings);
}

/// Whether the thread's process did not end by itself.
fn is_hung(analysis: &Analysis<'_>, thread: ThreadIndex) -> bool {
    !analysis.ended_by_itself(analysis.catalog.threads[thread].process)
}

fn certainty(analysis: &Analysis<'_>, process: ProcessIndex, is_certain: bool) -> Certainty {
    if is_certain && !analysis.is_incomplete {
        return Certainty::Certain;
    }
    let certain_if = if analysis.is_incomplete {
        "no event is missing from the recording"
    } else if analysis.wait_for.is_runnable(process) {
        "no thread that still runs can end the wait"
    } else if analysis.unrecorded_threads(process) == UnrecordedThreads::Some {
        "no thread that is not recorded can end the wait"
    } else {
        "all threads of the process are recorded (they use `instrumented::thread`)"
    };
    Certainty::Likely { certain_if: certain_if.to_owned() }
}

/// Adds the wait of a stuck thread to the evidence.
fn show_wait(analysis: &Analysis<'_>, finding: &mut Finding, thread: ThreadIndex) {
    if let Some(Blocked { wait, .. }) = analysis.wait_for.blocked(thread) {
        let what = format!("waits in {}", call(analysis, wait));
        finding.show(wait.begin, thread, what, wait.operation.place);
    }
}

/// The one thread that can end a wait, if that is known.
fn known_holder(blocked: &Blocked) -> Option<ThreadIndex> {
    match &blocked.needs {
        Needs::Any { any_thread: true, .. } => None,
        needs => match needs.edges() {
            [edge] => Some(edge.to),
            _ => None,
        },
    }
}

/// A finding about stuck threads, without its text.
fn stuck(analysis: &Analysis<'_>, code: Code, cause: &[ThreadIndex]) -> Finding {
    let mut finding = Finding::new(code, (Nanos::ZERO, Nanos::ZERO), 0);
    finding.threads = cause.to_vec();
    for &thread in cause {
        let Some(Blocked { wait, .. }) = analysis.wait_for.blocked(thread) else { continue };
        finding.place = finding.place.or(wait.operation.place);
        match wait.target() {
            Some(Target::Channel(channel)) if !finding.channels.contains(&channel) => {
                finding.channels.push(channel);
            }
            Some(Target::Primitive(primitive)) if !finding.primitives.contains(&primitive) => {
                finding.primitives.push(primitive);
            }
            _ => {}
        }
        show_wait(analysis, &mut finding, thread);
        finding.span.0 = finding.span.0.max(wait.begin);
        finding.span.1 = analysis.catalog.end_of_thread(thread);
    }
    // Clocks may disagree.
    finding.span.1 = finding.span.1.max(finding.span.0);
    finding.weight = finding.span.1.since(finding.span.0).get();
    finding
}

fn deadlock(analysis: &Analysis<'_>, cause: &[ThreadIndex]) -> Finding {
    let cycle = in_turn(analysis, cause);
    let mut finding = stuck(analysis, Code::Deadlock, &cycle);
    let parts = parts(analysis, &cycle);
    const MAX_NAMED: usize = 4;
    finding.what = parts[..parts.len().min(MAX_NAMED)].join("; ");
    if parts.len() > MAX_NAMED {
        finding.what += &format!("; and {} more wait likewise", parts.len() - MAX_NAMED);
    }
    finding.what += ".";
    finding.advice = advice(analysis, &cycle);
    finding.why = match cycle.len() {
        1 => "It waits for something that only it could do.".to_owned(),
        _ => "Each of them waits for something that only another of them could do.".to_owned(),
    };
    finding
}

/// The threads in the order in which they wait for each other; last those that only wait for
/// another to end.
fn in_turn(analysis: &Analysis<'_>, cause: &[ThreadIndex]) -> Vec<ThreadIndex> {
    let blocked = |thread: ThreadIndex| analysis.wait_for.blocked(thread);
    let only_joins = |thread: ThreadIndex| {
        matches!(blocked(thread).map(|it| it.wait.call()), Some(Call::Join | Call::Scope))
    };
    let mut left: Vec<_> = cause.to_vec();
    left.sort_by_key(|&thread| only_joins(thread));
    let mut cycle: Vec<ThreadIndex> = Vec::new();
    while !left.is_empty() {
        let last = cycle.last().and_then(|&last| blocked(last));
        let next = last.and_then(|last| {
            let mut next = last.needs.edges().iter().filter(|edge| !only_joins(edge.to));
            next.find_map(|edge| left.iter().position(|&thread| thread == edge.to))
        });
        cycle.push(left.remove(next.unwrap_or(0)));
    }
    cycle
}

/// Each wait, and the thread that causes it. Threads that wait alike are named together.
fn parts(analysis: &Analysis<'_>, cycle: &[ThreadIndex]) -> Vec<String> {
    let mut groups: Vec<(Vec<ThreadIndex>, &Blocked)> = Vec::new();
    for &thread in cycle {
        let Some(blocked) = analysis.wait_for.blocked(thread) else { continue };
        let key = |it: &Blocked| (it.wait.call(), it.wait.target(), it.wait.operation.place);
        let is_alike = |known: &Blocked| key(known) == key(blocked) && known.needs == blocked.needs;
        match groups.iter_mut().find(|(_, known)| is_alike(known)) {
            Some((threads, _)) => threads.push(thread),
            None => groups.push((vec![thread], blocked)),
        }
    }
    groups.iter().map(|(threads, blocked)| part(analysis, threads, blocked, cycle)).collect()
}

fn part(
    analysis: &Analysis<'_>,
    who: &[ThreadIndex],
    blocked: &Blocked,
    cycle: &[ThreadIndex],
) -> String {
    let mut part = waits(analysis, who, &blocked.wait);
    let edges: Vec<_> =
        blocked.needs.edges().iter().filter(|edge| cycle.contains(&edge.to)).collect();
    let name_of = |holder: ThreadIndex| match who {
        &[alone] if alone == holder => "itself",
        _ => thread(analysis, holder),
    };
    let names: Vec<_> = edges.iter().map(|edge| name_of(edge.to).to_owned()).collect();
    let names = list(&names);
    match (edges.first().map(|edge| edge.reason), blocked.wait.call()) {
        (Some(Reason::HoldsLock { place: held_at }), _) => {
            part += &format!(", held by {names}");
            if let Some(held_at) = held_at {
                part += &format!(" since {}", place(analysis, held_at));
            }
        }
        (Some(Reason::WaitsToWrite), _) => {
            part += &format!(", behind {names}, which waits to write")
        }
        (Some(Reason::HasSender(sender)), _) => {
            part += &format!(", for a message from {}", sender_name(analysis, sender));
            if let Some(holder) = known_holder(blocked) {
                part += &format!(", held by {}", name_of(holder));
            }
        }
        (_, Call::Send) => part += &send_part(analysis, blocked, name_of),
        (Some(Reason::IsInScope), _) => part += &format!(" for {names}"),
        (Some(Reason::RunsInitializer), _) => part += &format!(", run by {names}"),
        (None, Call::Recv) => part += ", for a message that no thread is left to send",
        (None, Call::CondvarWait) => part += ", and no thread is left to notify it",
        (None, Call::Park) => part += ", and no thread is left to unpark it",
        (None, Call::BarrierWait) => {
            if let Some(Target::Primitive(barrier)) = blocked.wait.target() {
                let size = analysis.catalog.primitives[barrier].size;
                part += &format!(", at which {} of {size} have arrived", who.len());
            }
        }
        _ => {}
    }
    part
}

/// Why a send waits.
fn send_part<'a>(
    analysis: &Analysis<'_>,
    blocked: &Blocked,
    name_of: impl Fn(ThreadIndex) -> &'a str,
) -> String {
    let Some(Target::Channel(channel)) = blocked.wait.target() else { return String::new() };
    let facts = &analysis.catalog.channels[channel];
    let mut part = match facts.is_rendezvous() {
        true => ", which no thread comes to receive".to_owned(),
        false => ", which is full".to_owned(),
    };
    // Before its first use, or while the recording paused, it may have been moved.
    let process = &analysis.state.processes[facts.process];
    if let [receiver] = &analysis.stats.channels[channel].receivers[..]
        && !process.has_paused_since(receiver.last)
    {
        part += &format!("; its receiver is with {}", name_of(receiver.thread));
    }
    part
}

fn advice(analysis: &Analysis<'_>, cycle: &[ThreadIndex]) -> String {
    let blocked = || cycle.iter().filter_map(|&thread| analysis.wait_for.blocked(thread));
    let any = |calls: &[Call]| blocked().any(|blocked| calls.contains(&blocked.wait.call()));
    // A sender that is known to be with a thread that waits in this call.
    let held_while_in = |call: Call| {
        blocked().find_map(|blocked| {
            let holder = analysis.wait_for.blocked(known_holder(blocked)?)?;
            let sender = blocked.needs.edges().iter().find_map(|edge| match edge.reason {
                Reason::HasSender(sender) => Some(sender_name(analysis, sender)),
                _ => None,
            });
            sender.filter(|_| holder.wait.call() == call)
        })
    };
    if let Some(sender) = held_while_in(Call::Join) {
        return format!("Drop {sender} before the join.");
    }
    if let Some(sender) = held_while_in(Call::Scope) {
        return format!("Drop {sender} before the scope ends, or move it into the scope's thread.");
    }
    let locks = [Call::Lock, Call::Read, Call::Write];
    let advice = if any(&[Call::BarrierWait]) {
        "Let as many threads come to the barrier as it waits for."
    } else if any(&[Call::CondvarWait]) {
        "Check the condition before waiting, as `wait_while` does, and notify after each change."
    } else if any(&[Call::Park]) {
        "Unpark it, or let it check for work before it parks."
    } else if any(&locks) && any(&[Call::Recv, Call::Send, Call::Join, Call::Scope]) {
        "Release the lock before waiting for another thread."
    } else if any(&locks) && cycle.len() == 1 {
        "Drop the first guard before locking again."
    } else if any(&locks) {
        "Take these locks in the same order everywhere."
    } else if any(&[Call::Send]) && cycle.len() == 1 {
        "Receive in another thread, or give the channel room for all messages that are sent before \
         the first is received."
    } else if any(&[Call::Send]) {
        "Let one of them receive first, or give the channels room for the messages sent before."
    } else if any(&[Call::Recv]) {
        "Let one of them send, or drop its sender, before it receives."
    } else {
        "Let one of them end without the other."
    };
    advice.to_owned()
}

/// How long a thread has waited until the end.
fn waited(analysis: &Analysis<'_>, thread: ThreadIndex, blocked: &Blocked) -> Nanos {
    analysis.catalog.end_of_thread(thread).since(blocked.wait.begin)
}
