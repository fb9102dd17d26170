//! What changes from one state of a run to the next.

use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;

use super::state::{Cause, Hold, Use, Wait};
use crate::reading::catalog::{
    ChannelIndex, EndpointIndex, PrimitiveIndex, ProcessIndex, ThreadIndex,
};
use crate::reading::{Event, Nanos, Operation};

/// A message in flight, or whose send waits.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its channel, if that is known.
    pub channel: Option<ChannelIndex>,
    /// The thread that sends it.
    pub sender: ThreadIndex,
    /// When its send started.
    pub sent: Nanos,
    /// When it was handed over: at the end of its send, or just before it is received if that is
    /// earlier. `None` while its send waits.
    pub handed_over: Option<Nanos>,
    /// Its number in its channel, once it has been handed over, if the channel is known.
    pub number: Option<NonZeroU64>,
    /// The number of the happens-before edge from its send to its receive.
    pub edge: u64,
    /// When the recording first paused while it was in flight: it may have been received.
    pub paused: Option<Nanos>,
    /// Its value, if that is recorded.
    pub value: Option<Arc<str>>,
}

impl Default for Message {
    /// A message of which nothing is known.
    fn default() -> Self {
        Message {
            channel: None,
            sender: ThreadIndex::from(0),
            sent: Nanos::ZERO,
            handed_over: None,
            number: None,
            edge: 0,
            paused: None,
            value: None,
        }
    }
}

/// How the end of a hold is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldEnd {
    /// The release is recorded.
    Recorded(Nanos),
    /// The release is not recorded, and was not later than this.
    Inferred(Nanos),
    /// The lock was never released.
    Never,
}

impl HoldEnd {
    /// The time, if there is one.
    pub fn time(self) -> Option<Nanos> {
        match self {
            HoldEnd::Recorded(time) | HoldEnd::Inferred(time) => Some(time),
            HoldEnd::Never => None,
        }
    }
}

/// An operation that is over.
#[derive(Clone, Copy, Debug)]
pub struct Completed<'t> {
    /// When it was over; the start of a send that did not wait.
    pub time: Nanos,
    /// The thread.
    pub thread: ThreadIndex,
    /// The operation.
    pub operation: &'t Operation,
    /// Its wait, if it had to wait and the start of that is recorded.
    pub wait: Option<&'t Wait>,
    /// What let it go on, if it had to wait and that is known.
    pub cause: Option<Cause>,
}

impl Completed<'_> {
    /// How long it waited.
    pub fn waited(&self) -> Option<Nanos> {
        self.wait.map(|wait| self.time.since(wait.begin))
    }
}

