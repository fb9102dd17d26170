//! Threads that wait for each other.

use format::Call;

use super::forgotten_sender::sender_name;
use super::{known_holder, stuck};
use crate::analysis::Analysis;
use crate::analysis::findings::words::{
    at, call_of_dependency, is_in_dependency, is_internal, list, since, thread, waits,
};
use crate::analysis::findings::{Code, Finding, WaitsFor};
use crate::analysis::wait_for::{Blocked, Needs, Reason};
use crate::reading::catalog::{Target, ThreadIndex};
use crate::replay::{Hold, Notification};

pub(super) fn deadlock(analysis: &Analysis<'_>, cause: &[ThreadIndex]) -> Finding {
    let cycle = in_turn(analysis, cause);
    let mut finding = stuck(analysis, Code::Deadlock, &cycle);
    let mut parts = parts(analysis, &cycle).into_iter();
    finding.what = parts.next().unwrap_or_default() + ".";
    parts.for_each(|part| finding.add_step(part));
    finding.advice = advice(analysis, &cycle);
    finding.waits_for = waits_for(analysis, &cycle);
    finding.may_follow_panic = cycle.iter().any(|&it| may_wait_for_panicked(analysis, it));
    finding.why = match cycle.len() {
        1 => "It waits for something that only it could do.".to_owned(),
        _ => "Each of them waits for something that only another of them could do.".to_owned(),
    };
    finding
}

/// The threads in the order in which they wait for each other; last those that only wait for
/// another to end, or for work in a dependency.
fn in_turn(analysis: &Analysis<'_>, cause: &[ThreadIndex]) -> Vec<ThreadIndex> {
    let blocked = |thread: ThreadIndex| analysis.wait_for.blocked(thread);
    let only_joins = |thread: ThreadIndex| only_joins(analysis, thread);
    // The thread of a pool in a dependency waits for work whenever the program does.
    let waits_for_work = |thread: ThreadIndex| {
        is_internal(analysis, blocked(thread).and_then(|it| it.wait.operation.place))
    };
    let mut left: Vec<_> = cause.to_vec();
    left.sort_by_key(|&thread| {
        (waits_for_work(thread), only_joins(thread), first_read(analysis, thread).is_none())
    });
    let mut cycle: Vec<ThreadIndex> = Vec::new();
    while !left.is_empty() {
        let last = cycle.last().and_then(|&last| blocked(last));
        let next = last.and_then(|last| {
            let mut next = last.needs.edges().iter().filter(|edge| !only_joins(edge.to));
            next.find_map(|edge| left.iter().position(|&thread| thread == edge.to))
        });
        cycle.push(left.remove(next.unwrap_or(0)));
    }
    cycle
}

/// Whether a thread waits for the end of others.
fn only_joins(analysis: &Analysis<'_>, thread: ThreadIndex) -> bool {
    let call = analysis.wait_for.blocked(thread).map(|blocked| blocked.wait.call());
    matches!(call, Some(Call::Join | Call::Scope))
}

/// Which thread waits for which. Where it is not known which thread has the endpoint that would end
/// a wait, it is likely to be with the only other one that does not just wait for others to end.
fn waits_for(analysis: &Analysis<'_>, cycle: &[ThreadIndex]) -> Vec<WaitsFor> {
    let mut all = Vec::new();
    for &waiting in cycle {
        let Some(blocked) = analysis.wait_for.blocked(waiting) else { continue };
        let is_known = !matches!(blocked.needs, Needs::Any { any_thread: true, .. });
        let suggested = blocked.needs.edges().iter().map(|edge| edge.to);
        let mut others: Vec<_> = suggested.filter(|other| cycle.contains(other)).collect();
        if !is_known {
            others.retain(|&other| !only_joins(analysis, other));
            let rest = cycle.iter().copied();
            let mut rest = rest.filter(|&it| it != waiting && !only_joins(analysis, it));
            if let (true, Some(only), None) = (others.is_empty(), rest.next(), rest.next()) {
                others.push(only);
            }
        }
        all.extend(others.into_iter().map(|other| WaitsFor { waiting, other, is_known }));
    }
    all
}

