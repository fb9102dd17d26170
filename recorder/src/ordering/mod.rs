//! Merges the events of all threads into one possible order.
//!
//! Events of a thread keep their order; their times are made strictly increasing. Events of
//! different threads are merged by time, but what they did goes before what the clocks say: no
//! message is received before its send has started, no thread does anything before it is spawned,
//! none is joined before it has returned, and a lock is not acquired in one turn before it has been
//! released in the turn before. An event whose clock says otherwise waits until the other event has
//! been merged, and gets a time just after it.

use std::collections::{BTreeMap, HashSet};

use format::{Call, Detail, MessageId, OperationKind, Outcome, Phase, Subject};
use typed_index_collections::TiVec;

use crate::reading::catalog::{
    Catalog, PrimitiveIndex, ProcessIndex, Spawned, Target, ThreadIndex,
};
use crate::reading::{
    Event, MAX_CLOCK_SKEW, Nanos, Operation, Position, Recording, Result, ThreadEvents,
};

pub(crate) mod in_flight;
mod primitive_order;
mod tournament;

use in_flight::{InFlight, MessageKey, Place};
use primitive_order::PrimitiveOrder;
use tournament::Tournament;

/// An event, with its place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderedEvent {
    /// When it happened.
    pub time: Nanos,
    /// The thread.
    pub thread: ThreadIndex,
    /// What the thread did.
    pub event: Event,
}

/// What comes next in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// An event: see [`OrderedEvents::event`].
    Event,
    /// It is not known yet: the recording grows.
    NotYet,
    /// Nothing: that was the last event.
    Over,
}

/// The events of a recording, in a possible order.
///
/// Each message in flight carries an `M`. The reader of the events must [`start`](Self::start) each
/// message whose send starts.
///
/// ```
/// use recorder::ordering::OrderedEvents;
/// use recorder::reading::Recording;
/// let text = "channel-recording version=3\n\
///     block process=0 thread=1 sequence=0 dropped=0\n\
///     10 Send endpoint=1 site=0 detail=1099511627777\n\
///     block process=0 thread=2 sequence=0 dropped=0\n\
///     5 Recv endpoint=2 site=0 detail=1099511627777\n";
/// let recording = Recording::from_bytes(format::text::parse(text).unwrap())?;
/// let mut order = Vec::new();
/// OrderedEvents::new(&recording)?.for_each(|event, _| order.push(event.thread))?;
/// let numbers = order.into_iter().map(|thread| recording.catalog.threads[thread].number);
/// // The clock of thread 2 is slow: it received what thread 1 sent.
/// assert_eq!(numbers.collect::<Vec<_>>(), [1, 2]);
/// # Ok::<_, recorder::reading::Error>(())
/// ```
#[derive(Debug)]
pub struct OrderedEvents<'a, M> {
    catalog: &'a Catalog,
    readers: TiVec<ThreadIndex, ThreadEvents<'a>>,
    roles: [Role; 256],
    current: Current,
    state: OrderState<M>,
    /// See [`Recording::complete_until`].
    complete_until: Option<Nanos>,
}

/// The event that is next in the order.
#[derive(Clone, Copy, Debug)]
struct Current {
    time: Nanos,
    thread: ThreadIndex,
    role: Role,
    /// Its message, if it is about one.
    message: MessageKey,
    /// Where that is, if the event receives it.
    received: Option<Place>,
}

/// How far the order has been followed: reading can go on from there.
#[derive(Clone, Debug)]
pub struct OrderCheckpoint<M> {
    positions: TiVec<ThreadIndex, Position>,
    state: OrderState<M>,
}

#[derive(Clone, Debug)]
struct OrderState<M> {
    threads: TiVec<ThreadIndex, ThreadOrder>,
    tournament: Tournament,
    /// The threads that wait for what another one has still to do.
    parked: BTreeMap<(ThreadIndex, Awaited), ThreadIndex>,
    in_flight: InFlight<M>,
    primitives: TiVec<PrimitiveIndex, PrimitiveOrder>,
    /// Spawns of threads that are not in the recording yet: parent and time.
    early_spawns: Vec<(ThreadIndex, Nanos)>,
    /// The events before this time were in the recording, as far as that was known: what turns up
    /// later is not earlier.
    complete_until: Nanos,
}

