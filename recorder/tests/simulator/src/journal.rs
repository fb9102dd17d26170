//! What the threads of a process record of what they do, by the rules of `instrumented`, and the
//! [truth](crate::truth) about it.
//!
//! - Whether an operation is recorded is decided when it starts; its end is recorded if its start
//!   was, also while the recording pauses.
//! - A send has the time of its start, a receive and an acquisition that of their end. A release,
//!   a notification, a drop and the like are recorded before they take effect.
//! - A release is recorded if the acquisition was and the recording does not pause, and so is the
//!   end of an initialisation.
//! - Turns, notifications and arrivals are counted as far as they are recorded.

use std::collections::HashSet;

use format::{MessageId, PrimitiveKind, Turn, UNBOUNDED};

use crate::machine::{Action, Message, Outcome};
use crate::truth::{self, Truth};

/// The records of a process's threads.
#[derive(Debug)]
pub(crate) struct Journal {
    /// Nanoseconds of the monotonic clock.
    pub(crate) now: u64,
    /// Whether the recording pauses.
    pub(crate) paused: bool,
    pub(crate) logs: Vec<Log>,
    channels: Vec<Channel>,
    primitives: Vec<Primitive>,
    introduced: u32,
    endpoints: u32,
    callsites: u32,
    /// Messages whose sends are recorded.
    sent: HashSet<Message>,
    /// With the thread, whose latest wait it is.
    waits: Vec<(usize, Option<truth::Wait>)>,
}

/// The records of a thread.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) name: String,
    pub(crate) os_id: u64,
    /// By how much its clock is ahead.
    skew: u64,
    /// The latest time that it has recorded.
    latest: u64,
    pub(crate) entries: Vec<Entry>,
    /// The sender that it uses.
    pub(crate) endpoint: u32,
    /// Whether the operation that it is in is recorded.
    recorded: bool,
    /// The message that it has begun to send last.
    message: Message,
    held: Vec<Held>,
    /// Its wait that has not ended.
    wait: Option<usize>,
}

/// A record.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) time: u64,
    pub(crate) text: String,
    pub(crate) site: Site,
}

/// The place of the source that a record names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// Records of this kind name none.
    None,
    /// It does not matter which.
    Any,
    /// This one.
    Number(u32),
}

/// A lock that a thread holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    lock: usize,
    shared: bool,
    recorded: bool,
}

#[derive(Debug)]
struct Channel {
    name: String,
    bound: Option<usize>,
    receiver: u32,
    messages: Vec<(Message, truth::Message)>,
}

/// A primitive that a [`Journal`] is to know.
#[derive(Clone, Debug)]
pub(crate) struct Primitive {
    pub(crate) kind: PrimitiveKind,
    /// Nothing if the program does not name it.
    pub(crate) name: String,
    /// How many threads a barrier waits for, or 0.
    pub(crate) size: u64,
    /// Its number in the recording, or 0.
    number: u32,
    /// Turns, notifications or arrivals, as far as they are recorded.
    count: u64,
    holds: Vec<(usize, truth::Hold)>,
}

impl Primitive {
    pub(crate) fn new(kind: PrimitiveKind, name: String, size: u64) -> Self {
        Primitive { kind, name, size, number: 0, count: 0, holds: Vec::new() }
    }
}

impl Journal {
    /// Of a process that starts now. Primitives are numbered as the [`Machine`](crate::machine)
    /// does it, first locks, then condition variables, barriers, and values that are initialised
    /// once.
    pub(crate) fn new(now: u64, primitives: Vec<Primitive>) -> Self {
        Journal {
            now,
            paused: false,
            logs: Vec::new(),
            channels: Vec::new(),
            primitives,
            introduced: 0,
            endpoints: 0,
            callsites: 0,
            sent: HashSet::new(),
            waits: Vec::new(),
        }
    }

    pub(crate) fn add_thread(&mut self, name: &str, os_id: u64, skew: u64) {
        self.logs.push(Log {
            name: name.to_owned(),
            os_id,
            skew,
            latest: 0,
            entries: Vec::new(),
            endpoint: 0,
            recorded: true,
            message: Message { thread: self.logs.len(), number: 0 },
            held: Vec::new(),
            wait: None,
        });
    }

