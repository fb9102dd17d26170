//! Circles of requests: each thread holds what the one before asks for, or only it can provide that.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use rustc_hash::FxHashSet;

use super::requests::{Held, Request, Requests, Wants};
use crate::analysis::Analysis;
use crate::analysis::stats::channels::User;
use crate::reading::catalog::{PrimitiveIndex, Target, ThreadIndex};

/// Maximum numbers of threads in a circle. Short ones come first, so that the search for long ones does not
/// keep them from being found.
const MAX_LENGTHS: [usize; 2] = [5, 12];
/// Maximum number of circles.
const MAX_CIRCLES: usize = 1000;
/// Maximum number of requests that are tried on the way to those of each length.
const MAX_TRIED: usize = 200_000;
/// Maximum number of rounds in which waits are left out that are part of no circle.
const MAX_ROUNDS: usize = 64;

/// Requests, each for what the thread of the next one holds, or what only this thread can provide.
#[derive(Clone, Debug)]
pub(super) struct Circle {
    /// Their indices.
    pub(super) requests: Vec<usize>,
    /// For each of them the lock that the request before is for, if it is for a lock.
    pub(super) holds: Vec<Option<Held>>,
}

/// The requests of a run that may close a circle.
pub(super) struct Suspects<'s, 'a> {
    analysis: &'s Analysis<'a>,
}

impl<'s, 'a> Suspects<'s, 'a> {
    pub(super) fn new(analysis: &'s Analysis<'a>) -> Self {
        Suspects { analysis }
    }

    /// Whether there are any.
    pub(super) fn exist(&self, requests: &Requests) -> bool {
        requests.condvars.keys().any(|&condvar| self.is_unguarded(condvar))
            || !self.search(requests.all(), 1).is_empty()
    }

    /// Whether a notification of this condition variable can come too early: the thread that notified
    /// last has never acquired the mutex of those that wait. So whatever it tells them was changed
    /// without the mutex, and they may look at it just before.
    pub(super) fn is_unguarded(&self, condvar: PrimitiveIndex) -> bool {
        let Some(&(mutex, Some(notifier))) = self.analysis.requests.condvars.get(&condvar) else {
            return false;
        };
        let catalog = self.analysis.catalog;
        let process = catalog.primitives[condvar].process;
        catalog.primitive_with_number(process, mutex).is_some_and(|mutex| {
            let users = &self.analysis.stats.primitives[mutex].users;
            users.iter().all(|user| user.thread != notifier)
        })
    }

    /// What threads ask for that matters also if they hold no lock: channels at which they can wait for
    /// each other, and the locks that a thread holds while it waits for another, not for a lock, and that
    /// the other acquires, too.
    pub(super) fn targets(&self) -> FxHashSet<Target> {
        let mut targets = self.channels();
        for request in self.analysis.requests.all() {
            let Some(partner) = self.partner(request.thread, request.wants) else { continue };
            for held in &request.held {
                let users = &self.analysis.stats.primitives[held.lock].users;
                if users.iter().any(|user| user.thread == partner) {
                    targets.insert(Target::Primitive(held.lock));
                }
            }
        }
        targets
    }

    /// The channels at which threads can wait for each other, one of them for room that others may take.
    fn channels(&self) -> FxHashSet<Target> {
        let channels = &self.analysis.stats.channels;
        // Who can wait for whom, and for what.
        let mut waits: Vec<(ThreadIndex, ThreadIndex, Wants)> = Vec::new();
        let mut add = |thread, wants: Wants| {
            waits.extend(self.partner(thread, wants).map(|partner| (thread, partner, wants)));
        };
        for (channel, stats) in channels.iter_enumerated() {
            stats.senders.iter().for_each(|user| add(user.thread, Wants::Room(channel)));
            stats.receivers.iter().for_each(|user| add(user.thread, Wants::Message(channel)));
        }
        self.analysis.requests.all().iter().for_each(|it| add(it.thread, it.wants));
        // All circles are among those who wait for threads that wait, and for whom others wait.
        for _ in 0..MAX_ROUNDS {
            let (from, to): (FxHashSet<_>, FxHashSet<_>) =
                waits.iter().map(|&(from, to, _)| (from, to)).unzip();
            let before = waits.len();
            waits.retain(|(one, other, _)| to.contains(one) && from.contains(other));
            if waits.len() == before {
                break;
            }
        }
        match waits.iter().any(|&(.., wants)| self.can_be_overtaken(wants)) {
            true => waits.into_iter().map(|(.., wants)| wants.target()).collect(),
            false => FxHashSet::default(),
        }
    }

    /// Whether another thread can take the room that a message had in this run: several send on a channel
    /// with a bound, from which only one receives.
    fn can_be_overtaken(&self, wants: Wants) -> bool {
        let Wants::Room(channel) = wants else { return false };
        let has_room = self.analysis.catalog.channels[channel].bound.is_some_and(|bound| bound > 0);
        let stats = &self.analysis.stats.channels[channel];
        has_room && stats.senders.len() > 1 && stats.receivers.len() == 1
    }

