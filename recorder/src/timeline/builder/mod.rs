//! Follows a recording from its first event to its last and tells what there is to see.
//!
//! The rules of the picture are here; what a file format makes of them is not. Times are
//! nanoseconds since the trace's start.
//!
//! - An operation that did not wait is an instant: a slice without length.
//! - A wait is a slice of its own, and ends a nanosecond before the instant in which it
//!   is over, so that the two are neighbours. One of which no end was recorded ends where its
//!   thread does something else, and else not at all.
//! - An arrow leads from what a thread has waited for to where it goes on. It begins where a
//!   slice ends and ends where one begins, and never points back.
//! - While the recording pauses nobody knows what operations do.
//!
//! Each kind of thing has a file: messages in `channels`, locks and other primitives in
//! `primitives`, threads in `threads`, their states in `states`, spans and initialisers in
//! `frames`.

use std::ops::Range;
use std::sync::Arc;

use anyhow::Result;
use format::{Call, DetailKind, MessageId, OperationKind, Outcome, Phase, Subject};

use crate::ordering::in_flight::{MessageKey, Messages};
use crate::ordering::{Step, Steps};
use crate::reading::catalog::{Index, readable};
use crate::reading::{Deed, Recording};
use crate::timeline::item::{Arrow, Category, Item, On, PAUSED, RESUMED, Slice};

mod channels;
mod lanes;
mod primitives;
mod spans;
mod states;
mod threads;

use channels::{Channel, Flying};
use primitives::Primitive;
use threads::Thread;

/// So many messages of a channel are shown in flight at a time, and so many who hold a lock.
/// Each takes a track, and a viewer takes minutes to open a hundred thousand.
pub const MOST_LANES: usize = 200;

/// To so many sends an arrow leads from the receive because of which they are. One message may
/// start a million.
pub const MOST_CONSEQUENCES: u32 = 16;

/// Tells `tell` all there is to see in `recording`.
///
/// # Errors
/// The recording cannot be read, or `tell` fails.
pub fn play(recording: &Recording, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
    let entities = &recording.entities;
    let mut stage = Stage {
        recording,
        tell,
        waits: vec![None; entities.threads.len()],
        paused: vec![None; entities.processes.len()],
        threads: entities.threads.iter().map(|_| Thread::default()).collect(),
        channels: entities.channels.iter().map(Channel::new).collect(),
        primitives: entities.primitives.iter().map(Primitive::new).collect(),
        blocked: Messages::new(entities.processes.len()),
        flights: Messages::new(entities.processes.len()),
        arrows: 0,
    };
    let mut steps = Steps::new(recording)?;
    while let Some(step) = steps.next_step()? {
        stage.step(step)?;
    }
    stage.end()
}

struct Stage<'a> {
    recording: &'a Recording,
    tell: &'a mut dyn FnMut(&Item) -> Result<()>,
    /// What each thread waits for.
    waits: Vec<Option<Wait>>,
    /// When the recording of each process has paused, while it does.
    paused: Vec<Option<u64>>,
    threads: Vec<Thread>,
    channels: Vec<Channel>,
    primitives: Vec<Primitive>,
    /// The threads whose sends wait, by their messages.
    blocked: Messages<usize>,
    flights: Messages<Flying>,
    /// How many arrows there are, with or without an end.
    arrows: u64,
}

/// An operation, or one end of it.
#[derive(Clone, Copy)]
struct Operation {
    kind: OperationKind,
    on: Option<On>,
    /// Of a channel, the endpoint's number.
    endpoint: Option<u32>,
    site: Option<usize>,
    detail: u64,
}

impl Operation {
    #[inline]
    fn new(
        kind: OperationKind,
        subject: Option<Index>,
        number: u32,
        site: Option<Index>,
        detail: u64,
    ) -> Self {
        let subject = subject.map(Index::get);
        let (on, endpoint) = match kind.call().subject() {
            Subject::Endpoint => (subject.map(On::Channel), Some(number)),
            Subject::Primitive => (subject.map(On::Primitive), None),
            Subject::Thread => (subject.map(On::Thread), None),
            Subject::Nothing => (None, None),
        };
        Operation { kind, on, endpoint, site: site.map(Index::get), detail }
    }

