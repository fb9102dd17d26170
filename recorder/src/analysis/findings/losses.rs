//! What was sent and never received, and threads that have panicked.

use super::words::{at, channel, list, place, thread, threads};
use super::{Certainty, Code, Evidence, Finding};
use crate::analysis::Analysis;
use crate::analysis::stats::channels::{Channel, Side};
use crate::report::summary::counted;

pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    for thread in 0..analysis.threads.len() {
        findings.extend(panic(analysis, thread));
    }
    for index in 0..analysis.channels.len() {
        findings.extend(lost(analysis, index));
        findings.extend(disconnected(analysis, index));
    }
}

/// A thread has panicked, and nobody has caught that.
fn panic(analysis: &Analysis<'_>, who: usize) -> Option<Finding> {
    let panic = analysis.threads[who].panic.as_ref().filter(|panic| panic.is_uncaught())?;
    let process = &analysis.processes[analysis.entities.threads[who].process];
    let mut finding = Finding::new(Code::Panic);
    if !panic.has_outcome() && process.has_paused_since(panic.time) {
        let certain_if = "it was not caught while the recording paused".to_owned();
        finding.certainty = Certainty::Likely { certain_if };
    }
    let name = thread(analysis, who);
    finding.what = format!("{name} panicked{}", at(analysis, panic.site));
    if !panic.message.is_empty() {
        let line = panic.message.lines().next().unwrap_or_default();
        finding.what += &format!(": {line:?}");
    }
    finding.what += ".";
    let mut stranded = Vec::new();
    for (index, state) in analysis.channels.iter().enumerate() {
        let dropped_by_it =
            state.receiver_gone.is_some_and(|(gone, by)| by == who && gone >= panic.time);
        if dropped_by_it && state.lost > 0 {
            finding.channels.push(index);
            let lost = counted(state.lost, "message");
            stranded.push(format!("{lost} in {}", channel(analysis, index)));
        }
        let returned = state.disconnected.iter().filter(|sends| sends.first >= panic.time);
        let returned: u64 = returned.map(|sends| sends.count).sum();
        if dropped_by_it && returned > 0 {
            let returned = counted(returned, "send");
            stranded.push(format!("{returned} to {}", channel(analysis, index)));
        }
    }
    if !stranded.is_empty() {
        finding.what += &format!(" It stranded {}.", list(&stranded));
    }
    finding.advice = "Have it return an error in place of panicking.".to_owned();
    finding.why =
        "What the thread was still to do is not done, and only a `join` tells.".to_owned();
    finding.site = panic.site;
    finding.threads = vec![who];
    finding.span = (panic.time, panic.time);
    let (time, site) = (panic.time, panic.site);
    finding.evidence.push(Evidence { time, thread: who, what: "panics".to_owned(), site });
    // The first comes first.
    finding.weight = u64::MAX - panic.time;
    Some(finding)
}

/// Whoever sent the most, and from where.
fn most(sides: &[Side]) -> Option<&Side> {
    sides.iter().max_by_key(|side| side.messages)
}

