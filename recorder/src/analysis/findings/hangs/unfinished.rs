//! Runs that did not end by themselves, although nothing in them is known to hang.

use format::{Call, EndCause};

use super::forgotten_sender::sender_name;
use crate::analysis::Analysis;
use crate::analysis::findings::words::{
    self, at, call, channel, counted, list, method, place_after, since, thread, waits,
};
use crate::analysis::findings::{Certainty, Code, Finding};
use crate::analysis::wait_for::{Needs, Reason};
use crate::reading::Nanos;
use crate::reading::catalog::{
    ObservedThread, PlaceIndex, ProcessIndex, Target, ThreadIndex, WAITS_FOR_THREAD,
};
use crate::replay::Wait;

/// What a process did that was ended, or whose end is not recorded: who waited, since when, for what,
/// and who could have ended that.
pub(super) fn unfinished(analysis: &Analysis<'_>, process: ProcessIndex) -> Option<Finding> {
    if analysis.ended_by_itself(process) {
        return None;
    }
    let subject = subject(analysis, process)?;
    // A recording whose end is not known may just be a part of one.
    let facts = &analysis.catalog.processes[process];
    let cause = facts.run_end.and_then(|run| run.cause);
    if facts.ended.is_none() && cause == Some(EndCause::Itself) {
        // It goes on after the command whose recording this is.
        return None;
    }
    let was_ended = facts.ended.is_some() || cause.is_some();
    let Some(wait) = analysis.open_wait(subject).filter(|wait| was_ended || !wait.is_timed())
    else {
        if !was_ended {
            return None;
        }
        let end = analysis.catalog.end_of(process);
        let mut finding = Finding::new(Code::Unfinished, (end, end), 0);
        finding.what = format!("{} {}.", thread(analysis, subject), activity(analysis, subject));
        finding.advice = "Look at what it does there, if it should have ended.".to_owned();
        finding.why = why(analysis, process);
        finding.threads = vec![subject];
        finding.place = last_place(analysis, subject);
        finding.is_hang = analysis.is_asleep(process);
        add_other_waits(analysis, process, &mut finding, end);
        return Some(finding);
    };
    let end = analysis.catalog.end_of(process).max(wait.begin);
    let waited = end.since(wait.begin);
    let mut finding = Finding::new(Code::Unfinished, (wait.begin, end), waited.get());
    finding.threads = vec![subject];
    finding.place = wait.operation.place;
    finding.what = format!(
        "{} has waited {waited} in {}{}",
        thread(analysis, subject),
        call(analysis, wait),
        at(analysis, wait.operation.place),
    );
    let what = format!("begins to wait in {}", call(analysis, wait));
    finding.show(wait.begin, subject, what, finding.place);
    let others = unrecorded(analysis, process);
    match (who_could_end(analysis, subject, wait), others) {
        (Some(Helper { thread: other, how, .. }), others) if !how.is_guess || others.is_none() => {
            let name = thread(analysis, other);
            finding.what += &format!("{}, which {}", how.in_headline, activity(analysis, other));
            if let Some(step) = how.step {
                finding.add_step(step);
            }
            finding.threads.push(other);
            finding.advice = advice(wait, name);
            if how.is_likely {
                let certain_if = "no other thread can end the wait".to_owned();
                finding.certainty = Certainty::Likely { certain_if };
            }
            follow(analysis, other, &mut finding);
        }
        (_, others) => {
            finding.what += &match others {
                Some(threads) => format!(" for a thread that is not recorded: {threads}"),
                None => "; the recording does not say for which thread".to_owned(),
            };
            let certain_if = "nothing that is not recorded ends the wait".to_owned();
            finding.certainty = Certainty::Likely { certain_if };
        }
    }
    finding.what.push('.');
    if finding.advice.is_empty() {
        finding.advice = "Look at who should end that wait.".to_owned();
    }
    finding.is_hang = analysis.is_asleep(process);
    finding.why = why(analysis, process);
    add_other_waits(analysis, process, &mut finding, end);
    Some(finding)
}

fn why(analysis: &Analysis<'_>, process: ProcessIndex) -> String {
    let facts = &analysis.catalog.processes[process];
    match (facts.run_end.and_then(|run| run.cause), facts.ended) {
        (Some(EndCause::TimedOut), _) => "The run was ended when its time was over.".to_owned(),
        (Some(EndCause::Hung), _) => "The run was ended because it hung.".to_owned(),
        (Some(EndCause::Interrupted), _) => "A signal, such as Ctrl-C, ended the run.".to_owned(),
        (_, Some(ended)) if ended.signal != 0 => {
            format!("The process did not end by itself: signal {} ended it.", ended.signal)
        }
        _ => "The recording ends while the process runs.".to_owned(),
    }
}

