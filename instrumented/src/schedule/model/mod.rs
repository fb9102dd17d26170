//! The state of channels, locks and threads, as far as it determines which threads can go on.
//!
//! The model follows from the events that the process records. It holds no values and blocks nobody:
//! it only answers whether the operation that a thread waits in would now return.

use format::{Call, Event, MessageId, OperationKind, Outcome, Phase, PrimitiveKind};

use self::items::{Channel, Primitive, Reason, State, Table, Thread, Wait};

mod items;
#[cfg(test)]
mod tests;

/// Longer timeouts never expire: a year, in nanoseconds.
const MAX_TIMEOUT: u64 = 365 * 24 * 3600 * 1_000_000_000;

/// How a thread blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocking {
    /// Not at all.
    No,
    /// Until it is chosen again; then its operation returns.
    UntilChosen,
    /// In std's operation.
    InOperation,
}

/// The threads of which one can go on.
#[derive(Default)]
pub(super) struct Candidates {
    /// Threads that can go on now, by their numbers.
    pub(super) ready: Vec<u32>,
    /// Threads that can go on if their time is over, the first to expire first.
    pub(super) expiring: Vec<u32>,
    /// Number of these whose timeouts may expire although other threads can go on, or before earlier
    /// ones.
    pub(super) early: usize,
}

impl Candidates {
    pub(super) fn contain(&self, thread: u32) -> bool {
        self.ready.contains(&thread) || self.expiring.contains(&thread)
    }

    /// A bit for each of the threads 0 to 63.
    pub(super) fn bits(&self) -> u64 {
        let threads = self.ready.iter().chain(&self.expiring);
        threads.filter(|&&thread| thread < 64).fold(0, |bits, thread| bits | 1 << thread)
    }
}

/// See the [module](self).
pub(super) struct Model {
    threads: Table<Thread>,
    /// The numbers of the threads that have not ended, in order.
    live: Vec<u32>,
    channels: Table<Channel>,
    /// The channel of each endpoint.
    endpoints: Table<u32>,
    primitives: Table<Primitive>,
    /// The schedule's clock, in nanoseconds.
    clock: u64,
    max_early: u64,
}

impl Model {
    /// A model of a process that has not begun. Timeouts of up to `max_early` nanoseconds may expire
    /// early.
    pub(super) const fn new(max_early: u64) -> Self {
        Model {
            threads: Table(Vec::new()),
            live: Vec::new(),
            channels: Table(Vec::new()),
            endpoints: Table(Vec::new()),
            primitives: Table(Vec::new()),
            clock: 0,
            max_early,
        }
    }

    /// Adds a thread, unless it has been added.
    pub(super) fn add_thread(&mut self, thread: u32) {
        let state = &mut self.threads.get_mut(thread).state;
        if *state == State::Absent {
            *state = State::Ready;
            let place = self.live.partition_point(|&other| other < thread);
            self.live.insert(place, thread);
        }
    }

    /// Adds a thread that a scope waits for.
    pub(super) fn add_scoped_thread(&mut self, thread: u32, scope: usize) {
        self.add_thread(thread);
        self.threads.get_mut(thread).scope = scope;
    }

    /// Number of threads that have not ended.
    pub(super) fn live_threads(&self) -> u32 {
        self.live.len() as u32
    }

    pub(super) fn has_ended(&self, thread: u32) -> bool {
        self.state(thread) == State::Ended
    }

    pub(super) fn end_thread(&mut self, thread: u32) {
        self.threads.get_mut(thread).state = State::Ended;
        self.live.retain(|&other| other != thread);
    }

    /// The thread continues with its program.
    pub(super) fn set_ready(&mut self, thread: u32) {
        self.threads.get_mut(thread).state = State::Ready;
    }

    pub(super) fn set_outside(&mut self, thread: u32) {
        self.threads.get_mut(thread).state = State::Outside;
    }

    /// Threads that are blocked or busy where the schedule has no influence.
    pub(super) fn outside(&self) -> impl Iterator<Item = u32> {
        self.numbered_threads()
            .filter(|(_, thread)| thread.state == State::Outside)
            .map(|(number, _)| number)
    }

    /// Passes time on the schedule's clock, in nanoseconds. Returns its time.
    pub(super) fn advance_clock(&mut self, by: u64) -> u64 {
        self.clock = self.clock.saturating_add(by);
        self.clock
    }

    fn state(&self, thread: u32) -> State {
        self.threads.get(thread).map_or(State::Absent, |thread| thread.state)
    }

    /// The threads that have not ended, with their numbers.
    fn numbered_threads(&self) -> impl Iterator<Item = (u32, &Thread)> {
        self.live.iter().map(|&number| (number, &self.threads.0[number as usize]))
    }

