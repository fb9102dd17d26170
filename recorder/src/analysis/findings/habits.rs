//! Ways of using a channel that cost more than they bring.

use super::words::{at, channel, percent, thread};
use super::{Certainty, Code, Evidence, Finding};
use crate::analysis::Analysis;
use crate::report::summary::{counted, duration};

pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    for index in 0..analysis.channels.len() {
        findings.extend(polling(analysis, index));
        findings.extend(timeouts(analysis, index));
        findings.extend(unused(analysis, index));
    }
}

/// So many looks at once, and so long in all, in nanoseconds, keep a core busy for nothing.
const LOOKS: u64 = 500;
const LOOKING: u64 = 5_000_000;

/// A receive that does not wait finds nothing and looks again at once, many times for each
/// message.
fn polling(analysis: &Analysis<'_>, index: usize) -> Option<Finding> {
    let state = &analysis.channels[index];
    let polling = state.polling;
    let by = state.receivers.iter().max_by_key(|side| side.refused + side.waits)?;
    if polling.count < LOOKS || polling.time < LOOKING || polling.count < 10 * state.received {
        return None;
    }
    let mut finding = Finding::new(Code::BusyPolling);
    finding.what = format!(
        "{} looked {} in vain for messages on {}{}, again and again without waiting, for {} of \
         its time.",
        thread(analysis, by.thread),
        counted(polling.count + 1, "time"),
        channel(analysis, index),
        at(analysis, by.site),
        percent(polling.time, by.span()),
    );
    finding.advice = "Wait with `recv`, or with `recv_timeout` if there is something else to do \
                      now and then."
        .to_owned();
    finding.why = format!("A core is busy for {} doing nothing.", duration(polling.time));
    finding.site = by.site;
    finding.threads = vec![by.thread];
    finding.channels = vec![index];
    finding.span = (polling.first, by.last);
    let (time, site) = (polling.first, by.site);
    let what = "begins to poll".to_owned();
    finding.evidence.push(Evidence { time, thread: by.thread, what, site });
    finding.weight = polling.time;
    Some(finding)
}

/// So many waits with a limit, and so long in all, in nanoseconds, show a habit.
const EXPIRED: u64 = 20;
const EXPIRED_TIME: u64 = 100_000_000;

/// Nine of ten receives with a limit in time wait in vain.
fn timeouts(analysis: &Analysis<'_>, index: usize) -> Option<Finding> {
    let state = &analysis.channels[index];
    let timeouts = state.timeouts;
    let (time, by, site) = timeouts.last?;
    if timeouts.expired < EXPIRED
        || timeouts.waited < EXPIRED_TIME
        || timeouts.expired < timeouts.waits / 10 * 9
        || state.received > timeouts.expired / 10
    {
        return None;
    }
    let mut finding = Finding::new(Code::ExpiredTimeouts);
    finding.what = format!(
        "{} of {} waits of {} in recv_timeout on {}{} were in vain; one lasts {}.",
        timeouts.expired,
        timeouts.waits,
        thread(analysis, by),
        channel(analysis, index),
        at(analysis, site),
        duration(timeouts.waited / timeouts.expired.max(1)),
    );
    finding.advice = "Wait with `recv` if there is nothing else to do, or for longer.".to_owned();
    finding.why = "Each wakes the thread for nothing.".to_owned();
    finding.certainty =
        Certainty::Likely { certain_if: "it is not there to do something at intervals".to_owned() };
    finding.site = site;
    finding.threads = vec![by];
    finding.channels = vec![index];
    finding.span = (state.made.map_or(0, |made| made.0), time);
    let what = "waits in vain for the last time".to_owned();
    finding.evidence.push(Evidence { time, thread: by, what, site });
    finding.weight = timeouts.waited;
    Some(finding)
}

/// A channel that is over and that nobody has used, or whose receiver has never received
/// although messages were sent.
fn unused(analysis: &Analysis<'_>, index: usize) -> Option<Finding> {
    let state = &analysis.channels[index];
    let entity = &analysis.entities.channels[index];
    let (made, by) = state.made?;
    // What is not over may still come to be used.
    let over = state.receiver_gone.is_some() && state.live_senders == 0;
    if !over || analysis.processes[entity.process].is_blind() || analysis.incomplete {
        return None;
    }
    let mut finding = Finding::new(Code::UnusedEndpoint);
    let made_at = at(analysis, entity.site);
    if !state.is_used() {
        finding.what = format!(
            "nobody sent or received on {}, which {} made{made_at}.",
            channel(analysis, index),
            thread(analysis, by),
        );
        finding.advice = "Use it, or leave it out.".to_owned();
    } else if state.receivers.is_empty() && state.sent > 0 {
        finding.what = format!(
            "nobody ever received on {}, which {} made{made_at}; {} sent.",
            channel(analysis, index),
            thread(analysis, by),
            match state.sent {
                1 => "1 message was".to_owned(),
                sent => format!("{sent} messages were"),
            },
        );
        finding.advice = "Receive them, or do not send them.".to_owned();
    } else {
        return None;
    }
    finding.why = "What is made and not used hides what is.".to_owned();
    finding.site = entity.site;
    finding.threads = vec![by];
    finding.channels = vec![index];
    finding.span = (made, made);
    let what = "makes the channel".to_owned();
    finding.evidence.push(Evidence { time: made, thread: by, what, site: entity.site });
    Some(finding)
}