    /// The index of a primitive of a kind.
    fn primitive(&self, of: fn(PrimitiveKind) -> bool, index: usize) -> usize {
        let mut known = self.primitives.iter().enumerate().filter(|(_, known)| of(known.kind));
        known.nth(index).expect("there is one").0
    }

    fn lock(&self, lock: usize) -> usize {
        self.primitive(|kind| matches!(kind, PrimitiveKind::Mutex | PrimitiveKind::RwLock), lock)
    }

    fn condvar(&self, condvar: usize) -> usize {
        self.primitive(|kind| kind == PrimitiveKind::Condvar, condvar)
    }

    fn barrier(&self, barrier: usize) -> usize {
        self.primitive(|kind| kind == PrimitiveKind::Barrier, barrier)
    }

    fn once(&self, once: usize) -> usize {
        self.primitive(
            |kind| {
                matches!(
                    kind,
                    PrimitiveKind::Once | PrimitiveKind::OnceLock | PrimitiveKind::LazyLock
                )
            },
            once,
        )
    }

    /// The time by a thread's clock, which does not run back.
    pub(crate) fn clock(&mut self, thread: usize) -> u64 {
        let log = &mut self.logs[thread];
        log.latest = log.latest.max(self.now + log.skew);
        log.latest
    }

    pub(crate) fn record(&mut self, thread: usize, text: String, site: Site) {
        let time = self.clock(thread);
        self.record_at(thread, time, text, site);
    }

    fn record_at(&mut self, thread: usize, time: u64, text: String, site: Site) {
        self.logs[thread].entries.push(Entry { time, text, site });
    }

    /// A thread makes a channel; returns its first sender.
    pub(crate) fn channel_made(
        &mut self,
        thread: usize,
        name: &str,
        bound: Option<usize>,
        site: Site,
    ) -> u32 {
        let (sender, receiver) = (self.endpoints + 1, self.endpoints + 2);
        self.endpoints += 2;
        let text = format!(
            "ChannelCreated channel={} sender={sender} receiver={receiver} bound={} \
             message_type=\"i32\" name=\"{name}\"",
            self.channels.len() + 1,
            bound.map_or(UNBOUNDED, |bound| bound as u64),
        );
        self.record(thread, text, site);
        let name = name.to_owned();
        self.channels.push(Channel { name, bound, receiver, messages: Vec::new() });
        sender
    }

    /// A thread clones a sender; returns the clone.
    pub(crate) fn sender_cloned(&mut self, thread: usize, from: u32, site: Site) -> u32 {
        self.endpoints += 1;
        let sender = self.endpoints;
        self.record(thread, format!("SenderCloned sender={sender} from={from}"), site);
        sender
    }

    pub(crate) fn sender_dropped(&mut self, thread: usize, endpoint: u32) {
        self.record(thread, format!("SenderDropped endpoint={endpoint}"), Site::None);
    }

    pub(crate) fn receiver_dropped(&mut self, thread: usize, channel: usize) {
        let endpoint = self.channels[channel].receiver;
        self.record(thread, format!("ReceiverDropped endpoint={endpoint}"), Site::None);
    }

    /// A thread records for the first time.
    pub(crate) fn thread_started(&mut self, thread: usize) {
        let Log { name, os_id, .. } = &self.logs[thread];
        let text = format!("ThreadStarted os_id={os_id} name=\"{name}\"");
        self.record(thread, text, Site::None);
    }

    pub(crate) fn panicked(&mut self, thread: usize, line: u64) {
        let text =
            format!("Panicked line={line} column=7 file=\"src/main.rs\" message=\"no number\"");
        self.record(thread, text, Site::None);
    }

    pub(crate) fn returned(&mut self, thread: usize, panicked: bool) {
        self.record(thread, format!("Returned panicked={}", u32::from(panicked)), Site::None);
    }

    pub(crate) fn thread_ended(&mut self, thread: usize) {
        self.record(thread, "ThreadEnded".into(), Site::None);
    }

    /// The recording pauses, or goes on: so a thread records.
    pub(crate) fn pause(&mut self, thread: usize, paused: bool) {
        self.paused = paused;
        let text = if paused { "Paused" } else { "Resumed" };
        self.record(thread, text.into(), Site::None);
    }

