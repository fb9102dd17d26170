//! What the threads of a process did, in the order in which they did it.
//!
//! Under a controlled schedule threads go on one at a time, so the events
//! [`Scheduled`](format::Event::Scheduled) order all others: those of a thread that follow the
//! switch to it come before those that follow the next switch. Clocks are not needed. The operations of
//! an ordinary recording are in a possible order, which [`ordering`](crate::ordering) finds.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use format::{OperationKind, PrimitiveKind};
use rustc_hash::FxHasher;

use crate::capture::plan::Switch;

mod endpoints;
mod linearize;
mod reader;
mod returns;

pub(super) use endpoints::Endpoints;
pub(crate) use reader::events;
pub(super) use returns::Returns;

/// What the threads of a process did.
#[derive(Debug, Default)]
pub struct Order {
    /// By number.
    pub threads: BTreeMap<u32, Thread>,
    /// What they did, in order.
    pub operations: Vec<Operation>,
    /// Where another thread went on, in order.
    pub switches: Vec<Switch>,
    /// Number of processes that recorded something.
    pub processes: usize,
    /// Whether events are missing.
    pub is_incomplete: bool,
    /// Whether the schedule was controlled, so that the order is the real one.
    pub is_controlled: bool,
    /// The panics, by thread: `main panicked at src/main.rs:3: no more jobs`.
    pub panics: Vec<String>,
    /// The hash of the executable, if it is recorded.
    pub executable: Option<u64>,
    pub(super) places: Vec<Place>,
    pub(super) channels: BTreeMap<u32, Channel>,
    pub(super) primitives: BTreeMap<u32, Primitive>,
    endpoints: Endpoints,
    /// The channels of which senders are cloned, and the choices that this belongs to.
    pub(super) clones: Vec<(Option<u64>, u32)>,
    /// The values of messages, by their ids, where they are recorded.
    values: BTreeMap<u64, String>,
}

/// A thread.
#[derive(Clone, Debug, Default)]
pub struct Thread {
    /// Its name; `thread 3` if it has none.
    pub name: String,
    /// The same in every run: a hash of the thread that spawned it, and of its number among those
    /// that this one spawned.
    pub identity: u64,
    children: u64,
}

/// A place in the source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: u32,
    column: u32,
}

/// A channel.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub(super) label: String,
    /// The same without a number that tells it apart from others.
    pub(super) plain_label: String,
    /// How many messages it holds, if that is limited.
    pub(super) bound: Option<u64>,
    /// The thread that made it.
    pub(super) made_by: u32,
    /// Number of messages sent.
    pub(super) sent: u64,
    /// Number of messages received.
    pub(super) received: u64,
    /// The numbers of messages, from 1 in the order in which they were sent.
    numbers: BTreeMap<u64, u64>,
    /// Whether it holds no messages, so that both ends must meet.
    is_rendezvous: bool,
    /// The values of messages by these numbers, where they are recorded.
    pub(super) values: BTreeMap<u64, String>,
}

/// A lock or another primitive.
#[derive(Clone, Debug)]
pub(super) struct Primitive {
    pub(super) label: String,
    /// The same without a number that tells it apart from others.
    pub(super) plain_label: String,
    pub(super) kind: Option<PrimitiveKind>,
}

/// Something that a thread did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The number of the thread.
    pub thread: u32,
    /// Its action.
    pub action: Action,
    /// The object of the action.
    pub object: Object,
    /// The index of the place, if it is known.
    pub(super) place: Option<usize>,
    /// The number of the message among those sent to its channel, from 1; 0 if there is none.
    pub message: u64,
    /// How often its object has been acquired, if it acquires it; else 0.
    pub turn: u64,
    /// The number of the choice after which the thread went on last.
    pub step: u64,
    /// The number of the choice that it belongs to, if all choices are recorded.
    pub choice: Option<u64>,
}

/// What a thread can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// An operation, or its start or end.
    Call(OperationKind),
    /// Drops a sender.
    DropSender,
    /// Drops a receiver.
    DropReceiver,
    /// Panics.
    Panic {
        /// The hash of the message.
        message: u64,
    },
}

/// What an operation is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// The channel with this number.
    Channel(u32),
    /// The primitive with this number.
    Primitive(u32),
    /// The thread with this number.
    Thread(u32),
    /// Nothing, or something that is not known.
    Nothing,
}

