//! Stages that are faster or slower than their neighbours.

use super::words::{at, channel, percent, thread, threads};
use super::{Certainty, Code, Evidence, Finding, sum};
use crate::analysis::Analysis;
use crate::analysis::critical_path::Part;
use crate::analysis::stats::channels::{BUSY, Channel, Side};
use crate::analysis::wait_for::On;
use crate::report::summary::{counted, duration};

pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    let ping_pong = ping_pong(analysis);
    for index in 0..analysis.channels.len() {
        findings.extend(growing(analysis, index));
        findings.extend(backpressure(analysis, index));
        if !ping_pong.as_ref().is_some_and(|finding| finding.channels.contains(&index)) {
            findings.extend(starved(analysis, index));
        }
    }
    findings.extend(ping_pong);
}

/// What lasts less, in nanoseconds, is not sustained.
const SUSTAINED: u64 = 100_000_000;
/// A queue that holds fewer messages is not worth a change.
const GROWN: u64 = 50;
/// A stage that handled fewer messages has shown no pace.
const STEADY: u64 = 32;

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Evidence of what a thread did last at a channel.
fn last(side: &Side, what: &str) -> Evidence {
    Evidence { time: side.last, thread: side.thread, what: what.to_owned(), site: side.site }
}

/// A channel without a bound whose queue grew all the while messages were sent, so that in the
/// end a quarter of all messages stood in it.
fn growing(analysis: &Analysis<'_>, index: usize) -> Option<Finding> {
    let state = &analysis.channels[index];
    let (from, to) = state.sending?;
    let samples = state.depth.samples();
    let bounded = analysis.entities.channels[index].bound.is_some();
    if bounded || to.saturating_sub(from) < SUSTAINED || samples.len() < 8 {
        return None;
    }
    // The mean depth in each quarter of the sends is more than a tenth above the one before.
    let quarters: Vec<f64> = (0..4)
        .map(|quarter| {
            let part = &samples[quarter * samples.len() / 4..(quarter + 1) * samples.len() / 4];
            part.iter().map(|sample| sample.1 as f64).sum::<f64>() / part.len() as f64
        })
        .collect();
    let grows = quarters.windows(2).all(|pair| pair[1] > 1.1 * pair[0]);
    let grown = samples.last().map_or(0, |sample| sample.1);
    let blind = analysis.processes[analysis.entities.channels[index].process].is_blind();
    // Where receives are missing any queue seems to grow.
    let unknown = blind || analysis.incomplete;
    // A burst that is worked off later is sent in less time than it takes to work it off.
    if !grows || grown < GROWN || grown < state.sent / 4 || unknown {
        return None;
    }
    let sender = state.senders.iter().max_by_key(|side| side.messages)?;
    let receiver = state.receivers.iter().max_by_key(|side| side.messages);
    let mut finding = Finding::new(Code::GrowingQueue);
    finding.what = format!(
        "the queue of {} only grew, to {}: {} sent {} in {}{}, faster than {} received.",
        channel(analysis, index),
        counted(state.depth.max, "message"),
        thread(analysis, sender.thread),
        state.sent,
        duration(to.saturating_sub(from)),
        at(analysis, sender.site),
        receiver.map_or("anybody", |side| thread(analysis, side.thread)),
    );
    finding.advice = "Give the channel a bound (`sync_channel`), or its receiver help.".to_owned();
    finding.why = format!(
        "Memory grows with the queue, and a message waits ever longer: {} in the end.",
        duration(state.latency.max())
    );
    finding.site = sender.site;
    finding.threads = vec![sender.thread];
    finding.threads.extend(receiver.map(|side| side.thread));
    finding.channels = vec![index];
    finding.span = (from, to);
    finding.evidence.push(Evidence {
        time: state.depth.max_at,
        thread: sender.thread,
        what: format!("the queue holds {}", state.depth.max),
        site: sender.site,
    });
    finding.weight = state.depth.max;
    Some(finding)
}

/// Senders spend at least half of their time waiting for room in a channel.
fn backpressure(analysis: &Analysis<'_>, index: usize) -> Option<Finding> {
    let state = &analysis.channels[index];
    // In a rendezvous waiting for each other is the purpose.
    let bound = analysis.entities.channels[index].bound.filter(|&bound| bound > 0)?;
    let held_up: Vec<&Side> =
        state.senders.iter().filter(|side| side.waited >= side.span() / 2).collect();
    let waited: u64 = sum(held_up.iter().map(|side| side.waited));
    let waits: u64 = held_up.iter().map(|side| side.waits).sum();
    if waited < SUSTAINED || waits < STEADY {
        return None;
    }
    // Whoever receives may itself wait for room further on: then the cause is there.
    let receiver = state.receivers.iter().max_by_key(|side| side.messages)?;
    let passes_it_on = analysis.channels.iter().enumerate().any(|(other, state)| {
        other != index
            && state
                .senders
                .iter()
                .any(|side| side.thread == receiver.thread && side.waited >= receiver.span() / 2)
    });
    // Or wait for its sender in turn.
    let waits_in_turn = receiver.waited >= receiver.span() / 2;
    if passes_it_on || waits_in_turn {
        return None;
    }
    let worst = held_up.iter().max_by_key(|side| side.waited)?;
    let mut finding = Finding::new(Code::Backpressure);
    let names: Vec<_> = held_up.iter().map(|side| side.thread).collect();
    finding.what = format!(
        "{} waited {} ({} of the time) for room in {} (bound {bound}){}, as {} is slower.",
        threads(analysis, &names),
        duration(waited),
        percent(worst.waited, worst.span()),
        channel(analysis, index),
        at(analysis, worst.site),
        thread(analysis, receiver.thread),
    );
    finding.advice = format!(
        "Make {} faster or have several of it; a larger bound would only put it off.",
        thread(analysis, receiver.thread)
    );
    finding.why = format!("{} sets the pace of all before it.", thread(analysis, receiver.thread));
    finding.site = worst.site;
    finding.threads = [receiver.thread].into_iter().chain(names).collect();
    finding.channels = vec![index];
    finding.span = (worst.first, worst.last);
    finding.evidence = vec![last(worst, "last waits for room"), last(receiver, "last receives")];
    finding.weight = waited;
    Some(finding)
}