/// A change of the state. The state that a listener gets with it is the one after the change.
#[derive(Debug)]
pub enum Transition<'t> {
    /// A thread has its first event.
    ThreadSeen {
        /// When.
        time: Nanos,
        /// The thread.
        thread: ThreadIndex,
    },
    /// An operation begins to wait.
    WaitBegan {
        /// The thread.
        thread: ThreadIndex,
        /// The wait.
        wait: &'t Wait,
    },
    /// A wait is over whose end was not recorded.
    WaitAbandoned {
        /// The thread.
        thread: ThreadIndex,
        /// The wait.
        wait: &'t Wait,
        /// When the thread did something else; `None` if it still waits when the recording ends.
        until: Option<Nanos>,
    },
    /// A message was handed over by a send that is over.
    Sent {
        /// The send.
        send: Completed<'t>,
        /// The message.
        message: &'t Message,
    },
    /// A message was handed over by a send that has not returned yet, as it is about to be
    /// received.
    HandedOver {
        /// The send, with its wait.
        send: Completed<'t>,
        /// The message.
        message: &'t Message,
    },
    /// A send returns whose message was handed over before.
    SendReturned {
        /// The send.
        send: Completed<'t>,
    },
    /// A message was received.
    Received {
        /// The receive.
        receive: Completed<'t>,
        /// The message; `None` if its send is not recorded.
        message: Option<&'t Message>,
        /// If the send is not recorded: the thread that must have sent it, if that follows.
        unrecorded_sender: Option<ThreadIndex>,
    },
    /// Another operation is over: on a channel without a message, on a thread, or on a primitive
    /// without an effect that has a transition of its own.
    Completed {
        /// The operation.
        completed: Completed<'t>,
        /// The numbers of the happens-before edges that start there.
        edges: Range<u64>,
    },
    /// A lock was acquired.
    Acquired {
        /// The operation.
        acquire: Completed<'t>,
        /// The lock.
        primitive: PrimitiveIndex,
        /// If it is the first to have waited for the latest release: the edges that start there.
        release_edges: Range<u64>,
    },
    /// A lock is held from now on.
    HoldBegan {
        /// The lock.
        primitive: PrimitiveIndex,
        /// Who holds it.
        hold: &'t Hold,
    },
    /// A lock is not held any more, or the recording ends.
    HoldEnded {
        /// The lock.
        primitive: PrimitiveIndex,
        /// Who held it.
        hold: &'t Hold,
        /// How the end is known.
        end: HoldEnd,
        /// How long other threads waited for the lock meanwhile, all together.
        others_waited: Nanos,
    },
    /// A lock was released, or downgraded from writing to reading.
    Released {
        /// The operation.
        release: Completed<'t>,
        /// The lock.
        primitive: PrimitiveIndex,
        /// Whether its acquisition is recorded.
        was_held: bool,
    },
    /// The last thread arrived at a barrier, and does not wait.
    BarrierOpened {
        /// The operation.
        arrival: Completed<'t>,
        /// The edges to the threads that wait.
        edges: Range<u64>,
    },
    /// A thread runs an initializer from now on.
    InitializerStarted {
        /// The operation. It has a wait if another thread ran the initializer before, and failed.
        started: Completed<'t>,
        /// The primitive.
        primitive: PrimitiveIndex,
    },
    /// An initializer is over.
    InitializerEnded {
        /// When.
        time: Nanos,
        /// The thread that ran it.
        thread: ThreadIndex,
        /// The primitive.
        primitive: PrimitiveIndex,
        /// The edges to the threads that wait for it.
        edges: Range<u64>,
    },
    /// A channel was made, or an endpoint cloned or dropped.
    Endpoint {
        /// What happened.
        change: EndpointChange,
        /// When, by which thread and where.
        at: Use,
        /// The channel, if it is known.
        channel: Option<ChannelIndex>,
        /// The endpoint, if it is known.
        endpoint: Option<EndpointIndex>,
    },
    /// A thread started that was spawned.
    ThreadStarted {
        /// When.
        time: Nanos,
        /// The thread.
        thread: ThreadIndex,
        /// The spawn.
        cause: Option<Cause>,
    },
    /// The function of a thread is over.
    ThreadReturned {
        /// When.
        time: Nanos,
        /// The thread.
        thread: ThreadIndex,
        /// Whether it panicked.
        panicked: bool,
        /// The edges to the thread that joins it.
        edges: Range<u64>,
    },
    /// A thread has run its thread-local destructors.
    ThreadEnded {
        /// When.
        time: Nanos,
        /// The thread.
        thread: ThreadIndex,
    },
    /// A thread panics.
    Panicked {
        /// When, which thread and where.
        at: Use,
        /// The message.
        message: &'t Arc<str>,
    },
    /// A thread entered or left a span of the crate `tracing`, or logged with it.
    Traced {
        /// When.
        time: Nanos,
        /// The thread.
        thread: ThreadIndex,
        /// The event.
        event: &'t Event,
        /// Its text.
        text: &'t str,
    },
    /// The recording of a process pauses.
    Paused {
        /// When.
        time: Nanos,
        /// The thread that paused it.
        thread: ThreadIndex,
    },
    /// The recording of a process goes on.
    Resumed {
        /// When.
        time: Nanos,
        /// The process.
        process: ProcessIndex,
        /// The thread that resumed it; `None` where the recording ends in a pause.
        thread: Option<ThreadIndex>,
        /// When it paused, if that is recorded.
        paused: Option<Nanos>,
    },
    /// From here on the recording is
    /// [complete](crate::reading::catalog::Catalog::complete_from): what a flight recorder has kept
    /// from before does not count.
    CompleteFromHere {
        /// When.
        time: Nanos,
    },
    /// There are no more events. What is unfinished has been reported, except for locks that are held
    /// and messages in flight.
    Finishing,
    /// No thread received a message; or it is not known, if the recording
    /// [paused](Message::paused) while it was in flight.
    NotReceived {
        /// The message.
        message: &'t Message,
        /// Until when it was in flight.
        until: Nanos,
    },
    /// All that is unfinished has been reported.
    Finished,
}

/// What can happen to endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointChange {
    /// A channel was made, with a sender and a receiver.
    ChannelCreated,
    /// A sender was cloned.
    SenderCloned,
    /// A receiver was cloned.
    ReceiverCloned,
    /// A sender was dropped.
    SenderDropped,
    /// A receiver was dropped.
    ReceiverDropped,
}