pub(super) fn hash_of(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Order {
    /// The name of a thread.
    pub fn thread_name(&self, thread: u32) -> String {
        let name = self.threads.get(&thread).map(|thread| thread.name.clone());
        name.unwrap_or_else(|| format!("thread {thread}"))
    }

    /// The identity of a thread: see [`Thread::identity`].
    pub(super) fn identity(&self, thread: u32) -> u64 {
        self.threads.get(&thread).map_or(0, |thread| thread.identity)
    }

    /// Whether the object is a channel that holds no messages.
    pub(super) fn is_rendezvous(&self, object: Object) -> bool {
        match object {
            Object::Channel(channel) => {
                self.channels.get(&channel).is_some_and(|channel| channel.is_rendezvous)
            }
            _ => false,
        }
    }

    pub(super) fn place_of(&self, operation: &Operation) -> Option<&Place> {
        operation.place.map(|place| &self.places[place])
    }

    /// The last operation of each thread that waits in it.
    pub fn waiting(&self) -> impl Iterator<Item = &Operation> {
        let mut last = BTreeMap::new();
        for operation in &self.operations {
            last.insert(operation.thread, operation);
        }
        last.into_values().filter(|operation| match operation.action {
            Action::Call(kind) => kind.phase() == format::Phase::Begin,
            _ => false,
        })
    }

    /// A hash that two runs share if every thread did the same, and so did all on each channel and
    /// each lock: then they differ only in the order of operations that do not affect each other.
    pub fn hash(&self) -> u64 {
        let mut hashes: BTreeMap<(Object, u32), FxHasher> = BTreeMap::new();
        for operation in &self.operations {
            let Operation { thread, action, object, .. } = *operation;
            let identity = self.threads.get(&thread).map_or(0, |thread| thread.identity);
            let step = (identity, action, self.place_of(operation));
            step.hash(hashes.entry((Object::Nothing, thread)).or_default());
            if !matches!(object, Object::Nothing | Object::Thread(_)) {
                step.hash(hashes.entry((object, 0)).or_default());
            }
        }
        // The numbers of objects depend on the order.
        hashes.into_values().fold(0, |sum, hash| sum.wrapping_add(hash.finish()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::reading::Recording;
    use format::MessageId;

    /// An order from the text form of blocks.
    pub(in crate::explore) fn order(text: &str) -> Order {
        let text = format!("{}\n{text}", format::text::heading());
        let recording = Recording::from_bytes(format::text::parse(&text).unwrap()).unwrap();
        let blocks: Vec<_> = recording.blocks().collect::<Result<_, _>>().unwrap();
        Order::new(&blocks, None)
    }

    pub(in crate::explore) const HEAD: &str = "block process=0 thread=0 sequence=0 dropped=0\n0 ProcessStarted pid=50 parent=1 ticks=0 \
         monotonic_ns=0 wall_ns=0 executable=\"\" arguments=\"\"\n";

    /// Two threads send to `main`: 2 before 3, or after it.
    fn two_senders(first: u32, second: u32) -> Order {
        let sends = |thread: u32, at: u32| {
            let (endpoint, message) = (thread + 10, MessageId::new(thread, 1).0);
            format!(
                "block process=0 thread={thread} sequence=0 dropped=0\n1 ThreadStarted \
                 os_id={thread} name=\"\"\n2 Scheduled step={at}\n2 Send endpoint={endpoint} \
                 site=0 detail={message}\n"
            )
        };
        let receive =
            |thread| format!("9 Recv endpoint=2 site=0 detail={}\n", MessageId::new(thread, 1).0);
        order(&[
            HEAD,
            "block process=0 thread=1 sequence=0 dropped=0\n1 ThreadStarted os_id=1 name=\"main\"\n\
             1 ChannelCreated channel=1 sender=1 receiver=2 site=0 bound=9 message_type=\"i32\" \
             name=\"jobs\"\n1 SenderCloned sender=12 from=1 site=0\n1 SenderCloned sender=13 from=12 \
             site=0\n1 Spawn endpoint=2 site=0 detail=0\n1 Spawn endpoint=3 site=0 detail=0\n\
             8 Scheduled step=20\n",
            &receive(first),
            &receive(second),
            &sends(2, if first == 2 { 5 } else { 6 }),
            &sends(3, if first == 3 { 5 } else { 6 }),
        ]
        .concat())
    }

    #[test]
    fn switches_order_the_operations_of_all_threads() {
        let order = two_senders(3, 2);
        let threads: Vec<_> = order.operations.iter().map(|it| (it.thread, it.message)).collect();
        assert_eq!(threads, [(1, 0), (1, 0), (3, 1), (2, 2), (1, 1), (1, 2)]);
        let switches = [(5, 3), (6, 2), (20, 1)].map(|(step, thread)| Switch { step, thread });
        assert_eq!(order.switches, switches);
        assert_eq!(order.channels[&1].sent, 2);
        assert_eq!(order.channels[&1].received, 2);
        assert_eq!(order.thread_name(3), "thread 3");
    }

    #[test]
    fn runs_have_the_same_hash_if_operations_on_each_object_have_the_same_order() {
        assert_eq!(two_senders(2, 3).hash(), two_senders(2, 3).hash());
        assert_ne!(two_senders(2, 3).hash(), two_senders(3, 2).hash());
    }
}