    /// The value of the message that a thread is about to send.
    pub(crate) fn value(&mut self, thread: usize, number: u64) {
        let message = id(Message { thread, number });
        self.record(thread, format!("Value message={message} value=\"{number}\""), Site::None);
        self.now += 1;
    }

    pub(crate) fn span_entered(&mut self, thread: usize, span: u64) {
        let callsite = self.callsite(thread);
        let text = format!("SpanEntered callsite={callsite} span={span} fields=\"id={span}\"");
        self.record(thread, text, Site::None);
    }

    pub(crate) fn span_exited(&mut self, thread: usize, span: u64) {
        self.record(thread, format!("SpanExited span={span}"), Site::None);
    }

    pub(crate) fn logged(&mut self, thread: usize) {
        let callsite = self.callsite(thread);
        self.record(thread, format!("Logged callsite={callsite} message=\"done\""), Site::None);
    }

    /// A callsite: of the first three uses each has its own.
    fn callsite(&mut self, thread: usize) -> u32 {
        const CALLSITES: u32 = 3;
        if self.callsites < CALLSITES {
            self.callsites += 1;
            let text = format!(
                "Callsite callsite={} level=3 target=\"pool\" name=\"handle\"",
                self.callsites
            );
            self.record(thread, text, Site::Any);
            self.now += 1;
        }
        self.callsites
    }

    /// Records that there is a primitive, if that is not recorded already.
    pub(crate) fn introduce(&mut self, thread: usize, primitive: usize, site: Site) {
        if self.primitives[primitive].number > 0 {
            return;
        }
        self.introduced += 1;
        let Primitive { kind, name, size, number, .. } = &mut self.primitives[primitive];
        *number = self.introduced;
        let (kind, number) = (*kind as u32, *number);
        let seen =
            format!("PrimitiveSeen primitive={number} kind={kind} size={size} value_type=\"i32\"");
        let named = format!("PrimitiveNamed primitive={number} name=\"{name}\"");
        let is_named = !name.is_empty();
        self.record(thread, seen, site);
        if is_named {
            self.record(thread, named, Site::None);
        }
        self.now += 1;
    }

    /// A thread starts an operation: from now on it is known whether it is recorded.
    pub(crate) fn start(&mut self, thread: usize, action: Action) {
        let released = match action {
            Action::Unlock(lock) | Action::Downgrade(lock) => Some((lock, false)),
            Action::ReadUnlock(lock) => Some((lock, true)),
            _ => None,
        };
        let log = &mut self.logs[thread];
        log.recorded = !self.paused;
        if let Some(released) = released {
            log.recorded &= log.take_held(released);
            if let Action::Downgrade(lock) = action {
                let recorded = log.recorded;
                log.held.push(Held { lock, shared: true, recorded });
            }
        }
        if action.is_send() {
            log.message.number += 1;
            if log.recorded {
                self.sent.insert(log.message);
            }
        }
        if self.logs[thread].recorded
            && let Some(primitive) = self.used_by(action)
        {
            if let Action::Wait { mutex, .. } | Action::WaitTimeout { mutex, .. } = action {
                self.introduce(thread, self.lock(mutex), Site::Any);
            }
            self.introduce(thread, primitive, Site::Any);
        }
    }

    /// The primitive that an action is on.
    fn used_by(&self, action: Action) -> Option<usize> {
        match action {
            Action::Lock(lock)
            | Action::TryLock(lock)
            | Action::Unlock(lock)
            | Action::Read(lock)
            | Action::TryRead(lock)
            | Action::ReadUnlock(lock)
            | Action::Downgrade(lock) => Some(self.lock(lock)),
            Action::Wait { condvar, .. }
            | Action::WaitTimeout { condvar, .. }
            | Action::NotifyOne(condvar)
            | Action::NotifyAll(condvar) => Some(self.condvar(condvar)),
            Action::BarrierWait(barrier) => Some(self.barrier(barrier)),
            Action::Initialize(once) | Action::EndInitializer { once, .. } => Some(self.once(once)),
            _ => None,
        }
    }

