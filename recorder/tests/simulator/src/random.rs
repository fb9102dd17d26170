//! Random programs with everything in them.
//!
//! A program has no text: each thread decides what to do next when it is ready. All decisions, also
//! which thread takes the next step, are read from a tape of random bytes; where that ends the run
//! is cut off. A step is less than an operation: a message is sent after the time of its send was
//! taken, a thread has a lock before it records that, and so on, and other threads take their steps
//! in between.

use std::collections::VecDeque;
use std::iter;

use format::PrimitiveKind;
use proptest::prelude::*;

use crate::blocks::{Block, Simulated};
use crate::journal::{Entry, Journal, Log, Primitive, Site};
use crate::machine::{Action, Barrier, Lock, Machine, Once, Outcome, Status};
use crate::truth::Truth;

/// What programs consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Channels.
    pub channels: bool,
    /// Mutexes, read-write locks and condition variables.
    pub locks: bool,
    /// Barriers and values that are initialised once.
    pub barriers: bool,
    /// Threads that are spawned, joined, scoped, parked and put to sleep.
    pub threads: bool,
    /// Spans, logs and values of messages.
    pub words: bool,
    /// Panics.
    pub panics: bool,
    /// Pauses of the recording.
    pub pauses: bool,
    /// Every thread, channel and primitive has a name of its own; otherwise some share a name or
    /// have none.
    pub unique_names: bool,
}

impl Features {
    /// Nothing but channels.
    pub const CHANNELS: Features = Features {
        channels: true,
        locks: false,
        barriers: false,
        threads: false,
        words: false,
        panics: false,
        pauses: false,
        unique_names: false,
    };
    /// Threads that wait for each other in every way but for messages.
    pub const LOCKS: Features = Features {
        channels: false,
        locks: true,
        barriers: true,
        threads: true,
        words: true,
        ..Features::CHANNELS
    };
    /// Everything but pauses of the recording.
    pub const UNPAUSED: Features = Features { channels: true, panics: true, ..Features::LOCKS };
    /// Everything.
    pub const ALL: Features = Features { pauses: true, ..Features::UNPAUSED };
}

/// Recordings of one or two processes.
pub fn programs(features: Features) -> impl Strategy<Value = Simulated> {
    let tape = || prop::collection::vec(any::<u64>(), 0..125);
    (tape(), prop::option::of(tape()), any::<bool>()).prop_map(move |(first, second, agree)| {
        let tapes: Vec<_> = iter::once(first).chain(second).collect();
        Simulated::run(features, &tapes, agree)
    })
}

/// The monotonic clock when the first process starts, in nanoseconds.
const BEGIN: u64 = 1_000_000;
/// By how much the clocks of threads are ahead at least, in nanoseconds.
const SKEW: u64 = 200;
/// By how much they can be apart.
const MAX_SKEW: usize = 200;
const MAX_CHANNELS: usize = 4;
const MUTEXES: usize = 2;
const LOCKS: usize = 4;
/// A mutex that every channel's receiver may be behind.
const GUARD: usize = 1;
const CONDVARS: usize = 2;
const BARRIERS: usize = 2;
const ONCES: usize = 3;
const MAX_THREADS: usize = 6;

impl Simulated {
    /// Runs a program of some processes, each with a tape for its decisions.
    pub fn run(features: Features, tapes: &[Vec<u64>], clocks_agree: bool) -> Self {
        let mut simulated =
            Simulated { blocks: Vec::new(), clocks_agree, paused: false, truth: Truth::default() };
        for (process, tape) in (0..).zip(tapes) {
            let mut run = Run::new(features, process, tape, clocks_agree);
            while run.step() {}
            run.finish(&mut simulated);
        }
        simulated
    }
}

/// A process while it runs.
struct Run {
    features: Features,
    process: u32,
    started: u64,
    tape: VecDeque<u8>,
    machine: Machine,
    journal: Journal,
    threads: Vec<Thread>,
    channels: Vec<Channel>,
    spans: u64,
    has_paused: bool,
}

/// What a thread has and is at, beside its state in the machine.
#[derive(Default)]
struct Thread {
    /// What it has begun and the machine is not told yet.
    pending: Option<Pending>,
    /// The time that was taken for the operation that it is in.
    taken: Option<u64>,
    /// Whether the start of the operation that it is in is recorded, and the end will be.
    waits: bool,
    /// Whether it could not proceed at once.
    blocked: bool,
    /// When that ends by itself.
    deadline: Option<u64>,
    /// Its senders, by channel.
    senders: Vec<Vec<u32>>,
    /// The locks that it holds, and whether for reading.
    held: Vec<(usize, bool)>,
    /// Threads that it can join.
    handles: Vec<usize>,
    spans: Vec<u64>,
    /// The values whose initialisers it runs, and whether their starts are recorded.
    initializes: Vec<(usize, bool)>,
    /// Whether it was spawned by a thread that is recorded.
    spawned: bool,
    /// Once it gives back what it has, before it ends: whether it panics.
    unwinds: Option<bool>,
}

