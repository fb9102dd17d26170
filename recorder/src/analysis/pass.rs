//! Follows a recording from its first event to its last and keeps what there is to know.

use std::collections::HashMap;

use format::{Call, MessageId, OperationKind, Outcome, Phase, Subject, Turn};

use super::Process;
use super::channels::{Channel, Depth, Disconnected, Side};
use super::path::{Cause, Part, Trails};
use super::primitives::{Hold, Primitive};
use super::senders::{Senders, Use};
use super::threads::{Panic, Thread, Wait};
use super::wait_for::On;
use crate::entities::{Entities, Index};
use crate::load::Deed;
use crate::messages::{MessageKey, Messages};
use crate::order::Step;

/// What is known so far.
pub(super) struct Pass<'a> {
    pub(super) entities: &'a Entities,
    pub(super) threads: Vec<Thread>,
    pub(super) channels: Vec<Channel>,
    pub(super) primitives: Vec<Primitive>,
    pub(super) processes: Vec<Process>,
    pub(super) senders: Senders,
    pub(super) trails: Trails,
    /// Messages that are sent, or about to be, and not received.
    flights: Messages<Flight>,
    /// Where in the lists of a channel's sides a thread is.
    sides: HashMap<(u32, u32, bool), u32>,
    /// By thread: the last that was looked up.
    last_sides: Vec<Option<((u32, bool), u32)>>,
    /// By channel: whether its messages can have an endpoint in them.
    carries: Vec<bool>,
}

