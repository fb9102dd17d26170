//! Hangs that another order of the same operations would have caused.
//!
//! A prediction is never certain: the program may do something else in another order, because of data
//! that no recording shows. But it is *sync-preserving* (Tunç, Mathur, Pavlogiannis, Viswanathan,
//! *Sound Dynamic Deadlock Prediction in Linear Time*, PLDI 2023): there is an order of a part of the
//! recorded operations in which every thread does what it did, every message is received by the thread
//! that received it, critical sections of one lock keep their order, no channel holds more messages than
//! its bound, and at whose end the threads wait for each other.
//!
//! Messages of different threads need not come into a channel as they did. If those of each channel kept
//! their order, no circle would close without a lock: a thread that waits for room, for a message or for
//! the end of another would go on after that had gone on, as in the run. But a message that is not
//! received may take the room that another had.
//!
//! [`Requests`] listens to the replay of every report, and only notes who asks for something while it
//! holds a lock, and who joins whom. If there is nothing to suspect in that and in the statistics of
//! channels, as in most runs, it is all. Otherwise `log` reads the run once more, `circles` lists the
//! candidates, and `closure` decides which of them are possible.

use std::collections::BTreeMap;

use tracing::info_span;

use crate::analysis::Analysis;
use crate::reading::catalog::ThreadIndex;
use crate::reading::{self, Nanos, Recording};
use crate::replay::{Replay, Use};

mod circles;
mod closure;
mod log;
mod requests;

pub use requests::{Held, Request, Requests, Wants};

use circles::{Circle, Suspects};
use closure::Closure;
use log::{Instance, Log, Wake};

/// A hang that another order of the same operations would have caused.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The waits, each for the thread of the next one, and the last one for that of the first. Only
    /// one for a notification that comes too early.
    pub waits: Vec<PredictedWait>,
    /// Of a wait for a notification: the notification that would come before it.
    pub notification: Option<Use>,
    /// How many [steps](crate::replay::ThreadState::steps) each thread has done in the order that leads
    /// there, before the waits; [`u64::MAX`] if it has ended.
    pub before: Vec<(ThreadIndex, u64)>,
}

/// A wait that would never end.
#[derive(Clone, Debug)]
pub struct PredictedWait {
    /// What waits for what.
    pub request: Request,
    /// When that was in the recorded run, in which it was granted.
    pub time: Nanos,
    /// The lock for which the previous thread waits, if it waits for one.
    pub holds: Option<Held>,
    /// If it sends on a channel that is full then: the threads that have sent before it, although they
    /// did so after it in the recorded run.
    pub overtaking: Vec<ThreadIndex>,
}

/// Maximum number of predictions.
const MAX_PREDICTIONS: usize = 20;

/// The predictions from a run.
///
/// Nothing is predicted if events are missing, or if the recording has paused or is a flight
/// recorder's: the order would not be known.
///
/// # Errors
/// The recording cannot be read.
pub fn predict(recording: &Recording, analysis: &Analysis<'_>) -> reading::Result<Vec<Prediction>> {
    let catalog = analysis.catalog;
    let has_paused = analysis.state.processes.iter().any(|process| process.has_paused());
    let is_whole = !analysis.is_incomplete && catalog.complete_from == Nanos::ZERO && !has_paused;
    let suspects = Suspects::new(analysis);
    let targets = suspects.targets();
    if !is_whole || targets.is_empty() && !suspects.exist(&analysis.requests) {
        return Ok(Vec::new());
    }
    let _span = info_span!("predict").entered();
    let (_, log) = Replay::new(recording, Log::new(catalog, targets))?.finish()?;
    let mut predictions: Vec<Prediction> = Vec::new();
    for circle in in_any_order(&log, suspects.circles(log.requests.all())) {
        if predictions.len() >= MAX_PREDICTIONS {
            break;
        }
        // Threads of a pool do the same at the same places: one of them is enough.
        let is_known = |known: &Prediction| known.is_at_places_of(&circle, &log);
        if !predictions.iter().any(is_known) {
            predictions.extend(of_circle(&log, &circle));
        }
    }
    for wake in log.last_wakes() {
        if predictions.len() < MAX_PREDICTIONS && suspects.is_unguarded(wake.condvar) {
            predictions.extend(of_wake(&log, wake));
        }
    }
    Ok(predictions)
}

impl Prediction {
    fn is_at_places_of(&self, circle: &Circle, log: &Log<'_>) -> bool {
        let all = log.requests.all();
        let mut places: Vec<_> = circle.requests.iter().map(|&it| all[it].place).collect();
        let mut known: Vec<_> = self.waits.iter().map(|wait| wait.request.place).collect();
        places.sort_unstable();
        known.sort_unstable();
        places == known
    }
}

