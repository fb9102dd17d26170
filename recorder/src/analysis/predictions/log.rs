//! The run as the closure needs it: what each thread did, and what that required of others.

use std::cell::Cell;
use std::collections::BTreeMap;

use format::{Call, Outcome, Phase};
use rustc_hash::{FxHashMap, FxHashSet};
use typed_index_collections::TiVec;

use super::requests::{Request, Requests, Wants};
use crate::reading::catalog::{
    Catalog, ChannelIndex, PlaceIndex, PrimitiveIndex, Target, ThreadIndex,
};
use crate::reading::{self, Nanos};
use crate::replay::{
    Completed, EndpointChange, HoldEnd, Listener, Message, RunState, Transition, Use,
};

/// Maximum number of entries. What comes later in a longer run is not looked at.
const MAX_ENTRIES: u32 = 1 << 21;
/// Maximum number of instances of a request.
const MAX_INSTANCES: usize = 4096;

/// How many entries are looked at in all.
const MAX_EFFORT: usize = 1 << 27;

/// Something that a thread did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Its number in the order of all threads.
    pub(super) number: u32,
    /// How many steps its thread had done with it.
    pub(super) steps: u32,
    /// What it requires.
    pub(super) action: Action,
}

/// What must have happened before an entry, besides what its thread did before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing.
    Alone,
    /// This many entries of another thread.
    After { thread: ThreadIndex, count: u32 },
    /// All entries of all threads with lower numbers: its result depends on how far they are.
    AfterAll,
    /// It acquires a lock: all critical sections before it that are part of the order are over.
    Acquire {
        lock: PrimitiveIndex,
        is_shared: bool,
        /// Its number among those of the lock.
        number: u32,
        /// The entry of its thread that releases it.
        release: Option<u32>,
    },
    /// It sends a message: there must be room.
    Send { channel: ChannelIndex },
    /// It receives a message, as the receive with this number, from 0.
    Receive { channel: ChannelIndex, number: u32 },
}

/// An entry of a thread, by its index.
pub(super) type Position = (ThreadIndex, u32);

/// A request at the time when it was granted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instance {
    /// The entry of its thread that was granted.
    pub(super) entry: u32,
    /// How many steps its thread had done before it asked.
    pub(super) steps: u64,
    /// When it asked.
    pub(super) time: Nanos,
}

/// A wait for a notification, and the one that ended it.
#[derive(Clone, Debug)]
pub(super) struct Wake {
    pub(super) condvar: PrimitiveIndex,
    pub(super) thread: ThreadIndex,
    pub(super) place: Option<PlaceIndex>,
    /// When it began, the entry, and the steps before it.
    pub(super) time: Nanos,
    pub(super) begin: u32,
    pub(super) steps: u64,
    /// The thread that notified, and how many entries it had then.
    pub(super) notification: Position,
    pub(super) by: Use,
}

/// The latest notification of a condition variable.
#[derive(Clone, Copy, Debug)]
struct Notified {
    by: Use,
    count: u32,
    /// How many there have been.
    number: u32,
    /// Whether it wakes all that wait, or only one waits.
    is_for_all: bool,
}

/// The messages of a channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Messages {
    /// The sends of each thread.
    pub(super) sends: BTreeMap<ThreadIndex, Vec<u32>>,
    /// The messages that were received, in their order.
    pub(super) received: Vec<Received>,
}

/// A message that was received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    pub(super) send: Position,
    pub(super) receive: Position,
}

/// See the [module](self).
pub(super) struct Log<'a> {
    pub(super) catalog: &'a Catalog,
    /// What threads ask for that is a request also if they hold no lock.
    targets: FxHashSet<Target>,
    pub(super) requests: Requests,
    instances: Vec<Vec<Instance>>,
    pub(super) entries: TiVec<ThreadIndex, Vec<Entry>>,
    pub(super) messages: TiVec<ChannelIndex, Messages>,
    /// How often each lock was acquired.
    acquired: TiVec<PrimitiveIndex, u32>,
    /// The entries of locks that are held.
    held: FxHashMap<(ThreadIndex, PrimitiveIndex), u32>,
    spawned: TiVec<ThreadIndex, Option<Position>>,
    initialized: FxHashMap<PrimitiveIndex, Position>,
    notified: FxHashMap<PrimitiveIndex, Notified>,
    notifications: FxHashMap<PrimitiveIndex, Vec<Position>>,
    /// The number of entries of each thread up to its latest release of a lock.
    released: TiVec<ThreadIndex, u32>,
    /// The waits for notifications that go on: the entry and the steps before it.
    waits: TiVec<ThreadIndex, Option<(u32, u64)>>,
    wakes: FxHashMap<PrimitiveIndex, (Wake, u32)>,
    count: u32,
    /// How many more entries may be looked at.
    effort: Cell<usize>,
}