    /// A thread has done something that did not wait, at this time.
    pub(crate) fn whole(
        &mut self,
        thread: usize,
        action: Action,
        outcome: Outcome,
        time: u64,
        site: Site,
    ) {
        self.operation(thread, action, "", Some(outcome), time, 0, site);
    }

    /// A thread begins to wait, at this time and for at most so many nanoseconds.
    pub(crate) fn begin(
        &mut self,
        thread: usize,
        action: Action,
        mut time: u64,
        timeout: u64,
        site: Site,
    ) {
        if let Action::Wait { mutex, .. } | Action::WaitTimeout { mutex, .. } = action {
            let recorded = self.logs[thread].recorded;
            self.start(thread, Action::Unlock(mutex));
            self.whole(thread, Action::Unlock(mutex), Outcome::Done, time, site);
            self.logs[thread].recorded = recorded;
            self.now += 1;
            time = self.clock(thread);
        }
        self.operation(thread, action, "Begin", None, time, timeout, site);
    }

    /// A thread has waited.
    pub(crate) fn end(&mut self, thread: usize, action: Action, outcome: Outcome, site: Site) {
        let time = self.clock(thread);
        self.operation(thread, action, "End", Some(outcome), time, 0, site);
        if let Action::Wait { mutex, .. } | Action::WaitTimeout { mutex, .. } = action {
            self.whole(thread, Action::Lock(mutex), Outcome::Done, time, site);
            self.now += 1;
        }
    }

    /// It is for this thread to run the initialiser, for which it may have had to wait.
    pub(crate) fn initializes(&mut self, thread: usize, once: usize, waited: bool, site: Site) {
        let time = self.clock(thread);
        let wait = self.logs[thread].wait.take();
        if let Some(wait) = wait {
            if waited {
                self.waits[wait].1.iter_mut().for_each(|wait| wait.end = Some(time));
            } else {
                self.waits[wait].1 = None;
            }
        }
        if self.logs[thread].recorded && !self.paused {
            let number = self.primitives[self.once(once)].number;
            let text = format!("Initializer endpoint={number} detail=0");
            self.record_at(thread, time, text, site);
        }
    }

    /// An initialisation is over for a thread that has run it or waited for it; `recorded` is
    /// whether its start was.
    pub(crate) fn initialized(&mut self, thread: usize, once: usize, recorded: bool, site: Site) {
        let log = &mut self.logs[thread];
        let wait = log.wait.take();
        log.recorded = recorded && !self.paused;
        let time = self.clock(thread);
        if let Some(wait) = wait {
            self.waits[wait].1.iter_mut().for_each(|wait| wait.end = Some(time));
        }
        if self.logs[thread].recorded {
            let number = self.primitives[self.once(once)].number;
            let text = format!("InitializeEnd endpoint={number} detail=0");
            self.record_at(thread, time, text, site);
        }
    }

    /// Whether the operation that a thread has started last is recorded.
    pub(crate) fn is_recorded(&self, thread: usize) -> bool {
        self.logs[thread].recorded
    }

    #[allow(clippy::too_many_arguments, reason = "a record has that many parts")]
    fn operation(
        &mut self,
        thread: usize,
        action: Action,
        phase: &str,
        outcome: Option<Outcome>,
        time: u64,
        timeout: u64,
        site: Site,
    ) {
        self.acquired(thread, action, outcome, time);
        if !self.logs[thread].recorded {
            return;
        }
        let (kind, number) = self.kind(thread, action);
        let detail = self.detail(thread, action, outcome, timeout);
        self.learn_wait(thread, action, outcome.is_none(), time);
        self.learn_message(thread, action, outcome, time);
        let (phase, suffix) = match outcome {
            Some(Outcome::Disconnected) => (phase, "Disconnected"),
            Some(Outcome::Full) => (phase, "Full"),
            Some(Outcome::Empty) => (phase, "Empty"),
            Some(Outcome::Held) => (phase, "Held"),
            Some(Outcome::TimedOut) => ("", "Expired"),
            _ => (phase, ""),
        };
        let text = format!("{kind}{phase}{suffix} endpoint={number} detail={detail}");
        self.record_at(thread, time, text, site);
    }