/// Each wait, and the thread that causes it. Threads that wait alike are named together.
fn parts(analysis: &Analysis<'_>, cycle: &[ThreadIndex]) -> Vec<String> {
    let mut groups: Vec<(Vec<ThreadIndex>, &Blocked)> = Vec::new();
    for &thread in cycle {
        let Some(blocked) = analysis.wait_for.blocked(thread) else { continue };
        let key = |it: &Blocked| (it.wait.call(), it.wait.target(), it.wait.operation.place);
        let is_alike = |known: &Blocked| key(known) == key(blocked) && known.needs == blocked.needs;
        match groups.iter_mut().find(|(_, known)| is_alike(known)) {
            Some((threads, _)) => threads.push(thread),
            None => groups.push((vec![thread], blocked)),
        }
    }
    groups.iter().map(|(threads, blocked)| part(analysis, threads, blocked, cycle)).collect()
}

fn part(
    analysis: &Analysis<'_>,
    who: &[ThreadIndex],
    blocked: &Blocked,
    cycle: &[ThreadIndex],
) -> String {
    let mut part = waits(analysis, who, &blocked.wait);
    let edges: Vec<_> =
        blocked.needs.edges().iter().filter(|edge| cycle.contains(&edge.to)).collect();
    let name_of = |holder: ThreadIndex| match who {
        &[alone] if alone == holder => "itself",
        _ => thread(analysis, holder),
    };
    let names: Vec<_> = edges.iter().map(|edge| name_of(edge.to).to_owned()).collect();
    let names = list(&names);
    match (edges.first().map(|edge| edge.reason), blocked.wait.call()) {
        (Some(Reason::HoldsLock { place: held_at }), _) => {
            part += &format!(", held by {names}{}", since(analysis, held_at));
        }
        (Some(Reason::WaitsToWrite), _) => {
            if let &[alone] = who
                && let Some(first) = first_read(analysis, alone)
            {
                let since = since(analysis, first.place);
                part += &format!(" again, which it reads{since}");
            }
            part += &format!(", behind {names}, which waits to write");
        }
        (Some(Reason::HasSender(sender)), _) => {
            part += &format!(", for a message from {}", sender_name(analysis, sender));
            if let Some(holder) = known_holder(blocked) {
                part += &format!(", held by {}", name_of(holder));
            }
        }
        (_, Call::Send) => part += &send_part(analysis, blocked, name_of),
        (Some(Reason::IsInScope), _) => part += &format!(" for {names}"),
        (Some(Reason::RunsInitializer { place: asked_at }), _) => {
            part += &format!(", which {names} runs{}", since(analysis, asked_at));
        }
        (None, Call::Recv) => part += ", for a message that no thread is left to send",
        // Which of a dependency's notifications was for this wait, only the dependency knows.
        (None, Call::CondvarWait | Call::Park)
            if is_in_dependency(analysis, blocked.wait.operation.place) =>
        {
            part += ", which no thread is left to end";
        }
        (None, Call::CondvarWait) => {
            part += &wake_up_part(analysis, who, blocked);
        }
        (None, Call::Park) => part += &token_part(analysis, who),
        (None, Call::BarrierWait) => {
            if let Some(Target::Primitive(barrier)) = blocked.wait.target() {
                let size = analysis.catalog.primitives[barrier].size;
                part += &format!(", at which {} of {size} have arrived", who.len());
            }
        }
        _ => {}
    }
    part
}

/// The latest notification of the condition variable for which threads wait.
fn latest_notification<'a>(
    analysis: &'a Analysis<'_>,
    blocked: &Blocked,
) -> Option<&'a Notification> {
    let condvar = blocked.wait.target().and_then(Target::primitive)?;
    analysis.state.primitives[condvar].notified.as_ref()
}

