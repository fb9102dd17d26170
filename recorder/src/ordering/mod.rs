//! Puts the events of all threads into one order that is possible.
//!
//! Events of one thread keep their order; its times are made strictly increasing. Events
//! of different threads are merged by time, but what they did comes before what the
//! clocks say: no message is received before its send has begun, no thread does anything
//! before it is spawned, none is joined before it has returned, and what is held in one turn
//! at a lock was let go in the turn before. A step whose clock says otherwise waits in the
//! merge until the other has been met, and gets a time just after it.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use format::{Call, MessageId, OperationKind, Outcome, Phase, Subject};

use crate::ordering::in_flight::Messages;
use crate::reading::catalog::{Index, Spawned};
use crate::reading::{Deed, Recording, ThreadEvents};

pub(crate) mod in_flight;
mod primitive_order;
mod tournament;

use primitive_order::Progress;
use tournament::Turns;

/// Something that a thread did, with its place in the common order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Nanoseconds since the trace's start.
    pub time: u64,
    /// The thread's index.
    pub thread: usize,
    /// What it did.
    pub deed: Deed,
    /// What it said in words: see [`Step::words`].
    words: String,
}

impl Step {
    /// What the thread said in words: a value, a panic's message, a span's fields, or what it
    /// logged. Nothing for other deeds.
    pub fn words(&self) -> &str {
        // What an operation does not need it leaves alone.
        if matches!(self.deed, Deed::Operation { .. }) { "" } else { &self.words }
    }
}

/// All steps of a recording, by time alone: of two messages that pass between threads one
/// may be received before it is sent. [`Steps`] is the order that is possible.
#[derive(Debug)]
pub struct Merge<'a> {
    threads: Vec<Front<'a>>,
    turns: Turns,
    /// The latest step.
    step: Step,
}

/// When a thread's next step is, and the thread.
type Turn = (u64, usize);

/// A thread's next step.
#[derive(Debug)]
struct Front<'a> {
    events: ThreadEvents<'a>,
    process: usize,
    /// When it is; `None` if there is none.
    next: Option<u64>,
}

impl<'a> Merge<'a> {
    /// The steps of `recording`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn new(recording: &'a Recording) -> Result<Self> {
        let threads = recording.entities.threads.len();
        let mut merge = Merge {
            threads: Vec::with_capacity(threads),
            turns: Turns::new(threads),
            step: Step { time: 0, thread: 0, deed: Deed::Paused, words: String::new() },
        };
        for thread in 0..threads {
            let mut events = recording.events(thread);
            let next = events.next_time()?;
            merge.turns.set(thread, next);
            let process = recording.entities.threads[thread].process;
            merge.threads.push(Front { events, process, next });
        }
        Ok(merge)
    }

    /// The next step.
    ///
    /// # Errors
    /// The file cannot be read.
    #[inline]
    pub fn next_step(&mut self) -> Result<Option<&Step>> {
        let Some(turn) = self.turns.first() else { return Ok(None) };
        self.look(turn);
        self.take()?;
        Ok(Some(&self.step))
    }

    /// Has the next step of this thread in `step`, at this time, and does not take it yet.
    #[inline]
    fn look(&mut self, (time, thread): Turn) {
        let step = &mut self.step;
        (step.time, step.thread) = (time, thread);
        self.threads[thread].events.look(&mut step.deed, &mut step.words);
    }

    /// Takes the step that was looked at; tells whether its thread has another.
    #[inline(always)]
    fn take(&mut self) -> Result<bool> {
        let Step { time, thread, .. } = self.step;
        let front = &mut self.threads[thread];
        front.events.pass();
        front.next = front.events.next_time()?.map(|next| next.max(time + 1));
        self.turns.set(thread, front.next);
        Ok(front.next.is_some())
    }

    /// The thread's next step is at this time, and not when its clock says.
    fn delay(&mut self, thread: usize, time: u64) {
        self.threads[thread].next = Some(time);
        self.turns.set(thread, Some(time));
    }

    /// The thread has no turn until it is called back.
    fn set_aside(&mut self, thread: usize) {
        self.turns.set(thread, None);
    }

    fn call_back(&mut self, thread: usize) {
        self.turns.set(thread, self.threads[thread].next);
    }
}