#[derive(Clone, Debug)]
struct ThreadOrder {
    process: ProcessIndex,
    /// The time of its next event; `None` if there is none.
    next: Option<Nanos>,
    /// Whether that event need not be in the recording yet.
    is_pending: bool,
    /// Whether the thread that spawned it is known: then it waits for its spawn.
    is_parent_known: bool,
    /// The latest message that it has sent: later ones have larger ids.
    sent: MessageId,
    returned: Option<Nanos>,
    ended: bool,
    /// While it is at a barrier: the number of arrivals that opens it.
    arrivals: u64,
    /// While it waits for a primitive: the time of its next event by its own clock.
    deferred: Option<Nanos>,
}

impl ThreadOrder {
    /// Whether it has no more events, also if the recording grows.
    fn is_over(&self) -> bool {
        self.ended && self.next.is_none()
    }
}

impl<M> OrderCheckpoint<M> {
    /// How far the events of this thread have been read, if it is known.
    pub(crate) fn position(&self, thread: ThreadIndex) -> Option<Position> {
        match self.state.threads.get(thread) {
            Some(state) if state.is_over() => Some(Position::END),
            _ => self.positions.get(thread).copied(),
        }
    }
}

/// A receive is at least this much later than its send started: between them there is room for
/// the instant of the hand-over.
const HAND_OVER: Nanos = Nanos::new(2);

/// What a thread waits for that another has still to do. At most one thread waits for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Awaited {
    /// The send of this message.
    Send(MessageId),
    /// The spawn of this thread.
    Spawn(ThreadIndex),
    /// The thread's return.
    Return,
}

/// What a kind of operation has to do with other threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A send starts, or does not wait.
    Sends,
    /// A send that waited is over.
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

    /// By the codes of the kinds: one load instead of several matches.
    fn table() -> [Role; 256] {
        let mut roles = [Role::Other; 256];
        for &kind in OperationKind::ALL {
            roles[kind as usize] = Role::of(kind);
        }
        roles
    }
}

