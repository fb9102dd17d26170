//! Messages that were sent and never received.

use super::words::{at, channel, counted, place_after, thread, threads};
use super::{Code, Finding};
use crate::analysis::Analysis;
use crate::analysis::stats::channels::{Disconnected, User};
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, ThreadIndex};

pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    for channel in analysis.catalog.channels.keys() {
        findings.extend(lost(analysis, channel));
        findings.extend(disconnected(analysis, channel));
    }
}

/// Messages that were still queued when the receiver was dropped, or the process ended.
fn lost(analysis: &Analysis<'_>, index: ChannelIndex) -> Option<Finding> {
    let known = &analysis.state.channels[index];
    let facts = &analysis.catalog.channels[index];
    let process = facts.process;
    // Their receives may be missing from the recording.
    if analysis.may_lack_events(index) {
        return None;
    }
    let senders = &analysis.stats.channels[index].senders;
    let sender = senders.iter().max_by_key(|user| user.messages);
    // A process that was killed need not have worked off its queues.
    let ended = analysis.catalog.processes[process].ended;
    let main = analysis.state.processes[process].main;
    let is_known = ended.is_none_or(|ended| ended.is_status_known)
        || main.is_some_and(|main| analysis.state.threads[main].ended.is_some());
    let mut finding = match known.receiver_gone {
        Some((time, by)) if known.lost > 0 => lost_with_receiver(analysis, index, time, by),
        // The receiver has it when the send returns, although the process may end before it says so.
        None if facts.is_rendezvous() => return None,
        None if known.depth > 0 && is_known && analysis.ended_by_itself(process) => {
            lost_at_end(analysis, index, sender)
        }
        _ => return None,
    };
    if let Some(sender) = sender {
        finding.show_last(sender, "last sends");
        finding.place = finding.place.or(sender.place);
    }
    finding.why = "Each of these sends returned `Ok`.".to_owned();
    finding.channels = vec![index];
    Some(finding)
}

fn lost_with_receiver(
    analysis: &Analysis<'_>,
    index: ChannelIndex,
    time: Nanos,
    by: ThreadIndex,
) -> Finding {
    let known = &analysis.state.channels[index];
    let last = analysis.stats.channels[index].receivers.iter().max_by_key(|user| user.last);
    let last_at = last.and_then(|last| last.place);
    let received = match last_at {
        _ if known.received == 0 => "it had received none".to_owned(),
        last_at => {
            let last = place_after(analysis, ", the last at ", last_at, "");
            format!("it had received {}{last}", known.received)
        }
    };
    let mut finding = Finding::new(Code::LostMessages, (time, time), known.lost);
    finding.what = format!(
        "{} of {} sent to {} {} still queued when {} dropped its receiver; {received}.",
        known.lost,
        known.all_sent(),
        channel(analysis, index),
        if known.lost == 1 { "was" } else { "were" },
        thread(analysis, by),
    );
    finding.advice = "Receive until no message is left, or let the senders stop first.".to_owned();
    finding.place = last_at;
    finding.threads = vec![by];
    finding.show(time, by, "drops the receiver", None);
    finding
}

fn lost_at_end(analysis: &Analysis<'_>, index: ChannelIndex, sender: Option<&User>) -> Finding {
    let known = &analysis.state.channels[index];
    let end = analysis.catalog.end_of(analysis.catalog.channels[index].process);
    let mut finding = Finding::new(Code::LostMessages, (end, end), known.depth);
    finding.place = sender.and_then(|sender| sender.place);
    finding.what = format!(
        "{} of {} sent to {}{} {} still queued when the process ended.",
        known.depth,
        known.all_sent(),
        channel(analysis, index),
        at(analysis, finding.place),
        if known.depth == 1 { "was" } else { "were" },
    );
    let receivers = &analysis.stats.channels[index].receivers;
    finding.threads = receivers.iter().map(|user| user.thread).collect();
    finding.advice = match &finding.threads[..] {
        [] => "Receive them before `main` returns.".to_owned(),
        receivers => format!(
            "Drop the senders and join {} before `main` returns.",
            threads(analysis, receivers)
        ),
    };
    finding
}

/// Sends to a receiver that is gone, where a thread continues after the first.
fn disconnected(analysis: &Analysis<'_>, index: ChannelIndex) -> Option<Finding> {
    // A sender learns from one failed send that it can stop.
    let is_ignored = |sends: &&Disconnected| {
        let panic = analysis.state.threads[sends.thread].panic.as_ref();
        let panics =
            panic.is_some_and(|it| it.time >= sends.last) && analysis.has_panicked(sends.thread);
        // The panic is the finding then.
        sends.count > 1 && !panics
    };
    let ignored: Vec<_> =
        analysis.stats.channels[index].disconnected.iter().filter(is_ignored).collect();
    let first = ignored.first()?;
    let last = ignored.iter().map(|sends| sends.last).max()?;
    let receiver_gone = analysis.state.channels[index].receiver_gone;
    let count = ignored.iter().map(|sends| sends.count).sum();
    let mut finding = Finding::new(Code::DisconnectedSend, (first.first, last), count);
    finding.threads = ignored.iter().map(|sends| sends.thread).collect();
    finding.what = format!(
        "{} by {} on {}{} found the receiver gone",
        counted(count, "send"),
        threads(analysis, &finding.threads),
        channel(analysis, index),
        at(analysis, first.place),
    );
    finding.what += &match receiver_gone {
        Some((_, by)) => format!("; {} had dropped it.", thread(analysis, by)),
        None => ".".to_owned(),
    };
    finding.advice =
        "Stop at the first error, or keep the receiver until the senders are gone.".to_owned();
    finding.why = "Each of these messages was returned to its sender.".to_owned();
    finding.place = first.place;
    finding.channels = vec![index];
    for sends in ignored {
        finding.show(sends.first, sends.thread, "sends without a receiver", sends.place);
    }
    if let Some((time, thread)) = receiver_gone {
        finding.show(time, thread, "drops the receiver", None);
    }
    Some(finding)
}
