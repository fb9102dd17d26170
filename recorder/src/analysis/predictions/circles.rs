//! Circles of requests: each thread holds, or is, what the one before asks for.

use std::collections::HashMap;

use super::closure::Closure;
use super::log::Log;
use super::requests::{Held, Request, Requests, Wants};
use crate::analysis::Analysis;
use crate::reading::catalog::{PrimitiveIndex, ThreadIndex};

/// Maximum number of threads in a circle.
const MAX_LENGTH: usize = 5;
/// Maximum number of circles.
const MAX_CIRCLES: usize = 1000;
/// Maximum number of requests that are tried on the way to them.
const MAX_TRIED: usize = 200_000;

/// Requests, each for what the thread of the next one holds.
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
            || !self.locks().is_empty()
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

    /// The locks that a thread holds while it waits for another, not for a lock, and that the other
    /// acquires, too.
    pub(super) fn locks(&self) -> Vec<PrimitiveIndex> {
        let mut locks = Vec::new();
        for request in self.analysis.requests.all() {
            let Some(partner) = self.partner(request) else { continue };
            for held in &request.held {
                let users = &self.analysis.stats.primitives[held.lock].users;
                if users.iter().any(|user| user.thread == partner) && !locks.contains(&held.lock) {
                    locks.push(held.lock);
                }
            }
        }
        locks
    }

    /// The circles of these requests, the shortest first.
    pub(super) fn circles(&self, requests: &[Request]) -> Vec<Circle> {
        let mut circles = self.search(requests, MAX_CIRCLES);
        circles.sort_by_key(|circle| circle.requests.len());
        circles
    }

    /// The only thread that can end a wait that is not for a lock, if there is only one in this run.
    fn partner(&self, request: &Request) -> Option<ThreadIndex> {
        let only = |mut threads: Vec<ThreadIndex>| {
            threads.dedup();
            (threads.len() == 1).then(|| threads[0])
        };
        let stats = &self.analysis.stats;
        let partner = match request.wants {
            Wants::Lock { .. } | Wants::Notification(_) => None,
            Wants::End(thread) => Some(thread),
            Wants::Room(channel) => {
                self.analysis.catalog.channels[channel].bound?;
                only(stats.channels[channel].receivers.iter().map(|user| user.thread).collect())
            }
            Wants::Message(channel) => {
                only(stats.channels[channel].senders.iter().map(|user| user.thread).collect())
            }
        };
        partner.filter(|&partner| partner != request.thread)
    }

    /// Whether a request would not be granted in this part of a run, apart from those for locks.
    pub(super) fn can_wait(
        &self,
        request: &Request,
        closure: &Closure<'_, '_>,
        log: &Log<'_>,
    ) -> bool {
        match request.wants {
            Wants::Room(channel) => {
                Some(closure.queued(channel)) == log.catalog.channels[channel].bound
            }
            Wants::Message(channel) => closure.queued(channel) == 0,
            Wants::Lock { .. } | Wants::End(_) | Wants::Notification(_) => true,
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
            path: Vec::new(),
            tried: 0,
            circles: Vec::new(),
        };
        for first in 0..requests.len() {
            search.path.push(first);
            search.extend();
            search.path.pop();
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
            _ => self.suspects.partner(wanted).and_then(|thread| self.of_thread.get(&thread)),
        };
        for next in next.cloned().unwrap_or_default() {
            self.tried += 1;
            if self.tried > MAX_TRIED || self.circles.len() >= self.max_circles {
                return;
            }
            if self.keeps_waiting(next, wanted).is_none() {
                continue;
            }
            if next == first && self.path.len() > 1 {
                self.close();
            } else if next > first && self.path.len() < MAX_LENGTH && self.fits(next) {
                self.path.push(next);
                self.extend();
                self.path.pop();
            }
        }
    }

    /// If the thread of a request can keep another waiting: the lock by which it does.
    fn keeps_waiting(&self, request: usize, wanted: &Request) -> Option<Option<Held>> {
        let Wants::Lock { lock, is_shared } = wanted.wants else {
            // The two ends of a channel meet.
            let meet = self.requests[request].wants.target() == wanted.wants.target();
            return (!meet).then_some(None);
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
        // Without a lock, the order would not matter.
        if holds.iter().any(Option::is_some) {
            self.circles.push(Circle { requests: self.path.clone(), holds });
        }
    }
}
