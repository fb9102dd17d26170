//! What the steps of a run access, and which of them cannot be swapped.

use format::{Call, Event, OperationKind, Outcome, Phase};

/// An object that threads share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Object {
    /// The channel with this number.
    Channel(u32),
    /// The primitive with this number.
    Primitive(u32),
    /// A primitive whose number is not known.
    AnyPrimitive,
    /// The parking token of the thread with this number.
    Token(u32),
    /// The start and the end of the thread with this number.
    Life(u32),
    /// The wait of the thread with this number in std's operation: for the other end of a rendezvous
    /// channel, or to write. It ends with the operation of another thread.
    Meeting(u32),
    /// The end of the process: with its main thread, whatever the others have left to do.
    Process,
}

/// How a step accesses an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sends the message with this id, or tries to when the receiver is gone.
    Send(u64),
    /// Sends the message with this id after a wait for room.
    SendIntoRoom(u64),
    /// Receives the message with this id.
    Receive(u64),
    /// Waits with a message at a rendezvous channel, where a receiver can meet it from now on.
    Offer,
    /// Waits at a rendezvous channel for a message.
    Await,
    /// Learns that all senders are gone, and would have waited for that.
    Disconnect,
    /// Drops a sender.
    DropSender,
    /// Drops the receiver.
    DropReceiver,
    /// Learns of the present state, such as that a channel is empty or a lock is held.
    Probe,
    /// Learns whether a channel has room, or a receiver waits there. Other senders do not matter.
    ProbeRoom,
    /// Takes a lock for itself.
    Acquire,
    /// Takes a lock that others may hold, too.
    Share,
    /// Waits to take a lock for itself that can be shared: from now on nobody else takes it before.
    Announce,
    /// Releases a lock that was taken for the thread itself.
    Release,
    /// Releases a lock that can be shared: the next writer may take it.
    Leave,
    /// Waits for a notification from now on.
    Wait,
    /// Notifies threads that wait, or makes a token available.
    Notify,
    /// Uses a notification or a token.
    Wake,
    /// Arrives at a barrier, or initialises something unless it is initialised.
    Meet,
    /// Spawns the thread, or is its first step. Begins a meeting, or comes to it.
    Start,
    /// Is the last step of the thread, or joins it. Ends a meeting, or goes on after it.
    End,
}

/// An access to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// The object.
    pub object: Object,
    /// How it is accessed.
    pub kind: Kind,
}

/// The relation between an access and a later one of another thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// The order does not matter.
    Independent,
    /// The later one is only possible after the earlier one.
    Enables,
    /// The other order is possible, and may have another result.
    Conflicts,
}

impl Access {
    /// The relation between this access and a later one.
    pub fn relation(self, later: Access) -> Relation {
        use Kind::*;
        use Relation::{Conflicts, Enables, Independent};

        match (self.object, later.object) {
            (Object::AnyPrimitive, Object::Primitive(_) | Object::AnyPrimitive)
            | (Object::Primitive(_), Object::AnyPrimitive) => return Conflicts,
            (one, other) if one != other => return Independent,
            _ => {}
        }
        match (self.kind, later.kind) {
            // Messages have an order; the receiver may be shared, in a lock.
            (Send(_) | SendIntoRoom(_), Send(_) | SendIntoRoom(_)) | (Receive(_), Receive(_)) => {
                Conflicts
            }
            (Receive(_), SendIntoRoom(_)) => Enables,
            // Who comes first to a meeting does not matter, but who does of several on the same side.
            (Offer, Offer | Send(_) | SendIntoRoom(_) | DropReceiver)
            | (Send(_) | SendIntoRoom(_) | DropReceiver, Offer)
            | (Await, Await | Receive(_))
            | (Receive(_), Await) => Conflicts,
            // A message that is in the queue is received, whether another one comes or not. Which
            // message it was is known by the caller.
            (Send(_) | SendIntoRoom(_), Receive(_)) | (Receive(_), Send(_)) => Independent,
            (DropSender, Disconnect) => Enables,
            (DropReceiver, Send(_) | SendIntoRoom(_))
            | (Send(_) | SendIntoRoom(_), DropReceiver) => Conflicts,
            (Probe | ProbeRoom, Probe | ProbeRoom) => Independent,
            (ProbeRoom, DropSender) | (DropSender, ProbeRoom) => Independent,
            (Probe | ProbeRoom, _) | (_, Probe | ProbeRoom) => Conflicts,
            (Acquire, Acquire | Share) | (Share, Acquire) => Conflicts,
            (Announce, Acquire | Share | Announce) | (Acquire | Share, Announce) => Conflicts,
            (Release, Acquire | Share) => Enables,
            // A writer could have come before, and waited.
            (Leave, Acquire | Announce) | (Announce, Leave) => Conflicts,
            (Wait | Wake, Notify | Wake | Wait) | (Notify, Wait | Wake) => {
                match (self.kind, later.kind) {
                    (Wait, Wait) => Independent,
                    _ => Conflicts,
                }
            }
            (Meet, Meet) => Conflicts,
            (Start, Start) | (End, End) => Enables,
            _ => Independent,
        }
    }
}

/// What a thread does in a step, from its events.
pub struct StepAccesses<'a> {
    /// The channel of an endpoint, and whether it is a rendezvous channel.
    pub channel_of: &'a dyn Fn(u32) -> Option<(u32, bool)>,
}

