//! Makes the wait-for graph of the last state of a run.
//!
//! A move of a sender to another thread is not recorded. So it is with the thread that used it last,
//! unless that has spawned another since, or given away something that may contain the sender.

use format::{Call, Detail};

use super::{Blocked, Edge, Liveness, Needs, Node, Reason, WaitForGraph};
use crate::analysis::Analysis;
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, PrimitiveIndex, ProcessIndex, Target, ThreadIndex};
use crate::replay::{EndpointState, Hold, Parcel, ThreadState, Wait};

/// Any thread can end the wait.
fn any_thread() -> Needs {
    Needs::Any { edges: Vec::new(), any_thread: true }
}

/// The thread that holds a lock can release it.
fn held_by(hold: &Hold) -> Edge {
    Edge { to: hold.thread, reason: Reason::HoldsLock { place: hold.place } }
}

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
        let may_act = |process: &ProcessIndex| {
            self.unrecorded(*process).any(|thread| !thread.waits_for_thread())
        };
        let with_unrecorded = self.catalog.processes.keys().filter(may_act).collect();
        WaitForGraph { threads, spawning: spawning.collect(), with_unrecorded }
    }

    fn liveness(&self, thread: ThreadIndex) -> Liveness {
        if !self.is_alive(thread) {
            return Liveness::Ended;
        }
        // What it waits for may have happened during a pause: then it is about to go on.
        let process = &self.state.processes[self.catalog.threads[thread].process];
        let is_known = |wait: &&Wait| !wait.is_timed() && !process.has_paused_since(wait.begin);
        let wait = self.open_wait(thread).filter(is_known);
        let blocked = wait
            .and_then(|wait| Some(Blocked { wait: *wait, needs: self.needs_of(thread, wait)? }));
        blocked.map_or(Liveness::Runnable, Liveness::Blocked)
    }

    fn is_alive(&self, thread: ThreadIndex) -> bool {
        self.state.threads[thread].ended.is_none()
    }

    /// The threads that could end this wait; `None` if it has been ended, or nothing is known about
    /// it.
    pub(in crate::analysis) fn needs_of(&self, thread: ThreadIndex, wait: &Wait) -> Option<Needs> {
        match (wait.call(), wait.target()) {
            (Call::Recv, Some(Target::Channel(channel))) => self.receiver_needs(channel),
            (Call::Send, Some(Target::Channel(channel))) => self.sender_needs(channel, wait),
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
                let is_known = !running.is_outdated && !self.lacks_events_of(to);
                let edge = Edge { to, reason: Reason::RunsInitializer { place: running.place } };
                is_known.then(|| Needs::All(vec![edge]))
            }
            (Call::CondvarWait, Some(Target::Primitive(condvar))) => {
                self.condvar_needs(thread, condvar, wait)
            }
            (Call::Park, _) => {
                let known = &self.state.threads[thread];
                let token = known.unparked.as_ref().filter(|_| known.token_taken.is_none());
                let may_be_over = token.is_some_and(|unparked| {
                    !self.sleeps_since(thread, unparked.time.max(wait.begin))
                });
                (!may_be_over).then(any_thread)
            }
            (Call::BarrierWait, _) => Some(any_thread()),
            _ => None,
        }
    }

    /// A thread that waits for a notification also needs its mutex, which it has released.
    fn condvar_needs(
        &self,
        thread: ThreadIndex,
        condvar: PrimitiveIndex,
        wait: &Wait,
    ) -> Option<Needs> {
        let process = self.catalog.threads[thread].process;
        let mutex = match wait.operation.detail {
            Detail::Mutex(turn) => self.catalog.primitive_with_number(process, turn.primitive()),
            _ => None,
        };
        let holds = mutex.into_iter().flat_map(|mutex| self.known_holds(mutex));
        let edges: Vec<_> = holds.map(held_by).collect();
        if !edges.is_empty() {
            return Some(Needs::All(edges));
        }
        let known = &self.state.primitives[condvar];
        // Where a release is missing, because the recording paused, the order may be another.
        let has_paused = self.state.processes[process].has_paused();
        let latest = known.notified.as_ref().map(|latest| latest.by.time);
        let latest = latest.filter(|&time| has_paused && time >= wait.begin);
        let notified = known.may_have_woken(thread).max(latest);
        let may_be_over = notified.is_some_and(|time| !self.sleeps_since(thread, time));
        (!may_be_over).then(any_thread)
    }

    /// Whether a thread was observed asleep so much later that a wake-up at this time has not woken
    /// it.
    fn sleeps_since(&self, thread: ThreadIndex, wake_up: Nanos) -> bool {
        /// A thread that is woken goes on within this time, also if the machine is busy.
        const MAX_WAKE_UP: Nanos = Nanos::new(200_000_000);
        self.asleep_at(thread).is_some_and(|observed| observed > wake_up + MAX_WAKE_UP)
    }

    fn lacks_events_of(&self, thread: ThreadIndex) -> bool {
        self.catalog.threads[thread].dropped > 0
    }

    fn lock_needs(&self, lock: PrimitiveIndex, wait: &Wait) -> Option<Needs> {
        let is_read_only = self.known_holds(lock).all(|hold| hold.is_shared);
        let mut edges: Vec<_> = if wait.call() == Call::Read && is_read_only {
            // Readers let others read, but a thread that waits to write does not.
            let waits_to_write = |other: &ThreadIndex| {
                let other = self.state.threads[*other].wait.as_ref();
                other.is_some_and(|it| it.call() == Call::Write && it.target() == wait.target())
            };
            let waiters = self.state.primitives[lock].waiters.iter().copied();
            let writers = waiters.filter(waits_to_write);
            writers.map(|to| Edge { to, reason: Reason::WaitsToWrite }).collect()
        } else {
            self.known_holds(lock).map(held_by).collect()
        };
        edges.dedup_by_key(|edge| edge.to);
        (!edges.is_empty()).then_some(Needs::All(edges))
    }

    /// The holds of a lock that are not over as far as is known: the release may be missing from the
    /// recording.
    pub(in crate::analysis) fn known_holds(
        &self,
        lock: PrimitiveIndex,
    ) -> impl Iterator<Item = &Hold> {
        let holds = self.state.primitives[lock].holds.iter();
        holds.filter(|hold| hold.paused.is_none() && !self.lacks_events_of(hold.thread))
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

    /// The threads that could end a wait for a message.
    pub(in crate::analysis) fn receiver_needs(&self, channel: ChannelIndex) -> Option<Needs> {
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
        let (since, first) = match (endpoint.sent_with, endpoint.last) {
            (Some(Parcel { received: Some(received), .. }), _) => received,
            (Some(Parcel { channel, .. }), _) => return self.receivers_of(channel),
            (None, Some(last)) => (last.time, last.thread),
            (None, None) => return (Vec::new(), true),
        };
        let mut holders = Vec::new();
        if self.is_alive(first) {
            holders.push(first);
        }
        // An endpoint that goes from one thread to another may have been moved; one that comes back
        // is shared.
        let mut any_thread = endpoint.hops > 1
            || endpoint.may_be_moved
            || self.may_be_unrecorded(self.catalog.threads[first].process, since);
        let mut next = vec![(first, since)];
        while let Some((thread, since)) = next.pop() {
            any_thread |= self.gave_away_after(thread, since);
            for (child, spawned) in self.spawned_by(thread, thread == first) {
                if spawned > since && self.is_alive(child) && !holders.contains(&child) {
                    holders.push(child);
                    next.push((child, spawned));
                }
            }
        }
        any_thread |= holders.is_empty();
        (holders, any_thread)
    }

    /// Whether an endpoint that was last used at this time may be with a thread that is not recorded
    /// and may act: it has started later.
    fn may_be_unrecorded(&self, process: ProcessIndex, since: Nanos) -> bool {
        /// The system counts the starts of threads in steps of 10 ms.
        const MAX_ERROR: Nanos = Nanos::new(20_000_000);
        self.unrecorded(process)
            .filter(|thread| !thread.waits_for_thread())
            .any(|thread| thread.started.is_none_or(|started| started + MAX_ERROR >= since))
    }

    /// The threads that may receive what is in a channel, and whether any other may.
    fn receivers_of(&self, channel: ChannelIndex) -> (Vec<ThreadIndex>, bool) {
        let users = &self.stats.channels[channel].receivers;
        let threads = users.iter().map(|user| user.thread).filter(|&it| self.is_alive(it));
        let threads: Vec<_> = threads.collect();
        let any_thread = threads.is_empty();
        (threads, any_thread)
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

    fn sender_needs(&self, channel: ChannelIndex, wait: &Wait) -> Option<Needs> {
        let known = &self.state.channels[channel];
        let bound = self.catalog.channels[channel].bound.unwrap_or(u64::MAX);
        // Where earlier sends are discarded, the depth is not known: but the channel was full when
        // the send began to wait, and no thread has received since.
        let process = self.catalog.channels[channel].process;
        let has_room_since = known.room.is_some_and(|(time, _)| time >= wait.begin);
        let is_full = known.depth >= bound
            || (self.catalog.processes[process].is_truncated && !has_room_since);
        // A receive that began while the recording paused may have taken a message since.
        let resumed = self.state.processes[process].pauses.last().and_then(|pause| pause.to);
        let is_known =
            resumed.is_none_or(|resumed| known.room.is_some_and(|(time, _)| time > resumed));
        if known.receiver_gone.is_some() || !is_full || !is_known {
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