impl<'a> Log<'a> {
    pub(super) fn new(catalog: &'a Catalog, targets: FxHashSet<Target>) -> Self {
        Log {
            catalog,
            targets,
            requests: Requests::default(),
            instances: Vec::new(),
            entries: catalog.threads.iter().map(|_| Vec::new()).collect(),
            messages: catalog.channels.iter().map(|_| Messages::default()).collect(),
            acquired: catalog.primitives.iter().map(|_| 0).collect(),
            held: FxHashMap::default(),
            spawned: catalog.threads.iter().map(|_| None).collect(),
            initialized: FxHashMap::default(),
            notified: FxHashMap::default(),
            notifications: FxHashMap::default(),
            released: catalog.threads.iter().map(|_| 0).collect(),
            waits: catalog.threads.iter().map(|_| None).collect(),
            wakes: FxHashMap::default(),
            count: 0,
            effort: Cell::new(MAX_EFFORT),
        }
    }

    /// When and where a request was granted, in the order of its thread.
    pub(super) fn instances(&self, request: usize) -> &[Instance] {
        self.instances.get(request).map_or(&[], Vec::as_slice)
    }

    /// The last wait for each condition variable that a notification has ended, if there was no later
    /// notification.
    pub(super) fn last_wakes(&self) -> Vec<&Wake> {
        let last = self.wakes.iter().filter(|(condvar, (_, number))| {
            self.notified.get(condvar).is_some_and(|last| last.number == *number)
        });
        let mut wakes: Vec<_> = last.map(|(_, (wake, _))| wake).collect();
        wakes.sort_by_key(|wake| wake.condvar);
        wakes
    }

    /// All notifications of a condition variable: the thread, and how many entries it had then.
    pub(super) fn notifications(&self, condvar: PrimitiveIndex) -> &[Position] {
        self.notifications.get(&condvar).map_or(&[], Vec::as_slice)
    }

    /// Whether so many more entries may be looked at.
    pub(super) fn spend(&self, effort: usize) -> bool {
        let left = self.effort.get().checked_sub(effort);
        self.effort.set(left.unwrap_or(0));
        left.is_some()
    }

    /// The number of entries of a thread that come before an entry of another.
    pub(super) fn before(&self, thread: ThreadIndex, entry: Entry) -> u32 {
        let entries = &self.entries[thread];
        entries.partition_point(|other| other.number < entry.number) as u32
    }

    fn length(&self, thread: ThreadIndex) -> u32 {
        self.entries[thread].len() as u32
    }

    /// Adds an entry, and returns its index.
    fn add(&mut self, state: &RunState, thread: ThreadIndex, action: Action) -> u32 {
        let (number, index) = (self.count, self.length(thread));
        self.count += 1;
        let steps = state.threads[thread].steps.try_into().unwrap_or(u32::MAX);
        self.entries[thread].push(Entry { number, steps, action });
        index
    }

    /// Notes that the next entry grants a request.
    fn note(&mut self, state: &RunState, completed: &Completed<'_>, request: Request) {
        let Some(index) = self.requests.index_of(request) else { return };
        self.instances.resize_with(self.instances.len().max(index + 1), Vec::new);
        let (entry, thread) = (self.length(completed.thread), completed.thread);
        if self.instances[index].len() < MAX_INSTANCES {
            // The operation, or both ends of it.
            let own = 1 + u64::from(completed.operation.phase == Phase::End);
            let steps = state.threads[thread].steps.saturating_sub(own);
            let time = completed.wait.map_or(completed.time, |wait| wait.begin);
            self.instances[index].push(Instance { entry, steps, time });
        }
    }

