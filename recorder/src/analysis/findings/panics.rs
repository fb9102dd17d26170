//! Threads that panicked, and what that led to.

use super::words::{at, channel, counted, list, place_after, thread, threads};
use super::{Certainty, Code, Finding};
use crate::analysis::Analysis;
use crate::analysis::stats::PanicEvent;
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, ProcessIndex, ThreadIndex};
use crate::replay::Panic;

/// A thread that fails at a channel panics within this time.
const AT_ONCE: Nanos = Nanos::new(50_000_000);
/// A thread that panics unwinds within this time: to print a backtrace can take long.
pub(super) const UNWINDING: Nanos = Nanos::new(2_000_000_000);

/// Adds the panics that ended their threads. A hang that follows from one becomes a part of it.
pub(super) fn find(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    let mut panics: Vec<Finding> = Vec::new();
    let mut groups: Vec<Vec<ThreadIndex>> = Vec::new();
    let mut consequences = Vec::new();
    let uncaught = uncaught(analysis);
    for &who in &uncaught {
        match first_cause(analysis, who).filter(|cause| uncaught.contains(cause)) {
            Some(cause) => consequences.push((who, cause)),
            None => match groups.iter_mut().find(|group| is_alike(analysis, group[0], who)) {
                Some(group) => group.push(who),
                None => groups.push(vec![who]),
            },
        }
    }
    panics.extend(groups.iter().filter_map(|group| panic(analysis, group)));
    for (who, cause) in consequences {
        if let Some(finding) = panics.iter_mut().find(|it| it.threads.contains(&cause)) {
            add_consequence(analysis, finding, who);
        }
    }
    for finding in &mut panics {
        let process = finding.process(analysis.catalog);
        let is_its = |hang: &&mut Finding| {
            hang.may_follow_panic && hang.process(analysis.catalog) == process
        };
        if let Some(hang) = findings.extract_if(.., |hang| is_its(&hang)).next() {
            add_hang(finding, hang);
        }
    }
    findings.append(&mut panics);
}

/// The latest panic of a thread.
fn panic_of<'a>(analysis: &'a Analysis<'_>, thread: ThreadIndex) -> Option<&'a Panic> {
    analysis.state.threads[thread].panic.as_ref()
}

fn process_of(analysis: &Analysis<'_>, thread: ThreadIndex) -> ProcessIndex {
    analysis.catalog.threads[thread].process
}

/// The threads that a panic has ended, the first panic first.
fn uncaught(analysis: &Analysis<'_>) -> Vec<ThreadIndex> {
    let is_uncaught =
        |thread: &ThreadIndex| analysis.has_panicked(*thread) && !is_expected(analysis, *thread);
    let mut threads: Vec<_> = analysis.catalog.threads.keys().filter(is_uncaught).collect();
    threads.sort_by_key(|&thread| panic_of(analysis, thread).map(|panic| panic.time));
    threads
}

/// Whether two threads panicked at one place with one message.
fn is_alike(analysis: &Analysis<'_>, one: ThreadIndex, other: ThreadIndex) -> bool {
    let key = |thread| {
        let panic = panic_of(analysis, thread);
        panic.map(|panic| (process_of(analysis, thread), panic.place, &panic.message))
    };
    key(one) == key(other)
}

/// Whether tests expect the panic: all tests of the run have passed.
fn is_expected(analysis: &Analysis<'_>, thread: ThreadIndex) -> bool {
    let process = process_of(analysis, thread);
    let facts = &analysis.catalog.processes[process];
    let run = facts.run_end.map(|run| (run.code, run.signal));
    let status = run.or(facts.ended.map(|ended| (ended.code, ended.signal)));
    status == Some((0, 0)) && facts.is_test
}

/// The thread with whose panic it began that this one panicked.
fn first_cause(analysis: &Analysis<'_>, who: ThreadIndex) -> Option<ThreadIndex> {
    let mut cause = cause(analysis, who)?;
    for _ in 0..analysis.stats.panics.len() {
        match self::cause(analysis, cause) {
            Some(earlier) if earlier != who => cause = earlier,
            _ => break,
        }
    }
    Some(cause)
}