/// Whether it came while several threads waited, and was for one of them.
fn is_for_another(notification: &Notification, blocked: &Blocked) -> bool {
    let is_later = notification.by.time >= blocked.wait.begin;
    is_later && !notification.is_for_all && notification.waiting > 1
}

/// Why no notification ends a wait.
fn wake_up_part(analysis: &Analysis<'_>, who: &[ThreadIndex], blocked: &Blocked) -> String {
    let Some(notification) = latest_notification(analysis, blocked) else {
        return ", which no thread has ever notified".to_owned();
    };
    let method = if notification.is_for_all { "notify_all" } else { "notify_one" };
    let by = thread(analysis, notification.by.thread);
    let at = at(analysis, notification.by.place);
    if is_for_another(notification, blocked) {
        let woken = match notification.woken {
            Some(woken) => format!(", {}", thread(analysis, woken)),
            None => String::new(),
        };
        let count = notification.waiting;
        return format!(": the {method} of {by}{at} woke only one of {count}{woken}");
    }
    if notification.by.time < blocked.wait.begin {
        let first = who.iter().filter_map(|&it| analysis.wait_for.blocked(it));
        let begin = first.map(|blocked| blocked.wait.begin).min().unwrap_or_default();
        let before = begin.since(notification.by.time);
        return format!("; the last {method}, of {by}{at}, came {before} before");
    }
    format!("; the last {method}, of {by}{at}, has not woken it")
}

/// Why no token ends a `park`.
fn token_part(analysis: &Analysis<'_>, who: &[ThreadIndex]) -> String {
    let (&[alone, ..], [_]) = (who, who) else {
        return ", and no thread is left to unpark them".to_owned();
    };
    let known = &analysis.state.threads[alone];
    let Some(unparked) = &known.unparked else {
        return ", and no thread has ever unparked it".to_owned();
    };
    let by = thread(analysis, unparked.thread);
    let at = at(analysis, known.unparked_at);
    match &known.token_taken {
        Some(taken) if taken.place.is_some() => {
            let park = self::at(analysis, taken.place);
            format!("; the unpark of {by}{at} was taken by an earlier park{park}")
        }
        _ => format!("; the unpark of {by}{at} was taken by another wait of this thread"),
    }
}

/// Whether a thread waits for something that one which has panicked may have been about to do.
fn may_wait_for_panicked(analysis: &Analysis<'_>, thread: ThreadIndex) -> bool {
    let Some(blocked) = analysis.wait_for.blocked(thread) else { return false };
    match blocked.wait.call() {
        Call::BarrierWait => true,
        Call::CondvarWait => {
            let notification = latest_notification(analysis, blocked);
            blocked.needs.edges().is_empty()
                && !notification.is_some_and(|it| is_for_another(it, blocked))
        }
        Call::Park => analysis.state.threads[thread].token_taken.is_none(),
        _ => false,
    }
}

/// Why a send waits.
fn send_part<'a>(
    analysis: &Analysis<'_>,
    blocked: &Blocked,
    name_of: impl Fn(ThreadIndex) -> &'a str,
) -> String {
    let Some(Target::Channel(channel)) = blocked.wait.target() else { return String::new() };
    let facts = &analysis.catalog.channels[channel];
    let mut part = match facts.is_rendezvous() {
        true => ", which no thread comes to receive".to_owned(),
        false => ", which is full".to_owned(),
    };
    // Before its first use, or while the recording paused, it may have been moved.
    let process = &analysis.state.processes[facts.process];
    if let [receiver] = &analysis.stats.channels[channel].receivers[..]
        && !process.has_paused_since(receiver.last)
    {
        part += &format!("; its receiver is with {}", name_of(receiver.thread));
    }
    part
}