    fn operation(&mut self, state: &RunState, completed: &Completed<'_>) {
        let Completed { time, thread, operation, cause, .. } = *completed;
        let other = operation.other_thread();
        let primitive = operation.target.and_then(|target| target.primitive());
        let ends = cause
            .map(|cause| Action::After { thread: cause.thread, count: self.length(cause.thread) });
        let action = match (operation.call, operation.outcome) {
            (Call::Sleep | Call::YieldNow, _) => return,
            (Call::Join, _) => match other {
                Some(other) => Action::After { thread: other, count: self.length(other) },
                None => Action::AfterAll,
            },
            // Its time may be over in any order.
            (Call::RecvTimeout | Call::CondvarWaitTimeout, Outcome::TimedOut)
            | (Call::Spawn | Call::Unpark | Call::NotifyOne | Call::NotifyAll, _) => Action::Alone,
            (Call::ParkTimeout, _) if cause.is_none() => Action::Alone,
            (Call::Park | Call::ParkTimeout, _) => ends.unwrap_or(Action::AfterAll),
            (Call::Initialize, _) => match primitive.and_then(|it| self.initialized.get(&it)) {
                Some(&(thread, count)) => Action::After { thread, count },
                None => Action::AfterAll,
            },
            (Call::CondvarWait | Call::CondvarWaitTimeout, _) => match self.ending(completed) {
                // If others waited, too, it depends on them which thread it wakes.
                Some(last) if last.is_for_all => {
                    Action::After { thread: last.by.thread, count: last.count }
                }
                _ => Action::AfterAll,
            },
            _ => Action::AfterAll,
        };
        self.add(state, thread, action);
        let count = self.length(thread);
        let place = operation.place;
        match (operation.call, other, primitive) {
            (Call::Spawn, Some(other), _) => self.spawned[other] = Some((thread, count)),
            (Call::NotifyOne | Call::NotifyAll, _, Some(condvar)) => {
                let number = self.notified.get(&condvar).map_or(1, |last| last.number + 1);
                let is_for_all = operation.call == Call::NotifyAll
                    || state.primitives[condvar].waiters.len() < 2;
                let by = Use { time, thread, place };
                self.notifications.entry(condvar).or_default().push((thread, count));
                self.notified.insert(condvar, Notified { by, count, number, is_for_all });
            }
            (Call::CondvarWait, _, Some(condvar)) => self.woken(condvar, completed),
            _ => {}
        }
    }

    /// The latest notification of the condition variable for which a thread has waited, if that ended
    /// the wait.
    fn ending(&self, wait: &Completed<'_>) -> Option<Notified> {
        let condvar = wait.operation.target.and_then(Target::primitive)?;
        let last = self.notified.get(&condvar)?;
        (wait.cause?.time == last.by.time).then_some(*last)
    }

    /// A thread has waited for a notification.
    fn woken(&mut self, condvar: PrimitiveIndex, completed: &Completed<'_>) {
        let thread = completed.thread;
        let begin = self.waits[thread].take();
        let (Some((begin, steps)), Some(wait), Some(last)) =
            (begin, completed.wait, self.ending(completed))
        else {
            return;
        };
        let wake = Wake {
            condvar,
            thread,
            place: wait.operation.place,
            time: wait.begin,
            begin,
            steps,
            notification: (last.by.thread, last.count),
            by: last.by,
        };
        self.wakes.insert(condvar, (wake, last.number));
    }

    /// A message is handed over. Returns the entry of its send.
    fn sent(&mut self, state: &RunState, message: &Message) -> Option<Position> {
        let thread = message.sender;
        let Some(channel) = message.channel else {
            self.add(state, thread, Action::AfterAll);
            return None;
        };
        let index = self.add(state, thread, Action::Send { channel });
        self.messages[channel].sends.entry(thread).or_default().push(index);
        Some((thread, index))
    }