    /// Whether any thread waits.
    pub(super) fn has_waits(&self) -> bool {
        self.numbered_threads().any(|(_, thread)| matches!(thread.state, State::Waits(_)))
    }

    pub(super) fn candidates(&self) -> Candidates {
        let mut candidates = Candidates::default();
        let mut expiring = Vec::new();
        for (number, thread) in self.numbered_threads() {
            let is_due = |deadline: u64| deadline <= self.clock;
            let can_go_on = match thread.state {
                State::Ready | State::TakesLock => true,
                State::Waits(Wait { reason, deadline }) => {
                    self.is_over(number, reason)
                        || deadline.is_some_and(is_due) && self.can_expire(reason)
                }
                State::Absent | State::Outside | State::Ended => false,
            };
            if can_go_on {
                candidates.ready.push(number);
            } else if let State::Waits(Wait { reason, deadline: Some(deadline) }) = thread.state
                && self.can_expire(reason)
            {
                expiring.push((deadline, number));
            }
        }
        expiring.sort_unstable();
        let last_early = self.clock.saturating_add(self.max_early);
        candidates.early = expiring.partition_point(|&(deadline, _)| deadline <= last_early);
        candidates.expiring.extend(expiring.into_iter().map(|(_, number)| number));
        candidates
    }

    fn primitive(&self, number: u32) -> &Primitive {
        const UNKNOWN: &Primitive = &Primitive {
            size: 0,
            is_held: false,
            readers: 0,
            writers: Vec::new(),
            initializer: 0,
            is_initialized: false,
            arrived: Vec::new(),
            notifications: Vec::new(),
        };
        self.primitives.get(number).unwrap_or(UNKNOWN)
    }

    /// Whether the operation in which this thread waits would return, before its deadline.
    fn is_over(&self, thread: u32, reason: Reason) -> bool {
        let channel = |number| self.channels.get(number);
        match reason {
            Reason::Message(number) => channel(number).is_none_or(|channel| {
                channel.queued > 0
                    || channel.senders == 0
                    || channel.is_rendezvous()
                        && self.blocked_in(Reason::Partner(number)).next().is_some()
            }),
            Reason::Room(number) => channel(number).is_none_or(|channel| {
                !channel.has_receiver || channel.bound.is_none_or(|bound| channel.queued < bound)
            }),
            Reason::Partner(_) | Reason::Writing(_) | Reason::Arrivals | Reason::Time => false,
            Reason::Free(lock) => self.primitive(lock).is_free(),
            Reason::Readable(lock) => {
                let lock = self.primitive(lock);
                !lock.is_held && lock.writers.is_empty()
            }
            Reason::Notification { condvar, mutex, is_notified } => {
                let notifications = &self.primitive(condvar).notifications;
                (is_notified || notifications.iter().any(|waiting| waiting.contains(&thread)))
                    && self.primitive(mutex).is_free()
            }
            Reason::Initializer(primitive) => self.primitive(primitive).initializer == 0,
            Reason::Initialized(primitive) => self.primitive(primitive).is_initialized,
            Reason::End(thread) => matches!(self.state(thread), State::Ended | State::Absent),
            Reason::Scope(scope) => {
                self.numbered_threads().all(|(_, thread)| thread.scope != scope)
            }
            Reason::Token => self.threads.get(thread).is_some_and(|thread| thread.has_token),
        }
    }

    /// Whether a wait can end because its time is over.
    fn can_expire(&self, reason: Reason) -> bool {
        match reason {
            Reason::Notification { mutex, .. } => self.primitive(mutex).is_free(),
            _ => true,
        }
    }

    /// Threads that are blocked in std's operation for this reason.
    fn blocked_in(&self, reason: Reason) -> impl Iterator<Item = u32> {
        self.numbered_threads()
            .filter(move |(_, thread)| match thread.state {
                State::Waits(wait) => wait.reason == reason,
                _ => false,
            })
            .map(|(number, _)| number)
    }

    fn release_partners(&mut self, channel: u32) {
        for partner in self.blocked_in(Reason::Partner(channel)).collect::<Vec<_>>() {
            self.set_ready(partner);
        }
    }

    /// A thread was chosen: its wait is over, or its time is. Returns whether it is the time.
    pub(super) fn go_on(&mut self, thread: u32) -> bool {
        let State::Waits(Wait { reason, deadline }) = self.state(thread) else { return false };
        let is_over = self.is_over(thread, reason);
        if let (false, Some(deadline)) = (is_over, deadline) {
            self.clock = self.clock.max(deadline);
        }
        if let Reason::Notification { condvar, is_notified, .. } = reason {
            let condvar = self.primitives.get_mut(condvar);
            if is_over && !is_notified {
                let used = condvar.notifications.iter().position(|all| all.contains(&thread));
                used.map(|used| condvar.notifications.remove(used));
            }
            condvar.stop_waiting(thread);
        }
        self.set_ready(thread);
        !is_over
    }

