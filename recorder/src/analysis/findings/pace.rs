//! Stages that are faster or slower than their neighbours.

use super::words::{at, channel, counted, list, share, thread, threads};
use super::{Certainty, Code, Finding};
use crate::analysis::Analysis;
use crate::analysis::critical_path::{PathPart, Segment};
use crate::analysis::stats::channels::{BUSY, ChannelStats, User, waited};
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, Target};

pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    let ping_pong = ping_pong(analysis);
    for channel in analysis.catalog.channels.keys() {
        findings.extend(growing(analysis, channel));
        findings.extend(backpressure(analysis, channel));
        if !ping_pong.as_ref().is_some_and(|finding| finding.channels.contains(&channel)) {
            findings.extend(starved(analysis, channel));
        }
    }
    findings.extend(ping_pong);
}

/// A shorter time is not sustained.
const SUSTAINED: Nanos = Nanos::new(100_000_000);
/// A queue with fewer messages is not worth a change.
const MIN_QUEUE: u64 = 50;
/// A stage that handled fewer messages has no pace.
const MIN_STEADY: u64 = 32;

/// Whether a thread waits at least half of the time that it uses a channel.
fn waits_half(user: &User) -> bool {
    user.waited.get() >= user.span().get() / 2
}

/// Whether the mean depth in each quarter of the sends is more than a tenth above the one before.
fn is_growing(samples: &[(Nanos, u64)]) -> bool {
    let mean = |quarter: usize| {
        let part = &samples[quarter * samples.len() / 4..(quarter + 1) * samples.len() / 4];
        part.iter().map(|(_, depth)| *depth as f64).sum::<f64>() / part.len() as f64
    };
    let means: Vec<_> = (0..4).map(mean).collect();
    means.windows(2).all(|pair| pair[1] > 1.1 * pair[0])
}

/// An unbounded channel whose queue grew as long as messages were sent, so that in the end a quarter
/// of all messages was in it.
fn growing(analysis: &Analysis<'_>, index: ChannelIndex) -> Option<Finding> {
    let stats = &analysis.stats.channels[index];
    let (from, to) = stats.sending?;
    let samples = &stats.depth.samples;
    // Where receives are missing from the recording, every queue seems to grow.
    if analysis.catalog.channels[index].bound.is_some()
        || to.since(from) < SUSTAINED
        || samples.len() < 8
        || analysis.may_lack_events(index)
    {
        return None;
    }
    let sent = analysis.state.channels[index].all_sent();
    let depth = samples.last().map_or(0, |(_, depth)| *depth);
    // A burst that is worked off later is sent in less time than the work takes.
    if !is_growing(samples) || depth < MIN_QUEUE || depth < sent / 4 {
        return None;
    }
    let sender = stats.senders.iter().max_by_key(|user| user.messages)?;
    let receiver = stats.receivers.iter().max_by_key(|user| user.messages);
    let mut finding = Finding::new(Code::GrowingQueue, (from, to), stats.depth.max);
    finding.what = format!(
        "the queue of {} only grew, to {}: {} sent {sent} in {}{}, faster than {} received.",
        channel(analysis, index),
        counted(stats.depth.max, "message"),
        thread(analysis, sender.thread),
        to.since(from),
        at(analysis, sender.place),
        receiver.map_or("any thread", |user| thread(analysis, user.thread)),
    );
    finding.advice = "Give the channel a bound (`sync_channel`), or help its receiver.".to_owned();
    finding.why = format!(
        "Memory grows with the queue, and messages wait longer and longer: {} in the end.",
        stats.latency.max
    );
    finding.place = sender.place;
    finding.threads = vec![sender.thread];
    finding.threads.extend(receiver.map(|user| user.thread));
    finding.channels = vec![index];
    let what = format!("the queue holds {}", stats.depth.max);
    finding.show(stats.depth.max_at, sender.thread, what, sender.place);
    Some(finding)
}

/// Senders spend at least half of their time waiting for room in a channel.
fn backpressure(analysis: &Analysis<'_>, index: ChannelIndex) -> Option<Finding> {
    let stats = &analysis.stats.channels[index];
    // The purpose of a rendezvous is to wait for each other.
    let bound = analysis.catalog.channels[index].bound.filter(|&bound| bound > 0)?;
    let held_up: Vec<_> = stats.senders.iter().filter(|user| waits_half(user)).collect();
    let waited = waited(held_up.iter().copied());
    let waits: u64 = held_up.iter().map(|user| user.waits).sum();
    if waited < SUSTAINED || waits < MIN_STEADY {
        return None;
    }
    let receiver = stats.receivers.iter().max_by_key(|user| user.messages)?;
    // If the receiver itself waits for room further on, the cause is there.
    let passes_it_on = |(other, stats): (ChannelIndex, &ChannelStats)| {
        let mut receivers = stats.senders.iter().filter(|user| user.thread == receiver.thread);
        other != index && receivers.any(|user| user.waited.get() >= receiver.span().get() / 2)
    };
    // Or it waits for its sender in turn.
    if waits_half(receiver) || analysis.stats.channels.iter_enumerated().any(passes_it_on) {
        return None;
    }
    let worst = *held_up.iter().max_by_key(|user| user.waited)?;
    let names: Vec<_> = held_up.iter().map(|user| user.thread).collect();
    let slow = thread(analysis, receiver.thread);
    let mut finding = Finding::new(Code::Backpressure, (worst.first, worst.last), waited.get());
    finding.what = format!(
        "{} waited {waited} ({} of the time) for room in {} (bound {bound}){}, because {slow} is \
         slower.",
        threads(analysis, &names),
        share(worst.waited, worst.span()),
        channel(analysis, index),
        at(analysis, worst.place),
    );
    finding.advice = format!(
        "Make {slow} faster, or run several of it; a larger bound would only delay the wait."
    );
    finding.why = format!("{slow} sets the pace of all stages before it.");
    finding.place = worst.place;
    finding.threads = [receiver.thread].into_iter().chain(names).collect();
    finding.channels = vec![index];
    finding.show_last(worst, "last waits for room");
    finding.show_last(receiver, "last receives");
    Some(finding)
}