/// All steps of a recording, in a possible order.
#[derive(Debug)]
pub struct Steps<'a> {
    recording: &'a Recording,
    merge: Merge<'a>,
    roles: [Role; 256],
    /// Threads by their latest send's message: sends that follow have greater numbers.
    sent: Vec<MessageId>,
    /// By thread: threads that wait for what it is still to do.
    parked: Vec<BTreeMap<Awaited, usize>>,
    /// How many wait so.
    waiting: usize,
    /// When a message that was not received yet can be received at the earliest.
    begun: Messages<u64>,
    /// By thread: when it has returned.
    returned: Vec<Option<u64>>,
    /// By primitive.
    progress: Vec<Progress>,
    /// By thread: when its next step would be by its clock, while it waits for the progress of a
    /// primitive.
    deferred: Vec<Option<u64>>,
    /// By thread that waits at a barrier: how many threads will have arrived when it goes on.
    arrivals: HashMap<usize, u64>,
}

/// A receive is at least so much later than its send began: room for the instant of
/// the hand-over between a wait's end and the receive.
const HAND_OVER: u64 = 2;

/// Nanoseconds. No two clocks of a machine are further apart: what has not come by then, such
/// as that a lock is let go, was not recorded.
const PATIENCE: u64 = 100_000;

/// What a thread waits for that another is still to do. Each is awaited by one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Awaited {
    /// It sends this message.
    Send(MessageId),
    /// It spawns the thread with this index.
    Spawn(usize),
    /// It returns.
    Return,
}

/// What a kind of operation can have to do with other threads.
#[derive(Clone, Copy, Debug)]
enum Role {
    /// A message's send begins, or is all there is to it.
    Sends,
    /// A message's send, which has waited, is over.
    Sent,
    Receives,
    /// Something that is not about messages.
    Other,
    Nothing,
}

impl Role {
    fn of(kind: OperationKind) -> Self {
        if kind.call().subject() != Subject::Endpoint {
            return Role::Other;
        }
        match (kind.call().is_send(), kind.phase(), kind.outcome()) {
            (true, Phase::Begin, _) | (true, Phase::Whole, Outcome::Transferred) => Role::Sends,
            (true, Phase::End, Outcome::Transferred) => Role::Sent,
            (false, _, Outcome::Transferred) => Role::Receives,
            _ => Role::Nothing,
        }
    }

    /// By the codes of the kinds: one look is quicker than several at their tables.
    fn table() -> [Role; 256] {
        let mut roles = [Role::Other; 256];
        for &kind in OperationKind::ALL {
            roles[kind as usize] = Role::of(kind);
        }
        roles
    }
}