/// The thread to begin with: `main` if it waits, or else the one that has waited longest; last those
/// that wait for work in a dependency.
fn subject(analysis: &Analysis<'_>, process: ProcessIndex) -> Option<ThreadIndex> {
    let threads = analysis.catalog.threads.iter_enumerated();
    let own = threads.filter(|(_, facts)| facts.process == process).map(|(thread, _)| thread);
    let alive = own.filter(|&thread| analysis.state.threads[thread].ended.is_none());
    let alive: Vec<_> = alive.collect();
    let begin = |thread: &ThreadIndex| {
        let wait = analysis.open_wait(*thread).filter(|wait| !wait.is_timed())?;
        Some(wait.begin)
    };
    let main = analysis.state.processes[process].main.filter(|main| alive.contains(main));
    let waiting = || alive.iter().copied().filter(|thread| begin(thread).is_some());
    let is_internal = |thread: &ThreadIndex| {
        let wait = analysis.open_wait(*thread);
        words::is_internal(analysis, wait.and_then(|wait| wait.operation.place))
    };
    main.filter(|main| begin(main).is_some())
        .or_else(|| waiting().filter(|thread| !is_internal(thread)).min_by_key(begin))
        .or(main)
        .or_else(|| waiting().min_by_key(begin))
        .or_else(|| alive.first().copied())
}

/// A thread that could most likely end a wait.
struct Helper {
    thread: ThreadIndex,
    how: Connection,
}

/// How a thread is connected with the wait of another.
struct Connection {
    /// As in a headline: ` for acceptor`.
    in_headline: String,
    /// More about it.
    step: Option<String>,
    /// Whether others might as well be connected.
    is_likely: bool,
    /// Whether it waits itself, and others might be connected.
    is_guess: bool,
}

fn who_could_end(analysis: &Analysis<'_>, waiting: ThreadIndex, wait: &Wait) -> Option<Helper> {
    let needs = analysis.needs_of(waiting, wait)?;
    // One that waits itself is less likely to have what is needed.
    let is_waiting = |thread: ThreadIndex| analysis.wait_for.blocked(thread).is_some();
    let other = needs.edges().iter().filter(|edge| edge.to != waiting);
    let edge = other.min_by_key(|edge| is_waiting(edge.to))?;
    let name = thread(analysis, edge.to);
    let is_only = matches!(&needs, Needs::Any { any_thread: false, edges } if edges.len() == 1);
    let is_likely = matches!(needs, Needs::Any { .. });
    let is_guess = matches!(needs, Needs::Any { any_thread: true, .. }) && is_waiting(edge.to);
    let mut step = None;
    let in_headline = match edge.reason {
        Reason::HasSender(sender) => {
            let most_likely = if is_only { "" } else { "most likely " };
            let sender = sender_name(analysis, sender);
            step = Some(format!("{sender} is {most_likely}with {name}"));
            format!(" for {name}")
        }
        Reason::HasReceiver => format!(" for {name}"),
        Reason::HoldsLock { place } => format!(", held by {name}{}", since(analysis, place)),
        Reason::WaitsToWrite => format!(", behind {name}"),
        Reason::IsJoined => String::new(),
        Reason::IsInScope => format!(" for {name}"),
        Reason::RunsInitializer { place } => format!(", run by {name}{}", since(analysis, place)),
    };
    let how = Connection { in_headline, step, is_likely, is_guess };
    Some(Helper { thread: edge.to, how })
}

/// What a thread did in the end: `sleeps again and again (src/main.rs:30, 290 times)`.
pub(crate) fn activity(analysis: &Analysis<'_>, who: ThreadIndex) -> String {
    let known = &analysis.state.threads[who];
    let stats = &analysis.stats.threads[who];
    let end = analysis.catalog.end_of_thread(who);
    if let Some(polling) = polls(analysis, who) {
        return polling;
    }
    if let Some(activity) = observed_activity(analysis, who) {
        return activity;
    }
    let habit = stats.waits.first().filter(|waits| waits.count > 3);
    let habit = habit.filter(|waits| waits.time.get() >= analysis.life(who).get() / 2);
    match (analysis.open_wait(who), habit) {
        (Some(wait), _) if !wait.is_timed() => {
            format!("waits in {}{}", call(analysis, wait), at(analysis, wait.operation.place))
        }
        (_, Some(waits)) => {
            let times = counted(waits.count, "time");
            let place = format!("({}{times})", place_after(analysis, "", waits.place, ", "));
            match (waits.call, waits.target) {
                (Call::Sleep, _) => format!("sleeps again and again {place}"),
                (other, Some(target)) => {
                    let target = analysis.name_of(target);
                    format!("waits again and again in {} on {target} {place}", method(other))
                }
                (other, None) => format!("waits again and again in {} {place}", method(other)),
            }
        }
        (Some(wait), None) => {
            let at = at(analysis, wait.operation.place);
            match wait.call() {
                Call::Sleep => format!("sleeps{at}"),
                _ => format!("waits in {}{at}, which has a time limit", call(analysis, wait)),
            }
        }
        (None, None) => {
            let idle = end.since(known.last);
            match idle.get() >= analysis.life(who).get() / 4 {
                true => format!("has done nothing that is recorded for {idle}"),
                false => "runs".to_owned(),
            }
        }
    }
}