    /// The circles of these requests, the shortest first.
    pub(super) fn circles(&self, requests: &[Request]) -> Vec<Circle> {
        let mut circles = self.search(requests, MAX_CIRCLES);
        circles.sort_by_key(|circle| circle.requests.len());
        circles
    }

    /// The only thread that can end a wait that is not for a lock, if there is only one in this run. A
    /// thread may itself be the only one that makes room.
    fn partner(&self, thread: ThreadIndex, wants: Wants) -> Option<ThreadIndex> {
        let stats = &self.analysis.stats;
        let only = |users: &[User]| match users {
            [user] => Some(user.thread),
            _ => None,
        };
        match wants {
            Wants::Lock { .. } | Wants::Notification(_) => None,
            Wants::End(other) => Some(other),
            Wants::Room(channel) => {
                self.analysis.catalog.channels[channel].bound?;
                only(&stats.channels[channel].receivers)
            }
            Wants::Message(channel) => {
                only(&stats.channels[channel].senders).filter(|&sender| sender != thread)
            }
        }
    }

    fn search(&self, requests: &[Request], max_circles: usize) -> Vec<Circle> {
        let mut holders: HashMap<PrimitiveIndex, Vec<usize>> = HashMap::new();
        let mut of_thread: HashMap<ThreadIndex, Vec<usize>> = HashMap::new();
        for (index, request) in requests.iter().enumerate() {
            for held in &request.held {
                holders.entry(held.lock).or_default().push(index);
            }
            of_thread.entry(request.thread).or_default().push(index);
        }
        let mut search = Search {
            suspects: self,
            requests,
            holders,
            of_thread,
            max_circles,
            lengths: 0..=0,
            path: Vec::new(),
            tried: 0,
            circles: Vec::new(),
        };
        for max_length in MAX_LENGTHS {
            search.lengths = search.lengths.end() + 1..=max_length;
            search.tried = 0;
            for first in 0..requests.len() {
                search.path.push(first);
                search.extend();
                search.path.pop();
            }
        }
        search.circles
    }
}

struct Search<'r> {
    suspects: &'r Suspects<'r, 'r>,
    requests: &'r [Request],
    holders: HashMap<PrimitiveIndex, Vec<usize>>,
    of_thread: HashMap<ThreadIndex, Vec<usize>>,
    max_circles: usize,
    /// Lengths of the circles that are added.
    lengths: RangeInclusive<usize>,
    path: Vec<usize>,
    tried: usize,
    circles: Vec<Circle>,
}

impl Search<'_> {
    /// Tries the requests whose threads can keep the last request of the path waiting.
    fn extend(&mut self) {
        let (first, last) = (self.path[0], self.path[self.path.len() - 1]);
        let requests = self.requests;
        let wanted = &requests[last];
        let next = match wanted.wants {
            Wants::Lock { lock, .. } => self.holders.get(&lock),
            wants => {
                let partner = self.suspects.partner(wanted.thread, wants);
                partner.and_then(|thread| self.of_thread.get(&thread))
            }
        };
        for next in next.cloned().unwrap_or_default() {
            self.tried += 1;
            if self.tried > MAX_TRIED || self.circles.len() >= self.max_circles {
                return;
            }
            if self.keeps_waiting(next, wanted).is_none() {
                continue;
            }
            if next == first {
                if self.lengths.contains(&self.path.len()) {
                    self.close();
                }
            } else if next > first && self.path.len() < *self.lengths.end() && self.fits(next) {
                self.path.push(next);
                self.extend();
                self.path.pop();
            }
        }
    }

    /// If the thread of a request can keep another waiting: the lock by which it does.
    fn keeps_waiting(&self, request: usize, wanted: &Request) -> Option<Option<Held>> {
        let Wants::Lock { lock, is_shared } = wanted.wants else {
            return Some(None);
        };
        let mut held = self.requests[request].held.iter();
        held.find(|held| held.lock == lock && !(held.is_shared && is_shared))
            .map(|held| Some(*held))
    }

    /// Whether a request can be added to the path: it is of another thread, and no lock keeps its
    /// thread from coming there.
    fn fits(&self, next: usize) -> bool {
        let next = &self.requests[next];
        self.path.iter().all(|&other| {
            let other = &self.requests[other];
            let excludes = |held: &Held| {
                let same = |it: &Held| it.lock == held.lock && !(it.is_shared && held.is_shared);
                other.held.iter().any(same)
            };
            other.thread != next.thread && !next.held.iter().any(excludes)
        })
    }

    fn close(&mut self) {
        let mut holds = Vec::new();
        for position in 0..self.path.len() {
            let before = match position {
                0 => self.path[self.path.len() - 1],
                _ => self.path[position - 1],
            };
            let held = self.keeps_waiting(self.path[position], &self.requests[before]);
            holds.push(held.flatten());
        }
        // Without a lock, each thread waited in the run until the next one had gone on, unless another
        // could have taken the room.
        let can_be_overtaken =
            |&request: &usize| self.suspects.can_be_overtaken(self.requests[request].wants);
        if holds.iter().any(Option::is_some) || self.path.iter().any(can_be_overtaken) {
            self.circles.push(Circle { requests: self.path.clone(), holds });
        }
    }
}