    /// The first word of an operation's kind, and the number of what it is on.
    fn kind(&self, thread: usize, action: Action) -> (&'static str, u32) {
        let receiver = |at: usize| self.channels[at].receiver;
        let number = |primitive: usize| self.primitives[primitive].number;
        let lock = |lock: usize, [mutex, rwlock]: [&'static str; 2]| {
            let primitive = self.lock(lock);
            let is_mutex = self.primitives[primitive].kind == PrimitiveKind::Mutex;
            (if is_mutex { mutex } else { rwlock }, number(primitive))
        };
        match action {
            Action::Send(_) => ("Send", self.logs[thread].endpoint),
            Action::TrySend(_) => ("TrySend", self.logs[thread].endpoint),
            Action::Receive(at) => ("Recv", receiver(at)),
            Action::TryReceive(at) => ("TryRecv", receiver(at)),
            Action::ReceiveTimeout(at) => ("RecvTimeout", receiver(at)),
            Action::Lock(at) => lock(at, ["Lock", "Write"]),
            Action::TryLock(at) => lock(at, ["TryLock", "TryWrite"]),
            Action::Unlock(at) => lock(at, ["Unlock", "WriteUnlock"]),
            Action::Read(at) => lock(at, ["", "Read"]),
            Action::TryRead(at) => lock(at, ["", "TryRead"]),
            Action::ReadUnlock(at) => lock(at, ["", "ReadUnlock"]),
            Action::Downgrade(at) => lock(at, ["", "Downgrade"]),
            Action::Wait { condvar, .. } => ("CondvarWait", number(self.condvar(condvar))),
            Action::WaitTimeout { condvar, .. } => {
                ("CondvarWaitTimeout", number(self.condvar(condvar)))
            }
            Action::NotifyOne(condvar) => ("NotifyOne", number(self.condvar(condvar))),
            Action::NotifyAll(condvar) => ("NotifyAll", number(self.condvar(condvar))),
            Action::BarrierWait(barrier) => ("BarrierWait", number(self.barrier(barrier))),
            Action::Initialize(once) => ("Initialize", number(self.once(once))),
            Action::Spawn(child) | Action::SpawnScoped(child) => ("Spawn", child as u32 + 1),
            Action::Join(other) => ("Join", other as u32 + 1),
            Action::Scope => ("Scope", 0),
            Action::Park => ("Park", 0),
            Action::ParkTimeout => ("ParkTimeout", 0),
            Action::Unpark(other) => ("Unpark", other as u32 + 1),
            Action::Sleep => ("Sleep", 0),
            Action::Yield => ("YieldNow", 0),
            Action::CloneSender(_)
            | Action::DropSender(_)
            | Action::DropReceiver(_)
            | Action::EndInitializer { .. }
            | Action::End => unreachable!("{action:?} is no operation"),
        }
    }

    /// The detail of an operation; counts what it counts.
    fn detail(
        &mut self,
        thread: usize,
        action: Action,
        outcome: Option<Outcome>,
        timeout: u64,
    ) -> u64 {
        match (action, outcome) {
            (_, Some(Outcome::Transferred(message))) if self.sent.contains(&message) => id(message),
            (_, Some(Outcome::Transferred(_))) => MessageId::UNKNOWN.0,
            (Action::Send(_), None) => id(self.logs[thread].message),
            (Action::Lock(lock) | Action::TryLock(lock), Some(Outcome::Done)) => {
                let lock = self.lock(lock);
                self.primitives[lock].count += 1;
                self.turn(lock)
            }
            (
                Action::Read(lock)
                | Action::TryRead(lock)
                | Action::Unlock(lock)
                | Action::ReadUnlock(lock)
                | Action::Downgrade(lock),
                Some(Outcome::Done),
            )
            | (Action::Wait { mutex: lock, .. }, None) => self.turn(self.lock(lock)),
            (Action::NotifyOne(condvar) | Action::NotifyAll(condvar), _) => {
                let condvar = self.condvar(condvar);
                self.primitives[condvar].count += 1;
                self.primitives[condvar].count
            }
            (
                Action::Wait { condvar, .. } | Action::WaitTimeout { condvar, .. },
                Some(Outcome::Done),
            ) => self.primitives[self.condvar(condvar)].count,
            (Action::BarrierWait(barrier), None) => {
                let barrier = self.barrier(barrier);
                self.primitives[barrier].count += 1;
                self.primitives[barrier].count
            }
            (_, Some(Outcome::Passed { leader })) => leader.into(),
            (
                Action::ReceiveTimeout(_)
                | Action::WaitTimeout { .. }
                | Action::ParkTimeout
                | Action::Sleep,
                None,
            ) => timeout,
            _ => 0,
        }
    }