#[derive(Clone, Copy)]
enum Pending {
    /// It is recorded that it does this, which it is about to do.
    Recorded(Action),
    /// The time of this was taken.
    Timed(Action),
    /// It returns from its function, and its thread-local destructors are still to run.
    Returned,
}

/// A channel, as its threads have it.
struct Channel {
    /// The thread that has the receiver; `None` if it is behind the mutex [`GUARD`].
    owner: Option<usize>,
    receiver: bool,
}

impl Run {
    fn new(features: Features, process: u32, tape: &[u64], clocks_agree: bool) -> Self {
        let started = BEGIN + 300 * u64::from(process);
        let letter = char::from(b'a' + process as u8);
        let name = |kind: &str, index: usize| match features.unique_names {
            true => format!("{letter}.{kind}{index}"),
            false if index % 2 == 1 => kind.to_owned(),
            false => String::new(),
        };
        let mut primitives = Vec::new();
        let mut add = |kind, what: &str, index, size| {
            primitives.push(Primitive::new(kind, name(what, index), size));
        };
        for index in 0..LOCKS {
            let kind = if index < MUTEXES { PrimitiveKind::Mutex } else { PrimitiveKind::RwLock };
            add(kind, "lock", index, 0);
        }
        (0..CONDVARS).for_each(|index| add(PrimitiveKind::Condvar, "condvar", index, 0));
        let sizes = [2, 3];
        for (index, size) in sizes.into_iter().enumerate() {
            add(PrimitiveKind::Barrier, "barrier", index, size);
        }
        let kinds = [PrimitiveKind::Once, PrimitiveKind::OnceLock, PrimitiveKind::LazyLock];
        (0..ONCES).for_each(|index| add(kinds[index], "once", index, 0));
        let machine = Machine {
            locks: vec![Lock::default(); LOCKS],
            barriers: sizes.map(|size| Barrier { size: size as usize, arrived: 0 }).into(),
            onces: vec![Once::New; ONCES],
            ..Machine::default()
        };
        let mut run = Run {
            features,
            process,
            started,
            tape: tape.iter().flat_map(|word| word.to_le_bytes()).collect(),
            machine,
            journal: Journal::new(started, primitives),
            threads: Vec::new(),
            channels: Vec::new(),
            spans: 0,
            has_paused: false,
        };
        let threads = 2 + run.pick(MAX_THREADS - 2);
        let running = if features.threads { 1 + run.pick(3).min(threads - 1) } else { threads };
        let channels = if features.channels { 1 + run.pick(MAX_CHANNELS - 1) } else { 0 };
        for thread in 0..threads {
            run.journal.now += 1;
            let skew = SKEW + if clocks_agree { 0 } else { run.pick(MAX_SKEW) as u64 };
            let name = match features.unique_names {
                true => format!("{letter}.thread{thread}"),
                false => ["main", "worker", "worker", ""][thread % 4].to_owned(),
            };
            run.journal.add_thread(&name, 100 + thread as u64 / 2, skew);
            run.machine.add_thread(thread < running);
            let senders = vec![Vec::new(); MAX_CHANNELS];
            run.threads.push(Thread { senders, ..Thread::default() });
        }
        run.journal.now += 1;
        run.journal.thread_started(0);
        for _ in 0..channels {
            run.make_channel(0);
            for thread in 1..running {
                run.journal.now += 1;
                run.clone_sender(0, run.channels.len() - 1, thread);
            }
        }
        run
    }

    fn pick(&mut self, choices: usize) -> usize {
        usize::from(self.tape.pop_front().unwrap_or(0)) % choices
    }

    fn one_in(&mut self, choices: usize) -> bool {
        self.pick(choices) == 0
    }