    fn wait(&mut self, thread: u32, reason: Reason, timeout: Option<u64>) -> Blocking {
        let deadline = timeout
            .filter(|&timeout| timeout <= MAX_TIMEOUT)
            .map(|timeout| self.clock.saturating_add(timeout));
        self.threads.get_mut(thread).state = State::Waits(Wait { reason, deadline });
        match reason {
            Reason::Partner(_) | Reason::Writing(_) => Blocking::InOperation,
            _ => Blocking::UntilChosen,
        }
    }

    /// A thread has recorded the start of a wait.
    ///
    /// Waits for condition variables and barriers have functions of their own: what they return
    /// depends on how the wait ends.
    pub(super) fn begin_wait(
        &mut self,
        thread: u32,
        kind: OperationKind,
        number: u32,
        detail: u64,
    ) -> Blocking {
        let reason = match kind.call() {
            Call::Send => {
                let channel = *self.endpoints.get_mut(number);
                match self.channels.get_mut(channel).is_rendezvous() {
                    true => Reason::Partner(channel),
                    false => Reason::Room(channel),
                }
            }
            Call::Recv => {
                let channel = *self.endpoints.get_mut(number);
                match self.channels.get_mut(channel).is_rendezvous() {
                    true => Reason::Partner(channel),
                    false => Reason::Message(channel),
                }
            }
            Call::RecvTimeout => Reason::Message(*self.endpoints.get_mut(number)),
            Call::Write => {
                self.primitives.get_mut(number).writers.push(thread);
                Reason::Writing(number)
            }
            Call::Lock => Reason::Free(number),
            Call::Read => Reason::Readable(number),
            Call::Initialize if self.primitive(number).initializer == 0 => return Blocking::No,
            Call::Initialize => Reason::Initializer(number),
            Call::Join => Reason::End(number),
            Call::Park | Call::ParkTimeout => Reason::Token,
            Call::Sleep => Reason::Time,
            _ => return Blocking::No,
        };
        let timeout = match kind.call() {
            Call::RecvTimeout | Call::ParkTimeout | Call::Sleep => Some(detail),
            _ => None,
        };
        self.wait(thread, reason, timeout)
    }

    /// A thread waits at the end of a scope.
    pub(super) fn begin_scope_wait(&mut self, thread: u32, scope: usize) -> Blocking {
        self.wait(thread, Reason::Scope(scope), None)
    }

    /// A thread waits until this primitive is initialized.
    pub(super) fn begin_initializer_wait(&mut self, thread: u32, primitive: u32) -> Blocking {
        self.wait(thread, Reason::Initialized(primitive), None)
    }

    /// A thread has released the mutex and waits for a notification.
    pub(super) fn begin_condvar_wait(
        &mut self,
        thread: u32,
        condvar: u32,
        mutex: u32,
        timeout: Option<u64>,
    ) -> Blocking {
        self.wait(thread, Reason::Notification { condvar, mutex, is_notified: false }, timeout)
    }

    /// A thread arrives at a barrier. If it is the last, all of its threads can go on.
    pub(super) fn arrive(&mut self, thread: u32, barrier: u32) -> Blocking {
        let primitive = self.primitives.get_mut(barrier);
        if (primitive.arrived.len() + 1) as u64 >= primitive.size {
            for thread in std::mem::take(&mut primitive.arrived) {
                self.set_ready(thread);
            }
            return Blocking::No;
        }
        primitive.arrived.push(thread);
        self.wait(thread, Reason::Arrivals, None)
    }

