//! What threads ask for while they hold locks, and which threads they join.

use format::{Call, Detail};
use rustc_hash::FxHashMap;

use crate::reading;
use crate::reading::catalog::{ChannelIndex, PlaceIndex, PrimitiveIndex, Target, ThreadIndex};
use crate::replay::{Completed, Listener, RunState, Transition};

/// A thread that asks for something for which it may have to wait, at one place and with the same
/// locks in its hands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// The thread.
    pub thread: ThreadIndex,
    /// What it asks for.
    pub wants: Wants,
    /// Where.
    pub place: Option<PlaceIndex>,
    /// The locks that it holds meanwhile.
    pub held: Vec<Held>,
}

/// What a thread asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wants {
    /// A lock.
    Lock {
        /// The lock.
        lock: PrimitiveIndex,
        /// Whether others may hold it at the same time.
        is_shared: bool,
    },
    /// Room for a message in this channel, or its receiver.
    Room(ChannelIndex),
    /// A message from this channel.
    Message(ChannelIndex),
    /// The end of this thread.
    End(ThreadIndex),
    /// A notification of this condition variable.
    Notification(PrimitiveIndex),
}

impl Wants {
    /// The lock, channel or thread.
    pub fn target(self) -> Target {
        match self {
            Wants::Lock { lock, .. } | Wants::Notification(lock) => Target::Primitive(lock),
            Wants::Room(channel) | Wants::Message(channel) => Target::Channel(channel),
            Wants::End(thread) => Target::Thread(thread),
        }
    }
}

/// A lock that a thread holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The lock.
    pub lock: PrimitiveIndex,
    /// Whether others may hold it at the same time.
    pub is_shared: bool,
    /// Where the thread has acquired it.
    pub place: Option<PlaceIndex>,
}

impl Request {
    /// The request that this transition grants, if its thread holds other locks or if it is one of
    /// those that `also` selects.
    #[inline(always)]
    pub(super) fn granted(
        state: &RunState,
        transition: &Transition<'_>,
        also: impl Fn(Wants) -> bool,
    ) -> Option<Self> {
        let (completed, wants): (&Completed<'_>, Wants) = match transition {
            Transition::Sent { send, .. } | Transition::HandedOver { send, .. }
                if send.operation.call == Call::Send =>
            {
                (send, Wants::Room(send.operation.channel()?))
            }
            Transition::Received { receive, .. } if receive.operation.call == Call::Recv => {
                (receive, Wants::Message(receive.operation.channel()?))
            }
            Transition::Acquired { acquire, primitive, .. }
                if matches!(acquire.operation.call, Call::Lock | Call::Read | Call::Write) =>
            {
                let is_shared = acquire.operation.call == Call::Read;
                (acquire, Wants::Lock { lock: *primitive, is_shared })
            }
            Transition::Completed { completed, .. } if completed.operation.call == Call::Join => {
                (completed, Wants::End(completed.operation.other_thread()?))
            }
            _ => return None,
        };
        let is_selected = !state.threads[completed.thread].holds.is_empty() || also(wants);
        is_selected.then(|| Request::new(state, completed, wants))
    }

    #[cold]
    fn new(state: &RunState, completed: &Completed<'_>, wants: Wants) -> Self {
        let thread = completed.thread;
        let held = state.threads[thread].holds.iter().filter_map(|&lock| {
            let mut holds = state.primitives[lock].holds.iter();
            let hold = holds.find(|hold| hold.thread == thread)?;
            Some(Held { lock, is_shared: hold.is_shared, place: hold.place })
        });
        Request { thread, wants, place: completed.operation.place, held: held.collect() }
    }
}

/// Maximum number of different requests.
const MAX_REQUESTS: usize = 10_000;

/// The different requests of a run.
#[derive(Debug, Default)]
pub struct Requests {
    all: Vec<Request>,
    indices: FxHashMap<Request, usize>,
    /// By condition variable for which a thread has waited without a time limit: the number of the
    /// mutex, and the thread that notified last.
    pub(super) condvars: FxHashMap<PrimitiveIndex, (u32, Option<ThreadIndex>)>,
}

impl Requests {
    /// All of them, in the order in which they were first granted.
    pub(super) fn all(&self) -> &[Request] {
        &self.all
    }

    /// The index of a request, which may be new; `None` if there are too many.
    pub(super) fn index_of(&mut self, request: Request) -> Option<usize> {
        if let Some(&known) = self.indices.get(&request) {
            return Some(known);
        }
        let index = self.all.len();
        (index < MAX_REQUESTS).then(|| {
            self.indices.insert(request.clone(), index);
            self.all.push(request);
            index
        })
    }
}

impl Listener for Requests {
    type Note = ();
    type Error = reading::Error;

    #[inline(always)]
    fn on(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        (): &mut (),
    ) -> reading::Result<()> {
        let is_join = |wants| matches!(wants, Wants::End(_));
        if let Some(request) = Request::granted(state, transition, is_join) {
            self.index_of(request);
        }
        match transition {
            Transition::WaitBegan { wait, .. } if wait.call() == Call::CondvarWait => {
                if let (Some(condvar), Detail::Mutex(turn)) =
                    (wait.target().and_then(Target::primitive), wait.operation.detail)
                {
                    self.condvars.entry(condvar).or_default().0 = turn.primitive();
                }
            }
            Transition::Completed { completed, .. }
                if matches!(completed.operation.call, Call::NotifyOne | Call::NotifyAll) =>
            {
                if let Some(condvar) = completed.operation.target.and_then(Target::primitive) {
                    self.condvars.entry(condvar).or_default().1 = Some(completed.thread);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