/// A receiver waits for nine tenths of the time for a stream of messages from one thread that does
/// not wait itself.
fn starved(analysis: &Analysis<'_>, index: ChannelIndex) -> Option<Finding> {
    let stats = &analysis.stats.channels[index];
    let ([sender], [receiver]) = (&stats.senders[..], &stats.receivers[..]) else { return None };
    let span = receiver.span();
    // One that sleeps sends when it is time to, and not when it can.
    let of_sender = &analysis.stats.threads[sender.thread];
    let produces = (of_sender.waited + of_sender.slept).get() < sender.span().get() / 10;
    // A steady stream, and not events that come now and then.
    let is_steady = receiver.longest.get() / 20 < receiver.waited.get() / receiver.waits.max(1);
    if receiver.waits < MIN_STEADY
        || receiver.waited.get() < 2 * SUSTAINED.get()
        || receiver.waited.get() < span.get() / 10 * 9
        || !produces
        || !is_steady
    {
        return None;
    }
    let (slow, fast) = (thread(analysis, sender.thread), thread(analysis, receiver.thread));
    let received = analysis.state.channels[index].received;
    let mut finding =
        Finding::new(Code::StarvedReceiver, (receiver.first, receiver.last), receiver.waited.get());
    finding.what = format!(
        "{fast} waited {} of the time for messages on {}{}: {slow} sends one every {}.",
        share(receiver.waited, span),
        channel(analysis, index),
        at(analysis, receiver.place),
        Nanos::new(span.get() / received.max(1)),
    );
    finding.advice =
        format!("Make {slow} faster, or run several of it; more receivers would wait, too.");
    let busy = 1.0 - receiver.waited.share_of(span);
    finding.why = format!("{fast} could do {:.0} times as much.", 1.0 / busy.max(0.001));
    finding.place = receiver.place;
    finding.threads = vec![receiver.thread, sender.thread];
    finding.channels = vec![index];
    finding.show_last(receiver, "last waits for a message");
    finding.show_last(sender, "last sends");
    finding.certainty = Certainty::Likely { certain_if: format!("{fast} has no other work") };
    Some(finding)
}

/// Ping-pong has at least this number of hand-offs on the critical path,
const MIN_HAND_OFFS: u64 = 200;
/// and they take at least this long in all.
const MIN_HANDED_OFF: Nanos = Nanos::new(10_000_000);

/// The critical path changes threads again and again, with less work between two hand-offs than it
/// takes to fall asleep and be woken. It spends a fifth of its time or more between the moment in
/// which a message is handed over and that in which the thread continues that waited for it.
fn ping_pong(analysis: &Analysis<'_>) -> Option<Finding> {
    let length = analysis.critical_path.length();
    let hand_offs = analysis.critical_path.parts.iter().filter_map(|part| match *part {
        PathPart { segment: Segment::HandOff(Some(Target::Channel(channel))), time, count } => {
            Some((channel, time, count))
        }
        _ => None,
    });
    let mut hand_offs: Vec<_> = hand_offs.collect();
    let time: Nanos = hand_offs.iter().map(|(_, time, _)| *time).sum();
    let count: u64 = hand_offs.iter().map(|(_, _, count)| count).sum();
    let work = Nanos::new(length.since(time).get() / count.max(1));
    let is_small = time.get() < length.get() / 5;
    if time < MIN_HANDED_OFF || count < MIN_HAND_OFFS || is_small || work > BUSY {
        return None;
    }
    // Those that matter.
    hand_offs.retain(|(_, part, _)| part.get() >= time.get() / 10);
    let first = hand_offs.first()?.0;
    let stats = &analysis.stats.channels[first];
    let begin = stats.sending.map_or(Nanos::ZERO, |(first, _)| first);
    let end = stats.receiving.map_or(Nanos::ZERO, |(_, last)| last);
    let mut finding = Finding::new(Code::PingPong, (begin, end), time.get());
    finding.channels = hand_offs.iter().map(|(channel, ..)| *channel).collect();
    for &(channel, ..) in &hand_offs {
        let receivers = &analysis.stats.channels[channel].receivers;
        if let Some(user) = receivers.iter().max_by_key(|user| user.waits)
            && !finding.threads.contains(&user.thread)
        {
            finding.threads.push(user.thread);
            finding.show_last(user, "last waits for a message");
            finding.place = finding.place.or(user.place);
        }
    }
    let names: Vec<_> = finding.channels.iter().map(|&index| channel(analysis, index)).collect();
    let spend = if finding.threads.len() == 1 { "spends" } else { "spend" };
    finding.what = format!(
        "{} {spend} {} of the run handing over single messages on {}{}: {} one after the other, {} \
         each.",
        threads(analysis, &finding.threads),
        share(time, length),
        list(&names),
        at(analysis, finding.place),
        counted(count, "hand-off"),
        Nanos::new(time.get() / count.max(1)),
    );
    finding.advice = "Send many at a time, or do the work where it arises.".to_owned();
    finding.why = "Waking a thread takes longer than its work on the message.".to_owned();
    Some(finding)
}
