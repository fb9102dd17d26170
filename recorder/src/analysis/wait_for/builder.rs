//! Makes the wait-for graph of the last state of a run.
//!
//! A move of a sender to another thread is not recorded. So it is with the thread that used it last,
//! unless that has spawned another since, or given away something that may contain the sender.

use format::Call;

use super::{Blocked, Edge, Liveness, Needs, Node, Reason, WaitForGraph};
use crate::analysis::Analysis;
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, PrimitiveIndex, Target, ThreadIndex};
use crate::replay::{EndpointState, Hold, ThreadState, Wait};

impl Analysis<'_> {
    /// The wait-for graph of the last state.
    pub(in crate::analysis) fn build_wait_for_graph(&self) -> WaitForGraph {
        let node = |thread: ThreadIndex| Node {
            process: self.catalog.threads[thread].process,
            liveness: self.liveness(thread),
        };
        let processes = self.state.processes.iter_enumerated();
        let spawning = processes.filter(|(_, it)| it.unborn > 0).map(|(process, _)| process);
        let threads = self.state.threads.keys().map(node).collect();
        WaitForGraph { threads, spawning: spawning.collect() }
    }

    fn liveness(&self, thread: ThreadIndex) -> Liveness {
        if !self.is_alive(thread) {
            return Liveness::Ended;
        }
        // What it waits for may have happened during a pause: then it is about to go on.
        let process = &self.state.processes[self.catalog.threads[thread].process];
        let is_known = |wait: &&Wait| !wait.is_timed() && !process.has_paused_since(wait.begin);
        let wait = self.open_wait(thread).filter(is_known);
        let blocked =
            wait.and_then(|wait| Some(Blocked { wait: *wait, needs: self.needs(thread, wait)? }));
        blocked.map_or(Liveness::Runnable, Liveness::Blocked)
    }

    fn is_alive(&self, thread: ThreadIndex) -> bool {
        self.state.threads[thread].ended.is_none()
    }

    /// The threads that could end this wait; `None` if it has been ended, or nothing is known about
    /// it.
    fn needs(&self, thread: ThreadIndex, wait: &Wait) -> Option<Needs> {
        match (wait.call(), wait.target()) {
            (Call::Recv, Some(Target::Channel(channel))) => self.receiver_needs(channel),
            (Call::Send, Some(Target::Channel(channel))) => self.sender_needs(channel),
            (Call::Lock | Call::Write | Call::Read, Some(Target::Primitive(primitive))) => {
                self.lock_needs(primitive, wait)
            }
            (Call::Join, Some(Target::Thread(to))) => {
                let edge = Edge { to, reason: Reason::IsJoined };
                self.is_alive(to).then(|| Needs::All(vec![edge]))
            }
            (Call::Scope, _) => self.scope_needs(thread),
            (Call::Initialize, Some(Target::Primitive(primitive))) => {
                let running = self.state.primitives[primitive].initializer?;
                let to = running.thread;
                let is_known = to != thread && !running.is_outdated && !self.lacks_events_of(to);
                let edge = Edge { to, reason: Reason::RunsInitializer };
                is_known.then(|| Needs::All(vec![edge]))
            }
            (Call::CondvarWait | Call::BarrierWait | Call::Park, target) => {
                // A notification after the start of the wait may have ended it.
                let notified = match (wait.call(), target) {
                    (Call::CondvarWait, Some(Target::Primitive(condvar))) => {
                        self.state.primitives[condvar].moved.map(|(time, _)| time)
                    }
                    (Call::Park, _) => {
                        self.state.threads[thread].unparked.as_ref().map(|unparked| unparked.time)
                    }
                    _ => None,
                };
                let may_be_over = notified.is_some_and(|time| time >= wait.begin);
                (!may_be_over).then(|| Needs::Any { edges: Vec::new(), any_thread: true })
            }
            _ => None,
        }
    }

    fn lacks_events_of(&self, thread: ThreadIndex) -> bool {
        self.catalog.threads[thread].dropped > 0
    }

    fn lock_needs(&self, lock: PrimitiveIndex, wait: &Wait) -> Option<Needs> {
        // The release may be missing from the recording.
        let is_known = |hold: &&Hold| hold.paused.is_none() && !self.lacks_events_of(hold.thread);
        let holds = || self.state.primitives[lock].holds.iter().filter(is_known);
        let is_read_only = holds().all(|hold| hold.is_shared);
        let mut edges: Vec<_> = if wait.call() == Call::Read && is_read_only {
            // Readers let others read, but a thread that waits to write does not.
            let waits_to_write = |other: &ThreadIndex| {
                let other = self.state.threads[*other].wait.as_ref();
                other.is_some_and(|it| it.call() == Call::Write && it.target() == wait.target())
            };
            let writers = self.state.threads.keys().filter(waits_to_write);
            writers.map(|to| Edge { to, reason: Reason::WaitsToWrite }).collect()
        } else {
            let reason = |hold: &Hold| Reason::HoldsLock { place: hold.place };
            holds().map(|hold| Edge { to: hold.thread, reason: reason(hold) }).collect()
        };
        edges.dedup_by_key(|edge| edge.to);
        (!edges.is_empty()).then_some(Needs::All(edges))
    }

    fn scope_needs(&self, thread: ThreadIndex) -> Option<Needs> {
        let is_child = |(_, child): &(ThreadIndex, &ThreadState)| {
            child.spawned.as_ref().is_some_and(|spawned| spawned.thread == thread)
                && child.ended.is_none()
        };
        let children = self.state.threads.iter_enumerated().filter(is_child);
        let edges: Vec<_> =
            children.map(|(to, _)| Edge { to, reason: Reason::IsInScope }).collect();
        // Which of its children are in the scope is not recorded: at least one is. Nor is which it
        // spawned while the recording paused.
        let first = self.state.threads[thread].first.unwrap_or_default();
        let process = self.catalog.threads[thread].process;
        let any_thread = self.state.processes[process].has_paused_since(first);
        (!edges.is_empty()).then_some(Needs::Any { edges, any_thread })
    }

    fn receiver_needs(&self, channel: ChannelIndex) -> Option<Needs> {
        let known = &self.state.channels[channel];
        if known.queued() > 0 || known.senders == 0 || self.is_offered(channel) {
            return None;
        }
        let mut edges: Vec<Edge> = Vec::new();
        let mut any_thread = false;
        let mut count = 0;
        for sender in self.live_senders(channel) {
            let endpoint = &self.state.endpoints[sender];
            let is_made_before = self.catalog.endpoints[sender].made_before;
            if endpoint.made.is_none() && !is_made_before {
                // Its clone is not recorded.
                continue;
            }
            count += 1;
            let (holders, others) = self.holders(endpoint);
            any_thread |= others || is_made_before;
            for to in holders {
                if !edges.iter().any(|edge| edge.to == to) {
                    edges.push(Edge { to, reason: Reason::HasSender(sender) });
                }
            }
        }
        // Of some it is not known which they are.
        any_thread |= count < known.senders;
        Some(Needs::Any { edges, any_thread })
    }

    /// Whether a thread gave something away after this that may contain an endpoint.
    fn gave_away_after(&self, thread: ThreadIndex, time: Nanos) -> bool {
        self.state.threads[thread].gave_away.is_some_and(|gave| gave > time)
    }

    /// Whether a sender waits for the receiver to take its message.
    fn is_offered(&self, channel: ChannelIndex) -> bool {
        self.state.threads.iter().filter_map(|thread| thread.wait.as_ref()).any(|wait| {
            wait.call() == Call::Send && wait.target() == Some(Target::Channel(channel))
        })
    }

    /// The threads that may have an endpoint, and whether any other may have it, too.
    fn holders(&self, endpoint: &EndpointState) -> (Vec<ThreadIndex>, bool) {
        let Some(last) = endpoint.last else { return (Vec::new(), true) };
        let mut holders = Vec::new();
        if self.is_alive(last.thread) {
            holders.push(last.thread);
        }
        // An endpoint that goes from one thread to another may have been moved; one that comes back
        // is shared.
        let mut any_thread = endpoint.hops > 1;
        let mut next = vec![(last.thread, last.time)];
        while let Some((thread, since)) = next.pop() {
            any_thread |= self.gave_away_after(thread, since);
            for (child, spawned) in self.spawned_by(thread, thread == last.thread) {
                if spawned > since && self.is_alive(child) && !holders.contains(&child) {
                    holders.push(child);
                    next.push((child, spawned));
                }
            }
        }
        any_thread |= holders.is_empty();
        (holders, any_thread)
    }

    /// The threads that `parent` has spawned, or with `or_unknown` may have spawned, and when.
    fn spawned_by(
        &self,
        parent: ThreadIndex,
        or_unknown: bool,
    ) -> impl Iterator<Item = (ThreadIndex, Nanos)> {
        let process = self.catalog.threads[parent].process;
        self.state.threads.iter_enumerated().filter_map(move |(child, facts)| {
            let is_other = child != parent && self.catalog.threads[child].process == process;
            let spawned = match &facts.spawned {
                Some(spawned) => Some(spawned.time).filter(|_| spawned.thread == parent),
                None => or_unknown.then_some(facts.first.unwrap_or_default()),
            };
            spawned.filter(|_| is_other).map(|spawned| (child, spawned))
        })
    }

    fn sender_needs(&self, channel: ChannelIndex) -> Option<Needs> {
        let known = &self.state.channels[channel];
        let bound = self.catalog.channels[channel].bound.unwrap_or(u64::MAX);
        if known.receiver_gone.is_some() || known.depth < bound {
            return None;
        }
        let receivers = &self.stats.channels[channel].receivers;
        // A clone that has not been used yet may be with any thread.
        let has_unused_clones = known.receivers > receivers.len().max(1) as u64;
        let (holders, may_be_moved): (Vec<ThreadIndex>, bool) = match &receivers[..] {
            // No thread has received yet: the receiver may be with the thread that made it.
            [] => {
                let maker = known.made.map(|(_, thread)| thread);
                (maker.into_iter().collect(), self.may_have_moved_receiver(channel))
            }
            users => (
                users.iter().map(|user| user.thread).collect(),
                users.iter().any(|user| self.gave_away_after(user.thread, user.last)),
            ),
        };
        let holders = holders.into_iter().filter(|&it| self.is_alive(it));
        let edges: Vec<_> = holders.map(|to| Edge { to, reason: Reason::HasReceiver }).collect();
        let any_thread = edges.is_empty() || has_unused_clones || may_be_moved;
        Some(Needs::Any { edges, any_thread })
    }

    /// Whether the thread that made a channel may have moved its receiver to another.
    fn may_have_moved_receiver(&self, channel: ChannelIndex) -> bool {
        let Some((made, maker)) = self.state.channels[channel].made else { return true };
        let process = self.catalog.channels[channel].process;
        let began_later = |(other, facts): (ThreadIndex, &ThreadState)| {
            other != maker
                && self.catalog.threads[other].process == process
                && facts.ended.is_none()
                && facts.spawned.as_ref().is_none_or(|spawned| spawned.time > made)
        };
        self.gave_away_after(maker, made) || self.state.threads.iter_enumerated().any(began_later)
    }
}
