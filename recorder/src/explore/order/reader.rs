//! Reads the order of a process from the blocks of its recording.

use std::collections::{BTreeMap, VecDeque};

use format::{BlockHeader, Event, MessageId, OperationKind, PrimitiveKind, Subject};

use super::linearize::linearize;
use super::returns::Returns;
use super::{Action, Channel, Object, Operation, Order, Place, Primitive, Thread, hash_of};
use crate::capture::plan::Switch;
use crate::ordering::OrderedEvents;
use crate::reading::{self, Recording};

/// An operation before it has its place in the order.
struct Recorded {
    /// 1 + the number of the choice that lets the thread go on, or 0 before the first. If the
    /// schedule was not controlled, its place in the order of times.
    segment: u64,
    operation: Operation,
    /// The message's id.
    id: u64,
}

/// How far the events of a thread were read.
#[derive(Default)]
struct At {
    segment: u64,
    choice: Option<u64>,
    returns: Returns,
    /// The index of the end of a wait that belongs to the next choice.
    early: Option<usize>,
}

/// The places in the order of a thread's operations, by the thread.
type Ranks = BTreeMap<u32, VecDeque<u64>>;

impl Order {
    /// Reads the first process of a recording.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn of(recording: &Recording) -> reading::Result<Self> {
        let blocks: Vec<_> = recording.blocks().collect::<reading::Result<_>>()?;
        let is_scheduled = |event: Event<'_>| matches!(event, Event::Scheduled { .. });
        if blocks.iter().any(|(_, records)| events(records).any(is_scheduled)) {
            return Ok(Order::new(&blocks, None));
        }
        let process = process_of(&blocks, None);
        let (threads, processes) = (&recording.catalog.threads, &recording.catalog.processes);
        let mut ranks = Ranks::new();
        let mut rank = 0;
        OrderedEvents::new(recording)?.for_each(|event, _| {
            use reading::Event::{Operation, Panicked, ReceiverDropped, SenderDropped};
            let thread = &threads[event.thread];
            let is_operation = matches!(
                event.event,
                Operation(_) | SenderDropped { .. } | ReceiverDropped { .. } | Panicked { .. }
            );
            if is_operation && processes[thread.process].number == process {
                rank += 1;
                ranks.entry(thread.number).or_default().push_back(rank);
            }
        })?;
        Ok(Order::read(&blocks, process, Some(ranks)))
    }

    /// Reads the blocks of a run under a controlled schedule, which are sorted by process, thread and
    /// sequence: those of the process with this ID, or else of the first.
    pub fn new(blocks: &[(BlockHeader, Vec<u8>)], pid: Option<u32>) -> Self {
        Order::read(blocks, process_of(blocks, pid), None)
    }

    fn read(blocks: &[(BlockHeader, Vec<u8>)], process: u32, mut ranks: Option<Ranks>) -> Self {
        let mut order = Order { is_controlled: ranks.is_none(), ..Order::default() };
        let mut numbers: Vec<_> = blocks.iter().map(|(header, _)| header.process).collect();
        numbers.dedup();
        order.processes = numbers.len();
        let blocks = || blocks.iter().filter(|(header, _)| header.process == process);
        for (header, records) in blocks() {
            order.is_incomplete |= header.dropped > 0;
            order.add_facts(header.thread, records);
        }
        order.endpoints.resolve();
        number_alike(order.channels.values_mut().map(|channel| &mut channel.label));
        number_alike(order.primitives.values_mut().map(|primitive| &mut primitive.label));
        let mut recorded: Vec<Recorded> = Vec::new();
        let (mut thread, mut at) = (0, At::default());
        for (header, records) in blocks() {
            if header.thread != thread {
                (thread, at) = (header.thread, At::default());
            }
            let first = recorded.len();
            order.add_operations(thread, records, &mut at, &mut recorded);
            let Some(ranks) = &mut ranks else { continue };
            for operation in &mut recorded[first..] {
                let rank = ranks.get_mut(&thread).and_then(VecDeque::pop_front);
                order.is_incomplete |= rank.is_none();
                operation.segment = rank.unwrap_or(u64::MAX);
            }
        }
        order.switches.sort_unstable();
        // Stable: a thread's own operations keep their order.
        recorded.sort_by_key(|recorded| recorded.segment);
        if !order.is_controlled {
            let steps: Vec<_> = recorded.iter().map(|it| (it.operation, it.id)).collect();
            let channels = order.channels.iter().filter(|(_, channel)| channel.is_rendezvous);
            let rendezvous = channels.map(|(number, _)| *number).collect();
            let mut left: Vec<_> = recorded.into_iter().map(Some).collect();
            let in_order = linearize(&steps, &rendezvous).into_iter();
            recorded = in_order.filter_map(|index| left[index].take()).collect();
        }
        order.number_messages(recorded);
        order.identify_threads();
        order
    }

    /// Adds threads, channels and primitives.
    fn add_facts(&mut self, thread: u32, records: &[u8]) {
        let mut sites = BTreeMap::new();
        for event in events(records) {
            self.endpoints.add(&event);
            match event {
                Event::Site { site, line, file, .. } => drop(sites.insert(site, (file, line))),
                Event::Value { message, value } => {
                    self.values.insert(message, value.to_owned());
                }
                Event::ThreadStarted { name, .. } if thread != 0 => {
                    let name = match name {
                        "" => format!("thread {thread}"),
                        name => name.to_owned(),
                    };
                    self.threads.insert(thread, Thread { name, ..Thread::default() });
                }
                Event::ChannelCreated { channel, site, bound, message_type, name, .. } => {
                    let label = match name {
                        "" => format::default_label(message_type, sites.get(&site).copied()),
                        name => name.to_owned(),
                    };
                    let made = Channel {
                        plain_label: label.clone(),
                        label,
                        bound: (bound != format::UNBOUNDED).then_some(bound),
                        made_by: thread,
                        sent: 0,
                        received: 0,
                        numbers: BTreeMap::new(),
                        values: BTreeMap::new(),
                        is_rendezvous: bound == 0,
                    };
                    self.channels.insert(channel, made);
                }
                Event::PrimitiveSeen { primitive, kind, site, value_type, .. } => {
                    let kind = PrimitiveKind::from_code(kind);
                    let name = kind.map_or("lock".to_owned(), |kind| format!("{kind:?}"));
                    let name = match value_type {
                        "" => name,
                        value_type => format!("{name}<{value_type}>"),
                    };
                    let label = format::default_label(&name, sites.get(&site).copied());
                    let seen = Primitive { plain_label: label.clone(), label, kind };
                    // A name may have come first, from another thread.
                    self.primitives.entry(primitive).or_insert(seen).kind = kind;
                }
                Event::PrimitiveNamed { primitive, name } => {
                    let kind = self.primitives.get(&primitive).and_then(|it| it.kind);
                    let (label, plain_label) = (name.to_owned(), name.to_owned());
                    self.primitives.insert(primitive, Primitive { label, plain_label, kind });
                }
                Event::Executable { hash, .. } => self.executable = Some(hash),
                _ => {}
            }
        }
    }

    fn add_operations(
        &mut self,
        thread: u32,
        records: &[u8],
        at: &mut At,
        recorded: &mut Vec<Recorded>,
    ) {
        let mut sites = BTreeMap::new();
        for event in events(records) {
            let (action, object, site, id) = match event {
                Event::Site { site, line, column, file } => {
                    let place = self.place(Place { file: file.to_owned(), line, column });
                    sites.insert(site, place);
                    continue;
                }
                Event::SenderCloned { from, .. } => {
                    if let Object::Channel(channel) = self.channel_of(from) {
                        self.clones.push((at.choice, channel));
                    }
                    continue;
                }
                Event::Chosen { step, .. } => {
                    at.choice = Some(step);
                    at.returns.choose();
                    if let Some(early) = at.early.take() {
                        recorded[early].operation.choice = at.choice;
                    }
                    continue;
                }
                Event::Scheduled { step } => {
                    at.segment = step + 1;
                    self.switches.push(Switch { step, thread });
                    continue;
                }
                Event::SenderDropped { endpoint } => {
                    (Action::DropSender, self.channel_of(endpoint), None, 0)
                }
                Event::ReceiverDropped { endpoint } => {
                    (Action::DropReceiver, self.channel_of(endpoint), None, 0)
                }
                Event::Panicked { line, column, file, message } => {
                    let place = self.place(Place { file: file.to_owned(), line, column });
                    let name = self.thread_name(thread);
                    self.panics.push(format!("{name} panicked at {file}:{line}: {message}"));
                    let message = hash_of(message);
                    (Action::Panic { message }, Object::Nothing, Some(place), 0)
                }
                Event::Operation { kind, endpoint, site, detail } => {
                    if at.returns.is_early(kind) {
                        at.early = Some(recorded.len());
                    }
                    let object = match kind.call().subject() {
                        Subject::Endpoint => self.channel_of(endpoint),
                        Subject::Primitive => Object::Primitive(endpoint),
                        Subject::Thread => Object::Thread(endpoint),
                        Subject::Nothing => Object::Nothing,
                    };
                    let id = match kind.detail(detail) {
                        format::Detail::Message(MessageId(id)) => id,
                        _ => 0,
                    };
                    (Action::Call(kind), object, sites.get(&site).copied(), id)
                }
                _ => continue,
            };
            let step = at.segment.saturating_sub(1);
            let choice = at.choice.filter(|_| at.early != Some(recorded.len()));
            let (message, turn) = (0, 0);
            let operation =
                Operation { thread, action, object, place: site, message, turn, step, choice };
            recorded.push(Recorded { segment: at.segment, operation, id });
        }
    }

    fn place(&mut self, place: Place) -> usize {
        let known = self.places.iter().position(|known| *known == place);
        known.unwrap_or_else(|| {
            self.places.push(place);
            self.places.len() - 1
        })
    }

    fn channel_of(&self, endpoint: u32) -> Object {
        self.endpoints.channel_of(endpoint).map_or(Object::Nothing, Object::Channel)
    }

    /// Takes the operations in their order, and numbers the messages of each channel and the turns of
    /// each lock.
    fn number_messages(&mut self, recorded: Vec<Recorded>) {
        let mut turns: BTreeMap<Object, u64> = BTreeMap::new();
        let mut ids = Vec::new();
        for Recorded { mut operation, id, .. } in recorded {
            if let (Object::Primitive(_), Action::Call(kind)) = (operation.object, operation.action)
                && kind.outcome() == format::Outcome::Acquired
            {
                let turn = turns.entry(operation.object).or_default();
                *turn += 1;
                operation.turn = *turn;
            }
            if let (Object::Channel(channel), Action::Call(kind)) =
                (operation.object, operation.action)
                && let Some(channel) = self.channels.get_mut(&channel)
            {
                let is_transfer = kind.outcome() == format::Outcome::Transferred;
                match kind.call().is_send() {
                    true => channel.sent += u64::from(is_transfer),
                    false => channel.received += u64::from(is_transfer),
                }
                // A message that waits at a rendezvous channel is the next to be received.
                let is_offered = channel.is_rendezvous
                    && operation.action == Action::Call(OperationKind::SendBegin);
                if is_transfer || is_offered {
                    let next = channel.numbers.len() as u64 + 1;
                    let number = *channel.numbers.entry(id).or_insert(next);
                    if let Some(value) = self.values.get(&id) {
                        channel.values.insert(number, value.clone());
                    }
                }
            }
            self.operations.push(operation);
            ids.push(id);
        }
        // A send that waits has the number that its message gets later.
        for (operation, id) in self.operations.iter_mut().zip(ids) {
            if let Object::Channel(channel) = operation.object {
                let channel = self.channels.get(&channel);
                operation.message =
                    channel.and_then(|it| it.numbers.get(&id)).copied().unwrap_or(0);
            }
        }
    }

    /// Gives each thread an identity that does not depend on the order of the threads.
    fn identify_threads(&mut self) {
        for Operation { thread, action, object, .. } in &self.operations {
            if let (Action::Call(OperationKind::Spawn), Object::Thread(child)) = (action, object) {
                let parent = self.threads.entry(*thread).or_default();
                parent.children += 1;
                let identity = hash_of(&(parent.identity, parent.children));
                let child_thread = self.threads.entry(*child).or_default();
                child_thread.identity = identity;
                if child_thread.name.is_empty() {
                    child_thread.name = format!("thread {child}");
                }
            }
        }
    }
}

/// Adds `[2]` to the second of several equal labels, as reports do.
fn number_alike<'a>(labels: impl Iterator<Item = &'a mut String>) {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for label in labels {
        let count = counts.entry(label.clone()).or_default();
        *count += 1;
        if *count > 1 {
            *label += &format!(" [{count}]");
        }
    }
}

/// The number of the process with this ID, or else of the first.
fn process_of(blocks: &[(BlockHeader, Vec<u8>)], pid: Option<u32>) -> u32 {
    let is_meant = |event: Event<'_>| match event {
        Event::ProcessStarted { pid: it, .. } => Some(it) == pid,
        _ => false,
    };
    let heads = blocks.iter().filter(|(header, _)| header.thread == 0);
    let mut heads = heads.filter(|(_, records)| events(records).any(is_meant));
    let meant = heads.next().or_else(|| blocks.first());
    meant.map_or(0, |(header, _)| header.process)
}

/// The events of a block, as far as they can be read.
pub(crate) fn events(mut records: &[u8]) -> impl Iterator<Item = Event<'_>> {
    std::iter::from_fn(move || {
        let record = format::decode(records).ok()?;
        records = records.get(record.length..)?;
        Some(record.event)
    })
}