    fn turn(&self, lock: usize) -> u64 {
        let Primitive { number, count, .. } = self.primitives[lock];
        Turn::new(number, count).0
    }

    /// Notes that a thread holds a lock from now on, or does not any more.
    fn acquired(&mut self, thread: usize, action: Action, outcome: Option<Outcome>, time: u64) {
        if outcome != Some(Outcome::Done) {
            return;
        }
        let recorded = self.logs[thread].recorded;
        let (lock, shared) = match action {
            Action::Lock(lock) | Action::TryLock(lock) => (lock, false),
            Action::Read(lock) | Action::TryRead(lock) => (lock, true),
            Action::Unlock(lock) | Action::ReadUnlock(lock) | Action::Downgrade(lock) => {
                let shared = matches!(action, Action::ReadUnlock(_));
                let lock = self.lock(lock);
                let holds = self.primitives[lock].holds.iter_mut().rev();
                let mut open = holds
                    .filter(|(by, hold)| (*by, hold.shared, hold.end) == (thread, shared, None));
                if let Some((_, hold)) = open.next().filter(|_| recorded) {
                    hold.end = Some(time);
                }
                if matches!(action, Action::Downgrade(_)) && recorded {
                    self.learn_hold(thread, lock, true, time);
                }
                return;
            }
            _ => return,
        };
        self.logs[thread].held.push(Held { lock, shared, recorded });
        if recorded {
            self.learn_hold(thread, self.lock(lock), shared, time);
        }
    }

    fn learn_hold(&mut self, thread: usize, lock: usize, shared: bool, begin: u64) {
        let hold = truth::Hold { thread: self.logs[thread].name.clone(), shared, begin, end: None };
        self.primitives[lock].holds.push((thread, hold));
    }

    fn learn_wait(&mut self, thread: usize, action: Action, begins: bool, time: u64) {
        if !begins {
            if let Some(wait) = self.logs[thread].wait.take() {
                self.waits[wait].1.iter_mut().for_each(|wait| wait.end = Some(time));
            }
            return;
        }
        if let Action::BarrierWait(barrier) = action {
            let Primitive { size, count, .. } = self.primitives[self.barrier(barrier)];
            // The last to arrive does not wait.
            if size > 0 && count.is_multiple_of(size) {
                return;
            }
        }
        let Some((call, on)) = self.wait_in(action) else { return };
        let wait = truth::Wait { call, on, begin: time, end: None };
        self.logs[thread].wait = Some(self.waits.len());
        self.waits.push((thread, Some(wait)));
    }

    /// The name of a call that can wait, and of what it is on.
    fn wait_in(&self, action: Action) -> Option<(&'static str, Option<String>)> {
        let channel = |at: usize| Some(self.channels[at].name.clone());
        let primitive = |primitive: usize| Some(self.primitives[primitive].name.clone());
        Some(match action {
            Action::Send(at) => ("send", channel(at)),
            Action::Receive(at) => ("recv", channel(at)),
            Action::ReceiveTimeout(at) => ("recv_timeout", channel(at)),
            Action::Lock(lock) => {
                let lock = self.lock(lock);
                let is_mutex = self.primitives[lock].kind == PrimitiveKind::Mutex;
                (if is_mutex { "lock" } else { "write" }, primitive(lock))
            }
            Action::Read(lock) => ("read", primitive(self.lock(lock))),
            Action::Wait { condvar, .. } => ("wait", primitive(self.condvar(condvar))),
            Action::WaitTimeout { condvar, .. } => {
                ("wait_timeout", primitive(self.condvar(condvar)))
            }
            Action::BarrierWait(barrier) => ("barrier", primitive(self.barrier(barrier))),
            Action::Initialize(once) => ("initialize", primitive(self.once(once))),
            Action::Join(other) => ("join", Some(self.logs[other].name.clone())),
            Action::Scope => ("scope", None),
            Action::Park => ("park", None),
            Action::ParkTimeout => ("park_timeout", None),
            Action::Sleep => ("sleep", None),
            _ => return None,
        })
    }