/// The thread because of whose panic this one panicked, if that follows from the message: it found
/// a lock poisoned, joined that thread, or used a channel whose other side that thread had dropped.
fn cause(analysis: &Analysis<'_>, who: ThreadIndex) -> Option<ThreadIndex> {
    let panic = panic_of(analysis, who)?;
    let is_before = |it: &&PanicEvent| {
        let process = process_of(analysis, it.thread);
        it.thread != who && it.time < panic.time && process == process_of(analysis, who)
    };
    let mut before = analysis.stats.panics.iter().filter(is_before);
    if panic.message.contains("PoisonError") {
        let mut own = analysis.stats.panics.iter().rev();
        let own = own.find(|it| it.thread == who)?;
        return before
            .find(|it| it.held.iter().any(|lock| own.held.contains(lock)))
            .map(|it| it.thread);
    }
    if panic.message.ends_with("Any { .. }") {
        return before.find(|it| analysis.has_panicked(it.thread)).map(|it| it.thread);
    }
    let (_, (gone, by)) = other_side_gone(analysis, who, panic)?;
    before
        .find(|it| it.thread == by && it.time <= gone && gone.since(it.time) <= UNWINDING)
        .map(|it| it.thread)
}

/// The channel whose other side a thread found gone just before it panicked, and when and by which
/// thread that was dropped.
fn other_side_gone(
    analysis: &Analysis<'_>,
    who: ThreadIndex,
    panic: &Panic,
) -> Option<(ChannelIndex, (Nanos, ThreadIndex))> {
    let is_just_before = |time: Nanos| time <= panic.time && panic.time.since(time) <= AT_ONCE;
    let sends = panic.message.contains("SendError");
    let receives = panic.message.contains("RecvError") || panic.message.contains("Disconnected");
    analysis.stats.channels.iter_enumerated().find_map(|(index, stats)| {
        let known = &analysis.state.channels[index];
        let mut failed = stats.disconnected.iter().filter(|it| it.thread == who);
        let hang_up = stats.hang_up.filter(|it| it.thread == who && is_just_before(it.time));
        let gone = match () {
            () if sends && failed.any(|it| is_just_before(it.last)) => known.receiver_gone,
            () if receives && hang_up.is_some() => known.senders_gone,
            () => None,
        };
        Some((index, gone?))
    })
}

/// The finding about threads that panicked alike.
fn panic(analysis: &Analysis<'_>, group: &[ThreadIndex]) -> Option<Finding> {
    let &first = group.first()?;
    let panic = panic_of(analysis, first)?;
    let process = &analysis.state.processes[process_of(analysis, first)];
    // The first panic comes first, and last what a test may be meant to do.
    let is_in_test = analysis.catalog.processes[process_of(analysis, first)].is_test;
    let weight = if is_in_test { 0 } else { u64::MAX - panic.time.get() };
    let mut finding = Finding::new(Code::Panic, (panic.time, panic.time), weight);
    let certain_if = if panic.outcome.is_none() && process.has_paused_since(panic.time) {
        Some("it was not caught while the recording paused")
    } else {
        is_in_test.then_some("no test is meant to cause it")
    };
    if let Some(certain_if) = certain_if {
        finding.certainty = Certainty::Likely { certain_if: certain_if.to_owned() };
    }
    finding.what = format!("{} panicked{}", threads(analysis, group), at(analysis, panic.place));
    let gone = other_side_gone(analysis, first, panic);
    if let Some(line) = panic.message.lines().next() {
        match gone {
            // The message says less.
            Some(_) => finding.add_step(format!("the panic's message: {line:?}")),
            None => finding.what += &format!(": {line:?}"),
        }
    }
    finding.advice = match panic.message.contains("Resource deadlock avoided") {
        true => "A thread cannot join itself: let another thread drop what joins it.".to_owned(),
        false => "Let it return an error instead of panicking.".to_owned(),
    };
    finding.why =
        "The rest of the thread's work is not done, and only a `join` reports it.".to_owned();
    if let Some((channel, gone)) = gone {
        explain_gone(analysis, &mut finding, panic, channel, gone);
    }
    finding.what += ".";
    let stranded: Vec<_> =
        group.iter().flat_map(|&who| stranded(analysis, who, &mut finding)).collect();
    if !stranded.is_empty() {
        finding.what += &format!(" It stranded {}.", list(&stranded));
    }
    finding.place = panic.place;
    finding.threads = group.to_vec();
    for &who in group {
        if let Some(panic) = panic_of(analysis, who) {
            finding.show(panic.time, who, "panics", panic.place);
            finding.span.1 = finding.span.1.max(panic.time);
        }
    }
    Some(finding)
}