impl<'a, M: Default> OrderedEvents<'a, M> {
    /// The events of `recording` from its start.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn new(recording: &'a Recording) -> Result<Self> {
        let state = OrderState {
            threads: TiVec::new(),
            tournament: Tournament::new(0),
            parked: BTreeMap::new(),
            in_flight: InFlight::new(0),
            primitives: TiVec::new(),
            early_spawns: Vec::new(),
            complete_until: Nanos::ZERO,
        };
        OrderedEvents::resume(recording, OrderCheckpoint { positions: TiVec::new(), state })
    }

    /// The events of `recording` from a checkpoint on: of this recording, or of an earlier state of
    /// it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn resume(recording: &'a Recording, checkpoint: OrderCheckpoint<M>) -> Result<Self> {
        let OrderCheckpoint { positions, state } = checkpoint;
        let catalog = &recording.catalog;
        let mut events = OrderedEvents {
            catalog,
            readers: TiVec::with_capacity(catalog.threads.len()),
            roles: Role::table(),
            current: Current {
                time: Nanos::ZERO,
                thread: ThreadIndex::from(0),
                role: Role::Nothing,
                message: (ProcessIndex::from(0), MessageId::UNKNOWN),
                received: None,
            },
            state,
            complete_until: recording.complete_until(),
        };
        for thread in catalog.threads.keys() {
            let mut reader = recording.events(thread);
            if events.state.threads.get(thread).is_some_and(ThreadOrder::is_over) {
                // There may be a great many.
                reader.skip_rest();
            } else if let Some(&position) = positions.get(thread) {
                reader.seek(position)?;
            }
            events.readers.push(reader);
        }
        events.extend()?;
        Ok(events)
    }

    /// A point from which the events can be read on, after the current one.
    pub fn checkpoint(&self) -> OrderCheckpoint<M>
    where
        M: Clone,
    {
        let positions = self.readers.iter().map(ThreadEvents::position).collect();
        OrderCheckpoint { positions, state: self.state.clone() }
    }

    /// The same without a copy.
    pub fn into_checkpoint(self) -> OrderCheckpoint<M> {
        let positions = self.readers.iter().map(ThreadEvents::position).collect();
        OrderCheckpoint { positions, state: self.state }
    }

    /// Adds the threads and primitives that are new in the recording.
    fn extend(&mut self) -> Result<()> {
        let catalog = self.catalog;
        let known = self.state.threads.len();
        self.state.in_flight.extend(catalog.processes.len());
        let new = catalog.primitives.iter().skip(self.state.primitives.len());
        self.state.primitives.extend(new.map(PrimitiveOrder::new));
        for facts in catalog.threads.iter().skip(known) {
            self.state.threads.push(ThreadOrder {
                process: facts.process,
                next: Some(self.state.complete_until),
                is_pending: true,
                is_parent_known: false,
                sent: MessageId::UNKNOWN,
                returned: None,
                ended: false,
                arrivals: 0,
                deferred: None,
            });
        }
        if self.state.threads.len() > known {
            self.state.tournament = Tournament::new(self.state.threads.len());
        }
        for thread in catalog.threads.keys() {
            // Also a thread whose next event is known has to have it decoded.
            let next = self.readers[thread].next_time()?;
            if self.state.threads[thread].is_pending {
                let earliest = self.state.threads[thread].next.unwrap_or_default();
                self.set_next(thread, next, earliest);
            }
        }
        self.state.complete_until = self.complete_until.unwrap_or(self.state.complete_until);
        let parked: HashSet<_> = self.state.parked.values().copied().collect();
        for thread in catalog.threads.keys().filter(|thread| !parked.contains(thread)) {
            self.state.call_back(thread);
        }
        for (thread, facts) in catalog.threads.iter_enumerated() {
            let Some(Spawned { by: Some(parent), .. }) = facts.spawned else { continue };
            let is_new = usize::from(thread) >= known;
            if !std::mem::replace(&mut self.state.threads[thread].is_parent_known, true) {
                self.await_spawn(thread, parent, is_new);
            }
        }
        Ok(())
    }

    /// Lets a thread wait for its spawn, unless that has been merged before the thread was known.
    fn await_spawn(&mut self, thread: ThreadIndex, parent: ThreadIndex, is_new: bool) {
        let spawns = &mut self.state.early_spawns;
        match spawns.iter().position(|(by, _)| is_new && *by == parent) {
            Some(place) => {
                let (_, time) = spawns.remove(place);
                if let Some(next) = self.state.threads[thread].next {
                    self.state.delay(thread, next.max(time.after()));
                }
            }
            None => drop(self.state.park(thread, parent, Awaited::Spawn(thread))),
        }
    }

    /// Sets the time of the thread's next event, which is not before `earliest`.
    #[inline]
    fn set_next(
        &mut self,
        thread: ThreadIndex,
        next: Option<Nanos>,
        earliest: Nanos,
    ) -> Option<Nanos> {
        if let Some(until) = self.complete_until {
            return self.set_next_while_growing(thread, next, earliest, until);
        }
        let state = &mut self.state.threads[thread];
        (state.next, state.is_pending) = (next.map(|next| next.max(earliest)), false);
        state.next
    }

    #[cold]
    fn set_next_while_growing(
        &mut self,
        thread: ThreadIndex,
        next: Option<Nanos>,
        earliest: Nanos,
        until: Nanos,
    ) -> Option<Nanos> {
        let state = &mut self.state.threads[thread];
        state.next = next.map(|next| next.max(earliest));
        // A later state of the recording may have more, also before this event.
        state.is_pending = state.next.is_none_or(|next| next >= until) && !state.ended;
        if state.is_pending {
            state.next = Some(until.max(earliest));
        }
        state.next
    }

    /// The time and the thread of the event that [`next`](Self::next) has found.
    #[inline(always)]
    pub fn time_and_thread(&self) -> (Nanos, ThreadIndex) {
        (self.current.time, self.current.thread)
    }

    /// The operation that [`next`](Self::next) has found, if the event is one.
    #[inline(always)]
    pub fn operation(&self) -> Option<Operation> {
        self.readers[self.current.thread].operation()
    }

    /// The event that [`next`](Self::next) has found.
    pub fn event(&self) -> OrderedEvent {
        let Current { time, thread, .. } = self.current;
        OrderedEvent { time, thread, event: self.readers[thread].event() }
    }

    /// The text of the event: a value, a panic's message, a span's fields, or a log message. Empty
    /// for other events.
    pub fn text(&self) -> &str {
        self.readers[self.current.thread].text()
    }

    /// What the message carries that the event receives, if its send is recorded.
    #[inline(always)]
    pub fn received(&mut self) -> Option<&mut M> {
        let flying = self.state.in_flight.at(self.current.received?, self.current.message);
        flying.map(|flying| &mut flying.message)
    }

    /// Starts the message that the event sends, which must have an id. What it carries must be set:
    /// it is left over from some other message.
    #[inline(always)]
    pub fn start(&mut self) -> Option<&mut M> {
        let Current { time, message: key, .. } = self.current;
        let place = self.state.in_flight.insert(key, time);
        self.state.in_flight.at(place, key).map(|flying| &mut flying.message)
    }

    /// What a message in flight carries, which the event sends and which has been started before.
    pub(crate) fn started(&mut self) -> Option<&mut M> {
        let key = self.current.message;
        let place = self.state.in_flight.find(key)?;
        self.state.in_flight.at(place, key).map(|flying| &mut flying.message)
    }

    /// What all messages in flight carry.
    pub(crate) fn all_in_flight(&mut self) -> impl Iterator<Item = &mut M> {
        self.state.in_flight.values_mut()
    }

    /// Takes what all messages in flight carry, once there are no more events.
    pub(crate) fn take_in_flight(&mut self) -> Vec<M> {
        self.all_in_flight().map(std::mem::take).collect()
    }

    /// Finds the next event. [`advance`](Self::advance) must be called before the next call.
    ///
    /// # Errors
    /// The file cannot be read.
    #[inline(always)]
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its state")]
    pub fn next(&mut self) -> Result<Next> {
        loop {
            let Some((time, thread)) = self.state.tournament.first() else {
                return Ok(self.first_of_parked());
            };
            if !self.is_complete(time) {
                return Ok(Next::NotYet);
            }
            self.set_current(time, thread);
            let is_possible = match self.current.role {
                Role::Receives => self.can_receive(),
                Role::Other => self.is_possible(),
                Role::Sends | Role::Sent | Role::Nothing => true,
            };
            if is_possible {
                return Ok(Next::Event);
            }
        }
    }

    /// Whether all events up to this time are in the recording.
    #[inline(always)]
    fn is_complete(&self, time: Nanos) -> bool {
        self.complete_until.is_none_or(|until| time < until)
    }

    /// Makes the next event of this thread the current one.
    #[inline(always)]
    fn set_current(&mut self, time: Nanos, thread: ThreadIndex) {
        let (kind, detail) = self.readers[thread].kind_and_detail();
        let role = kind.map_or(Role::Other, |kind| self.roles[usize::from(kind as u8)]);
        let id = MessageId(detail);
        let has_message = matches!(role, Role::Sends | Role::Sent | Role::Receives);
        let role = if has_message && id == MessageId::UNKNOWN { Role::Nothing } else { role };
        self.current.time = time;
        self.current.thread = thread;
        self.current.role = role;
        self.current.message = (self.state.threads[thread].process, id);
        self.current.received = None;
    }

    /// The next event where each thread that is left waits for another. The earliest one most
    /// likely waits for an event that was not recorded.
    #[cold]
    fn first_of_parked(&mut self) -> Next {
        let turns = self.state.parked.iter().filter_map(|(&awaited, &thread)| {
            Some((self.state.threads[thread].next?, thread, awaited))
        });
        let turns = turns.filter(|&(time, ..)| self.is_complete(time));
        let earliest = turns.min_by_key(|&(time, thread, _)| (time, thread));
        let Some((time, thread, awaited)) = earliest else {
            // Also after the end of all threads, others may follow.
            return if self.complete_until.is_some() { Next::NotYet } else { Next::Over };
        };
        self.state.parked.remove(&awaited);
        self.set_current(time, thread);
        if self.current.role == Role::Receives {
            self.current.received = self.state.in_flight.find(self.current.message);
        }
        Next::Event
    }

    /// Moves on from the event that [`next`](Self::next) has found.
    ///
    /// # Errors
    /// The file cannot be read.
    #[inline(always)]
    pub fn advance(&mut self) -> Result<()> {
        let Current { time, thread, role, message, received } = self.current;
        if role == Role::Other {
            self.other();
        }
        self.readers[thread].advance();
        let next = self.readers[thread].next_time()?;
        let next = self.set_next(thread, next, time.after());
        self.state.tournament.set(thread, next);
        match role {
            Role::Sends | Role::Sent => self.sent(),
            Role::Receives => {
                if let Some(place) = received {
                    self.state.in_flight.remove(place, message);
                }
            }
            Role::Other | Role::Nothing => {}
        }
        if next.is_none() {
            // Other threads wait in vain for anything else of it.
            self.state.release(thread, Awaited::Return);
        }
        Ok(())
    }

    #[inline(always)]
    fn sent(&mut self) {
        let Current { time, thread, role, message, .. } = self.current;
        let state = &mut self.state;
        if role == Role::Sent && state.threads[thread].sent == message.1 {
            let place = state.in_flight.find(message);
            if let Some(flying) = place.and_then(|place| state.in_flight.at(place, message)) {
                // By the clocks, the send is over before the receive.
                flying.since = Some(time.before());
            }
            return;
        }
        // The end of a send whose start is not recorded is all there is of it.
        state.threads[thread].sent = message.1;
        if !state.parked.is_empty() {
            self.release_receiver();
        }
    }

    /// Whether the current event can receive its message now; else its turn comes later.
    #[inline(always)]
    fn can_receive(&mut self) -> bool {
        let Current { time, thread, message, .. } = self.current;
        let Some(place) = self.state.in_flight.find(message) else {
            return !self.await_send();
        };
        self.current.received = Some(place);
        let flying = self.state.in_flight.at(place, message);
        let since = flying.and_then(|flying| flying.since);
        let earliest = since.map_or(Nanos::ZERO, |since| since + HAND_OVER);
        if time < earliest {
            self.state.delay(thread, earliest);
        }
        time >= earliest
    }

    /// Lets the thread wait until its message is sent, if that can still happen; returns whether it
    /// waits.
    #[cold]
    fn await_send(&mut self) -> bool {
        let Current { thread, message: (process, message), .. } = self.current;
        let sender = self.catalog.thread_with_number(process, message.thread());
        let sender = sender.filter(|&sender| self.state.threads[sender].sent < message);
        sender.is_some_and(|sender| self.state.park(thread, sender, Awaited::Send(message)))
    }

    /// Calls back the threads that wait for the current message or earlier ones of its sender.
    #[cold]
    fn release_receiver(&mut self) {
        let (process, message) = self.current.message;
        if let Some(sender) = self.catalog.thread_with_number(process, message.thread()) {
            self.state.release(sender, Awaited::Send(message));
        }
    }

    /// Whether the current event, which is not about messages, is possible now; else its turn comes
    /// later.
    #[cold]
    fn is_possible(&mut self) -> bool {
        let Current { time, thread, .. } = self.current;
        let Some(operation) = self.operation() else { return true };
        let earliest = match operation.target {
            Some(Target::Thread(joined))
                if operation.call == Call::Join && operation.phase != Phase::Begin =>
            {
                let returned = self.state.threads[joined].returned;
                match returned {
                    Some(returned) => returned.after(),
                    None if self.state.park(thread, joined, Awaited::Return) => return false,
                    None => Nanos::ZERO,
                }
            }
            Some(Target::Primitive(primitive)) => match self.earliest_at(primitive, &operation) {
                Some(earliest) => earliest,
                None => return false,
            },
            _ => Nanos::ZERO,
        };
        if time < earliest {
            self.state.delay(thread, earliest);
            return false;
        }
        // What it has waited for in vain was not recorded.
        if let Some(since) = self.state.threads[thread].deferred.take()
            && time >= since + MAX_CLOCK_SKEW
        {
            self.current.time = since;
        }
        true
    }

    /// The earliest time of an operation on a primitive; `None` if the thread waits for others.
    fn earliest_at(&mut self, primitive: PrimitiveIndex, operation: &Operation) -> Option<Nanos> {
        let Current { time, thread, .. } = self.current;
        let order = &mut self.state.primitives[primitive];
        let earliest = order.earliest(operation, self.state.threads[thread].arrivals);
        if earliest.is_some() {
            return earliest;
        }
        let since = *self.state.threads[thread].deferred.get_or_insert(time);
        let until = since + MAX_CLOCK_SKEW;
        if time >= until {
            return Some(since);
        }
        order.awaited_by.push(thread);
        self.state.delay(thread, until);
        None
    }

    /// What the current event, which is not about messages, means for other threads.
    #[cold]
    fn other(&mut self) {
        let OrderedEvent { time, thread, event } = self.event();
        match event {
            Event::Returned { .. } => {
                self.state.threads[thread].returned = Some(time);
                self.state.release_after(time, thread, Awaited::Return);
            }
            Event::ThreadEnded => {
                // No event follows, also if the recording grows.
                self.state.threads[thread].ended = true;
            }
            Event::Operation(operation) if operation.call == Call::Spawn => {
                match operation.other_thread() {
                    Some(child) => {
                        self.state.release_after(time, thread, Awaited::Spawn(child));
                    }
                    None => self.state.early_spawns.push((thread, time)),
                }
            }
            Event::Operation(operation) => {
                if let Some(primitive) = operation.target.and_then(Target::primitive) {
                    self.operation_on(primitive, &operation);
                }
            }
            _ => {}
        }
    }

    /// Carries out the current event, which is this operation on a primitive.
    fn operation_on(&mut self, primitive: PrimitiveIndex, operation: &Operation) {
        let Current { time, thread, .. } = self.current;
        let state = &mut self.state;
        let order = &mut state.primitives[primitive];
        match operation.detail {
            Detail::Arrivals(arrived) => state.threads[thread].arrivals = order.opens_at(arrived),
            Detail::Leader(_) => state.threads[thread].arrivals = 0,
            _ => {}
        }
        if order.apply(time, operation) {
            for waiting in std::mem::take(&mut order.awaited_by) {
                if let Some(since) = state.threads[waiting].deferred {
                    state.delay(waiting, since.max(time.after()));
                }
            }
        }
    }
}