impl StepAccesses<'_> {
    /// Adds the accesses of an event of this thread.
    pub fn add(&self, thread: u32, event: &Event<'_>, accesses: &mut Vec<Access>) {
        match *event {
            Event::SenderDropped { endpoint } => {
                self.on_channel(endpoint, Kind::DropSender, accesses)
            }
            Event::ReceiverDropped { endpoint } => {
                self.on_channel(endpoint, Kind::DropReceiver, accesses);
            }
            Event::ThreadEnded {} => {
                accesses.push(Access { object: Object::Life(thread), kind: Kind::End });
            }
            Event::Operation { kind, endpoint, detail, .. } => {
                self.add_operation(thread, kind, endpoint, detail, accesses);
            }
            _ => {}
        }
    }

    fn on_channel(&self, endpoint: u32, kind: Kind, accesses: &mut Vec<Access>) {
        if let Some((channel, _)) = (self.channel_of)(endpoint) {
            accesses.push(Access { object: Object::Channel(channel), kind });
        }
    }

    fn add_operation(
        &self,
        thread: u32,
        operation: OperationKind,
        number: u32,
        detail: u64,
        accesses: &mut Vec<Access>,
    ) {
        let (call, phase, outcome) = (operation.call(), operation.phase(), operation.outcome());
        if phase == Phase::Begin {
            self.add_wait(call, number, accesses);
            return;
        }
        let primitive = Object::Primitive(number);
        let mut on = |object, kind| accesses.push(Access { object, kind });
        match call {
            Call::Send | Call::TrySend => {
                let kind = match (outcome, phase) {
                    (Outcome::Full, _) => Kind::ProbeRoom,
                    (Outcome::Transferred, Phase::End) => Kind::SendIntoRoom(detail),
                    _ => Kind::Send(detail),
                };
                self.on_channel(number, kind, accesses);
            }
            Call::Recv | Call::TryRecv | Call::RecvTimeout => {
                let kind = match (outcome, call) {
                    (Outcome::Transferred, _) => Kind::Receive(detail),
                    (Outcome::Disconnected, Call::Recv) => Kind::Disconnect,
                    _ => Kind::Probe,
                };
                self.on_channel(number, kind, accesses);
            }
            Call::TryLock | Call::TryRead | Call::TryWrite if outcome == Outcome::Held => {
                on(primitive, Kind::Probe);
            }
            Call::Lock | Call::TryLock | Call::Write | Call::TryWrite => {
                on(primitive, Kind::Acquire);
            }
            Call::Read | Call::TryRead => on(primitive, Kind::Share),
            Call::Unlock | Call::Downgrade => on(primitive, Kind::Release),
            Call::WriteUnlock => {
                on(primitive, Kind::Release);
                on(primitive, Kind::Leave);
            }
            Call::ReadUnlock => on(primitive, Kind::Leave),
            Call::CondvarWait | Call::CondvarWaitTimeout => on(primitive, Kind::Wake),
            Call::NotifyOne | Call::NotifyAll => on(primitive, Kind::Notify),
            Call::Initialize | Call::Initializer => on(primitive, Kind::Meet),
            Call::Spawn => on(Object::Life(number), Kind::Start),
            Call::Join => on(Object::Life(number), Kind::End),
            Call::Unpark => on(Object::Token(number), Kind::Notify),
            Call::Park | Call::ParkTimeout => on(Object::Token(thread), Kind::Wake),
            Call::BarrierWait | Call::Scope | Call::Sleep | Call::YieldNow | Call::Select => {}
        }
        // Before or after another operation, it could have failed.
        match call {
            Call::TrySend => self.on_channel(number, Kind::ProbeRoom, accesses),
            Call::TryRecv | Call::RecvTimeout => self.on_channel(number, Kind::Probe, accesses),
            Call::TryLock | Call::TryRead | Call::TryWrite => {
                accesses.push(Access { object: primitive, kind: Kind::Probe });
            }
            _ => {}
        }
    }

    /// Adds the accesses of the start of a wait. Most have no effect: what counts is its end.
    fn add_wait(&self, call: Call, number: u32, accesses: &mut Vec<Access>) {
        let primitive = Object::Primitive(number);
        match call {
            Call::CondvarWait | Call::CondvarWaitTimeout => {
                accesses.push(Access { object: primitive, kind: Kind::Wait });
            }
            Call::BarrierWait | Call::Initialize => {
                accesses.push(Access { object: primitive, kind: Kind::Meet });
            }
            Call::Send | Call::Recv => {
                if let Some((_, true)) = (self.channel_of)(number) {
                    let kind = if call == Call::Send { Kind::Offer } else { Kind::Await };
                    self.on_channel(number, kind, accesses);
                }
            }
            _ => {}
        }
    }

    /// What the thread would access if the wait that has begun last were over.
    pub fn of_wait(&self, thread: u32, operation: OperationKind, number: u32) -> Vec<Access> {
        let mut accesses = Vec::new();
        let primitive = Object::Primitive(number);
        match operation.call() {
            Call::Send => self.on_channel(number, Kind::SendIntoRoom(0), &mut accesses),
            Call::Recv | Call::RecvTimeout => {
                self.on_channel(number, Kind::Receive(0), &mut accesses)
            }
            Call::Lock | Call::Write => {
                accesses.push(Access { object: primitive, kind: Kind::Acquire });
            }
            Call::Read => accesses.push(Access { object: primitive, kind: Kind::Share }),
            Call::CondvarWait | Call::CondvarWaitTimeout => {
                accesses.push(Access { object: primitive, kind: Kind::Wake });
            }
            Call::Park | Call::ParkTimeout => {
                accesses.push(Access { object: Object::Token(thread), kind: Kind::Wake });
            }
            _ => {}
        }
        accesses
    }
}
