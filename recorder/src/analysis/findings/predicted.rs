//! Hangs that another order would have caused, in words.

use super::words::{at, channel, list, place_after, primitive, thread, threads};
use super::{Certainty, Code, Finding};
use crate::analysis::Analysis;
use crate::analysis::predictions::{Held, PredictedWait, Prediction, Wants};
use crate::reading::Nanos;
use crate::reading::catalog::{PlaceIndex, Target};
use crate::replay::Use;

/// The predictions for processes that did not hang, if their places are known.
pub(super) fn find(
    analysis: &Analysis<'_>,
    predictions: &[Prediction],
    certain: &[Finding],
) -> Vec<Finding> {
    let findings = predictions.iter().enumerate().filter_map(|(index, prediction)| {
        let finding = Finding { prediction: Some(index), ..finding(analysis, prediction)? };
        let process = finding.process(analysis.catalog);
        let hangs = |it: &Finding| it.is_hang && it.process(analysis.catalog) == process;
        (!certain.iter().any(hangs)).then_some(finding)
    });
    findings.collect()
}

fn finding(analysis: &Analysis<'_>, prediction: &Prediction) -> Option<Finding> {
    let Prediction { waits, notification, .. } = prediction;
    let places = waits.iter().flat_map(|wait| {
        [Some(wait.request.place), wait.holds.map(|held| held.place)].into_iter().flatten()
    });
    let mut places = places.chain(notification.iter().map(|by| by.place));
    if !places.all(|place| is_known(analysis, place)) {
        return None;
    }
    let first = waits.iter().map(|wait| wait.time).min().unwrap_or(Nanos::ZERO);
    let last = waits.iter().map(|wait| wait.time).max().unwrap_or(first);
    let mut finding = Finding::new(Code::PossibleDeadlock, (first, last), 0);
    finding.certainty = Certainty::Possible;
    // The first place that it names.
    finding.place =
        waits.first().and_then(|wait| wait.holds.map_or(wait.request.place, |held| held.place));
    finding.threads = waits.iter().map(|wait| wait.request.thread).collect();
    for wait in waits {
        let target = wait.request.wants.target();
        let held = wait.holds.map(|held| Target::Primitive(held.lock));
        for target in [Some(target), held].into_iter().flatten() {
            match target {
                Target::Channel(it) if !finding.channels.contains(&it) => finding.channels.push(it),
                Target::Primitive(it) if !finding.primitives.contains(&it) => {
                    finding.primitives.push(it);
                }
                _ => {}
            }
        }
        let what = asks(analysis, wait.request.wants);
        finding.show(wait.time, wait.request.thread, what, wait.request.place);
    }
    match (&waits[..], notification) {
        ([wait], Some(by)) => describe_notification(analysis, wait, by, &mut finding),
        _ => describe_circle(analysis, waits, &mut finding),
    }
    finding.advice += " `recorder explore --confirm RUN` tries whether it can happen.";
    finding.why =
        "This run did not hang, but with its threads in that order it could have.".to_owned();
    Some(finding)
}

/// Whether a place can be shown: it is in the program, or in the program's call of a dependency.
fn is_known(analysis: &Analysis<'_>, place: Option<PlaceIndex>) -> bool {
    place.is_some_and(|place| {
        let place = &analysis.catalog.places[place];
        !place.is_in_std() && !place.is_internal()
    })
}

fn describe_circle(analysis: &Analysis<'_>, waits: &[PredictedWait], finding: &mut Finding) {
    let steps: Vec<_> = waits.iter().map(|wait| does(analysis, wait)).collect();
    finding.what = format!("{}.", steps.join("; "));
    let name = |wait: &PredictedWait| thread(analysis, wait.request.thread);
    let lock = |held: Held| primitive(analysis, held.lock);
    let holders: Vec<_> = waits.iter().filter_map(|wait| Some((wait, wait.holds?))).collect();
    let order = match (&holders[..], waits) {
        ([(a, held_a), (b, held_b)], [_, _]) => Some(format!(
            "{} locks {} after {} has locked {} and before {} asks for {}",
            name(b),
            lock(*held_b),
            name(a),
            lock(*held_a),
            name(a),
            wants(analysis, a.request.wants),
        )),
        ([(a, held)], [..]) if let Some(other) = asking_for(waits, *held) => Some(format!(
            "{} locks {} before {} does{}",
            name(a),
            lock(*held),
            name(other),
            place_after(analysis, " at ", other.request.place, ""),
        )),
        ([], _) => None,
        _ => {
            let holders =
                holders.iter().map(|(wait, held)| format!("{} has {}", name(wait), lock(*held)));
            let holders: Vec<_> = holders.collect();
            Some(format!("{} before any of them goes on", list(&holders)))
        }
    };
    let fills = waits.iter().filter(|wait| !wait.overtaking.is_empty());
    let fills = fills.map(|wait| fills_before(analysis, wait));
    let order: Vec<_> = order.into_iter().chain(fills).collect();
    if !order.is_empty() {
        finding.add_step(format!("it happens if {}", list(&order)));
    }
    let is_lock = |wait: &PredictedWait| matches!(wait.request.wants, Wants::Lock { .. });
    finding.advice = match waits.iter().find(|wait| !is_lock(wait)) {
        None => "Acquire the locks in the same order everywhere.".to_owned(),
        Some(_) if holders.is_empty() => without_lock(analysis, waits),
        Some(wait) => {
            let held = wait.holds.map_or("the lock".to_owned(), lock);
            format!("Release {held} before {} {}.", name(wait), asks(analysis, wait.request.wants))
        }
    };
}