/// What a thread was observed to do that is not recorded: `is in accept4 on a socket`.
fn observed_activity(analysis: &Analysis<'_>, who: ThreadIndex) -> Option<String> {
    let observed = analysis.observed(who)?;
    let is_known =
        analysis.open_wait(who).is_some() || observed.time < analysis.state.threads[who].last;
    (!is_known && !observed.activity.is_empty()).then(|| did(observed))
}

fn did(observed: &ObservedThread) -> String {
    match &*observed.activity {
        WAITS_FOR_THREAD => {
            "waits for another thread, in something that is not recorded".to_owned()
        }
        // `runs` is a sentence.
        activity if !activity.starts_with("in ") => activity.to_owned(),
        activity => format!("is {activity}"),
    }
}

/// The threads that are not recorded, and what they were observed to do.
fn unrecorded(analysis: &Analysis<'_>, process: ProcessIndex) -> Option<String> {
    let describe = |thread: &ObservedThread| match &*thread.activity {
        "" => thread.name.clone(),
        _ => format!("{}, which {}", thread.name, did(thread)),
    };
    let threads: Vec<_> = analysis.unrecorded(process).map(describe).collect();
    (!threads.is_empty()).then(|| list(&threads))
}

/// If a thread looks for messages without waiting.
fn polls(analysis: &Analysis<'_>, who: ThreadIndex) -> Option<String> {
    const MIN_ATTEMPTS: u64 = 100;
    let (index, attempt) =
        analysis.stats.channels.iter_enumerated().find_map(|(index, stats)| {
            let habits = [stats.polling, stats.after_the_end].into_iter();
            let mut busy = habits.filter(|habit| habit.count >= MIN_ATTEMPTS);
            let by = busy.find_map(|habit| habit.by.filter(|last| last.thread == who))?;
            Some((index, by))
        })?;
    let at = at(analysis, attempt.place);
    Some(format!("looks for messages on {} again and again{at}", channel(analysis, index)))
}

/// Adds what the next threads wait for.
fn follow(analysis: &Analysis<'_>, from: ThreadIndex, finding: &mut Finding) {
    let mut next = from;
    while let Some(wait) = analysis.open_wait(next).filter(|wait| !wait.is_timed()) {
        let Some(Helper { thread: other, how }) = who_could_end(analysis, next, wait) else {
            return;
        };
        let wait = waits(analysis, &[next], wait);
        let activity = activity(analysis, other);
        finding.add_step(format!("{wait}{}, which {activity}", how.in_headline));
        how.step.into_iter().for_each(|step| finding.add_step(step));
        if finding.threads.contains(&other) {
            return;
        }
        finding.threads.push(other);
        next = other;
    }
}

/// Adds the waits of the threads that the finding does not name yet.
fn add_other_waits(
    analysis: &Analysis<'_>,
    process: ProcessIndex,
    finding: &mut Finding,
    end: Nanos,
) {
    for (other, facts) in analysis.catalog.threads.iter_enumerated() {
        if facts.process != process || finding.threads.contains(&other) {
            continue;
        }
        let Some(wait) = analysis.open_wait(other).filter(|wait| !wait.is_timed()) else {
            continue;
        };
        let line = waits(analysis, &[other], wait);
        finding.add_step(format!("{line} since {}, for {}", wait.begin, end.since(wait.begin)));
        finding.threads.push(other);
        finding.show(
            wait.begin,
            other,
            format!("begins to wait in {}", call(analysis, wait)),
            wait.operation.place,
        );
    }
}

/// Where a thread last waited.
fn last_place(analysis: &Analysis<'_>, who: ThreadIndex) -> Option<PlaceIndex> {
    let wait = analysis.open_wait(who).and_then(|wait| wait.operation.place);
    wait.or(analysis.stats.threads[who].waits.first().and_then(|waits| waits.place))
}

fn advice(wait: &Wait, other: &str) -> String {
    match (wait.call(), wait.target()) {
        (Call::Join | Call::Scope, _) => {
            format!("If {other} runs until it is told to end, do that before.")
        }
        (Call::Recv, Some(Target::Channel(_))) => {
            format!("Let {other} end, or drop its Sender, if this recv must end.")
        }
        (Call::Send, _) => format!("Let {other} receive, or drop its Receiver."),
        _ => String::new(),
    }
}