/// A receiver waits for nine tenths of the time on a stream of messages, which one thread
/// produces that does not wait itself.
fn starved(analysis: &Analysis<'_>, index: usize) -> Option<Finding> {
    let state: &Channel = &analysis.channels[index];
    let ([sender], [receiver]) = (&state.senders[..], &state.receivers[..]) else { return None };
    let span = receiver.span();
    let produces = analysis.threads[sender.thread].waited() < sender.span() / 10;
    // A stream, and not events that come when they come.
    let steady = receiver.longest / 20 < receiver.waited / receiver.waits.max(1);
    if receiver.waits < STEADY
        || receiver.waited < 2 * SUSTAINED
        || receiver.waited < span / 10 * 9
        || !produces
        || !steady
    {
        return None;
    }
    let mut finding = Finding::new(Code::StarvedReceiver);
    finding.what = format!(
        "{} waited {} of the time for messages on {}{}, as {} sends one in {}.",
        thread(analysis, receiver.thread),
        percent(receiver.waited, span),
        channel(analysis, index),
        at(analysis, receiver.site),
        thread(analysis, sender.thread),
        duration(span / state.received.max(1)),
    );
    finding.advice = format!(
        "Make {} faster or have several of it; more receivers would wait as well.",
        thread(analysis, sender.thread)
    );
    finding.why = format!(
        "{} could do {:.0} times as much.",
        thread(analysis, receiver.thread),
        1.0 / (1.0 - share(receiver.waited, span)).max(0.001)
    );
    finding.site = receiver.site;
    finding.threads = vec![receiver.thread, sender.thread];
    finding.channels = vec![index];
    finding.span = (receiver.first, receiver.last);
    finding.evidence = vec![last(receiver, "last waits for a message"), last(sender, "last sends")];
    finding.certainty = Certainty::Likely {
        certain_if: format!("{} has nothing else to do", thread(analysis, receiver.thread)),
    };
    finding.weight = receiver.waited;
    Some(finding)
}

/// So many hand-offs are on the critical path of what plays ping-pong.
const HAND_OFFS: u64 = 200;
/// And take so long in all, in nanoseconds.
const HANDED_OVER: u64 = 10_000_000;

/// The critical path changes threads again and again, with less work between two hand-offs than
/// it takes to fall asleep and be woken; a fifth of it or more is spent between the instant in
/// which a message is handed over and that in which the thread goes on that waited for it.
fn ping_pong(analysis: &Analysis<'_>) -> Option<Finding> {
    let length = analysis.path.length();
    let mut hand_offs: Vec<(usize, u64, u64)> = Vec::new();
    for &(part, time, count) in &analysis.path.parts {
        if let Part::HandOff(On::Channel(channel)) = part {
            hand_offs.push((channel, time, count));
        }
    }
    let time = hand_offs.iter().fold(0, |sum: u64, hand_off| sum.saturating_add(hand_off.1));
    let count: u64 = hand_offs.iter().map(|hand_off| hand_off.2).sum();
    let work = (length - time) / count.max(1);
    if time < HANDED_OVER || count < HAND_OFFS || time < length / 5 || work > BUSY {
        return None;
    }
    // Those that matter.
    hand_offs.retain(|hand_off| hand_off.1 >= time / 10);
    let first = hand_offs.first()?.0;
    let mut finding = Finding::new(Code::PingPong);
    finding.channels = hand_offs.iter().map(|hand_off| hand_off.0).collect();
    for &channel in &finding.channels {
        let sides = analysis.channels[channel].receivers.iter().max_by_key(|side| side.waits);
        if let Some(side) = sides
            && !finding.threads.contains(&side.thread)
        {
            finding.threads.push(side.thread);
            finding.evidence.push(last(side, "last waits for a message"));
            finding.site = finding.site.or(side.site);
        }
    }
    let names: Vec<_> = finding.channels.iter().map(|&index| channel(analysis, index)).collect();
    finding.what = format!(
        "{} spend {} of the run handing over single messages on {}{}: {} one after the other, {} \
         each.",
        threads(analysis, &finding.threads),
        percent(time, length),
        super::words::list(&names),
        at(analysis, finding.site),
        counted(count, "hand-off"),
        duration(time / count.max(1)),
    );
    finding.advice = "Send many at a time, or do the work where it arises.".to_owned();
    finding.why = "Waking a thread takes longer than what it then does.".to_owned();
    let state = &analysis.channels[first];
    finding.span = (
        state.sending.map_or(0, |sending| sending.0),
        state.receiving.map_or(0, |receiving| receiving.1),
    );
    finding.weight = time;
    Some(finding)
}
