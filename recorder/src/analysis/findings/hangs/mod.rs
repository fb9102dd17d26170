//! Waits that can never end, and runs that did not end by themselves.
//!
//! They are reported if the process did not end by itself: a wait that goes on when `main` returns
//! ends with the process, and many programs end like that. A cycle of locks and joins is reported in
//! any case.

use format::Call;

use super::words::{call, waits};
use super::{Certainty, Code, Finding};
use crate::analysis::wait_for::{Blocked, Needs, Reason};
use crate::analysis::{Analysis, UnrecordedThreads};
use crate::reading::Nanos;
use crate::reading::catalog::{ProcessIndex, Target, ThreadIndex};

mod deadlock;
mod forgotten_sender;
mod unfinished;

use deadlock::deadlock;
use forgotten_sender::{forgotten_sender, idle_senders, timeout_loops};
pub(crate) use unfinished::activity;
use unfinished::unfinished;

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
        let mut finding = match without_sender(analysis, &cause) {
            Some((receiver, blocked)) => forgotten_sender(analysis, receiver, blocked, &cause),
            None => deadlock(analysis, &cause),
        };
        let is_certain = cause.iter().all(|thread| certain.contains(thread));
        finding.certainty = certainty(analysis, process, is_certain);
        reported.extend(&cause);
        findings.push(finding);
    }
    // All other stuck threads wait for the first of them, directly or not.
    let is_other = |stuck: &ThreadIndex| !reported.contains(stuck) && is_hung(analysis, *stuck);
    let others: Vec<_> = likely.iter().copied().filter(is_other).collect();
    if let Some(finding) = findings.first_mut() {
        for &other in &others {
            add_victim(analysis, finding, other);
        }
    }
    timeout_loops(analysis, findings);
    idle_senders(analysis, &likely, findings);
    for process in analysis.catalog.processes.keys() {
        if !findings.iter().any(|finding| finding.process(analysis.catalog) == process) {
            findings.extend(unfinished(analysis, process));
        }
    }
}

/// The thread whose wait for a message explains that these are stuck, rather than a cycle: it waits
/// alone, or for a reply whose sender another thread has kept.
fn without_sender<'a>(
    analysis: &'a Analysis<'_>,
    cause: &[ThreadIndex],
) -> Option<(ThreadIndex, &'a Blocked)> {
    let receives = |&thread: &ThreadIndex| {
        let blocked = analysis.wait_for.blocked(thread)?;
        (blocked.wait.call() == Call::Recv).then_some((thread, blocked))
    };
    // The thread that has received the request waits for the next one.
    let waits_for_reply = |(_, blocked): &(ThreadIndex, &Blocked)| {
        blocked.needs.edges().iter().any(|edge| {
            let Reason::HasSender(sender) = edge.reason else { return false };
            let Some(parcel) = analysis.state.endpoints[sender].sent_with else { return false };
            let holder = analysis.wait_for.blocked(edge.to).map(|blocked| blocked.wait);
            let request = Some(Target::Channel(parcel.channel));
            holder.is_some_and(|wait| wait.call() == Call::Recv && wait.target() == request)
        })
    };
    match cause {
        [alone] => receives(alone),
        cause => cause.iter().filter_map(receives).find(waits_for_reply),
    }
}

/// Adds a thread that can never go on because of those that a finding is about.
fn add_victim(analysis: &Analysis<'_>, finding: &mut Finding, victim: ThreadIndex) {
    let Some(Blocked { wait, .. }) = analysis.wait_for.blocked(victim) else { return };
    finding.add_step(waits(analysis, &[victim], wait));
    finding.threads.push(victim);
    show_wait(analysis, finding, victim);
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

/// How long a thread has waited until the end.
fn waited(analysis: &Analysis<'_>, thread: ThreadIndex, blocked: &Blocked) -> Nanos {
    analysis.catalog.end_of_thread(thread).since(blocked.wait.begin)
}
