//! Follows a recording from its first event to its last and keeps what there is to know.

use std::collections::HashMap;

use format::{Call, DetailKind, MessageId, OperationKind, Phase, Subject, Turn};

use super::critical_path::{Cause, Part, Trails};
use super::stats::channels::{Channel, Depth};
use super::stats::primitives::Primitive;
use super::stats::senders::{Senders, Use};
use super::stats::threads::{Panic, Thread, Wait};
use super::wait_for::On;
use super::{Pause, Process};
use crate::ordering::Step;
use crate::ordering::in_flight::Messages;
use crate::reading::catalog::{Entities, Index};
use crate::reading::{Deed, Recording};

mod messages;
mod primitives;

use messages::{Flight, Stage, is_plain};

/// What is known so far.
pub(super) struct Pass<'a> {
    pub(super) entities: &'a Entities,
    /// Whether events are missing: some could not be recorded, or the recording is damaged.
    pub(super) incomplete: bool,
    pub(super) threads: Vec<Thread>,
    pub(super) channels: Vec<Channel>,
    pub(super) primitives: Vec<Primitive>,
    pub(super) processes: Vec<Process>,
    pub(super) senders: Senders,
    pub(super) trails: Trails,
    /// Messages that are sent, or about to be, and not received; or received, and their sends not
    /// over.
    flights: Messages<Flight>,
    /// Where in the lists of a channel's sides a thread is.
    sides: HashMap<(u32, u32, bool), u32>,
    /// By thread: the last that was looked up.
    last_sides: Vec<Option<((u32, bool), u32)>>,
    /// By channel: whether its messages can have an endpoint in them.
    carries: Vec<bool>,
}

/// An operation, as a step tells it.
#[derive(Clone, Copy)]
struct Operation {
    time: u64,
    thread: usize,
    kind: OperationKind,
    subject: Option<usize>,
    endpoint: u32,
    site: Option<Index>,
    detail: u64,
}

impl<'a> Pass<'a> {
    pub(super) fn new(recording: &'a Recording) -> Self {
        let entities = &recording.entities;
        let channels = entities.channels.iter().map(|channel| Channel {
            live_senders: channel.senders_before,
            live_receivers: channel.receivers_before,
            depth: Depth::new(channel.bound),
            ..Channel::default()
        });
        let carries = entities.channels.iter().map(|channel| !is_plain(&channel.message_type));
        Pass {
            entities,
            incomplete: recording.is_incomplete(),
            threads: vec![Thread::default(); entities.threads.len()],
            channels: channels.collect(),
            primitives: vec![Primitive::default(); entities.primitives.len()],
            processes: vec![Process::default(); entities.processes.len()],
            senders: Senders::new(entities.processes.len()),
            trails: Trails::new(entities.threads.len()),
            flights: Messages::new(entities.processes.len()),
            sides: HashMap::new(),
            last_sides: vec![None; entities.threads.len()],
            carries: carries.collect(),
        }
    }

    #[inline]
    pub(super) fn step(&mut self, step: &Step) {
        let (time, thread) = (step.time, step.thread);
        if self.threads[thread].first.is_none() {
            self.begin(thread, time);
        }
        self.threads[thread].last = time;
        self.threads[thread].steps += 1;
        if let Deed::Operation { kind, subject, endpoint, site, detail } = step.deed {
            let subject = subject.map(Index::get);
            self.operation(Operation { time, thread, kind, subject, endpoint, site, detail });
        } else {
            self.other(step);
        }
    }

    #[cold]
    fn begin(&mut self, thread: usize, time: u64) {
        let process = self.entities.threads[thread].process;
        let oldest = self.processes[process].main;
        let (cause, part) = match (self.threads[thread].spawned, oldest) {
            (Some(spawned), _) => (Some(spawned), Part::HandOff(On::Thread(thread))),
            // Who spawned it was not recorded, nor what it has done so far.
            (None, Some(oldest)) => {
                let time = self.threads[oldest].last.min(time);
                (Some(Cause { thread: oldest, time }), Part::Running(thread))
            }
            (None, None) => (None, Part::Running(thread)),
        };
        if oldest.is_none() {
            self.processes[process].main = Some(thread);
        }
        self.threads[thread].first = Some(time);
        self.trails.begin(thread, time, part, cause);
    }