    fn note(&self) -> &'static str {
        note(self.kind.outcome())
    }

    /// A slice of it, without length.
    #[inline]
    fn instant(&self, step: &Step) -> Slice {
        let call = self.kind.call();
        Slice {
            category: category(call),
            note: self.note(),
            on: self.on,
            endpoint: self.endpoint,
            site: self.site,
            ..Slice::instant(step.thread, step.time, method(call))
        }
    }
}

/// An operation that has begun to wait.
#[derive(Clone, Copy)]
struct Wait {
    begin: u64,
    operation: Operation,
    /// What a send waits with.
    message: MessageId,
    timeout: Option<u64>,
    /// For a send: when its message was handed over, and the message's number.
    handed_over: Option<(u64, Option<u64>)>,
    /// When its thread did something else. If the end never comes, it was not recorded.
    overtaken: Option<u64>,
}

impl Wait {
    fn call(&self) -> Call {
        self.operation.kind.call()
    }

    /// A slice of the waiting operation, without length.
    #[inline]
    fn instant(&self, thread: usize, time: u64, verb: &'static str) -> Slice {
        let Operation { on, endpoint, site, .. } = self.operation;
        let call = self.call();
        let category = category(call);
        let operation = method(call);
        Slice { category, operation, on, endpoint, site, ..Slice::instant(thread, time, verb) }
    }

    fn primitive(&self) -> Option<usize> {
        match self.operation.on {
            Some(On::Primitive(primitive)) => Some(primitive),
            _ => None,
        }
    }
}

/// Something that others wait for: arrows begin there, some of which are still to be used.
#[derive(Clone, Debug)]
struct Source {
    time: u64,
    /// Which of those it is, where they are counted.
    count: u64,
    arrows: Range<u64>,
}

impl Source {
    /// The end of an arrow from there to what happens at this time.
    fn arrow_to(&mut self, time: u64) -> Option<Arrow> {
        if self.time >= time {
            return None;
        }
        self.arrows.next().map(Arrow::To)
    }

    fn from(&self) -> Option<Arrow> {
        (!self.arrows.is_empty()).then(|| Arrow::From(self.arrows.clone()))
    }
}

/// What the thread says.
fn words(step: &Step) -> Option<Arc<str>> {
    (!step.words().is_empty()).then(|| readable(step.words()).into())
}

/// What a call is in the name of a slice.
#[inline]
pub(crate) fn method(call: Call) -> &'static str {
    match call {
        Call::Send => "send",
        Call::TrySend => "try_send",
        Call::Recv => "recv",
        Call::TryRecv => "try_recv",
        Call::RecvTimeout => "recv_timeout",
        Call::Select => "select",
        Call::Lock => "lock",
        Call::TryLock => "try_lock",
        Call::Unlock => "unlock",
        Call::Read => "read",
        Call::TryRead => "try_read",
        Call::ReadUnlock => "unlock read",
        Call::Write => "write",
        Call::TryWrite => "try_write",
        Call::WriteUnlock => "unlock write",
        Call::Downgrade => "downgrade",
        Call::CondvarWait => "wait",
        Call::CondvarWaitTimeout => "wait_timeout",
        Call::NotifyOne => "notify_one",
        Call::NotifyAll => "notify_all",
        Call::BarrierWait => "barrier",
        Call::Initialize | Call::Initializer => "initialize",
        Call::Spawn => "spawn",
        Call::Join => "join",
        Call::Scope => "scope",
        Call::Park => "park",
        Call::ParkTimeout => "park_timeout",
        Call::Unpark => "unpark",
        Call::Sleep => "sleep",
        Call::YieldNow => "yield",
    }
}

#[inline]
fn category(call: Call) -> Category {
    match call.subject() {
        Subject::Endpoint => Category::Channel,
        Subject::Primitive => Category::Primitive,
        Subject::Thread | Subject::Nothing => Category::Thread,
    }
}

