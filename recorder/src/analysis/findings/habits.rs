//! Uses of a channel that cost more than they bring.

use super::words::{at, channel, counted, share, thread};
use super::{Certainty, Code, Finding};
use crate::analysis::Analysis;
use crate::reading::Nanos;
use crate::reading::catalog::ChannelIndex;
use crate::replay::Use;

pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    for channel in analysis.catalog.channels.keys() {
        findings.extend(polling(analysis, channel));
        findings.extend(timeouts(analysis, channel));
        findings.extend(unused(analysis, channel));
    }
}

/// This number of attempts at once, and this time, keep a core busy for nothing.
const MIN_ATTEMPTS: u64 = 500;
const MIN_POLLING: Nanos = Nanos::new(5_000_000);

/// A receive that does not wait finds nothing and tries again at once, many times for each message.
fn polling(analysis: &Analysis<'_>, index: ChannelIndex) -> Option<Finding> {
    let stats = &analysis.stats.channels[index];
    let polling = stats.polling;
    let by = stats.receivers.iter().max_by_key(|user| user.refused + user.waits)?;
    let is_rare = polling.count < 10 * analysis.state.channels[index].received;
    if polling.count < MIN_ATTEMPTS || polling.time < MIN_POLLING || is_rare {
        return None;
    }
    let span = (polling.first, by.last);
    let mut finding = Finding::new(Code::BusyPolling, span, polling.time.get());
    finding.what = format!(
        "{} looked {} in vain for messages on {}{}, again and again without waiting, for {} of its \
         time.",
        thread(analysis, by.thread),
        counted(polling.count + 1, "time"),
        channel(analysis, index),
        at(analysis, by.place),
        share(polling.time, by.span()),
    );
    finding.advice =
        "Wait with `recv`, or with `recv_timeout` if there is other work to do now and then."
            .to_owned();
    finding.why = format!("A core is busy for {} doing nothing.", polling.time);
    finding.place = by.place;
    finding.threads = vec![by.thread];
    finding.channels = vec![index];
    finding.show(polling.first, by.thread, "begins to poll", by.place);
    Some(finding)
}

/// This number of timeouts, and this time, are a habit.
const MIN_EXPIRED: u64 = 20;
const MIN_EXPIRED_TIME: Nanos = Nanos::new(100_000_000);

/// Nine of ten receives with a timeout wait in vain.
fn timeouts(analysis: &Analysis<'_>, index: ChannelIndex) -> Option<Finding> {
    let timeouts = analysis.stats.channels[index].timeouts;
    let Use { time, thread: by, place } = timeouts.last?;
    if timeouts.expired < MIN_EXPIRED
        || timeouts.waited < MIN_EXPIRED_TIME
        || timeouts.expired < timeouts.waits / 10 * 9
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
