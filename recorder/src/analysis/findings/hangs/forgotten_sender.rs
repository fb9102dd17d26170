//! Receives that never end because a sender is still alive.

use format::Call;

use super::{is_hung, known_holder, stuck, waited};
use crate::analysis::Analysis;
use crate::analysis::findings::panics::UNWINDING;
use crate::analysis::findings::words::{at, channel, counted, place_after, thread, waits};
use crate::analysis::findings::{Certainty, Code, Finding};
use crate::analysis::wait_for::{Blocked, Needs};
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, EndpointIndex, Target, ThreadIndex};
use crate::replay::{Parcel, Use};

pub(super) fn forgotten_sender(
    analysis: &Analysis<'_>,
    alone: ThreadIndex,
    blocked: &Blocked,
    cause: &[ThreadIndex],
) -> Finding {
    let others = cause.iter().copied().filter(|&thread| thread != alone);
    let threads: Vec<_> = [alone].into_iter().chain(others.clone()).collect();
    let mut finding = stuck(analysis, Code::ForgottenSender, &threads);
    let Some(Target::Channel(channel)) = blocked.wait.target() else { return finding };
    let live: Vec<_> = analysis.live_senders(channel).collect();
    let is_with_itself = known_holder(blocked) == Some(alone);
    let name = thread(analysis, alone);
    finding.what = format!("{}: ", waits(analysis, &[alone], &blocked.wait));
    let request = unanswered(analysis, alone, channel);
    finding.what += &match live[..] {
        _ if is_with_itself && let Some(Request { parcel, dropped: Some(by), .. }) = request => {
            finding.advice = format!(
                "Answer every request in {}. Without a Sender of its own, {name} would get an error \
                 here instead.",
                thread(analysis, by)
            );
            dropped_with(analysis, parcel, by, name)
        }
        [_, _, ..] if let Some(Request { sender, parcel, dropped: None }) = request => {
            finding.advice = "Answer every request.".to_owned();
            went_with(analysis, sender, parcel)
        }
        [] => "a Sender is still alive, about which nothing is recorded.".to_owned(),
        [sender] if let Some(parcel) = analysis.state.endpoints[sender].sent_with => {
            finding.advice = "Answer every request, or drop its Sender.".to_owned();
            went_with(analysis, sender, parcel)
        }
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
    if finding.advice.is_empty() {
        finding.advice = format!("Drop {them} before this recv.");
    }
    dropped_in_panics(analysis, channel).into_iter().for_each(|step| finding.add_step(step));
    others.for_each(|thread| {
        if let Some(Blocked { wait, .. }) = analysis.wait_for.blocked(thread) {
            finding.add_step(waits(analysis, &[thread], wait));
        }
    });
    finding.why = format!(
        "A receive ends when a message comes or the last sender is dropped. {name} has waited for \
         {}.",
        waited(analysis, alone, blocked),
    );
    live.into_iter().for_each(|sender| show_sender(analysis, &mut finding, sender));
    if let Some(request) = request {
        show_request(analysis, &mut finding, request);
    }
    finding
}

/// A request for a message that a thread waits for, which was not sent.
#[derive(Clone, Copy)]
struct Request {
    /// The sender for the answer. It was never used.
    sender: EndpointIndex,
    /// The request that it went with.
    parcel: Parcel,
    /// The thread that has dropped it.
    dropped: Option<ThreadIndex>,
}

/// The request that `waiting` has made last, if it was not answered: its latest sender of the channel
/// went with a message to another thread, which has never used it.
fn unanswered(
    analysis: &Analysis<'_>,
    waiting: ThreadIndex,
    channel: ChannelIndex,
) -> Option<Request> {
    let endpoints = &analysis.state.endpoints;
    let made = |&sender: &EndpointIndex| {
        let made = endpoints[sender].made.filter(|made| made.thread == waiting);
        made.map(|made| (made.time, sender))
    };
    let (_, sender) = analysis.senders[channel].iter().filter_map(made).max()?;
    let parcel = endpoints[sender].sent_with?;
    let dropped = endpoints[sender].dropped.map(|(_, by)| by);
    (dropped != Some(waiting)).then_some(Request { sender, parcel, dropped })
}

/// `server dropped the Sender in message 3 of "requests" without an answer, and client itself holds
/// another.`
fn dropped_with(analysis: &Analysis<'_>, parcel: Parcel, by: ThreadIndex, waiting: &str) -> String {
    format!(
        "{} dropped the Sender in message {} of {} without an answer, and {waiting} itself holds \
         another.",
        thread(analysis, by),
        parcel.number,
        channel(analysis, parcel.channel),
    )
}

/// `the Sender made at src/main.rs:14 went with message 3 of "requests" to server, which has kept it.`
fn went_with(analysis: &Analysis<'_>, sender: EndpointIndex, parcel: Parcel) -> String {
    let Parcel { channel, number, received } = parcel;
    let sender = sender_name(analysis, sender);
    let message = format!("message {number} of {}", self::channel(analysis, channel));
    match received {
        Some((_, by)) => {
            format!("{sender} went with {message} to {}, which has kept it.", thread(analysis, by))
        }
        None => format!("{sender} is in {message}, which no thread has received."),
    }
}

/// A step for each panic that has dropped a sender of this channel which had sent nothing.
fn dropped_in_panics(analysis: &Analysis<'_>, channel: ChannelIndex) -> Vec<String> {
    let steps = analysis.senders[channel].iter().filter_map(|&sender| {
        let known = &analysis.state.endpoints[sender];
        let (time, by) = known.dropped.filter(|_| known.sends == 0)?;
        let mut panics = analysis.stats.panics.iter().rev();
        let panic = panics
            .find(|it| it.thread == by && it.time <= time && time.since(it.time) <= UNWINDING)?;
        let message = panic.message.lines().next().unwrap_or_default();
        let who = thread(analysis, by);
        let at = at(analysis, panic.place);
        Some(format!("{who} panicked{at}, {message:?}, and dropped a Sender that had sent nothing"))
    });
    steps.collect()
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

/// Adds to the evidence when a request without an answer was received, and when the sender for the
/// answer was dropped.
fn show_request(analysis: &Analysis<'_>, finding: &mut Finding, request: Request) {
    let Request { sender, parcel, .. } = request;
    let message = format!("message {} of {}", parcel.number, channel(analysis, parcel.channel));
    if let Some((time, by)) = parcel.received {
        finding.show(time, by, format!("receives {message}"), None);
    }
    if let Some((time, by)) = analysis.state.endpoints[sender].dropped {
        finding.show(time, by, format!("drops the sender in {message}"), None);
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
        Some(Use { thread, place, .. }) => match place_after(analysis, "", place, "") {
            place if place.is_empty() => {
                format!("the {kind} that {} {made}", self::thread(analysis, thread))
            }
            place => format!("the {kind} {made} at {place}"),
        },
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
    format!(", last used by {by}{}", place_after(analysis, " at ", last.place, ""))
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
    let mut finding = forgotten_sender(analysis, alone, blocked, &[alone]);
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

/// This number of timeouts that expired one after the other are a loop.
const MIN_EXPIRED: u64 = 10;

/// Threads that wait with a timeout, again and again in vain, while the senders that could end it are
/// with a thread that waits for them.
pub(super) fn timeout_loops(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    let hung: Vec<_> = findings.iter().map(|finding| finding.process(analysis.catalog)).collect();
    let channels = analysis.catalog.channels.iter_enumerated();
    let channels = channels.filter(|(_, facts)| !hung.contains(&facts.process));
    findings.extend(channels.filter_map(|(channel, _)| timeout_loop(analysis, channel)));
}

fn timeout_loop(analysis: &Analysis<'_>, index: ChannelIndex) -> Option<Finding> {
    let stats = &analysis.stats.channels[index];
    let known = &analysis.state.channels[index];
    let Use { time: last, thread: looping, place } = stats.timeouts.last?;
    let end = analysis.catalog.end_of_thread(looping);
    let begin = stats.receiving.map(|(_, last)| last).or(known.made.map(|(made, _)| made))?;
    let vain = end.since(begin);
    // It still does it, and has done nothing else for half of the run.
    let is_over = end.since(last).get() > vain.get() / 4;
    let is_long = vain >= MIN_WAIT && vain.get() >= end.get() / 2;
    if stats.timeouts.expired < MIN_EXPIRED || is_over || !is_long || !is_hung(analysis, looping) {
        return None;
    }
    let live: Vec<_> = analysis.live_senders(index).collect();
    let Needs::Any { edges, any_thread: false } = analysis.receiver_needs(index)? else {
        return None;
    };
    let others: Vec<_> = edges.iter().map(|edge| edge.to).filter(|&it| it != looping).collect();
    let [holder] = others[..] else { return None };
    let blocked = analysis.wait_for.blocked(holder)?;
    let waits_for_it = blocked.needs.edges().iter().any(|edge| edge.to == looping);
    let (&first, true) = (live.first()?, waits_for_it) else { return None };
    let name = thread(analysis, looping);
    let mut finding = Finding::new(Code::ForgottenSender, (begin, end), vain.get());
    finding.what = format!(
        "{name} has waited in vain in recv_timeout on {}{} for {vain}: {} is still alive, with {}, \
         which waits for {name}.",
        channel(analysis, index),
        at(analysis, place),
        sender_name(analysis, first),
        thread(analysis, holder),
    );
    finding.add_step(waits(analysis, &[holder], &blocked.wait));
    finding.add_step(format!("{}{}", sender_name(analysis, first), last_use(analysis, first)));
    let before = match blocked.wait.call() {
        Call::Join => "the join",
        Call::Scope => "the scope ends",
        _ => "it waits",
    };
    finding.advice = format!("Drop it before {before}.");
    finding.why = format!("{name} ends only when the last sender is dropped.");
    finding.certainty =
        Certainty::Likely { certain_if: format!("{name} goes on until its channel disconnects") };
    finding.place = analysis.state.endpoints[first].made.and_then(|made| made.place);
    finding.threads = vec![looping, holder];
    finding.channels = vec![index];
    show_sender(analysis, &mut finding, first);
    finding.show(last, looping, "waits in vain for the last time", place);
    finding.show(blocked.wait.begin, holder, "begins to wait for it", blocked.wait.operation.place);
    Some(finding)
}