    #[cold]
    fn other(&mut self, step: &Step) {
        let (time, thread) = (step.time, step.thread);
        let process = self.entities.threads[thread].process;
        match step.deed {
            Deed::ChannelCreated { channel, site } => {
                let made = Use { time, thread, site };
                let sender = self.senders.make(channel.get(), made, false);
                let state = &mut self.channels[channel.get()];
                state.made = Some((time, thread));
                state.live_senders = state.live_senders.saturating_add(1);
                state.live_receivers = state.live_receivers.saturating_add(1);
                state.first_sender = Some(sender);
                state.depth.pass(time);
            }
            Deed::SenderCloned { channel: Some(channel), sender, from, site } => {
                let channel = channel.get();
                let live = &mut self.channels[channel].live_senders;
                *live = live.saturating_add(1);
                if let Some(from) = self.sender(process, from, channel) {
                    let from = &mut self.senders.list[from];
                    from.used(time, thread, site);
                    from.clones += 1;
                }
                let clone = self.senders.make(channel, Use { time, thread, site }, true);
                self.senders.number(process, sender, clone);
            }
            Deed::SenderDropped { channel: Some(channel), endpoint } => {
                let channel = channel.get();
                if let Some(sender) = self.sender(process, endpoint, channel) {
                    self.senders.list[sender].dropped = Some((time, thread));
                }
                let state = &mut self.channels[channel];
                state.live_senders = state.live_senders.saturating_sub(1);
                if state.live_senders == 0 {
                    state.senders_gone = Some((time, thread));
                }
            }
            Deed::ReceiverCloned { channel: Some(channel), .. } => {
                let live = &mut self.channels[channel.get()].live_receivers;
                *live = live.saturating_add(1);
            }
            Deed::ReceiverDropped { channel: Some(channel), .. } => {
                let state = &mut self.channels[channel.get()];
                state.live_receivers = state.live_receivers.saturating_sub(1);
                if state.live_receivers > 0 {
                    return;
                }
                state.receiver_gone = Some((time, thread));
                // While the recording pauses nobody knows what was received.
                state.lost = if self.processes[process].is_paused() { 0 } else { state.depth.now };
                state.depth.emptied(time);
            }
            Deed::Returned { panicked } => {
                let state = &mut self.threads[thread];
                state.returned = Some(time);
                if let Some(panic) = &mut state.panic {
                    panic.outcome = Some(panicked);
                }
            }
            Deed::ThreadEnded => self.threads[thread].over = Some(time),
            Deed::Panicked { site } => {
                self.threads[thread].panics += 1;
                let message = step.words().to_owned();
                self.threads[thread].panic =
                    Some(Panic { time, site, message, went_on: false, outcome: None });
            }
            Deed::Paused if self.processes[process].is_paused() => {}
            Deed::Paused => {
                self.processes[process].pauses.push(Pause { from: Some(time), to: None });
            }
            Deed::Resumed => self.resume(process, time),
            Deed::SenderCloned { channel: None, .. }
            | Deed::ReceiverCloned { channel: None, .. }
            | Deed::SenderDropped { channel: None, .. }
            | Deed::ReceiverDropped { channel: None, .. }
            | Deed::Operation { .. }
            | Deed::ThreadStarted
            | Deed::SelectArm { .. }
            | Deed::TaskSpawned { .. }
            | Deed::TaskResumed { .. }
            | Deed::TaskSuspended { .. }
            | Deed::TaskEnded { .. }
            | Deed::Value { .. }
            | Deed::SpanEntered { .. }
            | Deed::SpanExited { .. }
            | Deed::Logged { .. } => {}
        }
    }