/// A message that is on its way.
#[derive(Clone, Copy)]
struct Flight {
    channel: u32,
    thread: u32,
    /// When its send began.
    sent: u64,
    /// Whether its send still waits.
    blocked: bool,
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
    pub(super) fn new(entities: &'a Entities) -> Self {
        let channels = entities.channels.iter().map(|channel| Channel {
            live_senders: channel.senders_before,
            depth: Depth::new(channel.bound),
            ..Channel::default()
        });
        let carries = entities.channels.iter().map(|channel| !is_plain(&channel.message_type));
        Pass {
            entities,
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
            Deed::ReceiverDropped { channel: Some(channel), .. } => {
                let state = &mut self.channels[channel.get()];
                state.receiver_gone = Some((time, thread));
                if !self.processes[process].blind {
                    state.lost = state.depth.now;
                }
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
                let message = step.words().to_owned();
                self.threads[thread].panic =
                    Some(Panic { time, site, message, went_on: false, outcome: None });
            }
            Deed::Paused => {
                self.processes[process].paused = true;
                self.processes[process].blind = true;
            }
            Deed::Resumed => self.processes[process].paused = false,
            Deed::SenderCloned { channel: None, .. }
            | Deed::SenderDropped { channel: None, .. }
            | Deed::ReceiverDropped { channel: None, .. }
            | Deed::Operation { .. }
            | Deed::ThreadStarted
            | Deed::Value { .. }
            | Deed::SpanEntered { .. }
            | Deed::SpanExited { .. }
            | Deed::Logged { .. } => {}
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
                wait.filter(|wait| wait.call == kind.call() && wait.on == on(&operation))
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
                    self.launch(operation, channel, true);
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
            Call::CondvarWait | Call::CondvarWaitTimeout => {
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
        let timed = matches!(
            call,
            Call::RecvTimeout | Call::CondvarWaitTimeout | Call::ParkTimeout | Call::Sleep
        );
        let on = on(operation);
        self.threads[thread].wait =
            Some(Wait { begin: time, call, on, site, timed, message, done: false });
    }

    #[inline]
    fn send(&mut self, operation: &Operation, wait: Option<Wait>) {
        let &Operation { time, thread, kind, subject, site, detail, .. } = operation;
        let Some(channel) = subject else { return };
        if wait.is_none() {
            self.use_sender(operation, channel);
        }
        let side = self.side(channel, thread, true, time);
        side.seen(time, site);
        let mut cause = None;
        match kind.outcome() {
            Outcome::Transferred => {
                side.messages += 1;
                self.threads[thread].sent += 1;
                if self.carries[channel] {
                    self.threads[thread].gave = Some(time);
                }
                let state = &mut self.channels[channel];
                cause = state.room;
                state.sent += 1;
                let first = state.sending.map_or(time, |(first, _)| first);
                state.sending = Some((first, time));
                if kind.phase() == Phase::Whole {
                    state.depth.sent(time);
                    self.launch(operation, channel, false);
                } else {
                    let key = self.key(thread, MessageId(detail));
                    // It was not received before its send came back.
                    if let Some(flight) = self.flights.get_mut(key)
                        && flight.blocked
                    {
                        flight.blocked = false;
                        self.channels[channel].depth.sent(time);
                    }
                }
            }
            Outcome::Full => side.refused += 1,
            Outcome::Disconnected => {
                let state = &mut self.channels[channel];
                cause = state.receiver_gone.map(|(time, thread)| Cause { thread, time });
                match state.disconnected.iter_mut().find(|sends| sends.thread == thread) {
                    Some(sends) => {
                        sends.count += 1;
                        sends.last = time;
                    }
                    None => state.disconnected.push(Disconnected {
                        thread,
                        count: 1,
                        first: time,
                        last: time,
                        site,
                    }),
                }
                if let Some(wait) = wait {
                    self.flights.remove(self.key(thread, wait.message));
                }
            }
            _ => {}
        }
        if let Some(wait) = wait {
            self.side(channel, thread, true, time).add_wait(time.saturating_sub(wait.begin));
            let on = On::Channel(channel);
            let part = Part::Waiting(thread);
            self.trails.waited(thread, (wait.begin, time), part, on, cause, Some(channel));
        }
    }

    #[inline]
    fn receive(&mut self, operation: &Operation, wait: Option<Wait>) {
        let &Operation { time, thread, kind, subject, site, detail, .. } = operation;
        let Some(channel) = subject else { return };
        let side = self.side(channel, thread, false, time);
        side.seen(time, site);
        let mut cause = None;
        match kind.outcome() {
            Outcome::Transferred => {
                side.messages += 1;
                self.threads[thread].received += 1;
                cause = self.land(thread, MessageId(detail), time, channel);
                let state = &mut self.channels[channel];
                state.received += 1;
                let first = state.receiving.map_or(time, |(first, _)| first);
                state.receiving = Some((first, time));
                state.room = Some(Cause { thread, time });
                state.polling.last = None;
                if !self.threads[thread].holds.is_empty() {
                    let Pass { threads, primitives, .. } = self;
                    let held = threads[thread].holds.iter();
                    held.for_each(|&held| primitives[held].received(channel));
                }
            }
            Outcome::Empty => {
                side.refused += 1;
                self.channels[channel].polling.found_nothing(time, thread, site);
            }
            Outcome::Disconnected => {
                let gone = self.channels[channel].senders_gone;
                cause = gone.map(|(time, thread)| Cause { thread, time });
            }
            Outcome::TimedOut => {
                let state = &mut self.channels[channel];
                let waited = wait.map_or(0, |wait| time.saturating_sub(wait.begin));
                state.timeouts.expired += 1;
                state.timeouts.waited = state.timeouts.waited.saturating_add(waited);
                state.timeouts.last = Some((time, thread, site));
                if waited < super::channels::BUSY {
                    state.polling.found_nothing(time, thread, site);
                }
            }
            _ => {}
        }
        if let Some(wait) = wait {
            if kind.call() == Call::RecvTimeout {
                self.channels[channel].timeouts.waits += 1;
            }
            self.side(channel, thread, false, time).add_wait(time.saturating_sub(wait.begin));
            let part = match kind.outcome() {
                Outcome::TimedOut => Part::Sleeping(thread),
                _ => Part::Waiting(thread),
            };
            let on = On::Channel(channel);
            self.trails.waited(thread, (wait.begin, time), part, on, cause, None);
        }
    }

    /// What is on no channel.
    #[cold]
    fn rare(&mut self, operation: &Operation, wait: Option<Wait>) {
        let &Operation { time, thread, kind, subject, .. } = operation;
        let mut part = Part::Waiting(thread);
        let mut cause = None;
        match kind.call() {
            Call::Spawn => match subject {
                Some(child) => self.threads[child].spawned = Some(Cause { thread, time }),
                None => {
                    let process = self.entities.threads[thread].process;
                    self.processes[process].unborn += 1;
                }
            },
            Call::Unpark => {
                if let Some(parked) = subject {
                    self.threads[parked].unparked = Some(Cause { thread, time });
                }
            }
            Call::Join => cause = subject.and_then(|joined| self.end_of(joined)),
            Call::Scope => {
                let children = (0..self.threads.len()).filter(|&child| {
                    self.threads[child].spawned.is_some_and(|spawned| spawned.thread == thread)
                });
                cause = children.filter_map(|child| self.end_of(child)).max_by_key(|end| end.time);
            }
            Call::Park => cause = self.threads[thread].unparked,
            Call::ParkTimeout => {
                cause = self.threads[thread].unparked;
                part = Part::Sleeping(thread);
            }
            Call::Sleep => part = Part::Sleeping(thread),
            Call::YieldNow => {}
            _ => {
                let Some(primitive) = subject else { return };
                cause = self.primitives[primitive].moved;
                self.primitive(operation, primitive, wait);
                if kind.outcome() == Outcome::TimedOut {
                    (cause, part) = (None, Part::Sleeping(thread));
                }
            }
        }
        if kind.call() != Call::YieldNow
            && let Some(panic) = &mut self.threads[thread].panic
            && !matches!(kind.call(), Call::Unlock | Call::ReadUnlock | Call::WriteUnlock)
        {
            panic.went_on = true;
        }
        if let Some(wait) = wait {
            self.trails.waited(thread, (wait.begin, time), part, on(operation), cause, None);
        }
    }

    /// When a thread was over.
    fn end_of(&self, thread: usize) -> Option<Cause> {
        let Thread { over, returned, .. } = self.threads[thread];
        over.or(returned).map(|time| Cause { thread, time })
    }

    fn primitive(&mut self, operation: &Operation, primitive: usize, wait: Option<Wait>) {
        let &Operation { time, thread, kind, site, .. } = operation;
        let waited_in_all = self.threads[thread].waited;
        let state = &mut self.primitives[primitive];
        let user = state.user(thread, time);
        let acquired = kind.outcome() == Outcome::Acquired;
        if let Some(wait) = wait {
            user.waits += 1;
            user.waited = user.waited.saturating_add(time.saturating_sub(wait.begin));
        }
        if acquired {
            user.acquired += 1;
            user.site = site;
        }
        let waited_for_it = wait.map_or(0, |wait| time.saturating_sub(wait.begin));
        let waited = waited_in_all.saturating_add(waited_for_it);
        let hold = Hold { thread, since: time, site, waited };
        match kind.call() {
            Call::Lock | Call::TryLock | Call::Write | Call::TryWrite if acquired => {
                state.acquired += 1;
                state.holder = Some(hold);
                self.threads[thread].holds.push(primitive);
            }
            Call::Read | Call::TryRead if acquired => {
                state.acquired += 1;
                state.readers.push(hold);
                self.threads[thread].holds.push(primitive);
            }
            Call::Unlock | Call::WriteUnlock | Call::ReadUnlock => {
                self.let_go(primitive, thread, time);
            }
            Call::Downgrade => {
                if let Some(hold) = state.holder.take() {
                    state.let_go(hold, time, waited);
                    state.readers.push(Hold { since: time, waited, ..hold });
                }
            }
            Call::NotifyOne | Call::NotifyAll => state.moved = Some(Cause { thread, time }),
            Call::Initializer => state.initializer = Some(thread),
            Call::Initialize if state.initializer == Some(thread) => {
                state.initializer = None;
                state.moved = Some(Cause { thread, time });
            }
            _ => {}
        }
        if matches!(
            kind.call(),
            Call::Unlock | Call::WriteUnlock | Call::NotifyOne | Call::NotifyAll
        ) {
            // What others now see may have an endpoint in it.
            self.threads[thread].gave = Some(time);
        }
    }

    fn let_go(&mut self, primitive: usize, thread: usize, time: u64) {
        let waited = self.threads[thread].waited;
        let state = &mut self.primitives[primitive];
        let hold = match state.holder.take_if(|hold| hold.thread == thread) {
            None => {
                let reader = state.readers.iter().rposition(|hold| hold.thread == thread);
                reader.map(|reader| state.readers.swap_remove(reader))
            }
            hold => hold,
        };
        match hold {
            Some(hold) => state.let_go(hold, time, waited),
            None => state.moved = Some(Cause { thread, time }),
        }
        let holds = &mut self.threads[thread].holds;
        if let Some(held) = holds.iter().rposition(|&held| held == primitive) {
            holds.remove(held);
        }
    }

    /// A message begins its way, or its send begins to wait.
    #[inline]
    fn launch(&mut self, operation: &Operation, channel: usize, blocked: bool) {
        let message = MessageId(operation.detail);
        if message != MessageId::UNKNOWN {
            let key = self.key(operation.thread, message);
            let (channel, thread) = (channel as u32, operation.thread as u32);
            self.flights.insert(key, Flight { channel, thread, sent: operation.time, blocked });
        }
    }

    /// A message is received; gives who has sent it, and when.
    #[inline]
    fn land(
        &mut self,
        thread: usize,
        message: MessageId,
        time: u64,
        channel: usize,
    ) -> Option<Cause> {
        let Flight { channel: sent_to, thread: sender, sent, blocked } =
            self.flights.remove(self.key(thread, message))?;
        let state = &mut self.channels[channel];
        state.latency.add(time.saturating_sub(sent));
        if blocked {
            state.depth.pass(time);
            if let Some(wait) = &mut self.threads[sender as usize].wait
                && wait.message == message
            {
                wait.done = true;
            }
        } else {
            self.channels[sent_to as usize].depth.received(time);
        }
        Some(Cause { thread: sender as usize, time: sent })
    }

    #[inline]
    fn use_sender(&mut self, operation: &Operation, channel: usize) {
        let &Operation { time, thread, endpoint, site, .. } = operation;
        let process = self.entities.threads[thread].process;
        if let Some(sender) = self.sender(process, endpoint, channel) {
            let sender = &mut self.senders.list[sender];
            sender.used(time, thread, site);
            sender.sends += 1;
            sender.steps_then = self.threads[thread].steps;
        }
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

    /// What is known of a thread at one side of a channel.
    #[inline]
    fn side(&mut self, channel: usize, thread: usize, sends: bool, time: u64) -> &mut Side {
        let key = (channel as u32, sends);
        let index = match self.last_sides[thread] {
            Some((known, index)) if known == key => index,
            _ => self.find_side(key, thread, time),
        };
        let state = &mut self.channels[channel];
        let sides = if sends { &mut state.senders } else { &mut state.receivers };
        &mut sides[index as usize]
    }

    fn find_side(&mut self, key: (u32, bool), thread: usize, time: u64) -> u32 {
        let state = &mut self.channels[key.0 as usize];
        let sides = if key.1 { &mut state.senders } else { &mut state.receivers };
        let index = *self.sides.entry((key.0, thread as u32, key.1)).or_insert_with(|| {
            sides.push(Side::new(thread, time));
            sides.len() as u32 - 1
        });
        self.last_sides[thread] = Some((key, index));
        index
    }

    #[inline]
    fn key(&self, thread: usize, message: MessageId) -> MessageKey {
        (self.entities.threads[thread].process, message)
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

/// Whether what is of this type can have no endpoint in it: it is made of std's plain types.
fn is_plain(message_type: &str) -> bool {
    const PLAIN: &[&str] = &[
        "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize",
        "f32", "f64", "bool", "char", "str", "String", "Vec", "Option", "Result", "Box", "Arc",
        "Duration", "Instant", "alloc", "core", "std", "string", "vec", "option", "result",
        "boxed", "sync", "time", "static",
    ];
    let words = message_type.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    !message_type.is_empty()
        && words
            .filter(|word| !word.is_empty())
            .all(|word| PLAIN.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_messages_can_have_no_endpoint_in_them() {
        for plain in ["i32", "()", "(u8, &'static str)", "alloc::vec::Vec<[f64; 3]>"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in ["", "my::Job", "Sender<i32>", "alloc::boxed::Box<dyn core::any::Any>"] {
            assert!(!is_plain(other), "{other}");
        }
    }
}