/// The circles in which no request requires that another has been granted for the last time.
///
/// What comes before the first of a thread's requests also comes before the others: one closure for each
/// thread is enough for all circles.
fn in_any_order(log: &Log<'_>, circles: Vec<Circle>) -> Vec<Circle> {
    let all = log.requests.all();
    let mut in_circles: BTreeMap<(ThreadIndex, u32), Vec<usize>> = BTreeMap::new();
    for (number, circle) in circles.iter().enumerate() {
        for &request in &circle.requests {
            let Some(first) = log.instances(request).first() else { continue };
            in_circles.entry((all[request].thread, first.entry)).or_default().push(number);
        }
    }
    let mut is_ordered = vec![false; circles.len()];
    let mut latest: Option<(ThreadIndex, Closure<'_, '_>)> = None;
    for ((thread, entry), numbers) in in_circles {
        let mut closure = match latest.take() {
            Some((known, closure)) if known == thread => closure,
            _ => Closure::new(log),
        };
        closure.require(thread, entry);
        let is_possible = closure.complete();
        for number in numbers {
            let mut others =
                circles[number].requests.iter().filter(|&&it| all[it].thread != thread);
            is_ordered[number] |= !is_possible
                || others.any(|&other| {
                    let last = log.instances(other).last();
                    last.is_none_or(|last| last.entry < closure.count(all[other].thread))
                });
        }
        latest = Some((thread, closure));
    }
    circles.into_iter().zip(is_ordered).filter(|(_, it)| !it).map(|(circle, _)| circle).collect()
}

/// The prediction that a circle closes, if it can.
///
/// The closure of what comes before the requests only grows while later instances of them are tried,
/// so the time is linear in the length of the run. Sends that fill a channel are added at the end.
fn of_circle(log: &Log<'_>, circle: &Circle) -> Option<Prediction> {
    let all = log.requests.all();
    let requests: Vec<&Request> = circle.requests.iter().map(|&request| &all[request]).collect();
    let mut instances: Vec<&[Instance]> =
        circle.requests.iter().map(|&request| log.instances(request)).collect();
    let mut closure = Closure::new(log);
    let (closure, waiting) = loop {
        let first = requests.iter().zip(&instances);
        let first = first.map(|(it, instances)| Some((it.thread, instances.first()?.entry)));
        let waiting = first.collect::<Option<Vec<_>>>()?;
        waiting.iter().for_each(|&(thread, entry)| closure.require(thread, entry));
        if !closure.complete() {
            return None;
        }
        let mut is_possible = true;
        for (request, instances) in requests.iter().zip(&mut instances) {
            // It has been granted before: the next time, then.
            let before = closure.count(request.thread);
            let granted = instances.partition_point(|instance| instance.entry < before);
            let has_message =
                matches!(request.wants, Wants::Message(channel) if closure.queued(channel) > 0);
            let skipped = if granted == 0 { usize::from(has_message) } else { granted };
            is_possible &= skipped == 0;
            *instances = &instances[skipped..];
        }
        if !is_possible {
            continue;
        }
        let mut full = closure.clone();
        let not_full = requests.iter().position(|request| match request.wants {
            Wants::Room(channel) => !full.fill(channel, &waiting),
            _ => false,
        });
        match not_full {
            None => break (full, waiting),
            Some(position) => instances[position] = &instances[position][1..],
        }
    };
    let mut before = closure.steps();
    let mut waits = Vec::new();
    for (position, request) in requests.into_iter().enumerate() {
        let &Instance { steps, time, .. } = instances[position].first()?;
        let overtaking = match request.wants {
            Wants::Room(channel) => closure.overtaking(channel, waiting[position]),
            _ => Vec::new(),
        };
        set(&mut before, request.thread, steps);
        let holds = circle.holds[position];
        waits.push(PredictedWait { request: request.clone(), time, holds, overtaking });
    }
    // A thread that holds something comes first, or else one that is overtaken.
    let first = waits.iter().position(|wait| wait.holds.is_some());
    let first = first.or_else(|| waits.iter().position(|wait| !wait.overtaking.is_empty()));
    waits.rotate_left(first.unwrap_or(0));
    Some(Prediction { waits, notification: None, before })
}

/// The prediction that a notification comes before the wait that it ended, if it can.
fn of_wake(log: &Log<'_>, wake: &Wake) -> Option<Prediction> {
    let (notifier, notified) = wake.notification;
    let mut closure = Closure::new(log);
    closure.require(wake.thread, wake.begin);
    closure.require(notifier, notified);
    if !closure.complete() || closure.count(wake.thread) > wake.begin {
        return None;
    }
    // A later one would end the wait.
    let mut notifications = log.notifications(wake.condvar).iter();
    if notifications.any(|&(thread, count)| closure.count(thread) < count) {
        return None;
    }
    let mut before = closure.steps();
    set(&mut before, wake.thread, wake.steps);
    let request = Request {
        thread: wake.thread,
        wants: Wants::Notification(wake.condvar),
        place: wake.place,
        held: Vec::new(),
    };
    let waits =
        vec![PredictedWait { request, time: wake.time, holds: None, overtaking: Vec::new() }];
    Some(Prediction { waits, notification: Some(wake.by), before })
}

fn set(before: &mut Vec<(ThreadIndex, u64)>, thread: ThreadIndex, steps: u64) {
    match before.iter_mut().find(|(known, _)| *known == thread) {
        Some((_, known)) => *known = steps,
        None => before.push((thread, steps)),
    }
}