fn advice(analysis: &Analysis<'_>, cycle: &[ThreadIndex]) -> String {
    let blocked = || cycle.iter().filter_map(|&thread| analysis.wait_for.blocked(thread));
    let any = |calls: &[Call]| blocked().any(|blocked| calls.contains(&blocked.wait.call()));
    // A sender that is known to be with a thread that waits in this call.
    let held_while_in = |call: Call| {
        blocked().find_map(|blocked| {
            let holder = analysis.wait_for.blocked(known_holder(blocked)?)?;
            let sender = blocked.needs.edges().iter().find_map(|edge| match edge.reason {
                Reason::HasSender(sender) => Some(sender_name(analysis, sender)),
                _ => None,
            });
            sender.filter(|_| holder.wait.call() == call)
        })
    };
    if let Some(sender) = held_while_in(Call::Join) {
        return format!("Drop {sender} before the join.");
    }
    if let Some(sender) = held_while_in(Call::Scope) {
        return format!("Drop {sender} before the scope ends, or move it into the scope's thread.");
    }
    let locks = [Call::Lock, Call::Read, Call::Write];
    let is_for_another = |blocked: &Blocked| {
        let notification = latest_notification(analysis, blocked);
        blocked.wait.call() == Call::CondvarWait
            && notification.is_some_and(|it| is_for_another(it, blocked))
    };
    let takes_own = |thread: &ThreadIndex| {
        let blocked = analysis.wait_for.blocked(*thread);
        blocked.is_some_and(|it| it.needs.edges().iter().any(|edge| edge.to == *thread))
    };
    let is_its_own = cycle.iter().any(takes_own);
    let wait_of_dependency = blocked().find(|blocked| {
        let place = blocked.wait.operation.place;
        matches!(blocked.wait.call(), Call::Park | Call::CondvarWait)
            && is_in_dependency(analysis, place)
    });
    if let Some(blocked) = wait_of_dependency {
        let place = blocked.wait.operation.place;
        let call = call_of_dependency(analysis, place);
        return match call {
            Some(call) => format!(
                "Look for what {call} waits for, such as a message, a free place or a dropped \
                 sender, and who was to do it."
            ),
            None => {
                "Look for the call of this dependency that waits, and who was to end it.".into()
            }
        };
    }
    let advice = if cycle.iter().any(|&thread| first_read(analysis, thread).is_some()) {
        "Do not read a lock again while the first guard lives: writers come first."
    } else if any(&[Call::Initialize]) && is_its_own {
        "Do not ask for a value in its own initializer."
    } else if any(&[Call::Initialize]) {
        "Do not let initializers ask for each other's values."
    } else if blocked().any(is_for_another) {
        "Use `notify_all`."
    } else if any(&[Call::BarrierWait]) {
        "Let as many threads come to the barrier as it waits for."
    } else if any(&[Call::CondvarWait]) {
        "Check the condition before waiting, as `wait_while` does, and notify after each change."
    } else if any(&[Call::Park]) {
        "Unpark it after each change, and let it check for work before it parks: parks of other \
         code take tokens, too."
    } else if any(&locks) && any(&[Call::Recv, Call::Send, Call::Join, Call::Scope]) {
        "Release the lock before waiting for another thread."
    } else if any(&locks) && cycle.len() == 1 {
        "Drop the first guard before locking again."
    } else if any(&locks) {
        "Take these locks in the same order everywhere."
    } else if any(&[Call::Send]) && cycle.len() == 1 {
        "Receive in another thread, or give the channel room for all messages that are sent before \
         the first is received."
    } else if any(&[Call::Send]) {
        "Let one of them receive first, or give the channels room for the messages sent before."
    } else if any(&[Call::Recv]) {
        "Let one of them send, or drop its sender, before it receives."
    } else {
        "Let one of them end without the other."
    };
    advice.to_owned()
}

/// The hold of a thread that reads a lock already, and waits to read it again.
fn first_read<'a>(analysis: &'a Analysis<'_>, thread: ThreadIndex) -> Option<&'a Hold> {
    let wait = &analysis.wait_for.blocked(thread)?.wait;
    let lock = wait.target().and_then(Target::primitive).filter(|_| wait.call() == Call::Read)?;
    analysis.known_holds(lock).find(|hold| hold.is_shared && hold.thread == thread)
}