/// Messages that were still queued when the receiver was dropped, or the process ended.
fn lost(analysis: &Analysis<'_>, index: usize) -> Option<Finding> {
    let state = &analysis.channels[index];
    let process = analysis.entities.channels[index].process;
    // Where events are missing, or were left out, their receives may have been.
    if analysis.processes[process].is_blind() || analysis.incomplete {
        return None;
    }
    let name = channel(analysis, index);
    let sender = most(&state.senders);
    let mut finding = Finding::new(Code::LostMessages);
    let count = match state.receiver_gone {
        Some((time, by)) if state.lost > 0 => {
            let last = state.receivers.iter().max_by_key(|side| side.last);
            let received = match last.and_then(|last| last.site) {
                _ if state.received == 0 => "it had received none".to_owned(),
                Some(site) => format!(
                    "it had received {}, the last at {}",
                    state.received,
                    place(analysis, site)
                ),
                None => format!("it had received {}", state.received),
            };
            finding.what = format!(
                "{} of {} sent to {name} {} still queued when {} dropped its receiver; {received}.",
                state.lost,
                state.sent,
                if state.lost == 1 { "was" } else { "were" },
                thread(analysis, by),
            );
            finding.advice =
                "Receive until there is nothing left, or have the senders stop first.".to_owned();
            finding.site = last.and_then(|last| last.site);
            finding.threads = vec![by];
            finding.span = (time, time);
            let what = "drops the receiver".to_owned();
            finding.evidence.push(Evidence { time, thread: by, what, site: None });
            state.lost
        }
        None if state.depth.now > 0 && analysis.processes[process].ended_by_itself => {
            let end = analysis.end_of(process);
            finding.what = format!(
                "{} of {} sent to {name}{} {} still queued when the process ended.",
                state.depth.now,
                state.sent,
                at(analysis, sender.and_then(|sender| sender.site)),
                if state.depth.now == 1 { "was" } else { "were" },
            );
            let receivers: Vec<_> = state.receivers.iter().map(|side| side.thread).collect();
            finding.advice = match &receivers[..] {
                [] => "Receive them before `main` returns.".to_owned(),
                _ => format!(
                    "Drop the senders and join {} before `main` returns.",
                    threads(analysis, &receivers)
                ),
            };
            finding.threads = receivers;
            finding.span = (end, end);
            finding.site = sender.and_then(|sender| sender.site);
            state.depth.now
        }
        _ => return None,
    };
    if let Some(Side { thread, last, site, .. }) = sender {
        let what = "last sends".to_owned();
        finding.evidence.push(Evidence { time: *last, thread: *thread, what, site: *site });
        finding.site = finding.site.or(*site);
    }
    finding.why = "Whoever sent them was told that all is well.".to_owned();
    finding.channels = vec![index];
    finding.weight = count;
    Some(finding)
}

/// Sends to a receiver that is gone, where a thread goes on after the first, or panics at it.
fn disconnected(analysis: &Analysis<'_>, index: usize) -> Option<Finding> {
    let Channel { disconnected, receiver_gone, .. } = &analysis.channels[index];
    let heedless = disconnected.iter().filter(|sends| {
        let panics = || {
            let panic = analysis.threads[sends.thread].panic.as_ref();
            panic.is_some_and(|panic| panic.is_uncaught() && panic.time >= sends.last)
        };
        // One that fails is how a sender is told to stop.
        sends.count > 1 || panics()
    });
    let heedless: Vec<_> = heedless.collect();
    let first = heedless.first()?;
    let count: u64 = heedless.iter().map(|sends| sends.count).sum();
    let by: Vec<_> = heedless.iter().map(|sends| sends.thread).collect();
    let mut finding = Finding::new(Code::DisconnectedSend);
    finding.what = format!(
        "{} by {} on {}{} found the receiver gone",
        counted(count, "send"),
        threads(analysis, &by),
        channel(analysis, index),
        at(analysis, first.site),
    );
    match receiver_gone {
        Some((_, by)) => {
            finding.what += &format!("; {} had dropped it.", thread(analysis, *by));
        }
        None => finding.what += ".",
    }
    finding.advice =
        "Stop at the first error, or keep the receiver until the senders are gone.".to_owned();
    finding.why = "Each of these messages came back to its sender.".to_owned();
    finding.site = first.site;
    finding.channels = vec![index];
    finding.span = (first.first, heedless.iter().map(|sends| sends.last).max().unwrap_or(0));
    for sends in &heedless {
        let what = "sends to nobody".to_owned();
        let (time, thread, site) = (sends.first, sends.thread, sends.site);
        finding.evidence.push(Evidence { time, thread, what, site });
    }
    if let Some((time, thread)) = *receiver_gone {
        let what = "drops the receiver".to_owned();
        finding.evidence.push(Evidence { time, thread, what, site: None });
    }
    finding.threads = by;
    finding.weight = count;
    Some(finding)
}