impl<'a> Steps<'a> {
    /// The steps of `recording`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn new(recording: &'a Recording) -> Result<Self> {
        let entities = &recording.entities;
        let threads = entities.threads.len();
        let mut steps = Steps {
            recording,
            merge: Merge::new(recording)?,
            roles: Role::table(),
            sent: vec![MessageId::UNKNOWN; threads],
            parked: vec![BTreeMap::new(); threads],
            waiting: 0,
            begun: Messages::new(entities.processes.len()),
            returned: vec![None; threads],
            progress: entities.primitives.iter().map(Progress::new).collect(),
            deferred: vec![None; threads],
            arrivals: HashMap::new(),
        };
        for (thread, facts) in entities.threads.iter().enumerate() {
            if let Some(Spawned { by: Some(parent), .. }) = facts.spawned {
                steps.park(thread, parent.get(), Awaited::Spawn(thread));
            }
        }
        Ok(steps)
    }

    /// The next step.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_step(&mut self) -> Result<Option<&Step>> {
        loop {
            let Some(turn) = self.merge.turns.first() else { return self.next_of_parked() };
            self.merge.look(turn);
            let passage = self.passage();
            let possible = match passage {
                (Role::Receives, message) => self.can_receive(message),
                (Role::Other, _) => self.possible(),
                (Role::Sends | Role::Sent | Role::Nothing, _) => true,
            };
            if possible {
                self.take(passage)?;
                return Ok(Some(&self.merge.step));
            }
        }
    }

    /// The next step where all threads that are left wait for others, in a circle.
    ///
    /// What one of them waits for was not recorded: most likely the earliest.
    fn next_of_parked(&mut self) -> Result<Option<&Step>> {
        let parked = self.parked.iter().enumerate().flat_map(|(source, parked)| {
            parked.iter().map(move |(&awaited, &thread)| (thread, source, awaited))
        });
        let turns = parked.filter_map(|(thread, source, awaited)| {
            Some((self.merge.threads[thread].next?, thread, source, awaited))
        });
        let earliest = turns.min_by_key(|&(time, thread, ..)| (time, thread));
        let Some((time, thread, source, awaited)) = earliest else { return Ok(None) };
        self.parked[source].remove(&awaited);
        self.waiting -= 1;
        self.merge.look((time, thread));
        self.take(self.passage())?;
        Ok(Some(&self.merge.step))
    }

    /// Has `thread` wait for what `source` is still to do; tells whether it does.
    fn park(&mut self, thread: usize, source: usize, awaited: Awaited) -> bool {
        if source == thread
            || self.merge.threads[source].next.is_none()
            || self.parked[source].contains_key(&awaited)
        {
            return false;
        }
        self.merge.set_aside(thread);
        self.parked[source].insert(awaited, thread);
        self.waiting += 1;
        true
    }

    /// Takes the step that was looked at.
    #[inline(always)]
    fn take(&mut self, (role, message): (Role, MessageId)) -> Result<()> {
        let more = self.merge.take()?;
        let Step { time, thread, .. } = self.merge.step;
        match role {
            Role::Sent if self.sent[thread] == message => {
                if let Some(begun) = self.begun.get_mut((self.process(thread), message)) {
                    // Sent before it is received, as the clocks say.
                    *begun = time.saturating_sub(1);
                }
            }
            // A wait's end whose begin was not recorded is all there is to its send.
            Role::Sends | Role::Sent => {
                self.begun.insert((self.process(thread), message), time);
                self.sent[thread] = message;
                if self.waiting > 0 {
                    self.release_receiver(thread, message);
                }
            }
            Role::Other => self.passed(),
            Role::Receives | Role::Nothing => {}
        }
        if !more {
            // What it has not done by now will not be done.
            self.release(thread, Awaited::Return);
        }
        Ok(())
    }

    /// What the step that was looked at has to do with other threads, and the message, if it is
    /// about one.
    #[inline]
    fn passage(&self) -> (Role, MessageId) {
        let Deed::Operation { kind, detail, .. } = self.merge.step.deed else {
            return (Role::Other, MessageId::UNKNOWN);
        };
        match (self.roles[usize::from(kind as u8)], MessageId(detail)) {
            (Role::Sends | Role::Sent | Role::Receives, MessageId::UNKNOWN) => {
                (Role::Nothing, MessageId::UNKNOWN)
            }
            passage => passage,
        }
    }

    /// Tells whether the step that was looked at, which receives this message, can be now;
    /// otherwise its turn comes later.
    #[inline(always)]
    fn can_receive(&mut self, message: MessageId) -> bool {
        let Step { time, thread, .. } = self.merge.step;
        let key = (self.process(thread), message);
        match self.begun.remove_if(key, |begun| time >= begun + HAND_OVER) {
            Some((_, true)) => true,
            Some((begun, false)) => {
                self.merge.delay(thread, begun + HAND_OVER);
                false
            }
            None => !self.await_send(thread, message),
        }
    }

    /// Has `receiver` wait until this message is sent, if that can still be; tells whether it
    /// does.
    #[cold]
    fn await_send(&mut self, receiver: usize, message: MessageId) -> bool {
        let sender = self.sender_to_come(message, receiver);
        sender.is_some_and(|sender| self.park(receiver, sender, Awaited::Send(message)))
    }

    #[inline]
    fn process(&self, thread: usize) -> usize {
        self.merge.threads[thread].process
    }

    /// The thread that sends this message, if it can still come to that while `receiver` waits.
    fn sender_to_come(&self, message: MessageId, receiver: usize) -> Option<usize> {
        let numbers = &self.recording.entities.numbers[self.process(receiver)];
        numbers.get(message.thread()).map(Index::get).filter(|&sender| self.sent[sender] < message)
    }

    /// Calls back who waits for this message, which a thread of this one's process has sent.
    #[cold]
    fn release_receiver(&mut self, thread: usize, message: MessageId) {
        // Sends with lower numbers will not come any more.
        let numbers = &self.recording.entities.numbers[self.process(thread)];
        if let Some(sender) = numbers.get(message.thread()) {
            self.release(sender.get(), Awaited::Send(message));
        }
    }

    /// Calls back who waits for something of this thread, up to one thing.
    #[inline]
    fn release(&mut self, source: usize, last: Awaited) {
        while let Some(first) = self.parked[source].first_entry()
            && *first.key() <= last
        {
            self.merge.call_back(first.remove());
            self.waiting -= 1;
        }
    }

    /// Calls back who waits for this of the thread, to a time after the latest step.
    fn release_after(&mut self, time: u64, source: usize, awaited: Awaited) {
        let Some(thread) = self.parked[source].remove(&awaited) else { return };
        self.waiting -= 1;
        if let Some(next) = self.merge.threads[thread].next {
            self.merge.delay(thread, next.max(time + 1));
        }
    }

    /// Tells whether the step that was looked at, which is not about messages, can be now;
    /// otherwise its turn comes later.
    #[cold]
    fn possible(&mut self) -> bool {
        let Step { time, thread, deed, .. } = self.merge.step;
        let Deed::Operation { kind, endpoint: number, detail, .. } = deed else { return true };
        let recording = self.recording;
        let entities = &recording.entities;
        let process = self.process(thread);
        let earliest = match kind.call().subject() {
            Subject::Thread if kind.call() == Call::Join && kind.phase() != Phase::Begin => {
                let Some(joined) = entities.numbers[process].get(number) else { return true };
                let returned = self.returned[joined.get()];
                match returned {
                    Some(returned) => returned + 1,
                    None if self.park(thread, joined.get(), Awaited::Return) => return false,
                    None => 0,
                }
            }
            Subject::Primitive => {
                let primitive = entities.primitive_numbers[process].get(number);
                let Some(primitive) = primitive.map(Index::get) else { return true };
                let arrivals = self.arrivals.get(&thread).copied().unwrap_or(0);
                let progress = &mut self.progress[primitive];
                match progress.earliest(kind, detail, arrivals) {
                    Some(earliest) => earliest,
                    None => {
                        let since = *self.deferred[thread].get_or_insert(time);
                        let until = since.saturating_add(PATIENCE);
                        if time < until {
                            progress.awaited_by.push(thread);
                            self.merge.delay(thread, until);
                            return false;
                        }
                        since
                    }
                }
            }
            _ => 0,
        };
        if time < earliest {
            self.merge.delay(thread, earliest);
            return false;
        }
        // What it has waited for in vain was not recorded.
        if let Some(since) = self.deferred[thread].take()
            && time >= since.saturating_add(PATIENCE)
        {
            self.merge.step.time = since;
        }
        true
    }

    /// What follows for other threads from a step that is not about messages.
    #[cold]
    fn passed(&mut self) {
        let Step { time, thread, deed, .. } = self.merge.step;
        match deed {
            Deed::Returned { .. } => {
                self.returned[thread] = Some(time);
                self.release_after(time, thread, Awaited::Return);
            }
            Deed::Operation { kind, subject: Some(subject), detail, .. } => {
                let subject = subject.get();
                match kind.call().subject() {
                    Subject::Thread if kind.call() == Call::Spawn => {
                        self.release_after(time, thread, Awaited::Spawn(subject));
                    }
                    Subject::Primitive => {
                        let progress = &mut self.progress[subject];
                        match kind {
                            OperationKind::BarrierWaitBegin => {
                                self.arrivals.insert(thread, progress.all_arrived(detail));
                            }
                            OperationKind::BarrierWaitEnd => drop(self.arrivals.remove(&thread)),
                            _ => {}
                        }
                        if progress.passed(time, kind, detail) {
                            for waiting in std::mem::take(&mut progress.awaited_by) {
                                if let Some(since) = self.deferred[waiting] {
                                    self.merge.delay(waiting, since.max(time + 1));
                                }
                            }
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