#[inline]
fn note(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pending | Outcome::Transferred | Outcome::Acquired | Outcome::Done => "",
        Outcome::Held => "held",
        Outcome::Full => "full",
        Outcome::Empty => "empty",
        Outcome::Disconnected => "disconnected",
        Outcome::TimedOut => "timed out",
    }
}

impl Stage<'_> {
    #[inline]
    fn slice(&mut self, slice: Slice) -> Result<()> {
        (self.tell)(&Item::Slice(slice))
    }

    #[inline]
    fn process(&self, thread: usize) -> usize {
        self.recording.entities.threads[thread].process
    }

    #[inline]
    fn key(&self, thread: usize, message: MessageId) -> MessageKey {
        (self.process(thread), message)
    }

    /// Where so many arrows begin.
    fn source(&mut self, time: u64, count: u64, arrows: usize) -> Source {
        let first = self.arrows + 1;
        self.arrows += arrows as u64;
        Source { time, count, arrows: first..self.arrows + 1 }
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        if let Some(wait) = &mut self.waits[step.thread] {
            wait.overtaken.get_or_insert(step.time);
        }
        self.threads[step.thread].latest = step.time;
        self.threads[step.thread].line.begin(step.time);
        match step.deed {
            Deed::Operation { kind, subject, endpoint, site, detail } => {
                let operation = Operation::new(kind, subject, endpoint, site, detail);
                match kind.call().subject() {
                    Subject::Endpoint => self.channel_operation(step, &operation),
                    Subject::Primitive => self.primitive_operation(step, &operation),
                    Subject::Thread | Subject::Nothing => self.thread_operation(step, &operation),
                }
            }
            Deed::ChannelCreated { .. }
            | Deed::SenderCloned { .. }
            | Deed::ReceiverCloned { .. }
            | Deed::SenderDropped { .. }
            | Deed::ReceiverDropped { .. } => self.endpoints_change(step),
            Deed::ThreadStarted
            | Deed::Returned { .. }
            | Deed::ThreadEnded
            | Deed::Panicked { .. } => self.thread_goes_on(step),
            Deed::Value { message } => {
                self.threads[step.thread].value = words(step).map(|words| (message, words));
                Ok(())
            }
            Deed::SpanEntered { .. } | Deed::SpanExited { .. } | Deed::Logged { .. } => {
                self.traced(step)
            }
            Deed::SelectArm { .. }
            | Deed::TaskSpawned { .. }
            | Deed::TaskResumed { .. }
            | Deed::TaskSuspended { .. }
            | Deed::TaskEnded { .. } => Ok(()),
            Deed::Paused => {
                let process = self.process(step.thread);
                self.paused[process].get_or_insert(step.time);
                self.slice(Slice::instant(step.thread, step.time, PAUSED))
            }
            Deed::Resumed => {
                self.resume(self.process(step.thread), step.time)?;
                self.slice(Slice::instant(step.thread, step.time, RESUMED))
            }
        }
    }

    /// From now on it is not known what this process has done while its recording paused.
    fn resume(&mut self, process: usize, time: u64) -> Result<()> {
        let known = self.paused[process].take();
        // When it paused, a flight recorder may have forgotten.
        let paused = known.unwrap_or(time);
        self.flights_outlast(process, paused);
        self.holds_outlast(process, paused);
        self.frames_outlast(process, paused);
        for (thread, facts) in self.threads.iter_mut().zip(&self.recording.entities.threads) {
            thread.received.take_if(|_| facts.process == process);
        }
        known.map_or(Ok(()), |paused| self.be_unknown(process, paused, time))
    }

    fn begin_wait(&mut self, step: &Step, operation: &Operation) -> Result<()> {
        self.end_wait(step.thread)?;
        let Operation { kind, detail, .. } = *operation;
        let message = if kind.call().is_send() { MessageId(detail) } else { MessageId::UNKNOWN };
        if message != MessageId::UNKNOWN {
            self.blocked.insert(self.key(step.thread, message), step.thread);
        }
        let has_timeout = kind.detail_kind() == DetailKind::Timeout;
        let wait = Wait {
            begin: step.time,
            operation: *operation,
            message,
            timeout: has_timeout.then_some(detail),
            handed_over: None,
            overtaken: None,
        };
        if let Some(primitive) = wait.primitive() {
            self.primitives[primitive].begin_wait(step.time);
        }
        self.waits[step.thread] = Some(wait);
        Ok(())
    }

    /// The thread's wait, if it is one of which this is the end.
    #[inline]
    fn take_wait(&mut self, step: &Step, operation: &Operation) -> Option<Wait> {
        // Between a begin and an end that do not belong together, others were not recorded.
        let (call, on) = (operation.kind.call(), operation.on);
        let ends = operation.kind.phase() == Phase::End;
        // Only the end of a select has an endpoint: that of the arm that was ready.
        let wait = self.waits[step.thread].take_if(|wait| {
            ends && wait.call() == call && (wait.operation.on == on || call == Call::Select)
        })?;
        self.is_over(step.thread, &wait, step.time);
        Some(wait)
    }

    /// The thread does not wait any more.
    fn is_over(&mut self, thread: usize, wait: &Wait, time: u64) {
        self.blocked.remove(self.key(thread, wait.message));
        self.frames_last(thread, wait.begin);
        if let Some(primitive) = wait.primitive() {
            self.primitives[primitive].end_wait(time);
        }
    }

    /// A wait of which no end was met, if the thread has one.
    fn end_wait(&mut self, thread: usize) -> Result<()> {
        let Some(wait) = self.waits[thread].take() else { return Ok(()) };
        let process = self.recording.entities.threads[thread].process;
        let end = self.recording.entities.processes[process].recorded_until;
        self.is_over(thread, &wait, wait.overtaken.unwrap_or(end));
        match wait.handed_over {
            Some((time, number)) => self.returning(thread, &wait, time, number, wait.overtaken),
            None => self.waited(thread, &wait, None, wait.overtaken),
        }
    }

    /// The slice of a wait that is over at `over`.
    fn waited(
        &mut self,
        thread: usize,
        wait: &Wait,
        message: Option<u64>,
        over: Option<u64>,
    ) -> Result<()> {
        self.be(thread, wait.begin, over, states::activity(wait.call()))?;
        let note = match wait.call() {
            Call::Sleep => "",
            call if call.is_send() && !self.is_rendezvous(wait.operation.on) => "full",
            _ => "waiting",
        };
        self.slice(Slice {
            end: over.map(|over| over.saturating_sub(1).max(wait.begin)),
            note,
            message,
            waited: over.map(|over| over.saturating_sub(wait.begin)),
            timeout: wait.timeout,
            ..wait.instant(thread, wait.begin, method(wait.call()))
        })
    }

    /// What there is to see of an operation that is over: its wait, if it had one, and then
    /// itself.
    fn over(
        &mut self,
        step: &Step,
        operation: &Operation,
        wait: Option<&Wait>,
        arrow: Option<Arrow>,
    ) -> Result<()> {
        if let Some(wait) = wait {
            self.waited(step.thread, wait, None, Some(step.time))?;
        }
        self.slice(Slice {
            waited: wait.map(|wait| step.time.saturating_sub(wait.begin)),
            arrow,
            ..operation.instant(step)
        })
    }

    /// What is not over when the recording is.
    fn end(mut self) -> Result<()> {
        for thread in 0..self.waits.len() {
            // Where the recording pauses at the end, nobody knows how long it waits.
            let paused = self.paused[self.process(thread)];
            if let (Some(wait), Some(paused)) = (&mut self.waits[thread], paused) {
                wait.overtaken.get_or_insert(paused.max(wait.begin));
            }
            self.end_wait(thread)?;
        }
        let end = self.recording.entities.end;
        for process in 0..self.paused.len() {
            if self.paused[process].is_some() {
                self.resume(process, end)?;
            }
        }
        self.end_states()?;
        self.end_frames()?;
        self.end_holds()?;
        self.end_flights()
    }
}