    /// One of these, if there are any.
    fn one_of<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() { None } else { Some(of[self.pick(of.len())]) }
    }

    /// A thread takes a step; returns whether another can follow.
    fn step(&mut self) -> bool {
        if self.tape.is_empty() {
            return false;
        }
        self.journal.now += 1 + self.pick(40) as u64;
        let able: Vec<_> = (0..self.threads.len()).filter(|&thread| self.is_able(thread)).collect();
        let Some(thread) = self.one_of(&able) else {
            // Nothing happens before somebody's time is over.
            let deadlines = self.threads.iter().filter_map(|thread| thread.deadline);
            let next = deadlines.filter(|&deadline| deadline < 1 << 50).min();
            next.inspect(|&deadline| self.journal.now = self.journal.now.max(deadline));
            return next.is_some();
        };
        if self.one_in(64) {
            let sleeper = self.pick(self.threads.len());
            self.machine.wake(sleeper);
        }
        self.take_step(thread);
        true
    }

    /// Whether a thread can take a step.
    fn is_able(&self, thread: usize) -> bool {
        let Thread { pending, deadline, .. } = &self.threads[thread];
        pending.is_some()
            || deadline.is_some_and(|deadline| deadline <= self.journal.now)
            || self.machine.can_step(thread)
    }

    /// Whether a thread has recorded nothing yet.
    fn is_new(&self, thread: usize) -> bool {
        self.journal.logs[thread].entries.is_empty()
    }

    fn take_step(&mut self, thread: usize) {
        let status = self.machine.threads[thread].status;
        match self.threads[thread].pending.take() {
            Some(Pending::Recorded(action)) => {
                self.machine.start(thread, action);
                let status = self.machine.threads[thread].status;
                self.threads[thread].blocked = matches!(status, Status::Waiting(_));
                if !self.threads[thread].waits {
                    // All there is to say is recorded already.
                    self.finish_call(thread);
                }
            }
            Some(Pending::Timed(action)) => {
                self.machine.start(thread, action);
                self.settle(thread, action);
            }
            Some(Pending::Returned) => self.end_thread(thread),
            None => match status {
                Status::Ready if self.is_new(thread) => self.journal.thread_started(thread),
                Status::Ready => self.act(thread),
                Status::Returning(action, outcome) => self.return_from(thread, action, outcome),
                _ if self.machine.proceed(thread) => {}
                _ => {
                    self.machine.expire(thread);
                    self.threads[thread].deadline = None;
                }
            },
        }
    }

    /// An action has started: if it did not succeed at once, its thread records that it waits.
    fn settle(&mut self, thread: usize, action: Action) {
        if let Status::Waiting(_) = self.machine.threads[thread].status {
            let time = self.threads[thread].taken.unwrap_or_else(|| self.journal.clock(thread));
            self.begin_wait(thread, action, time);
        }
    }

    fn begin_wait(&mut self, thread: usize, action: Action, time: u64) {
        let timed = matches!(
            action,
            Action::ReceiveTimeout(_)
                | Action::WaitTimeout { .. }
                | Action::ParkTimeout
                | Action::Sleep
        );
        let timeouts =
            [0, 1, 20, 100, 1_000, 1_000_000, 1 << 40, (1 << 40) + 4_097, 3 << 40, u64::MAX];
        let timeout = if timed { timeouts[self.pick(timeouts.len())] } else { 0 };
        self.journal.begin(thread, action, time, timeout, Site::Any);
        let state = &mut self.threads[thread];
        state.waits = true;
        state.deadline = timed.then(|| self.journal.now.saturating_add(timeout));
    }

    /// A call is over and its thread records that.
    fn return_from(&mut self, thread: usize, action: Action, outcome: Outcome) {
        let Thread { waits, blocked, taken, .. } = self.threads[thread];
        match (action, outcome) {
            (Action::Initialize(once), Outcome::Initializes) => {
                let recorded = self.journal.is_recorded(thread);
                self.journal.initializes(thread, once, blocked, Site::Any);
                self.threads[thread].initializes.push((once, recorded));
            }
            (Action::Initialize(once), _) => {
                let recorded = self.journal.is_recorded(thread);
                self.journal.initialized(thread, once, recorded, Site::Any);
            }
            (Action::EndInitializer { once, .. }, _) => {
                let (_, recorded) =
                    self.threads[thread].initializes.pop().expect("it runs an initialiser");
                self.journal.initialized(thread, once, recorded, Site::Any);
            }
            (Action::Spawn(_) | Action::SpawnScoped(_), _) if self.journal.paused => {}
            _ if waits => self.journal.end(thread, action, outcome, Site::Any),
            _ => {
                let time = taken.unwrap_or_else(|| self.journal.clock(thread));
                self.journal.whole(thread, action, outcome, time, Site::Any);
            }
        }
        if let (Action::Lock(lock) | Action::TryLock(lock), Outcome::Done) = (action, outcome) {
            self.threads[thread].held.push((lock, false));
        }
        if let (Action::Read(lock) | Action::TryRead(lock), Outcome::Done) = (action, outcome) {
            self.threads[thread].held.push((lock, true));
        }
        if let Action::Wait { mutex, .. } | Action::WaitTimeout { mutex, .. } = action {
            self.threads[thread].held.push((mutex, false));
        }
        self.finish_call(thread);
    }

    fn finish_call(&mut self, thread: usize) {
        self.machine.finish(thread);
        let state = &mut self.threads[thread];
        (state.waits, state.taken, state.deadline) = (false, None, None);
    }

    /// An action that is tried first and recorded when it is over, or when it waits.
    fn attempt(&mut self, thread: usize, action: Action) {
        self.journal.start(thread, action);
        self.machine.start(thread, action);
        self.settle(thread, action);
    }

    /// An action that is recorded before it takes effect.
    fn announce(&mut self, thread: usize, action: Action) {
        self.journal.start(thread, action);
        let time = self.journal.clock(thread);
        self.journal.whole(thread, action, Outcome::Done, time, Site::Any);
        self.threads[thread].pending = Some(Pending::Recorded(action));
    }

    /// An action that always has a start and an end.
    fn enter(&mut self, thread: usize, action: Action) {
        self.journal.start(thread, action);
        let time = self.journal.clock(thread);
        self.begin_wait(thread, action, time);
        self.threads[thread].pending = Some(Pending::Recorded(action));
    }

    /// An action whose time is taken before it.
    fn time(&mut self, thread: usize, action: Action) {
        self.journal.start(thread, action);
        self.threads[thread].taken = Some(self.journal.clock(thread));
        self.threads[thread].pending = Some(Pending::Timed(action));
    }

    /// A thread that is ready does something.
    fn act(&mut self, thread: usize) {
        if let Some(panics) = self.threads[thread].unwinds {
            return self.unwind(thread, panics);
        }
        if self.features.pauses && self.one_in(if self.journal.paused { 6 } else { 60 }) {
            self.has_paused = true;
            self.journal.pause(thread, !self.journal.paused);
            return;
        }
        // A run in which all wait for each other is over too soon.
        let others_can =
            (0..self.threads.len()).any(|other| other != thread && self.is_able(other));
        if !others_can && self.pick(12) > 0 && self.help_others(thread) {
            return;
        }
        let Features { channels, locks, barriers, threads, words, panics, .. } = self.features;
        let kinds = [
            (channels, 12, Run::use_channel as fn(&mut Run, usize)),
            (channels, 2, Run::change_endpoints),
            (locks, 10, Run::use_lock),
            (locks, 2, Run::notify),
            (barriers, 2, Run::wait_at_barrier),
            (barriers, 2, Run::use_once),
            (threads, 4, Run::use_threads),
            (threads, 2, Run::rest),
            (words, 2, Run::say),
            (panics, 1, Run::panic),
            (true, 1, Run::end),
        ];
        let kinds: Vec<_> = kinds.into_iter().filter(|kind| kind.0).collect();
        let mut choice = self.pick(kinds.iter().map(|kind| kind.1).sum());
        for (_, weight, act) in kinds {
            if choice < weight {
                act(self, thread);
                return;
            }
            choice -= weight;
        }
    }

    /// A thread does something for which others wait, if it can.
    fn help_others(&mut self, thread: usize) -> bool {
        if let Some(&(once, _)) = self.threads[thread].initializes.last() {
            self.end_initializer(thread, once, false);
            return true;
        }
        if !self.threads[thread].held.is_empty() {
            self.let_go(thread, 0);
            return true;
        }
        let waits: Vec<_> = self.machine.threads.iter().map(|thread| thread.status).collect();
        for (other, wait) in waits.into_iter().enumerate() {
            let Status::Waiting(action) = wait else { continue };
            match action {
                Action::Send(at) if self.has_receiver(thread, at) => {
                    self.attempt(thread, Action::TryReceive(at));
                }
                Action::Receive(at) | Action::ReceiveTimeout(at)
                    if !self.threads[thread].senders[at].is_empty() =>
                {
                    if self.pick(4) == 0 {
                        self.drop_sender(thread, at);
                    } else {
                        self.send(thread, at);
                    }
                }
                Action::Wait { condvar, .. } | Action::WaitTimeout { condvar, .. } => {
                    self.announce(thread, Action::NotifyOne(condvar));
                }
                Action::Park | Action::ParkTimeout => {
                    self.announce(thread, Action::Unpark(other));
                }
                Action::BarrierWait(barrier) => {
                    self.enter_at_once(thread, Action::BarrierWait(barrier));
                }
                Action::Join(joined) if joined == thread => {
                    self.threads[thread].unwinds = Some(false);
                }
                _ => continue,
            }
            return true;
        }
        let unborn = self.unborn().first().copied();
        unborn.inspect(|&child| self.spawn(thread, child));
        unborn.is_some()
    }

    fn make_channel(&mut self, thread: usize) {
        self.journal.now += 1;
        let index = self.channels.len();
        let bound = [None, Some(0), Some(1), Some(3)][self.pick(4)];
        let name = match self.features.unique_names {
            true => format!("{}.channel{index}", char::from(b'a' + self.process as u8)),
            false => ["jobs", "jobs", ""][index % 3].to_owned(),
        };
        let sender = self.journal.channel_made(thread, &name, bound, Site::Any);
        self.machine.add_channel(bound, 1);
        self.threads[thread].senders[index].push(sender);
        let owner = self.pick(self.threads.len() + 1);
        let guarded = owner == self.threads.len() && self.features.locks;
        let owner = (!guarded).then_some(owner % self.threads.len());
        self.channels.push(Channel { owner, receiver: true });
    }

    /// A thread clones one of its senders for another.
    fn clone_sender(&mut self, thread: usize, channel: usize, to: usize) {
        let Some(&from) = self.threads[thread].senders[channel].last() else { return };
        let clone = self.journal.sender_cloned(thread, from, Site::Any);
        self.machine.channels[channel].senders += 1;
        self.threads[to].senders[channel].push(clone);
    }

    fn has_receiver(&self, thread: usize, channel: usize) -> bool {
        let Channel { owner, receiver } = self.channels[channel];
        let owned = match owner {
            Some(owner) => owner == thread,
            None => self.threads[thread].held.contains(&(GUARD, false)),
        };
        owned && receiver
    }

    fn use_channel(&mut self, thread: usize) {
        let all = 0..self.channels.len();
        let received: Vec<_> = all.clone().filter(|&at| self.has_receiver(thread, at)).collect();
        let receives = !received.is_empty() && self.pick(8) < 5;
        let of = if receives { received } else { all.collect() };
        let Some(channel) = self.one_of(&of) else { return };
        if receives {
            let action = match self.pick(8) {
                0..5 => Action::Receive(channel),
                5 => Action::TryReceive(channel),
                _ => Action::ReceiveTimeout(channel),
            };
            self.attempt(thread, action);
        } else if !self.threads[thread].senders[channel].is_empty() {
            self.send(thread, channel);
        }
    }

    fn send(&mut self, thread: usize, channel: usize) {
        let endpoint = *self.threads[thread].senders[channel].last().expect("it has a sender");
        self.journal.logs[thread].endpoint = endpoint;
        if self.features.words && self.one_in(3) && !self.journal.paused {
            let number = self.machine.threads[thread].messages + 1;
            self.journal.value(thread, number);
        }
        let tries = self.machine.channels[channel].bound.is_some() && self.one_in(5);
        let action = if tries { Action::TrySend(channel) } else { Action::Send(channel) };
        self.time(thread, action);
    }

    fn change_endpoints(&mut self, thread: usize) {
        let Some(channel) = self.one_of(&Vec::from_iter(0..self.channels.len())) else {
            return;
        };
        match self.pick(16) {
            0..5 => self.clone_sender(thread, channel, thread),
            5..12 => _ = self.drop_sender(thread, channel),
            12 if self.features.threads && self.channels.len() < MAX_CHANNELS => {
                self.make_channel(thread);
            }
            13 => _ = self.drop_receiver(thread, channel),
            _ => {}
        }
    }

    fn drop_sender(&mut self, thread: usize, channel: usize) -> bool {
        let Some(sender) = self.threads[thread].senders[channel].pop() else { return false };
        self.journal.sender_dropped(thread, sender);
        self.threads[thread].pending = Some(Pending::Recorded(Action::DropSender(channel)));
        true
    }

    fn drop_receiver(&mut self, thread: usize, channel: usize) -> bool {
        let has_receiver = self.has_receiver(thread, channel);
        if has_receiver {
            self.channels[channel].receiver = false;
            self.journal.receiver_dropped(thread, channel);
            self.threads[thread].pending = Some(Pending::Recorded(Action::DropReceiver(channel)));
        }
        has_receiver
    }

    fn use_lock(&mut self, thread: usize) {
        let held = self.threads[thread].held.clone();
        // Who has a lock mostly lets it go before it takes another.
        if !held.is_empty() && self.pick(5) > 0 {
            return self.use_held(thread);
        }
        let lock = self.pick(LOCKS);
        let is_held = held.iter().any(|held| held.0 == lock);
        let shared = lock >= MUTEXES && self.pick(2) == 0;
        let tries = self.one_in(5);
        // To lock what one holds is a fault that few programs have.
        if is_held && !tries && (lock >= MUTEXES || !self.one_in(20)) {
            return;
        }
        let action = match (shared, tries) {
            (false, false) => Action::Lock(lock),
            (false, true) => Action::TryLock(lock),
            (true, false) => Action::Read(lock),
            (true, true) => Action::TryRead(lock),
        };
        self.attempt(thread, action);
    }

    /// A thread does something with a lock that it holds.
    fn use_held(&mut self, thread: usize) {
        let place = self.pick(self.threads[thread].held.len());
        let (lock, shared) = self.threads[thread].held[place];
        let condvar = lock % CONDVARS;
        match self.pick(8) {
            0 | 1 if lock < MUTEXES => {
                self.threads[thread].held.remove(place);
                let action = match self.pick(2) {
                    0 => Action::Wait { condvar, mutex: lock },
                    _ => Action::WaitTimeout { condvar, mutex: lock },
                };
                self.enter(thread, action);
            }
            0 | 1 if !shared => {
                self.threads[thread].held[place].1 = true;
                self.announce(thread, Action::Downgrade(lock));
            }
            _ => self.let_go(thread, place),
        }
    }

    fn let_go(&mut self, thread: usize, place: usize) {
        let (lock, shared) = self.threads[thread].held.remove(place);
        let action = if shared { Action::ReadUnlock(lock) } else { Action::Unlock(lock) };
        self.announce(thread, action);
    }

    fn notify(&mut self, thread: usize) {
        let condvar = self.pick(CONDVARS);
        let all = self.pick(2) == 0;
        let action = if all { Action::NotifyAll(condvar) } else { Action::NotifyOne(condvar) };
        self.announce(thread, action);
    }

    fn wait_at_barrier(&mut self, thread: usize) {
        let barrier = self.pick(BARRIERS);
        let is_awaited = self.machine.barriers[barrier].arrived > 0;
        if is_awaited || self.one_in(3) {
            self.enter_at_once(thread, Action::BarrierWait(barrier));
        }
    }

    /// An action that takes effect when its start is recorded: arrivals at barriers are numbered
    /// as they happen, and a thread has waited for an initialiser if that was running then.
    fn enter_at_once(&mut self, thread: usize, action: Action) {
        self.enter(thread, action);
        self.threads[thread].pending = None;
        self.machine.start(thread, action);
        let status = self.machine.threads[thread].status;
        self.threads[thread].blocked = matches!(status, Status::Waiting(_));
    }

    fn use_once(&mut self, thread: usize) {
        if let Some(&(once, _)) = self.threads[thread].initializes.last()
            && self.pick(3) > 0
        {
            self.end_initializer(thread, once, false);
            return;
        }
        let once = self.pick(ONCES);
        match self.machine.onces[once] {
            // Nothing is to be done, and nothing recorded.
            Once::Complete => return,
            Once::Running(by) if by == thread => return,
            Once::New | Once::Running(_) => {}
        }
        self.enter_at_once(thread, Action::Initialize(once));
    }

    /// A thread ends an initialiser. That it has failed is recorded at once, so that another that
    /// tries again is known to have waited.
    fn end_initializer(&mut self, thread: usize, once: usize, failed: bool) {
        let action = Action::EndInitializer { once, failed };
        self.machine.start(thread, action);
        if failed {
            self.return_from(thread, action, Outcome::Done);
        }
    }

    fn use_threads(&mut self, thread: usize) {
        let unborn = self.unborn();
        match self.pick(8) {
            0..4 if !unborn.is_empty() => {
                let Some(child) = self.one_of(&unborn) else { return };
                self.spawn(thread, child);
            }
            0 | 4 | 5 => {
                let handles = self.threads[thread].handles.clone();
                let Some(other) = self.one_of(&handles) else { return };
                self.threads[thread].handles.retain(|&handle| handle != other);
                self.attempt(thread, Action::Join(other));
            }
            6 => {
                let scoped = self.machine.scoped(thread);
                if scoped.is_empty() {
                    return;
                }
                self.threads[thread].handles.retain(|handle| !scoped.contains(handle));
                self.enter(thread, Action::Scope);
            }
            _ => {
                let mut alive = Vec::from_iter(0..self.threads.len());
                alive.retain(|other| !unborn.contains(other));
                let Some(other) = self.one_of(&alive) else { return };
                self.announce(thread, Action::Unpark(other));
            }
        }
    }

    /// The threads that are not spawned, and that nobody is about to spawn.
    fn unborn(&self) -> Vec<usize> {
        let is_unborn = |&thread: &usize| {
            self.machine.threads[thread].status == Status::NotSpawned
                && !self.threads[thread].spawned
        };
        (0..self.threads.len()).filter(is_unborn).collect()
    }

    /// A thread spawns another, to which it gives some of its endpoints.
    fn spawn(&mut self, thread: usize, child: usize) {
        for channel in 0..self.channels.len() {
            match self.pick(4) {
                0 | 1 => {
                    self.journal.now += 1;
                    self.clone_sender(thread, channel, child);
                }
                2 => {
                    let moved = self.threads[thread].senders[channel].pop();
                    self.threads[child].senders[channel].extend(moved);
                }
                _ => {}
            }
            if self.channels[channel].owner == Some(thread) && self.one_in(3) {
                self.channels[channel].owner = Some(child);
            }
        }
        self.threads[child].spawned = true;
        if self.pick(4) > 0 {
            self.threads[thread].handles.push(child);
        }
        let scoped = self.one_in(3);
        let action = if scoped { Action::SpawnScoped(child) } else { Action::Spawn(child) };
        self.time(thread, action);
    }

    /// A thread parks, sleeps or yields.
    fn rest(&mut self, thread: usize) {
        match self.pick(8) {
            0 if self.one_in(2) => self.enter(thread, Action::Park),
            1 | 2 => self.enter(thread, Action::ParkTimeout),
            3..6 => self.enter(thread, Action::Sleep),
            _ => self.attempt(thread, Action::Yield),
        }
    }

    /// A thread enters or leaves a span, or logs.
    fn say(&mut self, thread: usize) {
        let spans = self.threads[thread].spans.clone();
        match self.pick(3) {
            0 => {
                self.spans += 1;
                self.threads[thread].spans.push(self.spans);
                self.journal.span_entered(thread, self.spans);
            }
            1 => {
                let Some(span) = self.one_of(&spans) else { return };
                self.threads[thread].spans.retain(|&other| other != span);
                self.journal.span_exited(thread, span);
            }
            _ => self.journal.logged(thread),
        }
    }

    fn panic(&mut self, thread: usize) {
        if !self.one_in(3) {
            return;
        }
        let line = self.pick(20) as u64 + 1;
        self.journal.panicked(thread, line);
        // Half of them are caught.
        if self.pick(2) == 0 {
            self.threads[thread].unwinds = Some(true);
        }
    }

    fn end(&mut self, thread: usize) {
        if self.one_in(3) {
            self.threads[thread].unwinds = Some(false);
            // Some endpoints are never dropped.
            if self.one_in(4) {
                self.threads[thread].senders.iter_mut().for_each(Vec::clear);
                let channels = self.channels.iter_mut();
                let owned = channels.filter(|channel| channel.owner == Some(thread));
                owned.for_each(|channel| channel.receiver = false);
            }
        }
    }

    /// A thread that is about to end gives back something that it has, or ends.
    fn unwind(&mut self, thread: usize, panics: bool) {
        let state = &self.threads[thread];
        if let Some(&(once, _)) = state.initializes.last() {
            return self.end_initializer(thread, once, panics);
        }
        if !state.held.is_empty() {
            return self.let_go(thread, state.held.len() - 1);
        }
        if let Some(span) = self.threads[thread].spans.pop() {
            return self.journal.span_exited(thread, span);
        }
        if !self.machine.scoped(thread).is_empty() {
            return self.enter(thread, Action::Scope);
        }
        for channel in 0..self.channels.len() {
            if self.drop_sender(thread, channel) {
                return;
            }
            if self.channels[channel].owner == Some(thread) && self.drop_receiver(thread, channel) {
                return;
            }
        }
        if !self.threads[thread].spawned {
            return self.end_thread(thread);
        }
        self.journal.returned(thread, panics);
        self.threads[thread].pending = Some(Pending::Returned);
    }

    fn end_thread(&mut self, thread: usize) {
        self.journal.thread_ended(thread);
        self.machine.start(thread, Action::End);
        self.machine.finish(thread);
    }

    /// Adds what was recorded.
    fn finish(mut self, simulated: &mut Simulated) {
        let ended = self.one_in(2).then(|| self.journal.now + SKEW + MAX_SKEW as u64);
        simulated.paused |= self.has_paused;
        simulated.blocks.extend(self.blocks(ended));
        let Truth { threads, channels, locks } = self.journal.truth(BEGIN);
        simulated.truth.threads.extend(threads);
        simulated.truth.channels.extend(channels);
        simulated.truth.locks.extend(locks);
    }

    /// The records, in blocks each of which can be read alone.
    fn blocks(&self, ended: Option<u64>) -> Vec<Block> {
        let Run { process, started, .. } = *self;
        // The processes have different clocks, one of which wraps around.
        let rate = u64::from(process) + 1;
        let start = if process == 0 { (1 << 56) - 1000 } else { 12_345 };
        let ticks = |time: u64| start + (time - started) * rate;
        let name = ["jobs", "pool"][process as usize % 2];
        let mut records = vec![
            format!(
                "{start} ProcessStarted pid={} parent=1 ticks={start} monotonic_ns={started} \
                 wall_ns=0 executable=\"/bin/{name}{process}\" arguments=\"{name} --all\"",
                100 + process
            ),
            format!("{} Clock monotonic_ns={}", ticks(started + 1000), started + 1000),
        ];
        records.extend(
            ended.map(|ended| format!("0 ProcessEnded monotonic_ns={ended} code=0 signal=0")),
        );
        // The recorder has observed all threads at the end.
        let (now, logs) = (self.journal.now, &self.journal.logs);
        records.push(format!("0 ThreadsCounted monotonic_ns={now} threads={}", logs.len()));
        records.extend((1..).zip(logs).map(|(on_cpu, Log { os_id, .. })| {
            format!(
                "0 ThreadObserved os_id={os_id} monotonic_ns={now} state=2 syscall=202 \
                 on_cpu_ns={on_cpu} ready_ns=1 started_ns=0 name=\"\" detail=\"in futex\""
            )
        }));
        let (thread, sequence, dropped) = (0, 0, 0);
        let mut blocks = vec![Block { process, thread, sequence, dropped, records, full: 0 }];
        for (thread, Log { entries, .. }) in self.journal.logs.iter().enumerate() {
            let size = 3 + (thread + entries.len()) % 20;
            for (sequence, entries) in entries.chunks(size).enumerate() {
                blocks.push(self.block(thread, sequence, entries, ticks));
            }
        }
        blocks
    }

    fn block(
        &self,
        thread: usize,
        sequence: usize,
        entries: &[Entry],
        ticks: impl Fn(u64) -> u64,
    ) -> Block {
        let mut records = Vec::new();
        let first = ticks(entries[0].time);
        let full = entries.last().map_or(0, |entry| entry.time);
        let mut entries = entries.iter().enumerate();
        if sequence == 0 {
            // That the thread has started comes before the places.
            records.extend(entries.next().map(|(_, started)| format!("{first} {}", started.text)));
        }
        // A number means another line in each block.
        for site in 0..3 {
            let line = (site + sequence) % 3 + 10;
            records.push(format!(
                "{first} Site site={} line={line} column=7 file=\"src/main.rs\"",
                site + 1
            ));
        }
        for (index, Entry { time, text, site }) in entries {
            let site = match site {
                Site::None => String::new(),
                Site::Any => format!(" site={}", (index + thread) % 4),
                Site::Number(site) => format!(" site={site}"),
            };
            records.push(format!("{} {text}{site}", ticks(*time)));
        }
        Block {
            process: self.process,
            thread: thread as u32 + 1,
            sequence: sequence as u64,
            dropped: 0,
            records,
            full,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use format::OperationKind;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    use super::*;

    /// The same recordings in each run.
    fn samples(features: Features, count: usize) -> impl Iterator<Item = Simulated> {
        let mut runner = TestRunner::deterministic();
        let programs = programs(features);
        (0..count).map(move |_| {
            programs.new_tree(&mut runner).expect("every tape is a program").current()
        })
    }

    #[test]
    fn programs_contain_every_operation_and_long_timeouts() {
        let (mut met, mut long) = (BTreeSet::new(), BTreeSet::new());
        for simulated in samples(Features::ALL, 1_500) {
            for record in simulated.blocks.iter().flat_map(|block| &block.records) {
                let name = record.split(' ').nth(1).expect("a record has a name").to_owned();
                let detail =
                    record.split(" detail=").nth(1).and_then(|rest| rest.split(' ').next());
                // That of an observed thread is a text.
                let detail: u64 = detail.and_then(|detail| detail.parse().ok()).unwrap_or(0);
                if detail >= 1 << 40 {
                    long.insert(name.clone());
                }
                met.insert(name);
            }
        }
        let events = [
            "ReceiverDropped",
            "Paused",
            "Resumed",
            "Panicked",
            "Returned",
            "PrimitiveNamed",
            "Value",
            "SpanExited",
            "Logged",
        ];
        // The channels of std cannot select.
        let operations = OperationKind::ALL.iter().map(|kind| kind.name());
        let operations = operations.filter(|name| !name.starts_with("Select"));
        let missing: Vec<_> =
            operations.chain(events).filter(|name| !met.contains(*name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        for name in ["RecvTimeoutBegin", "CondvarWaitTimeoutBegin", "SleepBegin"] {
            assert!(long.contains(name), "{name}");
        }
    }

    #[test]
    fn a_flight_recording_begins_late_and_keeps_names() {
        let (mut forgotten, mut channels) = (0, 0);
        for mut simulated in samples(Features::ALL, 200) {
            simulated.forget(200);
            let records: Vec<_> =
                simulated.blocks.iter().flat_map(|block| &block.records).collect();
            forgotten += records.iter().filter(|record| record.contains(" Forgotten ")).count();
            let about_process = simulated.blocks.iter().filter(|block| block.thread == 0);
            let known = about_process.flat_map(|block| &block.records);
            channels += known.filter(|record| record.contains(" ChannelCreated ")).count();
            simulated.bytes();
        }
        assert!(forgotten > 200 && channels > 200, "{forgotten} {channels}");
    }

    #[test]
    fn a_tape_always_makes_the_same_recording() {
        let tapes = [(0..100).map(|word: u64| word.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect()];
        let run = || Simulated::run(Features::ALL, &tapes, false).text();
        assert_eq!(run(), run());
    }
}