/// `client fills "jobs" before main sends on it at src/main.rs:21`
fn fills_before(analysis: &Analysis<'_>, wait: &PredictedWait) -> String {
    let PredictedWait { request, overtaking, .. } = wait;
    format!(
        "{} {} {} before {} sends on it{}",
        threads(analysis, overtaking),
        if overtaking.len() == 1 { "fills" } else { "fill" },
        wants(analysis, request.wants),
        thread(analysis, request.thread),
        place_after(analysis, " at ", request.place, ""),
    )
}

/// What to do about a circle in which nobody holds a lock.
fn without_lock(analysis: &Analysis<'_>, waits: &[PredictedWait]) -> String {
    let next = waits.iter().cycle().skip(1);
    let full = waits.iter().zip(next).find(|(wait, _)| !wait.overtaking.is_empty());
    let Some((full, receiver)) = full else { return String::new() };
    let (channel, request) = (wants(analysis, full.request.wants), &receiver.request);
    let first = match waits.len() {
        1 => format!("Receive from {channel} in another thread"),
        _ => {
            let name = thread(analysis, request.thread);
            let asks = asks(analysis, request.wants);
            format!("Let {name} receive from {channel} before it {asks}")
        }
    };
    format!("{first}, or give {channel} room for all messages that can be sent before.")
}

/// The wait for this lock.
fn asking_for(waits: &[PredictedWait], held: Held) -> Option<&PredictedWait> {
    waits
        .iter()
        .find(|wait| matches!(wait.request.wants, Wants::Lock { lock, .. } if lock == held.lock))
}

fn describe_notification(
    analysis: &Analysis<'_>,
    wait: &PredictedWait,
    by: &Use,
    finding: &mut Finding,
) {
    let (waiting, notifier) = (thread(analysis, wait.request.thread), thread(analysis, by.thread));
    finding.what = format!(
        "{waiting} {}{}; the notification that ended it was the last, and {notifier} sent it \
         without the mutex{}.",
        asks(analysis, wait.request.wants),
        at(analysis, wait.request.place),
        at(analysis, by.place),
    );
    finding.add_step(format!("it happens if {notifier} notifies before {waiting} begins to wait"));
    finding.advice =
        "Let the thread that notifies change what is waited for while it holds the mutex."
            .to_owned();
    finding.threads.push(by.thread);
    finding.show(by.time, by.thread, "notifies", by.place);
}

/// `main locks "a" (src/main.rs:21) and then "b" (:22)`
fn does(analysis: &Analysis<'_>, wait: &PredictedWait) -> String {
    let request = &wait.request;
    let (name, place) = (thread(analysis, request.thread), at(analysis, request.place));
    let Some(held) = wait.holds else {
        let room = match request.wants {
            Wants::Room(it) if !analysis.catalog.channels[it].is_rendezvous() => {
                ", which is full then"
            }
            _ => "",
        };
        return format!("{name} {}{place}{room}", asks(analysis, request.wants));
    };
    let first = format!("{}{}", primitive(analysis, held.lock), at(analysis, held.place));
    let place = at_after(analysis, held.place, request.place);
    match request.wants {
        Wants::Lock { .. } => {
            format!("{name} locks {first} and then {}{place}", wants(analysis, request.wants))
        }
        other => format!("{name} locks {first} and then {}{place}", asks(analysis, other)),
    }
}

/// ` (src/main.rs:22)`, or ` (:22)` after a place in the same file.
fn at_after(
    analysis: &Analysis<'_>,
    before: Option<PlaceIndex>,
    place: Option<PlaceIndex>,
) -> String {
    let text = at(analysis, place);
    let line = |text: &str| text.rfind(':').map(|colon| (text[..colon].to_owned(), colon));
    match (line(&at(analysis, before)), line(&text)) {
        (Some((one, _)), Some((other, colon))) if one == other => format!(" ({}", &text[colon..]),
        _ => text,
    }
}

/// `locks "b"`, `joins worker`
fn asks(analysis: &Analysis<'_>, wanted: Wants) -> String {
    let name = wants(analysis, wanted);
    match wanted {
        Wants::Lock { .. } => format!("locks {name}"),
        Wants::Room(_) => format!("sends on {name}"),
        Wants::Message(_) => format!("receives from {name}"),
        Wants::End(_) => format!("joins {name}"),
        Wants::Notification(_) => format!("waits for a notification of {name}"),
    }
}

/// `"b"`, `worker`
fn wants(analysis: &Analysis<'_>, wants: Wants) -> String {
    match wants {
        Wants::Lock { lock, .. } | Wants::Notification(lock) => primitive(analysis, lock),
        Wants::Room(it) | Wants::Message(it) => channel(analysis, it),
        Wants::End(it) => thread(analysis, it).to_owned(),
    }
}