impl OrderedEvents<'_, ()> {
    /// Calls `visit` with each event and its text.
    ///
    /// # Errors
    /// The file cannot be read.
    #[inline]
    pub fn for_each(mut self, mut visit: impl FnMut(&OrderedEvent, &str)) -> Result<()> {
        while self.next()? == Next::Event {
            visit(&self.event(), self.text());
            let Current { thread, role, message, .. } = self.current;
            let is_new = self.state.threads[thread].sent != message.1;
            if role == Role::Sends || role == Role::Sent && is_new {
                self.start();
            }
            self.advance()?;
        }
        Ok(())
    }
}

impl<M: Default> OrderState<M> {
    /// The thread's next event is at this time, and not when its clock says.
    fn delay(&mut self, thread: ThreadIndex, time: Nanos) {
        self.threads[thread].next = Some(time);
        self.tournament.set(thread, Some(time));
    }

    fn call_back(&mut self, thread: ThreadIndex) {
        self.tournament.set(thread, self.threads[thread].next);
    }

    /// Lets `thread` wait for what `source` is still to do; returns whether it waits.
    fn park(&mut self, thread: ThreadIndex, source: ThreadIndex, awaited: Awaited) -> bool {
        let key = (source, awaited);
        if source == thread || self.threads[source].next.is_none() || self.parked.contains_key(&key)
        {
            return false;
        }
        self.tournament.set(thread, None);
        self.parked.insert(key, thread);
        true
    }

    /// Calls back the threads that wait for something of this thread, up to `last`.
    fn release(&mut self, source: ThreadIndex, last: Awaited) {
        let all = (source, Awaited::Send(MessageId::UNKNOWN))..=(source, last);
        while let Some((&key, &thread)) = self.parked.range(all.clone()).next() {
            self.parked.remove(&key);
            self.call_back(thread);
        }
    }

    /// Calls back the thread that waits for this of `source`, to a time after `time`.
    fn release_after(&mut self, time: Nanos, source: ThreadIndex, awaited: Awaited) {
        let Some(thread) = self.parked.remove(&(source, awaited)) else { return };
        if let Some(next) = self.threads[thread].next {
            self.delay(thread, next.max(time.after()));
        }
    }
}