    /// From now on it is not known what this process has done while its recording paused.
    fn resume(&mut self, process: usize, time: u64) {
        let known = &mut self.processes[process];
        match known.pauses.last_mut().filter(|pause| pause.to.is_none()) {
            Some(pause) => pause.to = Some(time),
            None => known.pauses.push(Pause { from: None, to: Some(time) }),
        }
        self.flights_outlast(process, time);
        let primitives = self.primitives.iter_mut().zip(&self.entities.primitives);
        for (primitive, _) in primitives.filter(|(_, facts)| facts.process == process) {
            primitive.outlast();
        }
        let threads = self.threads.iter_mut().zip(&self.entities.threads);
        for (thread, _) in threads.filter(|(_, facts)| facts.process == process) {
            thread.holds.clear();
            // It may have given away whatever it had.
            thread.gave = Some(time);
        }
    }

    #[inline]
    fn operation(&mut self, operation: Operation) {
        let Operation { time, thread, kind, .. } = operation;
        let wait = match kind.phase() {
            Phase::Begin => {
                self.begin_wait(&operation);
                return;
            }
            Phase::Whole => {
                // Whatever it waited for: the end was not recorded.
                self.threads[thread].wait = None;
                None
            }
            Phase::End => {
                let wait = self.threads[thread].wait.take();
                // Only the end of a select has an endpoint: that of the arm that was ready.
                let is_select = kind.call() == Call::Select;
                wait.filter(|wait| {
                    wait.call == kind.call() && (wait.on == on(&operation) || is_select)
                })
            }
        };
        let waited = wait.map(|wait| (wait.begin, time));
        match kind.call() {
            Call::Send | Call::TrySend => self.send(&operation, wait),
            Call::Recv | Call::TryRecv | Call::RecvTimeout => self.receive(&operation, wait),
            _ => self.rare(&operation, wait),
        }
        if let Some((begin, end)) = waited {
            let time = end.saturating_sub(begin);
            self.threads[thread].add_wait(kind.call(), on(&operation), time);
        }
    }

    fn begin_wait(&mut self, operation: &Operation) {
        let &Operation { time, thread, kind, subject, site, detail, .. } = operation;
        let call = kind.call();
        let mut message = MessageId::UNKNOWN;
        match call {
            Call::Send => {
                message = MessageId(detail);
                if let Some(channel) = subject {
                    self.use_sender(operation, channel);
                    self.side(channel, thread, true, time).seen(time, site);
                    self.launch(operation, channel, Stage::Offered);
                }
            }
            Call::Recv | Call::RecvTimeout => {
                if let Some(channel) = subject {
                    self.side(channel, thread, false, time).seen(time, site);
                    if self.entities.channels[channel].bound == Some(0) {
                        self.channels[channel].room = Some(Cause { thread, time });
                    }
                }
            }
            Call::BarrierWait => {
                if let Some(primitive) = subject {
                    self.primitives[primitive].user(thread, time);
                    self.primitives[primitive].moved = Some(Cause { thread, time });
                }
            }
            // With a timeout, `detail` is that and not the mutex.
            Call::CondvarWait => {
                // Its mutex was let go, if that was not said already.
                let low = Turn(detail).primitive();
                let process = self.entities.threads[thread].process;
                let known = self.entities.primitive_numbers[process].get(low).map(Index::get);
                let held = |mutex: &usize| self.primitives[*mutex].is_held_by(thread);
                if let Some(mutex) = known.filter(held) {
                    self.let_go(mutex, thread, time);
                }
            }
            _ => {}
        }
        let timed = kind.detail_kind() == DetailKind::Timeout;
        let on = on(operation);
        self.threads[thread].wait =
            Some(Wait { begin: time, call, on, site, timed, message, done: false });
    }

    /// The index of the sender with this number. What is no clone is the channel's first.
    #[inline]
    fn sender(&mut self, process: usize, number: u32, channel: usize) -> Option<usize> {
        if let Some(sender) = self.senders.find(process, number) {
            return Some(sender);
        }
        let first = self.channels[channel].first_sender?;
        self.senders.number(process, number, first);
        Some(first)
    }
}

/// What an operation is on.
fn on(operation: &Operation) -> On {
    let Some(index) = operation.subject else { return On::Nothing };
    match operation.kind.call().subject() {
        Subject::Endpoint => On::Channel(index),
        Subject::Primitive => On::Primitive(index),
        Subject::Thread => On::Thread(index),
        Subject::Nothing => On::Nothing,
    }
}