/// Says who dropped the other side of the channel.
fn explain_gone(
    analysis: &Analysis<'_>,
    finding: &mut Finding,
    panic: &Panic,
    index: ChannelIndex,
    (gone, by): (Nanos, ThreadIndex),
) {
    let stats = &analysis.stats.channels[index];
    let sends = panic.message.contains("SendError");
    let (side, users) =
        if sends { ("Receiver", &stats.receivers) } else { ("last Sender", &stats.senders) };
    let last = users.iter().find(|user| user.thread == by && user.last <= gone);
    let method = if sends { "receive" } else { "send" };
    let last = last.and_then(|last| last.place);
    let after = place_after(analysis, &format!(", after its last {method} ("), last, ")");
    finding.what += &format!(
        ": {} had dropped the {side} of {}{after}",
        thread(analysis, by),
        channel(analysis, index)
    );
    finding.advice = match sends {
        true => "Keep it until the senders are gone, or let a failed send end the thread.",
        false => "Send before that, or let a failed receive end the thread.",
    }
    .to_owned();
    finding.channels.push(index);
    finding.show(gone, by, format!("drops the {side}"), None);
}

/// What a panic has left behind: messages queued for the thread, and sends that were returned.
fn stranded(analysis: &Analysis<'_>, who: ThreadIndex, finding: &mut Finding) -> Vec<String> {
    let Some(panic) = panic_of(analysis, who) else { return Vec::new() };
    let mut stranded = Vec::new();
    for (index, known) in analysis.state.channels.iter_enumerated() {
        let is_dropped_by_it =
            known.receiver_gone.is_some_and(|(gone, by)| by == who && gone >= panic.time);
        if !is_dropped_by_it {
            continue;
        }
        if known.lost > 0 {
            finding.channels.push(index);
            let lost = counted(known.lost, "message");
            stranded.push(format!("{lost} in {}", channel(analysis, index)));
        }
        let disconnected = &analysis.stats.channels[index].disconnected;
        let later = disconnected.iter().filter(|sends| sends.first >= panic.time);
        let returned: u64 = later.map(|sends| sends.count).sum();
        if returned > 0 {
            let returned = counted(returned, "send");
            stranded.push(format!("{returned} to {}", channel(analysis, index)));
        }
    }
    stranded
}

/// Adds the panic of a thread that follows from one of the finding's.
fn add_consequence(analysis: &Analysis<'_>, finding: &mut Finding, who: ThreadIndex) {
    let Some(panic) = panic_of(analysis, who) else { return };
    let &Panic { time, place, .. } = panic;
    let message = panic.message.lines().next().unwrap_or_default();
    let name = thread(analysis, who);
    finding.add_step(format!("because of it, {name} panicked{}: {message:?}", at(analysis, place)));
    finding.threads.push(who);
    finding.span.1 = finding.span.1.max(time);
    finding.show(time, who, "panics because of it", place);
}

/// Adds the threads that wait for ever for one that has panicked.
fn add_hang(finding: &mut Finding, hang: Finding) {
    finding.what += &match hang.threads.len() {
        1 => " Another thread waits for it for ever.".to_owned(),
        count => format!(" {count} other threads wait for it for ever."),
    };
    finding.add_step(hang.what.trim_end_matches('.').to_owned());
    hang.chain.into_iter().for_each(|step| finding.add_step(step));
    finding.threads.extend(hang.threads);
    finding.primitives.extend(hang.primitives);
    finding.evidence.extend(hang.evidence);
    finding.span.1 = finding.span.1.max(hang.span.1);
    finding.is_hang = true;
}