    /// A thread receives a message of which the channel and the entry of the send are known, or not.
    fn received(
        &mut self,
        state: &RunState,
        thread: ThreadIndex,
        message: Option<(ChannelIndex, Position)>,
    ) {
        let Some((channel, send)) = message else {
            self.add(state, thread, Action::AfterAll);
            return;
        };
        let number = self.messages[channel].received.len() as u32;
        let index = self.add(state, thread, Action::Receive { channel, number });
        self.messages[channel].received.push(Received { send, receive: (thread, index) });
    }
}

impl Listener for Log<'_> {
    /// The send of a message.
    type Note = Option<Position>;
    type Error = reading::Error;

    fn on(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        sent: &mut Option<Position>,
    ) -> reading::Result<()> {
        if self.count >= MAX_ENTRIES {
            return Ok(());
        }
        let targets = &self.targets;
        let also =
            |wants: Wants| matches!(wants, Wants::End(_)) || targets.contains(&wants.target());
        if let Some(request) = Request::granted(state, transition, also)
            && let Transition::Sent { send: completed, .. }
            | Transition::HandedOver { send: completed, .. }
            | Transition::Received { receive: completed, .. }
            | Transition::Acquired { acquire: completed, .. }
            | Transition::Completed { completed, .. } = transition
        {
            self.note(state, completed, request);
        }
        match *transition {
            Transition::ThreadSeen { thread, .. } => {
                let process = self.catalog.threads[thread].process;
                let is_main = state.processes[process].main == Some(thread);
                let action = match self.spawned[thread] {
                    Some((thread, count)) => Action::After { thread, count },
                    None if is_main => Action::Alone,
                    None => Action::AfterAll,
                };
                self.add(state, thread, action);
            }
            Transition::HoldBegan { primitive: lock, hold } => {
                let number = self.acquired[lock];
                self.acquired[lock] += 1;
                let is_shared = hold.is_shared;
                let action = Action::Acquire { lock, is_shared, number, release: None };
                let entry = self.add(state, hold.thread, action);
                self.held.insert((hold.thread, lock), entry);
            }
            Transition::HoldEnded { primitive: lock, hold, end: HoldEnd::Recorded(_), .. } => {
                let released = self.add(state, hold.thread, Action::Alone);
                self.released[hold.thread] = released + 1;
                if let Some(entry) = self.held.remove(&(hold.thread, lock))
                    && let Action::Acquire { release, .. } =
                        &mut self.entries[hold.thread][entry as usize].action
                {
                    *release = Some(released);
                }
            }
            Transition::WaitBegan { thread, wait } if wait.call() == Call::CondvarWait => {
                // It has released the mutex just before, or does so now.
                let (steps, length) = (state.threads[thread].steps, self.length(thread));
                let release = self.entries[thread].last().copied();
                let release = release.filter(|_| self.released[thread] == length);
                let (begin, before) = match release {
                    Some(release) => (length - 1, u64::from(release.steps)),
                    None => (length, steps),
                };
                self.add(state, thread, Action::Alone);
                self.waits[thread] = Some((begin, before.saturating_sub(1)));
            }
            Transition::Sent { message, .. } | Transition::HandedOver { message, .. } => {
                *sent = self.sent(state, message);
            }
            Transition::Received { ref receive, message, .. } => {
                let channel = message.and_then(|message| message.channel);
                self.received(state, receive.thread, channel.zip(*sent));
            }
            Transition::Completed { ref completed, .. } => self.operation(state, completed),
            Transition::BarrierOpened { ref arrival, .. } => {
                self.add(state, arrival.thread, Action::AfterAll);
            }
            Transition::InitializerStarted { ref started, .. } => {
                self.add(state, started.thread, Action::Alone);
            }
            Transition::InitializerEnded { thread, primitive, .. } => {
                let entry = self.add(state, thread, Action::Alone);
                self.initialized.insert(primitive, (thread, entry + 1));
            }
            Transition::Endpoint {
                at,
                change: EndpointChange::SenderDropped | EndpointChange::ReceiverDropped,
                ..
            } => {
                self.add(state, at.thread, Action::Alone);
            }
            Transition::ThreadReturned { thread, .. } | Transition::ThreadEnded { thread, .. } => {
                self.add(state, thread, Action::Alone);
            }
            _ => {}
        }
        Ok(())
    }
}