    fn learn_message(
        &mut self,
        thread: usize,
        action: Action,
        outcome: Option<Outcome>,
        time: u64,
    ) {
        let (channel, message) = match (action, outcome) {
            (
                Action::Send(at)
                | Action::TrySend(at)
                | Action::Receive(at)
                | Action::TryReceive(at)
                | Action::ReceiveTimeout(at),
                Some(Outcome::Transferred(message)),
            ) => (at, message),
            (Action::Send(at), None) => (at, self.logs[thread].message),
            _ => return,
        };
        let name = self.logs[thread].name.clone();
        let sender = self.logs[message.thread].name.clone();
        let messages = &mut self.channels[channel].messages;
        let known = messages.iter().position(|known| known.0 == message);
        let known = known.unwrap_or_else(|| {
            let unknown = truth::Message { sender, begun: None, sent: None, received: None };
            messages.push((message, unknown));
            messages.len() - 1
        });
        let learnt = &mut messages[known].1;
        if !action.is_send() {
            learnt.received = Some((time, name));
            return;
        }
        learnt.begun = learnt.begun.or(Some(time));
        if outcome.is_some() {
            learnt.sent = Some(time);
        }
    }

    /// The truth, with times since `origin`.
    pub(crate) fn truth(&self, origin: u64) -> Truth {
        let time = |time: u64| time.saturating_sub(origin);
        let is_recorded = |name: &String| {
            self.logs.iter().any(|log| log.name == *name && !log.entries.is_empty())
        };
        let waits = |of: usize| {
            let waits = self.waits.iter().filter(move |(thread, _)| *thread == of);
            waits.filter_map(|(_, wait)| wait.clone()).map(|wait| truth::Wait {
                begin: time(wait.begin),
                end: wait.end.map(time),
                // Of a thread that has recorded nothing the name is not known.
                on: wait.on.filter(|name| wait.call != "join" || is_recorded(name)),
                call: wait.call,
            })
        };
        let threads = self.logs.iter().enumerate().filter(|(_, log)| !log.entries.is_empty());
        let threads = threads.map(|(thread, log)| truth::Thread {
            name: log.name.clone(),
            waits: waits(thread).collect(),
        });
        let channels = self.channels.iter().map(|channel| truth::Channel {
            name: channel.name.clone(),
            bound: channel.bound,
            messages: channel
                .messages
                .iter()
                .map(|(_, message)| truth::Message {
                    begun: message.begun.map(time),
                    sent: message.sent.map(time),
                    received: message.received.clone().map(|(at, by)| (time(at), by)),
                    ..message.clone()
                })
                .collect(),
        });
        let is_lock =
            |known: &&Primitive| matches!(known.kind, PrimitiveKind::Mutex | PrimitiveKind::RwLock);
        let locks = self.primitives.iter().filter(is_lock).map(|lock| truth::Lock {
            name: lock.name.clone(),
            holds: lock
                .holds
                .iter()
                .map(|(_, hold)| truth::Hold {
                    begin: time(hold.begin),
                    end: hold.end.map(time),
                    ..hold.clone()
                })
                .collect(),
        });
        Truth { threads: threads.collect(), channels: channels.collect(), locks: locks.collect() }
    }
}

impl Log {
    /// Takes the latest hold like this; returns whether it was recorded.
    fn take_held(&mut self, (lock, shared): (usize, bool)) -> bool {
        let is = |held: &Held| (held.lock, held.shared) == (lock, shared);
        let held = self.held.iter().rposition(is);
        self.held.remove(held.expect("it is held")).recorded
    }
}

/// A message's number in the recording.
pub(crate) fn id(message: Message) -> u64 {
    MessageId::new(message.thread as u32 + 1, message.number).0
}