    /// A thread has recorded an operation, or the end of one that waited.
    pub(super) fn complete(&mut self, thread: u32, kind: OperationKind, number: u32, detail: u64) {
        let call = kind.call();
        let succeeded = matches!(kind.outcome(), Outcome::Transferred | Outcome::Acquired);
        match call {
            Call::Send | Call::TrySend if succeeded => {
                let channel = *self.endpoints.get_mut(number);
                if self.channels.get_mut(channel).is_rendezvous() {
                    // At the end of a wait, the receiver has met this thread before.
                    if kind.phase() == Phase::Whole {
                        self.release_partners(channel);
                    }
                } else {
                    self.channels.get_mut(channel).queued += 1;
                }
            }
            Call::Recv | Call::TryRecv | Call::RecvTimeout if succeeded => {
                let channel = *self.endpoints.get_mut(number);
                let sender = MessageId(detail).thread();
                if self.channels.get_mut(channel).is_rendezvous() {
                    let meets_now = kind.phase() == Phase::Whole || call == Call::RecvTimeout;
                    let partner = Reason::Partner(channel);
                    let is_partner = self.blocked_in(partner).any(|partner| partner == sender);
                    if meets_now && is_partner {
                        self.set_ready(sender);
                    }
                } else {
                    let queued = &mut self.channels.get_mut(channel).queued;
                    *queued = queued.saturating_sub(1);
                }
            }
            Call::Lock | Call::TryLock | Call::Write | Call::TryWrite if succeeded => {
                self.primitives.get_mut(number).is_held = true;
            }
            Call::Unlock | Call::WriteUnlock => {
                self.primitives.get_mut(number).is_held = false;
                self.hand_over(number);
            }
            Call::Read | Call::TryRead if succeeded => self.primitives.get_mut(number).readers += 1,
            Call::ReadUnlock => {
                let lock = self.primitives.get_mut(number);
                lock.readers = lock.readers.saturating_sub(1);
                self.hand_over(number);
            }
            Call::Downgrade => {
                let lock = self.primitives.get_mut(number);
                lock.is_held = false;
                lock.readers += 1;
            }
            Call::NotifyOne => {
                let waiting = self.waiting_for_notification(number);
                if !waiting.is_empty() {
                    self.primitives.get_mut(number).notifications.push(waiting);
                }
            }
            Call::NotifyAll => {
                for thread in self.waiting_for_notification(number) {
                    if let State::Waits(wait) = &mut self.threads.get_mut(thread).state
                        && let Reason::Notification { is_notified, .. } = &mut wait.reason
                    {
                        *is_notified = true;
                    }
                }
            }
            Call::Initializer => self.primitives.get_mut(number).initializer = thread,
            Call::Initialize if kind.phase() == Phase::End => {
                let primitive = self.primitives.get_mut(number);
                if primitive.initializer == thread {
                    primitive.initializer = 0;
                    primitive.is_initialized = true;
                }
            }
            Call::Unpark => self.threads.get_mut(number).has_token = true,
            Call::Park | Call::ParkTimeout if kind.phase() == Phase::End => {
                self.threads.get_mut(thread).has_token = false;
            }
            _ => {}
        }
    }

    /// If the lock is free and a writer is blocked in std's operation, that takes it before anybody else
    /// can. Linux wakes the first to arrive first.
    fn hand_over(&mut self, lock: u32) {
        let lock = self.primitives.get_mut(lock);
        if lock.is_free() && !lock.writers.is_empty() {
            lock.is_held = true;
            let writer = lock.writers.remove(0);
            self.threads.get_mut(writer).state = State::TakesLock;
        }
    }

    /// Whether another thread than this one is on its way back from std's operation with a lock. Until it
    /// has it, others could take the lock first.
    pub(super) fn is_lock_in_transit(&self, thread: u32) -> bool {
        self.numbered_threads()
            .any(|(number, other)| number != thread && other.state == State::TakesLock)
    }

    /// Threads at this condition variable that have not been notified.
    fn waiting_for_notification(&self, number: u32) -> Vec<u32> {
        let waits = |thread: &Thread| match thread.state {
            State::Waits(Wait {
                reason: Reason::Notification { condvar, is_notified, .. },
                ..
            }) => condvar == number && !is_notified,
            _ => false,
        };
        let threads = self.numbered_threads().filter(|(_, thread)| waits(thread));
        threads.map(|(number, _)| number).collect()
    }

    /// An event that is not an operation was recorded.
    pub(super) fn observe(&mut self, event: &Event<'_>) {
        match *event {
            Event::ChannelCreated { channel, sender, receiver, bound, .. } => {
                *self.channels.get_mut(channel) = Channel {
                    bound: (bound != format::UNBOUNDED).then_some(bound),
                    queued: 0,
                    senders: 1,
                    has_receiver: true,
                };
                *self.endpoints.get_mut(sender) = channel;
                *self.endpoints.get_mut(receiver) = channel;
            }
            Event::SenderCloned { sender, from, .. } => {
                let channel = *self.endpoints.get_mut(from);
                *self.endpoints.get_mut(sender) = channel;
                self.channels.get_mut(channel).senders += 1;
            }
            Event::SenderDropped { endpoint } => {
                let number = *self.endpoints.get_mut(endpoint);
                let channel = self.channels.get_mut(number);
                channel.senders = channel.senders.saturating_sub(1);
                if channel.senders == 0 {
                    self.release_partners(number);
                }
            }
            Event::ReceiverDropped { endpoint } => {
                let channel = *self.endpoints.get_mut(endpoint);
                self.channels.get_mut(channel).has_receiver = false;
                self.release_partners(channel);
            }
            Event::PrimitiveSeen { primitive, kind, size, .. }
                if kind == PrimitiveKind::Barrier as u32 =>
            {
                self.primitives.get_mut(primitive).size = size;
            }
            _ => {}
        }
    }
}
